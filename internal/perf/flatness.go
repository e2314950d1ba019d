// flatness: what a long history costs.

package perf

import (
	"context"
	"fmt"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

var flatnessScenario = scenario{
	name:  "flatness",
	about: "satcap's engine on a key with a long history against one with none, same database, 64 callers",
	run:   runFlatness,
}

// flatnessOps are what is done to the keys, and how a settle is made long enough.
var flatnessOps = []struct {
	op    string
	count int // of holds to settle
}{{"hold", 0}, {"usage", 0}, {"settle", 4_000}}

func runFlatness(ctx context.Context, b *bench) error {
	histories := []int{0, 10_000, 1_000_000}
	if b.Full {
		histories = append(histories, 10_000_000)
	}
	for _, database := range databases {
		w, err := b.filled(ctx, database, histories)
		if err != nil {
			return err
		}
		for _, o := range flatnessOps {
			var all []*measured
			for _, spends := range histories {
				job := subject.Job{Op: o.op, Keys: subject.Keys{Prefix: flatnessPrefix(spends), Count: 1}, Callers: callers, Count: b.small(o.count, 200)}
				all = append(all, b.rate(thousands(spends)+" spends", w, job))
			}
			if err := b.rounds(ctx, all...); err != nil {
				return err
			}
			for i, m := range all[1:] {
				var want goal
				if o.op == "hold" && i == len(all)-2 {
					want.atLeast = 0.9
				}
				b.figure(database+", "+o.op, m, all[0], "1/s", want)
			}
		}
	}
	return nil
}

func flatnessPrefix(spends int) string { return fmt.Sprintf("flatness-%d-", spends) }

// filled starts an engine on a database with a key for each of the histories.
func (b *bench) filled(ctx context.Context, database string, histories []int) (*rig.Worker, error) {
	spec, write, err := b.database(ctx, database)
	if err != nil {
		return nil, err
	}
	for _, spends := range histories {
		if err := write(fill.Plan{Prefix: flatnessPrefix(spends), Keys: 1, Spends: b.small(spends, 100), Subject: owner}); err != nil {
			return nil, err
		}
		b.logf("  %s: filled a key with %s spends", database, thousands(spends))
	}
	return b.worker(spec)
}
