// What the store knows of secrets and tokens.

package store

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
)

// Access is the part of a store that says whose a secret or a token is.
type Access interface {
	// FindKeyBySecret returns the key that a secret with this hash belongs to,
	// or nil.
	FindKeyBySecret(ctx context.Context, hash []byte) (*Credential, error)
	// TouchKeys notes when keys were last seen, in microseconds since the epoch.
	// It never moves a time back.
	TouchKeys(ctx context.Context, lastUsedAtUs map[ledger.KeyID]int64) error

	// CreateServiceToken stores a token.
	CreateServiceToken(ctx context.Context, t ServiceToken) error
	// FindServiceToken returns the token with this hash, or nil.
	FindServiceToken(ctx context.Context, hash []byte) (*ServiceToken, error)
	// ListServiceTokens returns all tokens, the oldest first.
	ListServiceTokens(ctx context.Context) ([]ServiceToken, error)
	// RevokeServiceToken revokes a token that is not revoked yet, and says
	// whether there was one.
	RevokeServiceToken(ctx context.Context, id ledger.KeyID, revokedAtUs int64) (bool, error)
}

// Credential is a key as found by a secret, at the moment ClockUs.
type Credential struct {
	Key     ledger.Key
	ClockUs int64
	// UntilUs is until when this secret works if it is one that was rotated
	// away; 0: it is the current one.
	UntilUs int64
}

// ServiceToken is a token of a service, as stored.
type ServiceToken struct {
	ID   ledger.KeyID // a UUID like a key's
	Name string
	// Hash is the SHA-256 of what follows the token's prefix; Prefix is the
	// token's first characters, to tell tokens apart.
	Hash        []byte
	Prefix      string
	Roles       int64 // package auth knows the bits
	CreatedAtUs int64
	RevokedAtUs int64 // 0: it is not
}
