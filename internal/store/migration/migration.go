// Package migration brings a database to the schema that this program knows,
// with goose and the files embedded in package db.
package migration

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/satcap/satcap/db"
	"github.com/satcap/satcap/internal/store"
)

// Migrations are the migrations of one database.
type Migrations struct{ provider *goose.Provider }

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
	return &Migrations{provider}, nil
}

// Up runs what is missing and returns the schema's version. It refuses a schema
// that is newer than this program with [store.ErrSchema] and leaves it alone.
// Where several programs may run it at once, the caller holds a lock.
func (m *Migrations) Up(ctx context.Context) (version int64, err error) {
	current, known, err := m.provider.GetVersions(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: read version: %w", store.ErrUnavailable, err)
	}
	if current > known {
		return current, tooNew(current, known)
	}
	if _, err := m.provider.Up(ctx); err != nil {
		return current, fmt.Errorf("%w: migrate: %w", store.ErrUnavailable, err)
	}
	return known, nil
}

// Check returns [store.ErrSchema] unless the schema is the one that this
// program knows.
func (m *Migrations) Check(ctx context.Context) error {
	current, known, err := m.provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: read version: %w", store.ErrUnavailable, err)
	case current > known:
		return tooNew(current, known)
	case current < known:
		return fmt.Errorf("%w: version %d, this program needs %d: run satcap migrate", store.ErrSchema, current, known)
	}
	return nil
}

func tooNew(current, known int64) error {
	return fmt.Errorf("%w: version %d is newer than %d, the newest that this program knows: run a newer satcap", store.ErrSchema, current, known)
}
