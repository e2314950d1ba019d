// When a refused amount fits, and in what words a refusal says so.

package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func TestAvailableTime(t *testing.T) {
	t.Parallel()
	// settled at start: 10; a day later: 20; at that time a hold of 30 for an hour
	history := func(t *testing.T, limits ledger.Limits) *bundle {
		b := setup(t, ledger.Limits{})
		b.ok(b.settle("first", 10))
		b.clockUs = start + day - hour
		b.ok(b.settle("second", 20))
		b.ok(b.reserve("held", 30))
		b.clockUs += second
		b.change(func(k *ledger.Key) { k.Limits = limits })
		return b
	}
	first, secondAt := start, start+day-hour
	holdEnds := secondAt + 1 + ttl
	for _, test := range []struct {
		name   string
		limits ledger.Limits
		amount int64
		want   int64
	}{
		{"TheFirstToLeaveIsEnough", ledger.Limits{60, 0, 0, 0}, 10, first + day},
		{"TheHoldHasToEndAsWell", ledger.Limits{60, 0, 0, 0}, 11, holdEnds},
		{"EverythingHasToLeave", ledger.Limits{60, 0, 0, 0}, 41, secondAt + day},
		{"TheWholeLimit", ledger.Limits{60, 0, 0, 0}, 60, secondAt + day},
		{"NeverMoreThanTheLimit", ledger.Limits{60, 0, 0, 0}, 61, 0},
		{"HoldsComeBackToAllWindowsAtOnce", ledger.Limits{60, 0, 60, 60}, 30, holdEnds},
		{"TheLastWindowDecides", ledger.Limits{60, 60, 0, 0}, 31, first + 7*day},
		{"TheTightestDecides", ledger.Limits{70, 60, 0, 0}, 20, holdEnds},
		{"AnyWindowMayDecide", ledger.Limits{60, 60, 0, 60}, 41, secondAt + 365*day},
		{"AWindowThatRefusesForEver", ledger.Limits{60, 35, 0, 0}, 36, 0},
		{"AboveALimitThatWasLowered", ledger.Limits{20, 0, 0, 0}, 1, secondAt + day},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := history(t, test.limits)
			refusal := b.exceeded(b.reserve("s", test.amount))
			require.Equal(t, test.want, refusal.AvailableAtUs)
			require.Zero(t, refusal.AvailableNotBeforeUs)
			if test.want == 0 {
				require.Equal(t, 1, b.applies, "never: no schedule is needed to say so")
				return
			}
			require.Equal(t, 2, b.applies)
			b.clockUs = test.want - 1
			b.exceeded(b.reserve("s", test.amount))
			b.clockUs++
			b.ok(b.reserve("s", test.amount))
		})
	}
}

func TestViolationsTightestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.settle("s", 50))
	b.change(func(k *ledger.Key) { k.Limits = ledger.Limits{90, 70, 70, 80} })
	refusal := b.exceeded(b.reserve("t", 45))
	var windows []ledger.Window
	for _, v := range refusal.Violations {
		windows = append(windows, v.Window)
	}
	require.Equal(t, []ledger.Window{ledger.Weekly, ledger.Monthly, ledger.Annual, ledger.Daily}, windows)
	require.Equal(t, int64(20), refusal.MaxAllowedSats)
	require.Equal(t, b.on.KeyID, refusal.KeyID)
	same(t, ledger.WindowUsage{Window: ledger.Weekly, LimitSats: 70, SpentSats: 50, RemainingSats: 20}, refusal.Violations[0])
}

// spends books n spends of 1 sat, one per second, and sets the daily limit to their sum.
func spends(t *testing.T, n int) *bundle {
	t.Helper()
	b := setup(t, ledger.Limits{})
	for i := range n {
		b.clockUs = start + int64(i)*second
		b.ok(b.settle(fmt.Sprintf("s%d", i), 1))
	}
	b.clockUs += second
	b.change(func(k *ledger.Key) { k.Limits[ledger.Daily] = int64(n) })
	return b
}

// A refusal costs as little as a hold: the walk ends after 1000 spends.
func TestWalkIsBounded(t *testing.T) {
	t.Parallel()
	b := spends(t, ledger.WalkBound+5)
	leaves := func(i int64) int64 { return start + (i-1)*second + day } // when the i-th is gone

	refusal := b.exceeded(b.reserve("s", ledger.WalkFirst))
	require.Equal(t, leaves(ledger.WalkFirst), refusal.AvailableAtUs)
	require.Equal(t, 2, b.applies, "the short schedule is enough")
	refusal = b.exceeded(b.reserve("s", ledger.WalkFirst+1))
	require.Equal(t, leaves(ledger.WalkFirst+1), refusal.AvailableAtUs)
	require.Equal(t, 3, b.applies, "the long one is needed")
	refusal = b.exceeded(b.reserve("s", ledger.WalkBound))
	require.Equal(t, leaves(ledger.WalkBound), refusal.AvailableAtUs)

	refusal = b.exceeded(b.reserve("s", ledger.WalkBound+1))
	require.Zero(t, refusal.AvailableAtUs)
	require.Equal(t, leaves(ledger.WalkBound), refusal.AvailableNotBeforeUs)

	// one window's answer does not hide that another's is not known
	b.change(func(k *ledger.Key) { k.Limits[ledger.Weekly] = 2 * ledger.WalkBound })
	refusal = b.exceeded(b.reserve("s", ledger.WalkBound+1))
	require.Len(t, refusal.Violations, 2)
	require.Zero(t, refusal.AvailableAtUs)
	require.Equal(t, leaves(6)+6*day, refusal.AvailableNotBeforeUs, "the week has room when six have left it")
}

