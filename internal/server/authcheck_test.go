// GET /auth/check: who it lets in, what it says, and how soon it stops.

package server_test

import (
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/pgtest"
)

// within is how soon every server refuses a key that was stopped.
const within = time.Second

// newSecret makes a key and returns its secret too.
func (c clients) newSecret(t *testing.T, edit ...func(*satcapv1.CreateApiKeyRequest)) (id, secret string) {
	t.Helper()
	req := &satcapv1.CreateApiKeyRequest{Name: "key", Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ}}
	for _, e := range edit {
		e(req)
	}
	res, err := c.keys.CreateApiKey(t.Context(), req)
	require.NoError(t, err)
	return res.GetApiKey().GetApiKeyId(), res.GetSecret()
}

// check asks /auth/check about a secret.
func (r *running) check(t *testing.T, secret string, headers ...string) *http.Response {
	t.Helper()
	all := map[string]string{"X-API-KEY": secret}
	for i := 0; i+1 < len(headers); i += 2 {
		all[headers[i]] = headers[i+1]
	}
	return r.send(t, http.MethodGet, "/auth/check", "", all)
}

// requireSilent requires a refusal that says nothing.
func requireSilent(t *testing.T, res *http.Response, status int) {
	t.Helper()
	require.Equal(t, status, res.StatusCode)
	require.Empty(t, readAll(t, res))
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	for _, name := range []string{"X-Auth-Subject", "X-Auth-Scope", "X-Auth-Api-Key-Id", "Content-Type"} {
		require.Empty(t, res.Header.Values(name), name)
	}
}

// stops requires that a server refuses a secret within a second from since.
func (r *running) stops(t *testing.T, secret string, since time.Time) {
	t.Helper()
	for r.check(t, secret).StatusCode != http.StatusUnauthorized {
		require.Less(t, time.Since(since), within, "it is still let in")
		time.Sleep(tick)
	}
}

func TestAuthCheck(t *testing.T) {
	cfg := settings(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	r := start(t, cfg)
	c := r.clients(false, token)
	id, secret := c.newSecret(t, func(q *satcapv1.CreateApiKeyRequest) {
		q.Scopes = []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE, satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_RECEIVE}
	})
	res := r.check(t, secret)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, `{"sub":"dev","scope":"read receive write","api_key_id":"`+id+`"}`+"\n", readAll(t, res))
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store",
		"X-Auth-Subject": "dev", "X-Auth-Scope": "read receive write", "X-Auth-Api-Key-Id": id,
	} {
		require.Equal(t, []string{want}, res.Header.Values(name), name)
	}
	_, reader := c.newSecret(t)
	require.Equal(t, "read", r.check(t, reader).Header.Get("X-Auth-Scope"))

	paused, pausedSecret := c.newSecret(t)
	_, err := c.keys.PauseApiKey(t.Context(), &satcapv1.PauseApiKeyRequest{ApiKeyId: paused})
	require.NoError(t, err)
	revoked, revokedSecret := c.newSecret(t)
	_, err = c.keys.RevokeApiKey(t.Context(), &satcapv1.RevokeApiKeyRequest{ApiKeyId: revoked})
	require.NoError(t, err)
	expires := time.Now().Add(500 * time.Millisecond)
	_, expired := c.newSecret(t, func(q *satcapv1.CreateApiKeyRequest) { q.ExpireTime = timestamppb.New(expires) })
	require.Equal(t, http.StatusOK, r.check(t, expired).StatusCode, "not yet")
	r.stops(t, expired, expires)

	for name, wrong := range map[string]string{
		"None": "", "Malformed": "x", "Checksum": wrongChecksum(secret), "Prefix": "other_" + secret[len("satcap_"):], "Longer": secret + "x",
		"Unknown": unknownSecret(t), "Paused": pausedSecret, "Revoked": revokedSecret, "Expired": expired, "DevelopmentToken": token,
	} {
		t.Run(name, func(t *testing.T) {
			requireSilent(t, r.check(t, wrong, "X-Forwarded-For", "203.0.113.9"), http.StatusUnauthorized)
		})
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr()+"/auth/check", nil)
	require.NoError(t, err)
	req.Header["X-Api-Key"] = []string{secret, secret}
	twice, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	requireSilent(t, twice, http.StatusUnauthorized)
	require.NoError(t, twice.Body.Close())
	// Only this header counts; the method is that of the request it is about,
	// since gateways such as Envoy ask by that one.
	requireSilent(t, r.check(t, "", "Authorization", "Bearer "+secret), http.StatusUnauthorized)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		res := r.send(t, method, "/auth/check", "body", map[string]string{"X-API-KEY": secret})
		require.Equal(t, http.StatusOK, res.StatusCode, method)
		require.Equal(t, id, res.Header.Get("X-Auth-Api-Key-Id"))
		requireSilent(t, r.send(t, method, "/auth/check", "body", nil), http.StatusUnauthorized)
	}

	// Too many that are wrong: one address is told so, others are not.
	seen := map[int]int{}
	for range 60 {
		res := r.check(t, unknownSecret(t), "X-Forwarded-For", "198.51.100.7")
		requireSilent(t, res, res.StatusCode)
		seen[res.StatusCode]++
	}
	require.Len(t, seen, 2)
	require.GreaterOrEqual(t, seen[http.StatusUnauthorized], 20)
	require.Greater(t, seen[http.StatusTooManyRequests], 20)
	requireSilent(t, r.check(t, unknownSecret(t), "X-Forwarded-For", "198.51.100.8"), http.StatusUnauthorized)
	require.Equal(t, http.StatusOK, r.check(t, secret, "X-Forwarded-For", "198.51.100.8").StatusCode)
}

