// What a batch sees: keys, the spends that it names, and what left the sums.

package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testLoad(t *testing.T, h Harness) {
	h.run(t, "UnknownKeysAreAbsent", func(e *env) {
		a, b := e.key(), e.key()
		unknown := keyID(99)
		snap := e.peek(store.LoadParams{
			Keys:         []ledger.KeyID{unknown, b.ID, a.ID},
			Spends:       []store.Name{{KeyID: unknown, ID: "s"}},
			Transactions: []store.Name{{KeyID: unknown, ID: "t"}},
		})
		require.Len(e, snap.Keys, 2)
		require.Equal(e, a, snap.Keys[a.ID].Key)
		require.Equal(e, b, snap.Keys[b.ID].Key)
		require.Empty(e, e.peek(store.LoadParams{Keys: []ledger.KeyID{unknown}}).Keys)
	})
	h.run(t, "SpendsByTheirNames", testLoadNames)
	h.run(t, "NamesAreOfOneKey", func(e *env) {
		a, b := e.key(), e.key()
		e.do(settle(a, "s", 1, "t"), settle(b, "s", 2, "t"), settle(a, "t", 3, "s"))
		snap := e.peek(store.LoadParams{
			Keys: []ledger.KeyID{a.ID, b.ID}, Spends: []store.Name{{KeyID: a.ID, ID: "s"}}, Transactions: []store.Name{{KeyID: b.ID, ID: "t"}},
		})
		require.Len(e, snap.Keys[a.ID].Spends, 1)
		require.EqualValues(e, 1, snap.Keys[a.ID].Spends[0].AmountSats)
		require.Len(e, snap.Keys[b.ID].Spends, 1)
		require.EqualValues(e, 2, snap.Keys[b.ID].Spends[0].AmountSats)
	})
	h.run(t, "NoTransactionIsNotAName", func(e *env) {
		k := e.key()
		e.do(settle(k, "s", 1))
		snap := e.peek(store.LoadParams{Keys: []ledger.KeyID{k.ID}, Transactions: []store.Name{{KeyID: k.ID, ID: ""}}})
		require.Empty(e, snap.Keys[k.ID].Spends)
	})
	h.run(t, "Reversals", func(e *env) {
		a, b := e.key(), e.key()
		e.do(reverseTransaction(a, "t1"), reverseTransaction(a, "t2"), reverseTransaction(b, "t3"))
		require.Equal(e, []string{"t1"}, e.reversals(a.ID, "t1", "t3", "t4"))
		require.ElementsMatch(e, []string{"t1", "t2"}, e.reversals(a.ID, "t2", "t1"))
		require.Equal(e, []string{"t3"}, e.reversals(b.ID, "t1", "t3"))
		require.Empty(e, e.peekKey(a.ID).Reversals, "only what the batch names")
		crossed := e.peek(store.LoadParams{
			Keys: []ledger.KeyID{a.ID, b.ID}, Transactions: []store.Name{{KeyID: a.ID, ID: "t3"}, {KeyID: b.ID, ID: "t1"}},
		})
		require.Empty(e, crossed.Keys[a.ID].Reversals, "of one key")
		require.Empty(e, crossed.Keys[b.ID].Reversals, "of one key")
	})
	h.run(t, "NowIsAlwaysAfterTheKeysLastTime", testLoadNow)
}

func testLoadNames(e *env) {
	k := e.key()
	e.do(settle(k, "s1", 1, "t1"), settle(k, "s2", 2, "t2"), reserve(k, "s3", 3, hour), settle(k, "s4", 4, "t4"))
	all := make(map[string]ledger.Spend)
	for _, s := range e.spends(k.ID) {
		all[s.ID] = s
	}
	name := func(id string) store.Name { return store.Name{KeyID: k.ID, ID: id} }
	load := func(spends, transactions []store.Name) []ledger.Spend {
		return e.peek(store.LoadParams{Keys: []ledger.KeyID{k.ID}, Spends: spends, Transactions: transactions}).Keys[k.ID].Spends
	}
	require.Empty(e, load(nil, nil))
	require.Empty(e, load([]store.Name{name("s9"), name("t1")}, []store.Name{name("t9"), name("s1")}))
	require.Equal(e, []ledger.Spend{all["s1"]}, load([]store.Name{name("s1")}, nil))
	require.Equal(e, []ledger.Spend{all["s2"]}, load(nil, []store.Name{name("t2")}))
	require.Equal(e, []ledger.Spend{all["s1"]}, load([]store.Name{name("s1")}, []store.Name{name("t1")}), "named twice, there once")
	require.ElementsMatch(e, []ledger.Spend{all["s1"], all["s2"], all["s3"], all["s4"]},
		load([]store.Name{name("s3"), name("s1"), name("s4")}, []store.Name{name("t4"), name("t2")}))
}

