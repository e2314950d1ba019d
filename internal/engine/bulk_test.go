// Many operations at once: in order, in few transactions, beside the queues.

package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// reserves are Reserves of 1 sat, one for each name.
func reserves(id ledger.KeyID, spendIDs []string) []ledger.Operation {
	ops := make([]ledger.Operation, len(spendIDs))
	for i, s := range spendIDs {
		ops[i] = reserve(id, s, 1)
	}
	return ops
}

func TestDoBulk(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 5))
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 3 })
		outcomes := e.DoBulk(t.Context(), reserves(keyID(1), names(7)))
		require.Len(t, outcomes, 7)
		for i, o := range outcomes {
			if i < 5 {
				require.NoError(t, o.Err)
				require.EqualValues(t, i+2, o.Result.Key.Revision, "in order")
			} else {
				require.ErrorAs(t, o.Err, new(*ledger.LimitExceededError), "the limit holds from batch to batch")
			}
		}
		require.Equal(t, []int{3, 3, 1}, f.batchSizes())
		require.Empty(t, e.DoBulk(t.Context(), nil))
	})
}

// TestDoBulkTakesNoQueue: callers who wait are not turned away by it, nor it by
// them.
func TestDoBulkTakesNoQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0), key(2, 0))
		held := newGate(t)
		first := true
		f.beforeCommit = func(ctx context.Context) error {
			if first {
				first = false
				return held.hold(ctx)
			}
			return nil
		}
		e := onFake(t, f, func(c *engine.Config) { c.QueueLength = 1 })
		calls := startReserves(t, e, keyID(1), "a", "b")
		for _, o := range e.DoBulk(t.Context(), reserves(keyID(2), names(100))) {
			require.NoError(t, o.Err)
		}
		held.letAll()
		granted(t, 2, calls...)
	})
}

func TestDoBulkStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0))
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 1 })
		ctx, cancel := context.WithCancel(t.Context())
		f.beforeCommit = func(context.Context) error { cancel(); return nil }
		outcomes := e.DoBulk(ctx, reserves(keyID(1), names(3)))
		require.NoError(t, outcomes[0].Err, "what has begun is finished")
		require.ErrorIs(t, outcomes[1].Err, context.Canceled)
		require.ErrorIs(t, outcomes[2].Err, context.Canceled)
		require.Len(t, f.commits, 1)

		e.Close()
		require.ErrorIs(t, e.DoBulk(t.Context(), reserves(keyID(1), names(1)))[0].Err, engine.ErrStopped)
	})
}

// TestCloseWaitsForDoBulk: nothing is decided after Close has returned.
func TestCloseWaitsForDoBulk(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0))
		held := newGate(t)
		f.beforeCommit = held.hold
		e := onFake(t, f)
		var outcomes []ledger.Outcome
		go func() { outcomes = e.DoBulk(t.Context(), reserves(keyID(1), names(2))) }()
		synctest.Wait()
		closed := make(chan struct{})
		go func() { e.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("closed while a batch was under way")
		default:
		}
		held.letAll()
		<-closed
		synctest.Wait()
		require.Len(t, outcomes, 2)
		require.NoError(t, outcomes[0].Err)
	})
}

// TestDoBulkNoticesUnsoundKeys as the queues do.
func TestDoBulkNoticesUnsoundKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := onFake(t, newFakeStore(unsoundKey(1)))
		require.ErrorIs(t, e.DoBulk(t.Context(), reserves(keyID(1), names(1)))[0].Err, ledger.ErrInvariant)
		require.ErrorIs(t, e.Sound(), ledger.ErrInvariant)
	})
}

func TestTry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 2))
		e := onFake(t, f)
		outcomes, err := e.Try(t.Context(), reserves(keyID(1), names(3)))
		require.NoError(t, err)
		require.NoError(t, outcomes[1].Err)
		require.ErrorAs(t, outcomes[2].Err, new(*ledger.LimitExceededError))
		require.Empty(t, f.commits)
		require.Empty(t, f.spends)

		f.skew = 6 * time.Second
		_, err = e.Try(t.Context(), reserves(keyID(1), names(1)))
		require.ErrorIs(t, err, engine.ErrClockSkew)
		f.skew = 0
		f.beforeLoad = func(context.Context) error { return store.ErrUnavailable }
		_, err = e.Try(t.Context(), reserves(keyID(1), names(1)))
		require.ErrorIs(t, err, store.ErrUnavailable)
	})
}

func TestImportKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore()
		e := onFake(t, f)
		k := key(1, 5)
		k.State, k.CreatedAtUs, k.RevokedAtUs, k.ExpiresAtUs, k.Revision = ledger.KeyRevoked, 7, 8, 9, 0
		require.NoError(t, e.ImportKey(t.Context(), store.CreateKeyParams{Key: k}))
		want := k
		want.Revision, want.LastUs, want.AsOfUs = 1, f.clockUs(), f.clockUs()
		require.Equal(t, want, f.keys[k.ID], "with its own id, times and state, and sums as of now")

		f.skew = 6 * time.Second
		require.ErrorIs(t, e.ImportKey(t.Context(), store.CreateKeyParams{Key: k}), engine.ErrClockSkew)
		f.skew = 0
		f.beforeRead = func(context.Context) error { return errors.New("down") }
		require.ErrorContains(t, e.ImportKey(t.Context(), store.CreateKeyParams{Key: k}), "down")
	})
}
