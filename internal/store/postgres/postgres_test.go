// The suite that every engine passes, on a real PostgreSQL server.

package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: openForSuite, QueryDir: "../../../db/query/postgres"})
}

func openForSuite(t *testing.T, clockUs func() int64) storetest.Opened {
	url := pgtest.Clone(t, migrate)
	statements := &storetest.Statements{}
	s := open(t, url, postgres.WithClock(clockUs), postgres.WithStatements(statements.Note))
	raw := connect(t, url)
	return storetest.Opened{Store: s, Statements: statements, Exec: func(t *testing.T, sql string) { exec(t, raw, sql) }}
}

// migrate prepares the database that tests clone.
func migrate(url string) error {
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
}

// open opens a store until the end of the test.
func open(t *testing.T, url string, options ...postgres.Option) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// connect opens a connection beside the store until the end of the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}
