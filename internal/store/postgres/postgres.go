// Package postgres keeps keys and spends in PostgreSQL 14 or newer.
//
// A batch locks its keys by SELECT FOR UPDATE in the order of their ids, under
// READ COMMITTED, and everything it decides on is read after that. It reaches
// the server in two round trips: one that begins, locks and loads, and one that
// saves and commits. No decision depends on session state, so a transaction pooler
// between satcap and the server is fine, though slower: see connect.go. Only the news of other servers' changes, which
// LISTEN brings, then come by looking: see feed.go.
package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/migration"
)

// migrationLock is the key of the advisory lock under which migrations run.
const migrationLock = 0x736174636170 // "satcap"

// migrationLockPause is the time between two tries to take it.
const migrationLockPause = 50 * time.Millisecond

const (
	poolSize       = 16
	connectTimeout = 5 * time.Second
)

// Store is a [store.Store] on PostgreSQL.
type Store struct {
	pool       *pgxpool.Pool
	db         *sql.DB // the same pool, for migrations
	migrations *migration.Migrations
	clock      func() *int64
	feed       *feed
	tracer     pgx.QueryTracer // tests look at the statements here
}

var _ store.Store = (*Store)(nil)

// Option changes how Open sets the store up.
type Option func(*Store)

// WithClock replaces the server's clock, for tests.
func WithClock(clockUs func() int64) Option {
	return func(s *Store) {
		s.clock = func() *int64 { us := clockUs(); return &us }
	}
}

// Open connects to url and checks that the server is one that keeps what it
// acknowledges; see [store.ErrUnsafe]. It does not touch the schema: see Migrate.
func Open(ctx context.Context, url string, options ...Option) (*Store, error) {
	s := &Store{clock: func() *int64 { return nil }, feed: newFeed()}
	for _, o := range options {
		o(s)
	}
	err := s.connect(ctx, url)
	if err != nil {
		return nil, err
	}
	s.db = stdlib.OpenDBFromPool(s.pool)
	if s.migrations, err = migration.New(goose.DialectPostgres, s.db, "postgres"); err != nil {
		s.pool.Close()
		return nil, err
	}
	return s, nil
}

// checkSettings refuses a server that could lose or garble what it acknowledged.
func (s *Store) checkSettings(ctx context.Context) error {
	for _, c := range []struct{ setting, bad, why string }{
		{"fsync", "off", "the server would lose acknowledged spends in a crash"},
		{"synchronous_commit", "off", "the server would lose acknowledged spends in a crash"},
		{"in_recovery", "t", "this is a standby: connect to the primary"},
	} {
		query, args := "SELECT current_setting($1)", []any{c.setting}
		if c.setting == "in_recovery" {
			query, args = "SELECT left(pg_is_in_recovery()::text, 1)", nil
		}
		var value string
		if err := s.pool.QueryRow(ctx, query, args...).Scan(&value); err != nil {
			return fmt.Errorf("%w: read settings: %w", store.ErrUnavailable, err)
		}
		if value == c.bad {
			return fmt.Errorf("%w: %s is %s: %s", store.ErrUnsafe, c.setting, value, c.why)
		}
	}
	var encoding, version string
	if err := s.pool.QueryRow(ctx, "SELECT current_setting('server_encoding'), current_setting('server_version_num')").Scan(&encoding, &version); err != nil {
		return fmt.Errorf("%w: read settings: %w", store.ErrUnavailable, err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("%w: the database's encoding is %s, it must be UTF8", store.ErrUnsafe, encoding)
	}
	if n, err := strconv.Atoi(version); err != nil || n < 140000 {
		return fmt.Errorf("%w: the server's version is %s, it must be PostgreSQL 14 or newer", store.ErrUnsafe, version)
	}
	return nil
}

// Migrate brings the schema up to date and returns its version. Several
// programs may call it at once.
func (s *Store) Migrate(ctx context.Context) (version int64, err error) {
	// Beside the pool, which the migrations need for themselves and which may be
	// as small as one connection.
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return 0, fmt.Errorf("%w: connect: %w", store.ErrUnavailable, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for {
		version, done, err := s.migrateAlone(ctx, conn)
		if done || err != nil {
			return version, err
		}
		select {
		case <-time.After(migrationLockPause):
		case <-ctx.Done():
			return 0, fmt.Errorf("%w: wait for another migration: %w", store.ErrUnavailable, ctx.Err())
		}
	}
}

// migrateAlone migrates unless another program does; then it is not done.
func (s *Store) migrateAlone(ctx context.Context, conn *pgx.Conn) (version int64, done bool, err error) {
	// The lock is of a transaction, not of a session, so that it works through a
	// transaction pooler and goes when the connection does. Waiting for it inside
	// the transaction would keep one of the pooler's connections, and enough who
	// wait would leave none for the one who migrates.
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("%w: begin: %w", store.ErrUnavailable, err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(migrationLock)).Scan(&done); err != nil {
		return 0, false, fmt.Errorf("%w: lock: %w", store.ErrUnavailable, err)
	}
	if done {
		version, err = s.migrations.Up(ctx)
	}
	return version, done, err
}

// CheckSchema implements [store.Store].
func (s *Store) CheckSchema(ctx context.Context) error { return s.migrations.Check(ctx, s.db) }

// Close implements [store.Store].
func (s *Store) Close() error {
	err := s.db.Close()
	s.pool.Close()
	return err
}

// lengths are the lengths of the windows, for the queries.
func lengths() (dailyUs, weeklyUs, monthlyUs, annualUs int64) {
	return ledger.Daily.LengthUs(), ledger.Weekly.LengthUs(), ledger.Monthly.LengthUs(), ledger.Annual.LengthUs()
}
