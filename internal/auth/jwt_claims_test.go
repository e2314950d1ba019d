// What a verified token says, and tokens minted from API keys.

package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// TestJWTLeeway is 30 s on both sides, to the nanosecond.
func TestJWTLeeway(t *testing.T) {
	t.Parallel()
	var now time.Time
	callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.Now = func() time.Time { return now } })
	for _, c := range []struct {
		at    time.Duration
		claim string
		ok    bool
	}{
		{30*time.Second - 1, "exp", true},
		{30 * time.Second, "exp", false},
		{-30 * time.Second, "nbf", true},
		{-30*time.Second - 1, "nbf", false},
	} {
		now = jwtNow.Add(c.at)
		token := good(c.claim, jwtNow.Unix())
		if c.ok {
			_, err := authenticate(callers, token)
			require.NoError(t, err, c)
		} else {
			refused(t, callers, token, c.claim)
		}
	}
}

func TestJWTScopes(t *testing.T) {
	t.Parallel()
	const reads, writes = auth.OwnerReads, auth.OwnerWrites
	defaults := map[string]auth.Kinds{"": 0, "read": reads, "write": writes, "read write": reads | writes, " write  read ": reads | writes, "admin": 0}
	for text, kinds := range defaults {
		callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.DefaultScope = text })
		for _, c := range []struct {
			scope any
			want  auth.Kinds
		}{
			{nil, kinds}, {null, kinds}, // absent
			{"", 0},
			{"read", reads},
			{"write", writes},
			{"read write", reads | writes},
			{"write openid  read", reads | writes},
			{"read read", reads},
			{"openid profile", 0},
			{"READ Write", 0},
			{"read,write", 0},
			{"readwrite satcap:read *", 0},
			{[]string{}, 0},
			{[]string{"read"}, reads},
			{[]string{"write", "read"}, reads | writes},
			{[]string{"openid", "write"}, writes},
			{[]string{"read write"}, 0}, // one scope of that name
		} {
			caller, err := authenticate(callers, good("scope", c.scope))
			require.NoError(t, err)
			require.Equal(t, alice(c.want), caller, "default %q, scope %v", text, c.scope)
		}
	}
}

func TestJWTClaimNames(t *testing.T) {
	t.Parallel()
	keys := newFakeKeys()
	id := keys.add(ledger.Key{Subject: "carol", Scopes: ledger.ScopeRead, State: ledger.KeyActive})
	callers, _ := jwtCallers(t, keys, func(cfg *auth.JWTConfig) {
		cfg.SubjectClaim, cfg.ScopeClaim, cfg.KeyClaim = "https://idp.test/user", "scp", "https://idp.test/key"
	})
	named := func(changes ...any) string {
		return good(append([]any{"https://idp.test/user", "bob", "scp", []string{"read"}}, changes...)...)
	}
	caller, err := authenticate(callers, named("api_key_id", id.String()))
	require.NoError(t, err)
	require.Equal(t, auth.Caller{Kinds: auth.OwnerReads, Subject: "bob", Authentication: "jwt"}, caller)
	caller, err = authenticate(callers, named("https://idp.test/key", id.String()))
	require.NoError(t, err)
	require.True(t, caller.IsKey)
	refused(t, callers, good(), "sub is not the claim")

	// Without names they are the usual ones: above all, a key is never an owner
	// because nobody said which claim names it.
	callers, _ = jwtCallers(t, keys, nil)
	caller, err = authenticate(callers, good("api_key_id", id.String()))
	require.NoError(t, err)
	require.True(t, caller.IsKey)
}

// TestJWTWithoutSettings: nothing is accepted without an issuer or an audience.
func TestJWTWithoutSettings(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*auth.JWTConfig){
		func(cfg *auth.JWTConfig) { cfg.Issuer = "" },
		func(cfg *auth.JWTConfig) { cfg.Audience = "" },
	} {
		callers, _ := jwtCallers(t, nil, change)
		for _, token := range []string{good(), good("iss", ""), good("aud", ""), good("aud", nil), good("iss", nil), good("aud", []string{""}), good("aud", []string{"x", ""})} {
			refused(t, callers, token, "no setting")
		}
	}
}

// fakeKeys are keys by id.
type fakeKeys struct {
	mu    sync.Mutex
	keys  map[ledger.KeyID]ledger.Key
	nowUs int64
	err   error
	asked int
}

func newFakeKeys() *fakeKeys {
	return &fakeKeys{keys: make(map[ledger.KeyID]ledger.Key), nowUs: jwtNow.UnixMicro()}
}

func (f *fakeKeys) add(key ledger.Key) uuid.UUID {
	id := uuid.New()
	key.ID = ledger.KeyID(id)
	f.keys[key.ID] = key
	return id
}

func (f *fakeKeys) FindKeyBySecret(context.Context, []byte) (*store.Credential, error) {
	return nil, errors.New("no secret was sent")
}

func (f *fakeKeys) ViewKeys(_ context.Context, ids []ledger.KeyID, _ string) ([]ledger.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	var views []ledger.View
	for _, id := range ids {
		if key, ok := f.keys[id]; ok {
			views = append(views, ledger.View{Key: key, ClockUs: f.nowUs, NowUs: f.nowUs})
		}
	}
	return views, f.err
}

func (f *fakeKeys) TouchKeys(context.Context, map[ledger.KeyID]int64) error { return nil }

