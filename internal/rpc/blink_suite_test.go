// The scenarios of Blink's own integration tests about limits, one for each, by
// the calls of its contract. Limits are set where owners set them, in satcap.v1.

package rpc_test

import (
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

var blinkSuite = map[string]func(*env){
	"DailyLimitOfANewKey":       blinkDailyLimitOfANewKey,
	"WithinTheDailyLimit":       blinkWithinTheDailyLimit,
	"OverTheDailyLimit":         blinkOverTheDailyLimit,
	"WeeklyAdded":               blinkWeeklyAdded,
	"DailyRemoved":              blinkDailyRemoved,
	"MonthlyAndAnnual":          blinkMonthlyAndAnnual,
	"MostRestrictive":           blinkMostRestrictive,
	"SumsOverWindows":           blinkSumsOverWindows,
	"LoweredBelowSpent":         blinkLoweredBelowSpent,
	"AllRemoved":                blinkAllRemoved,
	"LargeWithoutLimits":        blinkLargeWithoutLimits,
	"KeysApart":                 blinkKeysApart,
	"HoldInvoice":               blinkHoldInvoice,
	"SetsOfDifferentWindows":    blinkSetsOfDifferentWindows,
	"SetAgainstRemoveOfAWindow": blinkSetAgainstRemove,
	"IdenticalSets":             blinkIdenticalSets,
}

// TestBlinkSuite runs on both databases; how the calls travel is shown elsewhere.
func TestBlinkSuite(t *testing.T) {
	t.Parallel()
	for database := range databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, database, nil)
			c := grpcGo(t, s.url)
			for name, scenario := range blinkSuite {
				t.Run(name, func(t *testing.T) {
					s.clock.Store(start)
					scenario(&env{t: t, s: s, c: c, subject: "subject of " + name, made: &calls{}})
				})
			}
			for name, p := range blinkPayments {
				t.Run(name, func(t *testing.T) {
					s.clock.Store(start)
					p.withinAndOver(&env{t: t, s: s, c: c, subject: "payer by " + name, made: &calls{}})
				})
			}
		})
	}
}

// blinkPay pays as simply as can be, and returns the transaction.
func (e *env) blinkPay(key string, sats int64) (payment string) {
	e.t.Helper()
	payment = journal()
	e.blinkRecord(key, sats, payment, e.hold(key, sats)).ok()
	return payment
}

// blinkOver requires that sats are refused by that window, and that the refusal
// leaves nothing behind.
func (e *env) blinkOver(key string, sats int64, window string) {
	e.t.Helper()
	before := e.blinkSpent(key)
	require.False(e.t, e.blinkCheck(key, sats).ok().GetAllowed())
	says(e.blinkLock(key, sats), connect.CodeFailedPrecondition, "^"+window+" "+spendingLimitExceeded, "SPENDING_LIMIT_EXCEEDED")
	require.Equal(e.t, before, e.blinkSpent(key))
}

// blinkSpent is what counts in the four windows, holds included.
func (e *env) blinkSpent(key string) [4]int64 {
	e.t.Helper()
	s := e.blinkSummary(key).ok()
	return [4]int64{s.GetDailySpentSats(), s.GetWeeklySpentSats(), s.GetMonthlySpentSats(), s.GetAnnualSpentSats()}
}

// blinkLimitsOf are the limits and what is left of them; -1: none.
func (e *env) blinkLimitsOf(key string) (limits, left [4]int64) {
	e.t.Helper()
	s := e.blinkSummary(key).ok()
	read := func(fields ...*int64) (out [4]int64) {
		for i, field := range fields {
			out[i] = -1
			if field != nil {
				out[i] = *field
			}
		}
		return out
	}
	return read(s.DailyLimitSats, s.WeeklyLimitSats, s.MonthlyLimitSats, s.AnnualLimitSats),
		read(s.RemainingDailySats, s.RemainingWeeklySats, s.RemainingMonthlySats, s.RemainingAnnualSats)
}

func (e *env) requireBlinkLimits(key string, limits, left [4]int64) {
	e.t.Helper()
	gotLimits, gotLeft := e.blinkLimitsOf(key)
	require.Equal(e.t, limits, gotLimits)
	require.Equal(e.t, left, gotLeft)
}

// later lets time go by. With it go the microseconds by which changes are apart
// that the clock of these tests, which stands still, puts in the same moment.
func (e *env) later(us int64) { e.advance(us + second/1000) }

func blinkDailyLimitOfANewKey(e *env) {
	key := e.newKey()
	e.requireBlinkLimits(key, [4]int64{-1, -1, -1, -1}, [4]int64{-1, -1, -1, -1})
	e.setLimits(key, update(daily, 1000)).ok()
	e.requireBlinkLimits(key, [4]int64{1000, -1, -1, -1}, [4]int64{1000, -1, -1, -1})
	require.Zero(e.t, e.blinkSpent(key))
}

func blinkWithinTheDailyLimit(e *env) {
	key := e.newKey(limit(daily, 1000))
	e.blinkPay(key, 600)
	require.Equal(e.t, [4]int64{600, 600, 600, 600}, e.blinkSpent(key))
	require.True(e.t, e.blinkCheck(key, 400).ok().GetAllowed())
	e.blinkPay(key, 400) // to the last sat
	e.requireBlinkLimits(key, [4]int64{1000, -1, -1, -1}, [4]int64{0, -1, -1, -1})
}

