// How long a batch waits for a key, and how long a silent program keeps one.

package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
)

func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	s, rival := open(t, url), connect(t, url)
	k := newKey(t, s, 1, ledger.Limits{})

	exec(t, rival, "BEGIN")
	exec(t, rival, "SELECT 1 FROM api_keys FOR UPDATE")
	began := time.Now()
	_, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.ErrorIs(t, err, store.ErrLocked)
	require.ErrorIs(t, err, store.ErrUnavailable, "for who does not care which")
	require.Less(t, time.Since(began), time.Minute, "it gave up by itself")
	exec(t, rival, "ROLLBACK")

	batch, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.NoError(t, err)
	defer batch.Rollback()
	var idle int
	require.NoError(t, rival.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&idle))
	require.Equal(t, 1, idle, "the batch holds its locks between its two round trips")
	// What the server would do with it is the server's to test; that it was told is ours.
	require.NoError(t, batch.Commit(t.Context(), &ledger.Changes{}))
	var timeout string
	require.NoError(t, rival.QueryRow(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&timeout))
	require.Equal(t, "0", timeout, "the bound is of the transaction alone")
}
