// The suite that every engine passes, on real SQLite files.

package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/store/sqlite"
	"github.com/satcap/satcap/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: openForSuite, QueryDir: "../../../db/query/sqlite"})
}

func openForSuite(t *testing.T, clockUs func() int64) storetest.Opened {
	statements := &storetest.Statements{}
	s := open(t, filepath.Join(t.TempDir(), "satcap.db"), sqlite.WithClock(clockUs), sqlite.WithStatements(statements.Note))
	return storetest.Opened{Store: s, Statements: statements, Exec: func(t *testing.T, sql string) {
		_, err := s.Writer().ExecContext(t.Context(), sql)
		require.NoError(t, err)
	}}
}

// open opens and migrates the store at path until the end of the test.
func open(t *testing.T, path string, options ...sqlite.Option) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = s.Migrate(t.Context())
	require.NoError(t, err)
	return s
}
