// Signing in by the one-time code and at a provider, what a session may do, and
// what another site cannot do with it.

package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

const (
	listKeys   = "/satcap.v1.ApiKeyService/ListApiKeys"
	sessionFor = "/session"
)

// cookieOf is the cookie that an answer sets, as a request sends it.
func cookieOf(t *testing.T, res *http.Response, name string) (*http.Cookie, string) {
	t.Helper()
	for _, c := range res.Cookies() {
		if c.Name == name {
			return c, c.Name + "=" + c.Value
		}
	}
	t.Fatalf("no cookie %s", name)
	return nil, ""
}

func asJSON(headers ...string) map[string]string {
	all := map[string]string{"Content-Type": "application/json"}
	for i := 0; i+1 < len(headers); i += 2 {
		all[headers[i]] = headers[i+1]
	}
	return all
}

// signIn uses the code that the server prints.
func (r *running) signIn(t *testing.T) string {
	t.Helper()
	var printed bytes.Buffer
	r.Announce(&printed)
	found := regexp.MustCompile(`http://\S+/#code=([A-Z2-7]+)`).FindStringSubmatch(printed.String())
	require.NotNil(t, found, printed.String())
	body := `{"code":"` + found[1] + `"}`
	res := r.send(t, http.MethodPost, sessionFor, body, asJSON())
	require.Equal(t, http.StatusOK, res.StatusCode)
	c, cookie := cookieOf(t, res, auth.SessionCookie)
	require.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteStrictMode && c.Path == "/" && c.Domain == "")
	require.Equal(t, http.StatusUnauthorized, r.send(t, http.MethodPost, sessionFor, body, asJSON()).StatusCode, "a code is good once")
	require.NotContains(t, r.log.String(), found[1])
	return cookie
}

func TestSession(t *testing.T) {
	r := start(t, settings(t))
	require.Equal(t, http.StatusUnauthorized, r.send(t, http.MethodGet, sessionFor, "", nil).StatusCode)
	cookie := r.signIn(t)
	res := r.send(t, http.MethodGet, sessionFor, "", map[string]string{"Cookie": cookie})
	require.JSONEq(t, `{"subject":"dev","authentication":"session"}`, readAll(t, res))
	require.JSONEq(t, `{"signIn":"development","embedOrigins":[]}`, readAll(t, r.send(t, http.MethodGet, "/ui.json", "", nil)))

	status := func(path string, headers ...string) int {
		return r.send(t, http.MethodPost, path, "{}", asJSON(headers...)).StatusCode
	}
	require.Equal(t, http.StatusOK, status(listKeys, "Cookie", cookie))
	require.Equal(t, http.StatusForbidden, status("/satcap.v1.SpendService/ReserveSpend", "Cookie", cookie), "an owner is no service")
	require.Equal(t, http.StatusUnauthorized, status(listKeys, "Cookie", cookie[:len(cookie)-9]+"AAAAAAAAA"), "tampered")
	require.Equal(t, http.StatusUnauthorized, status(listKeys, "Cookie", cookie, "Authorization", "Bearer wrong"), "a header counts first")

	// Another code, for the development token alone.
	require.Equal(t, http.StatusUnauthorized, status("/session/code"))
	require.Equal(t, http.StatusUnauthorized, status("/session/code", "Cookie", cookie))
	require.Equal(t, http.StatusOK, status("/session/code", "Authorization", "Bearer "+token))

	res = r.send(t, http.MethodDelete, sessionFor, "", map[string]string{"Cookie": cookie})
	require.Equal(t, http.StatusNoContent, res.StatusCode)
	ended, _ := cookieOf(t, res, auth.SessionCookie)
	require.Negative(t, ended.MaxAge)
	require.NotContains(t, r.log.String(), cookie)
}

