// Package perf is make bench: scenarios that each measure two things in turn, in
// the same run on the same machine, and tell the ratio of the two. Absolute
// rates say more about the machine than about the program; a ratio can be
// compared.
//
// A figure is measured in rounds, A, B, A, B and so on, because machines are
// noisy. Its ratio is the median of the ratios of the rounds.
package perf

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// Options say what to measure and how long.
type Options struct {
	// Run names the scenarios; empty: all.
	Run []string
	// Rounds is how often each figure is measured.
	Rounds int
	// Measure is how long one measurement takes.
	Measure time.Duration
	// Quick makes everything tiny: it shows that the scenarios work, and nothing else.
	Quick bool
	// Full adds what takes long: keys with 10,000,000 spends.
	Full bool
	// Dir is where the databases are: a disk, whose speed matters. Empty: /var/tmp.
	Dir string
	// Profiles, if not empty, is the directory for CPU profiles of the engine.
	Profiles string
	// Log is told what is going on.
	Log io.Writer
}

// scenario is one part of the table.
type scenario struct {
	name string
	// about says what is held against what.
	about string
	run   func(ctx context.Context, b *bench) error
}

// scenarios are all of them, in the order of the table.
var scenarios = []scenario{incumbentScenario, peerScenario, spreadScenario, flatnessScenario,
	transportScenario, verifyScenario, replicasScenario, batchScenario, latencyScenario, fairnessScenario, widthScenario}

// Names are the scenarios that can be run.
func Names() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// Run measures.
func Run(ctx context.Context, o Options) (*Report, error) {
	for _, name := range o.Run {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("no scenario %q: there are %v", name, Names())
		}
	}
	if o.Quick {
		o.Rounds = 1
	}
	b, err := newBench(o)
	if err != nil {
		return nil, err
	}
	defer b.close()
	for _, s := range scenarios {
		if len(o.Run) > 0 && !slices.Contains(o.Run, s.name) {
			continue
		}
		b.scenario = s.name
		began := time.Now()
		b.logf("%s: %s", s.name, s.about)
		err := s.run(ctx, b)
		b.release()
		if err != nil {
			return b.report, fmt.Errorf("%s: %w", s.name, err)
		}
		b.logf("%s took %.0f s", s.name, time.Since(began).Seconds())
	}
	return b.report, nil
}

// bench is a run in progress, and what was started for it.
type bench struct {
	Options
	scenario string
	dir      string
	report   *Report
	postgres *pgtest.Server
	built    string   // the satcap program
	releases []func() // of the scenario
	made     int
}

func newBench(o Options) (*bench, error) {
	if o.Dir == "" {
		o.Dir = "/var/tmp"
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	dir, err := os.MkdirTemp(o.Dir, "satcap-bench-")
	if err != nil {
		return nil, err
	}
	// PostgreSQL runs as another user where this program runs as root.
	return &bench{Options: o, dir: dir, report: &Report{Rounds: o.Rounds, MeasureSeconds: o.Measure.Seconds()}}, os.Chmod(dir, 0o755)
}

func (b *bench) logf(format string, args ...any) {
	fmt.Fprintf(b.Log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// onRelease has f called at the end of the scenario.
func (b *bench) onRelease(f func()) { b.releases = append(b.releases, f) }

// release gives back what the scenario took, the last first.
func (b *bench) release() {
	for _, f := range slices.Backward(b.releases) {
		f()
	}
	b.releases = nil
}

func (b *bench) close() {
	b.release()
	if b.postgres != nil {
		b.postgres.Stop()
	}
	_ = os.RemoveAll(b.dir)
}

// owner owns all keys that are made for measuring.
const owner = "bench"

// databases are what satcap keeps its books in.
var databases = []string{"SQLite", "Postgres"}

// database makes a migrated database of a kind, and says how an engine opens it
// and what fills it. Nobody may have it open while it is filled.
func (b *bench) database(ctx context.Context, kind string) (spec subject.Spec, write func(fill.Plan) error, err error) {
	spec.Kind = "satcap"
	if kind == "SQLite" {
		spec.SQLite, err = b.newSQLite(ctx)
		return spec, func(p fill.Plan) error { return fill.SQLite(ctx, spec.SQLite, p) }, err
	}
	spec.Postgres, err = b.newPostgres(ctx, true)
	return spec, func(p fill.Plan) error { return fill.Postgres(ctx, spec.Postgres, p) }, err
}

// newPostgres is the URL of a new database on the one server of the run, migrated
// if it is for satcap.
func (b *bench) newPostgres(ctx context.Context, migrated bool) (string, error) {
	if b.postgres == nil {
		server, err := pgtest.Start(ctx, pgtest.WithDir(b.dir), pgtest.WithSetting("shared_buffers", "1GB"),
			pgtest.WithSetting("max_wal_size", "8GB"), pgtest.WithSetting("checkpoint_timeout", "15min"))
		if err != nil {
			return "", err
		}
		b.postgres = server
	}
	b.made++
	name := fmt.Sprintf("bench_%d", b.made)
	if err := b.postgres.CreateDatabase(ctx, name, ""); err != nil {
		return "", err
	}
	b.onRelease(func() { _ = b.postgres.DropDatabase(context.Background(), name) })
	url := b.postgres.URL(name)
	if !migrated {
		return url, nil
	}
	s, err := postgres.Open(ctx, url)
	if err != nil {
		return "", err
	}
	defer s.Close()
	_, err = s.Migrate(ctx)
	return url, err
}

// newSQLite is the path of a new migrated file.
func (b *bench) newSQLite(ctx context.Context) (string, error) {
	b.made++
	path := filepath.Join(b.dir, fmt.Sprintf("bench_%d.db", b.made))
	b.onRelease(func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + end)
		}
	})
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return "", err
	}
	defer s.Close()
	_, err = s.Migrate(ctx)
	return path, err
}

// newRedis starts a server for the scenario.
func (b *bench) newRedis() (*rig.Redis, error) {
	r, err := rig.StartRedis(b.dir)
	if err != nil {
		return nil, err
	}
	b.onRelease(r.Stop)
	return r, nil
}
