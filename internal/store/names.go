// The registry of payment names.

package store

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
)

// Names is the part of a store that says which payment a name belongs to, for
// contracts whose messages do not all tell the key. It orders those who claim a
// name and those who reverse it by the name's row: whichever of the two comes
// second sees the first, so a reversal is never lost between them.
type Names interface {
	// ClaimNames claims names for payments, all or none: in order, each name that
	// nobody has claimed becomes the claimer's, and a name that was claimed before
	// stays as it is. It returns every name as it then stands, in the order of
	// the claims. A claim has a Name, a KeyID and a SpendID.
	ClaimNames(ctx context.Context, claims []PaymentName) ([]PaymentName, error)
	// ReverseName notes that the payment of this name was reversed, whether or not
	// anybody has claimed it yet, and returns the name as it then stands. The
	// first time stands.
	ReverseName(ctx context.Context, name string) (PaymentName, error)
	// FindNames returns the names that are known, ordered by name.
	FindNames(ctx context.Context, names []string) ([]PaymentName, error)
	// DeleteOldNames forgets at most limit names that were made and, if they
	// were, reversed before a moment. It returns how many it forgot. It may leave
	// out names that are being changed.
	DeleteOldNames(ctx context.Context, beforeUs int64, limit int) (int64, error)
}

// PaymentName is what is known of a name.
type PaymentName struct {
	// Name is 1 to 128 characters.
	Name string
	// KeyID and SpendID are the spend that the name belongs to; the zero KeyID and
	// no SpendID: nobody has claimed it.
	KeyID   ledger.KeyID
	SpendID string
	// ReversedAtUs is when the name was first reversed; 0: it was not.
	ReversedAtUs int64
}

// Claimed says whether the name belongs to a spend.
func (n PaymentName) Claimed() bool { return n.KeyID != ledger.KeyID{} }
