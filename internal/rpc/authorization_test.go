// Who may call what, over the wire: every procedure by every kind of caller.

package rpc_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

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
	"/satcap.v1.ApiKeyService/RevokeApiKey": `{"apiKeyId":"KEY"}`,

	"/satcap.v1.LimitService/UpdateLimits":     `{"apiKeyId":"KEY","updates":[{"window":1,"unlimited":true}]}`,
	"/satcap.v1.LimitService/ListLimitChanges": `{"apiKeyId":"KEY"}`,

	"/satcap.v1.UsageService/GetUsage":   `{"apiKeyId":"KEY"}`,
	"/satcap.v1.UsageService/ListSpends": `{"apiKeyId":"KEY"}`,

	"/satcap.v1.SpendService/CheckSpend":   `{"apiKeyId":"KEY","amountSats":1}`,
	"/satcap.v1.SpendService/ReserveSpend": `{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}`,
	"/satcap.v1.SpendService/SettleSpend":  `{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}`,
	"/satcap.v1.SpendService/ReleaseSpend": `{"apiKeyId":"KEY","spendId":"SPEND"}`,
	"/satcap.v1.SpendService/ReverseSpend": `{"apiKeyId":"KEY","spendId":"SPEND"}`,
	"/satcap.v1.SpendService/RecordSpend":  `{"apiKeyId":"KEY","spendId":"SPEND","amountSats":1}`,
}

// mayCall is the promise, service by service.
var mayCall = map[string]string{
	"service": "SpendService UsageService",
	"owner":   "ApiKeyService LimitService UsageService",
	"key":     "UsageService",
}

// procedures are those that a server serves, each of which has a body above.
func procedures(t *testing.T) []string {
	t.Helper()
	var all []string
	for spec := range rpc.NewServer(rpc.Config{}).Specs() {
		require.Contains(t, bodies, spec.Procedure, "a procedure that no test of authorization knows")
		all = append(all, spec.Procedure)
	}
	require.Len(t, all, len(bodies))
	return all
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, procedure := range procedures(t) {
		service := strings.Split(procedure, "/")[1][len("satcap.v1."):]
		body := func(key string) []byte {
			return []byte(strings.NewReplacer("KEY", key, "SPEND", uuid.NewString()).Replace(bodies[procedure]))
		}
		ask := func(authorization string, body []byte) httpAnswer {
			return post(t, w.s.url+procedure, body, "Authorization", authorization)
		}
		noHeader := post(t, w.s.url+procedure, body(w.key))
		requireReason(t, noHeader.failure(t), "UNAUTHENTICATED")
		for _, wrong := range []string{
			"", "Bearer", "Bearer ", "Bearer nobody", "Basic c2VydmljZQ==", serviceToken, "Bearer " + serviceToken + "x", "Bearer service:", "Bearer " + strings.Repeat("x", 8<<10),
		} {
			for _, b := range [][]byte{body(w.key), []byte("{"), nil} {
				a := ask(wrong, b)
				require.Equal(t, noHeader.body, a.body, "one answer whatever is wrong")
				require.Equal(t, http.StatusUnauthorized, a.status)
			}
		}
		for kind, token := range map[string]string{
			"service": serviceToken, "owner": w.asOwner(), "key": keyToken(w.key, w.subject),
		} {
			allowed := strings.Contains(mayCall[kind], service)
			if strings.HasSuffix(procedure, "/RevokeApiKey") && allowed {
				continue // last, see below
			}
			a := ask("Bearer "+token, body(w.key))
			if allowed {
				require.Equal(t, http.StatusOK, a.status, "%s as %s: %s", procedure, kind, a.body)
				continue
			}
			for _, b := range [][]byte{body(w.key), body(uuid.NewString()), []byte("{"), nil} {
				a := ask("Bearer "+token, b)
				requireReason(t, a.failure(t), "PERMISSION_DENIED")
			}
		}
	}
	revoked := post(t, w.s.url+"/satcap.v1.ApiKeyService/RevokeApiKey", []byte(`{"apiKeyId":"`+w.key+`"}`), "Authorization", "Bearer "+w.asOwner())
	require.Equal(t, http.StatusOK, revoked.status)
}

// TestOutOfReach: a key that is not the caller's is answered byte for byte like
// one that does not exist, and stays as it is.
func TestOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	before := w.get(w.key).ok().String()
	other := *w.env
	other.subject = "mallory"
	others := other.newKey()
	for _, procedure := range procedures(t) {
		if !strings.Contains(bodies[procedure], "KEY") {
			continue
		}
		for kind, token := range map[string]string{
			"owner": ownerToken("mallory"), "owner without a name": ownerToken(""), "key": keyToken(others, "mallory"),
			"key of the same subject": keyToken(uuid.NewString(), w.subject), "service": serviceToken,
		} {
			if !strings.Contains(mayCall[strings.Fields(kind)[0]], strings.Split(procedure, "/")[1][len("satcap.v1."):]) {
				continue
			}
			ask := func(key string) httpAnswer {
				body := strings.NewReplacer("KEY", key, "SPEND", "s").Replace(bodies[procedure])
				a := post(t, w.s.url+procedure, []byte(body), "Authorization", "Bearer "+token, "X-Request-Id", "same")
				a.header.Del("Date")
				return a
			}
			unknown := ask(uuid.NewString())
			if kind == "owner without a name" {
				requireReason(t, unknown.failure(t), "PERMISSION_DENIED")
				require.Equal(t, unknown, ask(w.key))
				continue
			}
			requireReason(t, unknown.failure(t), "API_KEY_NOT_FOUND")
			if kind == "service" {
				continue // reaches every key
			}
			theirs := ask(w.key)
			require.Equal(t, string(unknown.body), string(theirs.body), "%s as %s", procedure, kind)
			require.Equal(t, unknown, theirs)
		}
	}
	require.Equal(t, before, w.get(w.key).ok().String(), "nothing of this changed the key")
}
