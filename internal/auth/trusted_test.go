// Keys that share an address with whoever sends what is wrong.

package auth_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
)

// TestTrustedWhileExhausted: a key that was good not long ago is looked up for an
// exhausted address as well, and one that was revoked meanwhile is refused.
func TestTrustedWhileExhausted(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	good, _ := f.add(t, 1, ledger.ScopeRead)
	lost, c := f.add(t, 2, ledger.ScopeRead)
	stranger, _ := f.add(t, 3, ledger.ScopeRead)
	keys := knowKeys(t, f)
	for _, secret := range []string{good, lost} {
		_, err := keys.Verify(t.Context(), secret, nil)
		require.NoError(t, err)
	}
	f.edit(func() { c.Key.State = ledger.KeyRevoked })
	asked := f.count()
	require.Eventually(t, func() bool { // the answers are used again for less than a second
		_, err := keys.Verify(t.Context(), good, always)
		require.NoError(t, err)
		return f.count() > asked
	}, 5*time.Second, 20*time.Millisecond)
	_, err := keys.Verify(t.Context(), lost, always)
	require.ErrorIs(t, err, auth.ErrUnauthenticated)
	asked = f.count()
	for _, secret := range []string{lost, stranger} {
		_, err := keys.Verify(t.Context(), secret, always)
		require.Error(t, err)
	}
	require.Equal(t, asked, f.count(), "they cost nothing")
}
