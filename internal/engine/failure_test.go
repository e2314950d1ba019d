// What the engine does when the store fails: a conflict is tried again, a lost
// commit never is, and a retry of the caller finds out the truth.

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// maxAttempts is how often a batch is tried.
const maxAttempts = 8

// hookPoints is where a store can fail before it has written anything. A refusal
// comes by all of them, because it needs a schedule.
func hookPoints() map[string]func(*fakeStore) *func(context.Context) error {
	return map[string]func(*fakeStore) *func(context.Context) error{
		"load":      func(f *fakeStore) *func(context.Context) error { return &f.beforeLoad },
		"schedules": func(f *fakeStore) *func(context.Context) error { return &f.beforeSchedules },
		"commit":    func(f *fakeStore) *func(context.Context) error { return &f.beforeCommit },
	}
}

// grantAndRefuse sends, in one batch, a Reserve that fits and one that does not
// until the first is gone.
func grantAndRefuse(t *testing.T, f *fakeStore) (grant, refusal *waiting) {
	t.Helper()
	g := newGate(t)
	hook := f.beforeLoad
	f.beforeLoad = g.hold
	e := onFake(t, f)
	blocker := start(e, t.Context(), ledger.Rename{KeyRef: ref(keyID(9)), Name: "opens a batch of its own"})
	grant = start(e, t.Context(), reserve(keyID(1), "fits", 60))
	refusal = start(e, t.Context(), reserve(keyID(1), "does not", 60))
	f.beforeLoad = hook
	g.letAll()
	<-blocker.done
	<-grant.done
	<-refusal.done
	f.loads = f.loads[1:]
	return grant, refusal
}

// TestConflictsAreRetried: whatever the database broke off is run again, a few
// times, and then ends in the error.
func TestConflictsAreRetried(t *testing.T) {
	for name, point := range hookPoints() {
		for _, conflicts := range []int{1, 2, maxAttempts - 1, maxAttempts} {
			t.Run(fmt.Sprint(name, conflicts), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					f := newFakeStore(key(1, 100))
					hook, ran := failing(conflicts, fmt.Errorf("%w: deadlock detected", store.ErrConflict))
					*point(f) = hook
					grant, refusal := grantAndRefuse(t, f)
					require.Len(t, f.loads, min(conflicts+1, maxAttempts))
					require.Equal(t, min(conflicts+1, maxAttempts), *ran)
					for _, p := range f.loads {
						require.Len(t, p.Spends, 2, "a retry left an operation out")
					}
					if conflicts == maxAttempts {
						require.ErrorIs(t, grant.err, store.ErrConflict)
						require.ErrorIs(t, refusal.err, store.ErrConflict)
						require.Empty(t, f.commits)
						return
					}
					granted(t, 2, grant)
					require.ErrorAs(t, refusal.err, new(*ledger.LimitExceededError))
					require.Len(t, f.commits, 1)
					require.EqualValues(t, 60, f.keys[keyID(1)].HeldSats)
				})
			})
		}
	}
}

// TestOtherFailuresAreNotRetried: every other error goes to every caller of the batch
// after one attempt; the one after it starts afresh.
func TestOtherFailuresAreNotRetried(t *testing.T) {
	unknown := errors.New("something new")
	for name, point := range hookPoints() {
		for _, failure := range []error{store.ErrUnavailable, store.ErrOutcomeUnknown, store.ErrSchema, unknown} {
			t.Run(fmt.Sprint(name, " ", failure), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					f := newFakeStore(key(1, 100))
					hook, ran := failing(1, fmt.Errorf("%w: the cause", failure))
					*point(f) = hook
					grant, refusal := grantAndRefuse(t, f)
					require.ErrorIs(t, grant.err, failure)
					require.ErrorIs(t, refusal.err, failure)
					require.Equal(t, ledger.Result{}, grant.result)
					require.Equal(t, 1, *ran)
					require.Len(t, f.loads, 1)
					require.Empty(t, f.commits)
				})
			})
		}
	}
}

// TestRetryPauses: retries wait longer and longer, but not past the time of the
// batch.
func TestRetryPauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		f.beforeCommit, _ = failing(maxAttempts, store.ErrConflict)
		e := onFake(t, f)
		took := elapsed(func() {
			_, err := e.Do(t.Context(), reserve(keyID(1), "s", 1))
			require.ErrorIs(t, err, store.ErrConflict)
		})
		require.Less(t, took, 300*time.Millisecond)
		require.Positive(t, took, "retried without a pause")
	})
	t.Run("BatchTimeout", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			f := newFakeStore(key(1, 100))
			f.beforeCommit = func(ctx context.Context) error {
				<-ctx.Done()
				return store.ErrConflict
			}
			e := onFake(t, f)
			took := elapsed(func() {
				_, err := e.Do(t.Context(), reserve(keyID(1), "s", 1))
				require.ErrorIs(t, err, store.ErrConflict)
			})
			require.Equal(t, 10*time.Second, took, "the time of a batch")
			require.Len(t, f.loads, 1)
		})
	})
}

