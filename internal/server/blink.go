// The port for Blink's core API, which proves nothing about itself.

package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/satcap/satcap/internal/rpc"
)

// blinkPort is a second port, without TLS and without credentials, that serves
// one contract and the health check. The zero value is no port.
type blinkPort struct {
	http     *http.Server
	listener net.Listener
}

// listenForBlink opens the port if there is to be one.
func (s *Server) listenForBlink(ctx context.Context) error {
	if s.cfg.BlinkListen == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.BlinkListen)
	if err != nil {
		return fmt.Errorf("--blink-listen: %w", err)
	}
	s.blink.listener = listener
	return nil
}

// blinkHandler routes what is served there. There is no reflection, no path for
// probes by HTTP, and nothing for pages: a browser names the origin of the page
// with every POST, and one in a private network must not be made to spend by a
// page from elsewhere.
func (s *Server) blinkHandler() http.Handler {
	services := rpc.NewBlinkServer(rpc.Config{Engine: s.engine, Log: s.log, HoldTTL: s.cfg.HoldTTL})
	open := connect.NewServer()
	registerHealth(open, serviceNames(services), s.ready)
	mux := http.NewServeMux()
	rpc.Mount(mux, services)
	connecthttp.Mount(mux, open, connecthttp.WithReadMaxBytes(rpc.MaxRequestBytes))
	bounded := boundBodies(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		bounded.ServeHTTP(w, r)
	})
}

// BlinkAddr is the address of the port for Blink's core API; empty: there is none.
func (s *Server) BlinkAddr() string {
	if s.blink.listener == nil {
		return ""
	}
	return s.blink.listener.Addr().String()
}

// newHTTP is a server with the bounds that every port has.
func newHTTP(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: withRoom(handler), Protocols: protocols(),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
