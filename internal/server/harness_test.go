// What the tests share: a server in this process, on a port of its own, and
// clients of it. The tests of this package do not run side by side, so that one
// that leaves a goroutine behind is caught.

package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/server"
	"github.com/satcap/satcap/internal/telemetry"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

const (
	token = "test-token"
	// soon bounds every wait for something that happens by itself.
	soon = 15 * time.Second
	tick = 5 * time.Millisecond
)

// running is a server that serves.
type running struct {
	*server.Server
	t      testing.TB
	path   string // of the SQLite file
	log    *buffer
	stop   context.CancelFunc
	served chan error
	once   sync.Once
}

// settings are those of a server on a new SQLite file and a free port.
func settings(t testing.TB) config.Server {
	t.Helper()
	cfg := config.Defaults()
	cfg.Listen, cfg.DevToken = "127.0.0.1:0", token
	cfg.DB = "sqlite:" + filepath.Join(t.TempDir(), "satcap.db")
	return cfg
}

// start serves until the test ends, when Serve must return nil and leave no
// goroutine behind. edit may change the server before it serves.
func start(t testing.TB, cfg config.Server, edit ...func(*server.Server)) *running {
	t.Helper()
	requireNoLeak(t)
	return serveIt(t, cfg, server.New, edit...)
}

// serveIt serves what build makes.
func serveIt(t testing.TB, cfg config.Server, build func(context.Context, config.Server, *slog.Logger) (*server.Server, error), edit ...func(*server.Server)) *running {
	t.Helper()
	r := &running{t: t, log: &buffer{}, path: strings.TrimPrefix(cfg.DB, "sqlite:"), served: make(chan error, 1)}
	var err error
	r.Server, err = build(t.Context(), cfg, telemetry.NewLogger(r.log, slog.LevelDebug, "json"))
	require.NoError(t, err)
	for _, e := range edit {
		e(r.Server)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.served <- r.Serve(ctx) }()
	t.Cleanup(r.end)
	return r
}

// end stops the server and requires that it ends well.
func (r *running) end() {
	r.once.Do(func() {
		r.stop()
		select {
		case err := <-r.served:
			require.NoError(r.t, err)
		case <-time.After(soon):
			r.t.Error("Serve does not return")
		}
	})
}

// requireNoLeak compares the goroutines at the end of the test with those now.
func requireNoLeak(t testing.TB) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		for deadline := time.Now().Add(soon); goroutines() > before; time.Sleep(tick) {
			if time.Now().After(deadline) {
				t.Errorf("%d goroutines before, %d after", before, goroutines())
				_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
				return
			}
		}
	})
}

// goroutines counts all but those of expirable.LRU, which that library never
// ends: package auth has three such caches per server.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return runtime.NumGoroutine() - bytes.Count(stacks, []byte("created by github.com/hashicorp/golang-lru/v2/expirable.NewLRU"))
}

// buffer is a log that may be written and read at once.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// httpClient speaks HTTP/1.1 or, by prior knowledge, HTTP/2.
func httpClient(t testing.TB, http2 bool) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: soon}
}

// clients is the services of a server.
type clients struct {
	keys   satcapv1connect.ApiKeyServiceClient
	spends satcapv1connect.SpendServiceClient
}

// clients calls by gRPC over HTTP/2, or by JSON over HTTP/1.1.
func (r *running) clients(grpc bool, bearer string) clients {
	protocol := connecthttp.WithProtoJSON()
	if grpc {
		protocol = connecthttp.WithGRPC()
	}
	authorize := func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			ctx, info := connect.NewClientContext(ctx)
			info.RequestHeader().Set("Authorization", "Bearer "+bearer)
			return next(ctx, spec)
		}
	}
	c := connect.NewClient(connecthttp.NewTransport(httpClient(r.t, grpc), "http://"+r.Addr(), protocol), authorize)
	return clients{keys: satcapv1connect.NewApiKeyServiceClient(c), spends: satcapv1connect.NewSpendServiceClient(c)}
}

// newKey makes a key with a daily limit of 1,000 sats.
func (c clients) newKey(t *testing.T) string {
	t.Helper()
	res, err := c.keys.CreateApiKey(t.Context(), &satcapv1.CreateApiKeyRequest{
		Name: "key", Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ},
		Limits: []*satcapv1.CreateApiKeyLimit{{Window: satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, LimitSats: 1000}},
	})
	require.NoError(t, err)
	return res.GetApiKey().GetApiKeyId()
}

func (c clients) reserve(key, spend string) error {
	_, err := c.spends.ReserveSpend(context.Background(), &satcapv1.ReserveSpendRequest{ApiKeyId: key, SpendId: spend, AmountSats: 100})
	return err
}

// reason is the reason of an error that the server answered.
func reason(t *testing.T, err error) string {
	t.Helper()
	var raised *connect.Error
	require.ErrorAs(t, err, &raised)
	require.NotEmpty(t, raised.Details(), err)
	message, err := connectproto.UnmarshalErrorDetail(raised.Details()[0])
	require.NoError(t, err)
	return message.(*errdetails.ErrorInfo).GetReason()
}

// readyz is an answer of /readyz.
type readyz struct {
	Ready  bool
	Checks map[string]string
}

// askHandler asks a handler without any connection.
func askHandler(t *testing.T, h http.Handler) (status int, body readyz) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, body.Ready, w.Code == http.StatusOK)
	return w.Code, body
}

// get returns the answer to a GET.
func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := c.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

// refused says whether nobody listens at addr.
func refused(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

// secrets are what the server's API keys have.
const secrets apikey.Prefix = apikey.DefaultPrefix
