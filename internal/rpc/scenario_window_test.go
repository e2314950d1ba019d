// Scenarios: rolling windows, to the microsecond.

package rpc_test

import (
	"time"

	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// capacityComesBack at exactly t + window, in every window.
func capacityComesBack(e *env) {
	for w, length := range windowUs {
		e.set(start)
		key := e.newKey(limit(w, 100))
		settled := us(e.record(key, "paid", 60).ok().GetSpend().GetSettleTime())
		e.set(settled + length - 1)
		require.Equal(e.t, int64(40), e.usage(key).ok().GetUsage()[w-1].GetRemainingSats())
		require.False(e.t, e.check(key, 41).ok().GetAllowed())
		e.reserve(key, "next", 41).fails("SPENDING_LIMIT_EXCEEDED")
		e.set(settled + length)
		require.Equal(e.t, int64(100), e.usage(key).ok().GetUsage()[w-1].GetRemainingSats())
		require.True(e.t, e.check(key, 100).ok().GetAllowed())
		e.reserve(key, "next", 100).ok()
	}
}

// nextRelease: what time alone gives back next, and when.
func nextRelease(e *env) {
	key := e.newKey(limit(daily, 1000))
	require.Equal(e.t, [][2]int64{{}, {}, {}, {}}, releases(e.usage(key).ok().GetUsage()), "nothing counts")
	a := us(e.record(key, "a", 10).ok().GetSpend().GetSettleTime())
	e.advance(hour)
	b := us(e.record(key, "b", 20).ok().GetSpend().GetSettleTime())
	c := us(e.reserve(key, "c", 30, 2*24*time.Hour).ok().GetSpend().GetExpireTime())
	usage := e.usage(key).ok().GetUsage()
	require.Equal(e.t, [][2]int64{{a + day, 10}, {c, 30}, {c, 30}, {c, 30}}, releases(usage))
	require.Equal(e.t, releases(usage), releases(e.check(key, 1).ok().GetUsage()))
	require.Equal(e.t, releases(usage), releases(e.get(key).ok().GetApiKey().GetUsage()))
	require.Equal(e.t, releases(usage), releases(e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys()[0].GetUsage()))
	e.set(a + day)
	require.Equal(e.t, [2]int64{b + day, 20}, releases(e.usage(key).ok().GetUsage())[0])
	e.set(c)
	got := e.usage(key).ok()
	require.Equal(e.t, [][2]int64{{}, {a + 7*day, 10}, {a + 30*day, 10}, {a + 365*day, 10}}, releases(got.GetUsage()))
	require.Equal(e.t, c, us(got.GetReadTime()))
}

// holdExpires at exactly its expire time, on reads and on decisions.
func holdExpires(e *env) {
	key := e.newKey(limit(weekly, 100))
	expires := us(e.reserve(key, "hold", 100, time.Minute).ok().GetSpend().GetExpireTime())
	e.set(expires - 1)
	e.reserve(key, "next", 1).fails("SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, "weekly 100 0 100 0", sums(e.usage(key).ok().GetUsage())[1])
	require.True(e.t, e.reserve(key, "hold", 100).ok().GetReplayed())
	e.set(expires)
	require.Equal(e.t, "weekly 100 0 0 100", sums(e.usage(key).ok().GetUsage())[1])
	e.reserve(key, "hold", 100).fails("SPEND_CLOSED")
	e.reserve(key, "next", 100).ok()
	late := e.settle(key, "hold", 0).ok()
	require.True(e.t, late.GetSpend().GetLate())
	require.Equal(e.t, "weekly 100 100 100 0", sums(late.GetUsage())[1])
}

// check is advice, and answers 200 either way.
func check(e *env) {
	key := e.newKey(limit(daily, 100), limit(weekly, 50))
	yes := e.check(key, 50).ok()
	require.True(e.t, yes.GetAllowed())
	require.Nil(e.t, yes.GetLimitExceeded())
	require.Equal(e.t, []string{"daily 100 0 0 100", "weekly 50 0 0 50", "monthly - 0 0 -", "annual - 0 0 -"}, sums(yes.GetUsage()))

	settled := us(e.record(key, "paid", 40).ok().GetSpend().GetSettleTime())
	no := e.check(key, 20).ok()
	require.False(e.t, no.GetAllowed())
	require.Equal(e.t, []string{"weekly 50 40 0 10"}, sums(no.GetLimitExceeded().GetViolations()))
	require.Equal(e.t, int64(10), no.GetLimitExceeded().GetMaxAllowedSats())
	require.Equal(e.t, int64(20), no.GetLimitExceeded().GetRequestedSats())
	require.Equal(e.t, settled+7*day, us(no.GetLimitExceeded().GetAvailableTime()))
	f := e.reserve(key, "next", 20).fails("SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, detail[*satcapv1.LimitExceeded](e.t, f).String(), no.GetLimitExceeded().String(), "advice and refusal agree")

	e.pause(key).ok()
	for _, sats := range []int64{1, 20} {
		paused := e.check(key, sats).ok()
		require.False(e.t, paused.GetAllowed())
		require.Nil(e.t, paused.GetLimitExceeded())
		require.Len(e.t, paused.GetUsage(), 4)
	}
	require.Equal(e.t, int64(3), e.usage(key).ok().GetRevision(), "asking holds nothing and changes nothing")
}
