// Whose a secret is, what that costs, and when keys were last seen.

package auth_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	refused := auth.ErrUnauthenticated
	for name, test := range map[string]struct {
		edit func(*store.Credential)
		want error
	}{
		"active":                     {func(*store.Credential) {}, nil},
		"paused":                     {func(c *store.Credential) { c.Key.State = ledger.KeyPaused }, refused},
		"revoked":                    {func(c *store.Credential) { c.Key.State = ledger.KeyRevoked }, refused},
		"expires next":               {func(c *store.Credential) { c.Key.ExpiresAtUs = 1001 }, nil},
		"expires now":                {func(c *store.Credential) { c.Key.ExpiresAtUs = 1000 }, refused},
		"expired by the key's time":  {func(c *store.Credential) { c.Key.ExpiresAtUs, c.Key.LastUs = 1500, 1500 }, refused},
		"grace ends next":            {func(c *store.Credential) { c.UntilUs = 1001 }, nil},
		"grace ends now":             {func(c *store.Credential) { c.UntilUs = 1000 }, refused},
		"paused in its grace period": {func(c *store.Credential) { c.UntilUs, c.Key.State = 2000, ledger.KeyPaused }, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &keyStore{}
			secret, c := f.add(t, 1, ledger.ScopeRead|ledger.ScopeWrite)
			f.edit(func() { test.edit(c) })
			keys := knowKeys(t, f)
			for range 3 {
				h, err := keys.Verify(t.Context(), secret, nil)
				require.ErrorIs(t, err, test.want)
				if test.want != nil {
					require.Zero(t, h)
				} else {
					require.Equal(t, auth.Holder{KeyID: ledger.KeyID{1}, Subject: "alice", Scopes: ledger.ScopeRead | ledger.ScopeWrite}, h)
				}
			}
			require.Equal(t, 1, f.count(), "the answer is used again, whatever it is")
		})
	}
}

// TestMalformedCostsNothing: what cannot be a secret asks nobody.
func TestMalformedCostsNothing(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	c := &auth.Callers{Keys: knowKeys(t, f), Tokens: auth.NewTokens(&tokenStore{err: errors.New("asked")})}
	last := secret[len(secret)-1:]
	typo := secret[:len(secret)-1] + string('0'+(last[0]+1-'0')%10)
	for _, bad := range []string{
		"", "x", "satcap_", secret[:len(secret)-1], secret + "0", secret[len("satcap_"):], "SATCAP_" + secret[len("satcap_"):],
		"other_" + secret[len("satcap_"):], typo, strings.Repeat("x", 1<<20), "satcapsvc_" + secret[len("satcap_"):len(secret)-1],
	} {
		_, err := c.Keys.Verify(t.Context(), bad, nil)
		require.ErrorIs(t, err, auth.ErrUnauthenticated)
		for _, sent := range []auth.Credentials{{APIKey: bad}, bearing("Bearer " + bad)} {
			_, err := c.Authenticate(t.Context(), sent)
			require.ErrorIs(t, err, auth.ErrUnauthenticated)
		}
	}
	require.Zero(t, f.count())
}

// TestImportedSecret: it proves what a secret made here does, also with the
// prefix of those, and what cannot be one asks nobody.
func TestImportedSecret(t *testing.T) {
	t.Parallel()
	for _, imported := range []apikey.Prefix{"blink_", prefix} {
		rest := strings.Repeat("r", 32)
		hash := sha256.Sum256([]byte(rest))
		f := &keyStore{}
		own, c := f.add(t, 1, ledger.ScopeRead)
		f.edit(func() { f.keys[string(hash[:])] = c })
		keys := knowSecrets(t, f, apikey.Accepted{Own: prefix, Imported: imported})
		for _, secret := range []string{own, string(imported) + rest} {
			h, err := keys.Verify(t.Context(), secret, nil)
			require.NoError(t, err)
			require.Equal(t, ledger.KeyID{1}, h.KeyID)
		}
		asked := f.count()
		for _, bad := range []string{rest[:15], strings.Repeat("r", 129), rest + " r", rest + "\x00", rest + "é"} {
			_, err := keys.Verify(t.Context(), string(imported)+bad, nil)
			require.ErrorIs(t, err, auth.ErrUnauthenticated)
		}
		require.Equal(t, asked, f.count())
	}
}

// TestUnknownIsKnown: a secret that is nobody's is asked about once.
func TestUnknownIsKnown(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	keys := knowKeys(t, f)
	made, err := prefix.New()
	require.NoError(t, err)
	for range 5 {
		_, err := keys.Verify(t.Context(), made.Text, nil)
		require.ErrorIs(t, err, auth.ErrUnauthenticated)
	}
	require.Equal(t, 1, f.count())
}

// TestStoreDown: that the store cannot be asked is no refusal, and not remembered.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	f := &keyStore{err: store.ErrUnavailable}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	c := &auth.Callers{Keys: knowKeys(t, f)}
	got, err := c.Authenticate(t.Context(), auth.Credentials{APIKey: secret})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NotErrorIs(t, err, auth.ErrUnauthenticated)
	require.Zero(t, got)
	f.edit(func() { f.err = nil })
	_, err = c.Authenticate(t.Context(), auth.Credentials{APIKey: secret})
	require.NoError(t, err)
}

