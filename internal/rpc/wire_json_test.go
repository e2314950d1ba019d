// JSON on the wire, as curl sends and shows it.

package rpc_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// wire is a server with one key, daily limit 1000, whose name is in every body.
type wire struct {
	*env
	key string
}

func newWire(t *testing.T) *wire {
	t.Helper()
	s := newServer(t, "sqlite", nil)
	e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "wire", made: &calls{}}
	return &wire{e, e.newKey(limit(daily, 1000))}
}

// post sends a body in which KEY stands for the key, as the core API or the owner.
func (w *wire) post(t *testing.T, procedure, body string, headers ...string) httpAnswer {
	t.Helper()
	token := serviceToken
	if strings.Contains(procedure, "ApiKeyService") || strings.Contains(procedure, "LimitService") {
		token = w.asOwner()
	}
	return post(t, w.s.url+procedure, []byte(strings.ReplaceAll(body, "KEY", w.key)), append([]string{"Authorization", "Bearer " + token}, headers...)...)
}

// refused requires 400 INVALID_ARGUMENT and that the message contains words.
func (w *wire) refused(t *testing.T, procedure, body, words string) {
	t.Helper()
	a := w.post(t, procedure, body)
	require.Equal(t, http.StatusBadRequest, a.status, "%s: %s", body, a.body)
	f := a.failure(t)
	requireReason(t, f, "INVALID_ARGUMENT")
	require.Contains(t, f.message, words, "%s", body)
	require.Empty(t, leaks.FindString(f.message))
}

const reserveProcedure = v1.SpendServiceReserveSpendProcedure

// requireGolden compares JSON texts whatever their blanks.
func requireGolden(t *testing.T, want string, got []byte) {
	t.Helper()
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, got))
	var wanted bytes.Buffer
	require.NoError(t, json.Compact(&wanted, []byte(want)))
	require.Equal(t, wanted.String(), compact.String())
}

func TestGoldenJSON(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.record(w.key, "paid", 880).ok()
	w.set(start + hour)
	success := w.post(t, reserveProcedure, `{"apiKeyId":"KEY","spendId":"rent","amountSats":"120","ttl":"60s"}`)
	require.Equal(t, http.StatusOK, success.status)
	require.Equal(t, "application/json", success.header.Get("Content-Type"))
	// Zeros are there; limitSats, remainingSats and times that there are not, are absent.
	rest := `"spentSats":"880","heldSats":"120","nextReleaseSats":"0"`
	requireGolden(t, `{"spend":{"apiKeyId":"`+w.key+`","spendId":"rent","amountSats":"120","heldSats":"120",
		"state":"STATE_RESERVED","reserveTime":"2026-11-23T15:05:10.500Z","expireTime":"2026-11-23T15:06:10.500Z",
		"transactionId":"","late":false,"overHold":false,"unreserved":false},
		"usage":[{"window":"LIMIT_WINDOW_DAILY","limitSats":"1000","spentSats":"880","heldSats":"120","remainingSats":"0","nextReleaseSats":"0"},
		{"window":"LIMIT_WINDOW_WEEKLY",`+rest+`},{"window":"LIMIT_WINDOW_MONTHLY",`+rest+`},{"window":"LIMIT_WINDOW_ANNUAL",`+rest+`}],
		"revision":"3","replayed":false}`, success.body)

	refusal := w.post(t, reserveProcedure, `{"apiKeyId":"KEY","spendId":"food","amountSats":300}`)
	require.Equal(t, http.StatusTooManyRequests, refusal.status)
	require.Equal(t, "application/json", refusal.header.Get("Content-Type"))
	var values struct{ Details []struct{ Value string } }
	require.NoError(t, json.Unmarshal(refusal.body, &values))
	require.Len(t, values.Details, 2)
	body := strings.ReplaceAll(string(refusal.body), values.Details[1].Value, "LIMIT_EXCEEDED")
	requireGolden(t, `{"code":"resource_exhausted",
		"message":"daily limit: 300 sats requested, 0 of 1000 left; fits from 2026-11-24T14:05:11Z",
		"details":[{"type":"google.rpc.ErrorInfo","value":"`+base64.RawStdEncoding.EncodeToString([]byte("\n\x17SPENDING_LIMIT_EXCEEDED\x12\x06satcap"))+`",
			"debug":{"reason":"SPENDING_LIMIT_EXCEEDED","domain":"satcap"}},
		{"type":"satcap.v1.LimitExceeded","value":"LIMIT_EXCEEDED","debug":{"apiKeyId":"`+w.key+`","requestedSats":"300",
			"violations":[{"window":"LIMIT_WINDOW_DAILY","limitSats":"1000","spentSats":"880","heldSats":"120","remainingSats":"0","nextReleaseSats":"0"}],"maxAllowedSats":"0",
			"availableTime":"2026-11-24T14:05:10.500001Z"}}]}`, []byte(body))
}

