// batch: holds in batches of 500 against one call each.

package perf

import (
	"context"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

var batchScenario = scenario{
	name:  "batch",
	about: "holds in batches of 500 by 4 callers against holds one by one by 64, hot key: engine to engine, and end to end by gRPC",
	run:   runBatch,
}

const batchSize, batchCallers = 500, 4

func runBatch(ctx context.Context, b *bench) error {
	for _, database := range databases {
		spec, write, err := b.database(ctx, database)
		if err != nil {
			return err
		}
		if err := write(fill.Plan{Prefix: "batch-", Keys: 1, Subject: owner}); err != nil {
			return err
		}
		w, err := b.worker(spec)
		if err != nil {
			return err
		}
		keys := subject.Keys{Prefix: "batch-", Count: 1}
		batches := b.rate("batches of 500", w, subject.Job{Op: "hold-all", Keys: keys, Callers: batchCallers, Batch: batchSize})
		single := b.rate("one by one", w, subject.Job{Op: "hold", Keys: keys, Callers: callers})
		if err := b.rounds(ctx, batches, single); err != nil {
			return err
		}
		b.figure("engine, "+database, batches, single, "holds/s", goal{})
		w.Stop() // before another program opens the file
		if err := batchesByRPC(ctx, b, database, spec, keys); err != nil {
			return err
		}
	}
	return nil
}

// batchesByRPC holds ApplySpends against ReserveSpend, both by the same load
// generator.
func batchesByRPC(ctx context.Context, b *bench, database string, spec subject.Spec, keys subject.Keys) error {
	server, err := b.serve(spec)
	if err != nil {
		return err
	}
	load := rig.Load{Protocol: "grpc", Callers: callers, KeyIDs: []string{keys.At(0).UUID()}, Mix: reserveOnly}
	single := b.answered("ReserveSpend", server, load)
	load.Callers, load.Mix, load.Batch = batchCallers, "apply=1", batchSize
	batches := b.answered("ApplySpends of 500", server, load)
	if err := b.rounds(ctx, batches, single); err != nil {
		return err
	}
	b.figure("end to end, "+database, batches, single, "holds/s", goal{atLeast: 4})
	return nil
}
