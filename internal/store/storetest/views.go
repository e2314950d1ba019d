// Reading keys without a lock: ViewKeys and ViewSchedule.

package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testViews(t *testing.T, h Harness) {
	h.run(t, "UnknownKeysAreLeftOut", func(e *env) {
		a, b := e.key(), e.key()
		views, err := e.store.ViewKeys(e.Context(), []ledger.KeyID{keyID(98), b.ID, keyID(99), a.ID}, "")
		require.NoError(e, err)
		ledger.NewestFirst(views)
		require.Len(e, views, 2)
		require.Equal(e, []ledger.Key{b, a}, []ledger.Key{views[0].Key, views[1].Key})
		for _, none := range [][]ledger.KeyID{nil, {}, {keyID(99)}} {
			views, err = e.store.ViewKeys(e.Context(), none, "")
			require.NoError(e, err)
			require.Empty(e, views)
		}
	})
	h.run(t, "OfAnotherSubjectAreLeftOut", func(e *env) {
		mine, other := e.key(func(k *ledger.Key) { k.Subject = "mine" }), e.key(func(k *ledger.Key) { k.Subject = "other" })
		views, err := e.store.ViewKeys(e.Context(), []ledger.KeyID{mine.ID, other.ID}, "mine")
		require.NoError(e, err)
		require.Len(e, views, 1)
		require.Equal(e, mine, views[0].Key)
	})
	h.run(t, "ManyKeysEachTheirOwn", func(e *env) {
		var ids []ledger.KeyID
		for i := range 120 {
			k := e.key()
			ids = append(ids, k.ID)
			e.do(settle(k, "s", int64(i+1)), reserve(k, "h", int64(i+1000), hour))
		}
		views, err := e.store.ViewKeys(e.Context(), ids, "")
		require.NoError(e, err)
		require.Len(e, views, len(ids))
		for _, v := range views {
			n := v.Key.CreatedAtUs - start + int64(v.Key.ID[15]) // keys are numbered from 1
			require.Equal(e, n, v.Key.SpentSats[ledger.Daily])
			require.Equal(e, n+999, v.Key.HeldSats)
			require.Equal(e, n+999, v.NextHolds.AmountSats)
			require.Equal(e, n, v.NextSettled[ledger.Annual].AmountSats)
		}
	})
	h.run(t, "NextReleases", testNextReleases)
	h.run(t, "HoldsThatExpireTogetherAreSummed", func(e *env) {
		k, other := e.key(), e.key()
		expires := start + second + hour
		e.at(start+1, reserve(k, "a", 3, expires-start-1))
		e.at(start+2, reserve(k, "b", 4, expires-start-2))
		e.at(start+3, reserve(k, "later", 50, expires-start-2))
		e.at(start+4, reserve(k, "released", 60, expires-start-4))
		e.at(start+5, release(k, "released"))
		e.at(start+2, reserve(other, "c", 100, expires-start-2))
		require.Equal(e, ledger.Comeback{AtUs: expires, AmountSats: 7}, e.view(k.ID).NextHolds)
		e.clock.Store(expires - 1)
		require.Equal(e, ledger.Comeback{AtUs: expires, AmountSats: 7}, e.view(k.ID).NextHolds)
		e.clock.Store(expires)
		require.Equal(e, ledger.Comeback{AtUs: expires + 1, AmountSats: 50}, e.view(k.ID).NextHolds)
		e.clock.Store(expires + 1)
		require.Equal(e, ledger.Comeback{}, e.view(k.ID).NextHolds)
	})
	h.run(t, "SpendsThatLeaveTogetherAreSummed", testLeaveTogether)
	h.run(t, "ScheduleIsOfTheSameMoment", testViewSchedule)
	h.run(t, "WritesNothing", func(e *env) {
		k := e.key()
		e.do(settle(k, "s", 1), reserve(k, "h", 2, hour))
		stored := e.view(k.ID).Key
		e.clock.Add(2 * day)
		e.view(k.ID)
		_, _, err := e.store.ViewSchedule(e.Context(), k.ID, 5)
		require.NoError(e, err)
		_, err = e.store.ListKeys(e.Context(), page("alice", 5))
		require.NoError(e, err)
		require.Equal(e, stored, e.view(k.ID).Key)
		require.Equal(e, ledger.Left{HeldSats: 2, SpentSats: [4]int64{1}}, e.view(k.ID).Left)
	})
}

