// Settle, Release and Reverse: what the messages of a payment do to its spend
// and to the sums.

package ledger_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func TestSettleMovesTheHold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		amount   int64
		spent    int64
		overHold bool
	}{
		{"AbsentIsTheHeldAmount", 0, 60, false},
		{"Equal", 60, 60, false},
		{"LessFreesTheRest", 20, 20, false},
		{"MoreIsBookedAndFlagged", 61, 61, true},
		{"EvenAboveTheLimit", 500, 500, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{100, 0, 0, 0})
			held := b.ok(b.reserve("s", 60)).Spend
			b.clockUs += second
			want := held
			want.State, want.AmountSats, want.OverHold = ledger.Settled, test.spent, test.overHold
			want.SettledAtUs, want.UpdatedAtUs = b.clockUs, b.clockUs
			same(t, want, b.ok(b.settle("s", test.amount)).Spend)
			b.sums(0, test.spent)
			remaining, limited := new(b.key()).RemainingSats(ledger.Daily)
			require.True(t, limited)
			require.Equal(t, max(0, 100-test.spent), remaining)
		})
	}
}

func TestSettleLate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		late func(*bundle)
		want bool
	}{
		{"OneMicrosecondBeforeExpiry", func(b *bundle) { b.clockUs += ttl - 1 }, false},
		{"AtExpiry", func(b *bundle) { b.clockUs += ttl }, true},
		{"AfterASweepHasWrittenItDown", func(b *bundle) {
			b.clockUs += ttl
			b.replay(ledger.Sweep{KeyRef: b.on}) // with a limit of no rows, so that both ways are tried
			b.run(b.t, ledger.Sweep{KeyRef: b.on, Limit: 10})
			require.Equal(b.t, ledger.Expired, b.spends[0].State)
		}, true},
		{"AfterRelease", func(b *bundle) { b.ok(b.release("s")) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{100, 0, 0, 0})
			b.ok(b.reserve("s", 60))
			test.late(b)
			s := b.ok(b.settle("s", 0)).Spend
			require.Equal(t, test.want, s.Late)
			require.Equal(t, int64(60), s.AmountSats)
			require.False(t, s.OverHold || s.Unreserved)
			b.sums(0, 60)
		})
	}
}

func TestSettleUnreserved(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.refused(b.settle("s", 0), ledger.ErrSpendNotFound)
	b.ok(b.settle("before", 90))
	s := b.ok(b.settle("s", 50)).Spend
	require.True(t, s.Unreserved && !s.Late && !s.OverHold)
	b.sums(0, 140)
	require.Zero(t, b.view(b.on.KeyID).Usage()[ledger.Daily].RemainingSats, "never negative")
}

// A settled spend keeps its first time, whatever else is said of it.
func TestSettleAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	first := b.ok(b.settle("s", 50)).Spend
	b.clockUs += day
	same(t, first, b.replay(b.settle("s", 50)).Spend)
	same(t, first, b.replay(b.settle("s", 0)).Spend)
	b.refused(b.settle("s", 49), ledger.ErrSpendIDReused)
	same(t, first, b.replay(b.release("s")).Spend)
	named := b.ok(b.settleAs("s", 50, "txn")).Spend
	require.Equal(t, first.SettledAtUs, named.SettledAtUs)
	require.Equal(t, "txn", named.TransactionID)
	b.replay(b.settleAs("s", 50, "txn"))
	b.replay(b.settle("s", 50))
	b.sums(0, 0, 50)

	// absent means the held amount, also where less was settled
	b.ok(b.reserve("less", 60))
	b.ok(b.settle("less", 20))
	b.refused(b.settle("less", 0), ledger.ErrSpendIDReused)
	b.replay(b.settle("less", 20))
}

func TestSettleTransactions(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.settleAs("one", 10, "txn1"))
	b.ok(b.reserve("two", 20))
	b.refused(b.settleAs("two", 0, "txn1"), ledger.ErrTransactionIDReused)
	b.refused(b.settleAs("three", 30, "txn1"), ledger.ErrTransactionIDReused)
	b.refused(b.settleAs("one", 10, "txn2"), ledger.ErrSpendIDReused)
	b.sums(20, 10)

	b.ok(b.settleAs("two", 0, "txn2"))
	b.refused(b.settleAs("one", 10, "txn2"), ledger.ErrTransactionIDReused)
	b.ok(b.reverseTransaction("txn2"))
	b.refused(b.settleAs("three", 30, "txn2"), ledger.ErrTransactionIDReused)
	b.sums(0, 10)

	other := ledger.KeyID{2}
	b.addKey(other, "bob", ledger.Limits{})
	op := b.settleAs("one", 10, "txn1")
	op.KeyID = other
	b.on.KeyID = other
	b.ok(op) // a transaction names one spend within its key
}

