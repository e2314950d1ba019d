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
// that the load is on one key. All of that one is in the cold key's shard, where of the
// many there is a part. The load comes in two ways. 63 callers who come back at once give
// the hot key all that it can take, but a hold on many keys costs more, which flatters.
// At half of the rate that many keys reach, both loads are the same number of holds.
// What the load as such costs, the figures against the cold key alone say.
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
		if err := fairnessOn(ctx, b, database); err != nil {
			return err
		}
	}
	return nil
}

func fairnessOn(ctx context.Context, b *bench, database string) error {
	hot, many := subject.Keys{Prefix: "hot-", Count: 1}, subject.Keys{Prefix: "many-", Count: b.small(1_000, 10)}
	cold := sameShard(hot.At(0))
	server, err := b.serveNew(ctx, database, plansOf(hot, cold, many)...)
	if err != nil {
		return err
	}
	highest := b.answered("highest rate on many keys", server, singleCalls(hotCallers, many))
	if err := b.rounds(ctx, highest); err != nil {
		return err
	}
	half := median(highest.values) / 2

	var all []*measured
	on := func(name string, keys subject.Keys, beside func() error) latencies {
		l := b.latencyBeside(name, server, singleCalls(coldCallers, keys), beside)
		all = append(all, l.p50, l.p99)
		return l
	}
	load := func(keys subject.Keys, rate float64) func() error {
		l := singleCalls(hotCallers, keys)
		l.RatePerSecond = rate
		return func() error { return b.putBeside(server, l) }
	}
	large := func() error {
		l := singleCalls(batchCallers, hot)
		l.Mix, l.Batch = "apply=1", fairnessBatch
		return b.putBeside(server, l)
	}
	alone := on("alone", cold, func() error { return nil })
	besideHot, besideMany := on("hot key", cold, load(hot, 0)), on("1,000 keys", cold, load(many, 0))
	besideHotAtHalf, besideManyAtHalf := on("hot key", cold, load(hot, half)), on("1,000 keys", cold, load(many, half))
	coldBesideLarge, hotBesideLarge := on("cold key", cold, large), on("hot key", hot, large)
	if err := b.rounds(ctx, all...); err != nil {
		return err
	}

	closed, open := "63 callers who come back at once", "63 callers with "+number(half)+" calls/s in sum"
	b.fairness(database+", a cold key beside "+closed, besideHot, besideMany, goal{atMost: 2})
	b.fairness(database+", a cold key beside "+open, besideHotAtHalf, besideManyAtHalf, goal{atMost: 2})
	b.fairness(database+", a cold key beside "+closed, besideHot, alone, goal{})
	for _, l := range []latencies{coldBesideLarge, hotBesideLarge} {
		b.fairness(database+", a single call beside 4 callers of ApplySpends of 1,000 on a hot key", l, alone, goal{})
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

// singleCalls is a load of ReserveSpend.
func singleCalls(callers int, keys subject.Keys) rig.Load {
	load := rig.Load{Protocol: "grpc", Callers: callers, Mix: reserveOnly}
	for _, k := range keys.All() {
		load.KeyIDs = append(load.KeyIDs, k.UUID())
	}
	return load
}

// latencies are those of one load beside another; p99 is of what p50 has just measured.
type latencies struct{ p50, p99 *measured }

// latencyBeside measures a load while there is another.
func (b *bench) latencyBeside(name string, s *rig.Server, l rig.Load, beside func() error) latencies {
	var answers rig.Answers
	return latencies{
		&measured{name: name, once: func(context.Context) (float64, error) {
			var both errgroup.Group
			both.Go(beside)
			both.Go(func() (err error) { answers, err = b.put(s, l); return err })
			err := both.Wait()
			return answers.Total.P50Us, err
		}},
		&measured{name: name, once: func(context.Context) (float64, error) { return answers.Total.P99Us, nil }},
	}
}

// fairness adds both quantiles to the report. The goal is that of the p50.
func (b *bench) fairness(name string, l, against latencies, want goal) {
	b.figure(name+", p50", l.p50, against.p50, "us", want)
	b.figure(name+", p99", l.p99, against.p99, "us", goal{})
}

// putBeside puts load on a server that outlasts what is measured beside it.
func (b *bench) putBeside(s *rig.Server, l rig.Load) error {
	program, err := b.program()
	if err != nil {
		return err
	}
	l.Measure = b.lasting() + outlasting
	_, err = s.Put(program, l)
	return err
}
