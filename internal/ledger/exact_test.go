// Settles that insist on the amount of their spend.

package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func (b *bundle) exactly(id string, sats int64, transactionID string) ledger.Settle {
	return ledger.Settle{KeyRef: b.on, SpendID: id, AmountSats: sats, TransactionID: transactionID, Exact: true}
}

func TestExactSettle(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(b *bundle){
		"held":     func(*bundle) {},
		"released": func(b *bundle) { b.ok(b.release("s")) },
		"expired":  func(b *bundle) { b.clockUs += ttl },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{})
			b.ok(b.reserve("s", 7))
			prepare(b)
			for _, other := range []int64{6, 8} {
				b.refused(b.exactly("s", other, "tx"), ledger.ErrSpendIDReused)
			}
			s := b.ok(b.exactly("s", 7, "tx")).Spend
			require.Equal(t, []bool{name != "held", false, false}, []bool{s.Late, s.OverHold, s.Unreserved})
			require.Equal(t, "tx", s.TransactionID)
			b.sums(0, 7)
			b.replay(b.exactly("s", 7, "tx"))
			b.replay(b.exactly("s", 7, ""))
			for _, other := range []int64{6, 8} {
				b.refused(b.exactly("s", other, ""), ledger.ErrSpendIDReused)
			}
			b.ok(b.reverse("s"))
			for _, any := range []int64{6, 7, 8} { // it counts nowhere, so no amount is wrong
				b.replay(b.exactly("s", any, "tx2"))
			}
		})
	}
}

// An exact settle books nothing that nobody has held or booked before.
func TestExactSettleOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.refused(b.exactly("unknown", 7, "tx"), ledger.ErrSpendNotFound)
	b.ok(b.release("tombstone"))
	b.refused(b.exactly("tombstone", 7, "tx"), ledger.ErrSpendNotFound)
	b.ok(b.reserve("s", 7))
	for _, none := range []int64{0, -1} {
		b.refused(b.exactly("s", none, ""), ledger.ErrAmount)
		b.refused(b.exactly("unknown", none, ""), ledger.ErrAmount)
	}
	b.ok(b.settle("bare", 5))
	b.ok(b.exactly("bare", 5, "tx"))
	b.refused(b.exactly("s", 7, "tx"), ledger.ErrTransactionIDReused)
	b.sums(7, 5)
}
