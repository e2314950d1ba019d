// When capacity comes back: the walk from a refusal to the moment at which the
// amount fits.

package ledger

import (
	"cmp"
	"math"
	"slices"
)

// WalkBound is the most spends that the walk passes before it gives up, so that
// a refusal costs as little as a hold.
const WalkBound = 1000

// WalkFirst is how many spends a store should load for the first try of a walk.
// Most refusals are explained by a few.
const WalkFirst = 64

// Event is capacity that comes back at one moment: a settled spend that leaves
// a window, or a hold that expires.
type Event struct {
	AtUs       int64
	AmountSats int64
	// CreatedAtUs names the spend within its key.
	CreatedAtUs int64
}

// Schedule is the next events of a key, ascending, as stored; of those at one
// moment the older spend first.
type Schedule struct {
	// Limit is how many events each list was cut at; a shorter list is complete.
	Limit int
	// Settled is, per window, the settled spends by the time at which they leave it.
	Settled [WindowCount][]Event
	// Holds is the open holds by expire time.
	Holds []Event
}

// exceeded describes why amountSats does not fit into b, without the times.
// It returns nil if the amount fits.
func exceeded(id KeyID, b *Budget, amountSats int64) *LimitExceededError {
	e := &LimitExceededError{KeyID: id, RequestedSats: amountSats, MaxAllowedSats: MaxAmountSats}
	for _, w := range Windows() {
		if remaining, limited := b.RemainingSats(w); limited {
			e.MaxAllowedSats = min(e.MaxAllowedSats, remaining)
		}
		if !b.fits(w, amountSats) {
			e.Violations = append(e.Violations, b.windowUsage(w))
		}
	}
	if e.Violations == nil {
		return nil
	}
	slices.SortStableFunc(e.Violations, func(a, b WindowUsage) int { return cmp.Compare(a.RemainingSats, b.RemainingSats) })
	return e
}

// explain sets the times of e by the walks through sched. It returns false if
// answering takes a longer schedule.
func (e *LimitExceededError) explain(sched *Schedule, walkOf func(Window) *walk) bool {
	for _, v := range e.Violations {
		if e.RequestedSats > v.LimitSats {
			return true // can never fit: no times
		}
	}
	if sched == nil {
		return false
	}
	var at, notBefore int64
	for _, v := range e.Violations {
		fits, reached := walkOf(v.Window).until(v.SpentSats + v.HeldSats - (v.LimitSats - e.RequestedSats))
		if fits == 0 && sched.Limit < WalkBound {
			return false
		}
		at, notBefore = max(at, fits), max(notBefore, reached)
	}
	if notBefore != 0 {
		e.AvailableNotBeforeUs = max(at, notBefore)
	} else {
		e.AvailableAtUs = at
	}
	return true
}

// walk is what comes back to one window, event by event, as far as it is known
// and no further than [WalkBound]. It is made once for all refusals of a batch
// between two changes of the key.
type walk struct {
	events []Event
	// freedSats is, per event, what has come back up to and with it.
	freedSats []int64
}

// until finds the first moment at which needSats have come back, or else how far
// the walk could see.
func (k *walk) until(needSats int64) (fits, reached int64) {
	if i, _ := slices.BinarySearch(k.freedSats, needSats); i < len(k.events) {
		return k.events[i].AtUs, 0
	}
	if len(k.events) == 0 {
		return 0, 0
	}
	return 0, k.events[len(k.events)-1].AtUs
}

// walk begins at nowUs. touched are the key's spends that may have changed since
// the schedule was read, as they stand now: they replace what it says of them.
func (s *Schedule) walk(w Window, nowUs int64, touched map[string]*Spend) *walk {
	events, horizonUs := s.events(w, nowUs, touched)
	k := &walk{}
	freed := int64(0)
	for i, e := range events {
		if i == WalkBound || e.AtUs > horizonUs {
			break
		}
		freed += e.AmountSats
		k.events, k.freedSats = append(k.events, e), append(k.freedSats, freed)
	}
	return k
}

// events merges what comes back to one window after nowUs, ascending, and says
// up to which moment the list is complete.
func (s *Schedule) events(w Window, nowUs int64, touched map[string]*Spend) (events []Event, horizonUs int64) {
	horizonUs = math.MaxInt64
	known := make(map[int64]bool, len(touched))
	for _, t := range touched {
		known[t.CreatedAtUs] = true
		e := Event{CreatedAtUs: t.CreatedAtUs}
		switch t.State {
		case Reserved:
			e.AtUs, e.AmountSats = t.ExpiresAtUs, t.HeldSats
		case Settled:
			e.AtUs, e.AmountSats = t.SettledAtUs+w.LengthUs(), t.AmountSats
		}
		if e.AtUs > nowUs {
			events = append(events, e)
		}
	}
	for _, list := range [][]Event{s.Settled[w], s.Holds} {
		if len(list) >= s.Limit {
			horizonUs = min(horizonUs, list[len(list)-1].AtUs)
		}
		for _, e := range list {
			if !known[e.CreatedAtUs] {
				events = append(events, e)
			}
		}
	}
	// Of what comes back together the older first, so that the walk's bound falls
	// on the same event however the spends were listed.
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.AtUs, b.AtUs), cmp.Compare(a.CreatedAtUs, b.CreatedAtUs))
	})
	return events, horizonUs
}

// Check says why amountSats would be refused by the limits at the view's
// moment, or nil if it fits. ok is false if a longer schedule is needed.
func (v *View) Check(amountSats int64, sched *Schedule) (refusal *LimitExceededError, ok bool) {
	k := v.Current()
	refusal = exceeded(k.ID, &k.Budget, amountSats)
	if refusal == nil {
		return nil, true
	}
	return refusal, refusal.explain(sched, func(w Window) *walk { return sched.walk(w, v.NowUs, nil) })
}
