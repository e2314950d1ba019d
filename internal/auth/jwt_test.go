// Tokens of owners: those that count, and every way to forge one (RFC 8725).

package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/jwks"
)

const (
	jwtIssuer   = "https://idp.test/"
	jwtAudience = "satcap"
)

// jwtNow is the server's clock in these tests.
var jwtNow = time.Unix(1_800_000_000, 0)

// signers are the keys of the identity provider by id, and its enemy's.
type signers struct {
	rsa, evil *rsa.PrivateKey
	p256      *ecdsa.PrivateKey
	p384      *ecdsa.PrivateKey
	ed        ed25519.PrivateKey
	secret    []byte
}

var jwtSigners = sync.OnceValue(func() signers {
	var s signers
	var errs [5]error
	s.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	s.evil, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	s.p256, errs[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.p384, errs[3] = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, s.ed, errs[4] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	s.secret = []byte("a secret of 32 bytes, shared, no")
	return s
})

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func jwkRSA(kid string, key *rsa.PublicKey) map[string]any {
	return map[string]any{"kid": kid, "kty": "RSA", "n": raw64(key.N.Bytes()), "e": "AQAB"}
}

func jwkEC(kid string, key *ecdsa.PublicKey) map[string]any {
	point, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	half := (len(point) - 1) / 2
	return map[string]any{"kid": kid, "kty": "EC", "crv": key.Curve.Params().Name, "x": raw64(point[1 : 1+half]), "y": raw64(point[1+half:])}
}

func jsonText(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// jwtDocument is the provider's key set.
func jwtDocument() []byte {
	s := jwtSigners()
	fixed := jwkRSA("rs256", &s.rsa.PublicKey)
	fixed["alg"], fixed["use"] = "RS256", "sig"
	return jsonText(map[string]any{"keys": []any{
		fixed, jwkRSA("rsa", &s.rsa.PublicKey), jwkEC("p256", &s.p256.PublicKey), jwkEC("p384", &s.p384.PublicKey),
		map[string]any{"kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": raw64(s.ed.Public().(ed25519.PublicKey))},
		map[string]any{"kid": "secret", "kty": "oct", "k": raw64(s.secret)},
	}})
}

// jwtCallers accepts the provider's tokens; asked counts how often the key set
// was read. An unknown key id is always reason enough to read it again.
func jwtCallers(t *testing.T, keys auth.KeyStore, change func(*auth.JWTConfig)) (callers *auth.Callers, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	document := jwtDocument()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write(document) //nolint:errcheck // the test sees what arrived
	}))
	t.Cleanup(server.Close)
	log := slog.New(slog.DiscardHandler)
	set := jwks.New(t.Context(), jwks.Config{Source: server.URL, RefreshEvery: time.Hour, UnknownEvery: time.Nanosecond, Log: log})
	t.Cleanup(set.Close)
	require.NoError(t, set.Ready())
	cfg := auth.JWTConfig{Keys: set, Issuer: jwtIssuer, Audience: jwtAudience, Now: func() time.Time { return jwtNow }}
	if change != nil {
		change(&cfg)
	}
	callers = &auth.Callers{JWT: auth.NewJWT(cfg), Keys: auth.NewKeys(keys, prefix, log)}
	t.Cleanup(callers.Keys.Close)
	return callers, asked
}

// claimed is what a good token says, with changes; nil takes a claim away.
func claimed(changes ...any) map[string]any {
	claims := map[string]any{
		"iss": jwtIssuer, "aud": jwtAudience, "sub": "alice", "exp": jwtNow.Unix() + 60, "scope": "read write",
	}
	for i := 0; i < len(changes); i += 2 {
		if name := changes[i].(string); changes[i+1] == nil {
			delete(claims, name)
		} else {
			claims[name] = changes[i+1]
		}
	}
	return claims
}

// null is a claim that is there and null.
var null = json.RawMessage("null")

