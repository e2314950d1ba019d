// The port for Blink's core API: one contract, without credentials, and nothing
// else; and the same contract at the main port, where it needs them.

package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	apikeysv1 "github.com/satcap/satcap/gen/services/api_keys/v1"
	"github.com/satcap/satcap/gen/services/api_keys/v1/apikeysv1connect"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
)

const lockPath = "/services.api_keys.v1.ApiKeysService/CheckAndLockSpending"

// blinkSettings have the port for Blink's core API.
func blinkSettings(t *testing.T) config.Server {
	t.Helper()
	cfg := settings(t)
	cfg.BlinkListen = "127.0.0.1:0"
	return cfg
}

// blinkProtocols are what may be spoken there.
var blinkProtocols = map[string]struct {
	http2  bool
	option connecthttp.Option
}{"gRPC": {true, connecthttp.WithGRPC()}, "gRPCWeb": {false, connecthttp.WithGRPCWeb()}, "JSON": {false, connecthttp.WithProtoJSON()}}

// blinkClient calls the contract at addr, with a token if there is one.
func blinkClient(t *testing.T, addr, protocol, bearer string) apikeysv1connect.ApiKeysServiceClient {
	t.Helper()
	authorize := func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			ctx, info := connect.NewClientContext(ctx)
			if bearer != "" {
				info.RequestHeader().Set("Authorization", "Bearer "+bearer)
			}
			return next(ctx, spec)
		}
	}
	p := blinkProtocols[protocol]
	c := connect.NewClient(connecthttp.NewTransport(httpClient(t, p.http2), "http://"+addr, p.option), authorize)
	return apikeysv1connect.NewApiKeysServiceClient(c)
}

func TestBlinkPort(t *testing.T) {
	r := start(t, blinkSettings(t))
	key := r.clients(false, token).newKey(t)
	for protocol := range blinkProtocols {
		for name, bearer := range map[string]string{"Bare": "", "WrongTokenIsNotLookedAt": "wrong"} {
			t.Run(protocol+name, func(t *testing.T) {
				c := blinkClient(t, r.BlinkAddr(), protocol, bearer)
				ctx := t.Context()
				check, err := c.CheckSpendingLimit(ctx, &apikeysv1.CheckSpendingLimitRequest{ApiKeyId: key, AmountSats: 1000})
				require.NoError(t, err)
				require.True(t, check.GetAllowed())
				_, err = c.CheckAndLockSpending(ctx, &apikeysv1.CheckAndLockSpendingRequest{ApiKeyId: key, AmountSats: 1001})
				require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err))
				require.ErrorContains(t, err, "daily spending limit exceeded")
				require.Equal(t, "SPENDING_LIMIT_EXCEEDED", reason(t, err))
				hold, err := c.CheckAndLockSpending(ctx, &apikeysv1.CheckAndLockSpendingRequest{ApiKeyId: key, AmountSats: 700})
				require.NoError(t, err)
				payment, ephemeral := protocol+name, hold.GetEphemeralId()
				_, err = c.RecordSpending(ctx, &apikeysv1.RecordSpendingRequest{ApiKeyId: key, AmountSats: 700, TransactionId: &payment, EphemeralId: &ephemeral})
				require.NoError(t, err)
				_, err = c.ReverseSpending(ctx, &apikeysv1.ReverseSpendingRequest{TransactionId: payment})
				require.NoError(t, err)
				summary, err := c.GetSpendingSummary(ctx, &apikeysv1.GetSpendingSummaryRequest{ApiKeyId: key})
				require.NoError(t, err)
				require.Equal(t, []int64{1000, 0, 1000}, []int64{summary.GetDailyLimitSats(), summary.GetDailySpentSats(), summary.GetRemainingDailySats()})
			})
		}
	}
	require.Contains(t, r.log.String(), "ApiKeysService/CheckAndLockSpending", "calls are recorded like others")
	require.Contains(t, r.log.String(), "private network")
	var announced bytes.Buffer
	r.Announce(&announced)
	require.Contains(t, announced.String(), "http://"+r.BlinkAddr()+" without credentials")
}

