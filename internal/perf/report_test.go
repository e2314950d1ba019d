// Figures and how they are written.

package perf_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/perf"
)

func TestReached(t *testing.T) {
	for name, c := range map[string]struct {
		figure perf.Figure
		want   bool
	}{
		"no goal":         {perf.Figure{Ratio: 0.1}, true},
		"more than least": {perf.Figure{Ratio: 0.7, AtLeast: 0.7}, true},
		"less than least": {perf.Figure{Ratio: 0.69, AtLeast: 0.7}, false},
		"less than most":  {perf.Figure{Ratio: 2, AtMost: 2}, true},
		"more than most":  {perf.Figure{Ratio: 2.01, AtMost: 2}, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.figure.Reached()) })
	}
}

func TestTable(t *testing.T) {
	r := perf.Report{Rounds: 5, MeasureSeconds: 1, Figures: []perf.Figure{
		{
			Scenario: "peer", Name: "hot key", Unit: "holds/s", A: "satcap", AMedian: 23456, B: "Redis", BMedian: 39012.4,
			Ratio: 0.60123, Least: 0.5, Most: 0.7, ACPUUs: 40.06, BCPUUs: 9.5, AtLeast: 0.6,
		},
		{Scenario: "latency", Name: "alone", Unit: "us", A: "p50", AMedian: 512, B: "fdatasync", BMedian: 201, Ratio: 2.547, Least: 2, Most: 3, AtMost: 2},
	}}
	var table strings.Builder
	require.NoError(t, r.WriteTable(&table))
	require.Contains(t, table.String(), "| peer | hot key | satcap: 23456 holds/s | Redis: 39012 holds/s | 0.601 | 0.500-0.700 | 40.1 / 9.50 | at least 0.600 | yes |\n")
	require.Contains(t, table.String(), "| latency | alone | p50: 512 us | fdatasync: 201 us | 2.55 | 2.00-3.00 |  | at most 2.00 | no |\n")
}
