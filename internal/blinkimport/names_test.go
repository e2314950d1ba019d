// Transaction ids: whose they are decides what becomes of a row.

package blinkimport_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/blinkimport/blinktest"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// TestUnfitTransaction: the amount counts, the id that nobody could name does not.
func TestUnfitTransaction(t *testing.T) {
	onEngines(t, func(e *env) {
		for i, bad := range []string{"a\nb", "\x7f", "x\u2028", "", " x", "x\u00a0"} {
			k := e.key()
			e.fill(k)
			r := e.insert(&k, "t", 5, start-hour)
			e.exec("UPDATE api_key_transactions SET transaction_id = $1 WHERE id = $2", bad, r.ID.String())
			out := e.run()
			require.Equal(t, r.ID.String(), findingOf(out, r).ID)
			require.Contains(t, findingOf(out, r).Reason, "1 to 128 printable characters")
			require.Len(t, out.found, i+1, "the earlier ones are said again")
			e.spent(k, 5)
			require.Empty(t, e.spends(k)[r.ID.String()].TransactionID)
		}
	})
}

func findingOf(o outcome, r blinktest.Row) blinkimport.Finding {
	for _, f := range o.found {
		if f.ID == r.ID.String() {
			return f
		}
	}
	return blinkimport.Finding{}
}

// TestNameOfAnotherKey: the amount counts for this key, and the name stays with
// the other.
func TestNameOfAnotherKey(t *testing.T) {
	onEngines(t, func(e *env) {
		k, other := e.key(), e.key()
		e.fill(k, other)
		owner := store.PaymentName{Name: "t", KeyID: ledger.KeyID(other.ID), SpendID: "theirs"}
		_, err := e.store.ClaimNames(e.Context(), []store.PaymentName{owner})
		require.NoError(t, err)
		r := e.insert(&k, "t", 5, start-hour)
		for range 2 {
			out := e.run()
			out.only(t, blinkimport.Refused, spendTable, r.ID.String(), "belongs to another API key")
			require.EqualValues(t, 2, out.Equal)
			e.spent(k, 5)
			require.Equal(t, owner, e.name("t"))
		}
	})
}

// TestNameOfSatcap: a payment that satcap was told of before the import counts
// once, under the name that it has here.
func TestNameOfSatcap(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.run()
		for _, told := range []bool{true, false} { // false: the claim was made and nothing after it
			name := map[bool]string{true: "told", false: "claimed"}[told]
			_, err := e.store.ClaimNames(e.Context(), []store.PaymentName{{Name: name, KeyID: ledger.KeyID(k.ID), SpendID: name}})
			require.NoError(t, err)
			if told {
				e.do(ledger.Settle{KeyRef: ref(k), SpendID: name, AmountSats: 5, TransactionID: name})
			}
			e.insert(&k, name, 5, start-hour)
		}
		for range 2 {
			out := e.run().clean(t)
			require.Zero(t, out.Reversed)
			e.spent(k, 10)
			require.Len(t, e.spends(k), 2)
		}

		// The same for one that came by satcap's own API, which claims no names.
		e.do(ledger.Settle{KeyRef: ref(k), SpendID: "own", AmountSats: 7, TransactionID: "t"})
		r := e.insert(&k, "t", 7, start-hour)
		out := e.run()
		out.only(t, blinkimport.Refused, spendTable, r.ID.String(), "has this transaction already")
		require.EqualValues(t, 1, out.Equal)
		e.spent(k, 17)

		// Another amount is no repetition.
		r = e.insert(&k, "u", 8, start-hour)
		_, err := e.store.ClaimNames(e.Context(), []store.PaymentName{{Name: "u", KeyID: ledger.KeyID(k.ID), SpendID: "u"}})
		require.NoError(t, err)
		e.do(ledger.Settle{KeyRef: ref(k), SpendID: "u", AmountSats: 9, TransactionID: "u"})
		out = e.run()
		require.Contains(t, findingOf(out, r).Reason, "another amount")
		require.EqualValues(t, 4, out.Findings[blinkimport.Different])
	})
}

// TestReversedBeforeItCame: satcap was told to reverse what the source still has.
func TestReversedBeforeItCame(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.insert(&k, "t", 5, start-hour)
		_, err := e.store.ReverseName(e.Context(), "t")
		require.NoError(t, err)
		out := e.run()
		require.EqualValues(t, 1, out.Reversed)
		require.EqualValues(t, 1, out.Explained)
		require.Empty(t, out.found)
		e.spent(k, 0)
		require.Equal(t, ledger.KeyID(k.ID), e.name("t").KeyID)
		again := e.run()
		require.EqualValues(t, 1, again.Known)
		require.Zero(t, again.Reversed)
	})
}

// TestReversedSinceItCame: a reversal in satcap stands, and explains the sums.
func TestReversedSinceItCame(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		r := e.insert(&k, "t", 5, start-hour)
		e.run().clean(t)
		e.do(ledger.Reverse{KeyRef: ref(k), SpendID: "blink:" + r.ID.String()})
		e.do(ledger.Settle{KeyRef: ref(k), SpendID: "own", AmountSats: 3})
		out := e.run()
		require.EqualValues(t, 1, out.Known)
		require.EqualValues(t, 1, out.Explained)
		require.Empty(t, out.found)
		e.spent(k, 3)
	})
}

// TestOnItsWay: a lock that is imported can be recorded at the source, recorded
// in satcap, or reversed in either, later.
func TestOnItsWay(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		lock := uuid.NewString()
		r := e.insert(&k, lock, 5, start-hour)
		e.run().clean(t)
		spend := "blink:" + r.ID.String()
		require.Equal(t, spend, e.name(lock).SpendID)

		e.exec("UPDATE api_key_transactions SET transaction_id = 'recorded' WHERE id = $1", r.ID.String())
		require.EqualValues(t, 1, e.run().clean(t).Named)
		require.Equal(t, "recorded", e.spends(k)[r.ID.String()].TransactionID)
		require.Equal(t, spend, e.name("recorded").SpendID)
		require.Equal(t, spend, e.name(lock).SpendID, "a late message may still use it")
		require.EqualValues(t, 1, e.run().clean(t).Known)

		e.exec("DELETE FROM api_key_transactions WHERE id = $1", r.ID.String())
		require.EqualValues(t, 1, e.run().clean(t).Reversed)
		require.Equal(t, ledger.Reversed, e.spends(k)[r.ID.String()].State)

		// The source books the same transaction anew after it was reversed.
		anew := e.insert(&k, "recorded", 5, start-second)
		out := e.run()
		out.only(t, blinkimport.Refused, spendTable, anew.ID.String(), "names an earlier row")
		require.EqualValues(t, 1, out.Equal)
		e.spent(k, 5)
		e.sound()
	})
}
