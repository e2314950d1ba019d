// The files of the dashboard.

package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// assetTypes are given here and not by the machine's table, which may differ.
var assetTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// contentPolicy lets the page load what this server serves and nothing else.
func contentPolicy(embedOrigins []string) string {
	ancestors := "'none'"
	if len(embedOrigins) > 0 {
		ancestors = strings.Join(embedOrigins, " ")
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

// mountAssets serves the files by their names, and index.html at / alone: what
// is no file stays what it was, an error without a page.
func mountAssets(mux *http.ServeMux, files fs.FS, embedOrigins []string) error {
	if files == nil {
		return nil
	}
	policy := contentPolicy(embedOrigins)
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		kind, known := assetTypes[path.Ext(name)]
		if err != nil || entry.IsDir() || !known {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		tag := `"` + hex.EncodeToString(sum[:16]) + `"`
		pattern := "GET /" + name // and HEAD
		if name == "index.html" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Type", kind)
			h.Set("ETag", tag)
			h.Set("Cache-Control", "no-cache") // the names stay when the content changes
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		})
		return nil
	})
}
