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

// Schedule is the next events of a key, ascending, as stored.
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

// explain walks the schedule from nowUs on and sets the times of e. touched are
// the key's spends that changed since the schedule was read, as they stand now:
// they replace what it says of them. It returns false if answering takes a
// longer schedule.
func (e *LimitExceededError) explain(sched *Schedule, nowUs int64, touched map[string]*Spend) bool {
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
		fits, reached := sched.walk(v, e.RequestedSats, nowUs, touched)
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

// walk finds the first moment at which amountSats fits into the window of v if
// nothing else is spent, or else how far it could see.
func (s *Schedule) walk(v WindowUsage, amountSats, nowUs int64, touched map[string]*Spend) (fits, reached int64) {
	needSats := v.SpentSats + v.HeldSats - (v.LimitSats - amountSats)
	events, horizon := s.events(v.Window, nowUs, touched)
	for i, e := range events {
		if i == WalkBound || e.AtUs > horizon {
			break
		}
		reached = e.AtUs
		if needSats -= e.AmountSats; needSats <= 0 {
			return e.AtUs, 0
		}
	}
	return 0, reached
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
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.AtUs, b.AtUs) })
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
	return refusal, refusal.explain(sched, v.NowUs, nil)
}
