// The naive model: the rules of the ledger over a flat list of rows, with no
// sum kept and nothing clever, so that the real ledger has something to differ from.

package ledger_test

import (
	"math"
	"slices"

	"github.com/satcap/satcap/internal/ledger"
)

// modelKey is one key with all its rows.
type modelKey struct {
	id                       ledger.KeyID
	subject, name            string
	state                    ledger.KeyState
	expiresAtUs, revokedAtUs int64
	limits                   ledger.Limits
	revision, lastUs         int64
	rows                     []*ledger.Spend
	reversed                 map[string]int64
	limitChanges             []ledger.LimitChange
	rotations                []modelRotation
	// nowUs is when the running batch is decided.
	nowUs int64
}

// answer is what an operation must be answered with.
type answer struct {
	spend ledger.Spend
	err   error
}

// begin starts a batch.
func (k *modelKey) begin(clockUs int64) { k.nowUs = max(clockUs, k.lastUs+1) }

// stamp counts a change and tells when it happened.
func (k *modelKey) stamp() int64 {
	k.lastUs = max(k.nowUs, k.lastUs+1)
	k.revision++
	return k.lastUs
}

func heldAt(rows []*ledger.Spend, atUs int64) (sats int64) {
	for _, row := range rows {
		if row.State == ledger.Reserved && atUs < row.ExpiresAtUs {
			sats += row.HeldSats
		}
	}
	return sats
}

func spentAt(rows []*ledger.Spend, w ledger.Window, atUs int64) (sats int64) {
	for _, row := range rows {
		if row.State == ledger.Settled && atUs-row.SettledAtUs < w.LengthUs() {
			sats += row.AmountSats
		}
	}
	return sats
}

// counted is what counts against the limit of w at a moment if nothing else happens.
func (k *modelKey) counted(w ledger.Window, atUs int64) int64 {
	return heldAt(k.rows, atUs) + spentAt(k.rows, w, atUs)
}

// allows is the promise: open holds + spends settled within the window + the
// amount are at most the limit, for every window with a limit.
func (k *modelKey) allows(amountSats, atUs int64) bool {
	for _, w := range ledger.Windows() {
		if k.limits[w] != 0 && uint64(k.counted(w, atUs))+uint64(amountSats) > uint64(k.limits[w]) {
			return false
		}
	}
	return true
}

// moments are all times after atUs at which something stops counting, ascending.
func (k *modelKey) moments(atUs int64) []int64 {
	var all []int64
	for _, row := range k.rows {
		switch row.State {
		case ledger.Reserved:
			all = append(all, row.ExpiresAtUs)
		case ledger.Settled:
			for _, w := range ledger.Windows() {
				all = append(all, row.SettledAtUs+w.LengthUs())
			}
		}
	}
	all = slices.DeleteFunc(all, func(t int64) bool { return t <= atUs })
	slices.Sort(all)
	return slices.Compact(all)
}

// nextRelease finds the first moment at which less counts in w than now.
func (k *modelKey) nextRelease(w ledger.Window, atUs int64) ledger.Comeback {
	for _, t := range k.moments(atUs) {
		if freed := k.counted(w, atUs) - k.counted(w, t); freed > 0 {
			return ledger.Comeback{AtUs: t, AmountSats: freed}
		}
	}
	return ledger.Comeback{}
}

func (k *modelKey) usage(w ledger.Window, atUs int64) ledger.WindowUsage {
	u := ledger.WindowUsage{Window: w, LimitSats: k.limits[w], SpentSats: spentAt(k.rows, w, atUs), HeldSats: heldAt(k.rows, atUs)}
	if u.LimitSats != 0 {
		u.RemainingSats = max(0, u.LimitSats-u.SpentSats-u.HeldSats)
	}
	return u
}

