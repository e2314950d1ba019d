// peer: satcap's engine against Redis, as people use it for exact rolling limits.

package perf

import (
	"context"
	"fmt"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

var peerScenario = scenario{
	name:  "peer",
	about: "holds by satcap's engine against a Lua script in Redis with appendfsync always, hot key, no RPC",
	run:   runPeer,
}

var peerCases = []struct {
	callers int
	goal    goal
}{
	{64, goal{atLeast: 0.6}},
	{256, goal{atLeast: 1}},
}

func runPeer(ctx context.Context, b *bench) error {
	server, err := b.newRedis()
	if err != nil {
		return err
	}
	redis, err := b.worker(subject.Spec{Kind: "redis", Redis: server.Address})
	if err != nil {
		return err
	}
	for _, events := range []int{0, 100_000} {
		plan := fill.Plan{Prefix: fmt.Sprintf("peer-%d-", events), Keys: 1, Spends: b.small(events, 50), Subject: owner}
		workers := make(map[string]*rig.Worker)
		for _, database := range databases {
			spec, write, err := b.database(ctx, database)
			if err != nil {
				return err
			}
			if err := write(plan); err != nil {
				return err
			}
			if workers[database], err = b.worker(spec); err != nil {
				return err
			}
		}
		for _, c := range peerCases {
			job := subject.Job{Op: "hold", Keys: subject.Keys{Prefix: plan.Prefix, Count: 1}, Callers: c.callers}
			r := b.rate("Redis", redis, job)
			s, p := b.rate("satcap on SQLite", workers["SQLite"], job), b.rate("satcap on Postgres", workers["Postgres"], job)
			r.before = func(ctx context.Context) error { return fill.Redis(ctx, server.Address, plan) }
			if err := b.rounds(ctx, s, r, p); err != nil {
				return err
			}
			name := fmt.Sprintf("%d callers, %s events in the window", c.callers, thousands(events))
			b.figure(name, s, r, "holds/s", c.goal)
			b.figure(name, p, r, "holds/s", c.goal)
		}
	}
	return nil
}
