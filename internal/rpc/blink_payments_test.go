// The ways to pay that Blink has, each by the calls that its core API makes for
// it: within the limit, and over it. Amounts, fees and prices are the caller's
// business; satcap sees sats.

package rpc_test

import (
	"github.com/stretchr/testify/require"
)

// blinkPayment is one way to pay.
type blinkPayment struct {
	// sats is what the caller asks for: all that may leave the account.
	sats int64
	// pay makes the calls of a payment that arrives, and returns its transaction.
	pay func(e *env, key string, sats int64) string
}

var blinkPayments = map[string]blinkPayment{
	"Intraledger":      {2_500, payIntraledger},
	"Lightning":        {10_000, payLightning},
	"NoAmountInvoice":  {7_000, payNoAmount},
	"USD":              {satsOfCents(1_999, 6_543_210), payLightning},
	"OnChain":          {50_000 + onChainFee, payOnChain},
	"LNURL":            {4_200, payLNURL},
	"LightningAddress": {3_300, payLightningAddress},
}

// withinAndOver pays with a limit of just what is needed, and with one of a sat
// less.
func (p blinkPayment) withinAndOver(e *env) {
	key := e.newKey(limit(daily, p.sats))
	require.True(e.t, e.blinkCheck(key, p.sats).ok().GetAllowed())
	payment := p.pay(e, key, p.sats)
	require.Equal(e.t, [4]int64{p.sats, p.sats, p.sats, p.sats}, e.blinkSpent(key), "counted once")
	e.requireBlinkLimits(key, [4]int64{p.sats, -1, -1, -1}, [4]int64{0, -1, -1, -1})
	e.blinkOver(key, 1, "daily")

	e.blinkReverse(payment).ok() // it came back: refunded, or failed in the end
	require.Zero(e.t, e.blinkSpent(key))
	p.pay(e, key, p.sats)
	e.blinkOver(key, p.sats, "daily")

	tight := e.newKey(limit(daily, p.sats-1))
	e.blinkOver(tight, p.sats, "daily")
	e.setLimits(tight, update(daily, p.sats)).ok()
	p.pay(e, tight, p.sats)
}

// payIntraledger: both accounts are in the same books, so it is done at once.
func payIntraledger(e *env, key string, sats int64) string {
	e.t.Helper()
	return e.blinkPay(key, sats)
}

// payLightning: recorded when it is sent. The first route fails and is given back
// by its transaction; the second is pending for a while, and whoever hears of its
// end knows the transaction only.
func payLightning(e *env, key string, sats int64) string {
	e.t.Helper()
	failed := e.blinkPay(key, sats)
	e.blinkReverse(failed).ok()
	require.Zero(e.t, e.daySpent(key))

	hold, payment := e.hold(key, sats), journal()
	e.blinkRecord(key, sats, payment, hold).ok()
	e.advance(600 * second)
	require.Equal(e.t, sats, e.daySpent(key), "pending is spent")
	e.blinkRecord(key, sats, payment, "").ok()
	return payment
}

// payNoAmount: the payer names the amount, looks whether it is allowed while the
// fee is probed, and then pays.
func payNoAmount(e *env, key string, sats int64) string {
	e.t.Helper()
	require.True(e.t, e.blinkCheck(key, sats).ok().GetAllowed())
	require.Zero(e.t, e.daySpent(key), "a look holds nothing")
	return payLightning(e, key, sats)
}

// satsOfCents is what a wallet in dollars costs in sats, rounded up, at a price of
// one bitcoin in cents.
func satsOfCents(cents, price int64) int64 {
	return (cents*100_000_000 + price - 1) / price
}

// onChainFee is paid by the sender, so it counts.
const onChainFee = 1_234

// payOnChain: the fee is part of what is held and recorded. Without it the amount
// would not be the same, and is refused. The transaction waits in a queue for
// hours, is sent, and is recorded again then.
func payOnChain(e *env, key string, sats int64) string {
	e.t.Helper()
	hold, payment := e.hold(key, sats), journal()
	f := e.blinkRecord(key, sats-onChainFee, payment, hold).f
	require.NotNil(e.t, f)
	require.Regexp(e.t, amountMismatch, f.message)
	require.Equal(e.t, sats, e.daySpent(key), "the hold stays")
	e.blinkRecord(key, sats, payment, hold).ok()
	e.advance(3 * hour)
	e.blinkRecord(key, sats, payment, hold).ok()
	return payment
}

// payLNURL: the service answers with no invoice at first, so the hold is given
// back by its own name before anything is sent.
func payLNURL(e *env, key string, sats int64) string {
	e.t.Helper()
	hold := e.hold(key, sats)
	e.blinkReverse(hold).ok()
	require.Zero(e.t, e.daySpent(key))
	e.blinkReverse(hold).ok()
	return payLightning(e, key, sats)
}

// payLightningAddress: an address of the platform itself is paid within the
// books. The answer is lost on the way, so the record is repeated.
func payLightningAddress(e *env, key string, sats int64) string {
	e.t.Helper()
	hold, payment := e.hold(key, sats), journal()
	for range 3 {
		e.blinkRecord(key, sats, payment, hold).ok()
	}
	return payment
}
