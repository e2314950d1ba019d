// Package sqlite keeps keys and spends in one SQLite file, by modernc.org/sqlite,
// which needs no C compiler.
//
// There is one writer: a batch is a transaction begun IMMEDIATE, which is the
// lock of all keys. Readers have connections of their own and never wait for
// the writer (WAL). Commits are synced to disk before they are answered
// (synchronous=FULL).
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite" // registers itself as "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/migration"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

// Store is a [store.Store] on SQLite.
type Store struct {
	writer, reader *sql.DB
	writes, reads  *dbsqlc.Queries // prepared once Migrate has run
	migrations     *migration.Migrations
	clock          func() int64
	connect        func(name string) (*sql.DB, error) // tests look at the statements here
}

var _ store.Store = (*Store)(nil)

// Option changes how Open sets the store up.
type Option func(*Store)

// WithClock replaces the system's clock, for tests.
func WithClock(clockUs func() int64) Option { return func(s *Store) { s.clock = clockUs } }

// Open opens the database file at path, and makes it, readable by its owner
// alone, if there is none.
func Open(ctx context.Context, path string, options ...Option) (*Store, error) {
	// A full path is none of those that SQLite gives a meaning of its own, such as
	// :memory: or one that begins with two slashes.
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%w: open the database file: %w", store.ErrUnavailable, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: open the database file: %w", store.ErrUnavailable, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("%w: open the database file: %w", store.ErrUnavailable, err)
	}
	s := &Store{
		clock:   systemClock(),
		connect: func(name string) (*sql.DB, error) { return sql.Open("sqlite", name) },
	}
	for _, o := range options {
		o(s)
	}
	// The settings are of a connection and not of the file, so they are in the
	// name that every connection is opened by. busy_timeout comes first: setting
	// the journal mode may have to wait for another program.
	common := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)",
	}}
	// A batch on many keys writes several pages per key. A log of 32 MiB instead of
	// 4 is moved into the file less often and with fewer pages that are written
	// twice, and a cache of 16 MiB keeps the pages that the next batch touches.
	writing := url.Values{"_txlock": {"immediate"}, "_pragma": {"wal_autocheckpoint(8192)", "cache_size(-16384)"}}
	if s.writer, err = s.open(path, common, writing, 1); err != nil {
		return nil, err
	}
	if s.reader, err = s.open(path, common, url.Values{"_pragma": {"query_only(1)"}}, max(4, runtime.NumCPU())); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	if err := patiently(ctx, s.checkSettings); err != nil {
		return nil, errors.Join(err, s.writer.Close(), s.reader.Close())
	}
	if s.migrations, err = migration.New(goose.DialectSQLite3, s.writer, "sqlite"); err != nil {
		return nil, errors.Join(err, s.writer.Close(), s.reader.Close())
	}
	s.writes, s.reads = dbsqlc.New(s.writer), dbsqlc.New(s.reader)
	return s, nil
}

// open opens a pool of connections that are kept as long as the pool is.
func (s *Store) open(path string, common, own url.Values, connections int) (*sql.DB, error) {
	query := url.Values{"_pragma": append(append([]string{}, common["_pragma"]...), own["_pragma"]...)}
	if lock := own.Get("_txlock"); lock != "" {
		query.Set("_txlock", lock)
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
	db, err := s.connect(name)
	if err != nil {
		return nil, fmt.Errorf("%w: open: %w", store.ErrUnavailable, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// openTimeout is how long to try while other programs open the same new file.
const openTimeout = 5 * time.Second

// patiently does what SQLite refuses at once, whatever the busy timeout, while
// another program turns the file into one with a log.
func patiently(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for {
		err := do(ctx)
		var refused *driver.Error
		if err == nil || !errors.As(err, &refused) || refused.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// checkSettings refuses a file on which acknowledged commits could be lost.
func (s *Store) checkSettings(ctx context.Context) error {
	var journal string
	var synchronous int
	if err := s.writer.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return fmt.Errorf("%w: read settings: %w", store.ErrUnavailable, err)
	}
	if err := s.writer.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return fmt.Errorf("%w: read settings: %w", store.ErrUnavailable, err)
	}
	if journal != "wal" || synchronous != 2 {
		return fmt.Errorf("%w: journal_mode is %s and synchronous is %d, they must be wal and 2 (FULL)", store.ErrUnsafe, journal, synchronous)
	}
	return nil
}

// Migrate implements [store.Store], and prepares all statements.
func (s *Store) Migrate(ctx context.Context) (version int64, err error) {
	if err := patiently(ctx, func(ctx context.Context) error {
		version, err = s.migrateSchema(ctx)
		return err
	}); err != nil {
		return version, err
	}
	if s.writes, err = dbsqlc.Prepare(ctx, s.writer); err != nil {
		return version, fmt.Errorf("%w: prepare: %w", store.ErrUnavailable, err)
	}
	if s.reads, err = dbsqlc.Prepare(ctx, s.reader); err != nil {
		return version, fmt.Errorf("%w: prepare: %w", store.ErrUnavailable, err)
	}
	return version, nil
}

// migrateSchema runs the migrations. No lock of SQLite outlasts a transaction, so
// another program may run one while this program is about to. It then fails
// here, is seen to be there, and the rest is tried again.
func (s *Store) migrateSchema(ctx context.Context) (int64, error) {
	before, err := s.migrations.Version(ctx, s.writer)
	if err != nil {
		return 0, err
	}
	for {
		version, err := s.migrations.Up(ctx)
		if err == nil {
			return version, nil
		}
		now, versionErr := s.migrations.Version(ctx, s.writer)
		if versionErr != nil || now <= before {
			return version, err
		}
		before = now
	}
}

// CheckSchema implements [store.Store]. It reads, and so never waits for a batch.
func (s *Store) CheckSchema(ctx context.Context) error { return s.migrations.Check(ctx, s.reader) }

// ClockUs implements [store.Store]. It asks the database as well, so that an
// answer means that there is one.
func (s *Store) ClockUs(ctx context.Context) (int64, error) {
	us, err := s.reads.ReadClock(ctx, s.clock())
	if err != nil {
		return 0, unavailable("read clock", err)
	}
	return us, nil
}

// Close implements [store.Store].
func (s *Store) Close() error {
	var errs []error
	for _, q := range []*dbsqlc.Queries{s.reads, s.writes} {
		errs = append(errs, q.Close())
	}
	return errors.Join(append(errs, s.reader.Close(), s.writer.Close())...)
}

// defectCodes are the results that a statement itself is to blame for: its text,
// a constraint it would break, or a value of the wrong type
// (https://www.sqlite.org/rescode.html).
var defectCodes = []int{sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}

// unavailable turns an error from before a commit into the store's. There is
// one writer, so no transaction is ever broken off for another's sake.
func unavailable(doing string, err error) error {
	var refused *driver.Error
	if errors.As(err, &refused) && slices.Contains(defectCodes, refused.Code()&0xff) {
		return fmt.Errorf("%w: %s: %w", store.ErrDefect, doing, err)
	}
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, doing, err)
}

// lengths are the lengths of the windows, for the queries.
func lengths() (dailyUs, weeklyUs, monthlyUs, annualUs int64) {
	return ledger.Daily.LengthUs(), ledger.Weekly.LengthUs(), ledger.Monthly.LengthUs(), ledger.Annual.LengthUs()
}
