// Scenarios of Blink's contract: whose a name is.

package rpc_test

import (
	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// blinkOtherKeys: a name that another key uses never touches this one.
func blinkOtherKeys(e *env) {
	one, two, payment := e.newKey(), e.newKey(), journal()
	e.blinkRecord(one, 10, payment, "").ok()
	e.blinkRecord(two, 20, payment, "").ok()
	require.EqualValues(e.t, 10, e.daySpent(one))
	require.EqualValues(e.t, 20, e.daySpent(two))
	e.blinkRecord(two, 20, payment, "").ok()
	says(e.blinkRecord(two, 10, payment, ""), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(one), "who used it first")
	require.EqualValues(e.t, 20, e.daySpent(two))

	hold, payment := e.hold(one, 5), journal()
	says(e.blinkRecord(two, 5, payment, hold), connect.CodeNotFound, unknownHold, "SPEND_NOT_FOUND")
	require.EqualValues(e.t, 5, e.daySpent(one))
	require.EqualValues(e.t, 20, e.daySpent(two))
	e.blinkRecord(one, 5, payment, hold).ok()
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(one), "the call that failed has not taken the name")

	payment = journal()
	e.blinkRecord(two, 5, payment, e.hold(two, 5)).ok()
	e.blinkRecord(one, 5, payment, e.hold(one, 5)).ok()
	e.blinkReverse(payment).ok()
	require.EqualValues(e.t, 20, e.daySpent(two))
	require.EqualValues(e.t, 5, e.daySpent(one))
	other := e.newKey()
	e.blinkRecord(other, 7, payment, e.hold(other, 7)).ok()
	require.Equal(e.t, "daily - 7 0 -", sums(e.usage(other).ok().GetUsage())[0], "the reversal was of the first key's")
}

// blinkTransactions: one transaction, several messages about it.
func blinkTransactions(e *env) {
	key, payment := e.newKey(), journal()
	hold, second := e.hold(key, 10), e.hold(key, 10)
	e.blinkRecord(key, 10, payment, hold).ok()
	// Without the hold's name, and with one that nobody knows: a repetition.
	e.blinkRecord(key, 10, payment, "").ok()
	e.blinkRecord(key, 10, payment, key+":"+uuid.NewString()).ok()
	e.blinkRecord(key, 10, payment, uuid.NewString()).ok()
	says(e.blinkRecord(key, 11, payment, key+":"+uuid.NewString()), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	says(e.blinkRecord(key, 11, payment, uuid.NewString()), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	says(e.blinkRecord(key, 10, payment, second), connect.CodeFailedPrecondition, amountMismatch, "TRANSACTION_ID_REUSED")
	require.Equal(e.t, "daily - 10 10 -", sums(e.usage(key).ok().GetUsage())[0])
	e.blinkReverse(payment).ok()
	require.EqualValues(e.t, 10, e.daySpent(key), "the second hold")

	// A hold's name is no transaction: reversing it would mean the hold.
	says(e.blinkRecord(key, 10, second, ""), connect.CodeInvalidArgument, "must not be an ephemeral id", "INVALID_ARGUMENT")
	require.Equal(e.t, satcapv1.Spend_STATE_RESERVED, e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().GetSpends()[0].GetState())
	require.EqualValues(e.t, 10, e.settle(key, second, 0).ok().GetSpend().GetAmountSats(), "in satcap.v1 the hold is a spend")
	e.blinkReverse("no such transaction").ok()
	require.EqualValues(e.t, 10, e.daySpent(key))
}

// blinkInterrupted: a server died between writing down whose the transaction is
// and booking it.
func blinkInterrupted(e *env) {
	key := e.newKey()
	claimed := func(hold string) string {
		payment := journal()
		_, err := e.s.engine.ClaimNames(e.t.Context(), []store.PaymentName{{Name: payment, KeyID: ledger.KeyID(uuid.MustParse(key)), SpendID: hold}})
		require.NoError(e.t, err)
		return payment
	}
	hold := e.hold(key, 10)
	payment := claimed(hold)
	e.blinkRecord(key, 10, payment, hold).ok()
	require.Equal(e.t, "daily - 10 0 -", sums(e.usage(key).ok().GetUsage())[0])
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(key))

	// Reversed before the repetition: the hold is given back at once.
	hold = e.hold(key, 10)
	payment = claimed(hold)
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(key))
	e.blinkRecord(key, 10, payment, hold).ok()
	require.Zero(e.t, e.daySpent(key))

	// Reversed, and then repeated with another hold: neither counts.
	payment = claimed(e.hold(key, 10))
	e.blinkReverse(payment).ok()
	e.blinkRecord(key, 10, payment, e.hold(key, 10)).ok()
	require.Zero(e.t, e.daySpent(key))

	// Repeated with another hold: the transaction is where it was settled, and the
	// hold that never got it stays until it expires.
	hold = e.hold(key, 10)
	payment = claimed(hold)
	e.blinkRecord(key, 10, payment, e.hold(key, 10)).ok()
	require.Equal(e.t, "daily - 10 10 -", sums(e.usage(key).ok().GetUsage())[0])
	e.blinkReverse(payment).ok()
	require.Equal(e.t, "daily - 0 10 -", sums(e.usage(key).ok().GetUsage())[0])
	e.blinkReverse(hold).ok()
	require.Zero(e.t, e.daySpent(key))

	// Two transactions for one hold at once: the one that lost is booked by itself,
	// and its reversal leaves the other one alone.
	hold = e.hold(key, 10)
	first, second := journal(), claimed(hold)
	e.blinkRecord(key, 10, first, hold).ok()
	e.blinkRecord(key, 10, second, "").ok()
	require.EqualValues(e.t, 20, e.daySpent(key))
	e.blinkReverse(second).ok()
	require.EqualValues(e.t, 10, e.daySpent(key))
	e.blinkReverse(first).ok()
	require.Zero(e.t, e.daySpent(key))
}

