// What the tests see of the inside.

package server

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// NewAt is New on SQLite, with a clock.
func NewAt(ctx context.Context, cfg config.Server, log *slog.Logger, now func() time.Time) (*Server, error) {
	open := func(ctx context.Context, db config.DB, _ *slog.Logger) (store.Store, error) {
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

// SealLogin is the cookie of a login that began with a state, sealed with a key.
func SealLogin(key, state string, expires time.Time) (string, error) {
	raw, err := config.Server{SessionKey: key}.SessionKeyBytes()
	if err != nil {
		return "", err
	}
	return auth.NewSeal(raw).Close(loginCookie, loginState{State: state, Nonce: "n", Verifier: "v", Expires: expires.Unix()})
}

// OIDCClock stops the clock by which the provider is asked again. Call it only
// before Serve. What it returns moves it.
func (s *Server) OIDCClock() (advance func(time.Duration)) {
	var nowNs atomic.Int64
	nowNs.Store(time.Now().UnixNano())
	s.sessions.oidc.provider.now = func() time.Time { return time.Unix(0, nowNs.Load()) }
	return func(d time.Duration) { nowNs.Add(int64(d)) }
}
