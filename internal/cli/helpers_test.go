// What the tests share: a key to show, how to run a command, how to check it.

package cli_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/cli"
)

const keyID = "6f1c9a52-0d0b-4d0e-9a56-3f1f0c3a7b11"

var testNow = time.Date(2026, 11, 24, 14, 5, 11, 0, time.UTC)

func at(offset time.Duration) *timestamppb.Timestamp { return timestamppb.New(testNow.Add(offset)) }

func testUsage() []*satcapv1.WindowUsage {
	usage := []*satcapv1.WindowUsage{{
		Window:    satcapv1.LimitWindow_LIMIT_WINDOW_DAILY,
		LimitSats: proto.Int64(100_000), SpentSats: 41_200, HeldSats: 1_000, RemainingSats: proto.Int64(57_800),
		// A microsecond past the second: shown as the second after it.
		NextReleaseTime: at(time.Hour + time.Microsecond), NextReleaseSats: 1_200,
	}}
	for _, window := range []satcapv1.LimitWindow{
		satcapv1.LimitWindow_LIMIT_WINDOW_WEEKLY,
		satcapv1.LimitWindow_LIMIT_WINDOW_MONTHLY,
		satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL,
	} {
		usage = append(usage, &satcapv1.WindowUsage{Window: window, HeldSats: 1_000})
	}
	return usage
}

func testKey(name string) *satcapv1.ApiKey {
	return &satcapv1.ApiKey{
		ApiKeyId: keyID, Name: name, Subject: "alice",
		Scopes:       []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_WRITE},
		SecretPrefix: "sc_ab12", State: satcapv1.ApiKey_STATE_ACTIVE,
		CreateTime: at(-48 * time.Hour), Revision: 7, Usage: testUsage(),
	}
}

// only is the one request that the fake received.
func only[T proto.Message](t *testing.T, f *fake) T {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	require.Len(t, f.requests, 1)
	req, ok := f.requests[0].(T)
	require.True(t, ok, "it was a %T", f.requests[0])
	return req
}

// start serves the fake and returns its URL.
func start(t *testing.T, f *fake) string {
	t.Helper()
	server := connect.NewServer()
	satcapv1connect.RegisterApiKeyServiceHandler(server, f)
	satcapv1connect.RegisterLimitServiceHandler(server, f)
	satcapv1connect.RegisterUsageServiceHandler(server, f)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return web.URL
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// call runs a command against the fake, not on a terminal.
func call(t *testing.T, f *fake, args ...string) result {
	t.Helper()
	return run(cli.World{Env: []string{"SATCAP_URL=" + start(t, f)}}, args...)
}

func run(w cli.World, args ...string) result {
	var stdout, stderr bytes.Buffer
	w.Stdout, w.Stderr = &stdout, &stderr
	if w.Stdin == nil {
		w.Stdin = noStdin{}
	}
	if w.Now.IsZero() {
		w.Now = testNow
	}
	code := w.Run(args...)
	return result{code, stdout.String(), stderr.String()}
}

// noStdin is a stdin that nobody may read.
type noStdin struct{}

func (noStdin) Read([]byte) (int, error) { return 0, errors.New("stdin was read") }

// requireOK checks that the command succeeded and said only this on stderr.
func (r result) requireOK(t *testing.T, stderr string) result {
	t.Helper()
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, stderr, r.stderr)
	return r
}

// requireError checks the exit code, that there is no data, and the one line.
func (r result) requireError(t *testing.T, code int, line string) {
	t.Helper()
	require.Equal(t, code, r.code, r.stderr)
	require.Empty(t, r.stdout)
	require.Equal(t, "satcap: "+line+"\n", r.stderr)
}

// requireTable checks stdout against the lines of a table. Runs of spaces count
// as one: what is aligned with what is not the point of most tests.
func (r result) requireTable(t *testing.T, lines ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(r.stdout) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	require.Equal(t, lines, got)
}

// requireJSON checks that stdout is message, and returns it for a closer look.
func (r result) requireJSON(t *testing.T, message proto.Message) string {
	t.Helper()
	got := message.ProtoReflect().New().Interface()
	require.NoError(t, protojson.Unmarshal([]byte(r.stdout), got), r.stdout)
	require.True(t, proto.Equal(message, got), "%s", r.stdout)
	return r.stdout
}

var keyTable = []string{
	"KEY ID " + keyID,
	"NAME till",
	"STATE active",
	"SCOPES read,write",
	"SECRET PREFIX sc_ab12",
	"OWNER alice",
	"CREATED 2026-11-22T14:05:11Z",
	"EXPIRES never",
	"LAST USED never",
	"REVISION 7",
	"",
	"WINDOW LIMIT SPENT HELD REMAINING NEXT RELEASE",
	"daily 100,000 41,200 1,000 57,800 1,200 at 2026-11-24T15:05:12Z",
	"weekly unlimited 0 1,000 unlimited -",
	"monthly unlimited 0 1,000 unlimited -",
	"annual unlimited 0 1,000 unlimited -",
}

func requireProto(t *testing.T, want, got proto.Message) {
	t.Helper()
	require.True(t, proto.Equal(want, got), "want %v\ngot  %v", want, got)
}
