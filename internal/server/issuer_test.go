// An identity provider: its key set over HTTP, and the tokens it signs.

package server_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/config"
)

type issuer struct {
	url     string
	signing ed25519.PrivateKey
	fetches atomic.Int64 // of the key set
	pause   atomic.Int64 // nanoseconds before the key set is answered
}

func newIssuer(tb testing.TB) *issuer {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(tb, err)
	document, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
	require.NoError(tb, err)
	i := &issuer{signing: private}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		select {
		case <-time.After(time.Duration(i.pause.Load())):
		case <-r.Context().Done():
		}
		_, _ = w.Write(document)
	}))
	tb.Cleanup(s.Close)
	i.url = s.URL
	return i
}

// trust makes a server take this issuer's tokens.
func (i *issuer) trust(cfg *config.Server) {
	cfg.JWT.JWKS, cfg.JWT.Issuer, cfg.JWT.Audience, cfg.JWT.DefaultScope = i.url, "issuer", "satcap", "read write"
}

// token is an owner's, signed with the key that the key set has; the token may
// name another.
func (i *issuer) token(tb testing.TB, subject, kid string) string {
	tb.Helper()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "issuer", "aud": "satcap", "sub": subject, "exp": time.Now().Add(time.Hour).Unix(),
	})
	t.Header["kid"] = kid
	text, err := t.SignedString(i.signing)
	require.NoError(tb, err)
	return text
}