// unknownSecret is a well-formed secret that no key of the server has.
func unknownSecret(t *testing.T) string {
	t.Helper()
	secret, err := secrets.New()
	require.NoError(t, err)
	return secret.Text
}

func TestAuthCheckHeader(t *testing.T) {
	cfg := settings(t)
	cfg.APIKeyHeader = "X-Shop-Key"
	r := start(t, cfg)
	id, secret := r.clients(false, token).newSecret(t)
	requireSilent(t, r.check(t, secret), http.StatusUnauthorized)
	res := r.check(t, "", "X-Shop-Key", secret)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, id, res.Header.Get("X-Auth-Api-Key-Id"))
	// The services read the same header.
	body := `{"apiKeyId":"` + id + `"}`
	for name, status := range map[string]int{"X-API-KEY": http.StatusUnauthorized, "X-Shop-Key": http.StatusOK} {
		res := r.send(t, http.MethodPost, "/satcap.v1.UsageService/GetUsage", body, map[string]string{name: secret, "Content-Type": "application/json"})
		require.Equal(t, status, res.StatusCode, name)
	}
}

// TestStoppedEverywhere: a key that was stopped at one server is refused by
// another within a second, however often it was let in there before.
func TestStoppedEverywhere(t *testing.T) {
	db := pgtest.Database(t)
	first, second := settings(t), settings(t)
	first.DB, second.DB = db, db
	one, two := start(t, first), start(t, second)
	t.Cleanup(func() { // both, before either looks for what it left behind
		one.end()
		two.end()
	})
	c := one.clients(true, token)
	for name, stop := range map[string]func(id string) error{
		"Revoke": func(id string) error {
			_, err := c.keys.RevokeApiKey(t.Context(), &satcapv1.RevokeApiKeyRequest{ApiKeyId: id})
			return err
		},
		"Pause": func(id string) error {
			_, err := c.keys.PauseApiKey(t.Context(), &satcapv1.PauseApiKeyRequest{ApiKeyId: id})
			return err
		},
		"Rotate": func(id string) error {
			_, err := c.keys.RotateApiKey(t.Context(), &satcapv1.RotateApiKeyRequest{ApiKeyId: id})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			id, secret := c.newSecret(t)
			for range 3 {
				require.Equal(t, http.StatusOK, two.check(t, secret).StatusCode)
				require.Equal(t, http.StatusOK, one.check(t, secret).StatusCode)
			}
			require.NoError(t, stop(id))
			since := time.Now()
			two.stops(t, secret, since)
			one.stops(t, secret, since)
		})
	}
}

// TestAuthCheckWithoutDatabase: without an answer nobody is let in, and the
// gateway learns that it is not the secret's fault.
func TestAuthCheckWithoutDatabase(t *testing.T) {
	requireNoLeak(t)
	postgres, err := pgtest.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(postgres.Stop)
	cfg := settings(t)
	cfg.DB = postgres.URL("postgres")
	r := start(t, cfg)
	_, secret := r.clients(true, token).newSecret(t)
	require.Equal(t, http.StatusOK, r.check(t, secret).StatusCode)
	require.NoError(t, postgres.Kill())
	since := time.Now()
	for r.check(t, secret).StatusCode == http.StatusOK {
		require.Less(t, time.Since(since), within)
		time.Sleep(tick)
	}
	requireSilent(t, r.check(t, secret), http.StatusServiceUnavailable)
	requireSilent(t, r.check(t, unknownSecret(t)), http.StatusServiceUnavailable)
	requireSilent(t, r.check(t, "malformed"), http.StatusUnauthorized)
	err = r.clients(true, secret).reserve("00000000-0000-4000-8000-000000000000", "s")
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))
	require.NoError(t, postgres.Restart(t.Context()))
	require.Eventually(t, func() bool { return r.check(t, secret).StatusCode == http.StatusOK }, soon, tick)
}

// TestAuthCheckPaths: a gateway may ask by the method and the path of the request
// that it is about, whatever these are, and pages of other origins learn nothing.
func TestAuthCheckPaths(t *testing.T) {
	cfg := settings(t)
	cfg.CORSOrigins = []string{"https://app.example.com"}
	r := start(t, cfg)
	_, secret := r.clients(false, token).newSecret(t)
	for _, path := range []string{
		"/auth/check", "/auth/check/", "/auth/check/v1/pay?x=1", "/auth/check//a", "/auth/check/a//b", "/auth/check/a/../b", "/auth/check/a/./b",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodOptions} {
			headers := map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
			requireSilent(t, r.send(t, method, path, "", headers), http.StatusUnauthorized)
			headers["X-API-KEY"] = secret
			res := r.send(t, method, path, "", headers)
			require.Equal(t, http.StatusOK, res.StatusCode, "%s %s", method, path)
			require.NotEmpty(t, readAll(t, res))
		}
	}
	require.Equal(t, http.StatusNotFound, r.send(t, http.MethodGet, "/auth/checkout", "", nil).StatusCode)
}