func testLoadNow(e *env) {
	k := e.key()
	e.at(start+hour, settle(k, "s", 1))
	for _, c := range []struct{ clock, now, readNow int64 }{
		{start, start + hour + 1, start + hour},
		{start + hour - 1, start + hour + 1, start + hour},
		{start + hour, start + hour + 1, start + hour},
		{start + hour + 1, start + hour + 1, start + hour + 1},
		{start + hour + 2, start + hour + 2, start + hour + 2},
	} {
		e.clock.Store(c.clock)
		snap := e.peek(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		require.Equal(e, c.clock, snap.ClockUs)
		require.Equal(e, c.now, snap.Keys[k.ID].NowUs)
		view := e.view(k.ID)
		require.Equal(e, c.clock, view.ClockUs)
		require.Equal(e, c.readNow, view.NowUs)
	}
}

// testLeft checks what stopped counting, to the microsecond, as batches and as
// reads see it.
func testLeft(t *testing.T, h Harness) {
	for _, w := range ledger.Windows() {
		h.run(t, fmt.Sprintf("Settled/%s", w), func(e *env) { testLeftSettled(e, w) })
	}
	h.run(t, "Held", testLeftHeld)
	h.run(t, "FromAClockThatStepsBack", func(e *env) {
		// A key's now is past its last time, so the microsecond after that
		// decides, not the clock.
		k := e.key()
		e.at(start+second, settle(k, "s", 5))
		hold := e.at(start+second+1, reserve(k, "h", 6, hour))
		e.at(hold.ExpiresAtUs-1, settle(k, "later", 1))
		e.clock.Store(start)
		require.Equal(e, ledger.Left{HeldSats: 6}, e.peekKey(k.ID).Left)
		require.Equal(e, ledger.Left{}, e.view(k.ID).Left, "a read stays at the last time")
	})
	h.run(t, "EachKeyFromItsOwnMoment", func(e *env) {
		a, b := e.key(), e.key()
		e.at(start+1, settle(a, "s", 5))
		e.at(start+2, settle(b, "s", 7))
		e.at(start+1+day, settle(a, "later", 1)) // a's sums are at its moment, b's are not
		e.clock.Store(start + 2 + day)
		snap := e.peek(store.LoadParams{Keys: []ledger.KeyID{a.ID, b.ID}})
		require.Equal(e, ledger.Left{}, snap.Keys[a.ID].Left)
		require.Equal(e, ledger.Left{SpentSats: [4]int64{7}}, snap.Keys[b.ID].Left)
	})
}

// testLeftSettled watches spends leave window w. Beside them are spends that
// count nowhere any more and must not be subtracted again.
func testLeftSettled(e *env, w ledger.Window) {
	k, other := e.key(), e.key()
	first := e.at(start+second, settle(k, "first", 100)).SettledAtUs
	e.at(first, settle(other, "first", 1_000_000)) // another key's never counts
	e.do(settle(k, "reversed", 10_000))
	e.do(reverse(k, "reversed"))
	last := e.at(first+50, settle(k, "last", 7)).SettledAtUs
	left := func(nowUs int64) (l ledger.Left) {
		for _, v := range ledger.Windows() {
			if nowUs >= first+v.LengthUs() {
				l.SpentSats[v] += 100
			}
			if nowUs >= last+v.LengthUs() {
				l.SpentSats[v] += 7
			}
		}
		return l
	}
	for _, base := range []int64{first, last} {
		for _, beside := range []int64{-1, 0, 1} {
			now := base + w.LengthUs() + beside
			e.clock.Store(now)
			require.Equal(e, left(now), e.peekKey(k.ID).Left, "%s, %d us beside", w, beside)
			require.Equal(e, left(now), e.view(k.ID).Left, "%s, %d us beside", w, beside)
		}
	}
	// Sums that are saved at exactly the moment of leaving have subtracted it.
	e.at(first+w.LengthUs(), ledger.Rename{KeyRef: on(k), Name: "saved"})
	for _, now := range []int64{first + w.LengthUs() + 1, last + w.LengthUs() - 1, last + w.LengthUs(), last + w.LengthUs() + 1} {
		e.clock.Store(now)
		want := ledger.Left{}
		for _, v := range ledger.Windows() {
			want.SpentSats[v] = left(now).SpentSats[v] - left(first + w.LengthUs()).SpentSats[v]
		}
		require.Equal(e, want, e.peekKey(k.ID).Left, "%s", w)
		require.Equal(e, want, e.view(k.ID).Left, "%s", w)
	}
	e.requireSound()
}

// testLeftHeld watches holds expire.
func testLeftHeld(e *env) {
	k, other := e.key(), e.key()
	expires := e.at(start+second, reserve(k, "first", 100, hour)).ExpiresAtUs
	e.do(reserve(other, "first", 1_000_000, hour))
	e.do(reserve(k, "released", 10_000, hour), reserve(k, "settled", 20_000, hour))
	e.do(release(k, "released"), settle(k, "settled", 0))
	last := e.do(reserve(k, "last", 7, hour))[0].Spend.ExpiresAtUs
	left := func(nowUs int64) (l ledger.Left) {
		if nowUs >= expires {
			l.HeldSats += 100
		}
		if nowUs >= last {
			l.HeldSats += 7
		}
		return l
	}
	for _, base := range []int64{expires, last} {
		for _, beside := range []int64{-1, 0, 1} {
			now := base + beside
			e.clock.Store(now)
			require.Equal(e, left(now), e.peekKey(k.ID).Left, "%d us beside", beside)
			require.Equal(e, left(now), e.view(k.ID).Left, "%d us beside", beside)
		}
	}
	e.at(expires, ledger.Rename{KeyRef: on(k), Name: "saved"})
	e.clock.Store(expires + 1)
	require.Equal(e, ledger.Left{}, e.peekKey(k.ID).Left)
	require.Equal(e, ledger.Left{}, e.view(k.ID).Left)
	e.clock.Store(last)
	require.Equal(e, ledger.Left{HeldSats: 7}, e.peekKey(k.ID).Left)
	require.Equal(e, ledger.Left{HeldSats: 7}, e.view(k.ID).Left)
	e.requireSound()
}
