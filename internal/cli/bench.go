// The bench command: load on a running server, and how it answers.

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/satcap/satcap/internal/loadgen"
)

const benchLong = `Put load on a running server, and measure how it answers.

WARNING: this makes API keys in the server, named bench-0001 and so on, and spends
with them. What it spends stays in the database for good, as the history of these
keys. At the end it revokes the keys that it made, unless --keep-keys is given;
active keys with these names that were there before are used, and not revoked.
With --key it spends with the keys that are named: their limits count it, and holds
that it left open count until they expire.

The token must be allowed to spend, and that of an owner too, to make the keys:
the development token is both. Elsewhere --owner-token is the owner's, or --key
names keys, which needs no owner.

Without --rate every caller sends its next call when the last one was answered (a
closed loop), which finds the highest rate. With --rate calls are sent at that rate
whatever the server does (an open loop), and the latency counts from the moment at
which a call was to be sent: what waits behind a stall was slow, and is counted so.

The weights of --mix are relative. Settle and release end the oldest hold that this
run made; while there is none, the caller reserves instead. Verify gives keys that
were there before a new secret, to know it. Apply reserves --batch times in one call,
each time with a key of its own choice; the report counts its calls, and what became
of the operations in them.

The generator is kept cheap and decodes no answers but those of apply. On the server's
own machine it still takes processor time from the server: the last line of the report
says how much.

Ctrl-C ends the run and prints what there is; once more ends it at once, and leaves
the keys. A call that a limit refuses is an outcome and not an error. Exit code 1 if
any call failed otherwise, or any operation of apply.`

const benchExample = `  satcap bench --concurrency 64 --duration 30s
  satcap bench --keys 1000 --hot-share 0.5 --mix reserve=50,settle=40,release=10
  satcap bench --keys 100 --mix apply=1 --batch 1000 --concurrency 4
  satcap bench --rate 2000 --protocol json --json > result.json`

// benchFlags is what the command line says that loadgen.Config does not hold.
type benchFlags struct {
	*clientFlags
	cfg        loadgen.Config
	protocol   string
	mix        string
	ownerToken string
	json       bool
}

func newBenchCommand(a *app) *cobra.Command {
	b := &benchFlags{}
	cmd := &cobra.Command{
		Use: "bench", Short: "Put load on a server and measure it", Long: benchLong, Example: benchExample, Args: wantArgs(),
	}
	b.clientFlags = addClientFlags(a, cmd)
	f := cmd.Flags()
	f.StringVar(&b.protocol, "protocol", string(loadgen.GRPC), "grpc, grpc-web or json, the last two over HTTP/1.1")
	f.IntVar(&b.cfg.Connections, "connections", 0, "TCP `connections` that the callers share (default 4 with grpc, else one for each caller)")
	f.IntVar(&b.cfg.Concurrency, "concurrency", 64, "`callers`: the most calls under way at once")
	f.IntVar(&b.cfg.Keys, "keys", 1, "how many `keys` to use, named bench-0001 and so on: made where they are not there")
	f.StringSliceVar(&b.cfg.KeyIDs, "key", nil, "`id` of a key to use instead; the first is the hot key (can be repeated)")
	f.BoolVar(&b.cfg.KeepKeys, "keep-keys", false, "do not revoke the keys that the run made")
	f.Float64Var(&b.cfg.HotShare, "hot-share", 0, "`share` of the calls that go to the first key, 0 to 1; with 0 all keys are alike")
	f.StringVar(&b.mix, "mix", "reserve=50,settle=40,release=10",
		"`weights` of the operations: "+strings.Join(loadgen.OperationNames(), ", "))
	f.IntVar(&b.cfg.Batch, "batch", 500, "`reservations` in a call of apply, 1 to 1000")
	f.DurationVar(&b.cfg.Duration, "duration", 30*time.Second, "how long to measure")
	f.DurationVar(&b.cfg.Warmup, "warmup", 3*time.Second, "how long the load goes before that")
	f.Float64Var(&b.cfg.RatePerSecond, "rate", 0, "calls per second of an open loop; without it the loop is closed")
	f.Int64Var(&b.cfg.AmountSats, "amount-sats", 1000, "`amount` of each spend, in sats")
	f.StringVar(&b.ownerToken, "owner-token", "", "bearer token that makes and revokes the keys, if it is not --token")
	f.BoolVar(&b.json, "json", false, "the same as --output json")
	// --server names the target as other load generators do.
	cmd.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "server" {
			name = "url"
		}
		return pflag.NormalizedName(name)
	})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return b.run(cmd) }
	return cmd
}

