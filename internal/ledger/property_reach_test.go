// What the random histories reached: a property is worth no more than that.

package ledger_test

import (
	"errors"
	"slices"

	"github.com/satcap/satcap/internal/ledger"
)

// count remembers what the histories reached.
func (h *history) count(k *modelKey, op ledger.Operation, want answer, got ledger.Outcome) {
	moment := func(atUs int64) bool { // does something stop counting exactly then?
		next := k.moments(atUs - 1)
		return len(next) > 0 && next[0] == atUs
	}
	var refusal *ledger.LimitExceededError
	var closed *ledger.SpendClosedError
	switch {
	case errors.As(want.err, &refusal):
		if refusal.AvailableAtUs == 0 {
			h.seen["refused for ever"]++
			return
		}
		h.seen["refused with a time"]++
		if refusal.AvailableAtUs == k.nowUs+1 {
			h.seen["refused 1 us before something left"]++
		}
	case errors.As(want.err, &closed):
		h.seen["closed"]++
	case want.err != nil:
		h.seen[want.err.Error()]++
	}
	if want.err != nil {
		return
	}
	switch op := op.(type) {
	case ledger.Rotate:
		h.countRotation(k)
	case ledger.Reverse:
		switch named := k.find(op.SpendID); {
		case op.SpendID == "" || op.TransactionID == "" || got.Result.Replayed:
		case got.Result.Spend.ID == op.SpendID && got.Result.Spend.TransactionID == "":
			h.seen["reversed a transaction and its spend"]++
		case got.Result.Spend.ID == "" && named != nil && named.TransactionID != "":
			h.seen["reversed a transaction and spared a spend"]++
		}
	case ledger.Reserve:
		if got.Result.Replayed {
			h.seen["replayed hold"]++
			return
		}
		h.seen["granted"]++
		for _, w := range ledger.Windows() {
			if k.limits[w] == k.counted(w, k.nowUs) {
				h.seen["granted exactly to the limit"]++
				break
			}
		}
		if moment(k.nowUs) {
			h.seen["granted at the moment something left"]++
		}
	case ledger.Import:
		h.countImport(k, op, want.spend, got.Result)
	case ledger.Settle:
		if op.Exact && !got.Result.Replayed && want.spend.State == ledger.Settled {
			h.seen["settled exactly"]++
		}
		for flag, is := range map[string]bool{
			"late": want.spend.Late, "over hold": want.spend.OverHold, "unreserved": want.spend.Unreserved,
			"settled at the moment its hold expired": want.spend.Late && want.spend.ExpiresAtUs == want.spend.SettledAtUs,
			"reversed ahead by transaction":          want.spend.State == ledger.Reversed && want.spend.SettledAtUs == 0 && op.TransactionID != "" && want.spend.AmountSats != 0,
		} {
			if is {
				h.seen[flag]++
			}
		}
	}
}

// countImport remembers what an import met.
func (h *history) countImport(k *modelKey, op ledger.Import, spend ledger.Spend, got ledger.Result) {
	switch {
	case got.Replayed:
		h.seen["import replayed"]++
	case spend.State == ledger.Reversed:
		h.seen["imported after its reversal"]++
	case spend.SettledAtUs != op.SettledAtUs:
		h.seen["import named a transaction"]++
	case spend.HeldSats != 0:
		h.seen["import settled a hold"]++
	default:
		h.seen["imported"]++
	}
	if spend.State != ledger.Settled || spend.SettledAtUs != op.SettledAtUs {
		return
	}
	if k.nowUs-spend.SettledAtUs == ledger.Daily.LengthUs() {
		h.seen["imported at the moment it left a window"]++
	}
	if k.nowUs-spend.SettledAtUs >= ledger.Annual.LengthUs() {
		h.seen["imported from before every window"]++
	}
	if slices.ContainsFunc(k.rows, func(row *ledger.Spend) bool {
		return row.ID != spend.ID && row.State == ledger.Settled && row.SettledAtUs == spend.SettledAtUs
	}) {
		h.seen["imported beside another"]++
	}
}
