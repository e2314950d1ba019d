// Runs against a real server in this process, on SQLite, by every protocol.

package loadgen_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/loadgen"
	"github.com/satcap/satcap/internal/server"
)

const token = "test-token"

var protocols = []loadgen.Protocol{loadgen.GRPC, loadgen.GRPCWeb, loadgen.JSON}

// start serves until the test ends, and returns the URL.
func start(t *testing.T) string {
	t.Helper()
	cfg := config.Defaults()
	cfg.Listen, cfg.DevToken, cfg.DB = "127.0.0.1:0", token, "sqlite:"+filepath.Join(t.TempDir(), "satcap.db")
	s, err := server.New(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-served) })
	return "http://" + s.Addr()
}

// client calls url as the owner that is the platform too.
func client(url string) *connect.Client {
	return connect.NewClient(connecthttp.NewTransport(http.DefaultClient, url), func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			ctx, info := connect.NewClientContext(ctx)
			info.RequestHeader().Set("Authorization", "Bearer "+token)
			return next(ctx, spec)
		}
	})
}

// short is a short run with every operation.
func short(t *testing.T, url string, protocol loadgen.Protocol) loadgen.Config {
	t.Helper()
	mix, err := loadgen.ParseMix("reserve=50,settle=30,release=10,check=10,usage=10,verify=10")
	require.NoError(t, err)
	return loadgen.Config{
		URL: url, Token: token, Owner: satcapv1connect.NewApiKeyServiceClient(client(url)), Protocol: protocol,
		Connections: 2, Concurrency: 8, Keys: 3, HotShare: 0.5, Mix: mix, Duration: 500 * time.Millisecond, AmountSats: 7, Timeout: 10 * time.Second,
	}
}

// run ends cfg's run after so many calls.
func run(t *testing.T, cfg loadgen.Config, calls int64) *loadgen.Report {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	cfg.EndAfter(calls, end)
	rep, err := loadgen.Run(ctx, cfg)
	require.NoError(t, err)
	require.GreaterOrEqual(t, rep.Total.Count, calls)
	require.True(t, rep.Interrupted)
	return rep
}

// keys is the states of all keys, by name.
func keys(t *testing.T, url string) map[string]*satcapv1.ApiKey {
	t.Helper()
	res, err := satcapv1connect.NewApiKeyServiceClient(client(url)).ListApiKeys(t.Context(), &satcapv1.ListApiKeysRequest{})
	require.NoError(t, err)
	byName := make(map[string]*satcapv1.ApiKey)
	for _, k := range res.GetApiKeys() {
		require.NotContains(t, byName, k.GetName())
		byName[k.GetName()] = k
	}
	return byName
}

// TestRun: what the report counts is what the server has booked, and the keys are
// revoked.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			url := start(t)
			rep := run(t, short(t, url, protocol), 300)
			require.Zero(t, rep.Total.ErrorCount, "%v", rep.Total.Errors)
			require.Zero(t, rep.Total.RefusalCount)
			require.Len(t, rep.Operations, 6)
			settled := int64(0)
			for _, line := range rep.Operations {
				require.Positive(t, line.Count, line.Operation)
				require.Positive(t, line.P50Us, line.Operation)
				require.GreaterOrEqual(t, line.MaxUs, line.P999Us)
				if line.Operation == "settle" {
					settled = line.Count
				}
			}
			byName := keys(t, url)
			require.Len(t, byName, 3)
			spent, held := int64(0), int64(0)
			for _, name := range []string{"bench-0001", "bench-0002", "bench-0003"} {
				k := byName[name]
				require.Equal(t, satcapv1.ApiKey_STATE_REVOKED, k.GetState())
				require.Len(t, k.GetUsage(), 4)
				for _, u := range k.GetUsage() {
					require.EqualValues(t, loadgen.MaxSats, u.GetLimitSats())
				}
				spent += k.GetUsage()[0].GetSpentSats()
				held += k.GetUsage()[0].GetHeldSats()
			}
			require.Equal(t, 7*settled, spent)
			require.Equal(t, 7*rep.OpenHoldCount, held)
		})
	}
}

