// An API key as the rules see it, and whether it may hold new spends.

package ledger

// KeyID is the id of an API key, a UUID.
type KeyID [16]byte

// KeyState is the stored state of a key. Expiry is not stored: see [Key.Usable].
type KeyState uint8

// The stored states of a key.
const (
	KeyActive KeyState = iota + 1
	KeyPaused
	KeyRevoked
)

// Scopes is a set of what a key's holder may do on the platform. It decides
// nothing about spending.
type Scopes uint8

// The scopes.
const (
	ScopeRead Scopes = 1 << iota
	ScopeReceive
	ScopeWrite
)

// Key is an API key.
type Key struct {
	ID      KeyID
	Subject string // the owner
	Name    string
	Scopes  Scopes
	// SecretPrefix is the first characters of the secret, to tell keys apart.
	SecretPrefix string
	State        KeyState
	CreatedAtUs  int64
	// LastUsedAtUs is when the key was last seen; 0: never.
	LastUsedAtUs int64
	// ExpiresAtUs is when the key expires by itself; 0: never.
	ExpiresAtUs int64
	// RevokedAtUs is when the key was revoked; 0: it was not.
	RevokedAtUs int64
	// Revision goes up by one with every operation that changes the key.
	Revision int64
	// LastRotation names the last rotation, if its caller did.
	LastRotation Rotation
	// LastUs is the key's latest time: nothing of it is stamped later, and its
	// sums are as of this moment or an earlier one.
	LastUs int64
	Budget
}

// Rotation is what a rotation is known by when it comes again. The zero value is
// one that had no name.
type Rotation struct {
	// RequestID is the caller's name for it; empty: none.
	RequestID string
	// GraceUs is the grace that it asked for.
	GraceUs int64
}

// Expired says whether the key has expired at nowUs.
func (k *Key) Expired(nowUs int64) bool { return k.ExpiresAtUs != 0 && nowUs >= k.ExpiresAtUs }

// Usable says whether the key may hold new spends at nowUs: nil, or
// [ErrKeyRevoked], [ErrKeyExpired] or [ErrKeyPaused], in this order.
func (k *Key) Usable(nowUs int64) error {
	switch {
	case k.State == KeyRevoked:
		return ErrKeyRevoked
	case k.Expired(nowUs):
		return ErrKeyExpired
	case k.State == KeyPaused:
		return ErrKeyPaused
	}
	return nil
}

// NowUs is the moment at which a key's next operations are decided: the store's
// clock, but always after the last time of the key, so that a clock that steps
// back never brings capacity back early or breaks the order of events.
func NowUs(clockUs, lastUs int64) int64 { return max(clockUs, lastUs+1) }

// ReadNowUs is the moment that a read of a key describes.
func ReadNowUs(clockUs, lastUs int64) int64 { return max(clockUs, lastUs) }
