// Scenarios of Blink's contract: what its calls mean, through every protocol on
// both databases.

package rpc_test

import (
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

var blinkScenarios = map[string]func(*env){
	"ALife":        blinkALife,
	"Summary":      blinkSummaries,
	"Holds":        blinkHolds,
	"Unheld":       blinkUnheld,
	"Overtaken":    blinkOvertaken,
	"OtherKeys":    blinkOtherKeys,
	"Transactions": blinkTransactions,
	"Interrupted":  blinkInterrupted,
	"Refused":      blinkRefused,
	"TakenOver":    blinkTakenOver,
	"KeyStates":    blinkKeyStates,
	"Limits":       blinkLimits,
	"Arguments":    blinkArguments,
}

func TestBlinkScenarios(t *testing.T) {
	t.Parallel()
	for database := range databases {
		for protocol, newClient := range clients {
			if database == "postgres" && (protocol == "grpc" || protocol == "connect-json") {
				continue // the same wire by another client: once is enough
			}
			t.Run(database+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, database, nil)
				c := newClient(t, s.url)
				for name, scenario := range blinkScenarios {
					t.Run(name, func(t *testing.T) {
						s.clock.Store(start)
						scenario(&env{t: t, s: s, c: c, subject: "subject of " + name, made: &calls{}})
					})
				}
			})
		}
	}
}

func blinkALife(e *env) {
	key := e.newKey(limit(daily, 1000))
	require.True(e.t, e.blinkCheck(key, 1000).ok().GetAllowed())
	require.False(e.t, e.blinkCheck(key, 1001).ok().GetAllowed())
	require.Zero(e.t, e.daySpent(key), "advice holds nothing")

	hold, payment := e.hold(key, 600), journal()
	require.Regexp(e.t, `^`+key+`:[0-9a-f-]{36}$`, hold)
	require.EqualValues(e.t, 600, e.daySpent(key), "what is held is spent")
	require.True(e.t, e.blinkCheck(key, 400).ok().GetAllowed())
	require.False(e.t, e.blinkCheck(key, 401).ok().GetAllowed())
	says(e.blinkLock(key, 401), connect.CodeFailedPrecondition, spendingLimitExceeded, "SPENDING_LIMIT_EXCEEDED")

	e.blinkRecord(key, 600, payment, hold).ok()
	require.Equal(e.t, "daily 1000 600 0 400", sums(e.usage(key).ok().GetUsage())[0])
	revision := e.usage(key).ok().GetRevision()
	e.blinkRecord(key, 600, payment, hold).ok()
	require.Equal(e.t, revision, e.usage(key).ok().GetRevision(), "a repetition changes nothing")
	spends := e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().GetSpends()
	require.Len(e.t, spends, 1)
	require.Equal(e.t, []string{hold, payment}, []string{spends[0].GetSpendId(), spends[0].GetTransactionId()})

	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(key))
	revision = e.usage(key).ok().GetRevision()
	e.blinkReverse(payment).ok()
	require.Equal(e.t, revision, e.usage(key).ok().GetRevision(), "a repetition changes nothing")
	e.blinkRecord(key, 600, payment, hold).ok()
	require.Zero(e.t, e.daySpent(key), "reversed for good")
}

// blinkSummaries: every field has the value of its own window.
func blinkSummaries(e *env) {
	key := e.newKey(limit(daily, 5000), limit(weekly, 6000), limit(monthly, 7000), limit(annual, 1112))
	for _, payment := range []struct{ sats, later int64 }{{1, 60 * day}, {10, 10 * day}, {100, 3 * day}, {1000, 0}} {
		e.blinkRecord(key, payment.sats, journal(), "").ok()
		e.advance(payment.later)
	}
	e.setLimits(key, update(annual, 8000)).ok()
	e.hold(key, 5)
	e.setLimits(key, update(annual, 1110)).ok()
	s := e.blinkSummary(key).ok()
	require.Equal(e.t, []int64{5000, 6000, 7000, 1110}, []int64{s.GetDailyLimitSats(), s.GetWeeklyLimitSats(), s.GetMonthlyLimitSats(), s.GetAnnualLimitSats()})
	require.Equal(e.t, []int64{1005, 1105, 1115, 1116}, []int64{s.GetDailySpentSats(), s.GetWeeklySpentSats(), s.GetMonthlySpentSats(), s.GetAnnualSpentSats()})
	require.Equal(e.t, []int64{3995, 4895, 5885, 0}, []int64{s.GetRemainingDailySats(), s.GetRemainingWeeklySats(), s.GetRemainingMonthlySats(), s.GetRemainingAnnualSats()}, "and never below 0")
	require.NotNil(e.t, s.RemainingAnnualSats)
	c := e.blinkCheck(key, 1).ok()
	require.False(e.t, c.GetAllowed())
	require.Equal(e.t, []int64{5000, 6000, 7000, 1110}, []int64{c.GetDailyLimitSats(), c.GetWeeklyLimitSats(), c.GetMonthlyLimitSats(), c.GetAnnualLimitSats()})
	require.Equal(e.t, []int64{1005, 1105, 1115, 1116}, []int64{c.GetDailySpentSats(), c.GetWeeklySpentSats(), c.GetMonthlySpentSats(), c.GetAnnualSpentSats()})
	require.Equal(e.t, []int64{3995, 4895, 5885, 0}, []int64{c.GetRemainingDailySats(), c.GetRemainingWeeklySats(), c.GetRemainingMonthlySats(), c.GetRemainingAnnualSats()})

	free := e.newKey()
	require.True(e.t, e.blinkCheck(free, maxSat).ok().GetAllowed(), "no limits")
	e.hold(free, 7)
	s = e.blinkSummary(free).ok()
	require.Equal(e.t, []*int64{nil, nil, nil, nil}, []*int64{s.DailyLimitSats, s.WeeklyLimitSats, s.MonthlyLimitSats, s.AnnualLimitSats})
	require.Equal(e.t, []*int64{nil, nil, nil, nil}, []*int64{s.RemainingDailySats, s.RemainingWeeklySats, s.RemainingMonthlySats, s.RemainingAnnualSats})
	require.EqualValues(e.t, 7, s.GetAnnualSpentSats())
	c = e.blinkCheck(free, 1).ok()
	require.Equal(e.t, []*int64{nil, nil, nil, nil}, []*int64{c.DailyLimitSats, c.WeeklyLimitSats, c.MonthlyLimitSats, c.AnnualLimitSats})
	require.Equal(e.t, []*int64{nil, nil, nil, nil}, []*int64{c.RemainingDailySats, c.RemainingWeeklySats, c.RemainingMonthlySats, c.RemainingAnnualSats})
}

