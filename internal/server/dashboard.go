// The dashboard: the pages that were built into the program.

package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// contentPolicy lets the dashboard run its own script, call its own server, and
// nothing else; and no other page may frame it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDashboard serves each of the files under its name, and index.html at the
// root. There is no route for anything else: pages have their routes in the
// fragment, and an unknown path stays unknown.
func mountDashboard(mux *http.ServeMux, files fs.FS) {
	if files == nil {
		return
	}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		route := "GET /" + name
		if name == "index.html" {
			route = "GET /{$}"
		}
		mux.Handle(route, newPage(name, content))
		return nil
	})
	if err != nil {
		panic(err) // they are part of the program
	}
}

// mediaTypes are the kinds of files that there are. Not those of the machine,
// which may say something else.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// page is one file. Embedded files have no time of change, so browsers are told
// by the hash of the content whether what they have is still right.
type page struct {
	content         []byte
	mediaType, etag string
}

func newPage(name string, content []byte) *page {
	sum := sha256.Sum256(content)
	return &page{
		content: content, mediaType: mediaTypes[path.Ext(name)],
		etag: fmt.Sprintf("%q", base64.RawURLEncoding.EncodeToString(sum[:12])),
	}
}

func (p *page) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.mediaType)
	h.Set("Etag", p.etag)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(p.content))
}
