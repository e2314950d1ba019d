// A spend and its ladder of states.

package ledger

// SpendState is a rung of the ladder.
type SpendState uint8

// The states, in the order of the ladder; Released and Expired share a rung.
const (
	Reserved SpendState = iota + 1
	Released
	Expired
	Settled
	Reversed
)

// String is the state in words.
func (s SpendState) String() string {
	return [...]string{"unknown", "reserved", "released", "expired", "settled", "reversed"}[s]
}

// Spend is one payment against a key.
type Spend struct {
	KeyID KeyID
	// ID is the caller's name for the spend, unique within the key.
	ID    string
	State SpendState
	// AmountSats is what was settled, or while nothing is, what was asked for;
	// 0 if a Release or Reverse came before any amount.
	AmountSats int64
	// HeldSats is what the hold reserved; 0 if there never was a hold.
	HeldSats int64
	// TransactionID is the platform's name for the payment; empty: none.
	TransactionID string
	// CreatedAtUs is when the first message arrived. It is unique within the key.
	CreatedAtUs int64
	// ReservedAtUs and ExpiresAtUs bound the hold; 0 if there never was one.
	ReservedAtUs, ExpiresAtUs int64
	// SettledAtUs is when the spend was first settled; 0: it never was. Imported
	// spends of a key may share it.
	SettledAtUs int64
	// ReversedAtUs is when the spend was reversed; 0: it was not.
	ReversedAtUs int64
	// UpdatedAtUs is when the spend last changed; retention counts from here.
	UpdatedAtUs int64
	// Late: settled after its hold had expired or been released.
	Late bool
	// OverHold: settled above its hold.
	OverHold bool
	// Unreserved: booked without a hold.
	Unreserved bool
}

// At is the spend as it stands at nowUs: a hold whose expire time is reached is
// expired, whether or not anything has written that down.
func (s Spend) At(nowUs int64) Spend {
	if s.State == Reserved && nowUs >= s.ExpiresAtUs {
		s.State = Expired
	}
	return s
}

// RetentionUs is how long a spend that counts nowhere any more is kept after its
// last change: longer than the longest window, so that no retry can count twice.
const RetentionUs = 400 * 86_400 * secondUs
