// What a key spent, holds and may still spend.

package ledger

import (
	"bytes"
	"cmp"
	"slices"
)

// WindowUsage is the usage of one window.
type WindowUsage struct {
	Window Window
	// LimitSats is the limit; 0: unlimited, and RemainingSats means nothing.
	LimitSats     int64
	SpentSats     int64
	HeldSats      int64
	RemainingSats int64
	// NextRelease is the next moment at which time alone gives capacity back.
	NextRelease Comeback
}

// Usage is the usage of all windows, shortest first.
type Usage [WindowCount]WindowUsage

// Comeback is capacity that comes back by the passing of time. The zero Comeback
// means that nothing does.
type Comeback struct {
	AtUs       int64
	AmountSats int64
}

// and combines two releases: the earlier one, or both if they fall together.
func (r Comeback) and(other Comeback) Comeback {
	switch {
	case r.AtUs == 0 || (other.AtUs != 0 && other.AtUs < r.AtUs):
		return other
	case other.AtUs == r.AtUs:
		r.AmountSats += other.AmountSats
	}
	return r
}

// Usage is the usage as of the budget's moment, without next releases.
func (b *Budget) Usage() Usage {
	var u Usage
	for _, w := range Windows() {
		u[w] = b.windowUsage(w)
	}
	return u
}

func (b *Budget) windowUsage(w Window) WindowUsage {
	remaining, _ := b.RemainingSats(w)
	return WindowUsage{
		Window: w, LimitSats: b.Limits[w], SpentSats: b.SpentSats[w], HeldSats: b.HeldSats, RemainingSats: remaining,
	}
}

// View is what a store reads of a key to describe it at NowUs without writing.
type View struct {
	Key Key
	// ClockUs is the store's clock; NowUs is ReadNowUs of it, the moment of the view.
	ClockUs, NowUs int64
	// Left is what stopped counting between Key.AsOfUs and NowUs.
	Left Left
	// NextSettled is, per window, the next moment at which settled spends leave it,
	// their settle time plus the window's length, and their sum: imported ones may
	// share a settle time.
	NextSettled [WindowCount]Comeback
	// NextHolds is the next expire time of open holds and their sum.
	NextHolds Comeback
}

// Current is the key with its sums brought to NowUs.
func (v *View) Current() Key {
	k := v.Key
	k.advance(v.NowUs, v.Left)
	return k
}

// Usage is the usage at NowUs, with the next releases.
func (v *View) Usage() Usage {
	k := v.Current()
	u := k.Usage()
	for w := range u {
		u[w].NextRelease = v.NextSettled[w].and(v.NextHolds)
	}
	return u
}

// NewestFirst sorts a listing of keys by creation, and by id where that is equal.
func NewestFirst(views []View) {
	slices.SortFunc(views, func(a, b View) int {
		return cmp.Or(cmp.Compare(b.Key.CreatedAtUs, a.Key.CreatedAtUs), bytes.Compare(b.Key.ID[:], a.Key.ID[:]))
	})
}

// MayHold says whether a Reserve of amountSats would be granted at the view's
// moment, if nothing else comes first.
func (v *View) MayHold(amountSats int64) bool {
	k := v.Current()
	return k.Usable(v.NowUs) == nil && !k.overflows(k.HeldSats, amountSats) && exceeded(k.ID, &k.Budget, amountSats) == nil
}