// blinkHolds: what can become of a hold.
func blinkHolds(e *env) {
	key := e.newKey(limit(daily, 1000))
	one, two := e.hold(key, 100), e.hold(key, 100)
	require.NotEqual(e.t, one, two, "every lock is a hold of its own")

	says(e.blinkRecord(key, 99, journal(), one), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	says(e.blinkRecord(key, 101, journal(), one), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	require.Equal(e.t, "daily 1000 0 200 800", sums(e.usage(key).ok().GetUsage())[0], "the hold stays")
	payment := journal()
	e.blinkRecord(key, 100, payment, one).ok()
	says(e.blinkRecord(key, 101, payment, one), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	says(e.blinkRecord(key, 100, journal(), one), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	require.Equal(e.t, "daily 1000 100 100 800", sums(e.usage(key).ok().GetUsage())[0])

	// Given back by its own name, which holds for what comes later.
	e.blinkReverse(two).ok()
	require.EqualValues(e.t, 100, e.daySpent(key))
	e.blinkReverse(two).ok()
	e.blinkRecord(key, 100, journal(), two).ok()
	require.EqualValues(e.t, 100, e.daySpent(key), "the reversal wins")
	e.blinkReverse(one).ok()
	require.Zero(e.t, e.daySpent(key), "a settled hold too")

	// Expired, and recorded nevertheless: the payment happened.
	late := e.hold(key, 300)
	e.advance(day + second)
	require.Zero(e.t, e.daySpent(key))
	e.blinkRecord(key, 300, journal(), late).ok()
	require.EqualValues(e.t, 300, e.daySpent(key))

	for _, unknown := range []string{key + ":" + uuid.NewString(), uuid.NewString() + ":" + uuid.NewString(), uuid.NewString(), "x", late + "0"} {
		f := says(e.blinkRecord(key, 300, journal(), unknown), connect.CodeNotFound, unknownHold, "SPEND_NOT_FOUND")
		require.Equal(e.t, "Ephemeral reservation not found: "+unknown, f.message)
		e.blinkReverse(unknown).ok()
	}
	require.EqualValues(e.t, 300, e.daySpent(key))
}

// blinkUnheld: what was not held is booked whatever the limits say.
func blinkUnheld(e *env) {
	key, payment := e.newKey(limit(daily, 100)), journal()
	e.blinkRecord(key, 5000, payment, "").ok()
	require.EqualValues(e.t, 5000, e.daySpent(key))
	e.blinkRecord(key, 5000, payment, "").ok()
	require.EqualValues(e.t, 5000, e.daySpent(key), "once")
	says(e.blinkRecord(key, 5001, payment, ""), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(key))
	e.blinkRecord(key, 5000, payment, "").ok()
	require.Zero(e.t, e.daySpent(key), "reversed for good")

	e.blinkRecord(key, 3, "", "").ok()
	e.blinkRecord(key, 3, "", "").ok()
	require.EqualValues(e.t, 6, e.daySpent(key), "without a name every call books")
}

// blinkOvertaken: a reversal that comes before its record still wins.
func blinkOvertaken(e *env) {
	key := e.newKey(limit(daily, 100))
	payment, hold := journal(), e.hold(key, 40)
	e.blinkReverse(payment).ok()
	require.EqualValues(e.t, 40, e.daySpent(key), "nobody knows whose it is")
	e.blinkRecord(key, 40, payment, hold).ok()
	require.Zero(e.t, e.daySpent(key), "and the hold is given back")
	e.blinkRecord(key, 40, payment, hold).ok()
	require.Zero(e.t, e.daySpent(key))

	payment = journal()
	e.blinkReverse(payment).ok()
	e.blinkReverse(payment).ok()
	e.blinkRecord(key, 40, payment, "").ok()
	e.blinkRecord(key, 40, payment, "").ok()
	require.Zero(e.t, e.daySpent(key))
	require.EqualValues(e.t, 100, e.blinkSummary(key).ok().GetRemainingDailySats())

	// It is of the key that came first, and then the others are not meant.
	other := e.newKey()
	e.blinkRecord(other, 40, payment, "").ok()
	require.EqualValues(e.t, 40, e.daySpent(other))
}
