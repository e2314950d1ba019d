// What comes back next: the schedules that explain refusals.

package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testSchedules(t *testing.T, h Harness) {
	h.run(t, "OrderAndCut", testScheduleOrder)
	h.run(t, "EachWindow", testScheduleWindows)
	h.run(t, "SeveralKeys", testScheduleKeys)
	h.run(t, "HoldsThatExpireTogether", func(e *env) {
		k := e.key()
		want := []ledger.Event{}
		for i := range 6 {
			e.clock.Store(start + int64(10+i))
			s := e.do(reserve(k, fmt.Sprint(i), int64(i+1), hour-int64(i)))[0].Spend // all at one moment
			want = append(want, ledger.Event{AtUs: s.ExpiresAtUs, AmountSats: s.HeldSats, CreatedAtUs: s.CreatedAtUs})
		}
		require.Equal(e, want[0].AtUs, want[5].AtUs)
		for limit := 1; limit <= 6; limit++ { // the older first, so that every engine cuts alike
			require.Equal(e, want[:limit], e.schedule(k.ID, limit).Holds)
		}
	})
	h.run(t, "SpendsThatLeaveTogether", func(e *env) {
		k := e.key()
		want := []ledger.Event{}
		for i := range 6 { // the amounts fall, so that no index has them in this order
			e.clock.Store(start + int64(10+i))
			s := e.do(imported(k, fmt.Sprint(i), int64(9-i), start))[0].Spend
			want = append(want, ledger.Event{AmountSats: s.AmountSats, CreatedAtUs: s.CreatedAtUs})
		}
		e.do(settle(k, "0", 9, "tx")) // and the first row lies behind the others
		for limit := 1; limit <= 6; limit++ {
			got := e.schedule(k.ID, limit)
			for _, w := range ledger.Windows() {
				for i := range want {
					want[i].AtUs = start + w.LengthUs()
				}
				require.Equal(e, want[:limit], got.Settled[w])
			}
		}
	})
	h.run(t, "ExplainsARefusal", func(e *env) {
		k := e.key(func(k *ledger.Key) { k.Limits[ledger.Daily] = 10 })
		var settled []int64
		for i := range 10 {
			settled = append(settled, e.at(start+int64(i+1)*second, settle(k, fmt.Sprint(i), 1)).SettledAtUs)
		}
		outcomes, err := Do(e.Context(), e.store, reserve(k, "big", 4, hour))
		require.NoError(e, err)
		var refusal *ledger.LimitExceededError
		require.ErrorAs(e, outcomes[0].Err, &refusal)
		require.Equal(e, settled[3]+day, refusal.AvailableAtUs)
	})
}

// schedule is what a batch loads of one key.
func (e *env) schedule(id ledger.KeyID, limit int) *ledger.Schedule {
	e.Helper()
	batch := e.load(store.LoadParams{Keys: []ledger.KeyID{id}})
	defer batch.Rollback()
	require.NoError(e, batch.LoadSchedules(e.Context(), []ledger.KeyID{id}, limit))
	return batch.Snapshot().Keys[id].Schedule
}

func testScheduleOrder(e *env) {
	k, other := e.key(), e.key()
	var settled, holds []ledger.Event
	for i := range int64(6) {
		s := e.at(start+i*second, settle(k, fmt.Sprintf("s%d", i), 10+i))
		settled = append(settled, ledger.Event{AtUs: s.SettledAtUs, AmountSats: s.AmountSats, CreatedAtUs: s.CreatedAtUs})
		// later holds expire earlier
		s = e.do(reserve(k, fmt.Sprintf("h%d", i), 20+i, hour-i*60*second))[0].Spend
		holds = append([]ledger.Event{{AtUs: s.ExpiresAtUs, AmountSats: s.HeldSats, CreatedAtUs: s.CreatedAtUs}}, holds...)
	}
	e.do(settle(other, "s", 1), reserve(other, "h", 1, hour))
	// what counts nowhere does not come back
	e.do(settle(k, "reversed", 1), reserve(k, "released", 1, hour), reserve(k, "settled late", 1, hour))
	e.do(reverse(k, "reversed"), release(k, "released"), release(k, "settled late"))
	for limit := 1; limit <= 8; limit++ {
		got := e.schedule(k.ID, limit)
		require.Equal(e, limit, got.Limit)
		require.Equal(e, holds[:min(limit, 6)], got.Holds)
		for _, w := range ledger.Windows() {
			want := make([]ledger.Event, 0, limit)
			for _, s := range settled[:min(limit, 6)] {
				s.AtUs += w.LengthUs()
				want = append(want, s)
			}
			require.Equal(e, want, got.Settled[w], "%s", w)
		}
	}
}

