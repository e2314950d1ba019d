// fairness: what a call on a cold key waits for a hot one.

package perf

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

// A busy machine answers slowly whoever keeps it busy, so a cold key beside a hot one
// is held against the same key beside the same load on many keys: all that differs is
// that it is one key. The load is put on in two ways. With 63 callers who come back at
// once the hot key gets all that it can take, but a hold on many keys costs more, so
// that alone would flatter; at the same rate both loads are the same number of holds.
var fairnessScenario = scenario{
	name: "fairness",
	about: "ReserveSpend by one caller on a cold key while 63 others are on a hot key of its shard, against the same caller while they are on 1,000 keys; " +
		"and beside 4 callers of ApplySpends of 1,000",
	run: runFairness,
}

const (
	// coldCallers and hotCallers are those of the other scenarios together.
	coldCallers = 1
	hotCallers  = callers - coldCallers
	// fairnessBatch is the largest that ApplySpends takes.
	fairnessBatch = 1_000
	// outlasting is how much longer than the cold key's calls the load beside them goes.
	outlasting = 500 * time.Millisecond
)

func runFairness(ctx context.Context, b *bench) error {
	for _, database := range databases {
		hot, many := subject.Keys{Prefix: "hot-", Count: 1}, subject.Keys{Prefix: "many-", Count: b.small(1_000, 10)}
		cold := sameShard(hot.At(0))
		server, err := b.serveNew(ctx, database, plansOf(hot, cold, many)...)
		if err != nil {
			return err
		}
		f := fairness{b, database, server, rig.Load{Protocol: "grpc", Callers: coldCallers, KeyIDs: ids(cold), Mix: reserveOnly}}
		if err := f.besideSingleCalls(ctx, ids(hot), ids(many)); err != nil {
			return err
		}
		if err := f.besideLargeCalls(ctx, hot); err != nil {
			return err
		}
	}
	return nil
}

// shardsDivide is divided by every number of shards that a server runs, 1 to 8.
const shardsDivide = 840

// sameShard is a key of the shard of another, whatever number of shards there are. They
// are told apart by the end of the id.
func sameShard(as subject.Key) subject.Keys {
	for i := 0; ; i++ {
		keys := subject.Keys{Prefix: fmt.Sprintf("cold-%d-", i), Count: 1}
		if key := keys.At(0); binary.BigEndian.Uint32(key[12:])%shardsDivide == binary.BigEndian.Uint32(as[12:])%shardsDivide {
			return keys
		}
	}
}

func plansOf(all ...subject.Keys) (plans []fill.Plan) {
	for _, k := range all {
		plans = append(plans, fill.Plan{Prefix: k.Prefix, Keys: k.Count, Subject: owner})
	}
	return plans
}

func ids(keys subject.Keys) (ids []string) {
	for _, k := range keys.All() {
		ids = append(ids, k.UUID())
	}
	return ids
}

// fairness measures a cold key's calls on one server.
type fairness struct {
	*bench
	database string
	server   *rig.Server
	cold     rig.Load
}

// besideSingleCalls measures the cold key beside others' single calls on the hot key
// and on many keys.
func (f *fairness) besideSingleCalls(ctx context.Context, hot, many []string) error {
	load := rig.Load{Protocol: "grpc", Callers: hotCallers, KeyIDs: many, Mix: reserveOnly}
	highest := f.answered("highest rate", f.server, load)
	if err := f.rounds(ctx, highest); err != nil {
		return err
	}
	half := median(highest.values) / 2
	for _, c := range []struct {
		name   string
		rate   float64
		atMost float64
	}{{"63 callers who come back at once", 0, 2}, {"63 callers with " + number(half) + " calls/s in sum", half, 2}} {
		load.RatePerSecond = c.rate
		beside := func(keys []string) func() error {
			load := load
			load.KeyIDs = keys
			return func() error { return f.putBeside(load) }
		}
		hotP50, hotP99 := f.latencyBeside("a hot key", f.cold, beside(hot))
		manyP50, manyP99 := f.latencyBeside("1,000 keys", f.cold, beside(many))
		if err := f.rounds(ctx, hotP50, hotP99, manyP50, manyP99); err != nil {
			return err
		}
		f.figure(f.database+", p50 of a cold key beside "+c.name, hotP50, manyP50, "us", goal{atMost: c.atMost})
		f.figure(f.database+", p99 of a cold key beside "+c.name, hotP99, manyP99, "us", goal{})
	}
	return nil
}

// besideLargeCalls measures the cold key, and the hot one, beside large calls on the
// hot key, against the cold key alone.
func (f *fairness) besideLargeCalls(ctx context.Context, hot subject.Keys) error {
	w, err := f.worker(subject.Spec{Kind: "rpc", Server: f.server.URL, Token: f.server.Token})
	if err != nil {
		return err
	}
	job := subject.Job{Op: "hold-all", Keys: hot, Callers: batchCallers, Batch: fairnessBatch, Seconds: (f.lasting() + outlasting).Seconds()}
	large := func() error { _, err := w.Run(job); return err }
	same := f.cold
	same.KeyIDs = ids(hot)
	coldP50, coldP99 := f.latencyBeside("a cold key", f.cold, large)
	hotP50, hotP99 := f.latencyBeside("the hot key", same, large)
	aloneP50, aloneP99 := f.latencyBeside("a cold key alone", f.cold, func() error { return nil })
	if err := f.rounds(ctx, coldP50, coldP99, hotP50, hotP99, aloneP50, aloneP99); err != nil {
		return err
	}
	const beside = " of a single call beside 4 callers of ApplySpends of 1,000 on a hot key"
	f.figure(f.database+", p50"+beside, coldP50, aloneP50, "us", goal{})
	f.figure(f.database+", p99"+beside, coldP99, aloneP99, "us", goal{})
	f.figure(f.database+", p50"+beside, hotP50, aloneP50, "us", goal{})
	f.figure(f.database+", p99"+beside, hotP99, aloneP99, "us", goal{})
	return nil
}

// latencyBeside is the latency of a load while there is another; p99 is of what p50 has
// just measured.
func (f *fairness) latencyBeside(name string, l rig.Load, beside func() error) (p50, p99 *measured) {
	var answers rig.Answers
	p50 = &measured{name: name, once: func(context.Context) (float64, error) {
		var both errgroup.Group
		both.Go(beside)
		var err error
		answers, err = f.put(f.server, l)
		if besideErr := both.Wait(); err == nil {
			err = besideErr
		}
		return answers.Total.P50Us, err
	}}
	p99 = &measured{name: name, once: func(context.Context) (float64, error) { return answers.Total.P99Us, nil }}
	return p50, p99
}

// putBeside puts load on the server that outlasts what is measured beside it.
func (f *fairness) putBeside(l rig.Load) error {
	program, err := f.program()
	if err != nil {
		return err
	}
	l.Measure = f.lasting() + outlasting
	_, err = f.server.Put(program, l)
	return err
}

// lasting is how long put takes.
func (b *bench) lasting() time.Duration { return b.Measure + min(warmup, b.Measure) }
