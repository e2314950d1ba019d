// Package auth says who is calling and what that caller may do. The table of
// who may call what stands in table.go, in one place; an RPC that does not
// stand there is refused.
package auth

import (
	"context"
	"errors"

	"github.com/satcap/satcap/internal/ledger"
)

// ErrUnauthenticated: the caller did not prove who it is. The answer is the
// same whatever was wrong with the proof.
var ErrUnauthenticated = errors.New("auth: unauthenticated")

// ErrPermissionDenied: the caller is known and may not do this.
var ErrPermissionDenied = errors.New("auth: permission denied")

// ErrUnlisted: the RPC does not stand in the table of who may call what, so
// nobody may.
var ErrUnlisted = errors.New("auth: no such method")

// Kinds is a set of kinds of caller.
type Kinds uint8

// The kinds of caller.
const (
	// Owner is a user of the platform: its own keys, their limits and usage.
	Owner Kinds = 1 << iota
	// KeyItself is the holder of an API key: that key's usage, and nothing that
	// could change what it may spend.
	KeyItself
	// Service is the platform's core API: spending and usage of any key.
	Service
)

// Caller is who is calling, as far as it has been proved.
type Caller struct {
	// Kinds is what the caller may act as.
	Kinds Kinds
	// Subject is the owner that the caller is, or for a key that it belongs to.
	Subject string
	// KeyID is the key that the caller is, for KeyItself.
	KeyID ledger.KeyID
	// Authentication is how the caller proved itself, for the record.
	Authentication string
}

// Actor is the caller as the record of changes names it.
func (c Caller) Actor() ledger.Actor {
	return ledger.Actor{Subject: c.Subject, Authentication: c.Authentication}
}

// Grant is what a caller may reach in one call.
type Grant struct {
	Caller Caller
	as     Kinds // what the call is allowed as
}

// Key names a key as this grant may reach it: any key as a service, as an owner
// only a key of its own, and as a key only that key. A key out of reach is
// answered like one that does not exist.
func (g Grant) Key(id ledger.KeyID) (ledger.KeyRef, error) {
	switch {
	case g.as&Service != 0:
		return ledger.KeyRef{KeyID: id}, nil
	case g.as&Owner != 0:
		return ledger.KeyRef{KeyID: id, Subject: g.Caller.Subject}, nil
	case g.as&KeyItself != 0 && id == g.Caller.KeyID:
		return ledger.KeyRef{KeyID: id}, nil
	}
	return ledger.KeyRef{}, ledger.ErrKeyNotFound
}

type grantKey struct{}

// WithGrant puts a grant into a call's context.
func WithGrant(ctx context.Context, g Grant) context.Context {
	return context.WithValue(ctx, grantKey{}, g)
}

// GrantOf returns the grant of a call. Without one, nothing can be reached.
func GrantOf(ctx context.Context) Grant {
	g, _ := ctx.Value(grantKey{}).(Grant)
	return g
}
