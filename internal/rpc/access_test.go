// What asking whose a secret is costs, and what too many wrong ones lead to.

package rpc_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// counting is a store that counts what is asked about secrets.
type counting struct {
	store.Store
	mu               sync.Mutex
	secrets, touches int
}

func (c *counting) FindKeyBySecret(ctx context.Context, hash []byte) (*store.Credential, error) {
	c.mu.Lock()
	c.secrets++
	c.mu.Unlock()
	return c.Store.FindKeyBySecret(ctx, hash)
}

func (c *counting) TouchKeys(ctx context.Context, seen map[ledger.KeyID]int64) error {
	c.mu.Lock()
	c.touches++
	c.mu.Unlock()
	return c.Store.TouchKeys(ctx, seen)
}

func (c *counting) counts() (secrets, touches int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secrets, c.touches
}

// TestVerifyCosts: nothing for a secret that cannot be right, and no write for
// one that is.
func TestVerifyCosts(t *testing.T) {
	t.Parallel()
	for database := range databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			c := &counting{}
			s := newServer(t, database, func(real store.Store) store.Store { c.Store = real; return c })
			e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "costs", made: &calls{}}
			key, secret := e.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1}})
			other, _ := e.newSecret(&satcapv1.CreateApiKeyRequest{})
			for _, malformed := range []string{"x", secret + "0", secret[:len(secret)-1], flip(secret), "satcap_" + strings.Repeat("0", 49)} {
				e.verify(malformed).fails("SECRET_REFUSED")
				a := post(t, s.url+v1.UsageServiceGetUsageProcedure, body(v1.UsageServiceGetUsageProcedure, key, ""), "X-API-KEY", malformed)
				requireReason(t, a.failure(t), "UNAUTHENTICATED")
			}
			asked, touched := c.counts()
			require.Equal(t, []int{0, 0}, []int{asked, touched})

			before := time.Now()
			for range 20 {
				e.verify(secret).ok()
				a := post(t, s.url+v1.UsageServiceGetUsageProcedure, body(v1.UsageServiceGetUsageProcedure, key, ""), "X-API-KEY", secret)
				require.Equal(t, http.StatusOK, a.status)
			}
			took := time.Since(before)
			asked, touched = c.counts()
			require.LessOrEqual(t, asked, 1+int(took/(700*time.Millisecond)), "an answer is used again")
			require.Zero(t, touched, "no write per call")
			revision := e.get(key).ok().GetApiKey().GetRevision()
			require.Nil(t, e.get(key).ok().GetApiKey().GetLastUseTime())

			s.closeKeys()
			_, touched = c.counts()
			require.Equal(t, 1, touched)
			got := e.get(key).ok().GetApiKey()
			require.WithinRange(t, got.GetLastUseTime().AsTime(), before.Add(-time.Millisecond), time.Now().Add(time.Millisecond))
			require.Equal(t, revision, got.GetRevision())
			require.Nil(t, e.get(other).ok().GetApiKey().GetLastUseTime())
			e.record(key, "s", 1).ok()
			require.Equal(t, got.GetLastUseTime().String(), e.get(key).ok().GetApiKey().GetLastUseTime().String())
		})
	}
}

