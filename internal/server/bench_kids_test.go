// What a flood of tokens with unknown key ids does to the tokens that are good.
//
//	go test -run '^$' -bench UnknownKid -benchtime 30x ./internal/server

package server_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// paced begins a call every so often, whether earlier ones have ended or not,
// and returns how long each took from when it was due.
func paced(every, long time.Duration, call func(i int)) []time.Duration {
	var (
		mu    sync.Mutex
		took  []time.Duration
		calls sync.WaitGroup
	)
	began := time.Now()
	for i := 0; ; i++ {
		due := time.Duration(i) * every
		if due >= long {
			break
		}
		time.Sleep(due - time.Since(began))
		calls.Go(func() {
			call(i)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began)-due)
		})
	}
	calls.Wait()
	return took
}

// BenchmarkUnknownKid sends 1,000 tokens with unknown key ids a second, each
// from another address, for as many seconds as there are rounds, and 100 good
// ones a second, before and meanwhile. The key set is answered at once, or only
// after some seconds.
func BenchmarkUnknownKid(b *testing.B) {
	for name, pause := range map[string]time.Duration{"promptly": 0, "slowly": 3 * time.Second} {
		b.Run(name, func(b *testing.B) {
			provider := newIssuer(b)
			cfg := settings(b)
			provider.trust(&cfg)
			cfg.TrustedProxies = []string{"127.0.0.1"}
			r := start(b, cfg)
			provider.pause.Store(int64(pause))
			client := httpClient(b, false)
			transport, ok := client.Transport.(*http.Transport)
			require.True(b, ok)
			transport.MaxIdleConnsPerHost = 100
			send := func(token, address string) int {
				return r.sendBy(b, client, http.MethodPost, listPath, "{}", map[string]string{
					"Content-Type": "application/json", "Authorization": "Bearer " + token, "X-Forwarded-For": address,
				}).StatusCode
			}
			const good, wrong = time.Second / 100, time.Second / 1000
			long, valid := time.Duration(b.N)*time.Second, provider.token(b, "alice", "one")
			call := func(int) {
				assert.Equal(b, http.StatusOK, send(valid, "192.0.2.1"))
			}
			paced(good, time.Second, call) // until everything is warm
			calm := paced(good, long, call)

			// The client signs beforehand: its work is not what is measured.
			tokens := make([]string, 1000)
			for i := range tokens {
				tokens[i] = provider.token(b, "alice", rand.Text())
			}
			fetched := provider.fetches.Load()
			b.ResetTimer()
			var refused []time.Duration
			var flood sync.WaitGroup
			flood.Go(func() {
				refused = paced(wrong, long, func(i int) {
					address := fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)
					assert.Equal(b, http.StatusUnauthorized, send(tokens[i%len(tokens)], address))
				})
			})
			flooded := paced(good, long, call)
			flood.Wait()
			b.StopTimer()
			before, meanwhile := quantile(calm, 0.99), quantile(flooded, 0.99)
			b.ReportMetric(milliseconds(before), "good-p99-before-ms")
			b.ReportMetric(milliseconds(meanwhile), "good-p99-ms")
			b.ReportMetric(float64(meanwhile)/float64(before), "good-p99-ratio")
			b.ReportMetric(milliseconds(quantile(refused, 0.99)), "refused-p99-ms")
			b.ReportMetric(milliseconds(quantile(refused, 1)), "refused-max-ms")
			b.ReportMetric(float64(len(refused))/b.Elapsed().Seconds(), "refused/s")
			b.ReportMetric(float64(provider.fetches.Load()-fetched), "fetches")
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
