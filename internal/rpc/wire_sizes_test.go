// How large a request may be, and by which methods and types it comes.

package rpc_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// TestSizes: a request may not be larger than 64 KiB, before or after its
// compression, and a bomb costs neither time nor memory.
func TestSizes(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	padded := func(n int) string {
		body := `{"apiKeyId":"` + w.key + `"}`
		return body + strings.Repeat(" ", n-len(body))
	}
	usage := v1.UsageServiceGetUsageProcedure
	require.Equal(t, http.StatusOK, w.post(t, usage, padded(64<<10)).status)
	for _, body := range []string{padded(64<<10 + 1), padded(1 << 20), `{"apiKeyId":"` + strings.Repeat("x", 64<<10) + `"}`} {
		a := w.post(t, usage, body)
		require.Equal(t, http.StatusTooManyRequests, a.status)
		requireReason(t, a.failure(t), "REQUEST_TOO_LARGE")
	}
	squeezed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return b.String()
	}
	require.Equal(t, http.StatusOK, w.post(t, usage, squeezed(padded(60_000)), "Content-Encoding", "gzip").status)
	bomb := strings.Repeat(squeezed(strings.Repeat(" ", 1<<20)), 60) // gzip files may be joined
	require.Less(t, len(bomb), 64<<10+1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	a := w.post(t, usage, bomb, "Content-Encoding", "gzip")
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	requireReason(t, a.failure(t), "REQUEST_TOO_LARGE")
	require.Less(t, took, 5*time.Second)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<20), "of which other tests allocate as well")

	notGzip := w.post(t, usage, "not gzip at all", "Content-Encoding", "gzip")
	requireReason(t, notGzip.failure(t), "INVALID_ARGUMENT")
}

// TestMethodsAndTypes: POST only, and only what the protocols know.
func TestMethodsAndTypes(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	url := w.s.url + v1.UsageServiceGetUsageProcedure
	body := []byte(`{"apiKeyId":"` + w.key + `"}`)
	bearer := []string{"Authorization", "Bearer " + serviceToken}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		a := send(t, t.Context(), method, url+"?encoding=json&connect=v1&message=%7B%7D", body, append(bearer, "Content-Type", "application/json")...)
		require.Equal(t, http.StatusMethodNotAllowed, a.status, method)
		require.Equal(t, http.MethodPost, a.header.Get("Allow"))
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "application/grpc-web-text"} {
		a := send(t, t.Context(), http.MethodPost, url, body, append(bearer, "Content-Type", contentType)...)
		require.Equal(t, http.StatusUnsupportedMediaType, a.status, contentType)
	}
	require.Equal(t, http.StatusOK, send(t, t.Context(), http.MethodPost, url, body, append(bearer, "Content-Type", "application/json; charset=utf-8")...).status)
	unknown := w.post(t, "/satcap.v1.UsageService/Nothing", `{}`)
	require.Equal(t, http.StatusNotImplemented, unknown.status)
	requireReason(t, unknown.failure(t), "UNIMPLEMENTED")
	require.Equal(t, http.StatusNotFound, w.post(t, "/satcap.v1.NoService/Nothing", `{}`).status)
}
