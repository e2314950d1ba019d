// The documentation is true: the walk of README.md is run against a real server
// and compared with what README.md shows, and the documents' links and lists are
// compared with what is there.

package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const docRoot = "../.."

// TestReadmeWalk runs every sh block of two sections of README.md in one shell.
// A json block right after a sh block is what that block prints. Of the blocks
// only the address and the token are changed.
func TestReadmeWalk(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("README.md needs %s: %v", program, err)
		}
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "satcap"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	const token = "token-of-the-readme-test"
	url := serveForReadme(t, dir, token)

	text := docRead(t, "README.md")
	walk := append(docSteps(t, text, "A walk with curl"), docSteps(t, text, "The command line")...)
	script := "set -euo pipefail\n"
	for _, step := range walk {
		script += step.sh + "printf '\\0'\n"
	}
	script = docReplaceLine(t, script, "export SATCAP_URL=", "'"+url+"'")
	script = docReplaceLine(t, script, "export SATCAP_TOKEN=", "'"+token+"'")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-c", script)
	shell.Dir = dir
	shell.Env = append(readmeEnv(), "PATH="+dir+":"+os.Getenv("PATH"))
	var said strings.Builder
	shell.Stderr = &said
	out, err := shell.Output()
	printed := strings.Split(string(out), "\x00")
	if err != nil {
		last := min(len(printed), len(walk)) - 1
		t.Fatalf("%v\n%s\nin README.md:\n%s", err, said.String(), walk[last].sh)
	}
	require.Len(t, printed, len(walk)+1)
	compared := 0
	for i, step := range walk {
		if step.json == "" {
			continue
		}
		compared++
		var want, got any
		require.NoError(t, json.Unmarshal([]byte(docFillDots(step.json)), &want), "README.md:\n%s", step.json)
		require.NoError(t, json.Unmarshal([]byte(printed[i]), &got), "the answer is no JSON: %s", printed[i])
		for _, difference := range docDifferences("", want, got) {
			t.Errorf("README.md and the server differ: %s\nafter\n%s\nthe server answers\n%s", difference, step.sh, printed[i])
		}
	}
	require.GreaterOrEqual(t, compared, 6, "README.md shows too few answers")
}

// serveForReadme starts a server on an empty database and a free port and
// returns its address. It ends with the test.
func serveForReadme(t *testing.T, dir, token string) string {
	t.Helper()
	server := exec.Command(filepath.Join(dir, "satcap"), "serve",
		"--listen", "127.0.0.1:0", "--db", "sqlite:"+filepath.Join(dir, "readme.db"))
	server.Env = append(readmeEnv(), "SATCAP_DEV_TOKEN="+token)
	stderr, err := server.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	urls, logged := make(chan string, 1), make(chan string, 1)
	go func() {
		announced := regexp.MustCompile(`^satcap listens on (http://\S+)`)
		var all strings.Builder
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			all.WriteString(lines.Text() + "\n")
			if found := announced.FindStringSubmatch(lines.Text()); found != nil {
				urls <- found[1]
			}
		}
		logged <- all.String()
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		hard := time.AfterFunc(20*time.Second, func() { _ = server.Process.Kill() })
		defer hard.Stop()
		output := <-logged
		if err := server.Wait(); err != nil || t.Failed() {
			t.Logf("the server: %v\n%s", err, output)
		}
	})
	select {
	case url := <-urls:
		return url
	case output := <-logged:
		logged <- output
		t.Fatalf("the server ended:\n%s", output)
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not say where it listens")
	}
	return ""
}

// readmeEnv is the environment without the settings of whoever runs the test.
func readmeEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "SATCAP_") || strings.HasPrefix(v, "PATH=") || strings.HasPrefix(strings.ToLower(v), "http_proxy=") || strings.HasPrefix(strings.ToLower(v), "all_proxy=")
	})
}

// docStep is a sh block and the json block that shows what it prints, if any.
type docStep struct{ sh, json string }

