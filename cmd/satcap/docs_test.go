// The lists in the documentation against the code.

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
)

// TestReadmeExitCodes compares the table of README.md with what the program says.
func TestReadmeExitCodes(t *testing.T) {
	t.Parallel()
	source := docRead(t, "internal/cli/errors.go")
	_, help, found := strings.Cut(source, "const exitCodeHelp = `Exit codes:\n")
	require.True(t, found)
	help, _, _ = strings.Cut(help, "`")
	var want []string
	for _, line := range strings.Split(help, "\n") {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		want = append(want, fmt.Sprintf("| %s | %s |", code, strings.TrimSpace(meaning)))
	}
	rows := regexp.MustCompile(`(?m)^\| \d+ \| .*$`)
	require.Equal(t, want, rows.FindAllString(docSection(t, docRead(t, "README.md"), "The command line"), -1))
}

// TestDocumentedReasons: docs/errors.md has a heading for every reason that the
// server can answer with, and for no other.
func TestDocumentedReasons(t *testing.T) {
	t.Parallel()
	inCode, inDocs := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`"([A-Z]+(?:_[A-Z]+)*)"`).FindAllStringSubmatch(docRead(t, "internal/rpc/errors.go"), -1) {
		inCode[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^### ([A-Z_]+)$`).FindAllStringSubmatch(docRead(t, "docs/errors.md"), -1) {
		inDocs[m[1]] = true
	}
	require.NotEmpty(t, inCode)
	require.Equal(t, inCode, inDocs)
}

// TestDocumentedCalls: docs/api.md names every call of the .proto files.
func TestDocumentedCalls(t *testing.T) {
	t.Parallel()
	var files, want, got []string
	for _, dir := range []string{"satcap/v1", "services/api_keys/v1"} {
		found, err := filepath.Glob(docRoot + "/proto/" + dir + "/*.proto")
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^  rpc (\w+)\(`).FindAllSubmatch(source, -1) {
			want = append(want, string(m[1]))
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(docSection(t, docRead(t, "docs/api.md"), "Services and calls"), -1) {
		got = append(got, m[1])
	}
	require.NotEmpty(t, want)
	require.ElementsMatch(t, want, got)
}

// TestDocumentedAccess: the table of docs/access.md is the one that the server
// goes by, call for call and caller for caller.
func TestDocumentedAccess(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^\\| `(\\w+)/(\\w+)` \\| (yes|no) \\| (yes|no) \\| (yes|no) \\| (spend|usage|verify|none) \\|$")
	documented := map[string][]string{} // by procedure: owner read, owner write, key, role
	for _, m := range row.FindAllStringSubmatch(docSection(t, docRead(t, "docs/access.md"), "Who may call what"), -1) {
		documented[docProcedure(m[1], m[2])] = m[3:]
	}
	may := func(procedure string, kind auth.Kinds) bool {
		_, err := auth.Permit(procedure, auth.Caller{Kinds: kind, Subject: "alice"})
		require.NotErrorIs(t, err, auth.ErrUnlisted, "docs/access.md has %s", procedure)
		return err == nil
	}
	answer := map[bool]string{true: "yes", false: "no"}
	roles := map[string]auth.Kinds{"spend": auth.ServiceSpends, "usage": auth.ServiceReads, "verify": auth.ServiceVerifies}
	for procedure, row := range documented {
		for i, kind := range []auth.Kinds{auth.OwnerReads, auth.OwnerWrites, auth.KeyItself} {
			require.Equal(t, answer[may(procedure, kind)], row[i], "%s, column %d", procedure, i+1)
		}
		for role, kind := range roles {
			require.Equal(t, may(procedure, kind), row[3] == role, "%s by a service with the role %s", procedure, role)
		}
	}
	calls := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `(\\w+)` \\|").FindAllStringSubmatch(docSection(t, docRead(t, "docs/api.md"), "Services and calls"), -1)
	require.NotEmpty(t, calls)
	require.Len(t, documented, len(calls))
	for _, m := range calls {
		require.Contains(t, documented, docProcedure(m[2], m[1]))
	}
}

// docProcedure is a call as the wire names it: the documents leave out the
// packages, in which no two services have the same name.
func docProcedure(service, call string) string {
	if service == "ApiKeysService" {
		return "/services.api_keys.v1." + service + "/" + call
	}
	return "/satcap.v1." + service + "/" + call
}

// TestDocumentedFlags: docs/operating.md names every flag of serve, and every flag
// of bench that is not one of all client commands.
func TestDocumentedFlags(t *testing.T) {
	t.Parallel()
	flags := func(command string) (names []string) {
		out, err := exec.CommandContext(t.Context(), "go", "run", ".", command, "--help").Output()
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+) `).FindAllSubmatch(out, -1) {
			if name := string(m[1]); name != "help" {
				names = append(names, name)
			}
		}
		return names
	}
	client := flags("usage") // has its own --watch beside those of all
	for command, section := range map[string]string{"serve": "Settings", "bench": "Load test your own installation"} {
		var want, got []string
		for _, name := range flags(command) {
			if command == "serve" || !slices.Contains(client, name) {
				want = append(want, name)
			}
		}
		for _, m := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\|").FindAllStringSubmatch(docSection(t, docRead(t, "docs/operating.md"), section), -1) {
			got = append(got, m[1])
		}
		require.NotEmpty(t, want)
		require.ElementsMatch(t, want, got, command)
	}
}

// TestDocumentLinks follows the links between the documents and into the tree.
func TestDocumentLinks(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob(docRoot + "/docs/*.md")
	require.NoError(t, err)
	for _, name := range []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md"} {
		documents = append(documents, filepath.Join(docRoot, name))
	}
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, document := range documents {
		source, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, m := range link.FindAllSubmatch(docFence.ReplaceAll(source, nil), -1) {
			path, anchor, _ := strings.Cut(string(m[1]), "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := document
			if path != "" {
				target = filepath.Join(filepath.Dir(document), path)
			}
			content, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
				err = nil
			}
			require.NoError(t, err, "%s links to %s", document, m[1])
			if anchor != "" {
				require.Contains(t, docAnchors(string(content)), anchor, "%s links to %s", document, m[1])
			}
		}
	}
}

// docAnchors are the anchors that GitHub gives to the headings of a document.
func docAnchors(text string) (anchors []string) {
	text = docFence.ReplaceAllString(text, "")
	dropped := regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchors = append(anchors, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return anchors
}

// docRead reads a file of the project.
func docRead(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(docRoot, name))
	require.NoError(t, err)
	return string(content)
}

// TestDocumentedTests: the tests that docs/tests.md names are there.
func TestDocumentedTests(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, dir := range []string{"cmd", "internal"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(docRoot, dir), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
				there[string(m[1])] = true
			}
			return err
		}))
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(docRead(t, "docs/tests.md"), -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		require.True(t, there[m[1]], "docs/tests.md names %s, which is not there", m[1])
	}
}
