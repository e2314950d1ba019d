// Finding out who is calling: which proof was sent, and who judges it.

package auth

import (
	"context"
	"crypto/x509"
	"strings"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/ledger"
)

// TokenPrefix is what the tokens of services begin with. They are made like the
// secrets of API keys, so that one which cannot be right costs no query.
const TokenPrefix apikey.Prefix = "satcapsvc_"

// Credentials is what a caller sent to prove itself.
type Credentials struct {
	// Authorization is the header of that name.
	Authorization string
	// APIKey is the header that carries the secret of an API key.
	APIKey string
	// Session is the cookie of a person who signed in.
	Session string
	// Certificate is the client's, verified against the configured authority.
	Certificate *x509.Certificate
	// Unclear says that a header with a proof was empty or came more than once:
	// nothing else that was sent makes that good.
	Unclear bool
	// Exhausted is about the address that the credentials came from.
	Exhausted Exhausted
}

// None says whether nothing was sent.
func (c Credentials) None() bool {
	return c.Authorization == "" && c.APIKey == "" && c.Session == "" && c.Certificate == nil && !c.Unclear
}

// Authenticator finds out who is calling.
type Authenticator interface {
	// Authenticate returns the caller that the credentials prove, or
	// [ErrUnauthenticated], or the store's error if it could not be asked.
	Authenticate(ctx context.Context, c Credentials) (Caller, error)
}

// Callers judges every kind of proof. A part that is nil judges nothing.
//
// Where several proofs come together, the one that can do least counts: the
// secret of an API key, then what is in the Authorization header, then the
// session of a person, then the certificate of the connection, which a gateway
// shares among all its users.
type Callers struct {
	Keys         *Keys
	Tokens       *Tokens
	JWT          *JWT
	Certificates Certificates
	// Sessions are those of people in a browser.
	Sessions *Sessions
	// Development is the token of a server that has no other kind of caller.
	Development *Development
}

// Authenticate implements [Authenticator].
func (a *Callers) Authenticate(ctx context.Context, c Credentials) (Caller, error) {
	if c.Unclear {
		return Caller{}, ErrUnauthenticated
	}
	if c.APIKey != "" {
		return a.Keys.bySecret(ctx, c.APIKey, c.Exhausted)
	}
	if c.Authorization == "" && c.Session != "" {
		return a.sessionCaller(ctx, c.Session)
	}
	if c.Authorization == "" {
		return a.Certificates.caller(c.Certificate)
	}
	scheme, token, _ := strings.Cut(c.Authorization, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Caller{}, ErrUnauthenticated
	}
	switch {
	case strings.HasPrefix(token, string(TokenPrefix)):
		return a.Tokens.caller(ctx, token, c.Exhausted)
	case strings.Count(token, ".") == 2 && a.JWT != nil:
		return a.jwtCaller(ctx, token, c.Exhausted)
	case a.Development != nil && a.Development.matches(token):
		return a.Development.caller(ctx)
	}
	return a.Keys.bySecret(ctx, token, c.Exhausted)
}

// jwtCaller judges a token. One that was minted from an API key is that key,
// with the scopes and the state that the key has now.
func (a *Callers) jwtCaller(ctx context.Context, token string, exhausted Exhausted) (Caller, error) {
	claims, err := a.JWT.verify(ctx, token, exhausted)
	if err != nil {
		return Caller{}, err
	}
	if claims.keyID == (ledger.KeyID{}) {
		return Caller{Kinds: claims.kinds, Subject: claims.subject, Authentication: "jwt"}, nil
	}
	return a.Keys.byID(ctx, claims.keyID, exhausted)
}
