// A server whose database goes away, changes under it, or contradicts itself:
// it fails closed, says so, and is back when the database is.

package server_test

import (
	"context"
	"database/sql"
	"net/http"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/pgtest"
)

// becomes waits until /readyz answers status, and returns what it says.
func (r *running) becomes(t *testing.T, status int) (body readyz) {
	t.Helper()
	require.Eventually(t, func() bool {
		var got int
		got, body = askHandler(t, r.HTTP().Handler)
		return got == status
	}, soon, tick)
	return body
}

// exec changes the file behind the server's back.
func (r *running) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+r.path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
}

func TestDatabaseGoesAndComesBack(t *testing.T) {
	requireNoLeak(t)
	postgres, err := pgtest.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(postgres.Stop)
	cfg := settings(t)
	cfg.DB = postgres.URL("postgres")
	r := start(t, cfg)
	c := r.clients(true, token)
	key := c.newKey(t)
	require.NoError(t, c.reserve(key, "before"))
	r.becomes(t, http.StatusOK)

	require.NoError(t, postgres.Kill())
	body := r.becomes(t, http.StatusServiceUnavailable)
	require.NotEqual(t, "ok", body.Checks["schema"])
	require.NotEqual(t, "ok", body.Checks["clock"])
	require.Equal(t, "ok", body.Checks["sums"])
	require.Equal(t, "NOT_SERVING", askHealth(t, r.HTTP().Handler))
	for range 5 {
		err := c.reserve(key, "meanwhile")
		require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), err)
		require.Contains(t, []string{"STORE_UNAVAILABLE", "OUTCOME_UNKNOWN"}, reason(t, err))
		_, err = c.spends.CheckSpend(t.Context(), &satcapv1.CheckSpendRequest{ApiKeyId: key, AmountSats: 1})
		require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), err)
		require.Equal(t, "STORE_UNAVAILABLE", reason(t, err))
	}
	r.becomes(t, http.StatusServiceUnavailable)

	require.NoError(t, postgres.Restart(context.Background()))
	r.becomes(t, http.StatusOK)
	require.NoError(t, c.reserve(key, "after"))
	require.NoError(t, c.reserve(key, "before"), "what was acknowledged is there")
}

// TestNewerSchema: another program has upgraded the database.
func TestNewerSchema(t *testing.T) {
	r := start(t, settings(t))
	r.becomes(t, http.StatusOK)
	r.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	body := r.becomes(t, http.StatusServiceUnavailable)
	require.NotEqual(t, "ok", body.Checks["schema"])
	require.Equal(t, "ok", body.Checks["clock"])
	require.Equal(t, "NOT_SERVING", askHealth(t, r.HTTP().Handler))
	r.exec(t, "DELETE FROM goose_db_version WHERE version_id = 99999")
	r.becomes(t, http.StatusOK)
}

// TestUnsoundSums: a release of more than is held proves that the sums are not
// what the rows say. Nothing is booked, and the server is not to be relied on.
func TestUnsoundSums(t *testing.T) {
	r := start(t, settings(t))
	c := r.clients(false, token)
	key, other := c.newKey(t), c.newKey(t)
	require.NoError(t, c.reserve(key, "s1"))
	r.exec(t, "UPDATE api_keys SET held_sats = 0 WHERE held_sats = 100")
	r.becomes(t, http.StatusOK) // nobody has seen it yet

	_, err := c.spends.ReleaseSpend(t.Context(), &satcapv1.ReleaseSpendRequest{ApiKeyId: key, SpendId: "s1"})
	require.Equal(t, connect.CodeInternal, connect.CodeOf(err), err)
	body := r.becomes(t, http.StatusServiceUnavailable)
	require.Contains(t, body.Checks["sums"], "run satcap verify")
	require.Equal(t, "ok", body.Checks["schema"])
	require.Contains(t, r.log.String(), key)
	require.NoError(t, c.reserve(other, "s1"), "the other keys are as they were")
}
