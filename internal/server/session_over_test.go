// Sessions that are over, on a whole server: what is answered, what the browser
// forgets, and what counts as a failed attempt.

package server_test

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
)

// sessionKey seals the sessions of a server that tests make sessions for.
var sessionKey = strings.Repeat("5a", auth.SessionKeyBytes)

// sealed is the cookie of a session, made as a server with sessionKey makes it.
func sealed(t *testing.T, s auth.Session) string {
	t.Helper()
	text, err := auth.NewSeal(bytes.Repeat([]byte{0x5a}, auth.SessionKeyBytes)).Close(auth.SessionCookie, s)
	require.NoError(t, err)
	return auth.SessionCookie + "=" + text
}

// takesBack says whether an answer has the browser forget its session.
func takesBack(res *http.Response) bool {
	for _, c := range res.Cookies() {
		if c.Name == auth.SessionCookie && c.MaxAge < 0 && c.Value == "" {
			return true
		}
	}
	return false
}

// TestSessionExpired: an old tab is told that nobody is signed in, forgets its
// cookie, and does not use up the attempts of its address, as a cookie does that
// nobody made.
func TestSessionExpired(t *testing.T) {
	cfg := settings(t)
	cfg.SessionKey = sessionKey
	r := start(t, cfg)
	session := auth.Session{ID: "1", Subject: auth.DevelopmentSubject, How: auth.SignedInDevelopment, Expires: time.Now().Add(-time.Second).Unix()}
	expired := sealed(t, session)
	session.Expires = time.Now().Add(time.Hour).Unix()
	good := sealed(t, session)
	call := func(cookie string) *http.Response {
		return r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", cookie))
	}
	who := func(cookie string) *http.Response {
		return r.send(t, http.MethodGet, sessionFor, "", map[string]string{"Cookie": cookie})
	}
	ask := map[string]func(string) *http.Response{listKeys: call, sessionFor: who}
	for path, ask := range ask {
		for range 60 {
			res := ask(expired)
			require.Equal(t, http.StatusUnauthorized, res.StatusCode, path)
			require.True(t, takesBack(res), path)
		}
		res := ask(good)
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		require.False(t, takesBack(res), path)
	}
	require.Contains(t, readAll(t, call(expired)), "UNAUTHENTICATED")
	require.False(t, takesBack(r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", expired, "Authorization", "Bearer wrong"))), "it was not looked at")
	require.False(t, takesBack(r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", expired, "Origin", "https://evil.example.com"))), "another site")

	tampered := good[:len(good)-8] + "AAAAAAAA"
	for path, ask := range ask {
		tooMany := 0
		for range 40 {
			res := ask(tampered)
			require.True(t, takesBack(res), path)
			if res.StatusCode == http.StatusTooManyRequests {
				tooMany++
			} else {
				require.Equal(t, http.StatusUnauthorized, res.StatusCode, path)
			}
		}
		require.Positive(t, tooMany, path)
	}
	require.Equal(t, http.StatusUnauthorized, call(expired).StatusCode)
	require.Equal(t, http.StatusOK, call(good).StatusCode, "what is valid is, meanwhile")
	twice := who(good + "; " + good)
	require.NotEqual(t, http.StatusOK, twice.StatusCode, "as calls have it")
}

// TestSessionSignedOut: a copy of the cookie is worth nothing either, and a copy
// of another session is what it was.
func TestSessionSignedOut(t *testing.T) {
	cfg := settings(t)
	cfg.SessionKey = sessionKey
	r := start(t, cfg)
	cookie := r.signIn(t)
	other := sealed(t, auth.Session{ID: "1", Subject: auth.DevelopmentSubject, How: auth.SignedInDevelopment, Expires: time.Now().Add(time.Hour).Unix()})
	status := func(cookie string) int {
		return r.send(t, http.MethodPost, listKeys, "{}", asJSON("Cookie", cookie)).StatusCode
	}
	require.Equal(t, http.StatusOK, status(cookie))
	res := r.send(t, http.MethodDelete, sessionFor, "", map[string]string{"Cookie": cookie, "Origin": "http://" + r.Addr()})
	require.Equal(t, http.StatusNoContent, res.StatusCode)
	require.True(t, takesBack(res))
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	for range 30 {
		require.Equal(t, http.StatusUnauthorized, status(cookie), "and never 429")
	}
	require.Equal(t, http.StatusUnauthorized, r.send(t, http.MethodGet, sessionFor, "", map[string]string{"Cookie": cookie}).StatusCode)
	require.Equal(t, http.StatusOK, status(other))
}

// TestSessionAfterDevelopment: with the first token of a service nobody signs in
// by a code any more, and the page is told so.
func TestSessionAfterDevelopment(t *testing.T) {
	cfg := settings(t)
	r := start(t, cfg)
	cookie := r.signIn(t)
	var printed bytes.Buffer
	r.Announce(&printed)
	code := regexp.MustCompile(`#code=([A-Z2-7]+)`).FindStringSubmatch(printed.String())[1]
	require.Contains(t, readAll(t, r.send(t, http.MethodGet, "/ui.json", "", nil)), `"signIn":"development"`)
	createServiceToken(t, r)
	require.Eventually(t, func() bool {
		return strings.Contains(readAll(t, r.send(t, http.MethodGet, "/ui.json", "", nil)), `"signIn":"token"`)
	}, soon, tick)
	res := r.send(t, http.MethodPost, sessionFor, `{"code":"`+code+`"}`, asJSON())
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	require.Empty(t, res.Cookies())
	who := r.send(t, http.MethodGet, sessionFor, "", map[string]string{"Cookie": cookie})
	require.Equal(t, http.StatusUnauthorized, who.StatusCode)
	require.True(t, takesBack(who))
}

// createServiceToken does what satcap tokens create does, beside the server.
func createServiceToken(t *testing.T, r *running) {
	t.Helper()
	s, err := server.OpenStore(t.Context(), config.DB{SQLitePath: r.path})
	require.NoError(t, err)
	_, err = server.CreateToken(t.Context(), s, "core", []string{"spend"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// TestSessionBody: a sign-in is a code and nothing else.
func TestSessionBody(t *testing.T) {
	r := start(t, settings(t))
	var printed bytes.Buffer
	r.Announce(&printed)
	code := regexp.MustCompile(`#code=([A-Z2-7]+)`).FindStringSubmatch(printed.String())[1]
	good := `{"code":"` + code + `"}`
	for _, body := range []string{
		"", "{", `"` + code + `"`, `[` + good + `]`, good + good, good + " x", good + "}", good + "]", good + `,`, `{"code":"` + code + `","next":"/"}`, `{"code":1}`,
		`{"code":"` + strings.Repeat("A", 1<<10) + `"}`, good + strings.Repeat(" ", 1<<10),
	} {
		res := r.send(t, http.MethodPost, sessionFor, body, asJSON())
		require.Equal(t, http.StatusBadRequest, res.StatusCode, body)
		require.Empty(t, res.Cookies(), body)
		require.JSONEq(t, `{"error":"Bad Request"}`, readAll(t, res))
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "x"} {
		require.Equal(t, http.StatusUnsupportedMediaType, r.send(t, http.MethodPost, sessionFor, good, map[string]string{"Content-Type": kind}).StatusCode, kind)
	}
	res := r.send(t, http.MethodPost, sessionFor, good+"\n", asJSON())
	require.Equal(t, http.StatusOK, res.StatusCode, "and the code was not used up by what was refused")
}

// TestSessionAnswersAreNotKept: nothing on the way may keep who is signed in.
func TestSessionAnswersAreNotKept(t *testing.T) {
	r := start(t, settings(t))
	cookie := r.signIn(t)
	for _, ask := range []struct{ method, path, cookie string }{
		{http.MethodGet, "/ui.json", ""}, {http.MethodGet, sessionFor, ""}, {http.MethodGet, sessionFor, cookie}, {http.MethodPost, sessionFor, ""},
		{http.MethodPost, "/session/code", ""}, {http.MethodDelete, sessionFor, cookie},
	} {
		headers := map[string]string{}
		if ask.cookie != "" {
			headers["Cookie"] = ask.cookie
		}
		res := r.send(t, ask.method, ask.path, "{}", headers)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"), "%+v", ask)
		require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
	}
}
