// Owners as callers: tokens signed by the platform's identity provider.

package auth

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/ledger"
)

const (
	// leeway is how far the clocks of the issuer and this server may differ.
	leeway = 30 * time.Second
	// maxToken is the longest token that is looked at.
	maxToken = 8 << 10
	// maxSubject is the longest subject.
	maxSubject = 256
)

// algorithms are those that verify with a public key. "none" and the HMAC
// family, whose key would be the public one, are not here.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// JWTConfig says which tokens are accepted.
type JWTConfig struct {
	Keys *jwks.Set
	// Issuer and Audience must be those of the token.
	Issuer, Audience string
	// SubjectClaim, ScopeClaim and KeyClaim name the claims with the owner, with
	// the scopes, and with the API key that a token was minted from.
	SubjectClaim, ScopeClaim, KeyClaim string
	// DefaultScope is what a token without a scope claim may do, e.g. "read write".
	DefaultScope string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// JWT verifies tokens (RFC 7519, with the advice of RFC 8725).
type JWT struct {
	cfg    JWTConfig
	parser *jwt.Parser
}

// NewJWT accepts tokens as cfg says. Claim names that are empty are "sub",
// "scope" and "api_key_id".
func NewJWT(cfg JWTConfig) *JWT {
	cfg.SubjectClaim = cmp.Or(cfg.SubjectClaim, "sub")
	cfg.ScopeClaim = cmp.Or(cfg.ScopeClaim, "scope")
	cfg.KeyClaim = cmp.Or(cfg.KeyClaim, "api_key_id")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &JWT{cfg: cfg, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(cfg.Issuer), jwt.WithAudience(cfg.Audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(), jwt.WithTimeFunc(cfg.Now),
	)}
}

// claims is what a verified token says.
type claims struct {
	subject string
	kinds   Kinds
	keyID   ledger.KeyID // the zero id: it was not minted from a key
}

// verify checks everything about a token. Keys that the token itself brings or
// points to (jku, jwk, x5u, x5c) are never looked at.
// For an exhausted sender no key set is read.
func (j *JWT) verify(ctx context.Context, token string, exhausted Exhausted) (claims, error) {
	// Without these two settings the parser would take any issuer or audience.
	if j.cfg.Issuer == "" || j.cfg.Audience == "" || len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return claims{}, ErrUnauthenticated // the decoder passes over line ends
	}
	read := jwt.MapClaims{}
	_, err := j.parser.ParseWithClaims(token, read, func(t *jwt.Token) (any, error) { return j.key(ctx, t, exhausted) })
	if err != nil {
		// These say nothing about the token.
		for _, unknown := range []error{jwks.ErrNotLoaded, context.Canceled, context.DeadlineExceeded} {
			if errors.Is(err, unknown) {
				return claims{}, unknown
			}
		}
		return claims{}, ErrUnauthenticated
	}
	var c claims
	if c.subject, err = j.subject(read); err != nil {
		return claims{}, err
	}
	if c.keyID, err = j.keyID(read); err != nil {
		return claims{}, err
	}
	c.kinds, err = j.kinds(read)
	return c, err
}

// key finds the key that the token names, for the one algorithm that fits it.
func (j *JWT) key(ctx context.Context, t *jwt.Token, exhausted Exhausted) (any, error) {
	if _, there := t.Header["crit"]; there { // RFC 7515, section 4.1.11: no extension is known here
		return nil, ErrUnauthenticated
	}
	id, ok := t.Header["kid"].(string)
	if !ok || id == "" || len(id) > 256 {
		return nil, ErrUnauthenticated
	}
	find := j.cfg.Keys.Key
	if exhausted.now() {
		find = j.cfg.Keys.KnownKey
	}
	key, err := find(ctx, id)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != t.Method.Alg() {
		return nil, ErrUnauthenticated
	}
	return key.Public, nil
}

func (j *JWT) subject(c jwt.MapClaims) (string, error) {
	subject, ok := c[j.cfg.SubjectClaim].(string)
	if !ok || !ValidSubject(subject) {

		return "", ErrUnauthenticated
	}
	return subject, nil
}

// ValidSubject says whether an owner may have this name.
func ValidSubject(subject string) bool {
	return subject != "" && len(subject) <= maxSubject && !strings.ContainsFunc(subject, unclear) &&
		strings.TrimSpace(subject) == subject // headers of gateways are trimmed
}

// unclear says whether a subject with this character is refused: control
// characters, and what stands for text that was not valid, since two subjects
// could become the same one by it.
func unclear(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }

// keyID is the API key that the token was minted from. Gateways that fill a
// template write "" or "<no value>" where there is none.
func (j *JWT) keyID(c jwt.MapClaims) (ledger.KeyID, error) {
	value, there := c[j.cfg.KeyClaim]
	if !there || value == nil || value == "" || value == "<no value>" {
		return ledger.KeyID{}, nil
	}
	text, ok := value.(string)
	if !ok {
		return ledger.KeyID{}, ErrUnauthenticated
	}
	id, err := uuid.Parse(text)
	if err != nil || id == uuid.Nil || id.String() != strings.ToLower(text) { // the one usual form
		return ledger.KeyID{}, ErrUnauthenticated
	}
	return ledger.KeyID(id), nil
}

// kinds is what the token's scopes allow: a space-separated text, or a list.
func (j *JWT) kinds(c jwt.MapClaims) (Kinds, error) {
	var scopes []string
	switch value := c[j.cfg.ScopeClaim].(type) {
	case nil:
		scopes = strings.Fields(j.cfg.DefaultScope)
	case string:
		scopes = strings.Fields(value)
	case []any:
		for _, v := range value {
			scope, ok := v.(string)
			if !ok {
				return 0, ErrUnauthenticated
			}
			scopes = append(scopes, scope)
		}
	default:
		return 0, ErrUnauthenticated
	}
	var kinds Kinds
	for _, s := range scopes {
		switch s {
		case "read":
			kinds |= OwnerReads
		case "write":
			kinds |= OwnerWrites
		}
	}
	return kinds, nil
}
