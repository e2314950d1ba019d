// Listing spends and limit changes: order, pages, states.

package storetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testListSpends(t *testing.T, h Harness) {
	h.run(t, "States", testListSpendsStates)
	h.run(t, "NewestFirstInPages", testListSpendsPages)
	h.run(t, "HoldsAreOpenUntilTheirMoment", func(e *env) {
		k := e.key()
		s := e.at(start, reserve(k, "s", 1, hour))
		for beside, want := range map[int64]ledger.SpendState{-1: ledger.Reserved, 0: ledger.Expired, 1: ledger.Expired} {
			e.clock.Store(s.ExpiresAtUs + beside)
			require.Equal(e, want, e.spends(k.ID)[0].State)
			for _, state := range []ledger.SpendState{ledger.Reserved, ledger.Expired} {
				for _, states := range [][]ledger.SpendState{{state}, {state, ledger.Settled}} { // each way of asking
					found := e.spends(k.ID, states...)
					if state == want {
						require.Len(e, found, 1)
						require.Equal(e, want, found[0].State)
					} else {
						require.Empty(e, found)
					}
				}
			}
		}
	})
	h.run(t, "UnknownKeysHaveNone", func(e *env) {
		e.do(settle(e.key(), "s", 1))
		require.Empty(e, e.spends(keyID(99)))
		require.Empty(e, e.spends(keyID(99), ledger.Reserved))
	})
}

func testListSpendsStates(e *env) {
	k, other := e.key(), e.key()
	e.do(reserve(k, "open", 1, 2*hour), reserve(k, "due", 2, hour), reserve(k, "swept", 3, second), reserve(k, "released", 4, hour))
	e.do(settle(k, "settled", 5), settle(k, "reversed", 6), reserve(other, "other", 7, hour))
	e.do(release(k, "released"), reverse(k, "reversed"))
	e.at(start+2*second, sweep(k, 10))
	e.clock.Store(start + hour + second)
	byState := map[ledger.SpendState][]string{
		ledger.Reserved: {"open"}, ledger.Released: {"released"}, ledger.Expired: {"swept", "due"},
		ledger.Settled: {"settled"}, ledger.Reversed: {"reversed"},
	}
	order := []string{"reversed", "settled", "released", "swept", "due", "open"} // newest first
	require.Equal(e, order, ids(e.spends(k.ID)))
	for set := 1; set < 1<<5; set++ {
		var states []ledger.SpendState
		wanted := make(map[string]ledger.SpendState)
		for s := ledger.Reserved; s <= ledger.Reversed; s++ {
			if set&(1<<(s-1)) != 0 {
				states = append(states, s)
				for _, id := range byState[s] {
					wanted[id] = s
				}
			}
		}
		var want []string
		for _, id := range order {
			if _, ok := wanted[id]; ok {
				want = append(want, id)
			}
		}
		found := e.spends(k.ID, states...)
		require.Equal(e, want, ids(found), "states %v", states)
		for _, s := range found {
			require.Equal(e, wanted[s.ID], s.State, "%s is shown as it stands", s.ID)
		}
	}
}

func testListSpendsPages(e *env) {
	k, other := e.key(), e.key()
	const count = 13
	var want, open []string
	for i := range count {
		id := fmt.Sprintf("s%d", i)
		want = append([]string{id}, want...)
		if i%2 == 0 {
			// the newest expires first: the order is that of creation
			e.do(reserve(k, id, 1, day-int64(i)*second))
			open = append([]string{id}, open...)
		} else {
			e.do(settle(k, id, 1))
		}
		e.do(settle(other, id, 1))
	}
	for size := 1; size <= count+1; size++ {
		for _, c := range []struct {
			states []ledger.SpendState
			want   []string
		}{{nil, want}, {[]ledger.SpendState{ledger.Reserved}, open}, {[]ledger.SpendState{ledger.Reserved, ledger.Released}, open}} {
			var got []string
			p := store.ListSpendsParams{KeyID: k.ID, States: c.states, BeforeUs: math.MaxInt64, NowUs: start + hour, Limit: size}
			for {
				spends, err := e.store.ListSpends(e.Context(), p)
				require.NoError(e, err)
				require.LessOrEqual(e, len(spends), size)
				got = append(got, ids(spends)...)
				if len(spends) < size {
					break
				}
				p.BeforeUs = spends[len(spends)-1].CreatedAtUs
			}
			require.Equal(e, c.want, got, "pages of %d, states %v", size, c.states)
		}
	}
}

func testListLimitChanges(t *testing.T, h Harness) {
	h.run(t, "NewestFirstInPages", func(e *env) {
		k, other := e.key(), e.key()
		for i := range int64(4) {
			e.clock.Add(second)
			e.do(ledger.UpdateLimits{
				KeyRef: on(k), Actor: ledger.Actor{Subject: fmt.Sprint("who ", i), Authentication: "jwt"},
				Updates: []ledger.LimitUpdate{
					{Window: ledger.Annual, LimitSats: (i + 1) % 4 * 100}, {Window: ledger.Daily, LimitSats: i + 1}, {Window: ledger.Monthly, LimitSats: i + 50},
				},
			}, setLimit(other, ledger.Weekly, i+9))
		}
		var want []ledger.LimitChange
		for i := int64(3); i >= 0; i-- {
			change := ledger.LimitChange{
				KeyID: k.ID, ChangedAtUs: start + (i+1)*second, Revision: i + 2, Actor: ledger.Actor{Subject: fmt.Sprint("who ", i), Authentication: "jwt"},
			}
			for _, w := range []struct {
				window   ledger.Window
				from, to int64
			}{{ledger.Annual, i * 100, (i + 1) % 4 * 100}, {ledger.Monthly, 49 + i, 50 + i}, {ledger.Daily, i, i + 1}} {
				change.Window, change.FromSats, change.ToSats = w.window, w.from, w.to
				if i == 0 {
					change.FromSats = 0
				}
				want = append(want, change)
			}
		}
		require.Equal(e, want, e.limitChanges(k.ID))
		require.Len(e, e.limitChanges(other.ID), 4)
		for size := 1; size <= len(want)+1; size++ {
			var got []ledger.LimitChange
			p := store.ListLimitChangesParams{KeyID: k.ID, BeforeRevision: math.MaxInt64, BeforeWindow: math.MaxInt64, Limit: size}
			for {
				changes, err := e.store.ListLimitChanges(e.Context(), p)
				require.NoError(e, err)
				require.LessOrEqual(e, len(changes), size)
				got = append(got, changes...)
				if len(changes) < size {
					break
				}
				last := changes[len(changes)-1]
				p.BeforeRevision, p.BeforeWindow = last.Revision, int64(last.Window)
			}
			require.Equal(e, want, got, "pages of %d", size)
		}
	})
	h.run(t, "UnknownKeysHaveNone", func(e *env) {
		e.do(setLimit(e.key(), ledger.Daily, 1))
		require.Empty(e, e.limitChanges(keyID(99)))
	})
}
