// What an operation can be refused for.

package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Refusals. An operation that is refused changes nothing.
var (
	ErrAmount              = errors.New("amount_sats must be at least 1")
	ErrKeyNotFound         = errors.New("no such API key")
	ErrKeyRevoked          = errors.New("the API key is revoked")
	ErrKeyExpired          = errors.New("the API key has expired")
	ErrKeyPaused           = errors.New("the API key is paused")
	ErrSpendNotFound       = errors.New("no such spend: settle it with an amount, or after its hold")
	ErrSpendIDReused       = errors.New("this spend_id was used for something else")
	ErrTransactionIDReused = errors.New("this transaction_id names another spend of the key")
	ErrRequestIDReused     = errors.New("this request_id was used for a rotation with another grace_seconds: choose a new one")
	ErrSumOverflow         = errors.New("the sums of the key cannot take this amount")
	ErrImportTime          = errors.New("an imported spend must have been settled in the past")
	ErrRevisionMismatch    = errors.New("the API key has changed since that revision: read it again")
	// ErrInvariant is not a refusal but a defect: the stored sums contradict
	// themselves. Nothing of the key is written.
	ErrInvariant = errors.New("the stored sums of the API key are not consistent")
)

// refusals are the errors above that an operation is refused with.
var refusals = []error{
	ErrAmount, ErrKeyNotFound, ErrKeyRevoked, ErrKeyExpired, ErrKeyPaused, ErrSpendNotFound, ErrSpendIDReused, ErrTransactionIDReused,
	ErrRequestIDReused, ErrSumOverflow, ErrImportTime, ErrRevisionMismatch,
}

// IsRefusal says whether err is the answer to an operation that was decided. Any
// other error leaves open what the answer would have been.
func IsRefusal(err error) bool {
	var closed *SpendClosedError
	var exceeded *LimitExceededError
	return errors.As(err, &closed) || errors.As(err, &exceeded) ||
		slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) })
}

// SpendClosedError refuses a Reserve of a spend that has left the first rung:
// the caller must not pay, or not again.
type SpendClosedError struct{ Spend Spend }

// Error is what the caller reads.
func (e *SpendClosedError) Error() string {
	return fmt.Sprintf("the spend is %s and cannot be held: do not pay", e.Spend.State)
}

// LimitExceededError refuses an amount that does not fit.
type LimitExceededError struct {
	KeyID         KeyID
	RequestedSats int64
	// Violations are the windows that refuse, the one with the least left first.
	Violations []WindowUsage
	// MaxAllowedSats is the largest amount that would have fitted.
	MaxAllowedSats int64
	// AvailableAtUs is when the amount fits if nothing else is spent; 0: never,
	// or not found within the walk's bound.
	AvailableAtUs int64
	// AvailableNotBeforeUs is how far the walk got where its bound ended it; else 0.
	AvailableNotBeforeUs int64
}

// Error is what the caller reads: every window that refuses, what is left of it,
// and from when on the amount fits.
func (e *LimitExceededError) Error() string {
	var b strings.Builder
	for i, v := range e.Violations {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s limit: %d sats requested, %d of %d left", v.Window, e.RequestedSats, v.RemainingSats, v.LimitSats)
	}
	switch {
	case e.AvailableAtUs != 0:
		// the first whole second at or after it: never promise too early
		fmt.Fprintf(&b, "; fits from %s", rfc3339((e.AvailableAtUs+secondUs-1)/secondUs))
	case e.AvailableNotBeforeUs != 0:
		fmt.Fprintf(&b, "; does not fit before %s", rfc3339(e.AvailableNotBeforeUs/secondUs))
	default:
		b.WriteString("; more than the limit, never fits")
	}
	return b.String()
}

func rfc3339(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
