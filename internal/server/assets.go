// The files of the dashboard.

package server

import (
	"bytes"
	"compress/gzip"
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
		plain, packed := newAsset(content), newAsset(pack(content))
		pattern := "GET /" + name // and HEAD
		if name == "index.html" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Type", kind)
			h.Set("Vary", "Accept-Encoding")
			sent := plain
			if takesGzip(r) {
				sent = packed
				h.Set("Content-Encoding", "gzip")
			}
			h.Set("ETag", sent.tag)
			h.Set("Cache-Control", "no-cache") // the names stay when the content changes
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sent.content))
		})
		return nil
	})
}

// asset is a file as it is sent, with the tag of exactly these bytes.
type asset struct {
	content []byte
	tag     string
}

func newAsset(content []byte) asset {
	sum := sha256.Sum256(content)
	return asset{content, `"` + hex.EncodeToString(sum[:16]) + `"`}
}

// pack compresses a file, once for as long as the program runs.
func pack(content []byte) []byte {
	var to bytes.Buffer
	w, err := gzip.NewWriterLevel(&to, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return to.Bytes()
}

// takesGzip says whether the client takes gzip. One that gives it any weight but
// the default, as no browser does, is sent the file as it is.
func takesGzip(r *http.Request) bool {
	for _, list := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				return true
			}
		}
	}
	return false
}
