// The bench command: its flags, its report in both forms, and its ends.

package cli_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/cli"
	"github.com/satcap/satcap/internal/loadgen"
)

// spender answers every reservation with what reserve says.
type spender struct {
	satcapv1connect.UnimplementedSpendServiceHandler
	reserve func() error
	apply   func(*satcapv1.ApplySpendsRequest) (*satcapv1.ApplySpendsResponse, error)

	mu            sync.Mutex
	authorization map[string]bool
}

func (s *spender) ReserveSpend(ctx context.Context, _ *satcapv1.ReserveSpendRequest) (*satcapv1.ReserveSpendResponse, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	s.mu.Lock()
	s.authorization[info.RequestHeader().Get("Authorization")] = true
	s.mu.Unlock()
	return &satcapv1.ReserveSpendResponse{}, s.reserve()
}

func (s *spender) ApplySpends(_ context.Context, req *satcapv1.ApplySpendsRequest) (*satcapv1.ApplySpendsResponse, error) {
	return s.apply(req)
}

// bench runs the command for a tenth of a second, or as the flags say.
func bench(t *testing.T, f *fake, s *spender, args ...string) result {
	t.Helper()
	s.authorization = make(map[string]bool)
	server := connect.NewServer()
	satcapv1connect.RegisterApiKeyServiceHandler(server, f)
	satcapv1connect.RegisterSpendServiceHandler(server, s)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	web := httptest.NewUnstartedServer(mux)
	web.Config.Protocols = new(http.Protocols)
	web.Config.Protocols.SetHTTP1(true)
	web.Config.Protocols.SetUnencryptedHTTP2(true)
	web.Start()
	t.Cleanup(web.Close)
	return run(cli.World{Env: []string{"SATCAP_TOKEN=platform"}}, append([]string{"bench", "--server", web.URL,
		"--duration", "100ms", "--warmup", "0s", "--concurrency", "2", "--mix", "reserve=1"}, args...)...)
}

func succeed() error { return nil }

func refuse() error {
	return refusal(connect.CodeResourceExhausted, "SPENDING_LIMIT_EXCEEDED", "over the limit")
}

func TestBench(t *testing.T) {
	f, s := &fake{secret: "secret"}, &spender{reserve: succeed}
	r := bench(t, f, s, "--owner-token", "owner").requireOK(t, "")
	lines := strings.Split(strings.TrimRight(r.stdout, "\n"), "\n")
	require.Equal(t, "OPERATION COUNT REFUSED ERRORS RATE/S P50 P90 P99 P99.9 MAX", strings.Join(strings.Fields(lines[0]), " "))
	require.Equal(t, "reserve", strings.Fields(lines[1])[0])
	require.Equal(t, "total", strings.Fields(lines[2])[0])
	require.Equal(t, strings.Fields(lines[1])[1:], strings.Fields(lines[2])[1:])
	require.Contains(t, r.stdout, "grpc, 2 connections, 2 callers, 1 keys, ")
	require.Contains(t, r.stdout, " holds were left open, and count until they expire\n")
	require.Equal(t, map[string]bool{"Bearer platform": true}, s.authorization)
	// Listed, created, and in the end revoked, by the owner.
	require.Len(t, f.requests, 3)
	requireProto(t, &satcapv1.RevokeApiKeyRequest{ApiKeyId: keyID}, f.requests[2].(*satcapv1.RevokeApiKeyRequest))
	require.Equal(t, []string{"Bearer owner", "Bearer owner", "Bearer owner"}, f.authorization)
}

