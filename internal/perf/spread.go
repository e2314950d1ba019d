// spread: what it costs when the holds are not on one key.

package perf

import (
	"context"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/subject"
)

var spreadScenario = scenario{
	name:  "spread",
	about: "holds by satcap's engine on 1,000 keys against those on one, same database, 64 callers, no RPC",
	run:   runSpread,
}

func runSpread(ctx context.Context, b *bench) error {
	for _, database := range databases {
		spec, write, err := b.database(ctx, database)
		if err != nil {
			return err
		}
		spends := b.small(100, 5)
		plans := []fill.Plan{
			{Prefix: "hot-", Keys: 1, Spends: spends, Subject: owner}, {Prefix: "many-", Keys: b.small(1000, 10), Spends: spends, Subject: owner},
		}
		for _, p := range plans {
			if err := write(p); err != nil {
				return err
			}
		}
		w, err := b.worker(spec)
		if err != nil {
			return err
		}
		hot := b.rate(database+" hot key", w, subject.Job{Op: "hold", Keys: subject.Keys{Prefix: plans[0].Prefix, Count: 1}, Callers: callers})
		many := b.rate(database+" 1,000 keys", w, subject.Job{Op: "hold", Keys: subject.Keys{Prefix: plans[1].Prefix, Count: plans[1].Keys}, Callers: callers})
		if err := b.rounds(ctx, many, hot); err != nil {
			return err
		}
		b.figure("64 callers, 100 spends of history each", many, hot, "holds/s", goal{})
	}
	return nil
}