var docFence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```\n")

// docSection is the text of the section with the given title.
func docSection(t *testing.T, text, title string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+title+"\n")
	require.True(t, found, "there is no section %q", title)
	section, _, _ := strings.Cut(rest, "\n## ")
	return section
}

// docSteps are the sh blocks of a section, in order.
func docSteps(t *testing.T, text, title string) []docStep {
	t.Helper()
	var steps []docStep
	for _, block := range docFence.FindAllStringSubmatch(docSection(t, text, title), -1) {
		switch language, content := block[1], block[2]; language {
		case "sh":
			steps = append(steps, docStep{sh: content})
		case "json":
			require.NotEmpty(t, steps, "%s: the answer comes before the question", title)
			require.Empty(t, steps[len(steps)-1].json, "%s: two answers to\n%s", title, steps[len(steps)-1].sh)
			steps[len(steps)-1].json = content
		}
	}
	require.NotEmpty(t, steps, title)
	return steps
}

// docReplaceLine puts value into the one line that begins with start.
func docReplaceLine(t *testing.T, script, start, value string) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(start) + `.*$`)
	require.Len(t, line.FindAllString(script, -1), 1, "README.md must have one line %q", start)
	return line.ReplaceAllLiteralString(script, start+value)
}

const (
	docDots     = "..."
	docAnything = "\x01" // stands for a time or an id
)

// docFillDots makes JSON of an answer that is shortened by lines of three dots.
func docFillDots(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var open []byte // the brackets that are open
	for i, line := range lines {
		bare := strings.TrimSpace(line)
		if bare == docDots {
			lines[i] = `"` + docDots + `"`
			if len(open) > 0 && open[len(open)-1] == '{' {
				lines[i] += `: ""`
			}
			if next := strings.TrimSpace(lines[i+1]); next[0] != '}' && next[0] != ']' {
				lines[i] += ","
			}
			continue
		}
		// No bracket stands in a text of these answers.
		for _, c := range []byte(bare) {
			switch c {
			case '{', '[':
				open = append(open, c)
			case '}', ']':
				open = open[:len(open)-1]
			}
		}
	}
	return strings.Join(lines, "\n")
}

// docVariable is what differs from run to run: times and ids.
var docVariable = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// docDifferences says where got is not what is shown. Dots in an object or a
// list stand for any others, dots in a text for any text.
func docDifferences(at string, want, got any) (found []string) {
	differ := func(format string, args ...any) {
		found = append(found, at+": "+fmt.Sprintf(format, args...))
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			differ("shown as an object, is %v", got)
			return found
		}
		_, shortened := want[docDots]
		for name, value := range want {
			if is, ok := object[name]; ok {
				found = append(found, docDifferences(at+"."+name, value, is)...)
			} else if name != docDots {
				differ("%s is not there", name)
			}
		}
		for name := range object {
			if _, shown := want[name]; !shown && !shortened {
				differ("%s is not shown", name)
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok {
			differ("shown as a list, is %v", got)
			return found
		}
		shortened := len(want) > 0 && want[len(want)-1] == any(docDots)
		if shortened {
			want = want[:len(want)-1]
		}
		if len(list) < len(want) || len(list) > len(want) != shortened {
			differ("%d entries are shown (more: %t), there are %d", len(want), shortened, len(list))
			return found
		}
		for i := range want {
			found = append(found, docDifferences(fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
		}
	case string:
		text, ok := got.(string)
		pattern := regexp.QuoteMeta(docVariable.ReplaceAllLiteralString(want, docAnything))
		pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(docDots), ".*")
		if !ok || !regexp.MustCompile(`^`+pattern+`$`).MatchString(docVariable.ReplaceAllLiteralString(text, docAnything)) {
			differ("shown as %q, is %v", want, got)
		}
	default:
		if want != got {
			differ("shown as %v, is %v", want, got)
		}
	}
	return found
}

// TestReadmeWalkNotices: a comparison that cannot fail proves nothing.
func TestReadmeWalkNotices(t *testing.T) {
	t.Parallel()
	const answer = `{"id": "01a20c41-f437-70d6-b2ce-bcbdcc4988d7", "at": "2026-11-24T14:05:02.67Z", "n": "5", "ok": false, "list": [1, 2], "secret": "s_abc"}`
	for _, c := range []struct {
		name, shown string
		differences int
	}{
		{"AsItIs", answer, 0},
		{"OtherIDAndTime", `{"id": "11111111-2222-3333-4444-555555555555", "at": "2020-01-01T00:00:00Z", "n": "5", "ok": false, "list": [1, 2], "secret": "s_..."}`, 0},
		{"Shortened", "{\n\"n\": \"5\",\n\"list\": [\n1,\n...\n],\n...\n}", 0},
		{"OtherNumber", "{\n\"n\": \"6\",\n...\n}", 1},
		{"OtherBoolean", "{\n\"ok\": true,\n...\n}", 1},
		{"OtherText", "{\n\"secret\": \"t_...\",\n...\n}", 1},
		{"NoTime", "{\n\"n\": \"2026-11-24T14:05:02Z\",\n...\n}", 1},
		{"NotThere", "{\n\"m\": \"5\",\n...\n}", 1},
		{"NotShown", `{"n": "5"}`, 5},
		{"ShorterList", "{\n\"list\": [1],\n...\n}", 1},
		{"LongerList", "{\n\"list\": [\n1,\n2,\n3\n],\n...\n}", 1},
		{"NothingLeftOut", "{\n\"list\": [\n1,\n2,\n...\n],\n...\n}", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var want, got any
			require.NoError(t, json.Unmarshal([]byte(docFillDots(c.shown)), &want))
			require.NoError(t, json.Unmarshal([]byte(answer), &got))
			require.Len(t, docDifferences("", want, got), c.differences)
		})
	}
}
