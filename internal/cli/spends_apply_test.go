// The spends apply command, against a real server in this process, and against
// answers that a real one does not give when asked.

package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/cli"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
)

// real is a server of its own for a test, and a key in it with a daily limit of
// 1,000 sats.
type real struct {
	env []string
	key string
}

func startReal(t *testing.T) real {
	t.Helper()
	cfg := config.Defaults()
	cfg.Listen, cfg.DevToken, cfg.DB = "127.0.0.1:0", "token", "sqlite:"+filepath.Join(t.TempDir(), "satcap.db")
	s, err := server.New(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-served) })
	r := real{env: []string{"SATCAP_URL=http://" + s.Addr(), "SATCAP_TOKEN=token", "SATCAP_TIMEOUT=1m"}}
	made := r.run("", "keys", "create", "till", "--limit", "daily=1000", "-o", "json")
	require.Zero(t, made.code, made.stderr)
	var res struct{ ApiKey struct{ ApiKeyID string } }
	require.NoError(t, json.Unmarshal([]byte(made.stdout), &res), made.stdout)
	r.key = res.ApiKey.ApiKeyID
	return r
}

func (r real) run(stdin string, args ...string) result {
	return run(cli.World{Env: r.env, Stdin: strings.NewReader(stdin)}, args...)
}

// lines are operations, with KEY standing for the key.
func (r real) lines(lines ...string) string {
	return strings.ReplaceAll(strings.Join(lines, "\n"), "KEY", r.key)
}

// spends is how many the server knows.
func (r real) spends(t *testing.T) int {
	t.Helper()
	var list struct{ Spends []any }
	got := r.run("", "spends", "list", r.key, "--max", "0", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &list), got.stderr)
	return len(list.Spends)
}

