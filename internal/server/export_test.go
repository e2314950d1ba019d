// What the tests see of the inside.

package server

import (
	"net/http"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/store"
)

// HTTP is the server that answers. Change it only before Serve.
func (s *Server) HTTP() *http.Server { return s.http }

// BlinkHTTP is the server that answers at the Blink port, or nil. Change it only
// before Serve.
func (s *Server) BlinkHTTP() *http.Server { return s.blink.http }

// NewReadyz is /readyz of a server on this store and engine.
func NewReadyz(s store.Store, e *engine.Engine) http.HandlerFunc {
	return (&readiness{store: s, engine: e}).serveReadyz
}
