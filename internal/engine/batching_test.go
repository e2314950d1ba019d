// Who shares a batch with whom: what waits while a commit is open goes together,
// keys on other shards do not wait, and a full queue refuses at once.

package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

// TestGroupCommit: the calls that come while a commit is open form one batch.
func TestGroupCommit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 1000)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f)
		calls := startReserves(t, e, keyID(1), names(11)...)
		require.Len(t, f.loads, 1, "a second batch began while the first was open")
		require.False(t, calls[0].answered(), "answered before the commit")
		g.let(1)
		require.True(t, calls[0].answered())
		require.False(t, calls[1].answered())
		g.let(1)
		granted(t, 2, calls...)
		require.Equal(t, []int{1, 10}, f.batchSizes())
		require.EqualValues(t, 11, f.keys[keyID(1)].HeldSats)
	})
}

// TestPatience: callers who come back at once share a batch and do not take turns
// by halves, and a caller who is alone waits for nobody.
func TestPatience(t *testing.T) {
	const commit, thinking, rounds = 8 * time.Millisecond, 100 * time.Microsecond, 10
	for callers, most := range map[int]time.Duration{
		1: rounds * (commit + thinking),
		8: (rounds + 2) * (commit + thinking), // the first calls come one by one
	} {
		t.Run(fmt.Sprint(callers), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeStore(key(1, 1000))
				f.beforeCommit = func(context.Context) error { time.Sleep(commit); return nil }
				e := onFake(t, f)
				began := time.Now()
				var all sync.WaitGroup
				for n := range callers {
					all.Go(func() {
						for i := range rounds {
							time.Sleep(thinking)
							_, err := e.Do(t.Context(), reserve(keyID(1), fmt.Sprint(n, "/", i), 1))
							require.NoError(t, err)
						}
					})
				}
				all.Wait()
				require.LessOrEqual(t, time.Since(began), most, "%d callers, batches of %v", callers, f.batchSizes())
			})
		})
	}
}

// TestMaxBatch: no batch is larger than configured, and none smaller than it
// could be.
func TestMaxBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 1000)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 4 })
		calls := startReserves(t, e, keyID(1), names(11)...)
		g.let(4)
		granted(t, 2, calls...)
		require.Equal(t, []int{1, 4, 4, 2}, f.batchSizes())
	})
}

// TestDefaultSizes: 512 operations to a batch, 4,096 in the queue.
func TestDefaultSizes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 100_000)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f)
		first := start(e, t.Context(), reserve(keyID(1), "first", 1))
		var calls []*waiting
		for _, name := range names(4096) {
			w := &waiting{done: make(chan struct{})}
			calls = append(calls, w)
			go func() {
				defer close(w.done)
				w.result, w.err = e.Do(t.Context(), reserve(keyID(1), name, 1))
			}()
		}
		synctest.Wait()
		refused := start(e, t.Context(), reserve(keyID(1), "one too many", 1))
		require.True(t, refused.answered())
		require.ErrorIs(t, refused.err, engine.ErrOverloaded)
		g.letAll()
		for _, w := range append(calls, first) {
			<-w.done
			require.NoError(t, w.err)
		}
		require.Equal(t, []int{1, 512, 512, 512, 512, 512, 512, 512, 512}, f.batchSizes())
	})
}

// TestFullQueue: what does not fit is refused at once and never done; what waits
// still gets its answer.
func TestFullQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 1000)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.QueueLength = 3 })
		calls := startReserves(t, e, keyID(1), "open", "w1", "w2", "w3")
		for _, over := range startReserves(t, e, keyID(1), "x1", "x2") {
			require.True(t, over.answered(), "waited on a full queue")
			require.ErrorIs(t, over.err, engine.ErrOverloaded)
			require.Equal(t, ledger.Result{}, over.result)
		}
		g.let(1)
		again := startReserves(t, e, keyID(1), "x1")
		g.letAll()
		granted(t, 2, append(calls, again...)...)
		require.Len(t, f.spends, 5)
		require.EqualValues(t, 5, f.keys[keyID(1)].HeldSats)
	})
}

// TestShards: the commit of one key holds up no key of another shard, and its
// full queue refuses none.
func TestShards(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 0), key(2, 0), key(3, 0)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.Shards, c.QueueLength = 2, 1 })
		calls := startReserves(t, e, keyID(1), "open", "waits")
		full := start(e, t.Context(), reserve(keyID(3), "x", 1))
		require.True(t, full.answered())
		require.ErrorIs(t, full.err, engine.ErrOverloaded)
		other := start(e, t.Context(), reserve(keyID(2), "s", 1))
		require.False(t, other.answered())
		require.Equal(t, []int{1, 1}, f.batchSizes(), "waited for another shard")
		require.Equal(t, keyID(2), f.loads[1].Keys[0])
		g.letAll()
		granted(t, 2, calls...)
		granted(t, 2, other)
	})
}

// TestContextEndsBeforeBatch: a caller who gave up while the operation waited is
// left out, and the store hears nothing of it.
func TestContextEndsBeforeBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 1000)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f)
		open := start(e, t.Context(), reserve(keyID(1), "open", 1))
		first := start(e, t.Context(), reserve(keyID(1), "first", 1))
		ctx, cancel := context.WithCancel(t.Context())
		gone := start(e, ctx, reserve(keyID(1), "gone", 1))
		last := start(e, t.Context(), reserve(keyID(1), "last", 1))
		cancel()
		require.True(t, gone.answered(), "still waits after its context ended")
		require.ErrorIs(t, gone.err, context.Canceled)
		g.letAll()
		granted(t, 2, open, first, last)
		require.Equal(t, []int{1, 2}, f.batchSizes())
		for _, p := range f.loads {
			for _, n := range p.Spends {
				require.NotEqual(t, "gone", n.ID)
			}
		}
		require.EqualValues(t, 3, f.keys[keyID(1)].HeldSats)

		_, err := e.Do(ctx, reserve(keyID(1), "gone", 1))
		require.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		require.Len(t, f.loads, 2, "a batch of nobody reached the store")
	})
}

// TestContextEndsDuringBatch: the batch goes on for everybody. The caller who
// gave up may ask again and learns that it happened.
func TestContextEndsDuringBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 1000)), newGate(t)
		var batchErr error
		f.beforeCommit = func(ctx context.Context) error {
			defer func() { batchErr = ctx.Err() }()
			return g.hold(ctx)
		}
		e := onFake(t, f)
		first := startReserves(t, e, keyID(1), "open")
		ctx, cancel := context.WithCancel(t.Context())
		gone := start(e, ctx, reserve(keyID(1), "gone", 1))
		neighbour := start(e, t.Context(), reserve(keyID(1), "neighbour", 1))
		g.let(1) // now the second batch is open
		cancel()
		require.True(t, gone.answered(), "still waits after its context ended")
		require.ErrorIs(t, gone.err, context.Canceled)
		require.False(t, neighbour.answered())
		g.letAll()
		granted(t, 2, first...)
		granted(t, 4, neighbour)
		require.NoError(t, batchErr, "the batch ran under the context of one caller")
		again, err := e.Do(t.Context(), reserve(keyID(1), "gone", 1))
		require.NoError(t, err)
		require.True(t, again.Replayed)
		require.EqualValues(t, 3, f.keys[keyID(1)].HeldSats)
	})
}
