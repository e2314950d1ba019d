// What the messages of a payment do to its spend.

package ledger

import "cmp"

// Reserve asks for a hold: the one operation that limits can refuse.
type Reserve struct {
	KeyRef
	SpendID    string
	AmountSats int64
	// TTLUs is how long the hold counts if nothing is heard of it.
	TTLUs int64
}

func (op Reserve) names() (string, string) { return op.SpendID, "" }

// apply looks at the spend first, so that a retry gets the answer of the first
// call whatever has become of the key since; then at the key; then at the limits.
func (op Reserve) apply(a *account) (Result, error) {
	if op.AmountSats < 1 {
		return Result{}, ErrAmount
	}
	if s := a.spends[op.SpendID]; s != nil {
		switch {
		case s.State != Reserved:
			return Result{}, &SpendClosedError{Spend: *s}
		case s.AmountSats != op.AmountSats:
			return Result{}, ErrSpendIDReused
		}
		return Result{Spend: *s}, nil
	}
	if err := a.key.Usable(a.nowUs); err != nil {
		return Result{}, err
	}
	if a.key.overflows(a.key.HeldSats, op.AmountSats) {
		return Result{}, ErrSumOverflow
	}
	if refusal := exceeded(a.key.ID, &a.key.Budget, op.AmountSats); refusal != nil {
		return Result{}, refusal
	}
	at := a.stamp()
	a.key.HeldSats += op.AmountSats
	s := a.insert(Spend{
		ID: op.SpendID, State: Reserved, AmountSats: op.AmountSats, HeldSats: op.AmountSats,
		ReservedAtUs: at, ExpiresAtUs: at + op.TTLUs,
	}, at)
	return Result{Spend: *s}, nil
}

// Settle books a payment that happened. Recording a payment that was never
// reserved is a Settle with an amount: there is one rule for both.
type Settle struct {
	KeyRef
	SpendID string
	// AmountSats is what was paid; 0: what was held.
	AmountSats int64
	// TransactionID is the platform's name for the payment; empty: none.
	TransactionID string
	// Exact says that AmountSats has to be the amount of a spend that is known: it
	// never books an unknown spend, nor more or less than was held.
	Exact bool
}

func (op Settle) names() (string, string) { return op.SpendID, op.TransactionID }

func (op Settle) apply(a *account) (Result, error) {
	if op.AmountSats < 0 || op.Exact && op.AmountSats < 1 {
		return Result{}, ErrAmount
	}
	s := a.spends[op.SpendID]
	if s != nil && s.State == Reversed {
		return Result{Spend: *s}, nil
	}
	if op.Exact {
		if err := op.checkAmount(s); err != nil {
			return Result{}, err
		}
	}
	amount := op.AmountSats
	if amount == 0 && s != nil {
		amount = s.HeldSats
	}
	if s != nil && s.State == Settled {
		return op.again(a, s, amount)
	}
	if amount == 0 {
		return Result{}, ErrSpendNotFound
	}
	if err := a.checkTransaction(op.TransactionID, s); err != nil {
		return Result{}, err
	}
	return a.book(s, booking{spendID: op.SpendID, transactionID: op.TransactionID, amountSats: amount})
}

// checkAmount refuses any amount but that of a spend that is known by one: what
// is left of a Release that came first never had any.
func (op Settle) checkAmount(s *Spend) error {
	switch {
	case s == nil || s.AmountSats == 0:
		return ErrSpendNotFound
	case s.AmountSats != op.AmountSats:
		return ErrSpendIDReused
	}
	return nil
}

// again answers the settling of a settled spend. It may still name the
// transaction, so that the order of two messages with and without it does not matter.
func (op Settle) again(a *account, s *Spend, amountSats int64) (Result, error) {
	if amountSats != 0 && amountSats != s.AmountSats {
		return Result{}, ErrSpendIDReused
	}
	if err := a.checkTransaction(op.TransactionID, s); err != nil {
		return Result{}, err
	}
	return a.carry(s, op.TransactionID), nil
}

// carry gives a settled spend a transaction that it does not have yet.
func (a *account) carry(s *Spend, transactionID string) Result {
	if transactionID == s.TransactionID || transactionID == "" {
		return Result{Spend: *s}
	}
	at := a.stamp()
	s.TransactionID = transactionID
	if _, reversed := a.reversed[transactionID]; reversed {
		a.reverse(s, at)
	}
	a.update(s, at)
	return Result{Spend: *s}
}

// checkTransaction refuses a transaction that names another spend, and a second
// transaction for one spend.
func (a *account) checkTransaction(transactionID string, s *Spend) error {
	if transactionID == "" {
		return nil
	}
	if other := a.byTransaction[transactionID]; other != nil && other != s {
		return ErrTransactionIDReused
	}
	if s != nil && s.TransactionID != "" && s.TransactionID != transactionID {
		return ErrSpendIDReused
	}
	return nil
}