// TestBlinkAtTheMainPort: there it needs what everything needs.
func TestBlinkAtTheMainPort(t *testing.T) {
	cfg := blinkSettings(t)
	db, err := server.OpenStore(t.Context(), config.DB{SQLitePath: strings.TrimPrefix(cfg.DB, "sqlite:")})
	require.NoError(t, err)
	_, err = db.Migrate(t.Context())
	require.NoError(t, err)
	tokens := map[string]string{}
	for _, role := range []string{"spend", "usage", "verify"} {
		tokens[role], err = server.CreateToken(t.Context(), db, role, []string{role})
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	r := start(t, cfg)
	for protocol := range blinkProtocols {
		for bearer, want := range map[string]struct {
			code   connect.Code
			reason string
		}{
			"":               {connect.CodeUnauthenticated, "UNAUTHENTICATED"},
			"wrong":          {connect.CodeUnauthenticated, "UNAUTHENTICATED"},
			tokens["usage"]:  {connect.CodePermissionDenied, "PERMISSION_DENIED"},
			tokens["verify"]: {connect.CodePermissionDenied, "PERMISSION_DENIED"},
			tokens["spend"]:  {connect.CodeInvalidArgument, "API_KEY_NOT_FOUND"},
		} {
			c := blinkClient(t, r.Addr(), protocol, bearer)
			const key = "00000000-0000-4000-8000-000000000000"
			_, lock := c.CheckAndLockSpending(t.Context(), &apikeysv1.CheckAndLockSpendingRequest{ApiKeyId: key, AmountSats: 1})
			_, check := c.CheckSpendingLimit(t.Context(), &apikeysv1.CheckSpendingLimitRequest{ApiKeyId: key, AmountSats: 1})
			_, summary := c.GetSpendingSummary(t.Context(), &apikeysv1.GetSpendingSummaryRequest{ApiKeyId: key})
			_, record := c.RecordSpending(t.Context(), &apikeysv1.RecordSpendingRequest{ApiKeyId: key, AmountSats: 1})
			for _, err := range []error{lock, check, summary, record} {
				require.Equal(t, want.code, connect.CodeOf(err), "%s %s", protocol, err)
				require.Equal(t, want.reason, reason(t, err))
			}
			_, err := c.ReverseSpending(t.Context(), &apikeysv1.ReverseSpendingRequest{TransactionId: "unknown"})
			if bearer == tokens["spend"] {
				require.NoError(t, err)
			} else {
				require.Equal(t, want.code, connect.CodeOf(err))
			}
		}
	}
}

// TestBlinkPortServesNothingElse: with the best of tokens neither.
func TestBlinkPortServesNothingElse(t *testing.T) {
	r := start(t, blinkSettings(t))
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	at := func(method, path string, headers map[string]string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.BlinkAddr()+path, strings.NewReader("{}"))
		require.NoError(t, err)
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		res, err := httpClient(t, false).Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res
	}
	for _, path := range []string{
		listPath, "/satcap.v1.SpendService/ReserveSpend", "/satcap.v1.UsageService/GetUsage", "/satcap.v1.AuthService/VerifyApiKey",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/auth/check", "/healthz", "/readyz", "/", "/services.api_keys.v1.Other/Call",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			require.Equal(t, http.StatusNotFound, at(method, path, headers).StatusCode, "%s %s", method, path)
		}
	}
	require.Equal(t, http.StatusNotImplemented, at(http.MethodPost, "/services.api_keys.v1.ApiKeysService/RevokeKey", headers).StatusCode)
	require.Equal(t, http.StatusMethodNotAllowed, at(http.MethodGet, lockPath, headers).StatusCode)

	// A web page cannot call, whichever site it is of.
	for _, path := range []string{lockPath, "/grpc.health.v1.Health/Check"} {
		require.Equal(t, http.StatusForbidden, at(http.MethodPost, path, map[string]string{
			"Content-Type": "application/json", "Origin": "http://" + r.BlinkAddr(),
		}).StatusCode)
	}

	conn, err := grpc.NewClient(r.BlinkAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err == nil {
		_, err = stream.Recv()
	}
	require.Equal(t, codes.Unimplemented, status.Code(err), err)
	health := grpc_health_v1.NewHealthClient(conn)
	for name, want := range map[string]codes.Code{
		"": codes.OK, "services.api_keys.v1.ApiKeysService": codes.OK, "satcap.v1.SpendService": codes.NotFound,
	} {
		res, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: name})
		require.Equal(t, want, status.Code(err), name)
		if want == codes.OK {
			require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, res.GetStatus())
		}
	}
}