// TestJSONForms: what is accepted, and that it means the same.
func TestJSONForms(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for i, form := range []string{
		`{"apiKeyId":"KEY","spendId":"SPEND","amountSats":"7"}`,
		`{"apiKeyId":"KEY","spendId":"SPEND","amountSats":7}`,
		`{"apiKeyId":"KEY","spendId":"SPEND","amountSats":7.0}`,
		`{"apiKeyId":"KEY","spendId":"SPEND","amountSats":0.7e1}`,
		`{"api_key_id":"KEY","spend_id":"SPEND","amount_sats":"7"}`,
		` { "spendId" : "SPEND" , "amountSats" : 7 , "api_key_id" : "KEY", "ttl": null } `,
	} {
		spend := fmt.Sprint("spend ", i)
		a := w.post(t, reserveProcedure, strings.ReplaceAll(form, "SPEND", spend))
		require.Equal(t, http.StatusOK, a.status, "%s: %s", form, a.body)
		require.Contains(t, string(a.body), `"amountSats":"7"`)
	}
	a := w.post(t, v1.LimitServiceUpdateLimitsProcedure, `{"apiKeyId":"KEY","updates":[{"window":"LIMIT_WINDOW_DAILY","unlimited":true},{"window":2,"limitSats":2100000000000000}]}`)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var res struct {
		APIKey struct{ Usage []map[string]any }
	}
	require.NoError(t, json.Unmarshal(a.body, &res))
	require.NotContains(t, res.APIKey.Usage[0], "limitSats")
	require.NotContains(t, res.APIKey.Usage[0], "remainingSats")
	require.Equal(t, "0", res.APIKey.Usage[0]["spentSats"])
	require.Equal(t, "2100000000000000", res.APIKey.Usage[1]["limitSats"])
	empty := w.post(t, v1.UsageServiceListSpendsProcedure, `{"apiKeyId":"KEY","states":["STATE_REVERSED"]}`)
	requireGolden(t, `{"spends":[],"nextPageToken":""}`, empty.body)
}

