// Every order, every duplication and every batching of the messages of one
// payment: all of them end in the same state with the same sums.

package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// end is what must not depend on the order. Flags and times tell the order, and
// a spend that was reversed may never have heard its amount: they may differ.
type end struct {
	state       ledger.SpendState
	held, spent int64
	amount      int64 // of a settled spend
}

func TestEveryOrder(t *testing.T) {
	t.Parallel()
	maker := setup(t, ledger.Limits{})
	reserve, release := maker.reserve("s", 10), maker.release("s")
	settle, settleHeld := maker.settle("s", 7), maker.settle("s", 0)
	settleAs, settleHeldAs := maker.settleAs("s", 7, "txn"), maker.settleAs("s", 0, "txn")
	reverse, reverseTransaction := maker.reverse("s"), maker.reverseTransaction("txn")

	settled := func(sats int64) end { return end{state: ledger.Settled, spent: sats, amount: sats} }
	gone := end{state: ledger.Reversed}
	for _, test := range []struct {
		name     string
		messages []ledger.Operation
		want     end
	}{
		{"ReserveSettle", []ledger.Operation{reserve, settle}, settled(7)},
		{"ReserveSettleHeld", []ledger.Operation{reserve, settleHeld}, settled(10)},
		{"ReserveSettleHeldWithTransaction", []ledger.Operation{reserve, settleHeldAs}, settled(10)},
		{"ReserveRelease", []ledger.Operation{reserve, release}, end{state: ledger.Released}},
		{"ReserveReverse", []ledger.Operation{reserve, reverse}, gone},
		{"ReserveSettleRelease", []ledger.Operation{reserve, settle, release}, settled(7)},
		{"ReserveSettleThenNamed", []ledger.Operation{reserve, settle, settleAs}, settled(7)},
		{"SettleThenNamedReverseTransaction", []ledger.Operation{settle, settleAs, reverseTransaction}, gone},
		{"ReserveSettleReverseTransaction", []ledger.Operation{reserve, settleAs, reverseTransaction}, gone},
		{"ReserveSettleHeldReverseTransaction", []ledger.Operation{reserve, settleHeldAs, reverseTransaction}, gone},
		{"SettleReverseBoth", []ledger.Operation{settleAs, reverse, reverseTransaction}, gone},
		{"ReserveReleaseReverse", []ledger.Operation{reserve, release, reverse}, gone},
		{"ReserveSettleReleaseReverse", []ledger.Operation{reserve, settle, release, reverse}, gone},
		{"ReserveSettleReleaseReverseTransaction", []ledger.Operation{reserve, settleAs, release, reverseTransaction}, gone},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			orders := 0
			eachOrder(test.messages, func(order []ledger.Operation) {
				orders++
				for _, cuts := range batchings(len(order)) {
					if got := deliver(t, order, cuts); got != test.want {
						t.Fatalf("%s, cut %b: ended in %+v, want %+v", describe(order), cuts, got, test.want)
					}
				}
			})
			require.GreaterOrEqual(t, orders, 14, "two messages alone have 14 orders with up to two copies of each")
		})
	}
}

// eachOrder calls f with every distinct order of every choice of one or two
// copies of each message.
func eachOrder(messages []ledger.Operation, f func([]ledger.Operation)) {
	for twice := range 1 << len(messages) {
		copies := make([]int, len(messages))
		for i := range copies {
			copies[i] = 1 + twice>>i&1
		}
		var visit func(order []ledger.Operation)
		visit = func(order []ledger.Operation) {
			done := true
			for i := range copies {
				if copies[i] > 0 {
					done = false
					copies[i]--
					visit(append(order, messages[i]))
					copies[i]++
				}
			}
			if done {
				f(slices.Clone(order))
			}
		}
		visit(nil)
	}
}

// batchings are the ways to cut n messages into batches, as bits: all of them
// for a few messages, else all in one and one by one.
func batchings(n int) []int {
	if n > 5 {
		return []int{0, 1<<(n-1) - 1}
	}
	var all []int
	for cuts := range 1 << (n - 1) {
		all = append(all, cuts)
	}
	return all
}

// deliver sends the messages in batches, retries a Settle that did not find its
// hold once all have arrived, and tells how it ended.
func deliver(t *testing.T, order []ledger.Operation, cuts int) end {
	t.Helper()
	b := setup(t, ledger.Limits{100, 100, 100, 100})
	var retries, batch []ledger.Operation
	for i, op := range order {
		batch = append(batch, op)
		if i < len(order)-1 && cuts>>i&1 == 0 {
			continue
		}
		for j, out := range b.run(t, batch...) {
			var closed *ledger.SpendClosedError
			switch {
			case errors.Is(out.Err, ledger.ErrSpendNotFound):
				retries = append(retries, batch[j])
			case out.Err != nil && !errors.As(out.Err, &closed):
				t.Fatalf("%s: %v", describe(order), out.Err)
			}
		}
		batch = nil
	}
	for _, op := range retries {
		if err := b.send(op).Err; err != nil {
			t.Fatalf("retry after %s: %v", describe(order), err)
		}
	}
	u := b.view(b.on.KeyID).Usage()
	require.Len(t, b.spends, 1)
	e := end{state: b.spends[0].State, held: u[ledger.Daily].HeldSats, spent: u[ledger.Daily].SpentSats}
	for _, w := range ledger.Windows() {
		require.Equal(t, e.spent, u[w].SpentSats)
	}
	if e.state == ledger.Settled {
		e.amount = b.spends[0].AmountSats
	}
	return e
}

func describe(order []ledger.Operation) string {
	var words []string
	for _, op := range order {
		words = append(words, strings.TrimPrefix(fmt.Sprintf("%T", op), "ledger."))
	}
	return strings.Join(words, " ")
}

// The one order that no retry can mend: a Release that overtook its Reserve
// leaves no hold, so a Settle without an amount has nothing to go by. Who gives
// the amount is served in every order.
func TestSettleWithoutAmountAfterReleaseWithoutHold(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.release("s"))
	b.closed(b.reserve("s", 10), ledger.Released)
	b.refused(b.settle("s", 0), ledger.ErrSpendNotFound)
	s := b.ok(b.settle("s", 10)).Spend
	require.True(t, s.Late && s.Unreserved)
	b.sums(0, 10)
}
