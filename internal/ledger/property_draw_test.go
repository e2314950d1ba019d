// How random histories are drawn: biased to the moments and amounts at which
// rules change their mind.

package ledger_test

import (
	"fmt"
	"math"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/satcap/satcap/internal/ledger"
)

// dice is uniform from 0 to 31. rapid's own numbers are mostly small.
func dice(t *rapid.T, label string) int {
	return rapid.Custom(func(t *rapid.T) int {
		n := 0
		for range 5 {
			n *= 2
			if rapid.Bool().Draw(t, "bit") {
				n++
			}
		}
		return n
	}).Draw(t, label)
}

// drawLimit is often none, and otherwise small enough to be hit.
func drawLimit(t *rapid.T) int64 {
	switch d := dice(t, "limit"); {
	case d < 18:
		return 60 + rapid.Int64Range(0, 400).Draw(t, "sats")
	case d < 19:
		return rapid.Int64Range(1, 20).Draw(t, "sats")
	case d < 22:
		return ledger.MaxAmountSats
	}
	return 0
}

// moveClock goes to a moment at which something stops counting, or 1 us beside
// it, or anywhere, or back.
func (h *history) moveClock(t *rapid.T) {
	clock := &h.store.clockUs
	switch d := dice(t, "clock"); {
	case d < 16:
		k := rapid.SampledFrom(h.keys).Draw(t, "of")
		moments := k.moments(*clock)
		if k.expiresAtUs > *clock {
			moments = append(moments, k.expiresAtUs)
		}
		if len(moments) == 0 {
			*clock += second
			return
		}
		// mostly the next few: a jump to the end of a year empties everything
		i := min(rapid.IntRange(0, 3).Draw(t, "moment"), len(moments)-1)
		*clock = moments[i] + rapid.Int64Range(-1, 1).Draw(t, "beside")
	case d < 19:
		*clock += rapid.Int64Range(0, 3).Draw(t, "us")
	case d < 27:
		*clock += rapid.Int64Range(1, 5*hour).Draw(t, "hours")
	case d < 29:
		*clock += rapid.SampledFrom([]int64{1, 6, 8, 29, 31, 90, 200}).Draw(t, "days") * day
	default:
		*clock -= rapid.SampledFrom([]int64{1, second, 2 * hour, 26 * hour}).Draw(t, "back")
		h.seen["clock stepped back"]++
	}
	if *clock > start+365*day {
		h.seen["beyond 365 days"]++
	}
}

// operation draws one message; most are about payments.
func (h *history) operation(t *rapid.T) ledger.Operation {
	k := rapid.SampledFrom(h.keys).Draw(t, "key")
	on := ledger.KeyRef{KeyID: k.id}
	switch dice(t, "who") {
	case 31:
		on.Subject = "stranger"
	case 30:
		on.KeyID = ledger.KeyID{99}
	case 27, 28, 29:
		on.Subject = k.subject
	}
	switch dice(t, "what") {
	default:
		op := ledger.Reserve{KeyRef: on, SpendID: h.spendID(t, k, 25), AmountSats: h.amount(t, k), TTLUs: drawTTL(t)}
		if row := k.find(op.SpendID); row != nil && rapid.Bool().Draw(t, "retry") {
			op.AmountSats = max(1, row.HeldSats)
		}
		return op
	case 11, 12:
		return h.past(t, k, on)
	case 13, 14, 15, 16, 17:
		op := ledger.Settle{KeyRef: on, SpendID: h.spendID(t, k, 3), TransactionID: drawTransaction(t)}
		if rapid.Bool().Draw(t, "amount given") {
			op.AmountSats = h.amount(t, k)
		}
		if op.Exact = dice(t, "exact") < 10; op.Exact {
			if row := k.find(op.SpendID); row != nil && dice(t, "its amount") < 24 {
				op.AmountSats = row.AmountSats
			}
		}
		return op
	case 18, 19:
		return ledger.Release{KeyRef: on, SpendID: h.spendID(t, k, 3)}
	case 20, 21:
		return ledger.Reverse{KeyRef: on, SpendID: h.spendID(t, k, 3)}
	case 22, 23:
		op := ledger.Reverse{KeyRef: on, TransactionID: fmt.Sprintf("t%d", rapid.IntRange(0, 9).Draw(t, "transaction"))}
		if rapid.Bool().Draw(t, "about a spend") {
			op.SpendID = h.spendID(t, k, 3)
		}
		return op
	case 24:
		op := ledger.UpdateLimits{KeyRef: on, Actor: ledger.Actor{Subject: k.subject, Authentication: "jwt"}}
		for range rapid.IntRange(1, 3).Draw(t, "updates") {
			op.Updates = append(op.Updates, ledger.LimitUpdate{Window: rapid.SampledFrom([]ledger.Window{0, 1, 2, 3}).Draw(t, "window"), LimitSats: drawLimit(t)})
		}
		if rapid.Bool().Draw(t, "expecting") {
			revision := k.revision - rapid.Int64Range(0, 1).Draw(t, "stale")
			op.ExpectedRevision = &revision
		}
		return op
	case 25:
		return rapid.SampledFrom([]ledger.Operation{ledger.Pause{KeyRef: on}, ledger.Rename{KeyRef: on, Name: "a"}, ledger.Rename{KeyRef: on, Name: "b"}}).Draw(t, "op")
	case 26:
		return h.rotation(t, on)
	case 27:
		return ledger.Resume{KeyRef: on}
	case 28:
		if dice(t, "for good") == 31 {
			return ledger.Revoke{KeyRef: on}
		}
		return ledger.Resume{KeyRef: on}
	case 29, 30:
		return ledger.Sweep{KeyRef: on, Limit: rapid.SampledFrom([]int{1, 2, 1000}).Draw(t, "limit")}
	}
}

