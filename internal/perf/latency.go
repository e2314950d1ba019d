// latency: how long an answer takes, in units of one fdatasync of the same disk,
// which no server that loses nothing can do without.

package perf

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/satcap/satcap/internal/perf/rig"
)

var latencyScenario = scenario{
	name:  "latency",
	about: "the time of a ReserveSpend, gRPC, hot key, against one fdatasync of 4 KiB on the same disk",
	run:   runLatency,
}

func runLatency(ctx context.Context, b *bench) error {
	for _, database := range databases {
		server, err := b.serveNew(ctx, database)
		if err != nil {
			return err
		}
		load := rig.Load{Protocol: "grpc", Callers: 1, Keys: 1, Mix: reserveOnly}
		alone := b.latency("p50 of one caller alone", server, &load, func(a rig.Answers) float64 { return a.Total.P50Us })
		sync := b.fdatasync()
		if err := b.rounds(ctx, alone, sync); err != nil {
			return err
		}
		b.figure(database+", one caller alone", alone, sync, "us", goal{atMost: 2})
		if err := halfLoad(ctx, b, database, server); err != nil {
			return err
		}
	}
	return nil
}

// halfLoad measures latencies at half of the highest rate, as an open loop, where
// what waits behind a stall counts as slow.
func halfLoad(ctx context.Context, b *bench, database string, server *rig.Server) error {
	load := rig.Load{Protocol: "grpc", Callers: callers, Keys: 1, Mix: reserveOnly}
	highest := b.answered("highest rate", server, load)
	if err := b.rounds(ctx, highest); err != nil {
		return err
	}
	load.RatePerSecond, load.Callers = median(highest.values)/2, 4*callers
	sync := b.fdatasync()
	var answers rig.Answers
	quantiles := []*measured{
		b.latency("p50", server, &load, func(a rig.Answers) float64 { answers = a; return a.Total.P50Us }),
		{name: "p99", once: func(context.Context) (float64, error) { return answers.Total.P99Us, nil }},
		{name: "p99.9", once: func(context.Context) (float64, error) { return answers.Total.P999Us, nil }},
	}
	if err := b.rounds(ctx, append(slices.Clone(quantiles), sync)...); err != nil {
		return err
	}
	for _, m := range quantiles {
		b.figure(database+", open loop at "+number(load.RatePerSecond)+" calls/s, half of the highest rate", m, sync, "us", goal{})
	}
	return nil
}

func (b *bench) latency(name string, s *rig.Server, l *rig.Load, of func(rig.Answers) float64) *measured {
	return &measured{name: name, once: func(context.Context) (float64, error) {
		a, err := b.put(s, *l)
		return of(a), err
	}}
}

const (
	syncBytes = 4 << 10
	// syncFile is how large the file is that is written over: the log files of
	// databases are used again, too.
	syncFile = 16 << 20
)

// fdatasync is the median time of writing 4 KiB and syncing them.
func (b *bench) fdatasync() *measured {
	return &measured{name: "fdatasync", once: func(context.Context) (float64, error) {
		f, err := os.OpenFile(filepath.Join(b.dir, "fdatasync"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		if _, err := f.WriteAt(make([]byte, syncFile), 0); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		page := make([]byte, syncBytes)
		var times []float64
		for end, at := time.Now().Add(b.Measure/2), int64(0); time.Now().Before(end); at = (at + syncBytes) % syncFile {
			began := time.Now()
			if _, err := f.WriteAt(page, at); err != nil {
				return 0, err
			}
			if err := datasync(f); err != nil {
				return 0, err
			}
			times = append(times, float64(time.Since(began).Nanoseconds())/1e3)
		}
		return median(times), nil
	}}
}
