// Stores that count what they are asked.

package auth_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const prefix apikey.Prefix = "satcap_"

// always is a sender that has been wrong too often.
func always() bool { return true }

// within requires that something becomes true within a second: as long as a
// change may take to be seen.
func within(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		began := time.Now()
		if is() {
			return
		}
		require.True(t, began.Before(end), "not after a second")
	}
}

// keyStore is a store of keys in a map.
type keyStore struct {
	mu      sync.Mutex
	keys    map[string]*store.Credential // by the hash of the secret
	err     error
	asked   int
	blocked chan struct{} // if not nil, answers wait for it
	touched []map[ledger.KeyID]int64
	touch   error
}

// edit changes what the store holds.
func (f *keyStore) edit(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// count is how often it was asked.
func (f *keyStore) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *keyStore) ask(find func() []*store.Credential) ([]*store.Credential, error) {
	f.mu.Lock()
	f.asked++
	blocked := f.blocked
	f.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	var copies []*store.Credential
	for _, c := range find() {
		one := *c
		copies = append(copies, &one)
	}
	return copies, nil
}

func (f *keyStore) FindKeyBySecret(_ context.Context, hash []byte) (*store.Credential, error) {
	found, err := f.ask(func() []*store.Credential {
		if c := f.keys[string(hash)]; c != nil {
			return []*store.Credential{c}
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (f *keyStore) ViewKeys(_ context.Context, ids []ledger.KeyID, _ string) (views []ledger.View, err error) {
	found, err := f.ask(func() []*store.Credential {
		return slices.DeleteFunc(slices.Collect(maps.Values(f.keys)), func(c *store.Credential) bool { return !slices.Contains(ids, c.Key.ID) })
	})
	for _, c := range found {
		views = append(views, ledger.View{Key: c.Key, ClockUs: c.ClockUs, NowUs: ledger.ReadNowUs(c.ClockUs, c.Key.LastUs)})
	}
	return views, err
}

func (f *keyStore) TouchKeys(_ context.Context, seen map[ledger.KeyID]int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.touched = append(f.touched, maps.Clone(seen))
	return f.touch
}

// add makes an active key of alice's.
func (f *keyStore) add(t *testing.T, id byte, scopes ledger.Scopes) (secret string, c *store.Credential) {
	t.Helper()
	made, err := prefix.New()
	require.NoError(t, err)
	c = &store.Credential{ClockUs: 1000, Key: ledger.Key{
		ID: ledger.KeyID{id}, Subject: "alice", Scopes: scopes, State: ledger.KeyActive, LastUs: 1,
	}}
	f.edit(func() {
		if f.keys == nil {
			f.keys = make(map[string]*store.Credential)
		}
		f.keys[string(made.Hash[:])] = c
	})
	return made.Text, c
}

// newKeys knows the keys of a store until the end of the test.
func knowKeys(t *testing.T, f *keyStore) *auth.Keys {
	t.Helper()
	return knowSecrets(t, f, prefix)
}

// knowSecrets is knowKeys for secrets of another look.
func knowSecrets(t *testing.T, f *keyStore, secrets auth.Secrets) *auth.Keys {
	t.Helper()
	k := auth.NewKeys(f, secrets, slog.New(slog.DiscardHandler))
	t.Cleanup(k.Close)
	return k
}

// tokenStore is a store of tokens in a list.
type tokenStore struct {
	mu     sync.Mutex
	tokens []store.ServiceToken
	err    error
	asked  int
}

func (f *tokenStore) FindServiceToken(_ context.Context, hash []byte) (*store.ServiceToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	for _, t := range f.tokens {
		if string(t.Hash) == string(hash) {
			return &t, f.err
		}
	}
	return nil, f.err
}

func (f *tokenStore) ListServiceTokens(context.Context) ([]store.ServiceToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return slices.Clone(f.tokens), f.err
}

func (f *tokenStore) edit(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *tokenStore) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// add makes a token.
func (f *tokenStore) add(t *testing.T, roles auth.Roles) string {
	t.Helper()
	made, err := auth.TokenPrefix.New()
	require.NoError(t, err)
	f.edit(func() {
		f.tokens = append(f.tokens, store.ServiceToken{Name: "core", Hash: made.Hash[:], Roles: int64(roles)})
	})
	return made.Text
}