func TestBenchJSON(t *testing.T) {
	for _, protocol := range []string{"grpc", "grpc-web", "json"} {
		f := &fake{}
		r := bench(t, f, &spender{reserve: refuse}, "--json", "--protocol", protocol, "--rate", "200", "--keep-keys").requireOK(t, "")
		var rep loadgen.Report
		decoder := json.NewDecoder(strings.NewReader(r.stdout))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&rep), r.stdout)
		require.EqualValues(t, protocol, rep.Protocol)
		require.EqualValues(t, 20, rep.Total.Count)
		require.EqualValues(t, 20, rep.Total.RefusalCount) // which are no errors
		require.Zero(t, rep.Total.ErrorCount)
		require.InDelta(t, 200, rep.Schedule.TargetRatePerSecond, 0)
		require.GreaterOrEqual(t, rep.Total.MaxUs, rep.Total.P50Us)
		require.Len(t, f.requests, 2) // nothing is revoked
		for _, field := range []string{`"p99_us": `, `"rate_per_s": `, `"errors": {}`, `"behind_max_us": `, `"unsent_count": 0`} {
			require.Contains(t, r.stdout, field)
		}
	}
}

func TestBenchFails(t *testing.T) {
	broken := func() error { return refusal(connect.CodeFailedPrecondition, "API_KEY_PAUSED", "the key is paused") }
	r := bench(t, &fake{}, &spender{reserve: broken}, "--rate", "100", "--key", keyID)
	require.Equal(t, 1, r.code)
	require.Equal(t, "satcap: 10 of 10 calls failed\n", r.stderr)
	require.Regexp(t, `(?m)^reserve +API_KEY_PAUSED +10$`, r.stdout)

	f := &fake{fail: refusal(connect.CodePermissionDenied, "PERMISSION_DENIED", "not an owner")}
	bench(t, f, &spender{reserve: succeed}).requireError(t, 4, "not an owner (PERMISSION_DENIED)")
}

// TestBenchApply: calls are counted as calls, and the operations in them beside it.
func TestBenchApply(t *testing.T) {
	s := &spender{apply: func(req *satcapv1.ApplySpendsRequest) (*satcapv1.ApplySpendsResponse, error) {
		res := &satcapv1.ApplySpendsResponse{}
		for range req.GetOperations() {
			res.Results = append(res.Results, &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Reserve{}})
		}
		return res, nil
	}}
	apply := []string{"--mix", "apply=1", "--rate", "100"}
	r := bench(t, &fake{}, s, apply...).requireOK(t, "")
	require.Regexp(t, `(?m)^apply +10 +0 +0 `, r.stdout)
	require.Regexp(t, `(?m)^the calls of apply had 5,000 operations, [0-9,]+/s, of which 0 were refused and 0 failed$`, r.stdout)

	succeeding := s.apply
	s.apply = func(req *satcapv1.ApplySpendsRequest) (*satcapv1.ApplySpendsResponse, error) {
		res, _ := succeeding(req)
		res.Results[0] = failedItem(t, connect.CodeFailedPrecondition, "API_KEY_PAUSED", "the key is paused")
		res.Results[1] = failedItem(t, connect.CodeResourceExhausted, "SPENDING_LIMIT_EXCEEDED", "over the limit")
		return res, nil
	}
	r = bench(t, &fake{}, s, append(apply, "--batch", "3")...)
	require.Equal(t, 1, r.code)
	require.Equal(t, "satcap: 10 operations in calls of apply failed\n", r.stderr)
	require.Regexp(t, `(?m)^in apply +API_KEY_PAUSED +10$`, r.stdout)
	require.Regexp(t, `(?m)^the calls of apply had 30 operations, [0-9,]+/s, of which 10 were refused and 10 failed$`, r.stdout)

	r = bench(t, &fake{}, s, append(apply, "--batch", "2", "--json")...)
	require.Equal(t, 1, r.code)
	var rep struct{ Operations []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &rep))
	require.EqualValues(t, 10, rep.Operations[0]["count"])
	require.EqualValues(t, 20, rep.Operations[0]["operation_count"])
	require.Positive(t, rep.Operations[0]["operations_per_s"])
	require.EqualValues(t, 10, rep.Operations[0]["item_refusal_count"])
	require.Equal(t, map[string]any{"API_KEY_PAUSED": 10.}, rep.Operations[0]["item_errors"])
}

