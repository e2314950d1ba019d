// Migrations: by several programs at once, down and up again, and newer ones.

package postgres_test

import (
	"context"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/db"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
)

// migrateAtOnce migrates from several stores at once, or several times from one.
func migrateAtOnce(t *testing.T, stores ...*postgres.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // rather than wait for each other for ever
	defer cancel()
	var group sync.WaitGroup
	versions, errs := make([]int64, len(stores)), make([]error, len(stores))
	for i, s := range stores {
		group.Go(func() { versions[i], errs[i] = s.Migrate(ctx) })
	}
	group.Wait()
	for i, s := range stores {
		require.NoError(t, errs[i])
		require.Positive(t, versions[i])
		require.Equal(t, versions[0], versions[i])
		require.NoError(t, s.CheckSchema(t.Context()))
	}
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("ByManyPrograms", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		stores := make([]*postgres.Store, 8)
		for i := range stores {
			stores[i] = open(t, url)
		}
		migrateAtOnce(t, stores...)
	})
	t.Run("ByOneProgramWithOneConnection", func(t *testing.T) {
		t.Parallel()
		s := open(t, with(t, pgtest.Database(t), "pool_max_conns", "1"))
		migrateAtOnce(t, s, s, s, s, s)
	})
	t.Run("ThroughAPooler", func(t *testing.T) {
		t.Parallel()
		url := pgtest.StartPooler(t, pgtest.Database(t))
		stores := make([]*postgres.Store, 3*pgtest.PoolSize)
		for i := range stores {
			stores[i] = open(t, url)
		}
		migrateAtOnce(t, stores...)
	})
}

func TestSchemaVersions(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	s, conn := open(t, url), connect(t, url)
	require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrSchema, "an empty database")
	require.Empty(t, tables(t, url), "a check writes nothing")
	version, err := s.Migrate(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.CheckSchema(t.Context()))
	again, err := s.Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, version, again)

	exec(t, conn, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)", version+1)
	require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrSchema, "a newer schema")
	_, err = s.Migrate(t.Context())
	require.ErrorIs(t, err, store.ErrSchema)
	require.ErrorContains(t, err, "newer")
	require.Equal(t, []string{"api_keys", "goose_db_version", "limit_changes", "payment_names", "reversals", "service_tokens", "spends"}, tables(t, url), "left alone")
}

func TestMigrateDownAndUp(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	s := open(t, url)
	files, err := fs.Sub(db.Schema, "schema/postgres")
	require.NoError(t, err)
	sqlDB := stdlib.OpenDB(*connect(t, url).Config())
	t.Cleanup(func() { require.NoError(t, sqlDB.Close()) })
	down, err := goose.NewProvider(goose.DialectPostgres, sqlDB, files, goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	for range 3 {
		_, err = s.Migrate(t.Context())
		require.NoError(t, err)
		hammer(t, open(t, url), 2, 2)
		_, err = down.DownTo(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, []string{"goose_db_version"}, tables(t, url), "nothing is left behind")
		require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrSchema)
	}
}

// tables are the names of all tables.
func tables(t *testing.T, url string) (names []string) {
	t.Helper()
	rows, err := connect(t, url).Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}
