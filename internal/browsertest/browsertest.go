// Package browsertest runs the scripts of web/e2e in a real browser, for tests of
// the dashboard against a server that the test has started.
package browsertest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// within bounds one script.
const within = 3 * time.Minute

// Script is a script of web/e2e and what it needs.
type Script struct {
	// Name is that of the file, without ".mjs".
	Name string
	// Steps is how many steps it has: one that is left out fails the test.
	Steps int
	// URL and Token are the server and a token that may do everything there.
	URL, Token string
	// Env is further variables, as NAME=VALUE.
	Env []string
	// Asks is what the script may ask the test to do. The answer is one line.
	Asks map[string]func(arg string) string
}

// Run runs the script, and fails the test unless all of its steps pass.
func (s Script) Run(t *testing.T) {
	t.Helper()
	web, chromium := directory(t), browser(t)
	_, err := os.Stat(filepath.Join(web, "node_modules/playwright-core"))
	require.NoError(t, err, "run npm ci in web, or scripts/test.sh, which does")
	readScripts(t, web)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join("e2e", s.Name+".mjs"))
	cmd.Dir, cmd.WaitDelay = web, time.Second
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TZ=UTC",
		"SATCAP_URL=" + s.URL, "SATCAP_TOKEN=" + s.Token, "CHROMIUM=" + chromium}, s.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said, passed := s.converse(stdout, stdin)
	require.NoError(t, cmd.Wait(), "%s\n%s", said, stderr.String())
	require.Equal(t, s.Steps, passed, said)
	require.Contains(t, said, "\ndone\n")
}

// converse reads what the script says, and does what it asks for.
func (s Script) converse(out io.Reader, in io.Writer) (said string, passed int) {
	var all strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		fmt.Fprintln(&all, line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "ok":
			passed++
		case "ask":
			what, arg, _ := strings.Cut(rest, " ")
			answer := "nobody does that here: " + what
			if do := s.Asks[what]; do != nil {
				answer = do(arg)
			}
			_, _ = fmt.Fprintln(in, answer) // a script that has ended is seen by Wait
		}
	}
	return all.String(), passed
}

// directory is the one named web, of whatever package is tested.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "web")
		}
	}
	require.Fail(t, "no go.mod above the test")
	return ""
}

// readScripts has "go test" see when a script has changed.
func readScripts(t *testing.T, web string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(web, "e2e", "*.mjs"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		_, err = os.ReadFile(file)
		require.NoError(t, err)
	}
}

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
