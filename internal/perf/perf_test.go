// The scenarios work: one short round of each, on tiny histories. What the
// figures say is of no interest here.

package perf_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/perf"
	"github.com/satcap/satcap/internal/perf/rig"
)

func TestMain(m *testing.M) {
	rig.BecomeChild()
	os.Exit(m.Run())
}

func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	report, err := perf.Run(t.Context(), perf.Options{Measure: 300 * time.Millisecond, Quick: true, Log: t.Output()})
	require.NoError(t, err)
	measured := make(map[string]int)
	for _, f := range report.Figures {
		measured[f.Scenario]++
		require.Positive(t, f.AMedian, f)
		require.Positive(t, f.BMedian, f)
		require.Positive(t, f.Ratio, f)
	}
	var table strings.Builder
	require.NoError(t, report.WriteTable(&table))
	for _, name := range perf.Names() {
		require.Positive(t, measured[name], name)
		require.Equal(t, measured[name], strings.Count(table.String(), "\n| "+name+" | "))
	}
}

func TestUnknownScenario(t *testing.T) {
	_, err := perf.Run(t.Context(), perf.Options{Run: []string{"nothing like that"}})
	require.ErrorContains(t, err, "incumbent")
}
