// The dashboard that is built into the real program, in a real browser.

package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// walkSteps is how many steps web/e2e/walk.mjs has, so that none is left out.
const walkSteps = 9

// browser finds Chromium, or what is made of it.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	require.Fail(t, "Chromium is missing: scripts/test.sh installs it or says how, or set CHROMIUM")
	return ""
}

func TestDashboard(t *testing.T) {
	chromium := browser(t)
	_, err := os.Stat("../../web/node_modules/playwright-core")
	require.NoError(t, err, "run npm ci in web, or scripts/test.sh, which does")
	_, err = os.ReadFile("../../web/e2e/walk.mjs") // "go test" sees then when it has changed
	require.NoError(t, err)
	onEngines(t, func(t *testing.T, db string) {
		p := serve(t, db)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "node", "e2e/walk.mjs")
		cmd.Dir, cmd.Env = "../../web", environ("SATCAP_URL="+p.url, "SATCAP_TOKEN="+p.token, "CHROMIUM="+chromium)
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Len(t, regexp.MustCompile(`(?m)^ok `).FindAll(out, -1), walkSteps, "%s", out)
		require.Zero(t, p.terminate(), p.stderr.String())
		verifyClean(t, db)
	})
}
