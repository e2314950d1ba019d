// Imports point downwards only: cmd, cli, server, rpc, engine, store, ledger.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/satcap/satcap/"

// below names, for every package, the packages of this module that it may
// import, a trailing /... standing for a whole tree. A package that is not here
// has no place in the layers yet, and fails the test.
var below = map[string][]string{
	"cmd/satcap":                              {"internal/cli"},
	"db":                                      {},
	"web":                                     {},
	"internal/cli":                            {"gen/...", "internal/blinkimport", "internal/config", "internal/loadgen", "internal/server", "internal/store", "internal/telemetry"},
	"internal/server":                         {"gen/...", "internal/apikey", "internal/auth", "internal/config", "internal/engine", "internal/jwks", "internal/ledger", "internal/rpc", "internal/store", "internal/store/postgres", "internal/store/sqlite", "web"},
	"internal/config":                         {"internal/apikey", "internal/auth"},
	"internal/telemetry":                      {},
	"internal/loadgen":                        {"gen/..."},
	"internal/rpc":                            {"gen/...", "internal/apikey", "internal/auth", "internal/engine", "internal/jwks", "internal/ledger", "internal/rpc/blink", "internal/store"},
	"internal/rpc/blink":                      {"gen/...", "internal/auth", "internal/engine", "internal/ledger", "internal/store"},
	"internal/auth":                           {"gen/...", "internal/apikey", "internal/jwks", "internal/ledger", "internal/store"},
	"internal/jwks":                           {},
	"internal/apikey":                         {},
	"internal/blinkimport":                    {"internal/engine", "internal/ledger", "internal/store"},
	"internal/blinkimport/blinktest":          {},
	"internal/engine":                         {"internal/ledger", "internal/store"},
	"internal/store":                          {"internal/ledger"},
	"internal/store/migration":                {"db", "internal/store"},
	"internal/store/postgres":                 {"internal/ledger", "internal/store", "internal/store/migration", "internal/store/postgres/internal/dbsqlc"},
	"internal/store/sqlite":                   {"internal/ledger", "internal/store", "internal/store/migration", "internal/store/sqlite/internal/dbsqlc"},
	"internal/store/storetest":                {"internal/ledger", "internal/store"},
	"internal/ledger":                         {},
	"internal/pgtest":                         {},
	"internal/browsertest":                    {},
	"internal/store/postgres/internal/dbsqlc": {},
	"internal/store/sqlite/internal/dbsqlc":   {},

	// What measures, beside the layers.
	"cmd/perf":              {"internal/perf", "internal/perf/rig"},
	"internal/perf":         {"gen/...", "internal/perf/fill", "internal/perf/rig", "internal/perf/subject", "internal/pgtest", "internal/store", "internal/store/postgres", "internal/store/sqlite"},
	"internal/perf/fill":    {"internal/ledger", "internal/perf/subject"},
	"internal/perf/nothing": {"gen/..."},
	"internal/perf/rig":     {"internal/perf/nothing", "internal/perf/subject"},
	"internal/perf/subject": {"gen/...", "internal/engine", "internal/ledger", "internal/store", "internal/store/postgres", "internal/store/sqlite"},
}

// pkg is what go list says of a package, without its tests.
type pkg struct {
	ImportPath string
	GoFiles    []string
	Imports    []string
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 || strings.HasPrefix(name, "gen/") {
			continue
		}
		allowed, known := below[name]
		require.True(t, known, "%s has no place in the layers", name)
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module)
			if ours && !permits(allowed, imported) {
				t.Errorf("%s must not import %s", name, imported)
			}
			if name == "internal/ledger" && strings.Contains(path, ".") {
				t.Errorf("the ledger is pure and must not import %s", path)
			}
		}
	}
}

// The ledger does no I/O and reads no clock.
func TestLedgerIsPure(t *testing.T) {
	t.Parallel()
	pure := []string{"bytes", "cmp", "errors", "fmt", "math", "slices", "strings", "time"}
	for _, p := range packages(t) {
		if p.ImportPath != module+"internal/ledger" {
			continue
		}
		for _, path := range p.Imports {
			require.True(t, slices.Contains(pure, path), "the ledger must not import %s", path)
		}
		return
	}
	t.Fatal("no package ledger")
}

// The program holds nothing of what measures it, nor of what it is measured against.
func TestProgramDoesNotMeasureItself(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "./cmd/satcap")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Contains(t, string(out), module+"internal/engine")
	for _, path := range strings.Fields(string(out)) {
		require.NotContains(t, path, "internal/perf")
		require.NotContains(t, path, "redis")
	}
}

func permits(allowed []string, imported string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		tree, whole := strings.CutSuffix(a, "...")
		return a == imported || whole && strings.HasPrefix(imported, tree)
	})
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,GoFiles,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	var list []pkg
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}
