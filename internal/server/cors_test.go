// Browsers: pages of listed origins may call, others may not, and a form or an
// image cannot.

package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/config"
)

const (
	listPath = "/satcap.v1.ApiKeyService/ListApiKeys"
	listed   = "https://app.example.com"
)

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

// send sends one request over a connection of its own.
func (r *running) send(t *testing.T, method, path, body string, headers map[string]string) *http.Response {
	t.Helper()
	client := httpClient(t, false)
	defer client.CloseIdleConnections()
	return r.sendBy(t, client, method, path, body, headers)
}

// sendBy sends one request. The answer is read to its end at once, so that
// however many are sent, none holds a connection until the test ends.
func (r *running) sendBy(t testing.TB, client *http.Client, method, path, body string, headers map[string]string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.Addr()+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	res.Body = io.NopCloser(bytes.NewReader(answer))
	return res
}

// list reads a header as the set of lower-case words that it is.
func list(res *http.Response, name string) []string {
	var words []string
	for word := range strings.SplitSeq(strings.Join(res.Header.Values(name), ","), ",") {
		words = append(words, strings.ToLower(strings.TrimSpace(word)))
	}
	return words
}

// neverAll: what no answer to any page may say.
func neverAll(t *testing.T, res *http.Response) {
	t.Helper()
	require.Empty(t, res.Header.Values("Access-Control-Allow-Credentials"))
	for name, values := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			require.NotContains(t, strings.Join(values, ","), "*", name)
		}
	}
}

func preflight(origin string) map[string]string {
	return map[string]string{
		"Origin": origin, "Access-Control-Request-Method": "POST",
		"Access-Control-Request-Headers": "authorization,connect-protocol-version,content-type,grpc-timeout,x-api-key,x-grpc-web,x-user-agent",
	}
}

func TestListedOrigin(t *testing.T) {
	cfg := settings(t)
	cfg.CORSOrigins = []string{listed, "http://localhost:3000"}
	r := start(t, cfg)
	for _, origin := range cfg.CORSOrigins {
		asked := preflight(origin)
		res := r.send(t, http.MethodOptions, listPath, "", asked)
		require.Less(t, res.StatusCode, 300)
		require.Equal(t, []string{origin}, res.Header.Values("Access-Control-Allow-Origin"))
		require.Equal(t, []string{"post"}, list(res, "Access-Control-Allow-Methods"))
		require.Subset(t, list(res, "Access-Control-Allow-Headers"), strings.Split(asked["Access-Control-Request-Headers"], ","))
		require.Equal(t, "7200", res.Header.Get("Access-Control-Max-Age"))
		require.Contains(t, list(res, "Vary"), "origin", "a cache must not give it to another origin")
		neverAll(t, res)

		// The call itself, and one that is refused: the page must see why.
		for _, bearer := range []string{token, "wrong"} {
			res = r.send(t, http.MethodPost, listPath, "{}", map[string]string{
				"Origin": origin, "Content-Type": "application/json", "Authorization": "Bearer " + bearer,
			})
			require.Equal(t, bearer == token, res.StatusCode == http.StatusOK)
			require.Equal(t, []string{origin}, res.Header.Values("Access-Control-Allow-Origin"))
			require.Subset(t, list(res, "Access-Control-Expose-Headers"),
				[]string{"grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"})
			require.Contains(t, list(res, "Vary"), "origin")
			neverAll(t, res)
		}
	}
	// A header or a method that is not needed is not allowed.
	asked := preflight(listed)
	asked["Access-Control-Request-Headers"] = "x-user-id"
	require.Empty(t, r.send(t, http.MethodOptions, listPath, "", asked).Header.Get("Access-Control-Allow-Origin"))
	asked = preflight(listed)
	asked["Access-Control-Request-Method"] = "DELETE"
	require.Empty(t, r.send(t, http.MethodOptions, listPath, "", asked).Header.Get("Access-Control-Allow-Origin"))
}

func TestUnlistedOrigin(t *testing.T) {
	none := settings(t)
	some := settings(t)
	some.CORSOrigins = []string{listed}
	for name, cfg := range map[string]config.Server{"NoneListed": none, "OneListed": some} {
		t.Run(name, func(t *testing.T) {
			r := start(t, cfg)
			for _, origin := range []string{
				"https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com",
				"https://app.example.com:444", "https://x.app.example.com", "*", "https://app.example.com, https://evil.example",
			} {
				for _, res := range []*http.Response{
					r.send(t, http.MethodOptions, listPath, "", preflight(origin)),
					r.send(t, http.MethodPost, listPath, "{}", map[string]string{
						"Origin": origin, "Content-Type": "application/json", "Authorization": "Bearer " + token,
					}),
				} {
					for header := range res.Header {
						require.False(t, strings.HasPrefix(header, "Access-Control-"), "%s gets %s", origin, header)
					}
				}
			}
		})
	}
}

// TestNoFormCanCall: what a page may send anywhere without asking is no call.
func TestNoFormCanCall(t *testing.T) {
	cfg := settings(t)
	cfg.CORSOrigins = []string{listed}
	r := start(t, cfg)
	const path = "/satcap.v1.ApiKeyService/CreateApiKey"
	const body = `{"name":"by form","scopes":["SCOPE_READ"]}`
	for _, contentType := range []string{
		"text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/html",
	} {
		for _, origin := range []string{"https://evil.example", "null", listed} {
			headers := map[string]string{"Origin": origin, "Authorization": "Bearer " + token, "Sec-Fetch-Site": "cross-site"}
			if contentType != "" {
				headers["Content-Type"] = contentType
			}
			require.Equal(t, http.StatusUnsupportedMediaType, r.send(t, http.MethodPost, path, body, headers).StatusCode, "%q", contentType)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, path := range []string{path, listPath, listPath + "?connect=v1&encoding=json&message=%7B%7D"} {
			res := r.send(t, method, path, "", map[string]string{"Authorization": "Bearer " + token})
			require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method+" "+path)
		}
	}
	// Nothing of that was done; a call is.
	headers := map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
	require.NotContains(t, readAll(t, r.send(t, http.MethodPost, listPath, "{}", headers)), "by form")
	require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, path, body, headers).StatusCode)
	require.Contains(t, readAll(t, r.send(t, http.MethodPost, listPath, "{}", headers)), "by form")
}
