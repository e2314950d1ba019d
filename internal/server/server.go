// Package server puts a satcap server together: the database, the engine, the
// services, and one port for gRPC, gRPC-Web and JSON; and if it is wanted, another
// one for Blink's core API.
package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/rpc"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/web"
)

// Bounds on what a client may keep busy without saying anything.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	// writeTimeout bounds an answer that its client does not take.
	writeTimeout   = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
	maxStreams     = 250
	// aroundMessage is what a request may have around its message: an envelope.
	aroundMessage = 1 << 10
)

// boundBodies bounds what is read of a request as it is sent: a message of the
// largest size, and the few bytes around it.
func boundBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bounded := *r
		bounded.Body = http.MaxBytesReader(w, r.Body, int64(rpc.ReadMaxBytes(r.URL.Path)+aroundMessage))
		next.ServeHTTP(w, &bounded)
	})
}

// Server is a server that is ready to serve.
type Server struct {
	cfg      config.Server
	log      *slog.Logger
	store    store.Store
	engine   *engine.Engine
	ready    *readiness
	http     *http.Server
	listener net.Listener
	blink    blinkPort
	callers  *callers
	sessions *sessions
}

// New opens the database, brings its schema up to date, and listens.
func New(ctx context.Context, cfg config.Server, log *slog.Logger) (*Server, error) {
	return build(ctx, cfg, log, openStore, time.Now)
}

// build is New with what tests replace: how the database is opened, and the
// clock that the database's is held against.
func build(ctx context.Context, cfg config.Server, log *slog.Logger,
	openStore func(context.Context, config.DB, *slog.Logger) (store.Store, error), now func() time.Time,
) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	db, err := config.ParseDB(cfg.DB)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(db.SQLitePath); db.SQLitePath != "" && errors.Is(err, os.ErrNotExist) && !configured(cfg) {
		// A file that is not there holds no token: refuse before it is made.
		if err := cfg.CheckDevelopment(); err != nil {
			return nil, err
		}
	}
	s := &Server{cfg: cfg, log: log}
	if s.store, err = openStore(ctx, db, log); err != nil {
		return nil, err
	}
	version, err := s.store.Migrate(ctx)
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	if s.callers, err = newCallers(ctx, cfg, s.store, s.store, log); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	if s.listener, err = listen(ctx, cfg); err != nil {
		s.callers.Close()
		return nil, errors.Join(err, s.store.Close())
	}
	if err := s.listenForBlink(ctx); err != nil {
		s.callers.Close()
		return nil, errors.Join(err, s.listener.Close(), s.store.Close())
	}
	s.engine = engine.New(engine.Config{Store: s.store, Log: log, Shards: shards(db), Now: now})
	s.ready = &readiness{store: s.store, engine: s.engine, keySet: s.callers.keySet}
	s.sessions = newSessions(cfg, s.callers, s.callers.seal, log)
	s.http = newHTTP(s.handler(), log)
	if s.blink.listener != nil {
		s.blink.http = newHTTP(s.blinkHandler(), log)
		log.Warn("whoever reaches the Blink port may spend: keep it in a private network", "blink_listen", s.BlinkAddr())
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
	if cfg.TLSClientCA != "" {
		pem, err := os.ReadFile(cfg.TLSClientCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-client-ca: %w", err)
		}
		tlsConfig.ClientCAs = x509.NewCertPool()
		if !tlsConfig.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("--tls-client-ca: the file holds no certificate in PEM")
		}
		// Callers of other kinds have none; one that is sent must be right.
		tlsConfig.ClientAuth = tls.VerifyClientCertIfGiven
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if tlsConfig != nil {
		return tls.NewListener(listener, tlsConfig), nil
	}
	return gatherListener{listener}, nil
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
	c := s.callers
	services := rpc.NewServer(rpc.Config{
		Engine: s.engine, Authenticator: c, Keys: c.Keys, Failures: c.failures, Log: s.log,
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
	s.sessions.mount(mux)
	if err := mountAssets(mux, web.Files(), s.cfg.EmbedOrigins); err != nil {
		panic(err) // they are part of the program
	}
	check := &authCheck{keys: c.Keys, failures: c.failures, proxies: c.proxies, header: s.cfg.APIKeyHeader, log: s.log}
	own := sameOrigin(s.cfg.APIKeyHeader, s.sessions.takeBack(s.cfg.APIKeyHeader, boundBodies(mux)))
	return check.before(crossOrigin(s.cfg.CORSOrigins, s.cfg.APIKeyHeader, rpc.WithConnection(own, c.proxies, s.cfg.APIKeyHeader)))
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
	mode := ""
	if s.callers.development {
		mode = " (development mode: this machine only)"
	}
	fmt.Fprintf(w, "satcap listens on %s://%s%s\n", scheme, s.Addr(), mode)
	if s.callers.madeToken != "" {
		fmt.Fprintf(w, "token for this run: %s\n", s.callers.madeToken)
	}
	if s.callers.development {
		fmt.Fprintf(w, "sign in to the dashboard, once: %s://%s/#code=%s\n", scheme, s.Addr(), s.sessions.codes.issue())
	}
	if addr := s.BlinkAddr(); addr != "" {
		fmt.Fprintf(w, "Blink's contract is on http://%s without credentials: whoever reaches it may spend\n", addr)
	}
}

// Serve answers calls until ctx ends, then finishes those in progress and gives
// everything back.
func (s *Server) Serve(ctx context.Context) error {
	ports := map[*http.Server]net.Listener{s.http: s.listener}
	if s.blink.http != nil {
		ports[s.blink.http] = s.blink.listener
	}
	served := make(chan error, len(ports))
	for port, listener := range ports {
		go func() { served <- port.Serve(listener) }()
	}
	var failed error
	select {
	case failed = <-served:
	case <-ctx.Done():
		s.log.Info("shutting down", "timeout", s.cfg.ShutdownTimeout)
	}
	s.ready.draining.Store(true)
	s.engine.EndWatches() // streams would otherwise last longer than the drain
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownTimeout)
	defer cancel()
	// All ports at once: none takes new calls while another one is finishing its.
	ended := make(chan error, len(ports))
	for port := range ports {
		go func() { ended <- s.shutDown(drain, port) }()
	}
	var err error
	for range ports {
		err = errors.Join(err, <-ended)
	}
	s.callers.Close()
	s.sessions.Close()
	s.engine.Close()
	if errors.Is(failed, http.ErrServerClosed) {
		failed = nil
	}
	return errors.Join(failed, err, s.store.Close())
}

// shutDown finishes the calls in progress at a port, and cuts off those that are
// still there when drain ends.
func (s *Server) shutDown(drain context.Context, port *http.Server) error {
	err := port.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("calls in progress were cut off")
		err = port.Close()
	}
	return err
}
