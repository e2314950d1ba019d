// The development token: that one and no other, until another caller exists.

package auth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

// bearing is what a caller sends in the Authorization header.
func bearing(authorization string) auth.Credentials {
	return auth.Credentials{Authorization: authorization}
}

func TestDevelopment(t *testing.T) {
	t.Parallel()
	token := auth.NewDevelopmentToken()
	require.NotEqual(t, token, auth.NewDevelopmentToken())
	require.Regexp(t, "^dev_[A-Z2-7]{26}$", token)
	c := &auth.Callers{Development: auth.NewDevelopment(token)}
	for _, good := range []string{"Bearer " + token, "bearer " + token, "BEARER  " + token + " "} {
		got, err := c.Authenticate(t.Context(), bearing(good))
		require.NoError(t, err, good)
		require.Equal(t, auth.Caller{Kinds: auth.Owner | auth.Service, Subject: auth.DevelopmentSubject, Authentication: "development token"}, got)
	}
	for _, bad := range []string{
		"", " ", "Bearer", "Bearer ", token, "Basic " + token, "Bearer " + token + "x", "Bearer " + token[1:], "Bearer x" + token, "Bearer\t" + token, "Bearer " + token + " " + token, "Bearer, " + token,
	} {
		got, err := c.Authenticate(t.Context(), bearing(bad))
		require.ErrorIs(t, err, auth.ErrUnauthenticated, bad)
		require.Zero(t, got)
	}
	got, err := c.Authenticate(t.Context(), auth.Credentials{APIKey: token})
	require.ErrorIs(t, err, auth.ErrUnauthenticated, "it is no secret of a key")
	require.Zero(t, got)
}

// TestDevelopmentIsGone once another kind of caller exists, and while that is
// not known.
func TestDevelopmentIsGone(t *testing.T) {
	t.Parallel()
	d := auth.NewDevelopment("dev_token")
	c := &auth.Callers{Development: d}
	down := errors.New("down")
	for _, test := range []struct {
		gone      bool
		err, want error
	}{
		{false, nil, nil}, {false, down, down}, {true, down, down}, {false, nil, nil}, {true, nil, auth.ErrUnauthenticated},
		{false, nil, auth.ErrUnauthenticated}, // it does not come back
	} {
		d.Gone = func(context.Context) (bool, error) { return test.gone, test.err }
		got, err := c.Authenticate(t.Context(), bearing("Bearer dev_token"))
		require.ErrorIs(t, err, test.want)
		require.Equal(t, test.want == nil, got.Kinds != 0)
		_, err = c.Authenticate(t.Context(), bearing("Bearer other"))
		require.ErrorIs(t, err, auth.ErrUnauthenticated)
	}

	// For real: the first token of a service takes it away within a second.
	s := &tokenStore{}
	tokens := auth.NewTokens(s)
	d = auth.NewDevelopment("dev_token")
	c.Tokens, c.Development, d.Gone = tokens, d, tokens.Any
	_, err := c.Authenticate(t.Context(), bearing("Bearer dev_token"))
	require.NoError(t, err)
	s.add(t, auth.RoleSpend)
	within(t, func() bool {
		_, err := c.Authenticate(t.Context(), bearing("Bearer dev_token"))
		return errors.Is(err, auth.ErrUnauthenticated)
	})
}
