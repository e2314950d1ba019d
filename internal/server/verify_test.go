// Verify looks at every key, over page borders, and says what differs.

package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
)

func TestVerifyLooksAtEveryKey(t *testing.T) {
	r := start(t, settings(t))
	c := r.clients(true, token)
	first := c.newKey(t)
	require.NoError(t, c.reserve(first, "s"))
	// 400 is two full pages, the last of which is followed by an empty one.
	made := 1
	for _, keys := range []int{1, 199, 200, 201, 400} {
		for ; made < keys; made++ {
			c.newKey(t)
		}
		report, found := r.verify(t)
		require.Equal(t, server.VerifyReport{Keys: int64(keys), Spends: 1}, report)
		require.Empty(t, found)
	}
	// One of every page is wrong: the first, the last and one in the middle.
	r.exec(t, `UPDATE api_keys SET annual_spent_sats = 7 WHERE id IN (SELECT max(id) FROM api_keys)`)
	r.exec(t, `UPDATE api_keys SET held_sats = held_sats + 7 WHERE id IN (SELECT id FROM api_keys ORDER BY id LIMIT 1 OFFSET 199)`)
	r.exec(t, `UPDATE api_keys SET held_sats = held_sats + 7 WHERE id IN (SELECT min(id) FROM api_keys)`)
	report, found := r.verify(t)
	require.Equal(t, server.VerifyReport{Keys: 400, Spends: 1, Differences: 3}, report)
	require.Len(t, found, 3)
	require.Contains(t, found[2], "annual spent: stored 7 sats, the settled spends add up to 0")
	require.Contains(t, found[0], "held: stored")
}

// verify reads the file beside the server.
func (r *running) verify(t *testing.T) (report server.VerifyReport, found []string) {
	t.Helper()
	s, err := server.OpenStore(t.Context(), config.DB{SQLitePath: r.path})
	require.NoError(t, err)
	defer s.Close()
	report, err = server.Verify(t.Context(), s, func(key, difference string) { found = append(found, key+" "+difference) })
	require.NoError(t, err)
	return report, found
}
