// Health over the wire, and readiness on a store that fails as the test wants.

package server_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/server"
	"github.com/satcap/satcap/internal/store"
)

// fakeStore answers the two questions that readiness asks.
type fakeStore struct {
	store.Store // nil: nothing else is asked
	schema      error
	clock       error
	skew        time.Duration
	hang        bool
	asked       atomic.Int64
}

// Follow hears nothing.
func (*fakeStore) Follow(ctx context.Context, _ func([]ledger.KeyID)) { <-ctx.Done() }

func (f *fakeStore) CheckSchema(ctx context.Context) error {
	f.asked.Add(1)
	if f.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.schema
}

func (f *fakeStore) ClockUs(ctx context.Context) (int64, error) {
	f.asked.Add(1)
	if f.hang {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return time.Now().Add(f.skew).UnixMicro(), f.clock
}

// onFake runs a test of /readyz in virtual time.
func onFake(t *testing.T, test func(t *testing.T, f *fakeStore, h http.Handler)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		e := engine.New(engine.Config{Store: f, Log: slog.New(slog.DiscardHandler), SweepEvery: -1})
		defer e.Close()
		test(t, f, server.NewReadyz(f, e))
	})
}

func TestReadyzSaysWhatIsWrong(t *testing.T) {
	secret := errors.New("pq: password hunter2 of postgres://db.internal")
	for name, c := range map[string]struct {
		edit func(*fakeStore)
		bad  []string
	}{
		"Well":         {func(*fakeStore) {}, nil},
		"Schema":       {func(f *fakeStore) { f.schema = errors.Join(store.ErrSchema, secret) }, []string{"schema"}},
		"NoClock":      {func(f *fakeStore) { f.clock = errors.Join(store.ErrUnavailable, secret) }, []string{"clock"}},
		"ClockAhead":   {func(f *fakeStore) { f.skew = 5*time.Second + time.Microsecond }, []string{"clock"}},
		"ClockBehind":  {func(f *fakeStore) { f.skew = -5*time.Second - time.Microsecond }, []string{"clock"}},
		"ClockJustOK":  {func(f *fakeStore) { f.skew = 5 * time.Second }, nil},
		"DatabaseGone": {func(f *fakeStore) { f.schema, f.clock = secret, secret }, []string{"schema", "clock"}},
	} {
		t.Run(name, func(t *testing.T) {
			onFake(t, func(t *testing.T, f *fakeStore, h http.Handler) {
				c.edit(f)
				status, body := askHandler(t, h)
				require.Equal(t, len(c.bad) == 0, status == http.StatusOK)
				require.Len(t, body.Checks, 4)
				for check, text := range body.Checks {
					bad := false
					for _, b := range c.bad {
						bad = bad || b == check
					}
					require.Equal(t, !bad, text == "ok", "%s: %s", check, text)
					require.NotContains(t, text, "hunter2")
					require.NotContains(t, text, "internal")
				}
			})
		})
	}
}

// TestReadyzIsCached: whoever may ask for health cannot ask the database as often.
func TestReadyzIsCached(t *testing.T) {
	onFake(t, func(t *testing.T, f *fakeStore, h http.Handler) {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { askHandler(t, h) })
		}
		all.Wait()
		require.EqualValues(t, 2, f.asked.Load(), "one question for the schema and one for the clock")

		f.schema = store.ErrSchema
		time.Sleep(time.Second - 1)
		status, _ := askHandler(t, h)
		require.Equal(t, http.StatusOK, status)
		require.EqualValues(t, 2, f.asked.Load())

		time.Sleep(time.Nanosecond)
		status, _ = askHandler(t, h)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.EqualValues(t, 4, f.asked.Load())

		// A bad answer is not kept for longer than a good one.
		f.schema = nil
		time.Sleep(time.Second)
		status, _ = askHandler(t, h)
		require.Equal(t, http.StatusOK, status)
	})
}

// TestReadyzDoesNotHang: a database that says nothing is not ready after 3 s.
func TestReadyzDoesNotHang(t *testing.T) {
	onFake(t, func(t *testing.T, f *fakeStore, h http.Handler) {
		f.hang = true
		began := time.Now()
		status, _ := askHandler(t, h)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestHealthOverTheWire(t *testing.T) {
	r := start(t, settings(t))
	for _, http2 := range []bool{false, true} {
		c := httpClient(t, http2)
		res, body := get(t, c, "http://"+r.Addr()+"/healthz")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.JSONEq(t, `{"alive":true}`, body)

		res, body = get(t, c, "http://"+r.Addr()+"/readyz")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.JSONEq(t, `{"ready":true,"checks":{"schema":"ok","clock":"ok","sums":"ok","keys":"ok"}}`, body)
		if http2 {
			require.Equal(t, 2, res.ProtoMajor)
		}
	}
	res, err := httpClient(t, false).Post("http://"+r.Addr()+"/readyz", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
}

// TestGRPCHealth asks by the client that load balancers use.
func TestGRPCHealth(t *testing.T) {
	r := start(t, settings(t))
	health := grpc_health_v1.NewHealthClient(r.dial(t))
	for _, service := range []string{"", "satcap.v1.ApiKeyService", "satcap.v1.AuthService", "satcap.v1.LimitService", "satcap.v1.UsageService", "satcap.v1.SpendService"} {
		res, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		require.NoError(t, err, service)
		require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, res.GetStatus(), service)
	}
	for _, service := range []string{"satcap.v1.NoService", "satcap.v1", "spendservice", "/satcap.v1.SpendService/ReserveSpend"} {
		_, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		require.Equal(t, codes.NotFound, status.Code(err), service)
	}
	watch, err := health.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	_, err = watch.Recv()
	require.Equal(t, codes.Unimplemented, status.Code(err), "clients give up watching on this code only")
}

// dial connects as gRPC clients do.
func (r *running) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(r.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}
