// Scenarios: setting, changing and removing limits.

package rpc_test

import (
	"math"
	"sync"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func limits(e *env) {
	key := e.newKey()
	set := e.setLimits(key, update(weekly, 500)).ok().GetApiKey()
	require.Equal(e.t, []string{"daily - 0 0 -", "weekly 500 0 0 500", "monthly - 0 0 -", "annual - 0 0 -"}, sums(set.GetUsage()))
	require.Equal(e.t, int64(2), set.GetRevision())
	e.record(key, "paid", 100).ok()
	changed := e.setLimits(key, update(weekly, 90)).ok().GetApiKey()
	require.Equal(e.t, "weekly 90 100 0 0", sums(changed.GetUsage())[1], "below what is spent: refuses until enough has left")
	e.reserve(key, "next", 1).fails("SPENDING_LIMIT_EXCEEDED")

	all := e.setLimits(key, update(daily, 1), update(weekly, 2), update(monthly, 3), update(annual, maxSat)).ok().GetApiKey()
	require.Equal(e.t, []string{"daily 1 100 0 0", "weekly 2 100 0 0", "monthly 3 100 0 0", "annual 2100000000000000 100 0 2099999999999900"}, sums(all.GetUsage()))
	require.Equal(e.t, int64(5), all.GetRevision(), "one call is one change")

	one := e.setLimits(key, unlimited(monthly)).ok().GetApiKey()
	require.Equal(e.t, []string{"daily 1 100 0 0", "weekly 2 100 0 0", "monthly - 100 0 -", "annual 2100000000000000 100 0 2099999999999900"}, sums(one.GetUsage()), "windows not named never change")
	require.Equal(e.t, int64(6), one.GetRevision())
	again := e.setLimits(key, unlimited(monthly), update(daily, 1)).ok().GetApiKey()
	require.Equal(e.t, one.String(), again.String(), "removing again, and setting what is set, changes nothing")
	none := e.setLimits(key, unlimited(daily), unlimited(weekly), unlimited(annual)).ok().GetApiKey()
	require.Equal(e.t, []string{"daily - 100 0 -", "weekly - 100 0 -", "monthly - 100 0 -", "annual - 100 0 -"}, sums(none.GetUsage()))
	e.reserve(key, "next", maxSat).ok()
}

func limitsRefused(e *env) {
	key := e.newKey(limit(daily, 100))
	for _, bad := range []int64{0, -1, maxSat + 1, math.MaxInt64, math.MinInt64} {
		e.setLimits(key, update(weekly, 5), update(daily, bad)).invalid("updates[1].limit_sats")
		e.create(&satcapv1.CreateApiKeyRequest{Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, bad)}}).invalid("limits[0].limit_sats")
	}
	e.setLimits(key).invalid("updates")
	e.setLimits(key, update(daily, 1), update(daily, 2)).invalid("updates")
	e.setLimits(key, update(daily, 1), unlimited(daily)).invalid("updates")
	e.setLimits(key, update(0, 1)).invalid("updates[0].window")
	e.setLimits(key, update(5, 1)).invalid("updates[0].window")
	e.setLimits(key, update(-1, 1)).invalid("updates[0].window")
	e.setLimits(key, &satcapv1.LimitUpdate{Window: daily}).invalid("updates[0].limit")
	e.setLimits(key, &satcapv1.LimitUpdate{Window: daily, Limit: &satcapv1.LimitUpdate_Unlimited{}}).invalid("updates[0].unlimited")
	e.setLimits(key, update(daily, 1), update(weekly, 1), update(monthly, 1), update(annual, 1), update(daily, 1)).invalid("updates")
	e.updateLimits(&satcapv1.UpdateLimitsRequest{ApiKeyId: key, Updates: []*satcapv1.LimitUpdate{update(daily, 1)}, ExpectedRevision: proto.Int64(-1)}).invalid("expected_revision")
	got := e.get(key).ok().GetApiKey()
	require.Equal(e.t, int64(1), got.GetRevision())
	require.Equal(e.t, []string{"daily 100 0 0 100", "weekly - 0 0 -", "monthly - 0 0 -", "annual - 0 0 -"}, sums(got.GetUsage()), "all or nothing")
}

