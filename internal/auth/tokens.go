// Services as callers: by token, or by the certificate of their connection.

package auth

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/satcap/satcap/internal/store"
)

// Roles is what a service may do.
type Roles int64

// The roles of services.
const (
	RoleSpend Roles = 1 << iota
	RoleUsage
	RoleVerify
)

// roleNames are the roles as people write them.
var roleNames = []struct {
	role Roles
	kind Kinds
	name string
}{
	{RoleSpend, ServiceSpends, "spend"}, {RoleUsage, ServiceReads, "usage"}, {RoleVerify, ServiceVerifies, "verify"},
}

// ParseRoles reads names of roles.
func ParseRoles(names []string) (Roles, error) {
	var roles Roles
next:
	for _, name := range names {
		for _, r := range roleNames {
			if r.name == name {
				roles |= r.role
				continue next
			}
		}
		return 0, fmt.Errorf("unknown role %q: it must be spend, usage or verify", name)
	}
	if roles == 0 {
		return 0, fmt.Errorf("at least one role is needed: spend, usage or verify")
	}
	return roles, nil
}

// Names are the roles as people write them.
func (r Roles) Names() []string {
	var names []string
	for _, n := range roleNames {
		if r&n.role != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

func (r Roles) kinds() Kinds {
	var kinds Kinds
	for _, n := range roleNames {
		if r&n.role != 0 {
			kinds |= n.kind
		}
	}
	return kinds
}

// TokenStore is what is asked of the database.
type TokenStore interface {
	FindServiceToken(ctx context.Context, hash []byte) (*store.ServiceToken, error)
	ListServiceTokens(ctx context.Context) ([]store.ServiceToken, error)
}

// Tokens knows the tokens of services.
type Tokens struct {
	store   TokenStore
	answers *answers[store.ServiceToken] // nil: there is no such token
	any     *expirable.LRU[struct{}, bool]
}

// NewTokens knows the tokens of the store.
func NewTokens(s TokenStore) *Tokens {
	return &Tokens{
		store: s, answers: newAnswers[store.ServiceToken](),
		any: expirable.NewLRU[struct{}, bool](1, nil, knownFor),
	}
}

// Any says whether there is a token that is not revoked.
func (t *Tokens) Any(ctx context.Context) (bool, error) {
	if known, ok := t.any.Get(struct{}{}); ok {
		return known, nil
	}
	began := time.Now()
	tokens, err := t.store.ListServiceTokens(ctx)
	if err != nil {
		return false, err
	}
	found := false
	for _, token := range tokens {
		found = found || token.RevokedAtUs == 0
	}
	if time.Since(began) < keepable {
		t.any.Add(struct{}{}, found)
	}
	return found, nil
}

// caller finds the token by its hash: the comparison is that of an index on
// SHA-256, which tells nothing about the token.
func (t *Tokens) caller(ctx context.Context, token string, exhausted Exhausted) (Caller, error) {
	if t == nil {
		return Caller{}, ErrUnauthenticated
	}
	hash, err := TokenPrefix.Hash(token)
	if err != nil {
		return Caller{}, ErrUnauthenticated
	}
	name := hex.EncodeToString(hash[:])
	found, err := t.answers.get(ctx, name, exhausted, func(ctx context.Context) (*store.ServiceToken, error) {
		return t.store.FindServiceToken(ctx, hash[:])
	})
	if err != nil {
		return Caller{}, err
	}
	good := found != nil && found.RevokedAtUs == 0
	t.answers.judge(name, good)
	if !good {
		return Caller{}, ErrUnauthenticated
	}
	return Caller{Kinds: Roles(found.Roles).kinds(), Subject: found.Name, Authentication: "service token"}, nil
}

// Certificates maps the names in client certificates to roles.
type Certificates map[string]Roles

// caller is the service whose certificate names it. The connection has verified
// the certificate; here it only counts what it says.
func (c Certificates) caller(cert *x509.Certificate) (Caller, error) {
	if cert == nil {
		return Caller{}, ErrUnauthenticated
	}
	if now := time.Now(); !cert.NotAfter.IsZero() && (now.After(cert.NotAfter) || now.Before(cert.NotBefore)) {
		return Caller{}, ErrUnauthenticated // it has expired while the connection stayed open
	}
	names := slices.Clone(cert.DNSNames) // other calls on the connection read it
	for _, uri := range cert.URIs {
		names = append(names, uri.String())
	}
	var roles Roles
	var subject string
	for _, name := range names {
		if r, ok := c[name]; ok {
			roles |= r
			subject = name
		}
	}
	if roles == 0 {
		return Caller{}, ErrUnauthenticated
	}
	return Caller{Kinds: roles.kinds(), Subject: subject, Authentication: "client certificate"}, nil
}