func TestReverse(t *testing.T) {
	t.Parallel()
	t.Run("HoldOrSettledStopsCounting", func(t *testing.T) {
		t.Parallel()
		b := setup(t, ledger.Limits{})
		b.ok(b.reserve("held", 10))
		b.ok(b.settleAs("spent", 20, "txn"))
		b.sums(10, 20)
		s := b.ok(b.reverse("held")).Spend
		require.Equal(t, ledger.Reversed, s.State)
		require.NotZero(t, s.ReversedAtUs)
		b.sums(0, 20)
		b.ok(b.reverseTransaction("txn"))
		b.sums(0, 0)
		b.replay(b.reverse("spent"))
		b.replay(b.reverseTransaction("txn"))
		b.replay(b.settleAs("spent", 20, "txn"))
		b.replay(b.release("spent"))
	})
	t.Run("OnlyFromTheWindowsThatItHasNotLeft", func(t *testing.T) {
		t.Parallel()
		for _, after := range []struct {
			us   int64
			want []int64 // what the other spend, settled later, still counts
		}{{day - 1, []int64{5, 5, 5, 5}}, {day, []int64{5, 5, 5, 5}}, {7*day - 1, []int64{0, 5, 5, 5}}, {7 * day, []int64{0, 5, 5, 5}}, {30 * day, []int64{0, 0, 5, 5}}, {365 * day, []int64{0, 0, 0, 5}}} {
			b := setup(t, ledger.Limits{})
			b.ok(b.settle("s", 20))
			b.clockUs += 10 * hour
			b.ok(b.settle("other", 5))
			b.clockUs = start + after.us
			b.ok(b.reverse("s"))
			b.sums(0, after.want...)
		}
	})
	t.Run("ATombstoneOfTheSpend", func(t *testing.T) {
		t.Parallel()
		b := setup(t, ledger.Limits{})
		s := b.ok(b.reverse("s")).Spend
		same(t, ledger.Spend{KeyID: b.on.KeyID, ID: "s", State: ledger.Reversed, CreatedAtUs: start, ReversedAtUs: start, UpdatedAtUs: start}, s)
		same(t, s, b.replay(b.settleAs("s", 20, "txn")).Spend)
		b.closed(b.reserve("s", 20), ledger.Reversed)
		b.sums(0, 0)
	})
	t.Run("ATombstoneOfTheTransaction", func(t *testing.T) {
		t.Parallel()
		b := setup(t, ledger.Limits{})
		first := b.ok(b.reverseTransaction("txn")).Spend
		same(t, ledger.Spend{KeyID: b.on.KeyID, State: ledger.Reversed, TransactionID: "txn", ReversedAtUs: start}, first)
		b.clockUs += hour
		same(t, first, b.replay(b.reverseTransaction("txn")).Spend)
		require.Len(t, b.reversals, 1)
		b.ok(b.reserve("s", 20))
		s := b.ok(b.settleAs("s", 0, "txn")).Spend
		require.Equal(t, ledger.Reversed, s.State)
		require.Zero(t, s.SettledAtUs)
		b.sums(0, 0)

		// it may also be named after it was booked
		b.ok(b.reverseTransaction("txn2"))
		b.ok(b.settle("s2", 20))
		b.sums(0, 20)
		require.Equal(t, ledger.Reversed, b.ok(b.settleAs("s2", 20, "txn2")).Spend.State)
		b.sums(0, 0)
	})
}

func TestReleaseRemembersTheUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	same(t, ledger.Spend{KeyID: b.on.KeyID, ID: "s", State: ledger.Released, CreatedAtUs: start, UpdatedAtUs: start}, b.ok(b.release("s")).Spend)
	b.replay(b.release("s"))
	b.closed(b.reserve("s", 20), ledger.Released)
	b.clockUs = b.ok(b.reserve("t", 20)).Spend.ExpiresAtUs
	require.Equal(t, ledger.Expired, b.replay(b.release("t")).Spend.State, "released and expired share a rung")
}

// No sum passes int64, and every read still works right below.
func TestOverflow(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.ok(b.settle("much", math.MaxInt64-100))
	b.refused(b.settle("s", 101), ledger.ErrSumOverflow)
	b.refused(b.reserve("s", 101), ledger.ErrSumOverflow)
	b.ok(b.settle("s", 40))
	b.clockUs += day // the day is empty, the year is not
	b.ok(b.reserve("held", 60))
	b.refused(b.reserve("t", 1), ledger.ErrSumOverflow)
	b.refused(b.settle("t", 1), ledger.ErrSumOverflow)
	b.refused(b.settle("held", 61), ledger.ErrSumOverflow)
	b.sums(60, 0, math.MaxInt64-60)
	refusal, _ := b.view(b.on.KeyID).Check(ledger.MaxAmountSats, nil)
	require.Equal(t, int64(40), refusal.MaxAllowedSats)

	b.ok(b.settle("held", 60)) // its hold makes room for it
	b.sums(0, 60, math.MaxInt64)
	b.ok(b.reverseTransaction("txn"))
	b.ok(b.settleAs("t", 1000, "txn")) // reversed ahead: books nothing
	b.ok(b.reverse("much"))
	b.ok(b.settle("u", 1))
	b.sums(0, 61, 101)
}
