// Wrong proofs: whoever sends many is held up, and nobody else is.

package server_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wrongChecksum is a secret whose last character is another.
func wrongChecksum(secret string) string {
	last := len(secret) - 1
	return secret[:last] + string('A'+(secret[last]-'A'+1)%26)
}

// TestWrongKeys: of 10,000 wrong keys from one client, some get 401 and then all
// get 429, whatever is wrong with them; others, and what is valid from that
// client, are not affected, neither meanwhile nor afterwards.
func TestWrongKeys(t *testing.T) {
	many := 10_000
	if testing.Short() {
		many = 500
	}
	cfg := settings(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	r := start(t, cfg)
	_, secret := r.clients(false, token).newSecret(t)
	client := httpClient(t, false)
	from := func(t *testing.T, address, header, value string) *http.Response {
		t.Helper()
		return r.sendBy(t, client, http.MethodPost, listPath, "{}", map[string]string{
			"Content-Type": "application/json", "X-Forwarded-For": address, header: value,
		})
	}
	for network, c := range []struct {
		name     string
		attempts int
		wrong    func() (header, value string)
	}{
		{"Checksum", many, func() (string, string) { return "X-API-KEY", wrongChecksum(unknownSecret(t)) }},
		{"Unknown", many, func() (string, string) { return "X-API-KEY", unknownSecret(t) }},
		{"Bearer", 300, func() (string, string) { return "Authorization", "Bearer " + unknownSecret(t) }},
		{"JWT", 300, func() (string, string) {
			return "Authorization", "Bearer a.b." + base64.RawURLEncoding.EncodeToString([]byte(rand.Text()))
		}},
		{"Basic", 300, func() (string, string) { return "Authorization", "Basic " + rand.Text() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The host part of an IPv6 address is the client's to choose.
			attacker := func(host int) string { return fmt.Sprintf("2001:db8:0:%x::%x", network+1, host+1) }
			neighbour := func(host int) string { return fmt.Sprintf("2001:db8:1:%x::%x", network<<8+host, host+1) }
			neighbours := 0
			requireOthers := func() {
				neighbours++
				header, value := c.wrong()
				address := neighbour(neighbours)
				require.Equal(t, http.StatusUnauthorized, from(t, address, header, value).StatusCode, "another client")
				require.Equal(t, http.StatusForbidden, from(t, address, "X-API-KEY", secret).StatusCode, "let in, and may not list")
				require.Equal(t, http.StatusOK, from(t, address, "Authorization", "Bearer "+token).StatusCode)
				require.Equal(t, http.StatusOK, from(t, attacker(neighbours), "Authorization", "Bearer "+token).StatusCode, "what is valid is")
			}
			began := time.Now()
			var first, tooMany int
			for i := range c.attempts {
				header, value := c.wrong()
				res := from(t, attacker(i), header, value)
				switch body := readAll(t, res); {
				case res.StatusCode == http.StatusTooManyRequests:
					require.Contains(t, body, `"code":"resource_exhausted"`)
					require.Contains(t, body, "TOO_MANY_FAILURES")
					tooMany++
				default: // the first ones, and one more each second
					require.Equal(t, http.StatusUnauthorized, res.StatusCode)
					require.Contains(t, body, "UNAUTHENTICATED")
					if tooMany == 0 {
						first++
					}
				}
				if i%1000 == 250 {
					requireOthers()
				}
			}
			most := 20 + int(time.Since(began)/time.Second) + 1
			require.GreaterOrEqual(t, first, 20)
			require.LessOrEqual(t, c.attempts-tooMany, most, "20 at once and one more a second")
			requireOthers()
		})
	}
}

// TestForwardedForIsNotBelieved: without a trusted proxy the header changes
// nothing, so nobody gets around the limit by it or has another one locked out.
func TestForwardedForIsNotBelieved(t *testing.T) {
	for name, proxies := range map[string][]string{"None": nil, "Other": {"10.0.0.0/8"}} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			cfg.TrustedProxies = proxies
			r := start(t, cfg)
			tooMany := 0
			for i := range 60 {
				res := r.send(t, http.MethodPost, listPath, "{}", map[string]string{
					"Content-Type": "application/json", "X-API-KEY": unknownSecret(t), "X-Forwarded-For": fmt.Sprintf("198.51.100.%d", i),
				})
				if res.StatusCode == http.StatusTooManyRequests {
					tooMany++
				}
			}
			require.Greater(t, tooMany, 20)
		})
	}
}
