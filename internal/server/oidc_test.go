// Signing in at an OpenID provider: what is let in, and everything that is not.

package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/server"
)

// requireNotSignedIn requires a page that says so, no session, and that the
// login is over in this browser.
func requireNotSignedIn(t *testing.T, res *http.Response, status int, words string) {
	t.Helper()
	require.Equal(t, status, res.StatusCode)
	ended, _ := cookieOf(t, res, loginCookie)
	require.True(t, ended.MaxAge < 0 && ended.Value == "" && ended.Path == "/" && ended.Secure, "a login is good once")
	require.Len(t, res.Cookies(), 1, "no session")
	require.Empty(t, res.Header.Get("Location"))
	requirePage(t, res, words)
}

func requirePage(t *testing.T, res *http.Response, words string) {
	t.Helper()
	require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"))
	require.True(t, strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'"))
	require.Contains(t, readAll(t, res), words)
}

func TestSessionOIDC(t *testing.T) {
	requireNoLeak(t)
	p := newProvider(t)
	cfg := settings(t)
	p.trust(&cfg)
	r := start(t, cfg)
	b := newPerson(t, r, p)
	require.JSONEq(t, `{"signIn":"oidc","embedOrigins":[]}`, readAll(t, r.send(t, http.MethodGet, "/ui.json", "", nil)))
	state, cookie := b.login()
	res := b.back(url.Values{"code": {"good"}, "state": {state}}, cookie)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, "/", res.Header.Get("Location"))
	require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"), "the address has the code")
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	ended, _ := cookieOf(t, res, loginCookie)
	require.True(t, ended.MaxAge < 0 && ended.Value == "" && ended.Path == "/" && ended.Secure)
	c, session := cookieOf(t, res, auth.SessionCookie)
	require.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteStrictMode && c.Path == "/" && c.Domain == "")
	require.JSONEq(t, `{"subject":"alice","authentication":"session"}`, readAll(t, r.send(t, http.MethodGet, sessionFor, "", map[string]string{"Cookie": session})))
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", session)).StatusCode)
	require.Equal(t, http.StatusUnauthorized, r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", strings.Replace(cookie, "login", "session", 1))).StatusCode)
	require.Equal(t, http.StatusUnauthorized, r.send(t, http.MethodPost, sessionFor, `{"code":"x"}`, asJSON()).StatusCode, "no development mode")
	require.EqualValues(t, 1, p.discovered.Load())

	// Another login begins anew, whatever was known.
	again, other := b.login()
	require.NotEqual(t, state, again)
	requireNotSignedIn(t, b.back(url.Values{"code": {"good"}, "state": {again}}, cookie), http.StatusUnauthorized, "another browser")
	requireNotSignedIn(t, b.back(url.Values{"code": {"good"}, "state": {state}}, other), http.StatusUnauthorized, "another browser")
	for _, secret := range []string{"good", state, session, cookie} {
		require.NotContains(t, r.log.String(), secret)
	}
}

// TestSessionOIDCBegan: a login that was not begun in this browser, lately, ends
// before the provider is asked.
func TestSessionOIDCBegan(t *testing.T) {
	p := newProvider(t)
	cfg := settings(t)
	p.trust(&cfg)
	cfg.SessionKey = sessionKey
	r := start(t, cfg)
	b := newPerson(t, r, p)
	late := func(state string, expires time.Time) string {
		sealedLogin, err := server.SealLogin(sessionKey, state, expires)
		require.NoError(t, err)
		return loginCookie + "=" + sealedLogin
	}
	for name, spoil := range map[string]func(state, cookie *string){
		"State":       func(state, _ *string) { *state += "x" },
		"NoState":     func(state, _ *string) { *state = "" },
		"NoCookie":    func(_, cookie *string) { *cookie = "" },
		"EmptyCookie": func(_, cookie *string) { *cookie = loginCookie + "=" },
		"Tampered":    func(_, cookie *string) { *cookie = (*cookie)[:len(*cookie)-8] + "AAAAAAAA" },
		"Expired":     func(state, cookie *string) { *cookie = late(*state, time.Now()) },
		"EmptyState":  func(state, cookie *string) { *state, *cookie = "", late("", time.Now().Add(time.Minute)) },
	} {
		t.Run(name, func(t *testing.T) {
			state, cookie := b.login()
			spoil(&state, &cookie)
			requireNotSignedIn(t, b.back(url.Values{"code": {"good"}, "state": {state}}, cookie), http.StatusUnauthorized, "It began in another browser")
		})
	}
	state := "state"
	res := b.back(url.Values{"error": {"access_denied"}, "error_description": {"<script>"}, "state": {state}}, late(state, time.Now().Add(time.Minute)))
	requireNotSignedIn(t, res, http.StatusUnauthorized, "The provider did not let this person in")
	require.Zero(t, p.exchanged.Load())
	require.NotContains(t, r.log.String(), "script")
}