// testNextReleases goes to the moments around each release of two spends.
func testNextReleases(e *env) {
	k, other := e.key(), e.key()
	require.Equal(e, [4]ledger.Comeback{}, e.view(k.ID).NextSettled)
	first := e.at(start+10, settle(k, "first", 5)).SettledAtUs
	e.at(start+11, settle(k, "gone", 100))
	e.do(reverse(k, "gone"))
	second := e.at(start+20, settle(k, "second", 7)).SettledAtUs
	e.at(start+10, settle(other, "other", 1000))
	next := func(w ledger.Window, nowUs int64) ledger.Comeback {
		switch {
		case nowUs < first+w.LengthUs():
			return ledger.Comeback{AtUs: first + w.LengthUs(), AmountSats: 5}
		case nowUs < second+w.LengthUs():
			return ledger.Comeback{AtUs: second + w.LengthUs(), AmountSats: 7}
		}
		return ledger.Comeback{}
	}
	for _, w := range ledger.Windows() {
		for _, base := range []int64{first, second} {
			for _, beside := range []int64{-1, 0, 1} {
				now := base + w.LengthUs() + beside
				e.clock.Store(now)
				view := e.view(k.ID)
				for _, v := range ledger.Windows() {
					require.Equal(e, next(v, now), view.NextSettled[v], "%s at %s %+d us", v, w, beside)
				}
				u := view.Usage()
				for _, v := range ledger.Windows() {
					want := int64(0)
					if now < first+v.LengthUs() {
						want += 5
					}
					if now < second+v.LengthUs() {
						want += 7
					}
					require.Equal(e, want, u[v].SpentSats, "%s", v)
				}
			}
		}
	}
}

// testLeaveTogether goes to the moments around the release of spends that were
// settled at one moment, as only imported ones can be.
func testLeaveTogether(e *env) {
	k, other := e.key(), e.key()
	settled := start - 2*second
	e.do(imported(k, "a", 3, settled), imported(k, "b", 4, settled), imported(k, "reversed", 60, settled), imported(k, "c", 5, settled),
		imported(k, "later", 50, settled+1), imported(other, "other", 100, settled), reverse(k, "reversed"))
	for _, w := range ledger.Windows() {
		leaves := settled + w.LengthUs()
		for now, want := range map[int64]ledger.Comeback{
			leaves - 1: {AtUs: leaves, AmountSats: 12}, leaves: {AtUs: leaves + 1, AmountSats: 50}, leaves + 1: {},
		} {
			e.clock.Store(now)
			view := e.view(k.ID)
			require.Equal(e, want, view.NextSettled[w], "%s", w)
			require.Equal(e, 50*truth(now <= leaves)+12*truth(now < leaves), view.Usage()[w].SpentSats, "%s", w)
		}
	}
	e.clock.Store(start + day)
	e.do(sweep(k, 10)) // what left together is subtracted together
	require.Equal(e, [4]int64{0, 62, 62, 62}, e.view(k.ID).Key.SpentSats)
	e.requireSound()
}

