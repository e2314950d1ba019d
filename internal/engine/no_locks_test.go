// The test of the test: in a build that leaves the keys unlocked while it
// decides (build tag satcap_nolock), TestNoOverspend must find overspend.

package engine_test

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutLocks marks the process that runs without locks, in which this test
// must not start another one.
const withoutLocks = "SATCAP_TEST_WITHOUT_LOCKS"

func TestWithoutLocksThePromiseBreaks(t *testing.T) {
	if os.Getenv(withoutLocks) != "" {
		t.Fatal("started by itself")
	}
	t.Parallel() // it waits for a build most of the time
	const tries = 3
	args := append([]string{"test", "-count=1", "-vet=off"}, raceFlag()...)
	args = append(args, "-tags", "satcap_nolock", "-run", "^TestNoOverspend$/^postgres$/^exact$", ".")
	var output string
	for range tries {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Env = append(os.Environ(), withoutLocks+"=1")
		out, err := cmd.CombinedOutput()
		output = string(out)
		if err == nil {
			continue // by luck nothing overlapped
		}
		require.Contains(t, output, "--- FAIL: TestNoOverspend/postgres/exact", "it failed, but not in the test")
		if strings.Contains(output, overspent) {
			return
		}
	}
	t.Fatalf("without locks and still no overspend in %d runs, so the test would not notice:\n%s", tries, output)
}

// raceFlag is the flag that this test was built with, so that the packages that
// it shares with the build without locks are in the build cache.
func raceFlag() []string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return []string{"-race"}
		}
	}
	return nil
}