// TestChangeIsSeen within a second, both ways.
func TestChangeIsSeen(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	secret, c := f.add(t, 1, ledger.ScopeRead)
	keys := knowKeys(t, f)
	lets := func() bool {
		_, err := keys.Verify(t.Context(), secret, nil)
		return err == nil
	}
	require.True(t, lets())
	f.edit(func() { c.Key.State = ledger.KeyPaused })
	within(t, func() bool { return !lets() })
	f.edit(func() { c.Key.State = ledger.KeyActive })
	within(t, lets)
	require.LessOrEqual(t, f.count(), 4, "and is not asked for all the time")
}

// TestASlowAnswerIsNotKept: it is old when it comes.
func TestASlowAnswerIsNotKept(t *testing.T) {
	t.Parallel()
	f := &keyStore{blocked: make(chan struct{})}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	keys := knowKeys(t, f)
	time.AfterFunc(250*time.Millisecond, func() { close(f.blocked) })
	_, err := keys.Verify(t.Context(), secret, nil)
	require.NoError(t, err)
	_, err = keys.Verify(t.Context(), secret, nil)
	require.NoError(t, err)
	require.Equal(t, 2, f.count())
}

// TestAskedOnce: many who want to know the same ask the store once.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	f := &keyStore{blocked: make(chan struct{})}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	other, _ := f.add(t, 2, ledger.ScopeRead)
	keys := knowKeys(t, f)
	var started, done sync.WaitGroup
	for i := range 50 {
		started.Add(1)
		done.Go(func() {
			started.Done()
			s, id := secret, byte(1)
			if i%2 == 1 {
				s, id = other, 2
			}
			h, err := keys.Verify(t.Context(), s, nil)
			if err != nil || h.KeyID != (ledger.KeyID{id}) {
				t.Errorf("%v %v", h, err)
			}
		})
	}
	started.Wait()
	close(f.blocked)
	done.Wait()
	require.Equal(t, 2, f.count())
}

// TestKnownOnly asks the store nothing.
func TestKnownOnly(t *testing.T) {
	t.Parallel()
	f, s := &keyStore{}, &tokenStore{}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	token := s.add(t, auth.RoleSpend)
	c := &auth.Callers{Keys: knowKeys(t, f), Tokens: auth.NewTokens(s), Certificates: auth.Certificates{"a": auth.RoleSpend}}
	for _, sent := range []auth.Credentials{{APIKey: secret}, bearing("Bearer " + secret), bearing("Bearer " + token)} {
		sent.Exhausted = always
		_, err := c.Authenticate(t.Context(), sent)
		require.ErrorIs(t, err, auth.ErrTooManyFailures, "not known yet")
	}
	require.Zero(t, f.count()+s.count())
	for _, sent := range []auth.Credentials{{APIKey: secret}, bearing("Bearer " + token)} {
		_, err := c.Authenticate(t.Context(), sent)
		require.NoError(t, err)
		sent.Exhausted = always
		_, err = c.Authenticate(t.Context(), sent)
		require.NoError(t, err, "known to be good")
	}
	require.Equal(t, 2, f.count()+s.count())
}

// TestLastSeen: many calls are one write.
func TestLastSeen(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	paused, c := f.add(t, 2, ledger.ScopeRead)
	f.edit(func() { c.Key.State = ledger.KeyPaused })
	keys := knowKeys(t, f)
	before := time.Now().UnixMicro()
	for range 1000 {
		_, err := keys.Verify(t.Context(), secret, nil)
		require.NoError(t, err)
		_, err = keys.Verify(t.Context(), paused, nil)
		require.ErrorIs(t, err, auth.ErrUnauthenticated)
	}
	f.edit(func() { require.Empty(t, f.touched, "no write per call") })
	keys.Touch(t.Context())
	keys.Touch(t.Context())
	f.edit(func() {
		require.Len(t, f.touched, 1, "and none if nothing was seen")
		require.Len(t, f.touched[0], 1, "a key that lets nobody in was not seen")
		at := f.touched[0][ledger.KeyID{1}]
		require.GreaterOrEqual(t, at, before)
		require.LessOrEqual(t, at, time.Now().UnixMicro())
		f.touched, f.touch = nil, store.ErrUnavailable
	})

	// What could not be written down is not lost, and a later time wins.
	_, err := keys.Verify(t.Context(), secret, nil)
	require.NoError(t, err)
	keys.Touch(t.Context())
	var first int64
	f.edit(func() {
		require.Len(t, f.touched, 1)
		first, f.touched, f.touch = f.touched[0][ledger.KeyID{1}], nil, nil
	})
	keys.Close()
	f.edit(func() {
		require.Equal(t, []map[ledger.KeyID]int64{{{1}: first}}, f.touched, "Close writes down the rest")
		f.touched = nil
	})
}

// TestLastSeenInBatches: many keys are written down in several goes.
func TestLastSeenInBatches(t *testing.T) {
	t.Parallel()
	f := &keyStore{}
	keys := knowKeys(t, f)
	const many = auth.TouchMost + 1
	for i := range many {
		secret, c := f.add(t, 1, ledger.ScopeRead)
		f.edit(func() { c.Key.ID = ledger.KeyID{byte(i >> 8), byte(i), 1} })
		_, err := keys.Verify(t.Context(), secret, nil)
		require.NoError(t, err)
	}
	keys.Touch(t.Context())
	f.edit(func() {
		require.Len(t, f.touched, 2)
		require.Equal(t, many, len(f.touched[0])+len(f.touched[1]))
		require.Len(t, f.touched[0], auth.TouchMost)
	})
}
