// Who waits for whom: single calls are in the next batch whatever large calls wait,
// large calls have their share whatever single calls wait, and a cold key's call waits
// for what came before it and for nothing else.

package engine_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
)

// prefixed is n names that nobody else uses.
func prefixed(prefix string, n int) []string {
	list := names(n)
	for i := range list {
		list[i] = prefix + list[i]
	}
	return list
}

// TestSingleCallsBetweenParts: one that comes while large calls are under way waits
// for the batch that is open and is in the next, which has a small part at most beside
// it, however many large calls there are, and is never turned away for them.
func TestSingleCallsBetweenParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0), key(2, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch, c.QueueLength = 8, 2 })
		var calls []*large
		for i := range 10 {
			calls = append(calls, startMany(e, t.Context(), reserves(keyID(1), prefixed(fmt.Sprint("large", i), 40))))
		}
		hot, cold := start(e, t.Context(), reserve(keyID(1), "single", 1)), start(e, t.Context(), reserve(keyID(2), "single", 1))
		require.False(t, hot.answered())
		g.let(2)
		require.True(t, hot.answered())
		require.NoError(t, hot.err)
		granted(t, 2, cold)
		require.Equal(t, []int{8, 2 + 2, 2}, f.batchSizes(), "and the parts stay small, for another single call may come")
		again := start(e, t.Context(), reserve(keyID(2), "again", 1))
		g.let(2)
		granted(t, 3, again)
		require.Equal(t, []int{8, 4, 2, 2 + 1, 2}, f.batchSizes())

		time.Sleep(time.Second)
		g.let(2)
		require.Equal(t, []int{8, 4, 2, 3, 2, 8, 8}, f.batchSizes(), "nobody else has come for a second")
		g.letAll()
		for _, l := range calls {
			<-l.done
			for _, o := range l.outcomes {
				require.NoError(t, o.Err)
			}
		}
		require.Len(t, f.spends, 400+3)
	})
}

// TestLargeCallAfterSingleCalls: one that joins a batch of single calls, while that
// waits for company, takes its small part of the room that is left.
func TestLargeCallAfterSingleCalls(t *testing.T) {
	for singles, size := range map[int]int{1: 1 + 2, 7: 7 + 1} {
		t.Run(fmt.Sprint(singles), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeStore(key(1, 0))
				f.beforeCommit = func(context.Context) error { time.Sleep(8 * time.Millisecond); return nil }
				e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 8 })
				for i := range 9 { // one is in the open batch, eight teach the next to wait
					startMany(e, t.Context(), reserves(keyID(1), prefixed(fmt.Sprint("before", i), 1)))
				}
				time.Sleep(17 * time.Millisecond)
				synctest.Wait()
				require.Equal(t, []int{1, 8}, f.batchSizes())
				startReserves(t, e, keyID(1), prefixed("single", singles)...)
				startMany(e, t.Context(), reserves(keyID(1), prefixed("large", 10)))
				time.Sleep(4 * time.Millisecond)
				synctest.Wait()
				require.Equal(t, []int{1, 8, size}, f.batchSizes())
			})
		})
	}
}

// TestLargeCallsAreNotStarved: they have their share of every batch, however many
// single calls wait, and no full queue of those turns them away.
func TestLargeCallsAreNotStarved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch, c.QueueLength = 8, 40 })
		singles := startReserves(t, e, keyID(1), prefixed("single", 41)...) // one is in the open batch
		l := startMany(e, t.Context(), reserves(keyID(1), names(4)))
		g.let(4) // a caller who is answered is too late for the batch that begins then
		require.Equal(t, []int{1, 2 + 6, 8, 2 + 6, 8}, f.batchSizes())
		select {
		case <-l.done:
		default:
			t.Fatal("still waits for single calls")
		}
		for i, o := range l.outcomes {
			require.NoError(t, o.Err)
			if i > 0 {
				require.Greater(t, o.Result.Key.Revision, l.outcomes[i-1].Result.Key.Revision, "in order")
			}
		}
		g.letAll()
		for _, w := range singles {
			<-w.done
			require.NoError(t, w.err)
		}
	})
}

// TestLargeCallsShareBatches: where nobody else comes they fill the batches, together.
func TestLargeCallsShareBatches(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 8 })
		var calls []*large
		for i, n := range []int{1, 2, 5, 7} {
			calls = append(calls, startMany(e, t.Context(), reserves(keyID(1), prefixed(fmt.Sprint("large", i), n))))
		}
		g.letAll()
		for _, l := range calls {
			<-l.done
		}
		require.Equal(t, []int{1, 2 + 5 + 1, 6}, f.batchSizes())
		require.Len(t, f.spends, 1+2+5+7)
	})
}

// TestHotKeyAndColdKey: a call on a cold key waits for the calls that came before it,
// in full batches, and for none of a hot key that come later.
func TestHotKeyAndColdKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0), key(2, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 8 })
		hot := startReserves(t, e, keyID(1), prefixed("burst", 11)...) // one is in the open batch
		cold := start(e, t.Context(), reserve(keyID(2), "cold", 1))
		hot = append(hot, startReserves(t, e, keyID(1), prefixed("later", 30)...)...)
		g.let(2)
		require.False(t, cold.answered())
		g.let(1)
		require.True(t, cold.answered())
		require.Equal(t, []int{1, 8, 8, 8}, f.batchSizes())
		g.letAll()
		granted(t, 2, hot...)
	})
}
