// Large calls: through the queues in parts, in order within a key, and never in
// the way of single calls for longer than a part or two.

package engine_test

import (
	"context"
	"fmt"
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
		require.ElementsMatch(t, []int{3, 3, 3, 1, 1}, f.batchSizes())
		require.Empty(t, e.DoMany(t.Context(), nil))
	})
}

// TestSingleCallsBetweenParts: one that comes while large calls are under way
// waits for the batch that is open and the two parts before it, however many
// large calls there are, and is never turned away for them.
func TestSingleCallsBetweenParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch, c.QueueLength = 8, 3 })
		var calls []*large
		for i := range 10 {
			var ids []string
			for _, n := range names(40) {
				ids = append(ids, fmt.Sprint("large", i, n))
			}
			calls = append(calls, startMany(e, t.Context(), reserves(keyID(1), ids)))
		}
		single := start(e, t.Context(), reserve(keyID(1), "single", 1))
		require.False(t, single.answered())
		g.let(3)
		require.True(t, single.answered())
		require.NoError(t, single.err)
		g.letAll()
		for _, l := range calls {
			<-l.done
			for _, o := range l.outcomes {
				require.NoError(t, o.Err)
			}
		}
		require.Len(t, f.spends, 401)
		for _, size := range f.batchSizes() {
			require.LessOrEqual(t, size, 8)
		}
	})
}

// TestPartsAreNotSplit: a part that does not fit into a batch begins the next one,
// and what came behind it stays behind it.
func TestPartsAreNotSplit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 6 })
		calls := startReserves(t, e, keyID(1), "open", "a", "b", "c", "d")
		l := startMany(e, t.Context(), reserves(keyID(1), names(3)))
		calls = append(calls, startReserves(t, e, keyID(1), "e")...)
		g.letAll()
		<-l.done
		granted(t, 2, calls[:5]...)
		granted(t, 10, calls[5])
		require.Equal(t, []int{1, 4, 4}, f.batchSizes())
	})
}

// TestDoManyUndecided: what was not decided keeps back what comes later for its
// key, and for no other.
func TestDoManyUndecided(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0), key(3, 0))
		f.faulty = map[ledger.KeyID]error{keyID(1): store.ErrLocked}
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 4 })
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
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 4 })
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
		e.Close()
		require.ErrorIs(t, e.DoMany(t.Context(), reserves(keyID(1), names(1)))[0].Err, engine.ErrStopped)
	})
}

// TestDoManyOverloaded: a full queue refuses a large call as it does single ones.
func TestDoManyOverloaded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.QueueLength = 1 })
		calls := startReserves(t, e, keyID(1), "open", "waits")
		for _, o := range e.DoMany(t.Context(), reserves(keyID(1), names(3))) {
			require.ErrorIs(t, o.Err, engine.ErrOverloaded)
		}
		g.letAll()
		granted(t, 2, calls...)
		require.Len(t, f.spends, 2)
	})
}