// TestSessionOIDCToken: the ID token must be this provider's, for this server,
// for this login, now.
func TestSessionOIDCToken(t *testing.T) {
	p := newProvider(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	cfg := settings(t)
	p.trust(&cfg)
	cfg.OIDC.ClientSecret, cfg.TrustedProxies = "client secret", []string{"127.0.0.1"}
	r := start(t, cfg)
	b := newPerson(t, r, p)
	people := 0
	with := func(name string, value any) func(jwt.MapClaims) string {
		return func(claims jwt.MapClaims) string {
			claims[name] = value
			if value == nil {
				delete(claims, name)
			}
			return signedBy(t, jwt.SigningMethodRS256, p.key, claims)
		}
	}
	const token, subject = "ID token is not valid", "name for this person cannot be used"
	for name, c := range map[string]struct {
		id    func(jwt.MapClaims) string
		words string // none: it is let in
	}{
		"Good":           {with("azp", "satcap"), ""},
		"TwoAudiences":   {with("aud", []string{"satcap", "other"}), ""},
		"Audience":       {with("aud", "other"), token},
		"AudiencePrefix": {with("aud", "satcap2"), token},
		"NoAudience":     {with("aud", nil), token},
		"Party":          {with("azp", "other"), token},
		"Issuer":         {with("iss", "https://id.example.com"), token},
		"IssuerSlash":    {with("iss", p.URL+"/"), token},
		"NoIssuer":       {with("iss", nil), token},
		"Expired":        {with("exp", time.Now().Add(-time.Second).Unix()), token},
		"NoExpiry":       {with("exp", nil), token},
		"NotYet":         {with("nbf", time.Now().Add(time.Hour).Unix()), token},
		"Nonce":          {with("nonce", "other"), token},
		"NoNonce":        {with("nonce", nil), token},
		"Signature":      {func(claims jwt.MapClaims) string { return signedBy(t, jwt.SigningMethodRS256, stranger, claims) }, token},
		"Changed": {func(claims jwt.MapClaims) string {
			parts := strings.Split(signedBy(t, jwt.SigningMethodRS256, p.key, claims), ".")
			claims["sub"] = "mallory"
			parts[1] = strings.Split(signedBy(t, jwt.SigningMethodRS256, p.key, claims), ".")[1]
			return strings.Join(parts, ".")
		}, token},
		"AlgorithmNone": {func(claims jwt.MapClaims) string {
			return signedBy(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims)
		}, token},
		"AlgorithmSecret": {func(claims jwt.MapClaims) string {
			return signedBy(t, jwt.SigningMethodHS256, []byte("client secret"), claims)
		}, token},
		"AlgorithmOther": {func(claims jwt.MapClaims) string { return signedBy(t, jwt.SigningMethodRS512, p.key, claims) }, token},
		"None":           {func(jwt.MapClaims) string { return "" }, token},
		"Nonsense":       {func(jwt.MapClaims) string { return "a.b.c" }, token},
		"NoSubject":      {with("sub", nil), subject},
		"Subject":        {with("sub", "a\x00"), subject},
		"SubjectLong":    {with("sub", strings.Repeat("a", 257)), subject},
	} {
		t.Run(name, func(t *testing.T) {
			people++
			b.from, p.id = fmt.Sprintf("192.0.2.%d", people), c.id
			state, cookie := b.login()
			res := b.back(url.Values{"code": {"good"}, "state": {state}}, cookie)
			if c.words != "" {
				requireNotSignedIn(t, res, http.StatusUnauthorized, c.words)
				return
			}
			require.Equal(t, http.StatusSeeOther, res.StatusCode)
			_, _ = cookieOf(t, res, auth.SessionCookie)
		})
	}
	require.NotContains(t, r.log.String(), "client secret")
}

// TestSessionOIDCCode: codes that the provider does not take are wrong proofs,
// which an address has only so many of.
func TestSessionOIDCCode(t *testing.T) {
	p := newProvider(t)
	cfg := settings(t)
	p.trust(&cfg)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	r := start(t, cfg)
	b := newPerson(t, r, p)
	state, cookie := b.login()
	p.challenge = "other"
	requireNotSignedIn(t, b.back(url.Values{"code": {"good"}, "state": {state}}, cookie), http.StatusUnauthorized, "did not take the code")
	state, cookie = b.login()
	tooMany := 0
	for range 60 { // the same cookie, as whoever guesses would keep it
		res := b.back(url.Values{"code": {"bad"}, "state": {state}}, cookie)
		if res.StatusCode == http.StatusTooManyRequests {
			require.NotEmpty(t, res.Header.Get("Retry-After"))
			requireNotSignedIn(t, res, http.StatusTooManyRequests, "Too many failed attempts")
			tooMany++
			continue
		}
		requireNotSignedIn(t, res, http.StatusUnauthorized, "did not take the code")
	}
	require.Greater(t, tooMany, 20)
	require.Less(t, p.exchanged.Load(), int64(60), "the provider is not asked for those who guess: twice a code, by header and by form")

	b.from = "192.0.2.1"
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
		p.exchangeStatus = status
		requireNotSignedIn(t, b.back(url.Values{"code": {"good"}, "state": {state}}, cookie), http.StatusBadGateway, "The OpenID provider does not answer")
	}
}