// refusal says why an amount does not fit at a moment, or nil if it does.
func (k *modelKey) refusal(amountSats, atUs int64) *ledger.LimitExceededError {
	if k.allows(amountSats, atUs) {
		return nil
	}
	e := &ledger.LimitExceededError{KeyID: k.id, RequestedSats: amountSats, MaxAllowedSats: ledger.MaxAmountSats}
	for _, w := range ledger.Windows() {
		u := k.usage(w, atUs)
		if u.LimitSats == 0 {
			continue
		}
		e.MaxAllowedSats = min(e.MaxAllowedSats, u.RemainingSats)
		if amountSats > u.RemainingSats {
			i := 0
			for i < len(e.Violations) && e.Violations[i].RemainingSats <= u.RemainingSats {
				i++
			}
			e.Violations = slices.Insert(e.Violations, i, u)
		}
	}
	for _, t := range k.moments(atUs) {
		if k.allows(amountSats, t) {
			e.AvailableAtUs = t
			break
		}
	}
	return e
}

// find is the row of a spend, or nil.
func (k *modelKey) find(spendID string) *ledger.Spend {
	for _, row := range k.rows {
		if row.ID == spendID {
			return row
		}
	}
	return nil
}

func (k *modelKey) carrying(transactionID string) *ledger.Spend {
	for _, row := range k.rows {
		if row.TransactionID == transactionID {
			return row
		}
	}
	return nil
}

// shown is a row as it stands at a moment.
func shown(row *ledger.Spend, atUs int64) ledger.Spend {
	s := *row
	if s.State == ledger.Reserved && atUs >= s.ExpiresAtUs {
		s.State = ledger.Expired
	}
	return s
}

// tooMuch says whether a sum would leave int64; the annual one is the largest.
func (k *modelKey) tooMuch(heldSats, amountSats int64) bool {
	sum := uint64(heldSats) + uint64(spentAt(k.rows, ledger.Annual, k.nowUs))
	return sum+uint64(amountSats) > math.MaxInt64
}

// decide answers one operation and books it.
func (k *modelKey) decide(op ledger.Operation) answer {
	if subject := op.Target().Subject; subject != "" && subject != k.subject {
		return answer{err: ledger.ErrKeyNotFound}
	}
	switch op := op.(type) {
	case ledger.Reserve:
		return k.reserve(op)
	case ledger.Settle:
		return k.settle(op)
	case ledger.Import:
		return k.takeOver(op)
	case ledger.Release:
		return k.release(op)
	case ledger.Reverse:
		return k.reverse(op)
	case ledger.UpdateLimits:
		return k.updateLimits(op)
	case ledger.Pause:
		return k.become(ledger.KeyPaused)
	case ledger.Resume:
		return k.become(ledger.KeyActive)
	case ledger.Revoke:
		if k.state != ledger.KeyRevoked {
			k.state, k.revokedAtUs = ledger.KeyRevoked, k.stamp()
		}
	case ledger.Rotate:
		return k.rotate(op)
	case ledger.Rename:
		if op.Name != k.name {
			k.stamp()
			k.name = op.Name
		}
	case ledger.Sweep:
	default:
		panic("the model does not know this operation")
	}
	return answer{}
}

func (k *modelKey) become(state ledger.KeyState) answer {
	if k.state == ledger.KeyRevoked {
		return answer{err: ledger.ErrKeyRevoked}
	}
	if k.state != state {
		k.stamp()
		k.state = state
	}
	return answer{}
}

func (k *modelKey) updateLimits(op ledger.UpdateLimits) answer {
	if op.ExpectedRevision != nil && *op.ExpectedRevision != k.revision {
		return answer{err: ledger.ErrRevisionMismatch}
	}
	want := k.limits
	for _, u := range op.Updates {
		want[u.Window] = u.LimitSats
	}
	if want != k.limits {
		at := k.stamp()
		for _, w := range ledger.Windows() {
			if want[w] != k.limits[w] {
				k.limitChanges = append(k.limitChanges, ledger.LimitChange{
					KeyID: k.id, Window: w, FromSats: k.limits[w], ToSats: want[w],
					ChangedAtUs: at, Revision: k.revision, Actor: op.Actor,
				})
			}
		}
		k.limits = want
	}
	return answer{}
}
