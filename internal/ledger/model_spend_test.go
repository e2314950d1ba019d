// The naive model of the messages of a payment: DESIGN.md 3, line by line.

package ledger_test

import "github.com/satcap/satcap/internal/ledger"

func (k *modelKey) insert(row ledger.Spend, at int64) answer {
	row.KeyID, row.CreatedAtUs, row.UpdatedAtUs = k.id, at, at
	k.rows = append(k.rows, &row)
	return answer{spend: row}
}

func (k *modelKey) reserve(op ledger.Reserve) answer {
	if row := k.find(op.SpendID); row != nil {
		s := shown(row, k.nowUs)
		switch {
		case s.State != ledger.Reserved:
			return answer{err: &ledger.SpendClosedError{Spend: s}}
		case s.HeldSats != op.AmountSats:
			return answer{err: ledger.ErrSpendIDReused}
		}
		return answer{spend: s}
	}
	switch {
	case k.state == ledger.KeyRevoked:
		return answer{err: ledger.ErrKeyRevoked}
	case k.expiresAtUs != 0 && k.nowUs >= k.expiresAtUs:
		return answer{err: ledger.ErrKeyExpired}
	case k.state == ledger.KeyPaused:
		return answer{err: ledger.ErrKeyPaused}
	case k.tooMuch(heldAt(k.rows, k.nowUs), op.AmountSats):
		return answer{err: ledger.ErrSumOverflow}
	}
	if refusal := k.refusal(op.AmountSats, k.nowUs); refusal != nil {
		return answer{err: refusal}
	}
	at := k.stamp()
	return k.insert(ledger.Spend{
		ID: op.SpendID, State: ledger.Reserved, AmountSats: op.AmountSats, HeldSats: op.AmountSats,
		ReservedAtUs: at, ExpiresAtUs: at + op.TTLUs,
	}, at)
}

func (k *modelKey) settle(op ledger.Settle) answer {
	row := k.find(op.SpendID)
	var before ledger.Spend // the zero spend is one that was never heard of
	if row != nil {
		before = shown(row, k.nowUs)
	}
	amount := op.AmountSats
	if amount == 0 {
		amount = before.HeldSats
	}
	settled := before.State == ledger.Settled
	switch {
	case op.Exact && op.AmountSats == 0:
		return answer{err: ledger.ErrAmount}
	case before.State == ledger.Reversed:
		return answer{spend: before}
	case op.Exact && before.AmountSats == 0: // unknown, or nothing but a tombstone
		return answer{err: ledger.ErrSpendNotFound}
	case op.Exact && before.AmountSats != op.AmountSats:
		return answer{err: ledger.ErrSpendIDReused}
	case settled && amount != 0 && amount != before.AmountSats:
		return answer{err: ledger.ErrSpendIDReused}
	case !settled && amount == 0:
		return answer{err: ledger.ErrSpendNotFound}
	}
	if op.TransactionID != "" {
		if owner := k.carrying(op.TransactionID); owner != nil && owner != row {
			return answer{err: ledger.ErrTransactionIDReused}
		}
		if before.TransactionID != "" && before.TransactionID != op.TransactionID {
			return answer{err: ledger.ErrSpendIDReused}
		}
	}
	if settled && (op.TransactionID == "" || op.TransactionID == before.TransactionID) {
		return answer{spend: before}
	}
	stillborn := op.TransactionID != "" && k.reversed[op.TransactionID] != 0
	held := heldAt(k.rows, k.nowUs)
	if before.State == ledger.Reserved {
		held -= before.HeldSats
	}
	if !settled && !stillborn && k.tooMuch(held, amount) {
		return answer{err: ledger.ErrSumOverflow}
	}

	at := k.stamp()
	after := before
	after.UpdatedAtUs = at
	if op.TransactionID != "" {
		after.TransactionID = op.TransactionID
	}
	if !settled {
		after.AmountSats = amount
		after.Late = before.State == ledger.Released || before.State == ledger.Expired
		after.Unreserved = before.ReservedAtUs == 0
		after.OverHold = before.ReservedAtUs != 0 && amount > before.HeldSats
	}
	switch {
	case stillborn:
		after.State, after.ReversedAtUs = ledger.Reversed, at
	case !settled:
		after.State, after.SettledAtUs = ledger.Settled, at
	}
	if row == nil {
		after.ID = op.SpendID
		return k.insert(after, at)
	}
	*row = after
	return answer{spend: after}
}

func (k *modelKey) release(op ledger.Release) answer {
	row := k.find(op.SpendID)
	if row == nil {
		return k.insert(ledger.Spend{ID: op.SpendID, State: ledger.Released}, k.stamp())
	}
	if shown(row, k.nowUs).State == ledger.Reserved {
		row.State, row.UpdatedAtUs = ledger.Released, k.stamp()
	}
	return answer{spend: shown(row, k.nowUs)}
}

func (k *modelKey) reverse(op ledger.Reverse) answer {
	row := k.carrying(op.TransactionID)
	if op.TransactionID == "" {
		row = k.find(op.SpendID)
	}
	if about := k.find(op.SpendID); row == nil && op.TransactionID != "" && about != nil && about.TransactionID == "" && about.State != ledger.Reversed {
		at := k.stamp()
		about.State, about.ReversedAtUs, about.UpdatedAtUs = ledger.Reversed, at, at
		if k.reversed[op.TransactionID] == 0 {
			k.reversed[op.TransactionID] = at
		}
		return answer{spend: *about}
	}
	switch {
	case row == nil && op.TransactionID == "":
		at := k.stamp()
		return k.insert(ledger.Spend{ID: op.SpendID, State: ledger.Reversed, ReversedAtUs: at}, at)
	case row == nil:
		if k.reversed[op.TransactionID] == 0 {
			k.reversed[op.TransactionID] = k.stamp()
		}
		return answer{spend: ledger.Spend{
			KeyID: k.id, State: ledger.Reversed, TransactionID: op.TransactionID, ReversedAtUs: k.reversed[op.TransactionID],
		}}
	case row.State != ledger.Reversed:
		at := k.stamp()
		row.State, row.ReversedAtUs, row.UpdatedAtUs = ledger.Reversed, at, at
	}
	return answer{spend: *row}
}
