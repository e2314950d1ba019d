// The dashboard as a browser gets it.

package server_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/web"
)

func TestDashboard(t *testing.T) {
	r := start(t, settings(t))
	index, err := fs.ReadFile(web.Files(), "index.html")
	require.NoError(t, err)
	script, err := fs.ReadFile(web.Files(), "app.js")
	require.NoError(t, err)
	for path, want := range map[string]struct{ mediaType, content string }{
		"/": {"text/html; charset=utf-8", string(index)}, "/app.js": {"text/javascript; charset=utf-8", string(script)},
	} {
		res, body := get(t, http.DefaultClient, "http://"+r.Addr()+path)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, want.content, body)
		for name, value := range map[string]string{
			"Content-Type": want.mediaType, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			require.Equal(t, []string{value}, res.Header.Values(name), "%s of %s", name, path)
		}
		policy := res.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"} {
			require.Contains(t, policy, part)
		}
		require.NotContains(t, policy, "unsafe")

		again := r.send(t, http.MethodGet, path, "", map[string]string{"If-None-Match": res.Header.Get("Etag")})
		require.Equal(t, http.StatusNotModified, again.StatusCode)
		require.Empty(t, readAll(t, again))
		other := r.send(t, http.MethodGet, path, "", map[string]string{"If-None-Match": `"other"`})
		require.Equal(t, http.StatusOK, other.StatusCode)
		head := r.send(t, http.MethodHead, path, "", nil)
		require.Equal(t, http.StatusOK, head.StatusCode)
		require.Empty(t, readAll(t, head))
		require.Equal(t, http.StatusMethodNotAllowed, r.send(t, http.MethodPost, path, "{}", nil).StatusCode)
	}
	require.NotContains(t, string(index), "<script>", "the policy lets no script inside the page run")

	// What is not a file is not answered by the page.
	for _, path := range []string{"/index.html", "/keys", "/app.js/", "/src/main.tsx", "/satcap.v1.Other/Call", "/session"} {
		res := r.send(t, http.MethodGet, path, "", map[string]string{"Accept": "text/html"})
		require.NotEqual(t, http.StatusOK, res.StatusCode, path)
		require.False(t, strings.HasPrefix(res.Header.Get("Content-Type"), "text/html"), path)
	}
}

// TestDashboardCompressed: what the page weighs on the way is what its budget counts.
func TestDashboardCompressed(t *testing.T) {
	r := start(t, settings(t))
	script, err := fs.ReadFile(web.Files(), "app.js")
	require.NoError(t, err)
	for accept, packed := range map[string]bool{
		"gzip": true, "br, GZIP": true, "gzip, deflate, br, zstd": true, "": false, "identity": false, "gzip;q=0": false, "xgzip": false,
	} {
		// A client that names the coding itself is given the bytes as they came.
		res := r.send(t, http.MethodGet, "/app.js", "", map[string]string{"Accept-Encoding": accept})
		body := readAll(t, res)
		require.Equal(t, "Accept-Encoding", res.Header.Get("Vary"), accept)
		if !packed {
			require.Empty(t, res.Header.Get("Content-Encoding"), accept)
			require.Equal(t, string(script), body, accept)
			continue
		}
		require.Equal(t, "gzip", res.Header.Get("Content-Encoding"), accept)
		require.Less(t, len(body), 60<<10, accept)
		unpacked, err := gzip.NewReader(strings.NewReader(body))
		require.NoError(t, err)
		content, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		require.Equal(t, string(script), string(content), accept)
		again := r.send(t, http.MethodGet, "/app.js", "", map[string]string{"Accept-Encoding": accept, "If-None-Match": res.Header.Get("Etag")})
		require.Equal(t, http.StatusNotModified, again.StatusCode, accept)
		plain := r.send(t, http.MethodGet, "/app.js", "", map[string]string{"Accept-Encoding": "identity", "If-None-Match": res.Header.Get("Etag")})
		require.Equal(t, http.StatusOK, plain.StatusCode, "other bytes have another tag")
	}
}

// TestEmbedOrigin: only pages of the listed origins may show it in a frame.
func TestEmbedOrigin(t *testing.T) {
	cfg := settings(t)
	cfg.EmbedOrigins = []string{"https://shop.example.com", "https://admin.example.com"}
	res := start(t, cfg).send(t, http.MethodGet, "/", "", nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.True(t, strings.HasSuffix(res.Header.Get("Content-Security-Policy"), "; frame-ancestors https://shop.example.com https://admin.example.com"))
}
