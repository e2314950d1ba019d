// Spends from elsewhere: when they count, and what a repeat does.

package ledger_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// taken is an import of a spend that was settled some time ago.
func (b *bundle) taken(id string, sats, agoUs int64, transactionID string) ledger.Import {
	return ledger.Import{KeyRef: b.on, SpendID: id, AmountSats: sats, TransactionID: transactionID, SettledAtUs: b.clockUs - agoUs}
}

func TestImportCountsSinceItsOwnTime(t *testing.T) {
	t.Parallel()
	for i, w := range ledger.Windows() {
		for _, beside := range []int64{-1, 0, 1} {
			b := setup(t, ledger.Limits{1, 1, 1, 1}) // no limit refuses it
			s := b.ok(b.taken("s", 7, w.LengthUs()+beside, "tx")).Spend
			same(t, ledger.Spend{
				KeyID: b.on.KeyID, ID: "s", State: ledger.Settled, AmountSats: 7, TransactionID: "tx", Unreserved: true,
				CreatedAtUs: start, UpdatedAtUs: start, SettledAtUs: start - w.LengthUs() - beside,
			}, s)
			want := make([]int64, ledger.WindowCount)
			for v := range want {
				if v > i || v == i && beside < 0 {
					want[v] = 7
				}
			}
			b.sums(0, want...)
			if beside < 0 { // and leaves at its own time
				want[i] = 0
				b.clockUs++
				b.sums(0, want...)
			}
			b.ok(b.reverse("s"))
			b.sums(0, 0)
		}
	}
}

func TestImportTime(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	for _, ago := range []int64{-1, -day, start, start + 1} {
		b.refused(b.taken("s", 1, ago, ""), ledger.ErrImportTime)
	}
	b.ok(b.taken("the first", 1, start-1, ""))
	b.clockUs += second
	b.ok(b.taken("now", 1, 0, ""))
	b.clockUs -= hour // now is after the key's last time, whatever the clock says
	op := b.taken("later", 1, 0, "")
	op.SettledAtUs = b.key().LastUs + 1
	b.ok(op)
	op.SpendID, op.SettledAtUs = "too late", b.key().LastUs+2
	b.refused(op, ledger.ErrImportTime)
	b.refused(b.taken("s", 0, 1, ""), ledger.ErrAmount)
	b.refused(b.taken("s", -1, 1, ""), ledger.ErrAmount)
}

func TestImportAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	first := b.ok(b.taken("s", 7, hour, "")).Spend
	b.clockUs += second
	b.replay(b.taken("s", 7, day, "")) // it keeps its time
	b.refused(b.taken("s", 8, hour, ""), ledger.ErrSpendIDReused)
	b.clockUs += second
	named := b.ok(b.taken("s", 7, hour, "tx")).Spend
	first.TransactionID, first.UpdatedAtUs = "tx", b.clockUs
	same(t, first, named)
	b.replay(b.taken("s", 7, hour, "tx"))
	b.replay(b.taken("s", 7, hour, "another")) // it keeps its name
	b.replay(b.taken("s", 7, hour, ""))
	b.refused(b.taken("other", 7, hour, "tx"), ledger.ErrTransactionIDReused)
	b.ok(b.taken("nameless", 7, hour, ""))
	b.refused(b.taken("nameless", 7, hour, "tx"), ledger.ErrTransactionIDReused)
	b.sums(0, 14)
	b.ok(b.reverse("s"))
	b.replay(b.taken("s", 7, hour, "tx"))
	b.replay(b.taken("s", 8, hour, "tx"))
	b.sums(0, 7)
}

func TestImportAfterItsReversal(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.reverse("s"))
	b.replay(b.taken("s", 7, hour, ""))
	b.ok(b.reverseTransaction("tx"))
	require.Equal(t, ledger.Reversed, b.ok(b.taken("t", 7, hour, "tx")).Spend.State)
	b.ok(b.reverseTransaction("tx2"))
	b.ok(b.taken("u", 9, hour, ""))
	b.sums(0, 9)
	require.Equal(t, ledger.Reversed, b.ok(b.taken("u", 9, hour, "tx2")).Spend.State)
	b.sums(0, 0)
}

