// Who may call what, over the wire: every procedure by every kind of caller.

package rpc_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/rpc"
)

// bodies are a valid request of every procedure.
var bodies = map[string]string{
	"/satcap.v1.ApiKeyService/CreateApiKey": `{"name":"n","scopes":[1]}`,
	"/satcap.v1.ApiKeyService/GetApiKey":    `{"apiKeyId":"KEY"}`,
	"/satcap.v1.ApiKeyService/ListApiKeys":  `{}`,
	"/satcap.v1.ApiKeyService/RenameApiKey": `{"apiKeyId":"KEY","name":"n"}`,
	"/satcap.v1.ApiKeyService/PauseApiKey":  `{"apiKeyId":"KEY"}`,
	"/satcap.v1.ApiKeyService/ResumeApiKey": `{"apiKeyId":"KEY"}`,
	"/satcap.v1.ApiKeyService/RotateApiKey": `{"apiKeyId":"KEY","graceSeconds":1}`,
	"/satcap.v1.ApiKeyService/RevokeApiKey": `{"apiKeyId":"KEY"}`,

	"/satcap.v1.LimitService/UpdateLimits":     `{"apiKeyId":"KEY","updates":[{"window":1,"unlimited":true}]}`,
	"/satcap.v1.LimitService/ListLimitChanges": `{"apiKeyId":"KEY"}`,

	"/satcap.v1.UsageService/GetUsage":       `{"apiKeyId":"KEY"}`,
	"/satcap.v1.UsageService/ListSpends":     `{"apiKeyId":"KEY"}`,
	"/satcap.v1.UsageService/WatchUsage":     `{"apiKeyId":"KEY"}`,
	"/satcap.v1.UsageService/GetSpendSeries": `{"apiKeyId":"KEY","window":1}`,

	"/satcap.v1.SpendService/CheckSpend":   `{"apiKeyId":"KEY","amountSats":1}`,
	"/satcap.v1.SpendService/ReserveSpend": `{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}`,
	"/satcap.v1.SpendService/SettleSpend":  `{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}`,
	"/satcap.v1.SpendService/ReleaseSpend": `{"apiKeyId":"KEY","spendId":"SPEND"}`,
	"/satcap.v1.SpendService/ReverseSpend": `{"apiKeyId":"KEY","spendId":"SPEND"}`,
	"/satcap.v1.SpendService/RecordSpend":  `{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}`,
	"/satcap.v1.SpendService/ApplySpends":  `{"operations":[{"record":{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}}]}`,

	"/satcap.v1.AuthService/VerifyApiKey": `{"secret":"SECRET"}`,

	"/services.api_keys.v1.ApiKeysService/CheckSpendingLimit":   `{"apiKeyId":"KEY","amountSats":1}`,
	"/services.api_keys.v1.ApiKeysService/CheckAndLockSpending": `{"apiKeyId":"KEY","amountSats":1}`,
	"/services.api_keys.v1.ApiKeysService/GetSpendingSummary":   `{"apiKeyId":"KEY"}`,
	"/services.api_keys.v1.ApiKeysService/RecordSpending":       `{"apiKeyId":"KEY","amountSats":1,"transactionId":"SPEND"}`,
	"/services.api_keys.v1.ApiKeysService/ReverseSpending":      `{"transactionId":"SPEND"}`,
}

// promise says for every procedure who may call it: an owner that reads or
// writes, the key itself, a service that spends, sees usage or verifies.
var promise = map[string]string{
	"/satcap.v1.ApiKeyService/CreateApiKey": "write",
	"/satcap.v1.ApiKeyService/GetApiKey":    "read",
	"/satcap.v1.ApiKeyService/ListApiKeys":  "read",
	"/satcap.v1.ApiKeyService/RenameApiKey": "write",
	"/satcap.v1.ApiKeyService/PauseApiKey":  "write",
	"/satcap.v1.ApiKeyService/ResumeApiKey": "write",
	"/satcap.v1.ApiKeyService/RotateApiKey": "write",
	"/satcap.v1.ApiKeyService/RevokeApiKey": "write",

	"/satcap.v1.LimitService/UpdateLimits":     "write",
	"/satcap.v1.LimitService/ListLimitChanges": "read",

	"/satcap.v1.UsageService/GetUsage":       "read itself usage",
	"/satcap.v1.UsageService/ListSpends":     "read itself usage",
	"/satcap.v1.UsageService/WatchUsage":     "read itself usage",
	"/satcap.v1.UsageService/GetSpendSeries": "read itself usage",

	"/satcap.v1.SpendService/CheckSpend":   "spend",
	"/satcap.v1.SpendService/ReserveSpend": "spend",
	"/satcap.v1.SpendService/SettleSpend":  "spend",
	"/satcap.v1.SpendService/ReleaseSpend": "spend",
	"/satcap.v1.SpendService/ReverseSpend": "spend",
	"/satcap.v1.SpendService/RecordSpend":  "spend",
	"/satcap.v1.SpendService/ApplySpends":  "spend",

	"/satcap.v1.AuthService/VerifyApiKey": "verify",

	"/services.api_keys.v1.ApiKeysService/CheckSpendingLimit":   "spend",
	"/services.api_keys.v1.ApiKeysService/CheckAndLockSpending": "spend",
	"/services.api_keys.v1.ApiKeysService/GetSpendingSummary":   "spend",
	"/services.api_keys.v1.ApiKeysService/RecordSpending":       "spend",
	"/services.api_keys.v1.ApiKeysService/ReverseSpending":      "spend",
}

