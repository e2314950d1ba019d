// Servers and databases that a store refuses, and what its errors give away.

package postgres_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
)

// with adds a parameter to a URL.
func with(t *testing.T, address, name, value string) string {
	t.Helper()
	u := parse(t, address)
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

func requireUnsafe(t *testing.T, url, setting string) {
	t.Helper()
	_, err := postgres.Open(t.Context(), url)
	require.ErrorIs(t, err, store.ErrUnsafe)
	require.ErrorContains(t, err, setting)
}

func TestUnsafeSettings(t *testing.T) {
	t.Run("Fsync", func(t *testing.T) {
		t.Parallel()
		server, err := pgtest.Start(t.Context(), pgtest.WithSetting("fsync", "off"))
		require.NoError(t, err)
		t.Cleanup(server.Stop)
		requireUnsafe(t, server.URL("postgres"), "fsync is off")
	})
	t.Run("Standby", func(t *testing.T) {
		t.Parallel()
		server, err := pgtest.Start(t.Context())
		require.NoError(t, err)
		t.Cleanup(server.Stop)
		var dir string
		conn := connect(t, server.URL("postgres"))
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "standby.signal"), nil, 0o644))
		require.NoError(t, server.Restart(t.Context()))
		requireUnsafe(t, server.URL("postgres"), "standby")
	})
	t.Run("SynchronousCommitOfTheDatabase", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		conn := connect(t, url)
		exec(t, conn, fmt.Sprintf("ALTER DATABASE %s SET synchronous_commit = off", conn.Config().Database))
		requireUnsafe(t, url, "synchronous_commit is off")
	})
	t.Run("SynchronousCommitOfTheConnection", func(t *testing.T) {
		t.Parallel()
		requireUnsafe(t, with(t, pgtest.Database(t), "synchronous_commit", "off"), "synchronous_commit is off")
	})
	t.Run("Encoding", func(t *testing.T) {
		t.Parallel()
		conn := connect(t, pgtest.Database(t)) // from where to make others
		for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
			name := conn.Config().Database + "_" + encoding
			exec(t, conn, fmt.Sprintf(`CREATE DATABASE "%s" TEMPLATE template0 ENCODING '%s' LOCALE 'C'`, name, encoding))
			requireUnsafe(t, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", conn.Config().Port, name), encoding)
		}
	})
	t.Run("SafeOnesAreTaken", func(t *testing.T) {
		t.Parallel()
		for _, value := range []string{"on", "local", "remote_apply"} {
			open(t, with(t, pgtest.Database(t), "synchronous_commit", value))
		}
	})
}

// TestDefaultIsolation runs where transactions are serializable by default: a
// batch asks for what it needs itself.
func TestDefaultIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"serializable", "repeatable read"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Clone(t, migrate)
			conn := connect(t, address)
			exec(t, conn, fmt.Sprintf("ALTER DATABASE %s SET default_transaction_isolation = '%s'", conn.Config().Database, level))
			hammer(t, open(t, address), 8, 10)
		})
	}
}

func TestErrorsWithoutThePassword(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t))
	server := fmt.Sprintf("127.0.0.1:%d", conn.Config().Port)
	const password = "hunter2"
	for name, address := range map[string]string{
		"port is no number":  "postgres://satcap:" + password + "@127.0.0.1:bad/satcap",
		"nobody listens":     "postgres://satcap:" + password + "@127.0.0.1:1/satcap?sslmode=disable",
		"no such database":   "postgres://postgres:" + password + "@" + server + "/nowhere?sslmode=disable",
		"no such user":       "postgres://nobody:" + password + "@" + server + "/postgres?sslmode=disable",
		"no such ssl mode":   "postgres://satcap:" + password + "@" + server + "/postgres?sslmode=maybe",
		"no TLS":             "postgres://postgres:" + password + "@" + server + "/postgres?sslmode=require",
		"keywords":           "host=127.0.0.1 port=1 user=satcap password=" + password + " sslmode=disable",
		"keywords, bad port": "host=127.0.0.1 port=bad user=satcap password=" + password,
		"bad escape":         "postgres://satcap:" + password + "%zz@127.0.0.1/satcap",
		"bad pool size":      "postgres://satcap:" + password + "@" + server + "/postgres?pool_max_conns=x",
	} {
		_, err := postgres.Open(t.Context(), address)
		require.ErrorIs(t, err, store.ErrUnavailable, name)
		require.NotContains(t, err.Error(), password, name)
	}
}
