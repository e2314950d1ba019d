// Package migration brings a database to the schema that this program knows,
// with goose and the files embedded in package db.
package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/satcap/satcap/db"
	"github.com/satcap/satcap/internal/store"
)

// Migrations are the migrations of one database.
type Migrations struct {
	provider *goose.Provider
	conn     *sql.DB
	versions database.Store
	exists   string // asks whether there is a table of versions
	known    int64
}

// tableExists asks each engine whether there is a table of versions.
var tableExists = map[goose.Dialect]string{
	goose.DialectPostgres: "SELECT to_regclass('" + goose.DefaultTablename + "') IS NOT NULL",
	goose.DialectSQLite3:  "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '" + goose.DefaultTablename + "')",
}

// New finds the migrations of the engine in folder ("postgres" or "sqlite").
// The database stays the caller's.
func New(dialect goose.Dialect, conn *sql.DB, folder string) (*Migrations, error) {
	files, err := fs.Sub(db.Schema, "schema/"+folder)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	provider, err := goose.NewProvider(dialect, conn, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	versions, err := database.NewStore(dialect, goose.DefaultTablename)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	sources := provider.ListSources()
	return &Migrations{provider, conn, versions, tableExists[dialect], sources[len(sources)-1].Version}, nil
}

// Up runs what is missing and returns the schema's version. It refuses a schema
// that is newer than this program with [store.ErrSchema] and leaves it alone.
// Where several programs may run it at once, the caller takes care of that.
func (m *Migrations) Up(ctx context.Context) (version int64, err error) {
	current, err := m.Version(ctx, m.conn)
	if err != nil {
		return 0, err
	}
	if current > m.known {
		return current, tooNew(current, m.known)
	}
	if _, err := m.provider.Up(ctx); err != nil {
		return current, fmt.Errorf("%w: migrate: %w", store.ErrUnavailable, err)
	}
	return m.known, nil
}

// Version reads the schema's version, 0 if there is no schema yet. Unlike the
// provider's own way it never makes the table of versions: a check must not
// write, and must not wait for those who do.
func (m *Migrations) Version(ctx context.Context, conn *sql.DB) (int64, error) {
	var exists bool
	if err := conn.QueryRowContext(ctx, m.exists).Scan(&exists); err != nil || !exists {
		return 0, readFailed(err)
	}
	current, err := m.versions.GetLatestVersion(ctx, conn)
	if errors.Is(err, database.ErrVersionNotFound) {
		return 0, nil
	}
	return current, readFailed(err)
}

func readFailed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: read version: %w", store.ErrUnavailable, err)
}

// Check returns [store.ErrSchema] unless the schema is the one that this
// program knows.
func (m *Migrations) Check(ctx context.Context, conn *sql.DB) error {
	current, err := m.Version(ctx, conn)
	switch {
	case err != nil:
		return err
	case current > m.known:
		return tooNew(current, m.known)
	case current < m.known:
		return fmt.Errorf("%w: version %d, this program needs %d: run satcap migrate", store.ErrSchema, current, m.known)
	}
	return nil
}

func tooNew(current, known int64) error {
	return fmt.Errorf("%w: version %d is newer than %d, the newest that this program knows: run a newer satcap", store.ErrSchema, current, known)
}