// run puts the load on the server and prints the report.
func (b *benchFlags) run(cmd *cobra.Command) error {
	if err := b.check(cmd); err != nil {
		return err
	}
	ownerToken := strings.TrimSpace(b.ownerToken)
	if ownerToken == "" {
		ownerToken = b.cfg.Token
	}
	s, err := b.openAs(cmd, ownerToken)
	if err != nil {
		return err
	}
	b.cfg.Owner, b.cfg.Progress = s.keys, func(p loadgen.Progress) { s.note("%s", benchProgress(p)) }
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from here on a signal does what it does by itself

	rep, err := loadgen.Run(ctx, b.cfg)
	if rep != nil {
		if printErr := b.print(cmd.OutOrStdout(), rep); printErr != nil {
			return printErr
		}
	}
	switch {
	case rep == nil && ctx.Err() != nil:
		return errors.Join(errors.New("interrupted before there was anything to report"), revokeProblem(err))
	case err != nil:
		return err
	}
	return benchFailures(rep.Total)
}

// benchFailures is an error if any call failed, or any operation of a batch.
func benchFailures(total loadgen.Line) error {
	var failed []string
	if total.ErrorCount > 0 {
		failed = append(failed, fmt.Sprintf("%s of %s calls failed", formatSats(total.ErrorCount), formatSats(total.Count)))
	}
	if total.ItemErrorCount > 0 {
		failed = append(failed, fmt.Sprintf("%s operations in calls of apply failed", formatSats(total.ItemErrorCount)))
	}
	if failed == nil {
		return nil
	}
	return errors.New(strings.Join(failed, ", and "))
}

// revokeProblem is the part of err that says that keys are left, or nil.
func revokeProblem(err error) error {
	if left := new(loadgen.RevokeError); errors.As(err, &left) {
		return left
	}
	return nil
}

// check reads what the flags say, and refuses what makes no sense.
func (b *benchFlags) check(cmd *cobra.Command) error {
	var err error
	if b.cfg.URL, err = parseURL(b.url); err != nil {
		return err
	}
	if b.cfg.Mix, err = loadgen.ParseMix(b.mix); err != nil {
		return usageErrorf("--mix: %v", err)
	}
	if cmd.Flags().Changed("batch") && !b.cfg.Mix.HasApply() {
		return usageErrorf("--batch is the size of the calls of apply: give apply a weight in --mix, or leave --batch out")
	}
	if cmd.Flags().Changed("keys") && len(b.cfg.KeyIDs) > 0 {
		return usageErrorf("--keys makes keys and --key names them: give one of the two")
	}
	if cmd.Flags().Changed("rate") && b.cfg.RatePerSecond == 0 {
		return usageErrorf("--rate must be more than 0, or be left out")
	}
	if b.json {
		b.output = outputJSON
	}
	b.cfg.Protocol, b.cfg.Token, b.cfg.Timeout = loadgen.Protocol(b.protocol), b.bearerToken(cmd), b.timeout
	if err := b.cfg.Validate(); err != nil {
		return usageErrorf("%v", err)
	}
	return nil
}

func benchProgress(p loadgen.Progress) string {
	doing := "measuring"
	if p.WarmingUp {
		doing = "warming up"
	}
	return fmt.Sprintf("%s: %s of %s, %.0f calls/s, %s errors", doing,
		p.Elapsed.Round(time.Second), p.Total, p.RatePerSecond, formatSats(p.ErrorCount))
}

// print writes the report as JSON or as a table.
func (b *benchFlags) print(out io.Writer, rep *loadgen.Report) error {
	if b.output == outputJSON {
		text, err := json.MarshalIndent(rep, "", "  ")
		if err != nil {
			return err
		}
		_, err = out.Write(append(text, '\n'))
		return err
	}
	return printer{format: outputTable, out: out}.print(nil, func(w io.Writer) { benchTable(w, rep) })
}
