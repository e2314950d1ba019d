// Stopping: what waits is finished, what comes later is refused, and nothing is
// left running. Every bubble fails if a goroutine outlives it; here is the rest.

package engine_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

// TestCloseFinishesWhatWaits: Close returns when every caller has an answer.
func TestCloseFinishesWhatWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 1000), key(2, 1000)), newGate(t)
		f.beforeCommit = g.hold
		e := onFake(t, f, func(c *engine.Config) { c.Shards, c.MaxBatch = 2, 3 })
		calls := startReserves(t, e, keyID(1), names(6)...)
		others := startReserves(t, e, keyID(2), names(2)...)

		closed := make(chan struct{})
		go func() {
			defer close(closed)
			e.Close()
		}()
		synctest.Wait()
		late := start(e, t.Context(), reserve(keyID(1), "late", 1))
		require.True(t, late.answered(), "a late call has to wait for the end")
		require.ErrorIs(t, late.err, engine.ErrStopped)
		select {
		case <-closed:
			t.Fatal("Close returned while a commit was open")
		default:
		}

		g.letAll()
		<-closed
		for _, w := range append(calls, others...) {
			require.True(t, w.answered(), "Close returned before a caller had an answer")
		}
		granted(t, 2, calls...)
		granted(t, 2, others...)
		require.Len(t, f.spends, 8)

		_, err := e.Do(t.Context(), reserve(keyID(1), "later", 1))
		require.ErrorIs(t, err, engine.ErrStopped)
		e.Close() // again does nothing
	})
}

// TestCloseEndsSweeper: a sweeper that waits for the store is cut off, and so is
// one that waits for its operation.
func TestCloseEndsSweeper(t *testing.T) {
	for _, c := range []struct {
		name string
		hook func(*fakeStore) *func(context.Context) error
	}{
		{"InList", func(f *fakeStore) *func(context.Context) error { return &f.beforeSweepable }},
		{"InOperation", func(f *fakeStore) *func(context.Context) error { return &f.beforeLoad }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeStore(key(1, 0))
				f.due[keyID(1)] = true
				entered := make(chan struct{})
				*c.hook(f) = func(ctx context.Context) error {
					close(entered)
					<-ctx.Done()
					return ctx.Err()
				}
				e := onFake(t, f, func(c *engine.Config) { c.SweepEvery = 0 })
				<-entered
				took := elapsed(e.Close)
				require.LessOrEqual(t, took.Seconds(), 10.0, "longer than one batch may take")
				require.Empty(t, f.commits)
			})
		})
	}
}

// TestCloseWhileCalled: calls and Close race; each call is either done or told
// that the engine stops, and what was granted was saved.
func TestCloseWhileCalled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0))
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 2 })
		results := make(chan error)
		for _, name := range names(100) {
			go func() {
				_, err := e.Do(t.Context(), reserve(keyID(1), name, 1))
				results <- err
			}()
		}
		for range 3 {
			go e.Close()
		}
		var done int64
		for range 100 {
			if err := <-results; err != nil {
				require.ErrorIs(t, err, engine.ErrStopped)
			} else {
				done++
			}
		}
		e.Close()
		require.Equal(t, done, f.keys[keyID(1)].HeldSats)
	})
}

// TestOperationsAreNotMixedUp: with many callers at once each gets the answer to
// its own operation.
func TestOperationsAreNotMixedUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0), key(2, 0), key(3, 0))
		e := onFake(t, f, func(c *engine.Config) { c.Shards, c.MaxBatch = 3, 7 })
		type answer struct {
			op ledger.Reserve
			r  ledger.Result
		}
		answers := make(chan answer)
		for i, name := range names(300) {
			op := reserve(keyID(byte(i%3+1)), name, int64(i+1))
			go func() {
				r, err := e.Do(t.Context(), op)
				if err != nil {
					panic(err)
				}
				answers <- answer{op, r}
			}()
		}
		for range 300 {
			a := <-answers
			require.Equal(t, a.op.KeyID, a.r.Key.ID)
			require.Equal(t, a.op.SpendID, a.r.Spend.ID)
			require.Equal(t, a.op.AmountSats, a.r.Spend.HeldSats)
		}
	})
}