func blinkOverTheDailyLimit(e *env) {
	key := e.newKey(limit(daily, 1000))
	e.blinkOver(key, 1001, "daily")
	e.blinkPay(key, 600)
	e.blinkOver(key, 401, "daily")
	e.later(day - second)
	e.blinkOver(key, 401, "daily")
	e.later(second) // the payment leaves the window
	e.blinkPay(key, 1000)
}

func blinkWeeklyAdded(e *env) {
	key := e.newKey(limit(daily, 1000))
	e.blinkPay(key, 1000)
	e.setLimits(key, update(weekly, 1500)).ok()
	e.requireBlinkLimits(key, [4]int64{1000, 1500, -1, -1}, [4]int64{0, 500, -1, -1})
	e.blinkOver(key, 1, "daily")
	e.later(day)
	e.blinkOver(key, 501, "weekly") // the day has room for it, the week has not
	e.blinkPay(key, 500)
	e.blinkOver(key, 1, "weekly")
	e.requireBlinkLimits(key, [4]int64{1000, 1500, -1, -1}, [4]int64{500, 0, -1, -1})
}

func blinkDailyRemoved(e *env) {
	key := e.newKey(limit(daily, 100), limit(weekly, 1500))
	e.blinkOver(key, 101, "daily")
	e.setLimits(key, unlimited(daily)).ok()
	e.requireBlinkLimits(key, [4]int64{-1, 1500, -1, -1}, [4]int64{-1, 1500, -1, -1})
	e.blinkPay(key, 1400)
	e.blinkOver(key, 101, "weekly")
	e.blinkPay(key, 100)
}

func blinkMonthlyAndAnnual(e *env) {
	key := e.newKey()
	e.setLimits(key, update(monthly, 1000), update(annual, 1500)).ok()
	e.blinkPay(key, 900)
	e.later(8 * day) // out of the day and the week
	require.Equal(e.t, [4]int64{0, 0, 900, 900}, e.blinkSpent(key))
	e.blinkOver(key, 101, "monthly")
	e.later(22 * day)
	require.Equal(e.t, [4]int64{0, 0, 0, 900}, e.blinkSpent(key))
	e.blinkOver(key, 601, "annual")
	e.blinkPay(key, 600)
	e.requireBlinkLimits(key, [4]int64{-1, -1, 1000, 1500}, [4]int64{-1, -1, 400, 0})
	e.later(335 * day) // the first payment is a year old
	e.requireBlinkLimits(key, [4]int64{-1, -1, 1000, 1500}, [4]int64{-1, -1, 1000, 900})
}

// blinkMostRestrictive: whichever window has the least left decides, and is named.
func blinkMostRestrictive(e *env) {
	windows := []satcapv1.LimitWindow{daily, weekly, monthly, annual}
	words := []string{"daily", "weekly", "monthly", "annual"}
	for tight, word := range words {
		key := e.newKey()
		for i, w := range windows {
			sats := int64(1000 + 100*i)
			if i == tight {
				sats = 500
			}
			e.setLimits(key, update(w, sats)).ok()
		}
		e.blinkOver(key, 501, word)
		e.blinkPay(key, 500)
		e.blinkOver(key, 1, word)
	}
	// Not the smallest limit, but the least that is left.
	key := e.newKey(limit(daily, 600), limit(weekly, 1000))
	e.blinkPay(key, 500)
	e.later(2 * day)
	e.blinkPay(key, 100)
	e.blinkOver(key, 401, "weekly")
	e.blinkPay(key, 400)
}

// blinkSumsOverWindows: at every moment the four sums are what a list of the
// payments says.
func blinkSumsOverWindows(e *env) {
	key := e.newKey()
	type payment struct{ sats, at int64 }
	var paid []payment
	lengths := [4]int64{day, 7 * day, 30 * day, 365 * day}
	agree := func() {
		e.t.Helper()
		var want [4]int64
		for i, length := range lengths {
			for _, p := range paid {
				if e.s.clock.Load()-p.at < length {
					want[i] += p.sats
				}
			}
		}
		got := e.blinkSpent(key)
		require.Equal(e.t, want, got)
		c := e.blinkCheck(key, 1).ok()
		require.Equal(e.t, want, [4]int64{c.GetDailySpentSats(), c.GetWeeklySpentSats(), c.GetMonthlySpentSats(), c.GetAnnualSpentSats()})
		require.IsNonDecreasing(e.t, got[:], "a longer window holds what a shorter one does")
	}
	sats := int64(1)
	for _, later := range []int64{0, 5 * hour, 20 * hour, 3 * day, 4 * day, 12 * day, 25 * day, 90 * day, 240 * day} {
		e.later(later)
		agree()
		e.blinkPay(key, sats)
		paid = append(paid, payment{sats, e.s.clock.Load()})
		agree()
		e.blinkReverse(e.blinkPay(key, 1_000_000)).ok() // given back: in no window
		agree()
		sats *= 3
	}
	for range 4 {
		e.later(100 * day)
		agree()
	}
	require.Zero(e.t, e.blinkSpent(key), "after all that time nothing is left")
}
