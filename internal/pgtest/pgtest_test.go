package pgtest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Run(m) }

// connect opens a connection that is closed at the end of the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// query returns the one value that a statement yields.
func query[T any](t *testing.T, conn *pgx.Conn, statement string) T {
	t.Helper()
	var value T
	require.NoError(t, conn.QueryRow(t.Context(), statement).Scan(&value))
	return value
}

// start makes a server that is stopped at the end of the test.
func start(t *testing.T, opts ...Option) *Server {
	t.Helper()
	server, err := Start(t.Context(), opts...)
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	return server
}

func TestBinDir(t *testing.T) {
	t.Run("Finds", func(t *testing.T) {
		dir, err := BinDir()
		require.NoError(t, err)
		require.True(t, hasServer(dir))
	})
	t.Run("RefusesWrongVariable", func(t *testing.T) {
		t.Setenv("PG_BINDIR", t.TempDir())
		_, err := BinDir()
		require.ErrorContains(t, err, "PG_BINDIR")
		_, err = Start(t.Context())
		require.ErrorContains(t, err, "PG_BINDIR")
	})
}

func TestDatabase(t *testing.T) {
	var url string
	t.Run("IsFreshAndDurable", func(t *testing.T) {
		url = Database(t)
		require.NotEqual(t, url, Database(t))
		conn := connect(t, url)
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			require.Equal(t, "on", query[string](t, conn, "SHOW "+setting), setting)
		}
		require.Zero(t, query[int](t, conn, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
		t.Logf("PostgreSQL %s", query[string](t, conn, "SHOW server_version"))
	})
	t.Run("IsDroppedAfterTest", func(t *testing.T) {
		_, err := pgx.Connect(t.Context(), url)
		require.ErrorContains(t, err, "does not exist")
	})
	t.Run("IsDroppedWithOpenConnections", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), Database(t))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		_, err = conn.Exec(t.Context(), "CREATE TABLE t ()")
		require.NoError(t, err)
	})
}

var migrations int

func migrate(url string) error {
	migrations++
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), "CREATE TABLE seed AS SELECT 7 AS n")
	return err
}

func TestClone(t *testing.T) {
	t.Run("Group", func(t *testing.T) {
		for range 6 {
			t.Run("Clone", func(t *testing.T) {
				t.Parallel()
				conn := connect(t, Clone(t, migrate))
				require.Equal(t, 7, query[int](t, conn, "UPDATE seed SET n = n + 1 RETURNING n - 1"))
			})
		}
	})
	require.Equal(t, 1, migrations)
	other := connect(t, Clone(t, func(string) error { return nil }))
	require.Zero(t, query[int](t, other, "SELECT count(*) FROM pg_tables WHERE tablename = 'seed'"))
}

func TestStart(t *testing.T) {
	t.Run("WithSetting", func(t *testing.T) {
		server := start(t, WithSetting("fsync", "off"))
		require.Equal(t, "off", query[string](t, connect(t, server.URL("postgres")), "SHOW fsync"))
	})
	t.Run("WithDir", func(t *testing.T) {
		parent := "/var/tmp"
		server := start(t, WithDir(parent))
		require.Contains(t, query[string](t, connect(t, server.URL("postgres")), "SHOW data_directory"), parent)
		server.Stop()
		require.NoDirExists(t, server.dir)
	})
	t.Run("ReportsWhatTheServerSays", func(t *testing.T) {
		_, err := Start(t.Context(), WithSetting("no_such_parameter", "1"))
		require.ErrorContains(t, err, "no_such_parameter")
	})
	t.Run("EndsWithContext", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := Start(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("OutlivesContext", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		server, err := Start(ctx)
		require.NoError(t, err)
		t.Cleanup(server.Stop)
		cancel()
		time.Sleep(5 * pollInterval)
		require.Equal(t, 1, query[int](t, connect(t, server.URL("postgres")), "SELECT 1"))
	})
	t.Run("NoticesTakenPort", func(t *testing.T) {
		first, second := start(t), start(t)
		require.NoError(t, second.Kill())
		second.port = first.port
		require.ErrorIs(t, second.start(t.Context()), errBusy)
	})
}

func TestCrash(t *testing.T) {
	for name, crash := range map[string]func(*Server) error{
		"Kill":        (*Server).Kill,
		"JustRestart": func(*Server) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			url := server.URL("crash")
			require.NoError(t, server.CreateDatabase(t.Context(), "crash", ""))
			conn := connect(t, url)
			_, err := conn.Exec(t.Context(), "CREATE TABLE t AS SELECT 1 AS n")
			require.NoError(t, err)
			for i := range 3 {
				open := connect(t, url)
				tx, err := open.Begin(t.Context())
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), "INSERT INTO t VALUES (-1)")
				require.NoError(t, err)

				require.NoError(t, crash(server))
				require.NoError(t, server.Restart(t.Context()))
				require.Error(t, tx.Commit(t.Context()))

				conn = connect(t, url)
				require.Equal(t, i+1, query[int](t, conn, "SELECT sum(n) FROM t"), "committed rows only")
				_, err = conn.Exec(t.Context(), "INSERT INTO t VALUES (1)")
				require.NoError(t, err)
			}
		})
	}
	t.Run("IsDeadAfterKill", func(t *testing.T) {
		server := start(t)
		conn := connect(t, server.URL("postgres"))
		require.NoError(t, server.Kill())
		require.NoError(t, server.Kill())
		require.Error(t, conn.Ping(t.Context()))
		_, err := pgx.Connect(t.Context(), server.URL("postgres"))
		require.Error(t, err)
	})
}