// testScheduleWindows goes to the moments at which a spend leaves a window, and
// a hold expires.
func testScheduleWindows(e *env) {
	k := e.key()
	s := e.at(start+second, settle(k, "s", 5))
	hold := e.at(start+second+1, reserve(k, "h", 6, 8*day))
	for _, w := range ledger.Windows() {
		for _, beside := range []int64{-1, 0, 1} {
			e.clock.Store(s.SettledAtUs + w.LengthUs() + beside)
			got := e.schedule(k.ID, 10)
			for _, v := range ledger.Windows() {
				if leaves := s.SettledAtUs + v.LengthUs(); leaves > e.clock.Load() {
					require.Equal(e, []ledger.Event{{AtUs: leaves, AmountSats: 5, CreatedAtUs: s.CreatedAtUs}}, got.Settled[v], "%s", v)
				} else {
					require.Empty(e, got.Settled[v], "%s", v)
				}
			}
		}
	}
	for _, beside := range []int64{-1, 0, 1} {
		e.clock.Store(hold.ExpiresAtUs + beside)
		if got := e.schedule(k.ID, 10); beside < 0 {
			require.Equal(e, []ledger.Event{{AtUs: hold.ExpiresAtUs, AmountSats: 6, CreatedAtUs: hold.CreatedAtUs}}, got.Holds)
		} else {
			require.Empty(e, got.Holds)
		}
	}
}

func testScheduleKeys(e *env) {
	a, b, c := e.key(), e.key(), e.key()
	s := e.at(start+second, settle(a, "s", 5))
	h := e.at(start+2*second, reserve(b, "h", 6, hour))
	e.at(start+2*second+day, settle(b, "later", 7)) // moves b's last time past a's
	e.clock.Store(start + second + day - 1)         // a's spend has not left, and b's hold has expired by b's own time
	batch := e.load(store.LoadParams{Keys: []ledger.KeyID{a.ID, b.ID, c.ID}})
	require.NoError(e, batch.LoadSchedules(e.Context(), []ledger.KeyID{b.ID, a.ID}, 3))
	keys := batch.Snapshot().Keys
	require.Nil(e, keys[c.ID].Schedule, "not asked for")
	require.Empty(e, keys[a.ID].Schedule.Holds)
	require.Equal(e, []ledger.Event{{AtUs: s.SettledAtUs + day, AmountSats: 5, CreatedAtUs: s.CreatedAtUs}}, keys[a.ID].Schedule.Settled[ledger.Daily])
	require.Empty(e, keys[b.ID].Schedule.Holds, "expired at %d", h.ExpiresAtUs)
	require.Len(e, keys[b.ID].Schedule.Settled[ledger.Daily], 1)
	require.EqualValues(e, 7, keys[b.ID].Schedule.Settled[ledger.Daily][0].AmountSats)
	// again, longer: it replaces the first
	require.NoError(e, batch.LoadSchedules(e.Context(), []ledger.KeyID{a.ID}, 5))
	require.Equal(e, 5, keys[a.ID].Schedule.Limit)
	require.Len(e, keys[a.ID].Schedule.Settled[ledger.Annual], 1)
}