// signedParts signs any header and claims, sensible or not.
func signedParts(method jwt.SigningMethod, key any, header, claims []byte) string {
	text := raw64(header) + "." + raw64(claims)
	signature, err := method.Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + raw64(signature)
}

// signed is a token with these header fields on top of alg and typ.
func signed(method jwt.SigningMethod, key any, header, claims map[string]any) string {
	all := map[string]any{"alg": method.Alg(), "typ": "JWT"}
	maps.Copy(all, header)
	return signedParts(method, key, jsonText(all), jsonText(claims))
}

// good is a token that differs from an accepted one only in its claims.
func good(changes ...any) string {
	return signed(jwt.SigningMethodRS256, jwtSigners().rsa, map[string]any{"kid": "rs256"}, claimed(changes...))
}

func authenticate(callers *auth.Callers, token string) (auth.Caller, error) {
	return callers.Authenticate(context.Background(), auth.Credentials{Authorization: "Bearer " + token})
}

// refused: with the one error that says nothing, and no caller.
func refused(t *testing.T, callers *auth.Callers, token, why string) {
	t.Helper()
	caller, err := authenticate(callers, token)
	require.True(t, err == auth.ErrUnauthenticated, "%s: %v", why, err) //nolint:errorlint // no word more than that
	require.Zero(t, caller.Kinds, why)
	require.Empty(t, caller.Subject, why)
	require.Zero(t, caller.KeyID, why)
}

const ownerBoth = auth.OwnerReads | auth.OwnerWrites

func alice(kinds auth.Kinds) auth.Caller {
	return auth.Caller{Kinds: kinds, Subject: "alice", Authentication: "jwt"}
}

func TestJWTAccepted(t *testing.T) {
	t.Parallel()
	callers, asked := jwtCallers(t, nil, nil)
	s := jwtSigners()
	rs256 := func(header map[string]any) string {
		header["kid"] = "rs256"
		return signed(jwt.SigningMethodRS256, s.rsa, header, claimed())
	}
	kid := func(id string) map[string]any { return map[string]any{"kid": id} }
	for name, token := range map[string]string{
		"plain":           good(),
		"RS384":           signed(jwt.SigningMethodRS384, s.rsa, kid("rsa"), claimed()),
		"RS512":           signed(jwt.SigningMethodRS512, s.rsa, kid("rsa"), claimed()),
		"PS256":           signed(jwt.SigningMethodPS256, s.rsa, kid("rsa"), claimed()),
		"PS512":           signed(jwt.SigningMethodPS512, s.rsa, kid("rsa"), claimed()),
		"ES256":           signed(jwt.SigningMethodES256, s.p256, kid("p256"), claimed()),
		"ES384":           signed(jwt.SigningMethodES384, s.p384, kid("p384"), claimed()),
		"EdDSA":           signed(jwt.SigningMethodEdDSA, s.ed, kid("ed"), claimed()),
		"typ at+jwt":      rs256(map[string]any{"typ": "at+jwt"}),
		"unknown field":   rs256(map[string]any{"foo": "bar"}),
		"audience listed": good("aud", []string{"other", jwtAudience}),
		"nbf":             good("nbf", jwtNow.Unix()),
		"iat ahead":       good("iat", jwtNow.Unix()+3600), // no promise is tied to it
		"5 KiB":           good("pad", strings.Repeat("x", 4000)),
	} {
		caller, err := authenticate(callers, token)
		require.NoError(t, err, name)
		require.Equal(t, alice(ownerBoth), caller, name)
	}
	for _, subject := range []string{"a", "auth0|5f7", "álice 日本 😀", "a b", strings.Repeat("x", 256)} {
		caller, err := authenticate(callers, good("sub", subject))
		require.NoError(t, err, subject)
		require.Equal(t, subject, caller.Subject)
	}
	require.EqualValues(t, 1, asked.Load(), "only New read the key set")
}