// limitRevisions: a change based on an old view is refused.
func limitRevisions(e *env) {
	key := e.newKey()
	at := func(revision int64, sats int64) answer[*satcapv1.UpdateLimitsResponse] {
		return e.updateLimits(&satcapv1.UpdateLimitsRequest{
			ApiKeyId: key, Updates: []*satcapv1.LimitUpdate{update(daily, sats)}, ExpectedRevision: &revision,
		})
	}
	require.Equal(e.t, int64(2), at(1, 10).ok().GetApiKey().GetRevision())
	at(1, 20).fails("REVISION_MISMATCH")
	at(0, 20).fails("REVISION_MISMATCH")
	at(1, 10).fails("REVISION_MISMATCH") // even where it would change nothing
	at(math.MaxInt64, 20).fails("REVISION_MISMATCH")
	e.record(key, "paid", 1).ok()
	at(2, 20).fails("REVISION_MISMATCH") // spends count as well
	require.Equal(e.t, int64(4), at(3, 20).ok().GetApiKey().GetRevision())
	require.Equal(e.t, int64(20), e.get(key).ok().GetApiKey().GetUsage()[0].GetLimitSats())
}

func limitHistory(e *env) {
	key := e.newKey(limit(daily, 100)) // what a key begins with is no change
	require.Empty(e.t, e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().GetChanges())
	e.advance(second)
	e.setLimits(key, update(daily, 200), update(annual, 900)).ok()
	e.setLimits(key, update(daily, 200)).ok() // changes nothing
	e.advance(second)
	e.setLimits(key, unlimited(daily), update(weekly, 7), update(monthly, 8)).ok()
	changes := e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().GetChanges()
	type change struct {
		window   satcapv1.LimitWindow
		from, to int64 // -1: unlimited
		revision int64
	}
	read := func(list []*satcapv1.LimitChange) (out []change) {
		for _, c := range list {
			from, to := int64(-1), int64(-1)
			if c.OldLimitSats != nil {
				from = c.GetOldLimitSats()
			}
			if c.NewLimitSats != nil {
				to = c.GetNewLimitSats()
			}
			out = append(out, change{c.GetWindow(), from, to, c.GetRevision()})
			require.Equal(e.t, e.subject, c.GetSubject())
			require.Equal(e.t, "test token", c.GetAuthentication())
			require.Equal(e.t, start+(c.GetRevision()-1)*second, us(c.GetChangeTime()))
		}
		return out
	}
	want := []change{
		{monthly, -1, 8, 3}, {weekly, -1, 7, 3}, {daily, 200, -1, 3},
		{annual, -1, 900, 2}, {daily, 100, 200, 2},
	}
	require.Equal(e.t, want, read(changes))

	// By pages of every size: the same, and nothing twice.
	for size := int32(1); size <= 6; size++ {
		var all []*satcapv1.LimitChange
		token, pages := "", 0
		for first := true; first || token != ""; first = false {
			page := e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key, PageSize: size, PageToken: token}).ok()
			require.LessOrEqual(e.t, len(page.GetChanges()), int(size))
			all, token = append(all, page.GetChanges()...), page.GetNextPageToken()
			pages++
		}
		require.Equal(e.t, want, read(all), "pages of %d", size)
		require.Equal(e.t, (len(want)+int(size)-1)/int(size), pages)
	}
	require.Empty(e.t, e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: e.newKey()}).ok().GetChanges())
}

// concurrentLimits: changes of different windows at the same time are all kept.
func concurrentLimits(e *env) {
	key := e.newKey()
	var wait sync.WaitGroup
	got := make([]answer[*satcapv1.UpdateLimitsResponse], 4)
	for i, w := range []satcapv1.LimitWindow{daily, weekly, monthly, annual} {
		wait.Go(func() { got[i] = e.setLimits(key, update(w, 10*int64(w))) })
	}
	wait.Wait()
	revisions := map[int64]bool{}
	for _, a := range got {
		revisions[a.ok().GetApiKey().GetRevision()] = true
	}
	require.Equal(e.t, map[int64]bool{2: true, 3: true, 4: true, 5: true}, revisions)
	require.Equal(e.t, []string{"daily 10 0 0 10", "weekly 20 0 0 20", "monthly 30 0 0 30", "annual 40 0 0 40"}, sums(e.get(key).ok().GetApiKey().GetUsage()))
	require.Len(e.t, e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().GetChanges(), 4)
}