// procedures are those that a server serves, each of which has a body and a
// promise above.
func procedures(t *testing.T) []string {
	t.Helper()
	var all []string
	for spec := range rpc.NewServer(rpc.Config{}).Specs() {
		require.Contains(t, bodies, spec.Procedure, "a procedure that no test of authorization knows")
		require.Contains(t, promise, spec.Procedure, "a procedure that nobody promised to anybody")
		all = append(all, spec.Procedure)
	}
	slices.Sort(all)
	require.Len(t, all, len(bodies))
	require.Len(t, all, len(promise))
	return all
}

// body is a valid request of a procedure about a key.
func body(procedure, key, secret string) []byte {
	return []byte(strings.NewReplacer("KEY", key, "SPEND", uuid.NewString(), "SECRET", secret).Replace(bodies[procedure]))
}

// TestAuthorization is the one test of who may call what: every procedure by
// every kind of caller.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	all := everyCaller(p)
	allowed, denied, unknown := 0, 0, 0
	for _, procedure := range procedures(t) {
		words := strings.Fields(promise[procedure])
		anybodys, _ := p.newSecret(&satcapv1.CreateApiKeyRequest{})
		before := p.get(anybodys).ok().String()
		ask := func(c caller, body []byte) httpAnswer {
			return post(t, p.s.url+procedure, body, c.headers...)
		}
		var bodyOfUnknown, bodyOfDenied []byte
		for _, c := range all {
			about := procedure + " by " + c.name
			may := slices.ContainsFunc(c.may, func(word string) bool { return slices.Contains(words, word) })
			if may {
				allowed++
				key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{})
				if c.key != "" {
					key = c.key
				}
				a := ask(c, body(procedure, key, secret))
				require.Equal(t, http.StatusOK, a.status, "%s: %s", about, a.body)
				continue
			}
			target := anybodys
			if c.key != "" {
				target = c.key // even of itself
			}
			reason, same := "PERMISSION_DENIED", &bodyOfDenied
			denied++
			if c.may == nil {
				reason, same = "UNAUTHENTICATED", &bodyOfUnknown
				denied--
				unknown++
			}
			for _, b := range [][]byte{
				body(procedure, target, "x"), body(procedure, anybodys, "x"), body(procedure, uuid.NewString(), "x"), []byte("{"), nil,
			} {
				a := ask(c, b)
				require.NotEqual(t, http.StatusOK, a.status, about)
				requireReason(t, a.failure(t), reason)
				if *same == nil {
					*same = a.body
				}
				require.Equal(t, string(*same), string(a.body), "%s: one answer whatever the request", about)
			}
		}
		require.Equal(t, before, p.get(anybodys).ok().String(), "%s: refused, and nothing has changed", procedure)
	}
	require.Greater(t, allowed, 60)
	require.Greater(t, denied, 300)
	require.Greater(t, unknown, 200)
}

// TestUnauthenticated: one answer whatever is wrong with the credentials.
func TestUnauthenticated(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, procedure := range procedures(t) {
		noHeader := post(t, w.s.url+procedure, body(procedure, w.key, "x"))
		requireReason(t, noHeader.failure(t), "UNAUTHENTICATED")
		for _, wrong := range []string{
			"", "Bearer", "Bearer ", "Bearer nobody", "Basic c2VydmljZQ==", serviceToken, "Bearer " + serviceToken + "x", "Bearer service:",
			"Bearer " + strings.Repeat("x", 8<<10), "Bearer a.b.c", "Bearer satcapsvc_x", "Bearer satcap_x",
		} {
			for _, b := range [][]byte{body(procedure, w.key, "x"), []byte("{"), nil} {
				a := post(t, w.s.url+procedure, b, "Authorization", wrong)
				require.Equal(t, noHeader.body, a.body, "one answer whatever is wrong")
				require.Equal(t, http.StatusUnauthorized, a.status)
			}
		}
	}
}

