// The report of the bench command as people read it.

package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/satcap/satcap/internal/loadgen"
)

// benchTable writes the figures of each operation, then what went wrong, then how
// the run was.
func benchTable(w io.Writer, rep *loadgen.Report) {
	row(w, "OPERATION", "COUNT", "REFUSED", "ERRORS", "RATE/S", "P50", "P90", "P99", "P99.9", "MAX")
	for _, line := range append(slices.Clone(rep.Operations), rep.Total) {
		row(w, line.Operation, formatSats(line.Count), formatSats(line.RefusalCount), formatSats(line.ErrorCount), fmt.Sprintf("%.0f", line.RatePerSecond),
			latency(line.P50Us), latency(line.P90Us), latency(line.P99Us), latency(line.P999Us), latency(line.MaxUs))
	}
	if rep.Total.ErrorCount+rep.Total.ItemErrorCount > 0 {
		gap(w)
		row(w, "OPERATION", "ERROR", "COUNT")
		for _, line := range rep.Operations {
			errorRows(w, line.Operation, line.Errors)
			errorRows(w, "in "+line.Operation, line.ItemErrors)
		}
	}
	gap(w)
	for _, line := range rep.Operations {
		if line.Batch() {
			fmt.Fprintf(w, "the calls of %s had %s operations, %.0f/s, of which %s were refused and %s failed\n", line.Operation,
				formatSats(line.OperationCount), line.OperationsPerSecond, formatSats(line.ItemRefusalCount), formatSats(line.ItemErrorCount))
		}
	}
	measured := time.Duration(rep.DurationUs) * time.Microsecond
	fmt.Fprintf(w, "%s, %d connections, %d callers, %d keys, %s measured\n", rep.Protocol, rep.Connections, rep.Concurrency, rep.Keys, measured.Round(time.Millisecond))
	if rep.Interrupted {
		fmt.Fprintln(w, "the run was interrupted: these are the figures until then")
	}
	if s := rep.Schedule; s != nil {
		fmt.Fprintf(w, "asked for %.0f calls/s, sent %.1f/s; behind the schedule by %s at most and %s at the end; %s calls were due and not sent\n",
			s.TargetRatePerSecond, s.AchievedRatePerSecond, latency(s.BehindMaxUs), latency(s.BehindEndUs), formatSats(s.UnsentCount))
	}
	if rep.OpenHoldCount > 0 {
		fmt.Fprintf(w, "%s holds were left open, and count until they expire\n", formatSats(rep.OpenHoldCount))
	}
	fmt.Fprintf(w, "the generator itself took %s of processor time\n", (time.Duration(rep.GeneratorCPUUs) * time.Microsecond).Round(time.Millisecond))
}

// errorRows writes how often what failed did so for each reason.
func errorRows(w io.Writer, operation string, errors map[string]int64) {
	for _, reason := range slices.Sorted(maps.Keys(errors)) {
		row(w, operation, reason, formatSats(errors[reason]))
	}
}

// latency shows microseconds with three digits.
func latency(us int64) string {
	d := time.Duration(us) * time.Microsecond
	switch {
	case d >= 100*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 100*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.String()
	}
}
