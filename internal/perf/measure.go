// Measuring: rounds of several things in turn, and figures from them.

package perf

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

// measured is a thing to measure, and what was measured of it, one value a round.
type measured struct {
	name string
	// once measures it.
	once func(ctx context.Context) (float64, error)
	// before, if not nil, is done before each round and not measured.
	before func(ctx context.Context) error
	values []float64
	// operations is how many once has just done, with those that warm up; 0: that
	// is not known. cpuUs is the processor time of each, a value a round.
	operations float64
	cpuUs      []float64
}

// rounds measures all in turn, as often as the options say, after a round that
// does not count.
func (b *bench) rounds(ctx context.Context, all ...*measured) error {
	for round := range b.Rounds + 1 {
		for _, m := range all {
			if m.before != nil {
				if err := m.before(ctx); err != nil {
					return fmt.Errorf("%s: %w", m.name, err)
				}
			}
			cpuBefore, _ := rig.CPUSeconds()
			value, err := m.once(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			if round == 0 && !b.Quick {
				continue
			}
			m.values = append(m.values, value)
			if cpu, known := rig.CPUSeconds(); known && m.operations > 0 {
				m.cpuUs = append(m.cpuUs, (cpu-cpuBefore)*1e6/m.operations)
			}
		}
		if b.Quick {
			break
		}
	}
	return ctx.Err()
}

// figure adds the ratio of a to what it is held against to the report.
func (b *bench) figure(name string, a, against *measured, unit string, goal goal) {
	ratios := make([]float64, len(a.values))
	for i := range ratios {
		ratios[i] = a.values[i] / against.values[i]
	}
	f := Figure{
		Scenario: b.scenario, Name: name, Unit: unit,
		A: a.name, AMedian: median(a.values), B: against.name, BMedian: median(against.values),
		Ratio: median(ratios), Least: slices.Min(ratios), Most: slices.Max(ratios),
		AtLeast: goal.atLeast, AtMost: goal.atMost,
		ACPUUs: median(a.cpuUs), BCPUUs: median(against.cpuUs),
	}
	b.report.Figures = append(b.report.Figures, f)
	b.logf("  %s: %s / %s = %s (%s / %s%s)", name, a.name, against.name, number(f.Ratio), number(f.AMedian), number(f.BMedian), f.cpu("; CPU us each "))
}

// goal is what a ratio has to reach; 0: there is none.
type goal struct{ atLeast, atMost float64 }

// median of the values; 0 if there are none.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// worker starts a process with the subject, for the scenario.
func (b *bench) worker(spec subject.Spec) (*rig.Worker, error) {
	w, err := rig.StartWorker(spec)
	if err == nil {
		b.onRelease(w.Stop)
	}
	return w, err
}

// rate is the rate of a job in a worker, in operations per second.
func (b *bench) rate(name string, w *rig.Worker, job subject.Job) *measured {
	job.Seconds = b.Measure.Seconds()
	m := &measured{name: name}
	m.once = func(context.Context) (float64, error) {
		job := job
		if b.Profiles != "" {
			file := strings.NewReplacer(" ", "_", ",", "", "/", "_").Replace(b.scenario + "_" + name + "_" + job.Op + "_" + job.Keys.Prefix)
			job.Profile = filepath.Join(b.Profiles, file+".pprof")
		}
		tally, err := w.Run(job)
		if job.Op != "settle" { // which makes its holds first
			m.operations = float64(tally.Operations)
		}
		return tally.PerSecond(), err
	}
	return m
}

// small is n, or few if it is only to be seen that things work.
func (b *bench) small(n, few int) int {
	if b.Quick {
		return min(n, few)
	}
	return n
}
