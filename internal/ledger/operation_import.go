// Spends that were settled elsewhere, before the key came here.

package ledger

// Import books a spend that was settled in the past, at its own time: it counts
// in every window that this time is still in. No limit refuses it, for the money
// has moved.
type Import struct {
	KeyRef
	SpendID    string
	AmountSats int64
	// TransactionID is the platform's name for the payment; empty: none.
	TransactionID string
	// SettledAtUs is when the payment happened, not after now. Unlike the times
	// that a key stamps, several imported spends may share it.
	SettledAtUs int64
}

func (op Import) names() (string, string) { return op.SpendID, op.TransactionID }

// apply can be repeated: a spend that is settled already keeps its time, and
// takes a transaction only if it has none. One that is known and was never
// settled moves up the ladder as by a Settle.
func (op Import) apply(a *account) (Result, error) {
	if op.AmountSats < 1 {
		return Result{}, ErrAmount
	}
	if op.SettledAtUs < 1 || op.SettledAtUs > a.nowUs {
		return Result{}, ErrImportTime
	}
	s := a.spends[op.SpendID]
	switch {
	case s == nil:
	case s.State == Reversed:
		return Result{Spend: *s}, nil
	case s.AmountSats != op.AmountSats && s.AmountSats != 0: // a Release that came first has none
		return Result{}, ErrSpendIDReused
	case s.State == Settled && s.TransactionID != "":
		return Result{Spend: *s}, nil
	}
	if err := a.checkTransaction(op.TransactionID, s); err != nil {
		return Result{}, err
	}
	if s != nil && s.State == Settled {
		return a.carry(s, op.TransactionID), nil
	}
	return a.book(s, booking{op.SpendID, op.TransactionID, op.AmountSats, op.SettledAtUs})
}
