// A budget: limits, and the two sums that are held against them.

package ledger

import "math"

// MaxAmountSats is the largest amount and the largest limit: all the bitcoin
// there is, 21 million times 100 million sats.
const MaxAmountSats = 2_100_000_000_000_000

// Limits is the limit of every window in sats; 0 means unlimited.
type Limits [WindowCount]int64

// Budget is a set of limits and the sums that count against them.
type Budget struct {
	Limits Limits
	// HeldSats is the sum of the holds that are open at AsOfUs.
	HeldSats int64
	// SpentSats is, per window, the sum of the spends settled after
	// AsOfUs minus the window's length.
	SpentSats [WindowCount]int64
	// AsOfUs is the moment to which the sums have been brought.
	AsOfUs int64
}

// Left is what stopped counting by the passing of time between a budget's
// AsOfUs and a later moment.
type Left struct {
	HeldSats  int64              // holds whose expire time was reached
	SpentSats [WindowCount]int64 // settled spends that left each window
}

// None says whether nothing stopped counting.
func (l Left) None() bool { return l == Left{} }

// advance brings the budget to nowUs.
func (b *Budget) advance(nowUs int64, left Left) {
	b.HeldSats -= left.HeldSats
	for w := range b.SpentSats {
		b.SpentSats[w] -= left.SpentSats[w]
	}
	b.AsOfUs = nowUs
}

// RemainingSats is what is left of the limit of w, never below 0. The second
// result is false if w is unlimited.
func (b *Budget) RemainingSats(w Window) (int64, bool) {
	if b.Limits[w] == 0 {
		return 0, false
	}
	return max(0, b.Limits[w]-b.countedSats(w)), true
}

// countedSats is everything that counts against the limit of w.
func (b *Budget) countedSats(w Window) int64 { return b.HeldSats + b.SpentSats[w] }

// fits says whether amountSats fits under the limit of w.
func (b *Budget) fits(w Window, amountSats int64) bool {
	remaining, limited := b.RemainingSats(w)
	return !limited || amountSats <= remaining
}

// overflows says whether some sum would leave int64 if the held sum became
// heldSats and amountSats were added to it or to every window.
func (b *Budget) overflows(heldSats, amountSats int64) bool {
	for _, spent := range b.SpentSats {
		if amountSats > math.MaxInt64-heldSats-spent {
			return true
		}
	}
	return false
}

// spend adds a settled amount to the windows that it has not left yet.
func (b *Budget) spend(amountSats, settledAtUs int64) {
	for _, w := range Windows() {
		if b.counts(w, settledAtUs) {
			b.SpentSats[w] += amountSats
		}
	}
}

// counts says whether what was settled then is in the sum of w.
func (b *Budget) counts(w Window, settledAtUs int64) bool { return settledAtUs > b.AsOfUs-w.LengthUs() }

// unspend takes a settled amount out of the windows that it has not left yet.
func (b *Budget) unspend(amountSats, settledAtUs int64) {
	for _, w := range Windows() {
		if b.counts(w, settledAtUs) {
			b.SpentSats[w] -= amountSats
		}
	}
}

// sound says whether the sums can be true at all: none negative, none past
// int64, and no window with less than a shorter one.
func (b *Budget) sound() bool {
	least := int64(0)
	for _, spent := range b.SpentSats {
		if spent < least {
			return false
		}
		least = spent
	}
	return b.HeldSats >= 0 && !b.overflows(b.HeldSats, 0)
}