// TestNoBlinkPort: it is off unless it is asked for.
func TestNoBlinkPort(t *testing.T) {
	r := start(t, settings(t))
	require.Empty(t, r.BlinkAddr())
	require.Nil(t, r.BlinkHTTP())
	var announced bytes.Buffer
	r.Announce(&announced)
	require.NotContains(t, announced.String()+r.log.String(), "Blink")
}

func TestBlinkPortInUse(t *testing.T) {
	first := start(t, blinkSettings(t))
	for _, addr := range []string{first.BlinkAddr(), first.Addr()} {
		cfg := settings(t)
		cfg.BlinkListen = addr
		_, err := server.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "--blink-listen")
		require.ErrorContains(t, err, "address already in use")
	}
}

// TestBlinkPortIsBounded as the main port is.
func TestBlinkPortIsBounded(t *testing.T) {
	r := start(t, blinkSettings(t), func(s *server.Server) {
		main, blink := s.HTTP(), s.BlinkHTTP()
		require.Equal(t, main.HTTP2, blink.HTTP2)
		require.Equal(t,
			[]any{main.ReadHeaderTimeout, main.ReadTimeout, main.WriteTimeout, main.IdleTimeout, main.MaxHeaderBytes},
			[]any{blink.ReadHeaderTimeout, blink.ReadTimeout, blink.WriteTimeout, blink.IdleTimeout, blink.MaxHeaderBytes})
		require.Positive(t, blink.ReadTimeout)
		s.BlinkHTTP().ReadHeaderTimeout = 100 * time.Millisecond
	})
	body := `{"apiKeyId":"` + strings.Repeat(" ", 64<<10) + `"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.BlinkAddr()+lockPath, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := httpClient(t, false).Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	require.Contains(t, readAll(t, res), "REQUEST_TOO_LARGE")

	conn, err := net.Dial("tcp", r.BlinkAddr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	_, err = io.ReadAll(conn)
	if err != nil {
		require.ErrorContains(t, err, "connection reset")
	}
}

// TestBlinkPortDrains: a call in progress there is finished at shutdown, and
// meanwhile neither port takes new ones.
func TestBlinkPortDrains(t *testing.T) {
	for protocol := range blinkProtocols {
		t.Run(protocol, func(t *testing.T) {
			var entered atomic.Int64
			r := start(t, blinkSettings(t), func(s *server.Server) {
				inner := s.BlinkHTTP().Handler
				s.BlinkHTTP().Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					entered.Add(1)
					inner.ServeHTTP(w, req)
				})
			})
			key := r.clients(false, token).newKey(t)
			c := blinkClient(t, r.BlinkAddr(), protocol, "")
			unlock := lockFile(t, r.path)
			answer := make(chan error, 1)
			go func() {
				_, err := c.CheckAndLockSpending(context.Background(), &apikeysv1.CheckAndLockSpendingRequest{ApiKeyId: key, AmountSats: 1})
				answer <- err
			}()
			require.Eventually(t, func() bool { return entered.Load() == 1 }, soon, tick)
			r.stop()
			require.Eventually(t, func() bool { return refused(r.BlinkAddr()) && refused(r.Addr()) }, soon, tick)
			select {
			case err := <-answer:
				t.Fatal("the call in progress was cut off: ", err)
			case err := <-r.served:
				t.Fatal("Serve returned before the call was answered: ", err)
			default:
			}
			unlock()
			require.NoError(t, <-answer)
			r.end()
			require.EqualValues(t, 1, countSpends(t, r.path))
		})
	}
}