// spendID is a new name in fresh of 32 cases, and else one seen before.
func (h *history) spendID(t *rapid.T, k *modelKey, fresh int) string {
	switch d := dice(t, "which"); {
	case len(k.rows) == 0, d < fresh:
		h.ids++
		return fmt.Sprintf("s%d", h.ids)
	case d < 14, d > 29: // one that is open, if there is one
		for _, row := range k.rows {
			if shown(row, h.store.clockUs).State == ledger.Reserved {
				return row.ID
			}
		}
	case d < 27: // lately, perhaps by the same batch
		return fmt.Sprintf("s%d", max(1, h.ids-rapid.IntRange(0, 2).Draw(t, "ago")))
	}
	return rapid.SampledFrom(k.rows).Draw(t, "spend").ID
}

// past draws an import: favoured are the moments at which other spends were
// settled, and those that leave a window right now.
func (h *history) past(t *rapid.T, k *modelKey, on ledger.KeyRef) ledger.Import {
	op := ledger.Import{KeyRef: on, SpendID: h.spendID(t, k, 20), AmountSats: h.amount(t, k), TransactionID: drawTransaction(t)}
	if row := k.find(op.SpendID); row != nil && dice(t, "its amount") < 24 {
		op.AmountSats = max(1, row.AmountSats)
	}
	now := max(h.store.clockUs, k.lastUs+1)
	switch d := dice(t, "past"); {
	case d < 14 && len(k.rows) > 0:
		op.SettledAtUs = rapid.SampledFrom(k.rows).Draw(t, "together with").SettledAtUs // 0 if that never was
	case d < 24:
		w := rapid.SampledFrom([]ledger.Window{0, 1, 2, 3}).Draw(t, "window")
		op.SettledAtUs = now - w.LengthUs() + rapid.Int64Range(-1, 1).Draw(t, "beside")
	case d < 27:
		op.SettledAtUs = now + rapid.Int64Range(-1, 1).Draw(t, "beside")
	default:
		op.SettledAtUs = now - rapid.Int64Range(1, 399).Draw(t, "days")*day
	}
	return op
}

func drawTransaction(t *rapid.T) string {
	if rapid.Bool().Draw(t, "no transaction") {
		return ""
	}
	return fmt.Sprintf("t%d", rapid.IntRange(0, 9).Draw(t, "transaction"))
}

// drawTTL favours holds that end together with others, and at window lengths.
func drawTTL(t *rapid.T) int64 {
	return rapid.SampledFrom([]int64{day, 7 * day, hour, 30 * day, hour - 1, second, 1}).Draw(t, "ttl")
}

// amount is small, or exactly what is left of some limit, or 1 more, or huge.
func (h *history) amount(t *rapid.T, k *modelKey) int64 {
	switch d := dice(t, "amount"); {
	case d < 9:
		u := k.usage(rapid.SampledFrom([]ledger.Window{0, 1, 2, 3}).Draw(t, "window"), max(h.store.clockUs, k.lastUs+1))
		return max(1, u.RemainingSats+rapid.Int64Range(0, 1).Draw(t, "more"))
	case d == 31:
		return rapid.SampledFrom([]int64{ledger.MaxAmountSats, math.MaxInt64 / 2, math.MaxInt64 - 50}).Draw(t, "huge")
	default:
		return rapid.Int64Range(1, 60).Draw(t, "sats")
	}
}

// view reads a key without writing and compares it with the model.
func (h *history) view(t *rapid.T) {
	h.moveClock(t)
	k := rapid.SampledFrom(h.keys).Draw(t, "key")
	v := h.store.view(k.id)
	require.Equal(t, max(h.store.clockUs, k.lastUs), v.NowUs)
	usage := v.Usage()
	for _, w := range ledger.Windows() {
		want := k.usage(w, v.NowUs)
		want.NextRelease = k.nextRelease(w, v.NowUs)
		same(t, want, usage[w])
	}
	amount := h.amount(t, k)
	refusal, ok := v.Check(amount, h.store.schedule(k.id, v.NowUs, h.store.walkFirst))
	if !ok {
		refusal, ok = v.Check(amount, h.store.schedule(k.id, v.NowUs, ledger.WalkBound))
	}
	require.True(t, ok)
	same(t, k.refusal(amount, v.NowUs), refusal)
	k.nowUs = v.NowUs
	usable := k.state == ledger.KeyActive && (k.expiresAtUs == 0 || v.NowUs < k.expiresAtUs)
	require.Equal(t, usable && refusal == nil && !k.tooMuch(heldAt(k.rows, v.NowUs), amount), v.MayHold(amount))
}
