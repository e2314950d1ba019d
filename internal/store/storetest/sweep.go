// Tidying: what is found to be due, and what a sweep writes and deletes.

package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testSweep(t *testing.T, h Harness) {
	h.run(t, "DueKeys", testSweepable)
	h.run(t, "PagesInTheOrderOfIDs", func(e *env) {
		var want []ledger.KeyID
		for i := range 7 {
			k := e.key()
			want = append(want, k.ID)
			if i%2 == 0 {
				e.do(reserve(k, "h", 1, second))
			}
		}
		for size := 1; size <= 8; size++ {
			var got []ledger.KeyID
			p := store.ListSweepableParams{ExpiredAtUs: start + hour, Limit: size}
			for {
				found, err := e.store.ListSweepable(e.Context(), p)
				require.NoError(e, err)
				require.LessOrEqual(e, len(found), size)
				for _, s := range found {
					require.Equal(e, len(got)%2 == 0, s.Due)
					got = append(got, s.KeyID)
				}
				if len(found) < size {
					break
				}
				p.After = found[len(found)-1].KeyID
			}
			require.Equal(e, want, got, "pages of %d", size)
		}
	})
	h.run(t, "WritesDownWhatExpired", testSweepExpired)
	h.run(t, "SavesSumsAsOfNow", func(e *env) {
		k := e.key()
		e.do(settle(k, "s", 5))
		e.at(start+8*day, sweep(k, 10))
		stored := e.view(k.ID).Key
		require.Equal(e, [4]int64{0, 0, 5, 5}, stored.SpentSats)
		require.Equal(e, start+8*day, stored.AsOfUs)
		require.EqualValues(e, 2, stored.Revision, "a sweep is not a change")
		require.Equal(e, ledger.Left{}, e.view(k.ID).Left)
		e.requireSound()
	})
	h.run(t, "DeletesAfterRetention", testSweepDeletes)
	h.run(t, "ForgetsReversalsAfterRetention", func(e *env) {
		k := e.key()
		e.do(reverseTransaction(k, "tx"))
		at := e.view(k.ID).Key.LastUs
		e.at(at+ledger.RetentionUs, sweep(k, 10))
		require.Equal(e, []string{"tx"}, e.reversals(k.ID, "tx"))
		e.at(at+ledger.RetentionUs+1, sweep(k, 10))
		require.Empty(e, e.reversals(k.ID, "tx"))
	})
	h.run(t, "KeepsOpenHoldsForEver", func(e *env) {
		k := e.key()
		e.do(reserve(k, "open", 1, 2000*day), settle(k, "old", 1))
		e.at(start+1000*day, sweep(k, 10))
		require.Equal(e, []string{"open"}, ids(e.spends(k.ID)))
		require.EqualValues(e, 1, e.view(k.ID).Key.HeldSats)
		e.requireSound()
	})
	h.run(t, "InSteps", testSweepSteps)
}

// due is whether the key is due, with what is given alone.
func (e *env) due(k ledger.Key, p store.ListSweepableParams) bool {
	e.Helper()
	p.Limit = 100
	found, err := e.store.ListSweepable(e.Context(), p)
	require.NoError(e, err)
	for _, s := range found {
		if s.KeyID == k.ID {
			return s.Due
		}
	}
	require.Fail(e, "the key is not listed")
	return false
}

func testSweepable(e *env) {
	expired := func(us int64) store.ListSweepableParams { return store.ListSweepableParams{ExpiredAtUs: us} }
	deleteBefore := func(us int64) store.ListSweepableParams { return store.ListSweepableParams{DeleteBeforeUs: us} }
	staleBefore := func(us int64) store.ListSweepableParams { return store.ListSweepableParams{StaleBeforeUs: us} }
	everything := store.ListSweepableParams{ExpiredAtUs: 1 << 62, DeleteBeforeUs: 1 << 62, StaleBeforeUs: 1 << 62}

	require.False(e, e.due(e.key(), everything), "a key that was never used")

	holding := e.key()
	hold := e.do(reserve(holding, "h", 1, hour))[0].Spend
	require.False(e, e.due(holding, expired(hold.ExpiresAtUs-1)))
	require.True(e, e.due(holding, expired(hold.ExpiresAtUs)))
	require.False(e, e.due(holding, deleteBefore(1<<62)), "an open hold is never deleted")
	require.False(e, e.due(holding, staleBefore(1<<62)), "nothing spent that could leave")

	spending := e.key()
	e.do(settle(spending, "s", 1))
	s := e.at(start+hour, settle(spending, "s", 1, "named later")) // changed after it was made
	require.False(e, e.due(spending, expired(1<<62)))
	require.False(e, e.due(spending, deleteBefore(s.UpdatedAtUs)))
	require.True(e, e.due(spending, deleteBefore(s.UpdatedAtUs+1)))
	asOf := e.view(spending.ID).Key.AsOfUs
	require.False(e, e.due(spending, staleBefore(asOf)))
	require.True(e, e.due(spending, staleBefore(asOf+1)))

	reversed := e.key()
	e.do(reverseTransaction(reversed, "t"))
	at := e.view(reversed.ID).Key.LastUs
	require.False(e, e.due(reversed, deleteBefore(at)))
	require.True(e, e.due(reversed, deleteBefore(at+1)))
	require.False(e, e.due(reversed, expired(1<<62)))
	require.False(e, e.due(reversed, staleBefore(1<<62)))
}