func truth(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func testViewSchedule(e *env) {
	view, schedule, err := e.store.ViewSchedule(e.Context(), keyID(99), 5)
	require.NoError(e, err)
	require.Nil(e, view)
	require.Nil(e, schedule)

	k := e.key()
	for i := range 5 {
		e.at(start+int64(i), settle(k, fmt.Sprintf("s%d", i), int64(i+1)))
		e.do(reserve(k, fmt.Sprintf("h%d", i), int64(i+1), hour+int64(i)))
	}
	for _, now := range []int64{start, start + hour + 2, start + day + 2, start + 7*day + 2, start + 400*day} {
		e.clock.Store(now)
		for _, limit := range []int{1, 3, 100} {
			view, schedule, err = e.store.ViewSchedule(e.Context(), k.ID, limit)
			require.NoError(e, err)
			require.Equal(e, e.view(k.ID), *view)
			require.Equal(e, limit, schedule.Limit)
			if now > view.Key.LastUs { // a batch is then at the same moment
				require.Equal(e, e.schedule(k.ID, limit), schedule)
			}
			for _, w := range ledger.Windows() {
				require.Equal(e, view.NextSettled[w], firstOf(schedule.Settled[w]))
			}
			require.Equal(e, view.NextHolds, firstOf(schedule.Holds))
		}
	}
}

// firstOf is the first event as a comeback.
func firstOf(events []ledger.Event) ledger.Comeback {
	if len(events) == 0 {
		return ledger.Comeback{}
	}
	return ledger.Comeback{AtUs: events[0].AtUs, AmountSats: events[0].AmountSats}
}

// testClock checks what a store says of its time and its schema.
func testClock(t *testing.T, h Harness) {
	h.run(t, "IsTheOneGiven", func(e *env) {
		for _, us := range []int64{start, start + 1, start - day} {
			e.clock.Store(us)
			got, err := e.store.ClockUs(e.Context())
			require.NoError(e, err)
			require.Equal(e, us, got)
		}
	})
	h.run(t, "SchemaIsTheOneKnown", func(e *env) { require.NoError(e, e.store.CheckSchema(e.Context())) })
	h.run(t, "ErrorsAreOfTheStore", testErrorsAfterSchemaIsGone)
}

// testErrorsAfterSchemaIsGone breaks every read and checks how it fails.
func testErrorsAfterSchemaIsGone(e *env) {
	k := e.key()
	e.exec(e.T, "ALTER TABLE spends RENAME TO spends_gone")
	e.exec(e.T, "ALTER TABLE limit_changes RENAME TO limit_changes_gone")
	ctx := e.Context()
	_, view := e.store.ViewKeys(ctx, []ledger.KeyID{k.ID}, "")
	_, _, viewSchedule := e.store.ViewSchedule(ctx, k.ID, 5)
	_, listKeys := e.store.ListKeys(ctx, page("alice", 5))
	_, listSpends := e.store.ListSpends(ctx, store.ListSpendsParams{KeyID: k.ID, Limit: 5})
	_, listOpen := e.store.ListSpends(ctx, store.ListSpendsParams{KeyID: k.ID, States: []ledger.SpendState{ledger.Reserved}, Limit: 5})
	_, listChanges := e.store.ListLimitChanges(ctx, store.ListLimitChangesParams{KeyID: k.ID, Limit: 5})
	_, listSweepable := e.store.ListSweepable(ctx, store.ListSweepableParams{Limit: 5})
	_, audit := e.store.AuditKeys(ctx, ledger.KeyID{}, 5)
	_, load := e.store.Load(ctx, store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	for name, err := range map[string]error{
		"ViewKeys": view, "ViewSchedule": viewSchedule, "ListKeys": listKeys, "ListSpends": listSpends, "ListSpends open": listOpen,
		"ListLimitChanges": listChanges, "ListSweepable": listSweepable, "AuditKeys": audit, "Load": load,
	} {
		require.ErrorIs(e, err, store.ErrDefect, name)
	}
	e.exec(e.T, "ALTER TABLE api_keys RENAME TO api_keys_gone")
	_, err := e.store.CreateKey(ctx, creation(newKey(keyID(50), start)))
	require.ErrorIs(e, err, store.ErrDefect)
}
