// verify: VerifyApiKey against the way alone.

package perf

import (
	"context"

	"github.com/satcap/satcap/internal/perf/rig"
)

var verifyScenario = scenario{
	name:  "verify",
	about: "VerifyApiKey end to end against a handler of the same messages that does nothing",
	run:   runVerify,
}

func runVerify(ctx context.Context, b *bench) error {
	empty, err := b.serveNothing()
	if err != nil {
		return err
	}
	server, err := b.serveNew(ctx, "SQLite")
	if err != nil {
		return err
	}
	for _, protocol := range []string{"grpc", "json"} {
		load := rig.Load{Protocol: protocol, Callers: callers, Keys: b.small(100, 5), Mix: "verify=1"}
		m, nothing := b.answered("satcap", server, load), b.answered("nothing", empty, load)
		if err := b.rounds(ctx, m, nothing); err != nil {
			return err
		}
		b.figure(loadInWords(load), m, nothing, "calls/s", goal{atLeast: 0.85})
	}
	return nil
}
