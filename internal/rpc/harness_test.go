// What the tests share: a real server on a real database with a clock that the
// test sets, listening on a port of its own as internal/server does.

package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/rpc"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

const (
	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour
	maxSat = int64(2_100_000_000_000_000)
)

// start is when every scenario begins: the moment of the design's example,
// minus a day, plus half a second.
var start = time.Date(2026, 11, 23, 14, 5, 10, 500_000_000, time.UTC).UnixMicro()

// databases open an empty store of each kind.
var databases = map[string]func(t *testing.T, clockUs func() int64) store.Store{
	"sqlite": func(t *testing.T, clockUs func() int64) store.Store {
		path := filepath.Join(memoryDir(t), "satcap.db")
		migrated, err := migratedSQLite()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, migrated, 0o600))
		s, err := sqlite.Open(t.Context(), path, sqlite.WithClock(clockUs))
		require.NoError(t, err)
		_, err = s.Migrate(t.Context())
		require.NoError(t, err)
		return s
	},
	"postgres": func(t *testing.T, clockUs func() int64) store.Store {
		s, err := postgres.Open(t.Context(), pgtest.Clone(t, migratePostgres), postgres.WithClock(clockUs))
		require.NoError(t, err)
		return s
	},
}

// migratedSQLite is an empty database file with the schema.
var migratedSQLite = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "satcap-rpc-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "satcap.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	_, err = s.Migrate(context.Background())
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// memoryDir is a folder in memory where there is one: these tests make many
// databases and none of them is about the disk.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "satcap-rpc-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func migratePostgres(url string) error {
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
}

// server is a server under test.
type server struct {
	url    string
	clock  *atomic.Int64 // microseconds; the database's clock and the server's
	store  store.Store
	engine *engine.Engine
	logs   *logBuffer
	skew   atomic.Int64 // how far the server's clock is ahead, in microseconds
	// real judges what is no token of these tests.
	real *auth.Callers
	// closeKeys writes down when keys were last seen, and does nothing after the
	// first time.
	closeKeys func()
	// failures is the clock of failed attempts, in seconds. It leaps ahead with
	// every look at it, so that no test is refused for the failures of others,
	// unless it is held.
	failures     atomic.Int64
	failuresHeld atomic.Bool
	// connection, if not nil, changes requests before anything reads them, as if
	// they came over another connection.
	connection atomic.Pointer[func(*http.Request)]
}

func (s *server) failuresNow() time.Time {
	if !s.failuresHeld.Load() {
		s.failures.Add(3600)
	}
	return time.Unix(s.failures.Load(), 0)
}

// newServer serves on a store of its own until the test ends. wrap, if not nil,
// may put something in front of the store.
func newServer(t *testing.T, database string, wrap func(store.Store) store.Store, edit ...func(*engine.Config)) *server {
	t.Helper()
	s := &server{clock: &atomic.Int64{}, logs: &logBuffer{}}
	s.clock.Store(start)
	s.store = databases[database](t, s.clock.Load)
	t.Cleanup(func() { require.NoError(t, s.store.Close()) })
	cfg := engine.Config{
		Store: s.store, Log: slog.New(slog.DiscardHandler), SweepEvery: -1,
		Now: func() time.Time { return time.UnixMicro(s.clock.Load() + s.skew.Load()) },
	}
	if wrap != nil {
		cfg.Store = wrap(s.store)
	}
	for _, e := range edit {
		e(&cfg)
	}
	s.engine = engine.New(cfg)
	t.Cleanup(s.engine.Close)
	log := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys := auth.NewKeys(cfg.Store, apikey.Prefix(apikey.DefaultPrefix), log)
	s.closeKeys = sync.OnceFunc(keys.Close)
	t.Cleanup(s.closeKeys)
	s.real = &auth.Callers{Keys: keys, Tokens: auth.NewTokens(cfg.Store)}
	services := rpc.NewServer(rpc.Config{
		Engine: s.engine, Authenticator: callers{s.real}, Keys: keys, Failures: auth.NewFailures(s.failuresNow), Log: log,
		SecretPrefix: apikey.DefaultPrefix, HoldTTL: 24 * time.Hour,
	})
	mux := http.NewServeMux()
	rpc.Mount(mux, services)
	handler := rpc.WithConnection(mux, trustedProxies, "X-API-KEY")
	s.url = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if change := s.connection.Load(); change != nil {
			(*change)(r)
		}
		handler.ServeHTTP(w, r)
	}))
	return s
}

// trustedProxies is not this machine: the tests' own X-Forwarded-For counts for
// nothing unless the connection is changed.
var trustedProxies = auth.Proxies{netip.MustParsePrefix("10.0.0.0/8")}

// serve answers on a free port by HTTP/1.1 and by HTTP/2 without TLS.
func serve(t *testing.T, handler http.Handler) (url string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	h := &http.Server{Handler: handler, Protocols: &protocols, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, h.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return "http://" + listener.Addr().String()
}

// callers reads who is calling from the token: "owner:SUBJECT", "key:ID:SUBJECT"
// or "service". Everything else is judged for real.
type callers struct{ real *auth.Callers }

const serviceToken = "service:only-the-core-api-knows"

const (
	owner   = auth.OwnerReads | auth.OwnerWrites
	service = auth.ServiceSpends | auth.ServiceReads | auth.ServiceVerifies
)

func ownerToken(subject string) string { return "owner:" + subject }

func (c callers) Authenticate(ctx context.Context, sent auth.Credentials) (auth.Caller, error) {
	token, ok := strings.CutPrefix(sent.Authorization, "Bearer ")
	if !ok || sent.APIKey != "" {
		return c.real.Authenticate(ctx, sent)
	}
	kind, rest, _ := strings.Cut(token, ":")
	switch kind {
	case "owner":
		return auth.Caller{Kinds: owner, Subject: rest, Authentication: "test token"}, nil
	}
	if token == serviceToken {
		return auth.Caller{Kinds: service, Authentication: "service token"}, nil
	}
	return c.real.Authenticate(ctx, sent)
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is all that was logged.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// records are the records with the message.
func (b *logBuffer) records(t *testing.T, message string) (out []map[string]any) {
	t.Helper()
	for line := range strings.Lines(b.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		if record["msg"] == message {
			out = append(out, record)
		}
	}
	return out
}