// blinkRefused: a call that is refused leaves nothing behind that a later one
// could trip over.
func blinkRefused(e *env) {
	key := e.newKey()
	hold, first, second := e.hold(key, 100), journal(), journal()
	e.blinkRecord(key, 100, first, hold).ok()
	says(e.blinkRecord(key, 100, second, hold), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	e.blinkReverse(second).ok()
	require.EqualValues(e.t, 100, e.daySpent(key), "the hold belongs to the first transaction")
	third := journal()
	says(e.blinkRecord(key, 100, third, hold), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	e.blinkRecord(key, 100, third, "").ok()
	require.EqualValues(e.t, 200, e.daySpent(key), "a payment that happened can be booked")
	e.blinkReverse(third).ok()
	says(e.blinkRecord(key, 100, second, hold), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	require.EqualValues(e.t, 100, e.daySpent(key))
	e.blinkReverse(first).ok()
	require.Zero(e.t, e.daySpent(key))

	// Another amount than the hold's.
	small, large, payment := e.hold(key, 50), e.hold(key, 70), journal()
	says(e.blinkRecord(key, 70, payment, small), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	e.blinkRecord(key, 70, payment, large).ok()
	e.blinkReverse(payment).ok()
	require.Equal(e.t, "daily - 0 50 -", sums(e.usage(key).ok().GetUsage())[0], "the small hold stays")
	e.blinkReverse(small).ok()

	// A hold that never was: its transaction belongs to whoever records it.
	other := e.newKey()
	payment = journal()
	says(e.blinkRecord(key, 10, payment, key+":"+uuid.NewString()), connect.CodeNotFound, unknownHold, "SPEND_NOT_FOUND")
	e.blinkRecord(other, 10, payment, "").ok()
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(other))
	says(e.blinkRecord(uuid.NewString(), 10, journal(), uuid.NewString()), connect.CodeInvalidArgument, "Invalid API key ID", "API_KEY_NOT_FOUND")
}

// blinkTakenOver: a hold that was imported keeps the name that its caller knows.
func blinkTakenOver(e *env) {
	key := e.newKey()
	id := ledger.KeyID(uuid.MustParse(key))
	imported := func(spend string) (name string) {
		name = uuid.NewString()
		_, err := e.s.engine.ClaimNames(e.t.Context(), []store.PaymentName{{Name: name, KeyID: id, SpendID: spend}})
		require.NoError(e.t, err)
		e.record(key, spend, 10).ok()
		return name
	}
	name, payment := imported("blink:1"), journal()
	says(e.blinkRecord(key, 11, payment, name), connect.CodeFailedPrecondition, amountMismatch, "SPEND_ID_REUSED")
	e.blinkRecord(key, 10, payment, name).ok()
	e.blinkRecord(key, 10, payment, name).ok()
	require.EqualValues(e.t, 10, e.daySpent(key))
	require.Equal(e.t, payment, e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().GetSpends()[0].GetTransactionId())
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(key))

	name, payment = imported("blink:1b"), journal()
	e.blinkRecord(key, 10, payment, name).ok()
	e.blinkReverse(name).ok()
	require.Zero(e.t, e.daySpent(key), "by the hold's name, whatever transaction it got")

	name, payment = imported("blink:2"), journal()
	says(e.blinkRecord(e.newKey(), 10, payment, name), connect.CodeNotFound, unknownHold, "SPEND_NOT_FOUND")
	e.blinkRecord(key, 10, payment, name).ok()
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.daySpent(key), "the call that failed has not taken the name")

	name = imported("blink:3")
	e.blinkReverse(name).ok()
	require.Zero(e.t, e.daySpent(key))
	e.blinkRecord(key, 10, journal(), name).ok()
	require.Zero(e.t, e.daySpent(key), "the reversal wins")
}
