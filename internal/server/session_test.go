// Signing in by the one-time code, what a session may do, and what another site
// cannot do with it.

package server_test

import (
	"bytes"
	"net/http"
	"regexp"
	"testing"

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