// What is known and was never settled moves up the ladder, as by a Settle.
func TestImportOfAHold(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.reserve("held", 7))
	b.ok(b.reserve("expired", 7))
	b.ok(b.reserve("released", 7))
	b.ok(b.release("released"))
	b.ok(b.release("tombstone"))
	b.refused(b.taken("held", 8, hour, ""), ledger.ErrSpendIDReused)
	b.clockUs += second
	s := b.ok(b.taken("held", 7, hour, "")).Spend
	require.Equal(t, []bool{false, false, false}, []bool{s.Late, s.OverHold, s.Unreserved})
	require.Equal(t, b.clockUs-hour, s.SettledAtUs)
	b.sums(7, 7)
	b.clockUs += ttl
	for i, id := range []string{"expired", "released", "tombstone"} {
		s = b.ok(b.taken(id, 7, hour, "")).Spend
		require.Equal(t, []bool{true, false, id == "tombstone"}, []bool{s.Late, s.OverHold, s.Unreserved}, id)
		b.sums(0, int64(7*(i+2)))
	}
}

// Only what is still in a sum can be too much for it.
func TestImportOverflow(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.settle("s", 1<<62))
	b.clockUs += second
	b.refused(b.taken("t", 1<<62, 365*day-1, ""), ledger.ErrSumOverflow)
	b.ok(b.taken("t", 1<<62, 365*day, ""))
	b.sums(0, 1<<62)
}

// What was settled at one moment leaves at one moment: neither what comes back
// next nor the walk of a refusal may take the first for all.
func TestImportsOfOneMoment(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{10, 0, 0, 0})
	const n = ledger.WalkFirst + 6
	for i := range n {
		b.ok(b.taken(fmt.Sprint(i), 1, hour, ""))
	}
	b.change(func(k *ledger.Key) { k.Limits[ledger.Daily] = n })
	same(t, ledger.Comeback{AtUs: start - hour + day, AmountSats: n}, b.view(b.on.KeyID).Usage()[ledger.Daily].NextRelease)
	for _, amount := range []int64{1, ledger.WalkFirst, ledger.WalkFirst + 1, n} { // some behind the end of a short schedule
		require.Equal(t, start-hour+day, b.exceeded(b.reserve("s", amount)).AvailableAtUs)
	}
	b.clockUs = start - hour + day - 1
	b.exceeded(b.reserve("s", 1))
	b.clockUs++
	b.ok(b.reserve("s", n))
}

// The walk's bound may fall among spends of one moment. It falls on the same one
// however the spends were listed, and names that moment, which is not too early.
func TestWalkEndsAmongImportsOfOneMoment(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	for i := range ledger.WalkBound + 5 {
		b.ok(b.taken(fmt.Sprint(i), 1, hour, ""))
	}
	b.change(func(k *ledger.Key) { k.Limits[ledger.Daily] = ledger.WalkBound + 5 })
	require.Equal(t, start-hour+day, b.exceeded(b.reserve("s", ledger.WalkBound)).AvailableAtUs)
	refusal := b.exceeded(b.reserve("s", ledger.WalkBound+1))
	require.Zero(t, refusal.AvailableAtUs)
	require.Equal(t, start-hour+day, refusal.AvailableNotBeforeUs)
}

// Spends of one moment that the batch itself has booked or touched are walked in
// the order of their creation, never in that of a map.
func TestWalkIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	for i := range ledger.WalkBound - 4 {
		b.ok(b.taken(fmt.Sprint(i), 1, hour, ""))
	}
	b.change(func(k *ledger.Key) { k.Limits[ledger.Daily] = 2 * ledger.WalkBound })
	var ops []ledger.Operation
	for i := range int64(8) { // of which four are within the bound: 1, 2, 4 and 8 sats
		ops = append(ops, b.taken(fmt.Sprint("new", i), 1<<i, hour, ""))
	}
	spent := int64(ledger.WalkBound - 4 + 255)
	within := int64(ledger.WalkBound - 4 + 15)
	fits := 2*ledger.WalkBound - spent + within
	ops = append(ops, b.reserve("fits", fits), b.reserve("does not", fits+1))
	for range 20 {
		outcomes := b.clone().run(t, ops...)
		var refusal *ledger.LimitExceededError
		require.ErrorAs(t, outcomes[8].Err, &refusal)
		require.Equal(t, start-hour+day, refusal.AvailableAtUs)
		require.ErrorAs(t, outcomes[9].Err, &refusal)
		require.Zero(t, refusal.AvailableAtUs)
		require.Equal(t, start-hour+day, refusal.AvailableNotBeforeUs)
	}
}
