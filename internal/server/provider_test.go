// A fake OpenID provider, which answers and lets in as the test says, and a
// browser that signs in at it.

package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/config"
)

const loginCookie = "__Host-satcap_login"

type provider struct {
	*httptest.Server
	key              *rsa.PrivateKey
	challenge, nonce string
	// id makes the ID token of claims; nil: as it should be.
	id func(claims jwt.MapClaims) string
	// discovered and exchanged count what was asked; before, if not nil, answers a
	// question about the provider itself and says whether that was all.
	discovered, exchanged atomic.Int64
	before                atomic.Pointer[func(w http.ResponseWriter) bool]
	// exchangeStatus, if not 0, is how codes are refused.
	exchangeStatus int
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	var err error
	p.key, err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.discovered.Add(1)
		if before := p.before.Load(); before != nil && (*before)(w) {
			return
		}
		write(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		b64 := base64.RawURLEncoding.EncodeToString
		write(w, map[string]any{"keys": []any{map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes())}}})
	})
	// As a browser sees it: whoever comes is signed in there already.
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		p.challenge, p.nonce = q.Get("code_challenge"), q.Get("nonce")
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"good"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		p.exchanged.Add(1)
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if p.exchangeStatus != 0 {
			w.WriteHeader(p.exchangeStatus)
			return
		}
		if r.FormValue("code") != "good" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		claims := jwt.MapClaims{"iss": p.URL, "aud": "satcap", "sub": "alice", "nonce": p.nonce,
			"exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix()}
		id := p.id
		if id == nil {
			id = func(claims jwt.MapClaims) string { return signedBy(t, jwt.SigningMethodRS256, p.key, claims) }
		}
		write(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": id(claims)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// signedBy is a token of claims.
func signedBy(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "1"
	text, err := token.SignedString(key)
	if err != nil {
		t.Error(err)
	}
	return text
}

// trust makes people sign in at this provider.
func (p *provider) trust(cfg *config.Server) {
	cfg.OIDC.Issuer, cfg.OIDC.ClientID, cfg.PublicURL = p.URL, "satcap", "https://satcap.example.com"
}

// person is a browser.
type person struct {
	t      *testing.T
	r      *running
	p      *provider
	client *http.Client
	// from is the address that a trusted proxy names; empty: none does.
	from string
}

func newPerson(t *testing.T, r *running, p *provider) *person {
	t.Helper()
	client := httpClient(t, false)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &person{t: t, r: r, p: p, client: client}
}

func (b *person) get(path, cookie string) *http.Response {
	b.t.Helper()
	headers := map[string]string{}
	if b.from != "" {
		headers["X-Forwarded-For"] = b.from
	}
	if cookie != "" {
		headers["Cookie"] = cookie
	}
	return b.r.sendBy(b.t, b.client, http.MethodGet, path, "", headers)
}

// login begins to sign in, and is what comes back from the provider.
func (b *person) login() (state, cookie string) {
	b.t.Helper()
	res := b.get("/session/login", "")
	require.Equal(b.t, http.StatusSeeOther, res.StatusCode)
	c, cookie := cookieOf(b.t, res, loginCookie)
	require.True(b.t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && c.Path == "/" && c.Domain == "")
	require.Equal(b.t, 600, c.MaxAge)
	require.Equal(b.t, "no-store", res.Header.Get("Cache-Control"))
	to, err := url.Parse(res.Header.Get("Location"))
	require.NoError(b.t, err)
	require.Equal(b.t, b.p.URL+"/authorize", to.Scheme+"://"+to.Host+to.Path)
	q := to.Query()
	require.Equal(b.t, "S256", q.Get("code_challenge_method"))
	require.Equal(b.t, "code", q.Get("response_type"))
	require.Equal(b.t, "https://satcap.example.com/session/callback", q.Get("redirect_uri"), "whatever host the request named")
	b.p.challenge, b.p.nonce = q.Get("code_challenge"), q.Get("nonce")
	return q.Get("state"), cookie
}

// back comes from the provider with a query.
func (b *person) back(query url.Values, cookie string) *http.Response {
	b.t.Helper()
	return b.get("/session/callback?"+query.Encode(), cookie)
}
