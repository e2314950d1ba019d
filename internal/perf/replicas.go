// replicas: more servers on one Postgres.

package perf

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/satcap/satcap/internal/perf/rig"
)

var replicasScenario = scenario{
	name:  "replicas",
	about: "ReserveSpend on two and three servers against one, all on one Postgres, 64 callers in sum, gRPC",
	run:   runReplicas,
}

const mostReplicas = 3

func runReplicas(ctx context.Context, b *bench) error {
	spec, _, err := b.database(ctx, "Postgres")
	if err != nil {
		return err
	}
	var servers []*rig.Server
	for range mostReplicas {
		s, err := b.serve(spec)
		if err != nil {
			return err
		}
		servers = append(servers, s)
	}
	for _, keys := range []int{1, 1_000} {
		load := rig.Load{Protocol: "grpc", Keys: b.small(keys, 10), Mix: reserveOnly, Callers: callers}
		// So that the keys are there before several look for them.
		if _, err := b.put(servers[0], load); err != nil {
			return err
		}
		var all []*measured
		for n := 1; n <= mostReplicas; n++ {
			all = append(all, b.together(servers[:n], load))
		}
		if err := b.rounds(ctx, all...); err != nil {
			return err
		}
		for n, m := range all[1:] {
			var want goal
			if keys == 1 && n+2 == mostReplicas {
				want.atLeast = 0.9
			}
			b.figure(keysInWords(keys), m, all[0], "calls/s", want)
		}
	}
	return nil
}

// together is the rate of several servers whose load comes at once, the callers
// shared out among them.
func (b *bench) together(servers []*rig.Server, load rig.Load) *measured {
	load.Callers /= len(servers)
	m := &measured{name: fmt.Sprintf("%d servers", len(servers))}
	m.once = func(context.Context) (float64, error) {
		rates := make([]float64, len(servers))
		var group errgroup.Group
		for i, s := range servers {
			group.Go(func() error {
				a, err := b.put(s, load)
				rates[i] = a.Total.OperationsPerSecond
				return err
			})
		}
		err := group.Wait()
		sum := 0.0
		for _, r := range rates {
			sum += r
		}
		m.operations = b.withWarmup(sum)
		return sum, err
	}
	return m
}
