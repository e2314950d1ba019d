// Scenarios: the life of a spend, from its hold to its end.

package rpc_test

import (
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func aLifeOfSpends(e *env) {
	key := e.newKey(limit(daily, 1000))

	held := e.reserve(key, "rent", 600).ok()
	require.Equal(e.t, []string{"daily 1000 0 600 400", "weekly - 0 600 -", "monthly - 0 600 -", "annual - 0 600 -"}, sums(held.GetUsage()))
	spend := held.GetSpend()
	require.Equal(e.t, key, spend.GetApiKeyId())
	require.Equal(e.t, "rent", spend.GetSpendId())
	require.Equal(e.t, satcapv1.Spend_STATE_RESERVED, spend.GetState())
	require.Equal(e.t, []int64{600, 600}, []int64{spend.GetAmountSats(), spend.GetHeldSats()})
	require.Equal(e.t, us(spend.GetReserveTime())+day, us(spend.GetExpireTime()))
	require.Nil(e.t, spend.GetSettleTime())
	require.Nil(e.t, spend.GetReverseTime())
	require.Equal(e.t, [][2]int64{{}, {}, {}, {}}, releases(held.GetUsage()), "the hot path leaves next releases out")

	e.reserve(key, "food", 401).fails("SPENDING_LIMIT_EXCEEDED")

	settled := e.settle(key, "rent", 450, "tx-rent").ok()
	require.Equal(e.t, []string{"daily 1000 450 0 550", "weekly - 450 0 -", "monthly - 450 0 -", "annual - 450 0 -"}, sums(settled.GetUsage()))
	require.Equal(e.t, satcapv1.Spend_STATE_SETTLED, settled.GetSpend().GetState())
	require.Equal(e.t, []int64{450, 600}, []int64{settled.GetSpend().GetAmountSats(), settled.GetSpend().GetHeldSats()})
	require.Equal(e.t, "tx-rent", settled.GetSpend().GetTransactionId())
	require.NotNil(e.t, settled.GetSpend().GetSettleTime())
	require.Nil(e.t, settled.GetSpend().GetReleaseTime())

	require.False(e.t, e.reserve(key, "food", 550).ok().GetReplayed())
	released := e.release(key, "food").ok()
	require.Equal(e.t, satcapv1.Spend_STATE_RELEASED, released.GetSpend().GetState())
	require.Greater(e.t, released.GetSpend().GetReleaseTime().AsTime(), released.GetSpend().GetReserveTime().AsTime())
	require.Equal(e.t, released.GetSpend().String(), e.release(key, "food").ok().GetSpend().String(), "the first release counts")
	require.Equal(e.t, "daily 1000 450 0 550", sums(released.GetUsage())[0])

	e.reserve(key, "fuel", 100).ok()
	require.Equal(e.t, int64(100), e.settle(key, "fuel", 0).ok().GetSpend().GetAmountSats(), "no amount: what was held")

	byTransaction := e.reverseTransaction(key, "tx-rent").ok()
	require.Equal(e.t, "rent", byTransaction.GetSpend().GetSpendId())
	require.Equal(e.t, satcapv1.Spend_STATE_REVERSED, byTransaction.GetSpend().GetState())
	require.NotNil(e.t, byTransaction.GetSpend().GetReverseTime())
	require.Equal(e.t, "daily 1000 100 0 900", sums(byTransaction.GetUsage())[0])
	require.Equal(e.t, "daily 1000 0 0 1000", sums(e.reverse(key, "fuel").ok().GetUsage())[0])

	recorded := e.record(key, "late bill", 5000).ok()
	require.True(e.t, recorded.GetSpend().GetUnreserved())
	require.Equal(e.t, "daily 1000 5000 0 0", sums(recorded.GetUsage())[0], "what is left is never negative")
	require.Equal(e.t, int64(10), recorded.GetRevision())
	require.Equal(e.t, int64(10), e.usage(key).ok().GetRevision())
}

// refusals: the words and the details of a refusal are what callers show.
func refusals(e *env) {
	key := e.newKey(limit(daily, 100_000))
	paid := us(e.record(key, "paid", 88_000).ok().GetSpend().GetSettleTime())
	f := e.reserve(key, "next", 60_000).fails("SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, "daily limit: 60000 sats requested, 12000 of 100000 left; fits from 2026-11-24T14:05:11Z", f.message)
	exceeded := detail[*satcapv1.LimitExceeded](e.t, f)
	require.Equal(e.t, key, exceeded.GetApiKeyId())
	require.Equal(e.t, int64(60_000), exceeded.GetRequestedSats())
	require.Equal(e.t, int64(12_000), exceeded.GetMaxAllowedSats())
	require.Equal(e.t, []string{"daily 100000 88000 0 12000"}, sums(exceeded.GetViolations()))
	require.Equal(e.t, paid+day, us(exceeded.GetAvailableTime()))
	require.Nil(e.t, exceeded.GetAvailableNotBefore())
	e.reserve(key, "next", 12_001).fails("SPENDING_LIMIT_EXCEEDED")
	e.reserve(key, "next", 12_000).ok() // refusals stored nothing under this name

	// Several windows: the one with the least left first, the latest time counts.
	key = e.newKey(limit(daily, 100_000), limit(weekly, 95_000), limit(monthly, 400_000))
	paid = us(e.record(key, "paid", 88_000).ok().GetSpend().GetSettleTime())
	f = e.reserve(key, "next", 60_000).fails("SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, "weekly limit: 60000 sats requested, 7000 of 95000 left; "+
		"daily limit: 60000 sats requested, 12000 of 100000 left; fits from 2026-11-30T14:05:11Z", f.message)
	exceeded = detail[*satcapv1.LimitExceeded](e.t, f)
	require.Equal(e.t, []string{"weekly 95000 88000 0 7000", "daily 100000 88000 0 12000"}, sums(exceeded.GetViolations()))
	require.Equal(e.t, int64(7000), exceeded.GetMaxAllowedSats())
	require.Equal(e.t, paid+7*day, us(exceeded.GetAvailableTime()))

	// A hold gives back at its expiry, before the settled spend leaves.
	key = e.newKey(limit(daily, 100))
	e.record(key, "paid", 30).ok()
	hold := e.reserve(key, "hold", 50, time.Hour).ok().GetSpend()
	exceeded = detail[*satcapv1.LimitExceeded](e.t, e.reserve(key, "next", 70).fails("SPENDING_LIMIT_EXCEEDED"))
	require.Equal(e.t, us(hold.GetExpireTime()), us(exceeded.GetAvailableTime()))
	require.Equal(e.t, []string{"daily 100 30 50 20"}, sums(exceeded.GetViolations()))

	// More than the limit itself never fits.
	f = e.reserve(key, "next", 101).fails("SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, "daily limit: 101 sats requested, 20 of 100 left; more than the limit, never fits", f.message)
	require.Nil(e.t, detail[*satcapv1.LimitExceeded](e.t, f).GetAvailableTime())
}

// replays: the same message again changes nothing and is answered the same.
func replays(e *env) {
	key := e.newKey(limit(daily, 100))
	first := e.reserve(key, "a", 60, time.Hour).ok()
	require.False(e.t, first.GetReplayed())
	require.Equal(e.t, int64(2), first.GetRevision())
	e.advance(second)
	again := e.reserve(key, "a", 60, 2*time.Hour).ok()
	require.True(e.t, again.GetReplayed())
	require.Equal(e.t, int64(2), again.GetRevision())
	require.Equal(e.t, first.GetSpend().String(), again.GetSpend().String(), "a replay keeps the first expiry")
	require.Equal(e.t, "daily 100 0 60 40", sums(again.GetUsage())[0])
	e.reserve(key, "a", 61).fails("SPEND_ID_REUSED")

	settled := e.settle(key, "a", 50).ok()
	require.Equal(e.t, int64(3), settled.GetRevision())
	e.advance(second)
	for _, same := range []answer[*satcapv1.SettleSpendResponse]{e.settle(key, "a", 50), e.settle(key, "a", 50)} {
		require.Equal(e.t, settled.String(), same.ok().String())
	}
	require.Equal(e.t, settled.GetSpend().String(), e.record(key, "a", 50).ok().GetSpend().String())
	e.settle(key, "a", 51).fails("SPEND_ID_REUSED")
	e.record(key, "a", 51).fails("SPEND_ID_REUSED")
	require.Equal(e.t, settled.GetSpend().String(), e.release(key, "a").ok().GetSpend().String(), "a settled spend stays settled")

	reversed := e.reverse(key, "a").ok()
	require.Equal(e.t, int64(4), reversed.GetRevision())
	require.Equal(e.t, reversed.String(), e.reverse(key, "a").ok().String())
	require.Equal(e.t, reversed.GetSpend().String(), e.settle(key, "a", 50).ok().GetSpend().String(), "settling does not bring it back")
	require.Equal(e.t, int64(4), e.usage(key).ok().GetRevision())
}

// closedSpends: a spend that has left the first rung is never held again, and
// the caller is told where it stands.
func closedSpends(e *env) {
	key := e.newKey(limit(daily, 1000))
	e.reserve(key, "expired", 1, time.Second).ok()
	e.advance(second + 100)
	e.release(key, "released").ok()
	e.record(key, "settled", 7, "tx").ok()
	e.record(key, "reversed", 8).ok()
	e.reverse(key, "reversed").ok()
	for id, state := range map[string]satcapv1.Spend_State{
		"expired": satcapv1.Spend_STATE_EXPIRED, "released": satcapv1.Spend_STATE_RELEASED,
		"settled": satcapv1.Spend_STATE_SETTLED, "reversed": satcapv1.Spend_STATE_REVERSED,
	} {
		f := e.reserve(key, id, 1).fails("SPEND_CLOSED")
		require.Equal(e.t, "the spend is "+id+" and cannot be held: do not pay", f.message)
		spend := detail[*satcapv1.Spend](e.t, f)
		require.Equal(e.t, state, spend.GetState())
		require.Equal(e.t, id, spend.GetSpendId())
		require.Equal(e.t, key, spend.GetApiKeyId())
		if id == "settled" {
			require.Equal(e.t, "tx", spend.GetTransactionId())
			require.NotNil(e.t, spend.GetSettleTime())
		}
	}
	e.settle(key, "unknown", 0).fails("SPEND_NOT_FOUND")
	require.Equal(e.t, "daily 1000 7 0 993", sums(e.usage(key).ok().GetUsage())[0])
}

// overtaken: a message that comes before the one it answers is remembered.
func overtaken(e *env) {
	key := e.newKey()
	require.Equal(e.t, satcapv1.Spend_STATE_RELEASED, e.release(key, "a").ok().GetSpend().GetState())
	e.reserve(key, "a", 5).fails("SPEND_CLOSED")
	late := e.settle(key, "a", 5).ok().GetSpend()
	require.True(e.t, late.GetLate())
	require.Equal(e.t, satcapv1.Spend_STATE_SETTLED, late.GetState())
	require.Nil(e.t, late.GetReleaseTime(), "it was paid after all")

	tombstone := e.reverse(key, "b").ok().GetSpend()
	require.Equal(e.t, satcapv1.Spend_STATE_REVERSED, tombstone.GetState())
	require.Zero(e.t, tombstone.GetAmountSats())
	require.Equal(e.t, tombstone.String(), e.settle(key, "b", 5).ok().GetSpend().String())

	unknown := e.reverseTransaction(key, "tx").ok().GetSpend()
	require.Empty(e.t, unknown.GetSpendId())
	require.Equal(e.t, "tx", unknown.GetTransactionId())
	require.Equal(e.t, satcapv1.Spend_STATE_REVERSED, e.settle(key, "c", 5, "tx").ok().GetSpend().GetState())
	require.Equal(e.t, "daily - 5 0 -", sums(e.usage(key).ok().GetUsage())[0])
}

// transactions name one spend within a key.
func transactions(e *env) {
	key, other := e.newKey(), e.newKey()
	e.settle(key, "a", 5, "tx").ok()
	e.settle(key, "b", 5, "tx").fails("TRANSACTION_ID_REUSED")
	e.record(key, "b", 5, "tx").fails("TRANSACTION_ID_REUSED")
	e.settle(key, "a", 5, "tx2").fails("SPEND_ID_REUSED")
	require.Equal(e.t, "tx", e.settle(key, "a", 5).ok().GetSpend().GetTransactionId())
	e.record(key, "c", 5).ok()
	require.Equal(e.t, "tx3", e.settle(key, "c", 5, "tx3").ok().GetSpend().GetTransactionId(), "the transaction may be named later")
	e.record(other, "a", 5, "tx").ok() // another key has its own names
}

// flags: what limits did not allow is booked and can be told.
func flags(e *env) {
	key := e.newKey(limit(daily, 100))
	e.reserve(key, "over", 10).ok()
	over := e.settle(key, "over", 500).ok().GetSpend()
	require.Equal(e.t, []bool{true, false, false}, []bool{over.GetOverHold(), over.GetLate(), over.GetUnreserved()})
	bare := e.settle(key, "bare", 500).ok().GetSpend()
	require.Equal(e.t, []bool{false, false, true}, []bool{bare.GetOverHold(), bare.GetLate(), bare.GetUnreserved()})
	require.Equal(e.t, "daily 100 1000 0 0", sums(e.usage(key).ok().GetUsage())[0])
	f := e.reserve(key, "next", 1).fails("SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, int64(0), detail[*satcapv1.LimitExceeded](e.t, f).GetMaxAllowedSats())
}

// ttl: 1 s to 30 days, and what a hold does at the end of it.
func ttl(e *env) {
	key := e.newKey()
	for id, bad := range map[string]time.Duration{"0": 0, "-1s": -time.Second, "under": time.Second - 1, "over": 30*24*time.Hour + 1} {
		e.reserve(key, id, 1, bad).invalid("ttl")
	}
	for id, good := range map[string]time.Duration{"1s": time.Second, "30d": 30 * 24 * time.Hour} {
		spend := e.reserve(key, id, 1, good).ok().GetSpend()
		require.Equal(e.t, us(spend.GetReserveTime())+good.Microseconds(), us(spend.GetExpireTime()))
	}
}

// otherKeys: names are of one key, and nothing reaches over to another.
func otherKeys(e *env) {
	a, b := e.newKey(limit(daily, 100)), e.newKey(limit(daily, 100))
	e.reserve(a, "same", 40).ok()
	require.False(e.t, e.reserve(b, "same", 70).ok().GetReplayed())
	e.release(b, "same").ok()
	e.reverse(b, "same").ok()
	require.Equal(e.t, "daily 100 0 40 60", sums(e.usage(a).ok().GetUsage())[0])
	nobody := uuid.NewString()
	e.reserve(nobody, "x", 1).fails("API_KEY_NOT_FOUND")
	e.check(nobody, 1).fails("API_KEY_NOT_FOUND")
	e.settle(nobody, "x", 0).fails("API_KEY_NOT_FOUND")
	e.settle(nobody, "x", 1).fails("API_KEY_NOT_FOUND")
	e.release(nobody, "x").fails("API_KEY_NOT_FOUND")
	e.reverse(nobody, "x").fails("API_KEY_NOT_FOUND")
	e.record(nobody, "x", 1).fails("API_KEY_NOT_FOUND")
	e.usage(nobody).fails("API_KEY_NOT_FOUND")
	e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: nobody}).fails("API_KEY_NOT_FOUND")
}

// amounts: at the edges of what an amount may be.
func amounts(e *env) {
	key := e.newKey()
	for _, bad := range []int64{-1, maxSat + 1, math.MaxInt64, math.MinInt64} {
		e.check(key, bad).invalid("amount_sats")
		e.reserve(key, "a", bad).invalid("amount_sats")
		e.settle(key, "a", bad).invalid("amount_sats")
		e.record(key, "a", bad).invalid("amount_sats")
	}
	e.check(key, 0).invalid("amount_sats")
	e.reserve(key, "a", 0).invalid("amount_sats")
	e.record(key, "a", 0).invalid("amount_sats")
	e.settle(key, "a", 0).fails("SPEND_NOT_FOUND") // left out
	require.Equal(e.t, int64(1), e.usage(key).ok().GetRevision(), "nothing of this was booked")
	require.True(e.t, e.check(key, maxSat).ok().GetAllowed())
	e.reserve(key, "most", maxSat).ok()
	e.settle(key, "most", maxSat).ok()
	e.reserve(key, "least", 1).ok()
	require.Equal(e.t, "annual - 2100000000000000 1 -", sums(e.usage(key).ok().GetUsage())[3])
}
