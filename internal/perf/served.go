// Servers under load: what the end-to-end scenarios share.

package perf

import (
	"context"
	"fmt"
	"time"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

// program is the satcap program, built once a run.
func (b *bench) program() (string, error) {
	if b.built != "" {
		return b.built, nil
	}
	var err error
	b.built, err = rig.Build(b.dir)
	return b.built, err
}

// serve starts satcap serve on a database, for the scenario.
func (b *bench) serve(spec subject.Spec) (*rig.Server, error) {
	program, err := b.program()
	if err != nil {
		return nil, err
	}
	db := spec.Postgres
	if spec.SQLite != "" {
		db = "sqlite:" + spec.SQLite
	}
	s, err := rig.StartServer(program, b.dir, db)
	if err == nil {
		b.onRelease(s.Stop)
	}
	return s, err
}

// serveNew is serve on a new database of a kind.
func (b *bench) serveNew(ctx context.Context, kind string, plans ...fill.Plan) (*rig.Server, error) {
	spec, write, err := b.database(ctx, kind)
	if err != nil {
		return nil, err
	}
	for _, p := range plans {
		if err := write(p); err != nil {
			return nil, err
		}
	}
	return b.serve(spec)
}

// serveNothing starts the server that does nothing, for the scenario.
func (b *bench) serveNothing() (*rig.Server, error) {
	s, err := rig.StartNothing()
	if err == nil {
		b.onRelease(s.Stop)
	}
	return s, err
}

// warmup is how long the load goes before it is measured.
const warmup = 300 * time.Millisecond

// put puts load on a server, for as long as one measurement takes.
func (b *bench) put(s *rig.Server, l rig.Load) (rig.Answers, error) {
	program, err := b.program()
	if err != nil {
		return rig.Answers{}, err
	}
	l.Measure, l.Warmup = b.Measure, min(warmup, b.Measure)
	return s.Put(program, l)
}

// answered is how many calls a second a server answers.
func (b *bench) answered(name string, s *rig.Server, l rig.Load) *measured {
	m := &measured{name: name}
	m.once = func(context.Context) (float64, error) {
		a, err := b.put(s, l)
		m.operations = b.withWarmup(a.Total.OperationsPerSecond)
		return a.Total.OperationsPerSecond, err
	}
	return m
}

// withWarmup is how many operations came at a rate, with those of the warm-up.
func (b *bench) withWarmup(perSecond float64) float64 {
	return perSecond * b.lasting().Seconds()
}

// reserveOnly is the mix of satcap bench that only makes holds.
const reserveOnly = "reserve=1"

// loadInWords says what the load is.
func loadInWords(l rig.Load) string {
	return fmt.Sprintf("%s, %s, %d callers", l.Protocol, keysInWords(l.Keys), l.Callers)
}

// lasting is how long put takes.
func (b *bench) lasting() time.Duration { return b.Measure + min(warmup, b.Measure) }
