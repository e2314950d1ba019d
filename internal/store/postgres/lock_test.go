// Locks: the clock is read under them, deadlocks are conflicts, and whoever
// gives up waiting leaves nothing behind.

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/storetest"
)

// awaitWaiting returns when so many sessions of the database wait for a lock.
func awaitWaiting(t *testing.T, conn *pgx.Conn, sessions int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var waiting int
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		return err == nil && waiting == sessions
	}, time.Minute, time.Millisecond)
}

// loaded is what a Load in the background comes to.
type loaded struct {
	batch store.Batch
	err   error
}

func loadInBackground(ctx context.Context, s *postgres.Store, keys ...ledger.KeyID) <-chan loaded {
	done := make(chan loaded, 1)
	go func() {
		batch, err := s.Load(ctx, store.LoadParams{Keys: keys})
		done <- loaded{batch, err}
	}()
	return done
}

// TestClockIsReadUnderTheLocks lets a batch wait and compares its clock with the
// server's while it waited. This is the server's own clock, not one for tests.
func TestClockIsReadUnderTheLocks(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	s, conn := open(t, url), connect(t, url)
	k := newKey(t, s, 1, ledger.Limits{})
	first, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.NoError(t, err)
	waiting := loadInBackground(t.Context(), s, k.ID)
	awaitWaiting(t, conn, 1)
	whileWaiting, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	first.Rollback()
	second := <-waiting
	require.NoError(t, second.err)
	defer second.batch.Rollback()
	require.GreaterOrEqual(t, second.batch.Snapshot().ClockUs, whileWaiting)
	require.Less(t, first.Snapshot().ClockUs, whileWaiting)
}

func TestClockIsTheServers(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	s, conn := open(t, url), connect(t, url)
	k := newKey(t, s, 1, ledger.Limits{})
	now := func() (us int64) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").Scan(&us))
		return us
	}
	for name, read := range map[string]func() int64{
		"ClockUs": func() int64 {
			us, err := s.ClockUs(t.Context())
			require.NoError(t, err)
			return us
		},
		"ViewKeys": func() int64 {
			views, err := s.ViewKeys(t.Context(), []ledger.KeyID{k.ID}, "")
			require.NoError(t, err)
			require.Equal(t, views[0].ClockUs, views[0].NowUs)
			return views[0].ClockUs
		},
		"Load": func() int64 {
			batch, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
			require.NoError(t, err)
			defer batch.Rollback()
			require.Equal(t, batch.Snapshot().ClockUs, batch.Snapshot().Keys[k.ID].NowUs)
			return batch.Snapshot().ClockUs
		},
	} {
		before := now()
		got := read()
		require.GreaterOrEqual(t, got, before, name)
		require.LessOrEqual(t, got, now(), name)
	}
	// and it is what decides whether a key has expired
	later, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	exec(t, conn, "UPDATE api_keys SET expires_at_us = $1", later+3_600_000_000)
	list := func(states store.KeyStates) []ledger.View {
		views, err := s.ListKeys(t.Context(), store.ListKeysParams{Subject: "alice", States: states, BeforeUs: 1 << 62, Limit: 5})
		require.NoError(t, err)
		return views
	}
	require.Len(t, list(store.StateActive), 1)
	require.Empty(t, list(store.StateExpired))
	exec(t, conn, "UPDATE api_keys SET expires_at_us = $1", later)
	require.Empty(t, list(store.StateActive))
	require.Len(t, list(store.StateExpired), 1)
}

// TestDeadlockIsAConflict builds a ring of waiting sessions that the store's
// closes: its server session alone looks for deadlocks, and so is broken off.
func TestDeadlockIsAConflict(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	s := open(t, with(t, url, "deadlock_timeout", "10ms"))
	watcher, holder, rival := connect(t, url), connect(t, url), connect(t, url)
	var keys []ledger.KeyID
	for i := range 3 {
		keys = append(keys, newKey(t, s, i+1, ledger.Limits{}).ID)
	}
	lock := func(conn *pgx.Conn, key int) error {
		_, err := conn.Exec(t.Context(), "SELECT FROM api_keys WHERE id = $1 FOR UPDATE", uuid.UUID(keys[key]))
		return err
	}
	for _, conn := range []*pgx.Conn{holder, rival} {
		exec(t, conn, "SET deadlock_timeout = '1h'")
		exec(t, conn, "BEGIN")
	}
	require.NoError(t, lock(holder, 1))
	require.NoError(t, lock(rival, 2))
	waiting := loadInBackground(t.Context(), s, keys...) // has the first, waits for the second
	awaitWaiting(t, watcher, 1)
	locked := make(chan error, 1)
	go func() { locked <- lock(rival, 0) }() // waits for the first
	awaitWaiting(t, watcher, 2)
	exec(t, holder, "ROLLBACK") // the store goes on to the third, and the ring is closed
	got := <-waiting
	require.ErrorIs(t, got.err, store.ErrConflict)
	require.NotErrorIs(t, got.err, store.ErrUnavailable)
	require.NoError(t, <-locked, "the store has let go of the first")
	exec(t, rival, "ROLLBACK")
	_, err := storetest.Do(t.Context(), s, ledger.Settle{KeyRef: ledger.KeyRef{KeyID: keys[0]}, SpendID: "s", AmountSats: 1})
	require.NoError(t, err)
}

func TestConflictCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"40001": store.ErrConflict, "40P01": store.ErrConflict, "23505": store.ErrDefect, "42601": store.ErrDefect, "22021": store.ErrDefect, "57014": store.ErrUnavailable, "40002": store.ErrUnavailable,
	} {
		cause := fmt.Errorf("pipeline: %w", &pgconn.PgError{Code: code})
		err := postgres.Classify("load", cause)
		for _, is := range []error{store.ErrConflict, store.ErrUnavailable, store.ErrDefect} {
			require.Equal(t, is == want, errors.Is(err, is), code)
		}
		require.ErrorIs(t, err, cause, "the cause is kept for the log")
	}
	require.ErrorIs(t, postgres.Classify("load", context.DeadlineExceeded), store.ErrUnavailable)
}

// TestGivingUpALockLeavesNothing cancels a batch while it waits.
func TestGivingUpALockLeavesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	s, conn := open(t, url), connect(t, url)
	k := newKey(t, s, 1, ledger.Limits{})
	first, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.NoError(t, err)
	defer first.Rollback()
	for range 10 { // more often than there are connections
		ctx, cancel := context.WithCancel(t.Context())
		waiting := loadInBackground(ctx, s, k.ID)
		awaitWaiting(t, conn, 1)
		cancel()
		got := <-waiting
		require.ErrorIs(t, got.err, store.ErrUnavailable)
		require.ErrorIs(t, got.err, context.Canceled)
		awaitWaiting(t, conn, 0)
	}
	first.Rollback()
	_, err = storetest.Do(t.Context(), s, ledger.Settle{KeyRef: ledger.KeyRef{KeyID: k.ID}, SpendID: "s", AmountSats: 1})
	require.NoError(t, err)
}
