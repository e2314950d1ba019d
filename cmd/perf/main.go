// Perf is make bench: it starts what it needs, measures, and prints one table.
//
//	go run ./cmd/perf -run incumbent -rounds 5
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/satcap/satcap/internal/perf"
	"github.com/satcap/satcap/internal/perf/rig"
)

func main() {
	rig.BecomeChild()
	var o perf.Options
	run := flag.String("run", "", "the `scenarios` to run, with commas; empty: all of "+strings.Join(perf.Names(), ","))
	flag.IntVar(&o.Rounds, "rounds", 5, "how often each figure is measured")
	flag.DurationVar(&o.Measure, "measure", time.Second, "how long one measurement takes")
	flag.BoolVar(&o.Quick, "quick", false, "only see whether the scenarios work: one short round, tiny histories")
	flag.BoolVar(&o.Full, "full", false, "add what takes long: keys with 10,000,000 spends")
	flag.StringVar(&o.Dir, "dir", "", "the `directory`, on a real disk, for the databases; empty: /var/tmp")
	flag.StringVar(&o.Profiles, "profiles", "", "a `directory` for CPU profiles of the engine")
	out := flag.String("json", "", "a `file` to write the figures to as JSON")
	flag.Parse()
	if *run != "" {
		o.Run = strings.Split(*run, ",")
	}
	o.Log = os.Stderr
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := perf.Run(ctx, o)
	if report != nil {
		if err := write(report, *out); err != nil {
			fmt.Fprintln(os.Stderr, "perf:", err)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
		os.Exit(1)
	}
}

// write prints the table, and the JSON to a file if it has a name.
func write(report *perf.Report, file string) error {
	if err := report.WriteTable(os.Stdout); err != nil || file == "" {
		return err
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
