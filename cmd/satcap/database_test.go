// The commands that work on a database, and the client commands against a
// server on each kind of it.

package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// onEngines runs a test on an empty database of each kind.
func onEngines(t *testing.T, test func(t *testing.T, db string)) {
	t.Helper()
	t.Parallel()
	for name, newDatabase := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDatabase(t))
		})
	}
}

// tamper changes a database behind satcap's back.
func tamper(t *testing.T, db, statement string) {
	t.Helper()
	driver, name := "pgx", db
	if path, ok := strings.CutPrefix(db, "sqlite:"); ok {
		driver, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	conn, err := sql.Open(driver, name)
	require.NoError(t, err)
	defer conn.Close()
	result, err := conn.ExecContext(t.Context(), statement)
	require.NoError(t, err)
	changed, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, changed)
}

// newKey makes a key by the command line.
func (p *process) newKey(args ...string) (id string) {
	p.t.Helper()
	var res struct {
		APIKey struct{ APIKeyID string } `json:"apiKey"`
	}
	out := p.cli(append([]string{"keys", "create", "shop", "-o", "json"}, args...)...)
	require.NoError(p.t, json.Unmarshal([]byte(out), &res))
	require.NotEmpty(p.t, res.APIKey.APIKeyID)
	return res.APIKey.APIKeyID
}

func TestClientCommands(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		p := serve(t, db)
		key := p.newKey("--limit", "daily=1000")
		c := p.client()
		require.NoError(t, c.call(key, "held", op{kind: reserve, sats: 300}).err)
		require.NoError(t, c.call(key, "paid", op{kind: record, sats: 200}).err)

		require.Contains(t, p.cli("limits", "set", key, "daily=2k", "weekly=5k"), "2,000")
		usage := p.cli("usage", key)
		for _, want := range []string{"2,000", "5,000", "200", "300", "1,500", "unlimited"} {
			require.Contains(t, usage, want)
		}
		var list struct {
			Spends []struct{ SpendID, State, AmountSats string }
		}
		require.NoError(t, json.Unmarshal([]byte(p.cli("spends", "list", key, "-o", "json")), &list))
		require.Len(t, list.Spends, 2)
		require.Equal(t, "paid", list.Spends[0].SpendID, "newest first")
		require.Equal(t, "STATE_SETTLED", list.Spends[0].State)
		require.Equal(t, "STATE_RESERVED", list.Spends[1].State)

		env := []string{"SATCAP_URL=" + p.url, "SATCAP_TOKEN=wrong"}
		require.Equal(t, 4, run(t, t.TempDir(), env, "keys", "list").code, "permission denied")
		require.Zero(t, p.terminate())
		env[1] = "SATCAP_TOKEN=" + p.token
		require.Equal(t, 75, run(t, t.TempDir(), env, "keys", "list").code, "unavailable")
	})
}

func TestMigrate(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		for range 2 {
			out := run(t, t.TempDir(), nil, "migrate", "--db", db)
			require.Zero(t, out.code, out)
			require.Equal(t, "schema version 4\n", out.stdout)
		}
		verifyClean(t, db)
		tamper(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		for _, command := range []string{"migrate", "verify", "serve"} {
			args := []string{command, "--db", db}
			if command == "serve" {
				args = append(args, "--listen", "127.0.0.1:0")
			}
			out := run(t, t.TempDir(), nil, args...)
			require.Equal(t, 1, out.code, out)
			require.Contains(t, out.stderr, "99999 is newer")
			require.Contains(t, out.stderr, "run a newer satcap")
		}
	})
}

// TestMigrateTogether: several programs may find the same new database.
func TestMigrateTogether(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		outs := make([]output, 6)
		var all sync.WaitGroup
		for i := range outs {
			all.Go(func() { outs[i] = run(t, t.TempDir(), nil, "migrate", "--db", db) })
		}
		all.Wait()
		for _, out := range outs {
			require.Zero(t, out.code, out)
			require.Regexp(t, `^schema version [0-9]+\n$`, out.stdout)
		}
		verifyClean(t, db)
	})
}

func TestVerify(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		p := serve(t, db)
		key, other := p.newKey("--limit", "daily=1000"), p.newKey()
		c := p.client()
		require.NoError(t, c.call(key, "held", op{kind: reserve, sats: 300}).err)
		require.NoError(t, c.call(key, "paid", op{kind: record, sats: 200}).err)
		require.NoError(t, c.call(other, "paid", op{kind: record, sats: 5}).err)

		out := run(t, t.TempDir(), nil, "verify", "--db", db) // beside the server
		require.Zero(t, out.code, out)
		require.Empty(t, out.stdout)
		require.Equal(t, "2 API keys and 3 spends checked, 0 differences\n", out.stderr)

		tamper(t, db, "UPDATE api_keys SET held_sats = held_sats + 7, annual_spent_sats = annual_spent_sats + 1 WHERE held_sats = 300")
		out = run(t, t.TempDir(), nil, "verify", "--db", db)
		require.Equal(t, 1, out.code, out)
		require.Equal(t, key+"\theld: stored 307 sats, the open holds add up to 300\n"+
			key+"\tannual spent: stored 201 sats, the settled spends add up to 200\n", out.stdout)
		require.Contains(t, out.stderr, "2 API keys and 3 spends checked, 2 differences")
		require.NotContains(t, out.stdout, other)
		require.Zero(t, p.terminate())
		require.Equal(t, 1, run(t, t.TempDir(), nil, "verify", "--db", db).code, "without the server too")
	})
}

// TestVerifyMakesNothing: a database that is not there has no differences, and
// must not be made and called clean.
func TestVerifyMakesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{{"verify"}, {"verify", "--db", "sqlite:nope.db"}, {"verify", "--db", "sqlite:no/such/dir.db"}} {
		out := run(t, dir, nil, args...)
		require.Equal(t, 1, out.code, out)
		require.Contains(t, out.stderr, "--db: there is no database to verify")
		require.NotContains(t, out.stderr, "0 differences")
		made, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, made)
	}
	// An empty file is no database of satcap's either.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "empty.db"), nil, 0o600))
	out := run(t, dir, nil, "verify", "--db", "sqlite:empty.db")
	require.Equal(t, 1, out.code, out)
	require.Contains(t, out.stderr, "run satcap migrate")
}