// TestKeptKeys: keys that were kept are used again, and not revoked by a run that
// did not make them; the ones that it made are.
func TestKeptKeys(t *testing.T) {
	t.Parallel()
	url := start(t)
	cfg := short(t, url, loadgen.GRPC)
	cfg.KeepKeys = true
	run(t, cfg, 20)
	before := keys(t, url)
	cfg.KeepKeys, cfg.Keys = false, 4
	rep := run(t, cfg, 100)
	require.Zero(t, rep.Total.ErrorCount, "%v", rep.Total.Errors)
	after := keys(t, url)
	require.Len(t, after, 4)
	for name, k := range before {
		require.Equal(t, k.GetApiKeyId(), after[name].GetApiKeyId())
		require.Equal(t, satcapv1.ApiKey_STATE_ACTIVE, after[name].GetState())
	}
	require.Equal(t, satcapv1.ApiKey_STATE_REVOKED, after["bench-0004"].GetState())
}

// TestReasons: refusals and errors carry the server's reasons, by every protocol.
func TestReasons(t *testing.T) {
	t.Parallel()
	url := start(t)
	owner := satcapv1connect.NewApiKeyServiceClient(client(url))
	res, err := owner.CreateApiKey(t.Context(), &satcapv1.CreateApiKeyRequest{
		Name: "small", Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE},
		Limits: []*satcapv1.CreateApiKeyLimit{{Window: satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, LimitSats: 1}},
	})
	require.NoError(t, err)
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			cfg := short(t, url, protocol)
			cfg.KeyIDs = []string{res.GetApiKey().GetApiKeyId(), uuid.NewString()}
			cfg.Mix, err = loadgen.ParseMix("reserve=1")
			require.NoError(t, err)
			rep := run(t, cfg, 50)
			require.Positive(t, rep.Total.RefusalCount)
			require.Positive(t, rep.Total.Errors["API_KEY_NOT_FOUND"])
			require.Equal(t, rep.Total.Count, rep.Total.RefusalCount+rep.Total.Errors["API_KEY_NOT_FOUND"])
			require.Zero(t, rep.OpenHoldCount)

			cfg.Token = "wrong"
			rep = run(t, cfg, 1)
			require.Positive(t, rep.Total.Errors["UNAUTHENTICATED"], "%v", rep.Total.Errors)
		})
	}
	require.Equal(t, satcapv1.ApiKey_STATE_ACTIVE, keys(t, url)["small"].GetState())
}

// TestConnections: as many TCP connections as were asked for, and no call asks for
// a compressed answer.
func TestConnections(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			var opened atomic.Int64
			srv := connect.NewServer()
			satcapv1connect.RegisterSpendServiceHandler(srv, satcapv1connect.UnimplementedSpendServiceHandler{})
			mux := http.NewServeMux()
			connecthttp.Mount(mux, srv)
			var both http.Protocols
			both.SetHTTP1(true)
			both.SetUnencryptedHTTP2(true)
			plain := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.Header.Get("Accept-Encoding")+r.Header.Get("Grpc-Accept-Encoding"), "gzip") {
					t.Errorf("it asks for compression: %v", r.Header)
				}
				mux.ServeHTTP(w, r)
			})
			web := &http.Server{Handler: plain, Protocols: &both, ConnState: func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			go web.Serve(listener)
			defer web.Close()
			cfg := short(t, "http://"+listener.Addr().String(), protocol)
			cfg.KeyIDs, cfg.HotShare, cfg.Connections, cfg.Concurrency = []string{uuid.NewString()}, 0, 3, 16
			cfg.Mix, err = loadgen.ParseMix("reserve=1")
			require.NoError(t, err)
			rep := run(t, cfg, 100)
			// net/http gives a connection up when writing a request took longer than its
			// answer did, so on a busy machine there may be one more, but not one per caller.
			require.GreaterOrEqual(t, opened.Load(), int64(3))
			require.Less(t, opened.Load(), int64(cfg.Concurrency))
			require.Equal(t, map[string]int64{"unimplemented": rep.Total.Count}, rep.Total.Errors)
		})
	}
}

// TestUnreachable: nothing to report without keys, and an error that says why.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	rep, err := loadgen.Run(t.Context(), short(t, url, loadgen.GRPC))
	require.Nil(t, rep)
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))
	for _, protocol := range protocols {
		cfg := short(t, url, protocol)
		cfg.KeyIDs, cfg.Duration = []string{uuid.NewString()}, 100*time.Millisecond
		cfg.HotShare, cfg.RatePerSecond = 0, 100
		cfg.Mix, err = loadgen.ParseMix("check=1")
		require.NoError(t, err)
		rep, err := loadgen.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"unavailable": 10}, rep.Total.Errors)
	}
}