// TestSessionOIDCSilent: who want to sign in while the provider hangs wait for
// one question to it, and for a while after it failed nobody waits.
func TestSessionOIDCSilent(t *testing.T) {
	p := newProvider(t)
	hanging := make(chan struct{})
	hang := func(w http.ResponseWriter) bool {
		<-hanging
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(strings.Repeat("a page of the provider ", 1000)))
		return true
	}
	p.before.Store(&hang)
	cfg := settings(t)
	p.trust(&cfg)
	var advance func(time.Duration)
	r := start(t, cfg, func(s *server.Server) { advance = s.OIDCClock() })
	b := newPerson(t, r, p)
	login := func() (status int, retry string) {
		res := b.get("/session/login", "")
		if res.StatusCode != http.StatusSeeOther {
			require.Empty(t, res.Cookies())
			requirePage(t, res, "The OpenID provider does not answer")
		}
		return res.StatusCode, res.Header.Get("Retry-After")
	}
	statuses := make(chan int, 8)
	for range cap(statuses) {
		go func() { status, _ := login(); statuses <- status }()
	}
	require.Eventually(t, func() bool { return p.discovered.Load() == 1 }, soon, tick)
	// Nothing else waits, and who goes away is let go.
	require.Equal(t, http.StatusOK, r.send(t, http.MethodGet, "/ui.json", "", nil).StatusCode)
	gone, leave := context.WithCancel(t.Context())
	leave()
	r.HTTP().Handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/session/login", nil).WithContext(gone))
	require.NotContains(t, r.log.String(), "nobody can sign in", "who went away did not wait for the end")
	close(hanging)
	for range cap(statuses) {
		require.Equal(t, http.StatusBadGateway, <-statuses)
	}
	require.EqualValues(t, 1, p.discovered.Load(), "one question for all")

	complaints := func() int { return strings.Count(r.log.String(), "nobody can sign in") }
	status, retry := login()
	require.Equal(t, []any{http.StatusBadGateway, "5"}, []any{status, retry})
	require.EqualValues(t, 1, p.discovered.Load(), "left alone for a moment")
	for range 5 {
		advance(6 * time.Second)
		login()
	}
	require.EqualValues(t, 6, p.discovered.Load())
	require.Equal(t, 1, complaints(), "once a minute")
	require.Less(t, len(r.log.String()), 5000)
	advance(time.Minute)
	login()
	require.Equal(t, 2, complaints())

	wrong := func(w http.ResponseWriter) bool {
		return json.NewEncoder(w).Encode(map[string]string{"issuer": "https://id.example.com"}) == nil
	}
	p.before.Store(&wrong)
	advance(time.Minute)
	status, _ = login()
	require.Equal(t, http.StatusBadGateway, status, "another issuer")

	p.before.Store(nil)
	advance(6 * time.Second)
	b.login()
	require.Contains(t, r.log.String(), "the OpenID provider answers again")
}
