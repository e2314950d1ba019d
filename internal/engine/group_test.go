// Large calls: decided in parts, in order within a key, and never in the way of
// single calls for longer than a small part. Who else shares a batch with them is in
// fairness_test.go.

package engine_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// large is a call of DoMany that may not have its answer yet.
type large struct {
	done     chan struct{}
	outcomes []ledger.Outcome
}

func startMany(e *engine.Engine, ctx context.Context, ops []ledger.Operation) *large {
	l := &large{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.outcomes = e.DoMany(ctx, ops)
	}()
	synctest.Wait()
	return l
}

func TestDoMany(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 5), key(2, 0))
		e := onFake(t, f, func(c *engine.Config) { c.Shards, c.MaxBatch = 2, 6 })
		ops := append(reserves(keyID(1), names(7)), reserve(keyID(2), "x", 1), settle(keyID(1), "s5", 0), settle(keyID(1), "s6", 0), reserve(keyID(3), "x", 1))
		outcomes := e.DoMany(t.Context(), ops)
		require.Len(t, outcomes, len(ops))
		for i, o := range outcomes[:7] {
			if i < 5 {
				require.NoError(t, o.Err)
				require.EqualValues(t, i+2, o.Result.Key.Revision, "in order")
			} else {
				require.ErrorAs(t, o.Err, new(*ledger.LimitExceededError))
			}
		}
		require.NoError(t, outcomes[7].Err)
		require.NoError(t, outcomes[8].Err, "a settle after its hold")
		require.EqualValues(t, 7, outcomes[8].Result.Key.Revision)
		require.ErrorIs(t, outcomes[9].Err, ledger.ErrSpendNotFound)
		require.ErrorIs(t, outcomes[10].Err, ledger.ErrKeyNotFound)
		require.ElementsMatch(t, []int{6, 4, 1}, f.batchSizes())
		require.Empty(t, e.DoMany(t.Context(), nil))
	})
}

// TestDoManyUndecided: what was not decided keeps back what comes later for its
// key, and for no other.
func TestDoManyUndecided(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0), key(3, 0))
		f.faulty = map[ledger.KeyID]error{keyID(1): store.ErrLocked}
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 2 })
		outcomes := e.DoMany(t.Context(), []ledger.Operation{
			reserve(keyID(1), "a", 1), reserve(keyID(3), "a", 1), // a part
			settle(keyID(1), "a", 0), settle(keyID(3), "a", 0), settle(keyID(1), "a", 0),
		})
		for i, o := range outcomes {
			if i == 1 || i == 3 {
				require.NoError(t, o.Err)
			} else {
				require.ErrorIs(t, o.Err, store.ErrLocked)
			}
		}
		tried := 0
		for _, p := range f.loads {
			for _, n := range p.Spends {
				if n.KeyID == keyID(1) {
					tried++
				}
			}
		}
		require.Equal(t, 2, tried, "with its neighbour, then alone, and not again")
	})
}

// TestDoManyStops: of a caller that has gone the part that has begun is finished,
// and nothing more is begun.
func TestDoManyStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 2 })
		ctx, cancel := context.WithCancel(t.Context())
		l := startMany(e, ctx, reserves(keyID(1), names(6)))
		g.let(1)
		cancel()
		<-l.done
		for i, o := range l.outcomes {
			if i < 2 {
				require.NoError(t, o.Err)
			} else {
				require.ErrorIs(t, o.Err, context.Canceled)
			}
		}
		g.letAll()
		synctest.Wait()
		require.Len(t, f.spends, 4, "the second part was under way")
		for i, o := range e.DoMany(t.Context(), reserves(keyID(1), names(6))) {
			require.NoError(t, o.Err, "the same call again finishes it")
			require.Equal(t, i < 4, o.Result.Replayed)
		}
	})
}

// TestDoManyGivesUpItsTurn: one that waits for the parts of others can go at any
// time, and does not keep those behind it waiting.
func TestDoManyGivesUpItsTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f)
		open := []*large{startMany(e, t.Context(), reserves(keyID(1), []string{"a"})), startMany(e, t.Context(), reserves(keyID(1), []string{"b"}))}
		ctx, cancel := context.WithCancel(t.Context())
		gone := startMany(e, ctx, reserves(keyID(1), []string{"gone"}))
		open = append(open, startMany(e, t.Context(), reserves(keyID(1), []string{"c"})))
		cancel()
		synctest.Wait()
		select {
		case <-gone.done:
			require.ErrorIs(t, gone.outcomes[0].Err, context.Canceled)
		default:
			t.Error("still waits for its turn")
		}
		g.letAll()
		for _, l := range open {
			<-l.done
			require.NoError(t, l.outcomes[0].Err)
		}
		require.Len(t, f.spends, 3)
	})
}

// TestDoManyClose: an engine that stops finishes the part that has begun. What waits
// for its turn is told, and so is who comes later.
func TestDoManyClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 2 })
		begun := startMany(e, t.Context(), reserves(keyID(1), names(3)))
		waits := startMany(e, t.Context(), reserves(keyID(1), []string{"a", "b", "c"}))
		closed := make(chan struct{})
		go func() { e.Close(); close(closed) }()
		synctest.Wait()
		g.letAll()
		<-closed
		<-begun.done
		require.NoError(t, begun.outcomes[0].Err)
		require.NoError(t, begun.outcomes[1].Err)
		<-waits.done
		later := e.DoMany(t.Context(), reserves(keyID(1), names(1)))
		for _, o := range append(append(begun.outcomes[2:], waits.outcomes...), later...) {
			require.ErrorIs(t, o.Err, engine.ErrStopped)
		}
		require.Len(t, f.spends, 2)
	})
}