// TestJWTOfAKey: a token that was minted from an API key is that key, whatever
// else it says, and never its owner.
func TestJWTOfAKey(t *testing.T) {
	t.Parallel()
	keys := newFakeKeys()
	all := ledger.ScopeRead | ledger.ScopeRead<<1 | ledger.ScopeRead<<2
	reads := keys.add(ledger.Key{Subject: "carol", Scopes: ledger.ScopeRead, State: ledger.KeyActive})
	every := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyActive, ExpiresAtUs: keys.nowUs + 1})
	spends := keys.add(ledger.Key{Subject: "carol", Scopes: all &^ ledger.ScopeRead, State: ledger.KeyActive})
	bare := keys.add(ledger.Key{Subject: "carol", State: ledger.KeyActive})
	paused := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyPaused})
	revoked := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyRevoked, RevokedAtUs: 1})
	expired := keys.add(ledger.Key{Subject: "carol", Scopes: all, State: ledger.KeyActive, ExpiresAtUs: keys.nowUs})
	callers, _ := jwtCallers(t, keys, func(cfg *auth.JWTConfig) { cfg.DefaultScope = "read write" })

	for _, scope := range []any{nil, null, "", "read", "write", "read write", []string{"write"}} {
		for id, kinds := range map[uuid.UUID]auth.Kinds{reads: auth.KeyItself, every: auth.KeyItself, spends: 0, bare: 0} {
			for _, text := range []string{id.String(), strings.ToUpper(id.String())} {
				caller, err := authenticate(callers, good("scope", scope, "api_key_id", text))
				require.NoError(t, err)
				require.Equal(t, auth.Caller{
					Kinds: kinds, IsKey: true, Subject: "carol", KeyID: ledger.KeyID(id), Authentication: "jwt of an api key",
				}, caller)
			}
		}
		for name, id := range map[string]uuid.UUID{"paused": paused, "revoked": revoked, "expired": expired, "unknown": uuid.New()} {
			refused(t, callers, good("scope", scope, "api_key_id", id.String()), name)
		}
	}

	keys.mu.Lock()
	asked := keys.asked
	keys.mu.Unlock()
	for _, absent := range []any{nil, null, "", "<no value>"} {
		caller, err := authenticate(callers, good("api_key_id", absent))
		require.NoError(t, err, absent)
		require.Equal(t, alice(ownerBoth), caller, absent)
	}
	text := reads.String()
	for _, wrong := range []any{
		" ", "null", "nil", "<nil>", "<no value> ", "undefined", "0", uuid.Nil.String(), "alice", text[:35], text + "0", " " + text, text + "\n",
		"{" + text + "}", "x" + text + "x", "urn:uuid:" + text, strings.ReplaceAll(text, "-", ""), strings.Replace(text, "-", " ", 1),
		0, 1, true, false, []string{text}, []string{}, map[string]any{"id": text}, map[string]any{},
	} {
		refused(t, callers, good("api_key_id", wrong), "api_key_id")
	}
	require.Equal(t, asked, keys.asked, "the store was asked for an id that is none")

	// The rest of the token counts as ever.
	refused(t, callers, good("api_key_id", text, "exp", jwtNow.Unix()-31), "expired")
	refused(t, callers, good("api_key_id", text, "sub", ""), "no subject")

	// A store that cannot be asked says nothing about the token.
	down := newFakeKeys()
	down.err = store.ErrUnavailable
	callers, _ = jwtCallers(t, down, nil)
	caller, err := authenticate(callers, good("api_key_id", text))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.Zero(t, caller.Kinds)
}

// TestJWTWithoutKeySet: while the keys are not known nothing is accepted, and
// only tokens that could be right hear why.
func TestJWTWithoutKeySet(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "jwks.json")
	set := jwks.New(t.Context(), jwks.Config{Source: file, RefreshEvery: time.Hour, UnknownEvery: time.Nanosecond, Log: slog.New(slog.DiscardHandler)})
	defer set.Close()
	callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.Keys = set })
	caller, err := authenticate(callers, good())
	require.ErrorIs(t, err, jwks.ErrNotLoaded)
	require.Zero(t, caller)
	refused(t, callers, "a.b.c", "no token")
	refused(t, callers, signed(jwt.SigningMethodHS256, []byte("x"), map[string]any{"kid": "rs256"}, claimed()), "HS256")

	require.NoError(t, os.WriteFile(file, jwtDocument(), 0o600))
	caller, err = authenticate(callers, good())
	require.NoError(t, err)
	require.Equal(t, alice(ownerBoth), caller)
}

// TestJWTCallerGone: a caller that gives up while the key set is read again has
// not sent a wrong token.
func TestJWTCallerGone(t *testing.T) {
	t.Parallel()
	document, hang := jwtDocument(), make(chan struct{})
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 1 {
			<-hang
		}
		w.Write(document) //nolint:errcheck // the test sees what arrived
	}))
	defer server.Close()
	defer close(hang)
	set := jwks.New(t.Context(), jwks.Config{Source: server.URL, Log: slog.New(slog.DiscardHandler)})
	defer set.Close()
	callers, _ := jwtCallers(t, nil, func(cfg *auth.JWTConfig) { cfg.Keys = set })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	unknown := signed(jwt.SigningMethodRS256, jwtSigners().rsa, map[string]any{"kid": "new"}, claimed())
	// For a sender that was wrong too often nothing is read, and known keys serve.
	_, err := callers.Authenticate(t.Context(), auth.Credentials{Authorization: "Bearer " + unknown, Exhausted: always})
	require.ErrorIs(t, err, auth.ErrUnauthenticated)
	require.EqualValues(t, 1, asked.Load())
	_, err = callers.Authenticate(t.Context(), auth.Credentials{Authorization: "Bearer " + good(), Exhausted: always})
	require.NoError(t, err)
	_, err = callers.Authenticate(gone, auth.Credentials{Authorization: "Bearer " + unknown})
	require.ErrorIs(t, err, context.Canceled)
	_, err = authenticate(callers, good()) // and a known key waits for nobody
	require.NoError(t, err)
}
