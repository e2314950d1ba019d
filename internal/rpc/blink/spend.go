// What changes something: hold, record, reverse.

package blink

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	apikeysv1 "github.com/satcap/satcap/gen/services/api_keys/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// holdName makes the name of a new hold of a key.
func holdName(id ledger.KeyID) string { return uuid.UUID(id).String() + ":" + uuid.NewString() }

// keyOfHold reads the key out of a hold's name, if it is one that holdName makes.
func keyOfHold(name string) (ledger.KeyID, bool) {
	key, rest, _ := strings.Cut(name, ":")
	id, err := uuid.Parse(key)
	random, restErr := uuid.Parse(rest)
	if err != nil || restErr != nil || id.String()+":"+random.String() != name {
		return ledger.KeyID{}, false
	}
	return ledger.KeyID(id), true
}

func (s *service) CheckAndLockSpending(ctx context.Context, req *apikeysv1.CheckAndLockSpendingRequest) (*apikeysv1.CheckAndLockSpendingResponse, error) {
	ref, err := reach(ctx, req.GetApiKeyId())
	if err != nil {
		return nil, err
	}
	name := holdName(ref.KeyID)
	_, err = s.engine.Do(ctx, ledger.Reserve{
		KeyRef: ref, SpendID: name, AmountSats: req.GetAmountSats(), TTLUs: s.holdTTL.Microseconds(),
	})
	if err != nil {
		return nil, err
	}
	return &apikeysv1.CheckAndLockSpendingResponse{EphemeralId: name}, nil
}

func (s *service) RecordSpending(ctx context.Context, req *apikeysv1.RecordSpendingRequest) (*apikeysv1.RecordSpendingResponse, error) {
	ref, err := reach(ctx, req.GetApiKeyId())
	if err != nil {
		return nil, err
	}
	hold, transaction := req.GetEphemeralId(), req.GetTransactionId()
	if hold != "" && transaction == "" {
		return nil, errMissingTransaction
	}
	if _, ok := keyOfHold(transaction); ok {
		return nil, errHoldAsTransaction // ReverseSpending would take it for the hold
	}
	op := ledger.Settle{KeyRef: ref, AmountSats: req.GetAmountSats(), TransactionID: transaction}
	switch {
	case hold != "":
		err = s.recordHold(ctx, op, hold)
	case transaction != "":
		err = s.recordTransaction(ctx, op)
	default:
		op.SpendID = uuid.NewString()
		_, err = s.engine.Do(ctx, op)
	}
	if err != nil {
		return nil, err
	}
	return &apikeysv1.RecordSpendingResponse{}, nil
}

// recordHold settles a hold at its amount. Whether it can is asked first: a call
// that is refused must not leave the transaction's name behind as the hold's.
func (s *service) recordHold(ctx context.Context, op ledger.Settle, hold string) error {
	spend, err := s.spendOfHold(ctx, op, hold)
	if err != nil {
		return err
	}
	op.SpendID, op.Exact = spend, true
	err = s.try(ctx, op)
	if errors.Is(err, ledger.ErrSpendNotFound) {
		// A hold that nobody knows: a repetition, if the key has the transaction.
		if op.SpendID, err = s.spendOfTransaction(ctx, op); err == nil {
			_, err = s.engine.Do(ctx, op)
		}
		if errors.Is(err, ledger.ErrSpendNotFound) {
			return &unknownHoldError{hold: hold}
		}
		return err
	}
	if err != nil {
		return err
	}
	name, err := s.claim(ctx, op)
	if err != nil {
		return err
	}
	return s.settle(ctx, op, name)
}

// settle settles, or books nothing if the transaction was reversed before.
func (s *service) settle(ctx context.Context, op ledger.Settle, name store.PaymentName) error {
	if name.KeyID == op.KeyID && name.ReversedAtUs != 0 {
		if _, err := s.engine.Do(ctx, ledger.Reverse{KeyRef: op.KeyRef, SpendID: op.SpendID, TransactionID: op.TransactionID}); err != nil {
			return err
		}
	}
	_, err := s.engine.Do(ctx, op)
	return err
}

// try says what the ledger would answer to op, and changes nothing.
func (s *service) try(ctx context.Context, op ledger.Operation) error {
	outcomes, err := s.engine.Try(ctx, []ledger.Operation{op})
	if err != nil {
		return err
	}
	return outcomes[0].Err
}