func TestSpendsApply(t *testing.T) {
	t.Parallel()
	r := startReal(t)
	ops := r.lines(
		`{"reserve": {"apiKeyId": "KEY", "spendId": "a", "amountSats": 600}}`,
		`{"reserve": {"api_key_id": "KEY", "spend_id": "b", "amount_sats": "300"}}`,
		``,
		`  {"settle": {"apiKeyId": "KEY", "spendId": "a", "amountSats": 500, "transactionId": "tx-a"}}`+"\r",
		`{"release": {"apiKeyId": "KEY", "spendId": "b"}}`,
		`{"record": {"apiKeyId": "KEY", "spendId": "c", "amountSats": 70, "transactionId": "tx-c"}}`,
		`{"reverse": {"apiKeyId": "KEY", "transactionId": "tx-c"}}`)
	r.run(ops, "spends", "apply", "-").requireOK(t, "").requireTable(t,
		"LINE OPERATION SPEND ID STATE AMOUNT ERROR",
		"1 reserve a reserved 600 -",
		"2 reserve b reserved 300 -",
		"4 settle a settled 500 -",
		"5 release b released 300 -",
		"6 record c settled 70 -",
		"7 reverse c reversed 70 -",
	)
	before := r.run("", "spends", "list", r.key, "-o", "json")

	// Again, from a file: what was done is done, and nothing changes.
	file := filepath.Join(t.TempDir(), "operations.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(ops+"\n"), 0o600))
	again := r.run("", "spends", "apply", file)
	require.Equal(t, 1, again.code)
	require.Equal(t, "satcap: 2 of 6 operations failed\n", again.stderr)
	require.Contains(t, again.stdout, "(SPEND_CLOSED)")
	require.Equal(t, before, r.run("", "spends", "list", r.key, "-o", "json"))
}

// TestSpendsApplyExitCodes: 8 if all that was not done was refused by a limit, 1 if
// anything else went wrong. The results are there in either case.
func TestSpendsApplyExitCodes(t *testing.T) {
	t.Parallel()
	r := startReal(t)
	refused := r.lines(
		`{"reserve": {"apiKeyId": "KEY", "spendId": "a", "amountSats": 600}}`,
		`{"reserve": {"apiKeyId": "KEY", "spendId": "b", "amountSats": 600}}`,
		`{"reserve": {"apiKeyId": "KEY", "spendId": "c", "amountSats": 400}}`)
	for range 2 { // it is the same the second time
		got := r.run(refused, "spends", "apply", "-")
		require.Equal(t, 8, got.code)
		require.Equal(t, "satcap: a limit refused 1 of 3 operations\n", got.stderr)
		require.Regexp(t, `(?m)^2 +reserve +b +- +- +.*\(SPENDING_LIMIT_EXCEEDED\)$`, got.stdout)
		require.Regexp(t, `(?m)^3 +reserve +c +reserved +400 +-$`, got.stdout)
	}
	got := r.run(refused+"\n"+r.lines(`{"settle": {"apiKeyId": "KEY", "spendId": "unknown"}}`), "spends", "apply", "-", "-o", "json")
	require.Equal(t, 1, got.code)
	require.Equal(t, "satcap: 1 of 4 operations failed, and a limit refused 1\n", got.stderr)
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	require.Len(t, lines, 4)
	for i, want := range []string{`"spendId":"a"`, `"reason":"SPENDING_LIMIT_EXCEEDED"`, `"spendId":"c"`, `"reason":"SPEND_NOT_FOUND"`} {
		require.NoError(t, protojson.Unmarshal([]byte(lines[i]), &satcapv1.SpendResult{}))
		require.Contains(t, lines[i], want)
	}
	require.Contains(t, lines[0], `"replayed":true`)
	require.Contains(t, lines[0], `"late":false`) // zeros are written out
}

// TestSpendsApplyBadLines: the line is named, and nothing of its batch is sent, but
// the batches before it are.
func TestSpendsApplyBadLines(t *testing.T) {
	t.Parallel()
	r := startReal(t)
	good := `{"reserve": {"apiKeyId": "KEY", "spendId": "a", "amountSats": 1}}`
	for bad, problem := range map[string]string{
		`{"reserve": {"apiKeyId": "KEY", "spendId": "b", "amountSats": 0}}`:  "reserve.amount_sats: must be ",
		`{"reserve": {"apiKeyId": "KEY", "amountSats": 1}}`:                  "reserve.spend_id: ",
		`{"reserve": {"apiKeyId": "till", "spendId": "b", "amountSats": 1}}`: "reserve.api_key_id: ",
		`{}`: "operation: ",
		`{"reserve": {"apiKeyId": "KEY"}, "settle": {}}`:  "not an operation in JSON: ",
		`{"check": {"apiKeyId": "KEY", "amountSats": 1}}`: `not an operation in JSON: unknown field "check"`,
		`reserve`:                  "not an operation in JSON: ",
		`{"reserve": {}} {}`:       "not an operation in JSON: ",
		strings.Repeat(" ", 1<<16): "longer than 64 KiB",
	} {
		got := r.run(r.lines(good, "", bad, good), "spends", "apply", "-")
		require.Equal(t, 1, got.code, bad)
		require.Empty(t, got.stdout)
		require.True(t, strings.HasPrefix(got.stderr, "satcap: line 3: "+problem), got.stderr)
		require.True(t, strings.HasSuffix(got.stderr, " (nothing was sent from line 1 on)\n"), got.stderr)
	}
	require.Zero(t, r.spends(t))

	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf(`{"reserve": {"apiKeyId": "KEY", "spendId": "s-%d", "amountSats": 1}}`, i))
	}
	got := r.run(r.lines(append(many, "nonsense")...), "spends", "apply", "-")
	require.Equal(t, 1, got.code)
	require.True(t, strings.HasPrefix(got.stderr, "satcap: line 1002: not an operation in JSON: "), got.stderr)
	require.Contains(t, got.stderr, "(nothing was sent from line 1001 on)")
	require.Equal(t, 1001, strings.Count(got.stdout, "\n")) // the heading and what was sent
	require.Equal(t, 1000, r.spends(t))

	// Once mended, all of it: the last one is over the limit.
	got = r.run(r.lines(many...), "spends", "apply", "-")
	require.Equal(t, 8, got.code)
	require.Equal(t, "satcap: a limit refused 1 of 1,001 operations\n", got.stderr)
	require.Equal(t, 1, strings.Count(got.stdout, "LINE"))
	require.Regexp(t, `(?m)^1001 +reserve +s-1000 +- `, got.stdout)
	r.run("\n \n", "spends", "apply", "-").requireOK(t, "There are no operations.\n")
	require.Contains(t, r.run("", "spends", "apply", filepath.Join(t.TempDir(), "none")).stderr, "no such file")
}

