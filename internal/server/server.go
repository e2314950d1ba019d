// Package server puts a satcap server together: the database, the engine, the
// services, and one port for gRPC, gRPC-Web and JSON.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/rpc"
	"github.com/satcap/satcap/internal/store"
)

// Bounds on what a client may keep busy without saying anything.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// Server is a server that is ready to serve.
type Server struct {
	cfg      config.Server
	log      *slog.Logger
	store    store.Store
	engine   *engine.Engine
	ready    *readiness
	http     *http.Server
	listener net.Listener
	// madeToken is the development token if this server made it.
	madeToken string
}

// New opens the database, brings its schema up to date, and listens.
func New(ctx context.Context, cfg config.Server, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	db, err := config.ParseDB(cfg.DB)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: log}
	if s.store, err = OpenStore(ctx, db); err != nil {
		return nil, err
	}
	version, err := s.store.Migrate(ctx)
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	if s.listener, err = listen(ctx, cfg); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.engine = engine.New(engine.Config{Store: s.store, Log: log, Shards: shards(db)})
	s.ready = &readiness{store: s.store, engine: s.engine}
	s.http = &http.Server{
		Handler: s.handler(), Protocols: protocols(),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("ready", "listen", s.Addr(), "tls", cfg.TLSCert != "", "schema", version)
	return s, nil
}

// listen opens the port, with TLS if there is a certificate.
func listen(ctx context.Context, cfg config.Server) (net.Listener, error) {
	var tlsConfig *tls.Config
	if cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		tlsConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if tlsConfig != nil {
		listener = tls.NewListener(listener, tlsConfig)
	}
	return listener, nil
}

// protocols are HTTP/1.1 and HTTP/2, the latter without TLS too: gRPC clients
// speak it by prior knowledge.
func protocols() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return &p
}

// handler routes: the services behind authentication; health and the schema,
// which tell nothing about anybody, in front of it.
func (s *Server) handler() http.Handler {
	token := s.cfg.DevToken
	if token == "" {
		token = auth.NewDevelopmentToken()
		s.madeToken = token
	}
	services := rpc.NewServer(rpc.Config{
		Engine: s.engine, Authenticator: auth.NewDevelopment(token), Log: s.log,
		SecretPrefix: apikey.Prefix(s.cfg.SecretPrefix), HoldTTL: s.cfg.HoldTTL,
	})
	names := serviceNames(services)
	open := connect.NewServer()
	registerHealth(open, names, s.ready)
	grpcreflect.Register(open, grpcreflect.WithNamer(grpcreflect.NamerFunc(func() []string { return names })))

	mux := http.NewServeMux()
	rpc.Mount(mux, services)
	connecthttp.Mount(mux, open, connecthttp.WithReadMaxBytes(rpc.MaxRequestBytes))
	mux.HandleFunc("GET /healthz", serveHealthz)
	mux.HandleFunc("GET /readyz", s.ready.serveReadyz)
	return mux
}

// serviceNames are the services of a server, as the .proto files name them.
func serviceNames(server *connect.Server) []string {
	var names []string
	for spec := range server.Specs() {
		name, _, _ := strings.Cut(strings.TrimPrefix(spec.Procedure, "/"), "/")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Addr is the address that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Announce tells a person how to reach the server. The token that the server
// made for itself is shown here and nowhere else.
func (s *Server) Announce(w io.Writer) {
	scheme := "http"
	if s.cfg.TLSCert != "" {
		scheme = "https"
	}
	fmt.Fprintf(w, "satcap listens on %s://%s (development mode: this machine only)\n", scheme, s.Addr())
	if s.madeToken != "" {
		fmt.Fprintf(w, "token for this run: %s\n", s.madeToken)
	}
}

// Serve answers calls until ctx ends, then finishes those in progress and gives
// everything back.
func (s *Server) Serve(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	var failed error
	select {
	case failed = <-served:
	case <-ctx.Done():
		s.log.Info("shutting down", "timeout", s.cfg.ShutdownTimeout)
	}
	s.ready.draining.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("calls in progress were cut off")
		err = s.http.Close()
	}
	s.engine.Close()
	if errors.Is(failed, http.ErrServerClosed) {
		failed = nil
	}
	return errors.Join(failed, err, s.store.Close())
}