func TestSessionCrossSite(t *testing.T) {
	cfg := settings(t)
	cfg.CORSOrigins = []string{"https://app.example.com"}
	r := start(t, cfg)
	cookie := r.signIn(t)
	for _, kind := range []string{"application/json", "text/plain", "application/x-www-form-urlencoded", ""} {
		for _, from := range []map[string]string{
			{"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Origin": "https://app.example.com"},
			{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
		} {
			headers := map[string]string{"Cookie": cookie}
			for name, value := range from {
				headers[name] = value
			}
			if kind != "" {
				headers["Content-Type"] = kind
			}
			for _, path := range []string{listKeys, sessionFor, "/session/code"} {
				require.Equal(t, http.StatusForbidden, r.send(t, http.MethodPost, path, "{}", headers).StatusCode, "%s %v", path, headers)
			}
			require.Equal(t, http.StatusForbidden, r.send(t, http.MethodDelete, sessionFor, "", headers).StatusCode)
		}
	}
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", cookie, "Origin", "http://"+r.Addr())).StatusCode)
	bearer := asJSON("Authorization", "Bearer "+token, "Origin", "https://app.example.com", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listKeys, "{}", bearer).StatusCode)
}

// provider is a fake OpenID provider: it lets in whom the test says.
type provider struct {
	*httptest.Server
	key              *rsa.PrivateKey
	challenge, nonce string
	subject          string
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{subject: "alice"}
	var err error
	p.key, err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		write(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
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
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if r.FormValue("code") != "good" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		id := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": p.URL, "aud": "satcap", "sub": p.subject,
			"nonce": p.nonce, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix()})
		id.Header["kid"] = "1"
		text, _ := id.SignedString(p.key)
		write(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": text})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func TestSessionOIDC(t *testing.T) {
	requireNoLeak(t)
	p := newProvider(t)
	cfg := settings(t)
	cfg.OIDC.Issuer, cfg.OIDC.ClientID, cfg.PublicURL = p.URL, "satcap", "https://satcap.example.com"
	r := start(t, cfg)
	require.JSONEq(t, `{"signIn":"oidc","embedOrigins":[]}`, readAll(t, r.send(t, http.MethodGet, "/ui.json", "", nil)))
	client := httpClient(t, false)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ask := func(path, cookie string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr()+path, nil)
		require.NoError(t, err)
		if cookie != "" {
			req.Header.Set("Cookie", cookie)
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res
	}
	login := func() (state, cookie string) {
		res := ask("/session/login", "")
		require.Equal(t, http.StatusSeeOther, res.StatusCode)
		c, cookie := cookieOf(t, res, "__Host-satcap_login")
		require.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode)
		to, err := url.Parse(res.Header.Get("Location"))
		require.NoError(t, err)
		q := to.Query()
		require.Equal(t, "S256", q.Get("code_challenge_method"))
		require.Equal(t, "https://satcap.example.com/session/callback", q.Get("redirect_uri"))
		p.challenge, p.nonce = q.Get("code_challenge"), q.Get("nonce")
		return q.Get("state"), cookie
	}
	back := func(code, state, cookie string) *http.Response {
		return ask("/session/callback?"+url.Values{"code": {code}, "state": {state}}.Encode(), cookie)
	}
	for name, spoil := range map[string]func(code, state, cookie *string){
		"State":    func(_, state, _ *string) { *state += "x" },
		"NoState":  func(_, state, _ *string) { *state = "" },
		"NoCookie": func(_, _, cookie *string) { *cookie = "" },
		"Code":     func(code, _, _ *string) { *code = "bad" },
		"Nonce":    func(_, _, _ *string) { p.nonce = "other" },
		"PKCE":     func(_, _, _ *string) { p.challenge = "other" },
		"Subject":  func(_, _, _ *string) { p.subject = "a\x00" },
	} {
		code := "good"
		state, cookie := login()
		spoil(&code, &state, &cookie)
		require.Equal(t, http.StatusUnauthorized, back(code, state, cookie).StatusCode, name)
		p.subject = "alice"
	}
	state, cookie := login()
	res := back("good", state, cookie)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, "/", res.Header.Get("Location"))
	_, session := cookieOf(t, res, auth.SessionCookie)
	require.JSONEq(t, `{"subject":"alice","authentication":"session"}`, readAll(t, r.send(t, http.MethodGet, sessionFor, "", map[string]string{"Cookie": session})))
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", session)).StatusCode)
	require.Equal(t, http.StatusUnauthorized, r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", strings.Replace(cookie, "login", "session", 1))).StatusCode)
}
