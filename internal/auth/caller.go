// Package auth says who is calling and what that caller may do. The table of
// who may call what stands in table.go, in one place; an RPC that does not
// stand there is refused.
package auth

import (
	"context"
	"errors"

	"github.com/satcap/satcap/internal/ledger"
)

var (
	// ErrUnauthenticated: the caller did not prove who it is. The answer is the
	// same whatever was wrong with the proof.
	ErrUnauthenticated = errors.New("auth: unauthenticated")
	// ErrPermissionDenied: the caller is known and may not do this.
	ErrPermissionDenied = errors.New("auth: permission denied")
	// ErrUnlisted: the RPC does not stand in the table of who may call what, so
	// nobody may.
	ErrUnlisted = errors.New("auth: no such method")
	// ErrTooManyFailures: too many proofs from this address were wrong.
	ErrTooManyFailures = errors.New("auth: too many failed attempts from this address")
)

// Kinds is a set of what a caller may act as.
type Kinds uint8

// The kinds of caller.
const (
	// OwnerReads is a user of the platform who may see its own keys.
	OwnerReads Kinds = 1 << iota
	// OwnerWrites is a user of the platform who may change its own keys.
	OwnerWrites
	// KeyItself is the holder of an API key with the scope to read: that key's
	// usage, and nothing that could change what it may spend.
	KeyItself
	// ServiceSpends is the platform's core API: spending on any key.
	ServiceSpends
	// ServiceReads is a service that reads the usage of any key.
	ServiceReads
	// ServiceVerifies is a gateway that asks whose a secret is.
	ServiceVerifies
)

const (
	owner   = OwnerReads | OwnerWrites
	service = ServiceSpends | ServiceReads | ServiceVerifies
)

// Caller is who is calling, as far as it has been proved.
type Caller struct {
	// Kinds is what the caller may act as.
	Kinds Kinds
	// IsKey says that the caller is an API key, even one that may not act as
	// KeyItself for want of a scope.
	IsKey bool
	// Subject is the owner that the caller is, or for a key that it belongs to.
	Subject string
	// KeyID is the key that the caller is.
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
	case g.as&service != 0:
		return ledger.KeyRef{KeyID: id}, nil
	case g.as&owner != 0:
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