// booking is a payment to book.
type booking struct {
	spendID, transactionID string
	amountSats             int64
	settledAtUs            int64 // 0: now
}

// book settles s, which has not been settled yet, or a new spend if it is nil.
func (a *account) book(s *Spend, b booking) (Result, error) {
	next := Spend{ID: b.spendID}
	if s != nil {
		next = *s
	}
	held := a.key.HeldSats
	if next.State == Reserved {
		held -= next.HeldSats
	}
	_, reversed := a.reversed[b.transactionID]
	// What has left the longest window is in no sum.
	counts := !reversed && (b.settledAtUs == 0 || a.key.counts(Annual, b.settledAtUs))
	if counts && a.key.overflows(held, b.amountSats) {
		return Result{}, ErrSumOverflow
	}
	at := a.stamp()
	a.key.HeldSats = held
	next.Late = next.State == Released || next.State == Expired
	next.Unreserved = next.HeldSats == 0
	next.OverHold = !next.Unreserved && b.amountSats > next.HeldSats
	next.AmountSats = b.amountSats
	if b.transactionID != "" {
		next.TransactionID = b.transactionID
	}
	if reversed {
		next.State, next.ReversedAtUs = Reversed, at
	} else {
		next.State, next.SettledAtUs = Settled, cmp.Or(b.settledAtUs, at)
		a.key.spend(b.amountSats, next.SettledAtUs)
	}
	if s == nil {
		return Result{Spend: *a.insert(next, at)}, nil
	}
	*s = next
	a.update(s, at)
	return Result{Spend: *s}, nil
}

// Release gives a hold back: the payment will not happen.
type Release struct {
	KeyRef
	SpendID string
}

func (op Release) names() (string, string) { return op.SpendID, "" }

// apply moves only an open hold, and remembers an unknown spend, so that a
// Reserve that this Release has overtaken is refused.
func (op Release) apply(a *account) (Result, error) {
	s := a.spends[op.SpendID]
	if s == nil {
		return Result{Spend: *a.insert(Spend{ID: op.SpendID, State: Released}, a.stamp())}, nil
	}
	if s.State == Reserved {
		at := a.stamp()
		a.key.HeldSats -= s.HeldSats
		s.State = Released
		a.update(s, at)
	}
	return Result{Spend: *s}, nil
}

// Reverse makes a payment count nowhere, for good. It names the spend or the
// transaction; the other is empty. With both it is the transaction that is
// reversed, and the spend is the one that is about to carry it: see apply.
type Reverse struct {
	KeyRef
	SpendID       string
	TransactionID string
}

func (op Reverse) names() (string, string) { return op.SpendID, op.TransactionID }

// apply with both names reverses the spend that carries the transaction. If none
// does, the transaction is remembered, so that no spend can be settled with it,
// and the named spend is reversed unless it carries another one.
func (op Reverse) apply(a *account) (Result, error) {
	if op.TransactionID != "" {
		if s := a.byTransaction[op.TransactionID]; s != nil {
			return a.reverseKnown(s), nil
		}
		return op.ahead(a), nil
	}
	if s := a.spends[op.SpendID]; s != nil {
		return a.reverseKnown(s), nil
	}
	at := a.stamp()
	return Result{Spend: *a.insert(Spend{ID: op.SpendID, State: Reversed, ReversedAtUs: at}, at)}, nil
}

// ahead reverses a transaction that no spend carries yet.
func (op Reverse) ahead(a *account) Result {
	s := a.spends[op.SpendID]
	if s != nil && (s.TransactionID != "" || s.State == Reversed) {
		s = nil
	}
	at, known := a.reversed[op.TransactionID]
	if !known || s != nil {
		now := a.stamp()
		if !known {
			at = now
			a.reversed[op.TransactionID] = at
			a.reversals = append(a.reversals, Reversal{KeyID: a.key.ID, TransactionID: op.TransactionID, ReversedAtUs: at})
		}
		if s != nil {
			a.reverse(s, now)
			a.update(s, now)
			return Result{Spend: *s}
		}
	}
	return Result{Spend: Spend{KeyID: a.key.ID, State: Reversed, TransactionID: op.TransactionID, ReversedAtUs: at}}
}

func (a *account) reverseKnown(s *Spend) Result {
	if s.State != Reversed {
		at := a.stamp()
		a.reverse(s, at)
		a.update(s, at)
	}
	return Result{Spend: *s}
}

// reverse takes s out of the sums.
func (a *account) reverse(s *Spend, atUs int64) {
	switch s.State {
	case Reserved:
		a.key.HeldSats -= s.HeldSats
	case Settled:
		a.key.unspend(s.AmountSats, s.SettledAtUs)
	}
	s.State, s.ReversedAtUs = Reversed, atUs
}