// TestBenchInterrupted: Ctrl-C prints what there is and revokes the keys.
func TestBenchInterrupted(t *testing.T) {
	var calls atomic.Int64
	f := &fake{}
	r := bench(t, f, &spender{reserve: func() error {
		if calls.Add(1) == 20 {
			return syscall.Kill(os.Getpid(), syscall.SIGINT)
		}
		return nil
	}}, "--duration", "1h").requireOK(t, "")
	require.Contains(t, r.stdout, "the run was interrupted: these are the figures until then\n")
	require.Regexp(t, `(?m)^total +[1-9]`, r.stdout)
	require.IsType(t, &satcapv1.RevokeApiKeyRequest{}, f.requests[len(f.requests)-1])
}

func TestBenchRefuses(t *testing.T) {
	const other = "0a0a9a52-0d0b-4d0e-9a56-3f1f0c3a7b11"
	for args, problem := range map[string]string{
		"--protocol http":                                  `--protocol must be grpc, grpc-web or json, not "http"`,
		"--connections -1":                                 "--connections must be from 1 to 10000",
		"--connections 3 --concurrency 2":                  "--connections must not be more than --concurrency: a connection without a caller does nothing",
		"--concurrency 0":                                  "--concurrency must be from 1 to 10000",
		"--keys 0":                                         "--keys must be from 1 to 1000000",
		"--keys 2 --key " + keyID:                          "--keys makes keys and --key names them: give one of the two",
		"--key " + keyID + " --key " + keyID:               `--key names "` + keyID + `" twice`,
		"--key " + keyID + "," + other + " --mix verify=1": "--mix verify needs the secrets of the keys, and those of --key cannot be read: leave --key out",
		"--hot-share 1.5":                                  "--hot-share must be from 0 to 1",
		"--hot-share NaN":                                  "--hot-share must be from 0 to 1",
		"--hot-share 0.5":                                  "--hot-share needs at least two keys: with one key every call goes to it",
		"--mix pay=1":                                      `--mix: there is no operation "pay": they are reserve, settle, release, check, usage, verify, apply`,
		"--mix apply=1 --batch 0":                          "--batch must be from 1 to 1000",
		"--mix apply=1 --batch 1001":                       "--batch must be from 1 to 1000",
		"--batch 500":                                      "--batch is the size of the calls of apply: give apply a weight in --mix, or leave --batch out",
		"--batch 10 --mix reserve=1,apply=0":               "--batch is the size of the calls of apply: give apply a weight in --mix, or leave --batch out",
		"--duration 0s":                                    "--duration must be more than 0",
		"--warmup -1s":                                     "--warmup must not be negative",
		"--rate 0":                                         "--rate must be more than 0, or be left out",
		"--rate -1":                                        "--rate must be more than 0 and at most 1000000, or be left out",
		"--amount-sats 0":                                  "--amount-sats must be from 1 to 2100000000000000",
		"--timeout 0s":                                     "--timeout must be more than 0",
		"--url localhost":                                  `--url "localhost" must be like http://127.0.0.1:8080`,
		"--url http://h/prefix":                            "--url must have no path with --protocol grpc, which has no place for one",
	} {
		run(cli.World{}, append([]string{"bench"}, strings.Fields(args)...)...).
			requireError(t, 2, problem+" (see satcap bench --help)")
	}
}

// TestBenchWarns: whoever reads the help knows what the command does to the server.
func TestBenchWarns(t *testing.T) {
	r := run(cli.World{}, "bench", "--help").requireOK(t, "")
	require.Contains(t, r.stdout, "WARNING: this makes API keys in the server")
	require.Contains(t, r.stdout, "revokes the keys that it made")
}

func TestLatency(t *testing.T) {
	for us, want := range map[int64]string{
		0: "0s", 1: "1µs", 999: "999µs", 1_234: "1.23ms", 23_456: "23.5ms", 234_567: "235ms",
		1_234_567: "1.23s", int64(time.Hour / time.Microsecond): "1h0m0s",
	} {
		require.Equal(t, want, cli.Latency(us))
	}
}
