// Migrations: by several programs at once, down and up again, and newer ones.

package sqlite_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/db"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite"
	"github.com/satcap/satcap/internal/store/storetest"
)

// TestManyProgramsOpenOneFile opens and migrates a new file from many stores at once.
func TestManyProgramsOpenOneFile(t *testing.T) {
	t.Parallel()
	for range 3 {
		path := filepath.Join(t.TempDir(), "satcap.db")
		const programs = 6
		var group sync.WaitGroup
		errs := make([]error, programs)
		for i := range programs {
			group.Go(func() {
				s, err := sqlite.Open(context.Background(), path)
				if err == nil {
					_, err = s.Migrate(context.Background())
					_ = s.Close()
				}
				errs[i] = err
			})
		}
		group.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		newKey(t, open(t, path), 1)
	}
}

func TestSchemaVersions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satcap.db")
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrSchema, "an empty database")
	version, err := s.Migrate(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.CheckSchema(t.Context()))
	newKey(t, s, 1)

	_, err = s.Writer().ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", version+1)
	require.NoError(t, err)
	require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrSchema, "a newer schema")
	newer, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, newer.Close()) })
	_, err = newer.Migrate(t.Context())
	require.ErrorIs(t, err, store.ErrSchema)
	require.ErrorContains(t, err, "newer")
	require.EqualValues(t, 1, stored(t, s).Revision, "left alone")
}

func TestMigrateDownAndUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satcap.db")
	files, err := fs.Sub(db.Schema, "schema/sqlite")
	require.NoError(t, err)
	for range 3 {
		s, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		_, err = s.Migrate(t.Context())
		require.NoError(t, err)
		k := newKey(t, s, 1)
		_, err = storetest.Do(t.Context(), s, settle(k, "s"))
		require.NoError(t, err)
		down, err := goose.NewProvider(goose.DialectSQLite3, s.Writer(), files, goose.WithDisableGlobalRegistry(true))
		require.NoError(t, err)
		_, err = down.DownTo(t.Context(), 0)
		require.NoError(t, err)
		var left int
		require.NoError(t, s.Writer().QueryRowContext(t.Context(),
			"SELECT COUNT(*) FROM sqlite_schema WHERE name NOT LIKE 'goose_%' AND name NOT LIKE 'sqlite_%'").Scan(&left))
		require.Zero(t, left, "nothing is left behind")
		require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrSchema)
		require.NoError(t, s.Close())
	}
}
