// Strangers: how many are looked up at once, and who does not wait for them.

package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
)

// unknown is a secret that nobody has.
func unknown(t *testing.T, p apikey.Prefix) string {
	t.Helper()
	made, err := p.New()
	require.NoError(t, err)
	return made.Text
}

// TestStrangersAtOnce: a flood of unknown secrets takes four lookups at a time;
// who was good not long ago passes by, and a sender that turns out to be wrong
// too often costs no further lookup.
func TestStrangersAtOnce(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	good, _ := f.add(t, 1, ledger.ScopeRead)
	keys := knowKeys(t, f)
	_, err := keys.Verify(t.Context(), good, nil)
	require.NoError(t, err)
	blocked := make(chan struct{})
	f.edit(func() { f.blocked = blocked })

	var wrong atomic.Int64
	exhausted := func() bool { return wrong.Load() >= 20 }
	var flood sync.WaitGroup
	for range 1000 {
		secret := unknown(t, prefix)
		flood.Go(func() {
			_, err := keys.Verify(t.Context(), secret, exhausted)
			if !errors.Is(err, auth.ErrTooManyFailures) {
				assert.ErrorIs(t, err, auth.ErrUnauthenticated)
			}
			wrong.Add(1)
		})
	}
	require.Eventually(t, func() bool { return f.count() == 1+4 }, 5*time.Second, time.Millisecond)
	impatient, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = keys.Verify(impatient, unknown(t, prefix), nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1+4, f.count())

	var friend sync.WaitGroup // by now the answer about it is not known any more
	friend.Go(func() {
		_, err := keys.Verify(t.Context(), good, exhausted)
		assert.NoError(t, err)
	})
	require.Eventually(t, func() bool { return f.count() == 1+4+1 }, 5*time.Second, time.Millisecond, "waits for no stranger")

	close(blocked)
	flood.Wait()
	friend.Wait()
	require.LessOrEqual(t, f.count(), 1+1+20+4, "the rest was not looked up")
}

// TestStrangersDoNotWaitForever for a database that does not answer.
func TestStrangersDoNotWaitForever(t *testing.T) {
	t.Parallel()
	f := &keyStore{blocked: make(chan struct{})}
	keys := knowKeys(t, f)
	var first sync.WaitGroup
	for range 4 {
		secret := unknown(t, prefix)
		first.Go(func() { _, _ = keys.Verify(t.Context(), secret, nil) })
	}
	require.Eventually(t, func() bool { return f.count() == 4 }, 5*time.Second, time.Millisecond)
	_, err := keys.Verify(t.Context(), unknown(t, prefix), nil)
	require.ErrorIs(t, err, auth.ErrBusy)
	close(f.blocked)
	first.Wait()
}

// TestTrustedToken: the token of a service that shares its address with a flood
// goes on being looked up, and one that is revoked meanwhile is refused.
func TestTrustedToken(t *testing.T) {
	t.Parallel()
	s := &tokenStore{}
	token := s.add(t, auth.RoleSpend)
	c := &auth.Callers{Tokens: auth.NewTokens(s)}
	sent := bearing("Bearer " + token)
	_, err := c.Authenticate(t.Context(), sent)
	require.NoError(t, err)
	sent.Exhausted = always
	within(t, func() bool {
		_, err := c.Authenticate(t.Context(), sent)
		require.NoError(t, err)
		return s.count() == 2
	})
	s.edit(func() { s.tokens[0].RevokedAtUs = 1 })
	within(t, func() bool {
		_, err := c.Authenticate(t.Context(), sent)
		return errors.Is(err, auth.ErrUnauthenticated)
	})
	asked := s.count()
	require.Never(t, func() bool {
		_, err := c.Authenticate(t.Context(), sent)
		return err == nil || s.count() != asked
	}, 1200*time.Millisecond, 50*time.Millisecond, "then it is a stranger")
}