// TestOutOfReach: a key that is not the caller's is answered byte for byte like
// one that does not exist, and stays as it is.
func TestOutOfReach(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	key := p.newKey(limit(daily, 1000))
	p.record(key, "s", 3).ok()
	before := p.get(key).ok().String()
	mallory := *p.env
	mallory.subject = "mallory"
	own, secret := mallory.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1, 2, 3}})
	sister, sisterSecret := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1, 2, 3}})
	callers := []caller{
		{"owner", []string{"Authorization", p.sign(jwt.MapClaims{"sub": "mallory", "scope": "read write"})}, []string{"read", "write"}, ""},
		{"key", []string{"X-API-KEY", secret}, []string{"itself"}, own},
		{"token from a key", []string{"Authorization", p.sign(jwt.MapClaims{"sub": "mallory", "api_key_id": own})}, []string{"itself"}, own},
		{"key of the same owner", []string{"X-API-KEY", sisterSecret}, []string{"itself"}, sister},
		{"token from a key of the same owner", []string{"Authorization", p.sign(jwt.MapClaims{"scope": "read write", "api_key_id": sister})}, []string{"itself"}, sister},
	}
	compared := 0
	for _, procedure := range procedures(t) {
		if !strings.Contains(bodies[procedure], "KEY") {
			continue
		}
		for _, c := range callers {
			if !slices.ContainsFunc(c.may, func(word string) bool { return slices.Contains(strings.Fields(promise[procedure]), word) }) {
				continue
			}
			ask := func(key string) httpAnswer {
				b := strings.NewReplacer("KEY", key, "SPEND", "s").Replace(bodies[procedure])
				a := post(t, p.s.url+procedure, []byte(b), append([]string{"X-Request-Id", "same"}, c.headers...)...)
				a.header.Del("Date")
				return a
			}
			unknown := ask(uuid.NewString())
			requireReason(t, unknown.failure(t), "API_KEY_NOT_FOUND")
			theirs := ask(key)
			require.Equal(t, string(unknown.body), string(theirs.body), "%s as %s", procedure, c.name)
			require.Equal(t, unknown, theirs)
			compared++
		}
	}
	require.Equal(t, 12+4*4, compared)
	require.Equal(t, before, p.get(key).ok().String(), "nothing of this changed the key")

	// An owner without a name would own every key.
	for _, procedure := range []string{v1.ApiKeyServiceGetApiKeyProcedure, v1.UsageServiceGetUsageProcedure} {
		a := post(t, p.s.url+procedure, body(procedure, key, ""), "Authorization", "Bearer "+ownerToken(""))
		requireReason(t, a.failure(t), "PERMISSION_DENIED")
	}
}

// TestSecurityLog: a key that tries to do more than a key may is on record, with
// its id, its address and what it tried, and without its secret.
func TestSecurityLog(t *testing.T) {
	t.Parallel()
	const message = "security: refused to an API key"
	p := newPlatform(t)
	key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1, 2, 3}, Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, 1)}})
	ask := func(procedure string, headers ...string) httpAnswer {
		return post(t, p.s.url+procedure, body(procedure, key, secret), headers...)
	}
	const widen = v1.LimitServiceUpdateLimitsProcedure
	bearer := p.sign(jwt.MapClaims{"scope": "read write", "api_key_id": key})
	require.Equal(t, http.StatusOK, ask(v1.UsageServiceGetUsageProcedure, "X-API-KEY", secret).status)
	requireReason(t, ask(widen, "Authorization", p.sign(jwt.MapClaims{"scope": "read"})).failure(t), "PERMISSION_DENIED")
	requireReason(t, ask(widen, "Authorization", p.token(1, false)).failure(t), "PERMISSION_DENIED")
	requireReason(t, ask(widen).failure(t), "UNAUTHENTICATED")
	require.Empty(t, p.s.logs.records(t, message), "only what keys try is of this kind")

	want := func(rpc, authentication string) map[string]any {
		return map[string]any{"level": "WARN", "msg": message, "rpc": rpc, "authentication": authentication, "api_key_id": key, "client": "127.0.0.1"}
	}
	requireReason(t, ask(widen, "X-API-KEY", secret).failure(t), "PERMISSION_DENIED")
	requireReason(t, ask(widen, "Authorization", bearer).failure(t), "PERMISSION_DENIED")
	requireReason(t, ask(v1.ApiKeyServiceCreateApiKeyProcedure, "Authorization", "Bearer "+secret, "X-Forwarded-For", "192.0.2.1").failure(t), "PERMISSION_DENIED")
	records := p.s.logs.records(t, message)
	for _, r := range records {
		delete(r, "time")
	}
	require.Equal(t, []map[string]any{
		want(widen, "api key"), want(widen, "jwt of an api key"), want(v1.ApiKeyServiceCreateApiKeyProcedure, "api key"),
	}, records)
	require.NotContains(t, p.s.logs.String(), secret[len("satcap_"):len("satcap_")+16])
	require.NotContains(t, p.s.logs.String(), bearer[len("Bearer "):][:16])
	require.Equal(t, "daily 1 0 0 1", sums(p.get(key).ok().GetApiKey().GetUsage())[0], "the limit is what it was")
	require.Empty(t, p.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().GetChanges())

	// Behind a trusted proxy it is the client's address.
	fromProxy := func(r *http.Request) { r.RemoteAddr = "10.1.2.3:4" }
	p.s.connection.Store(&fromProxy)
	requireReason(t, ask(widen, "X-API-KEY", secret, "X-Forwarded-For", "203.0.113.9, 192.0.2.1").failure(t), "PERMISSION_DENIED")
	records = p.s.logs.records(t, message)
	require.Equal(t, "192.0.2.1", records[3]["client"])
}