// TestJSONRefused: what must not be taken for something else.
func TestJSONRefused(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	update := func(fields string) string {
		return `{"apiKeyId":"KEY","updates":[{"window":"LIMIT_WINDOW_DAILY",` + fields + `}]}`
	}
	reserve := func(amount string) string {
		return `{"apiKeyId":"KEY","spendId":"a","amountSats":` + amount + `}`
	}
	for _, c := range []struct{ procedure, body, words string }{
		{v1.LimitServiceUpdateLimitsProcedure, `{"apiKeyId":"KEY","dailyLimitSat":5}`, `"dailyLimitSat"`},
		{v1.LimitServiceUpdateLimitsProcedure, update(`"limitSat":5`), `"limitSat"`},
		{v1.LimitServiceUpdateLimitsProcedure, update(`"limitSats":5,"unlimited":true`), "limit"},
		{v1.LimitServiceUpdateLimitsProcedure, update(`"unlimited":false`), "updates[0].unlimited:"},
		{v1.LimitServiceUpdateLimitsProcedure, update(`"unlimited":"true"`), "bool"},
		{v1.LimitServiceUpdateLimitsProcedure, update(`"limitSats":null`), "updates[0].limit:"},
		{v1.LimitServiceUpdateLimitsProcedure, `{"apiKeyId":"KEY","updates":[{"window":"DAILY","limitSats":5}]}`, "DAILY"},
		{v1.LimitServiceUpdateLimitsProcedure, `{"apiKeyId":"KEY","updates":{}}`, "line 1"},
		{v1.ApiKeyServiceCreateApiKeyProcedure, `{"name":"n","scopes":["SCOPE_WRITE"],"limit":[{"window":1,"limitSats":5}]}`, `"limit"`},
		{v1.ApiKeyServiceCreateApiKeyProcedure, `{"name":"n","scopes":["SCOPE_WRITE"],"expireTime":"tomorrow"}`, `google.protobuf.Timestamp value "tomorrow"`},
		{v1.ApiKeyServiceCreateApiKeyProcedure, `{"name":"n","scopes":["SCOPE_WRITE"],"expireTime":"10000-01-01T00:00:00Z"}`, ""},
		{reserveProcedure, reserve(`1.5`), "1.5"},
		{reserveProcedure, reserve(`"1.5"`), "1.5"},
		{reserveProcedure, reserve(`1e30`), "1e30"},
		{reserveProcedure, reserve(`9223372036854775808`), "9223372036854775808"},
		{reserveProcedure, reserve(`"9223372036854775808"`), "9223372036854775808"},
		{reserveProcedure, reserve(`9223372036854775807`), "amount_sats:"},
		{reserveProcedure, reserve(`2100000000000001`), "amount_sats:"},
		{reserveProcedure, reserve(`0`), "amount_sats:"},
		{reserveProcedure, reserve(`-1`), "amount_sats:"},
		{reserveProcedure, reserve(`""`), ""},
		{reserveProcedure, reserve(`" 5"`), ""},
		{reserveProcedure, reserve(`"0x5"`), ""},
		{reserveProcedure, reserve(`true`), "true"},
		{reserveProcedure, reserve(`NaN`), "NaN"},
		{reserveProcedure, reserve(`5,"amountSats":6`), "amountSats"}, // twice
		{reserveProcedure, reserve(`5,"amount_sats":6`), "amount_sats"},
		{reserveProcedure, reserve(`5,"ttl":"1h"`), "1h"},
		{reserveProcedure, reserve(`5,"ttl":"315576000001s"`), ""},
		{reserveProcedure, reserve(`5,"spendId":null`), "spendId"},
		{reserveProcedure, `{"spendId":"a","amountSats":5}`, "api_key_id:"},
		{reserveProcedure, `{"apiKeyId":"{KEY}","spendId":"a","amountSats":5}`, "api_key_id:"},
		{reserveProcedure, `{"apiKeyId":"urn:uuid:KEY","spendId":"a","amountSats":5}`, "api_key_id:"},
		{reserveProcedure, `{"apiKeyId":"1","spendId":"a","amountSats":5}`, "api_key_id:"},
		{reserveProcedure, `{"apiKeyId":"KEY","amountSats":5}`, "spend_id:"},
		{reserveProcedure, ``, ""},
		{reserveProcedure, `{`, ""},
		{reserveProcedure, `[]`, ""},
		{reserveProcedure, `null`, ""},
		{reserveProcedure, `"KEY"`, ""},
		{reserveProcedure, reserve(`5`) + reserve(`6`), ""},
		{reserveProcedure, reserve(`5`) + `x`, ""},
		{reserveProcedure, `{"apiKeyId":'KEY'}`, ""},
		{reserveProcedure, strings.Repeat(`[`, 20_000), ""},
		{reserveProcedure, `{"a":` + strings.Repeat(`{"a":`, 5_000), ""},
		{reserveProcedure, `{"@type":"x"}`, "@type"},
		{reserveProcedure, `{"unknown.v1.Type":"x"}`, `"unknown.v1.Type"`},
	} {
		w.refused(t, c.procedure, c.body, c.words)
	}
	require.Equal(t, int64(1), w.usage(w.key).ok().GetRevision(), "nothing of this was done")

	long := w.post(t, reserveProcedure, `{"`+strings.Repeat("é", 20_000)+`":1}`)
	require.Less(t, len(long.failure(t).message), 1100, "gRPC sends the message in a header")
}

