// Batches at the same time: they exclude each other, and never for ever.

package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testConcurrency(t *testing.T, h Harness) {
	h.run(t, "BatchesOfOneKeyExcludeEachOther", testExclusion)
	h.run(t, "AWaitingBatchSeesWhatTheOtherWrote", func(e *env) {
		k := e.key()
		first := e.load(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		name := store.Name{KeyID: k.ID, ID: "s"}
		loaded := make(chan *ledger.KeySnapshot, 1)
		go func() {
			batch, err := e.store.Load(e.Context(), store.LoadParams{
				Keys: []ledger.KeyID{k.ID}, Spends: []store.Name{name}, Transactions: []store.Name{{KeyID: k.ID, ID: "t"}},
			})
			if err != nil {
				loaded <- nil
				return
			}
			defer batch.Rollback()
			loaded <- batch.Snapshot().Keys[k.ID]
		}()
		applied := ledger.Apply(first.Snapshot(), []ledger.Operation{settle(k, "s", 5, "x"), reverseTransaction(k, "t")})
		require.NoError(e, first.Commit(e.Context(), &applied.Changes))
		got := <-loaded
		require.NotNil(e, got)
		require.EqualValues(e, 3, got.Key.Revision)
		require.EqualValues(e, 5, got.Key.SpentSats[ledger.Daily])
		require.Len(e, got.Spends, 1)
		require.Equal(e, []string{"t"}, transactionIDs(got.Reversals))
	})
	h.run(t, "ReadersDoNotWait", func(e *env) {
		k := e.key()
		e.do(settle(k, "s", 5), setLimit(k, ledger.Daily, 9))
		batch := e.load(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		e.readWithoutLock(e.Context(), k)
		require.NoError(e, batch.Commit(e.Context(), &ledger.Changes{Inserted: []ledger.Spend{row(k, "new", 50)}}))
	})
	h.run(t, "ViewAndScheduleAreOfOneMoment", testOneMoment)
	h.run(t, "OneMoreNeverFits", testNoOverspend)
	h.run(t, "KeysInAnyOrderNeverDeadlock", testNoDeadlock)
}

// readWithoutLock runs the reads that take no lock.
func (e *env) readWithoutLock(ctx context.Context, k ledger.Key) {
	e.Helper()
	_, err := e.store.ViewKeys(ctx, []ledger.KeyID{k.ID}, "")
	require.NoError(e, err)
	_, _, err = e.store.ViewSchedule(ctx, k.ID, 10)
	require.NoError(e, err)
	_, err = e.store.ListKeys(ctx, page(k.Subject, 10))
	require.NoError(e, err)
	_, err = e.store.ListSpends(ctx, store.ListSpendsParams{KeyID: k.ID, BeforeUs: 1 << 62, Limit: 10})
	require.NoError(e, err)
	_, err = e.store.ListLimitChanges(ctx, store.ListLimitChangesParams{KeyID: k.ID, BeforeRevision: 1 << 62, Limit: 10})
	require.NoError(e, err)
	_, err = e.store.ListSweepable(ctx, store.ListSweepableParams{Limit: 10})
	require.NoError(e, err)
	_, err = e.store.AuditKeys(ctx, ledger.KeyID{}, 10)
	require.NoError(e, err)
	_, err = e.store.ClockUs(ctx)
	require.NoError(e, err)
	require.NoError(e, e.store.CheckSchema(ctx))
}

// parallel runs work in several goroutines and fails with their first error.
func (e *env) parallel(goroutines int, work func(ctx context.Context, n int) error) {
	e.Helper()
	errs := make(chan error, goroutines)
	var group sync.WaitGroup
	for n := range goroutines {
		group.Go(func() { errs <- work(e.Context(), n) })
	}
	group.Wait()
	close(errs)
	for err := range errs {
		require.NoError(e, err)
	}
}

// testExclusion counts how many batches hold one key at once.
func testExclusion(e *env) {
	k := e.key()
	const goroutines, rounds = 8, 12
	var mu sync.Mutex
	holders, most := 0, 0
	e.parallel(goroutines, func(ctx context.Context, n int) error {
		for i := range rounds {
			batch, err := e.store.Load(ctx, store.LoadParams{Keys: []ledger.KeyID{k.ID}})
			if err != nil {
				return err
			}
			mu.Lock()
			holders++
			most = max(most, holders)
			mu.Unlock()
			applied := ledger.Apply(batch.Snapshot(), []ledger.Operation{settle(k, fmt.Sprintf("%d/%d", n, i), 1)})
			mu.Lock()
			holders-- // before the commit, which frees the key
			mu.Unlock()
			if err := batch.Commit(ctx, &applied.Changes); err != nil {
				return err
			}
		}
		return nil
	})
	require.Equal(e, 1, most)
	stored := e.view(k.ID).Key
	require.EqualValues(e, goroutines*rounds+1, stored.Revision, "no change was lost")
	require.EqualValues(e, goroutines*rounds, stored.SpentSats[ledger.Annual])
	e.requireSound()
}

// testNoOverspend lets many ask for the last of a limit.
func testNoOverspend(e *env) {
	const limit, goroutines, asks = 20, 8, 8
	k := e.key(func(k *ledger.Key) { k.Limits[ledger.Weekly] = limit })
	var mu sync.Mutex
	granted := 0
	e.parallel(goroutines, func(ctx context.Context, n int) error {
		for i := range asks {
			outcomes, err := Do(ctx, e.store, reserve(k, fmt.Sprintf("%d/%d", n, i), 1, hour))
			if err != nil {
				return err
			}
			if outcomes[0].Err == nil {
				mu.Lock()
				granted++
				mu.Unlock()
			}
		}
		return nil
	})
	require.Equal(e, limit, granted)
	require.EqualValues(e, limit, e.view(k.ID).Key.HeldSats)
	e.requireSound()
}

// testNoDeadlock runs batches that name the same keys in different orders. No
// conflict is allowed: locks are taken in one order.
func testNoDeadlock(e *env) {
	const keys, goroutines, batches = 12, 8, 25
	var all []ledger.Key
	for range keys {
		all = append(all, e.key())
	}
	e.parallel(goroutines, func(ctx context.Context, n int) error {
		random := rand.New(rand.NewPCG(uint64(n), 7))
		for i := range batches {
			var ops []ledger.Operation
			for _, j := range random.Perm(keys)[:2+random.IntN(8)] {
				ops = append(ops, settle(all[j], fmt.Sprintf("%d/%d", n, i), int64(1+random.IntN(9))))
			}
			if _, err := Do(ctx, e.store, ops...); err != nil {
				return err
			}
		}
		return nil
	})
	e.requireSound()
}

// testOneMoment reads a key and its schedule while others write: what the view
// says was spent is what the schedule says comes back.
func testOneMoment(e *env) {
	const spends = 100
	k := e.key()
	var done atomic.Bool
	e.parallel(3, func(ctx context.Context, n int) error {
		if n == 0 {
			defer done.Store(true)
			for i := range spends {
				if _, err := Do(ctx, e.store, settle(k, fmt.Sprint(i), 1)); err != nil {
					return err
				}
			}
			return nil
		}
		for !done.Load() {
			view, schedule, err := e.store.ViewSchedule(ctx, k.ID, spends+1)
			if err != nil {
				return err
			}
			if spent := view.Current().SpentSats[ledger.Annual]; spent != int64(len(schedule.Settled[ledger.Annual])) {
				return fmt.Errorf("%d sats spent, %d come back", spent, len(schedule.Settled[ledger.Annual]))
			}
		}
		return nil
	})
}
