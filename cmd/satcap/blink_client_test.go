// Blink's contract by a client of the kind that Blink's core API is: Node with
// @grpc/grpc-js, in testdata/blink, against the real program.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

const (
	blinkClientDir = "testdata/blink"
	// blinkClientTests is how many tests the client has, its three parts included, so
	// that none is left out.
	blinkClientTests = 34
)

var blinkListens = regexp.MustCompile(`blink_listen"?[=:]"?([0-9.:]+)`)

// blinkAddress waits for the server to say where it listens for Blink.
func (p *process) blinkAddress() string {
	p.t.Helper()
	found := blinkListens.FindStringSubmatch(p.stderr.String())
	require.NotNil(p.t, found, "no port for Blink:\n%s", p.stderr.String())
	return found[1]
}

// TestBlinkClient runs the client's tests: life, failures, races. On Postgres its
// calls go to two servers by turns.
func TestBlinkClient(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "Node.js is missing: scripts/test.sh installs it or says how")
	_, err = os.Stat(filepath.Join(blinkClientDir, "node_modules", "@grpc", "grpc-js"))
	require.NoError(t, err, "run npm ci in cmd/satcap/%s, or scripts/test.sh, which does", blinkClientDir)
	for _, file := range []string{"all.js", "client.js", "life.js", "failures.js", "races.js"} {
		_, err := os.ReadFile(filepath.Join(blinkClientDir, file)) // "go test" sees then when one has changed
		require.NoError(t, err)
	}
	onEngines(t, func(t *testing.T, db string) {
		servers := []*process{serve(t, db, "--blink-listen", "127.0.0.1:0")}
		if !strings.HasPrefix(db, "sqlite:") {
			servers = append(servers, serve(t, db, "--blink-listen", "127.0.0.1:0"))
		}
		protos, err := filepath.Abs("../../proto")
		require.NoError(t, err)
		setting := map[string]any{
			"proto": protos, "keys": blinkKeys(t, servers[0].client()),
			"mainPort": strings.TrimPrefix(servers[0].url, "http://"), "token": servers[0].token,
		}
		var addresses []string
		for _, p := range servers {
			addresses = append(addresses, p.blinkAddress())
		}
		setting["servers"] = addresses
		passed := runBlinkClient(t, node, setting)
		require.Equal(t, blinkClientTests, passed)
		for _, p := range servers {
			require.Zero(t, p.terminate(), p.stderr.String())
		}
		verifyClean(t, db)
	})
}

// runBlinkClient runs the client and returns how many of its tests passed. If one
// fails, so does the test, with all that the client wrote.
func runBlinkClient(t *testing.T, node string, setting map[string]any) (passed int) {
	t.Helper()
	given, err := json.Marshal(setting)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test-reporter=tap", "all.js")
	cmd.Dir, cmd.Env = blinkClientDir, environ("SATCAP_BLINK_TEST="+string(given))
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	require.NoError(t, ctx.Err(), "the client does not end:\n%s", out.String())
	require.NoError(t, err, "%s", out.String())
	require.NotRegexp(t, `# (SKIP|TODO)`, out.String())
	return len(regexp.MustCompile(`(?m)^ *ok \d+ - `).FindAllString(out.String(), -1))
}

// blinkKeys makes the keys that the client's tests take, by what they are like.
func blinkKeys(t *testing.T, c *client) map[string][]string {
	t.Helper()
	windows := map[string]satcapv1.LimitWindow{
		"daily": satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, "weekly": satcapv1.LimitWindow_LIMIT_WINDOW_WEEKLY,
		"monthly": satcapv1.LimitWindow_LIMIT_WINDOW_MONTHLY, "annual": satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL,
	}
	keys := map[string][]string{}
	expires := time.Now().Add(2 * time.Second)
	for kind, many := range map[string]int{
		"daily": 25, "weekly": 1, "monthly": 1, "annual": 1, "windows": 2, "free": 3, "paused": 2, "revoked": 2, "expired": 2,
	} {
		for range many {
			req := &satcapv1.CreateApiKeyRequest{Name: kind, Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE}}
			for name, window := range windows {
				switch kind {
				case name:
					req.Limits = append(req.Limits, &satcapv1.CreateApiKeyLimit{Window: window, LimitSats: 1000})
				case "windows":
					req.Limits = append(req.Limits, &satcapv1.CreateApiKeyLimit{Window: window, LimitSats: 1000 * int64(window)})
				}
			}
			if kind == "expired" {
				req.ExpireTime = timestamppb.New(expires)
			}
			res, err := c.keys.CreateApiKey(t.Context(), req)
			require.NoError(t, err)
			id := res.GetApiKey().GetApiKeyId()
			switch kind {
			case "paused":
				_, err = c.keys.PauseApiKey(t.Context(), &satcapv1.PauseApiKeyRequest{ApiKeyId: id})
			case "revoked":
				_, err = c.keys.RevokeApiKey(t.Context(), &satcapv1.RevokeApiKeyRequest{ApiKeyId: id})
			}
			require.NoError(t, err)
			keys[kind] = append(keys[kind], id)
		}
	}
	time.Sleep(time.Until(expires)) // the database's clock is this machine's
	return keys
}