// TestTexts: what names may not contain, on every field that is a name.
func TestTexts(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	fields := []struct{ field, procedure, body string }{
		{"name", v1.ApiKeyServiceCreateApiKeyProcedure, `{"name":TEXT,"scopes":[1]}`},
		{"request_id", v1.ApiKeyServiceCreateApiKeyProcedure, `{"name":"n","scopes":[1],"requestId":TEXT}`},
		{"name", v1.ApiKeyServiceRenameApiKeyProcedure, `{"apiKeyId":"KEY","name":TEXT}`},
		{"request_id", v1.ApiKeyServiceRotateApiKeyProcedure, `{"apiKeyId":"KEY","requestId":TEXT}`},
		{"spend_id", v1.SpendServiceReserveSpendProcedure, `{"apiKeyId":"KEY","spendId":TEXT,"amountSats":1}`},
		{"spend_id", v1.SpendServiceSettleSpendProcedure, `{"apiKeyId":"KEY","spendId":TEXT,"amountSats":1}`},
		{"transaction_id", v1.SpendServiceSettleSpendProcedure, `{"apiKeyId":"KEY","spendId":"settle","amountSats":1,"transactionId":TEXT}`},
		{"spend_id", v1.SpendServiceReleaseSpendProcedure, `{"apiKeyId":"KEY","spendId":TEXT}`},
		{"spend_id", v1.SpendServiceReverseSpendProcedure, `{"apiKeyId":"KEY","spendId":TEXT}`},
		{"transaction_id", v1.SpendServiceReverseSpendProcedure, `{"apiKeyId":"KEY","transactionId":TEXT}`},
		{"spend_id", v1.SpendServiceRecordSpendProcedure, `{"apiKeyId":"KEY","spendId":TEXT,"amountSats":1}`},
		{"transaction_id", v1.SpendServiceRecordSpendProcedure, `{"apiKeyId":"KEY","spendId":"record","amountSats":1,"transactionId":TEXT}`},
	}
	optional := map[string]bool{"request_id": true}
	for _, f := range fields {
		for _, text := range []string{
			`"\u0000"`, `"a\u0000b"`, `"a\u0001"`, `"a\tb"`, `"a\nb"`, `"a\u007fb"`, `"a\u0085b"`, `"a\u202eb"`, `"\u2066a"`, `"a\u200bb"`,
			`"a\u2028b"`, `"a\ufeff"`, `"\ue000"`, `" "`, `"   "`, `"\u00a0"`, `"\u3000"`, `" a"`, `"a "`,
			`"` + strings.Repeat("a", 129) + `"`, `"` + strings.Repeat("é", 129) + `"`,
		} {
			w.refused(t, f.procedure, strings.ReplaceAll(f.body, "TEXT", text), f.field+":")
		}
		empty := w.post(t, f.procedure, strings.ReplaceAll(f.body, "TEXT", `""`))
		if optional[f.field] || f.field == "transaction_id" && strings.Contains(f.body, "amountSats") {
			require.Equal(t, http.StatusOK, empty.status, "%s", empty.body) // as if absent
		} else {
			require.Contains(t, empty.failure(t).message, f.field+":")
		}
		for _, broken := range []string{"\"\xff\"", "\"a\xc3\"", "\"\xed\xa0\x80\"", `"\ud800"`, `"\udc00\ud800"`} {
			w.refused(t, f.procedure, strings.ReplaceAll(f.body, "TEXT", broken), "")
		}
	}
	for _, text := range []string{"a", "a b", "Zoë’s till №5", "支付-42", "👍", strings.Repeat("👍", 128), `<img src=x onerror=alert(1)>`, `'; DROP TABLE spends;--`, `../..`, "%s%n"} {
		quoted, err := json.Marshal(text)
		require.NoError(t, err)
		a := w.post(t, v1.SpendServiceRecordSpendProcedure, `{"apiKeyId":"KEY","spendId":`+string(quoted)+`,"amountSats":1}`)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		var res struct{ Spend struct{ SpendID string } }
		require.NoError(t, json.Unmarshal(a.body, &res))
		require.Equal(t, text, res.Spend.SpendID)
	}
}