// TestOutcomeUnknown: the commit was lost. Whether it had happened or not, the
// engine does not try again, and the same call tells: nothing counts twice.
func TestOutcomeUnknown(t *testing.T) {
	type check struct {
		name        string
		prepare, op ledger.Operation
		held, spent int64
	}
	transaction := ledger.Settle{KeyRef: ref(keyID(1)), SpendID: "s", AmountSats: 30, TransactionID: "tx"}
	for _, c := range []check{
		{"Reserve", nil, reserve(keyID(1), "s", 60), 60, 0},
		{"Settle", reserve(keyID(1), "s", 60), settle(keyID(1), "s", 0), 0, 60},
		{"SettleUnreserved", nil, transaction, 0, 30},
		{"Release", reserve(keyID(1), "s", 60), ledger.Release{KeyRef: ref(keyID(1)), SpendID: "s"}, 0, 0},
		{"Reverse", settle(keyID(1), "s", 60), ledger.Reverse{KeyRef: ref(keyID(1)), SpendID: "s"}, 0, 0},
		{"Tombstone", nil, ledger.Reverse{KeyRef: ref(keyID(1)), SpendID: "s"}, 0, 0},
	} {
		for _, happened := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, happened), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					f := newFakeStore(key(1, 100))
					e := onFake(t, f)
					if c.prepare != nil {
						_, err := e.Do(t.Context(), c.prepare)
						require.NoError(t, err)
					}
					revision := f.keys[keyID(1)].Revision
					hook, _ := failing(1, fmt.Errorf("%w: connection lost", store.ErrOutcomeUnknown))
					if happened {
						f.afterCommit = hook
					} else {
						f.beforeCommit = hook
					}
					_, err := e.Do(t.Context(), c.op)
					require.ErrorIs(t, err, store.ErrOutcomeUnknown)
					after, wantCommits := f.keys[keyID(1)].Revision, len(f.commits)
					require.Equal(t, happened, after == revision+1, "revision %d after %d", after, revision)

					result, err := e.Do(t.Context(), c.op)
					require.NoError(t, err)
					require.Equal(t, happened, result.Replayed)
					require.Equal(t, revision+1, result.Key.Revision)
					require.Equal(t, f.spends[store.Name{KeyID: keyID(1), ID: "s"}], result.Spend)
					if !happened {
						wantCommits++
					}
					require.Len(t, f.commits, wantCommits)

					third, err := e.Do(t.Context(), c.op)
					require.NoError(t, err)
					require.True(t, third.Replayed)
					require.Equal(t, result.Spend, third.Spend)
					k := f.keys[keyID(1)]
					require.Equal(t, c.held, k.HeldSats, "held")
					for _, w := range ledger.Windows() {
						require.Equal(t, c.spent, k.SpentSats[w], "%s spent", w)
					}
				})
			})
		}
	}
}

// TestFailedBatchFailsNoOther: what waits behind a failed batch is done.
func TestFailedBatchFailsNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 100)), newGate(t)
		fail, _ := failing(1, store.ErrUnavailable)
		f.beforeCommit = func(ctx context.Context) error { return errors.Join(g.hold(ctx), fail(ctx)) }
		e := onFake(t, f, func(c *engine.Config) { c.MaxBatch = 2 })
		calls := startReserves(t, e, keyID(1), names(5)...)
		g.letAll()
		<-calls[0].done
		require.ErrorIs(t, calls[0].err, store.ErrUnavailable)
		granted(t, 2, calls[1:]...)
		require.EqualValues(t, 4, f.keys[keyID(1)].HeldSats)
	})
}

// TestReadsFail: what a read fails with is what the store said.
func TestReadsFail(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		f.beforeRead = func(context.Context) error { return store.ErrUnavailable }
		e := onFake(t, f)
		for what, read := range reads(e) {
			require.ErrorIs(t, read(t.Context()), store.ErrUnavailable, what)
		}
		require.Len(t, f.keys, 1, "a key was created")
		f.beforeRead = nil

		_, err := e.Do(t.Context(), reserve(keyID(1), "s", 100))
		require.NoError(t, err)
		f.beforeSchedules = func(context.Context) error { return store.ErrUnavailable }
		_, _, err = e.Check(t.Context(), ref(keyID(1)), 1)
		require.ErrorIs(t, err, store.ErrUnavailable)
		f.beforeSchedules = func(context.Context) error {
			delete(f.keys, keyID(1))
			return nil
		}
		_, _, err = e.Check(t.Context(), ref(keyID(1)), 1)
		require.ErrorIs(t, err, ledger.ErrKeyNotFound)
	})
}
