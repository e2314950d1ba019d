// The naive model of spends that come from elsewhere.

package ledger_test

import "github.com/satcap/satcap/internal/ledger"

func (k *modelKey) takeOver(op ledger.Import) answer {
	if op.SettledAtUs < 1 || op.SettledAtUs > k.nowUs {
		return answer{err: ledger.ErrImportTime}
	}
	row := k.find(op.SpendID)
	var before ledger.Spend
	if row != nil {
		before = shown(row, k.nowUs)
	}
	if before.State == ledger.Reversed {
		return answer{spend: before}
	}
	if before.AmountSats != 0 && before.AmountSats != op.AmountSats {
		return answer{err: ledger.ErrSpendIDReused}
	}
	after := before
	if before.TransactionID == "" {
		after.TransactionID = op.TransactionID
	}
	settled := before.State == ledger.Settled
	if settled && after == before {
		return answer{spend: before}
	}
	if after.TransactionID != "" {
		if owner := k.carrying(after.TransactionID); owner != nil && owner != row {
			return answer{err: ledger.ErrTransactionIDReused}
		}
	}
	stillborn := after.TransactionID != "" && k.reversed[after.TransactionID] != 0
	if !settled {
		held := heldAt(k.rows, k.nowUs)
		if before.State == ledger.Reserved {
			held -= before.HeldSats
		}
		counts := !stillborn && k.nowUs-op.SettledAtUs < ledger.Annual.LengthUs()
		if counts && k.tooMuch(held, op.AmountSats) {
			return answer{err: ledger.ErrSumOverflow}
		}
		after.State, after.SettledAtUs, after.AmountSats = ledger.Settled, op.SettledAtUs, op.AmountSats
		after.Late = before.State == ledger.Released || before.State == ledger.Expired
		after.Unreserved = before.ReservedAtUs == 0
	}
	at := k.stamp()
	after.UpdatedAtUs = at
	if stillborn {
		after.State, after.ReversedAtUs = ledger.Reversed, at
		if !settled {
			after.SettledAtUs = 0
		}
	}
	if row == nil {
		after.ID = op.SpendID
		return k.insert(after, at)
	}
	*row = after
	return answer{spend: after}
}
