// What the time of an answer tells about another owner's key: nothing.
//
//	go test -run '^$' -bench ForeignKey -benchtime 2000x ./internal/server

package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/pgtest"
)

// BenchmarkForeignKey asks in turn for another owner's key and for one that does
// not exist, and reports the median time of both and by how much they differ.
func BenchmarkForeignKey(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			provider := newIssuer(b)
			cfg := settings(b)
			provider.trust(&cfg)
			if database == "postgres" {
				cfg.DB = pgtest.Database(b)
			}
			r := start(b, cfg)
			client := httpClient(b, false)
			ask := func(subject, call, body string) *http.Response {
				return r.sendBy(b, client, http.MethodPost, "/satcap.v1.ApiKeyService/"+call, body, map[string]string{
					"Content-Type": "application/json", "Authorization": "Bearer " + subject,
				})
			}
			alice, bob := provider.token(b, "alice", "one"), provider.token(b, "bob", "one")
			res := ask(alice, "CreateApiKey", `{"name":"key","scopes":["SCOPE_READ"]}`)
			require.Equal(b, http.StatusOK, res.StatusCode)
			var made struct{ APIKey struct{ APIKeyID string } }
			require.NoError(b, json.NewDecoder(res.Body).Decode(&made))
			require.NotEmpty(b, made.APIKey.APIKeyID)

			var foreign, random []time.Duration
			measure := func(times *[]time.Duration, id string) string {
				body := `{"apiKeyId":"` + id + `"}`
				began := time.Now()
				res := ask(bob, "GetApiKey", body)
				*times = append(*times, time.Since(began))
				require.Equal(b, http.StatusNotFound, res.StatusCode)
				return readAll(b, res)
			}
			for range 200 { // until everything is warm
				measure(&foreign, made.APIKey.APIKeyID)
				measure(&random, uuid.NewString())
			}
			foreign, random = nil, nil
			b.ResetTimer()
			for i := range b.N {
				none := uuid.NewString()
				if i%2 == 0 { // neither is always the first
					require.Equal(b, measure(&foreign, made.APIKey.APIKeyID), measure(&random, none))
				} else {
					require.Equal(b, measure(&random, none), measure(&foreign, made.APIKey.APIKeyID))
				}
			}
			b.StopTimer()
			one, other := quantile(foreign, 0.5), quantile(random, 0.5)
			b.ReportMetric(float64(one.Nanoseconds())/1000, "foreign-median-us")
			b.ReportMetric(float64(other.Nanoseconds())/1000, "random-median-us")
			b.ReportMetric(100*(float64(one)/float64(other)-1), "differ-%")
		})
	}
}

// quantile is the smallest time that this share of all times does not exceed.
func quantile(times []time.Duration, share float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
