// transport: the whole way of a ReserveSpend against the way alone.

package perf

import (
	"context"

	"github.com/satcap/satcap/internal/perf/rig"
)

var transportScenario = scenario{
	name:  "transport",
	about: "ReserveSpend end to end against a handler of the same messages that does nothing",
	run:   runTransport,
}

var transportCases = []struct {
	keys int
	goal goal // of gRPC
}{
	{1, goal{atLeast: 0.7}},
	{1_000, goal{atLeast: 0.6}},
}

func runTransport(ctx context.Context, b *bench) error {
	empty, err := b.serveNothing()
	if err != nil {
		return err
	}
	servers := make(map[string]*rig.Server)
	for _, database := range databases {
		if servers[database], err = b.serveNew(ctx, database); err != nil {
			return err
		}
	}
	for _, c := range transportCases {
		for _, protocol := range []string{"grpc", "json"} {
			load := rig.Load{Protocol: protocol, Callers: callers, Keys: b.small(c.keys, 10), Mix: reserveOnly}
			nothing := b.answered("nothing", empty, load)
			all := []*measured{nothing}
			for _, database := range databases {
				all = append(all, b.answered(database, servers[database], load))
			}
			if err := b.rounds(ctx, all...); err != nil {
				return err
			}
			for _, m := range all[1:] {
				want := c.goal
				if protocol != "grpc" {
					want = goal{}
				}
				b.figure(loadInWords(load), m, nothing, "calls/s", want)
			}
		}
	}
	return nil
}
