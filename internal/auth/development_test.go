// The development token: that one and no other.

package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

func TestDevelopment(t *testing.T) {
	t.Parallel()
	token := auth.NewDevelopmentToken()
	require.NotEqual(t, token, auth.NewDevelopmentToken())
	require.Regexp(t, "^dev_[A-Z2-7]{26}$", token)
	d := auth.NewDevelopment(token)
	for _, good := range []string{"Bearer " + token, "bearer " + token, "BEARER  " + token + " "} {
		c, err := d.Authenticate(good)
		require.NoError(t, err, good)
		require.Equal(t, auth.Caller{Kinds: auth.Owner | auth.Service, Subject: auth.DevelopmentSubject, Authentication: "development token"}, c)
	}
	for _, bad := range []string{
		"", " ", "Bearer", "Bearer ", token, "Basic " + token, "Bearer " + token + "x", "Bearer " + token[1:], "Bearer x" + token, "Bearer\t" + token, "Bearer " + token + " " + token, "Bearer, " + token,
	} {
		c, err := d.Authenticate(bad)
		require.ErrorIs(t, err, auth.ErrUnauthenticated, bad)
		require.Zero(t, c)
	}
}
