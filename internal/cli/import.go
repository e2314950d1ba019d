// Importing from other systems into the server's own database.

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/telemetry"
)

const importBlinkLong = `Take over the API keys of Blink, with their limits and a year of spends, from the
database of its api-keys service, which is only read. The keys keep their ids, and
their secrets go on working: start the server with --imported-secret-prefix.

The command works on satcap's database, beside running servers. It can be run again
at any time: it goes on where it was interrupted, and brings what has come since.
Limits that were changed in satcap stay.

Each row that cannot be carried over is listed on stdout with its table, id and
reason. At the end the sums of every key are compared with those of the source at
the same moment. Exit code 1 if any differs.

A password in --from can be seen in the list of processes: use SATCAP_FROM.`

func newImportCommand(a *app) *cobra.Command {
	cmd := newGroupCommand(a, "import", "Take over API keys from another system")
	cmd.AddCommand(newImportBlinkCommand(a))
	return cmd
}

func newImportBlinkCommand(a *app) *cobra.Command {
	var db string
	cfg := blinkimport.Config{Batch: blinkimport.DefaultBatch}
	cmd := &cobra.Command{
		Use: "blink", Short: "Take over API keys, limits and spends from Blink", Long: importBlinkLong, Args: wantArgs(),
		Example: "  satcap import blink --from postgres://reader@db.example.com/api_keys --dry-run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !strings.HasPrefix(cfg.From, "postgres://") && !strings.HasPrefix(cfg.From, "postgresql://") {
				return usageErrorf("--from must be postgres://USER:PASSWORD@HOST/NAME, the database of Blink's api-keys service")
			}
			if cfg.Batch < 1 || cfg.Batch > blinkimport.MaxBatch {
				return usageErrorf("--batch must be from 1 to %d", blinkimport.MaxBatch)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return withDatabase(ctx, db, "import into", func(s store.Store) error {
				cfg.Store = s
				return a.importBlink(ctx, cfg)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.From, "from", "", "database of Blink's api-keys service: postgres://...")
	addDBFlag(cmd, &db)
	f.BoolVar(&cfg.DryRun, "dry-run", false, "write nothing, and report what would be done")
	f.IntVar(&cfg.Batch, "batch", cfg.Batch, "how many spends are booked in one commit")
	return cmd
}

// importBlink runs the import and prints what it found and did.
func (a *app) importBlink(ctx context.Context, cfg blinkimport.Config) error {
	shown := newProgress(a.stderr, a.now)
	cfg.Log, cfg.Progress = telemetry.NewLogger(a.stderr, slog.LevelWarn, "text"), shown.show
	cfg.Found = func(f blinkimport.Finding) {
		shown.clear()
		row(a.stdout, string(f.Kind), f.Table, orNone(f.ID), f.Reason)
	}
	report, err := blinkimport.Run(ctx, cfg)
	shown.finish()
	if report != nil {
		if err := printReport(a.stdout, report, cfg.DryRun); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted: run it again to go on")
	case err != nil:
		return fmt.Errorf("the import is not complete, run it again to go on: %w", err)
	case report.Findings[blinkimport.Different] > 0:
		return errors.New("sums differ from those of the source")
	}
	return nil
}

// printReport writes the counts, which on a dry run are of what would be done.
func printReport(w io.Writer, r *blinkimport.Report, dryRun bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	count := func(what string, n int64) { row(table, what, formatSats(n)) }
	if dryRun {
		row(table, "DRY RUN, NOTHING WAS WRITTEN", "")
	}
	count("API keys at the source", r.Keys)
	count("  new", r.NewKeys)
	count("  imported before", r.KnownKeys)
	count("  not carried over", r.RefusedKeys)
	count("  limits brought up to date", r.ChangedLimits)
	count("  revoked", r.RevokedKeys)
	count("transactions at the source", r.Spends)
	count("  booked", r.Booked)
	count("  named", r.Named)
	count("  reversed", r.Reversed)
	count("  imported before", r.Known)
	count("  not carried over", r.RefusedSpends)
	count("transactions that are too old", r.TooOld)
	if !dryRun {
		count("API keys compared", r.Compared)
		count("  equal sums", r.Equal)
		count("  differ by what satcap booked or reversed", r.Explained)
		count("  differ", r.Compared-r.Equal-r.Explained)
	}
	return table.Flush()
}