// The bound is on both kinds together, also where neither list was cut.
func TestWalkIsBoundedOverBothLists(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	const pairs = ledger.WalkBound/2 + 1
	for i := range pairs {
		b.clockUs = start + int64(i)*second
		hold := b.reserve(fmt.Sprintf("held%d", i), 1)
		hold.TTLUs = day
		b.run(t, b.settle(fmt.Sprintf("s%d", i), 1), hold)
	}
	b.change(func(k *ledger.Key) { k.Limits[ledger.Daily] = 2 * pairs })
	last := start + (pairs-2)*second + 1 + day // the hold of the last pair but one
	require.Equal(t, last, b.exceeded(b.reserve("s", ledger.WalkBound)).AvailableAtUs)
	refusal := b.exceeded(b.reserve("s", ledger.WalkBound+1))
	require.Zero(t, refusal.AvailableAtUs)
	require.Equal(t, last, refusal.AvailableNotBeforeUs)
}

// A list that was cut hides what comes after its end; the walk must not jump
// over that to an event of the other list.
func TestWalkStopsWhereAListWasCut(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	for i := range 3 {
		b.clockUs = start + int64(i)*hour
		b.ok(b.settle(fmt.Sprintf("s%d", i), 10))
	}
	long := b.reserve("held", 5)
	long.TTLUs = 7 * day
	b.ok(long)
	b.change(func(k *ledger.Key) { k.Limits[ledger.Daily] = 35 })
	b.walkFirst = 2
	require.Equal(t, start+2*hour+day, b.exceeded(b.reserve("s", 25)).AvailableAtUs)
	require.Equal(t, 3, b.applies)
	require.Equal(t, start+hour+day, b.exceeded(b.reserve("s", 20)).AvailableAtUs)
	require.Equal(t, 2, b.applies)
}

// What a batch did before the refusal counts, although the schedule was read
// before the batch.
func TestAvailableTimeSeesTheBatch(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.ok(b.reserve("released", 20))
	b.ok(b.reserve("settled", 20))
	b.ok(b.settle("reversed", 20))
	b.ok(b.settle("untouched", 20))
	b.clockUs = start + second
	now := b.clockUs
	short := b.reserve("new", 10)
	short.TTLUs = second
	outcomes := b.run(t,
		b.release("released"), b.settle("settled", 0), b.reverse("reversed"), short, b.settle("unreserved", 50),
		b.reserve("a", 10), b.reserve("b", 30), b.reserve("c", 100))
	want := []int64{
		now + 3 + second,       // the hold of this batch expires: granted as its fourth change
		now - second + 3 + day, // "untouched" leaves: settled as the fourth of the first changes
		now + 4 + day,          // all that this batch settled has to leave
	}
	for i, out := range outcomes[5:] {
		var refusal *ledger.LimitExceededError
		require.ErrorAs(t, out.Err, &refusal)
		require.Equal(t, want[i], refusal.AvailableAtUs, i)
	}
}

func TestRefusalInWords(t *testing.T) {
	t.Parallel()
	at := func(s string) int64 {
		when, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		return when.UnixMicro()
	}
	daily := ledger.WindowUsage{Window: ledger.Daily, LimitSats: 100_000, RemainingSats: 12_000}
	monthly := ledger.WindowUsage{Window: ledger.Monthly, LimitSats: 900_000, RemainingSats: 50_000}
	for _, test := range []struct {
		refusal ledger.LimitExceededError
		want    string
	}{
		{ledger.LimitExceededError{Violations: []ledger.WindowUsage{daily}, AvailableAtUs: at("2026-11-24T14:05:11Z")},
			"daily limit: 60000 sats requested, 12000 of 100000 left; fits from 2026-11-24T14:05:11Z"},
		{ledger.LimitExceededError{Violations: []ledger.WindowUsage{daily}, AvailableAtUs: at("2026-11-24T14:05:10.000001Z")},
			"daily limit: 60000 sats requested, 12000 of 100000 left; fits from 2026-11-24T14:05:11Z"},
		{ledger.LimitExceededError{Violations: []ledger.WindowUsage{daily, monthly}, AvailableNotBeforeUs: at("2026-11-24T14:05:11.999999Z")},
			"daily limit: 60000 sats requested, 12000 of 100000 left; monthly limit: 60000 sats requested, 50000 of 900000 left; does not fit before 2026-11-24T14:05:11Z"},
		{ledger.LimitExceededError{Violations: []ledger.WindowUsage{daily}},
			"daily limit: 60000 sats requested, 12000 of 100000 left; more than the limit, never fits"},
	} {
		test.refusal.RequestedSats = 60_000
		require.EqualError(t, &test.refusal, test.want)
	}
}