// TestTooManyFailures: an address that sent too much that was wrong gets 429,
// and the database is not asked for it; others are served.
func TestTooManyFailures(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	from := func(r *http.Request) {
		if r.Header.Get("X-Forwarded-For") != "" {
			r.RemoteAddr = "10.0.0.1:1" // through a trusted proxy
		}
	}
	p.s.connection.Store(&from)
	const procedure = v1.UsageServiceGetUsageProcedure
	scopes := []satcapv1.ApiKey_Scope{1}
	key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: scopes})
	freshKey, fresh := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: scopes})
	ask := func(address, key, secret string, headers ...string) httpAnswer {
		all := append([]string{"X-Forwarded-For", address}, headers...)
		if secret != "" {
			all = append(all, "X-API-KEY", secret)
		}
		return post(t, p.s.url+procedure, body(procedure, key, ""), all...)
	}
	const attacker, neighbour = "2001:db8::1", "2001:db8:0:1::1"
	p.s.failuresHeld.Store(true)
	for range 30 { // no credentials at all are no wrong ones
		requireReason(t, ask(attacker, key, "").failure(t), "UNAUTHENTICATED")
	}
	for i := range 20 {
		requireReason(t, ask(fmt.Sprintf("2001:db8::%x", i), key, otherSecret(t)).failure(t), "UNAUTHENTICATED")
	}
	require.Equal(t, http.StatusOK, ask(neighbour, key, secret).status, "which makes the secret known")
	first := ask(attacker, key, otherSecret(t))
	requireReason(t, first.failure(t), "TOO_MANY_FAILURES")
	require.Equal(t, http.StatusTooManyRequests, first.status)
	for _, wrong := range [][]string{
		{"Authorization", "Bearer nobody"}, {"Authorization", "Basic x"}, {"Authorization", "Bearer a.b.c"}, {"X-API-KEY", "x"},
		{"X-API-KEY", otherSecret(t)}, {"X-API-KEY", fresh}, {"Authorization", p.token(7, false)}, // good, and not known yet
	} {
		again := ask(attacker, freshKey, "", wrong...)
		require.Equal(t, string(first.body), string(again.body), "%s", wrong[0])
		require.Equal(t, http.StatusTooManyRequests, again.status)
	}
	requireReason(t, ask(attacker, key, "").failure(t), "UNAUTHENTICATED")
	// What is known to be good, or costs no query to judge, still works.
	served := false
	for range 10 { // on a slow machine a secret may be forgotten between the two
		require.Equal(t, http.StatusOK, ask(neighbour, key, secret).status)
		served = served || ask(attacker, key, secret).status == http.StatusOK
	}
	require.True(t, served)
	require.Equal(t, http.StatusOK, ask(attacker, key, "", "Authorization", p.sign(jwt.MapClaims{"scope": "read"})).status)

	// Others: the next network, and who comes without the proxy, whatever it says.
	require.Equal(t, http.StatusOK, ask(neighbour, freshKey, fresh).status)
	requireReason(t, ask(neighbour, key, otherSecret(t)).failure(t), "UNAUTHENTICATED")
	direct := post(t, p.s.url+procedure, body(procedure, key, ""), "X-API-KEY", otherSecret(t))
	requireReason(t, direct.failure(t), "UNAUTHENTICATED")

	// A call that is refused for what it may not do is no wrong proof.
	for range 25 {
		a := post(t, p.s.url+v1.ApiKeyServiceListApiKeysProcedure, []byte("{}"), "X-API-KEY", secret, "X-Forwarded-For", "192.0.2.77")
		requireReason(t, a.failure(t), "PERMISSION_DENIED")
	}

	p.s.failures.Add(1)
	requireReason(t, ask(attacker, key, otherSecret(t)).failure(t), "UNAUTHENTICATED")
	requireReason(t, ask(attacker, key, otherSecret(t)).failure(t), "TOO_MANY_FAILURES")
	require.NotContains(t, p.s.logs.String(), secret[len("satcap_"):])
}

// TestUnclearProofs: a header that is empty or came twice is a wrong proof, which
// nothing else makes good.
func TestUnclearProofs(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	const procedure = v1.UsageServiceGetUsageProcedure
	key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1}})
	owner := p.sign(jwt.MapClaims{"scope": "read"})
	ask := func(headers ...string) httpAnswer {
		return post(t, p.s.url+procedure, body(procedure, key, ""), headers...)
	}
	require.Equal(t, http.StatusOK, ask("X-API-KEY", secret).status)
	unclear := [][]string{
		{"X-API-KEY", ""}, {"Authorization", ""}, {"X-API-KEY", secret, "X-API-KEY", secret}, {"X-API-KEY", secret, "X-API-KEY", ""},
		{"Authorization", owner, "X-API-KEY", ""}, {"X-API-KEY", secret, "Authorization", ""},
		{"Authorization", owner, "Authorization", owner}, {"Authorization", owner, "Authorization", "Bearer nobody"},
	}
	p.s.failuresHeld.Store(true)
	for i := range 20 {
		requireReason(t, ask(unclear[i%len(unclear)]...).failure(t), "UNAUTHENTICATED")
	}
	for _, headers := range unclear {
		requireReason(t, ask(headers...).failure(t), "TOO_MANY_FAILURES")
	}
}

// TestForwardedForIsSpoofed: who is not a trusted proxy cannot give its failures
// to others, nor get rid of them.
func TestForwardedForIsSpoofed(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.s.failuresHeld.Store(true)
	ask := func(forwarded string) *failure {
		return post(t, w.s.url+reserveProcedure, nil, "Authorization", "Bearer nobody", "X-Forwarded-For", forwarded).failure(t)
	}
	for i := range 20 {
		requireReason(t, ask(fmt.Sprintf("192.0.2.%d", i)), "UNAUTHENTICATED")
	}
	requireReason(t, ask("192.0.2.99"), "TOO_MANY_FAILURES")
}

// TestManyAskAtOnce: who ask at the same time are all answered by one question.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	c := &counting{}
	s := newServer(t, "sqlite", func(real store.Store) store.Store { c.Store = real; return c })
	e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "many", made: &calls{}}
	key, secret := e.newSecret(&satcapv1.CreateApiKeyRequest{})
	answers := make(chan answer[*satcapv1.VerifyApiKeyResponse], 32)
	began := time.Now()
	for range cap(answers) {
		go func() { answers <- e.verify(secret) }()
	}
	for range cap(answers) {
		require.Equal(t, key, (<-answers).ok().GetApiKeyId())
	}
	asked, _ := c.counts()
	require.LessOrEqual(t, asked, 1+int(time.Since(began)/(700*time.Millisecond)))
}
