// What the tests see of the inside.

package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// NewAt is New on SQLite, with a clock.
func NewAt(ctx context.Context, cfg config.Server, log *slog.Logger, now func() time.Time) (*Server, error) {
	open := func(ctx context.Context, db config.DB) (store.Store, error) {
		return sqlite.Open(ctx, db.SQLitePath, sqlite.WithClock(func() int64 { return now().UnixMicro() }))
	}
	return build(ctx, cfg, log, open, now)
}

// HTTP is the server that answers. Change it only before Serve.
func (s *Server) HTTP() *http.Server { return s.http }

// BlinkHTTP is the server that answers at the Blink port, or nil. Change it only
// before Serve.
func (s *Server) BlinkHTTP() *http.Server { return s.blink.http }

// NewReadyz is /readyz of a server on this store and engine.
func NewReadyz(s store.Store, e *engine.Engine) http.HandlerFunc {
	return (&readiness{store: s, engine: e}).serveReadyz
}

// Store is where the server keeps everything.
func (s *Server) Store() store.Store { return s.store }
