// Sessions that end: by time, by another key, and with the development token.

package auth_test

import (
	"context"
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