// TestSpendsApplyCallFails: what came before it is told, from where on nothing is
// known, and the exit code is that of the error.
func TestSpendsApplyCallFails(t *testing.T) {
	t.Parallel()
	const settle = `{"settle": {"apiKeyId": "` + keyID + `", "spendId": "a"}}` + "\n"
	unknown := &anypb.Any{TypeUrl: "type.googleapis.com/satcap.v9.Newer", Value: []byte{1}}
	apply := func(second func(*satcapv1.ApplySpendsResponse) error) string {
		var calls atomic.Int64
		s := &spender{apply: func(req *satcapv1.ApplySpendsRequest) (*satcapv1.ApplySpendsResponse, error) {
			res := &satcapv1.ApplySpendsResponse{}
			for range req.GetOperations() {
				res.Results = append(res.Results, &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Settle{}})
			}
			res.Results[0].Result = &satcapv1.SpendResult_Error{Error: &status.Status{
				Code: int32(connect.CodeUnavailable), Message: "not now", Details: []*anypb.Any{unknown},
			}}
			if calls.Add(1) == 2 {
				return res, second(res)
			}
			return res, nil
		}}
		srv := connect.NewServer()
		satcapv1connect.RegisterSpendServiceHandler(srv, s)
		mux := http.NewServeMux()
		connecthttp.Mount(mux, srv)
		web := httptest.NewServer(mux)
		t.Cleanup(web.Close)
		return web.URL
	}
	for _, c := range []struct {
		second func(*satcapv1.ApplySpendsResponse) error
		code   int
		line   string
	}{
		{func(*satcapv1.ApplySpendsResponse) error {
			return refusal(connect.CodeUnavailable, "STORE_UNAVAILABLE", "the database is away")
		}, 75, "the database is away (STORE_UNAVAILABLE)"},
		{func(*satcapv1.ApplySpendsResponse) error {
			return refusal(connect.CodePermissionDenied, "PERMISSION_DENIED", "not a service")
		}, 4, "not a service (PERMISSION_DENIED)"},
		{func(res *satcapv1.ApplySpendsResponse) error { res.Results = nil; return nil }, 1, "the server answered 500 operations with 0 results"},
	} {
		got := run(cli.World{Stdin: strings.NewReader(strings.Repeat(settle, 1500))}, "spends", "apply", "-", "--url", apply(c.second), "-o", "json")
		require.Equal(t, c.code, got.code)
		require.Equal(t, "Line 1001 and those after it have no result. It is safe to run the same file again.\n"+
			"Before that, 1 of 1,000 operations failed.\nsatcap: "+c.line+"\n", got.stderr)
		lines := strings.Split(got.stdout, "\n")
		require.Len(t, lines, 1001)
		require.JSONEq(t, `{"error": {"code": 14, "message": "not now", "details": []}}`, lines[0])
	}
	r := run(cli.World{Stdin: strings.NewReader(settle)}, "spends", "apply", "-", "--url", apply(nil))
	require.Equal(t, 1, r.code)
	r.requireTable(t, "LINE OPERATION SPEND ID STATE AMOUNT ERROR", "1 settle a - - not now (unavailable)")
}
