// Sessions that end: by time, by another key, and with the development token.

package auth_test

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	now, gone := time.Now(), false
	key := make([]byte, auth.SessionKeyBytes)
	seal := auth.NewSeal(key)
	dev := auth.NewDevelopment("dev_token")
	dev.Gone = func(context.Context) (bool, error) { return gone, nil }
	c := &auth.Callers{Development: dev, Sessions: auth.NewSessions(seal, true, func() time.Time { return now })}
	begin := func(how string) string {
		cookie, err := c.Sessions.Begin("alice", how)
		require.NoError(t, err)
		return cookie.Value
	}
	lets := func(c *auth.Callers, text string) bool {
		got, err := c.Authenticate(t.Context(), auth.Credentials{Session: text})
		if err == nil {
			require.Equal(t, auth.Caller{Kinds: auth.Owner, Subject: "alice", Authentication: "session"}, got)
		}
		return err == nil
	}
	developer, person := begin(auth.SignedInDevelopment), begin(auth.SignedInOIDC)
	require.True(t, lets(c, developer) && lets(c, person))
	require.False(t, lets(c, begin("other")))
	require.False(t, lets(&auth.Callers{}, person))
	clock := func() time.Time { return now }
	require.True(t, lets(&auth.Callers{Sessions: auth.NewSessions(auth.NewSeal(key), true, clock)}, person), "the same key on another server")
	require.False(t, lets(&auth.Callers{Sessions: auth.NewSessions(auth.NewSeal(nil), true, clock)}, person), "another key")
	require.False(t, lets(&auth.Callers{Sessions: auth.NewSessions(seal, true, clock)}, developer), "no development mode")
	require.False(t, lets(&auth.Callers{Sessions: auth.NewSessions(seal, false, clock)}, person), "no provider")
	other, err := seal.Close("other", auth.Session{Subject: "alice", How: auth.SignedInOIDC, Expires: now.Add(time.Hour).Unix()})
	require.NoError(t, err)
	require.False(t, lets(c, other), "sealed for another cookie")
	gone = true
	require.False(t, lets(c, developer), "another kind of caller")
	require.True(t, lets(c, person))
	now = now.Add(auth.SessionLasts)
	require.False(t, lets(c, person), "expired")
}

// TestSessionsOver: a session that is over is told apart from a cookie that
// nobody made, and signing out ends every copy of one session and no other.
func TestSessionsOver(t *testing.T) {
	t.Parallel()
	now, gone := time.Now(), false
	key := make([]byte, auth.SessionKeyBytes)
	seal := auth.NewSeal(key)
	dev := auth.NewDevelopment("dev_token")
	dev.Gone = func(context.Context) (bool, error) { return gone, nil }
	clock := func() time.Time { return now }
	c := &auth.Callers{Development: dev, Sessions: auth.NewSessions(seal, true, clock)}
	begin := func(how string) string {
		cookie, err := c.Sessions.Begin("alice", how)
		require.NoError(t, err)
		require.Equal(t, 8*60*60, cookie.MaxAge)
		return cookie.Value
	}
	ask := func(text string) error {
		_, err := c.Authenticate(t.Context(), auth.Credentials{Session: text})
		return err
	}
	copied, other, developer := begin(auth.SignedInOIDC), begin(auth.SignedInOIDC), begin(auth.SignedInDevelopment)
	require.NotEqual(t, copied, other)
	for _, text := range []string{copied, other, developer} {
		require.NoError(t, ask(text))
	}
	c.Sessions.SignOut("nonsense")
	c.Sessions.SignOut(copied)
	require.ErrorIs(t, ask(copied), auth.ErrSessionEnded)
	require.NoError(t, ask(other), "another session of the same person")

	gone = true
	require.ErrorIs(t, ask(developer), auth.ErrSessionEnded)
	require.ErrorIs(t, ask(begin("other")), auth.ErrSessionEnded)

	now = now.Add(auth.SessionLasts - time.Second)
	require.NoError(t, ask(other))
	now = now.Add(time.Second)
	require.ErrorIs(t, ask(other), auth.ErrSessionEnded)
	require.ErrorIs(t, auth.ErrSessionEnded, auth.ErrUnauthenticated)

	require.ErrorIs(t, ask(sealedLongAgo(t, key, other)), auth.ErrSessionEnded, "the seal itself does not judge how old it is")

	for name, text := range map[string]string{
		"Tampered": other[:len(other)-4] + "AAAA", "Nonsense": "x", "NoID": mustClose(t, seal, auth.Session{Subject: "alice", How: auth.SignedInOIDC, Expires: 1 << 40}),
		"NoSubject": mustClose(t, seal, auth.Session{ID: "1", How: auth.SignedInOIDC, Expires: 1 << 40}),
	} {
		err := ask(text)
		require.ErrorIs(t, err, auth.ErrUnauthenticated, name)
		require.NotErrorIs(t, err, auth.ErrSessionEnded, name)
	}
}

func mustClose(t *testing.T, seal *auth.Seal, s auth.Session) string {
	t.Helper()
	text, err := seal.Close(auth.SessionCookie, s)
	require.NoError(t, err)
	return text
}

// sealedLongAgo is what text would be if it had been sealed in 1970.
func sealedLongAgo(t *testing.T, key []byte, text string) string {
	t.Helper()
	raw, err := base64.URLEncoding.DecodeString(text)
	require.NoError(t, err)
	parts := bytes.SplitN(raw, []byte("|"), 3) // when, what, and the code over both
	require.Len(t, parts, 3)
	derived, err := hkdf.Key(sha256.New, key, nil, "satcap session authenticate", auth.SessionKeyBytes)
	require.NoError(t, err)
	code := func(when string) []byte {
		mac := hmac.New(sha256.New, derived)
		mac.Write([]byte(auth.SessionCookie + "|" + when + "|" + string(parts[1])))
		return mac.Sum(nil)
	}
	require.Equal(t, parts[2], code(string(parts[0])))
	return base64.URLEncoding.EncodeToString([]byte("1|" + string(parts[1]) + "|" + string(code("1"))))
}