// spendOfHold finds the spend that a hold's name stands for: the name itself, or
// for a hold that was taken over from elsewhere what the registry says. If there
// is none, a transaction that the key has already stands in for it.
func (s *service) spendOfHold(ctx context.Context, op ledger.Settle, hold string) (string, error) {
	if id, ok := keyOfHold(hold); ok && id == op.KeyID {
		return hold, nil
	}
	spend, err := s.spendOf(ctx, op.KeyID, hold, op.TransactionID)
	if errors.Is(err, ledger.ErrSpendNotFound) {
		if err := s.try(ctx, op); errors.Is(err, ledger.ErrKeyNotFound) {
			return "", err
		}
		return "", &unknownHoldError{hold: hold}
	}
	return spend, err
}

// spendOfTransaction finds the spend of the transaction of op.
func (s *service) spendOfTransaction(ctx context.Context, op ledger.Settle) (string, error) {
	return s.spendOf(ctx, op.KeyID, op.TransactionID)
}

// spendOf finds the spend that the first of the names stands for that this key has.
func (s *service) spendOf(ctx context.Context, id ledger.KeyID, wanted ...string) (string, error) {
	names, err := s.engine.FindNames(ctx, wanted)
	if err != nil {
		return "", err
	}
	for _, want := range wanted {
		for _, n := range names {
			if n.Name == want && n.KeyID == id {
				return n.SpendID, nil
			}
		}
	}
	return "", ledger.ErrSpendNotFound
}

// recordTransaction books what was not held. The transaction names the spend,
// unless it is known under another name.
func (s *service) recordTransaction(ctx context.Context, op ledger.Settle) error {
	if _, err := s.engine.View(ctx, op.KeyRef); err != nil {
		return err // a key that is not there must not claim the name
	}
	op.SpendID = op.TransactionID
	name, err := s.claim(ctx, op)
	if err != nil {
		return err
	}
	if name.KeyID == op.KeyID && name.SpendID != op.SpendID {
		known := op
		known.SpendID = name.SpendID
		// It may have got another transaction: two were recorded for it at once.
		if err := s.settle(ctx, known, name); !errors.Is(err, ledger.ErrSpendIDReused) {
			return err
		}
	}
	return s.settle(ctx, op, name)
}

// claim writes down which key and spend the transaction of op belongs to, and
// returns what stands there: who came first has it.
func (s *service) claim(ctx context.Context, op ledger.Settle) (store.PaymentName, error) {
	names, err := s.engine.ClaimNames(ctx, []store.PaymentName{{Name: op.TransactionID, KeyID: op.KeyID, SpendID: op.SpendID}})
	if err != nil {
		return store.PaymentName{}, err
	}
	return names[0], nil
}

// ReverseSpending knows no key, so the lock of the key cannot order it against a
// RecordSpending that arrives at the same moment, perhaps at another server. The
// registry's row of the transaction does. RecordSpending claims the row, commits,
// and then settles; this marks it as reversed, commits, and then reverses what
// the row belongs to. Whichever comes second to the row sees the other: either
// RecordSpending sees the mark and reverses in place of settling, or this sees
// the claim and reverses that spend, whose late settle then changes nothing. A
// server that dies in between leaves a row that makes the repetition end alike.
func (s *service) ReverseSpending(ctx context.Context, req *apikeysv1.ReverseSpendingRequest) (*apikeysv1.ReverseSpendingResponse, error) {
	name := req.GetTransactionId()
	if err := s.reverseName(ctx, name); err != nil && !errors.Is(err, ledger.ErrKeyNotFound) {
		return nil, err
	}
	return &apikeysv1.ReverseSpendingResponse{}, nil
}

func (s *service) reverseName(ctx context.Context, name string) error {
	if id, ok := keyOfHold(name); ok {
		ref, err := auth.GrantOf(ctx).Key(id)
		if err != nil {
			return err
		}
		_, err = s.engine.Do(ctx, ledger.Reverse{KeyRef: ref, SpendID: name})
		return err
	}
	found, err := s.engine.ReverseName(ctx, name)
	if err != nil || !found.Claimed() {
		return err
	}
	ref, err := auth.GrantOf(ctx).Key(found.KeyID)
	if err != nil {
		return err
	}
	op := ledger.Reverse{KeyRef: ref, SpendID: found.SpendID, TransactionID: name}
	if takenOver(found) {
		op.TransactionID = "" // the name is the hold's, whatever transaction it got
	}
	_, err = s.engine.Do(ctx, op)
	return err
}

// takenOver says whether a name is that of a hold which was made elsewhere: a
// UUID, for a spend that neither this contract made nor the name itself names.
func takenOver(n store.PaymentName) bool {
	_, made := keyOfHold(n.SpendID)
	return uuid.Validate(n.Name) == nil && !made && n.SpendID != n.Name
}