func testSweepExpired(e *env) {
	k, other := e.key(), e.key()
	hold := e.at(start, reserve(k, "h", 5, hour))
	e.do(reserve(k, "longer", 6, hour+second), reserve(other, "h", 7, hour))
	e.at(hold.ExpiresAtUs-1, sweep(k, 10))
	require.Equal(e, hold, e.spends(k.ID)[1], "nothing is due yet")
	e.at(hold.ExpiresAtUs, sweep(k, 10))
	want := hold
	want.State, want.UpdatedAtUs = ledger.Expired, hold.ExpiresAtUs
	e.clock.Store(start) // listed as of then, so that time itself expires nothing
	stored := e.spends(k.ID)
	require.Equal(e, want, stored[1])
	require.Equal(e, ledger.Reserved, stored[0].State)
	require.Equal(e, ledger.Reserved, e.spends(other.ID)[0].State)
	require.EqualValues(e, 6, e.view(k.ID).Key.HeldSats)
	e.requireSound()
}

// testSweepDeletes sweeps one of each at its last moment and one later.
func testSweepDeletes(e *env) {
	k, other := e.key(), e.key()
	for i, op := range []ledger.Operation{ // a second apart
		reserve(k, "expired", 1, hour), reserve(k, "released", 2, hour), release(k, "tombstone"), settle(k, "settled", 3), settle(k, "reversed", 4),
		reserve(k, "settled later", 5, 5*hour), reverse(k, "reversed ahead"), reverseTransaction(k, "tx"),
		release(k, "released"), reverse(k, "reversed"), settle(k, "settled later", 5),
	} {
		e.at(start+int64(i)*second, op)
	}
	e.do(settle(other, "settled", 9), reverseTransaction(other, "tx"))
	e.at(start+2*hour, sweep(k, 10)) // writes down the expiry
	e.clock.Store(start)             // as stored
	updated := make(map[string]int64)
	for _, s := range e.spends(k.ID) {
		updated[s.ID] = s.UpdatedAtUs
	}
	require.Len(e, updated, 7)
	for _, id := range []string{"tombstone", "settled", "reversed ahead", "released", "reversed", "settled later", "expired"} { // in the order of their last change
		last := updated[id]
		e.at(last+ledger.RetentionUs, sweep(k, 10))
		require.Contains(e, ids(e.spends(k.ID)), id, "kept for 400 days")
		e.at(last+ledger.RetentionUs+1, sweep(k, 10))
		require.NotContains(e, ids(e.spends(k.ID)), id)
		e.requireSound()
	}
	require.Empty(e, e.spends(k.ID))
	require.Empty(e, e.reversals(k.ID, "tx"))
	require.Len(e, e.spends(other.ID), 1)
	require.Equal(e, []string{"tx"}, e.reversals(other.ID, "tx"))
}

func testSweepSteps(e *env) {
	k := e.key()
	const count, limit = 7, 3
	for i := range count {
		e.do(reserve(k, fmt.Sprintf("h%d", i), 1, hour), release(k, fmt.Sprintf("s%d", i)), reverseTransaction(k, fmt.Sprintf("t%d", i)))
	}
	transactions := make([]string, count)
	for i := range transactions {
		transactions[i] = fmt.Sprintf("t%d", i)
	}
	expired := func() (n int) {
		for _, s := range e.spends(k.ID) {
			if s.State == ledger.Expired {
				n++
			}
		}
		return n
	}
	for _, want := range []int{3, 6, 7} {
		e.at(start+2*hour, sweep(k, limit))
		e.clock.Store(start)
		require.Equal(e, want, expired())
		require.Len(e, e.spends(k.ID), 2*count)
		e.requireSound()
	}
	// The oldest go first, three of each kind at a time.
	for step, left := range []struct{ spends, reversals int }{{11, 4}, {8, 1}, {5, 0}, {2, 0}, {0, 0}} {
		e.at(start+2*hour+ledger.RetentionUs+day, sweep(k, limit))
		spends := e.spends(k.ID)
		require.Len(e, spends, left.spends, "step %d", step)
		require.Len(e, e.reversals(k.ID, transactions...), left.reversals, "step %d", step)
		if step == 0 {
			require.Equal(e, "s1", spends[len(spends)-1].ID)
		}
		e.requireSound()
	}
	require.False(e, e.due(k, store.ListSweepableParams{ExpiredAtUs: 1 << 62, DeleteBeforeUs: 1 << 62, StaleBeforeUs: 1 << 62}))
}
