// The report: one table of ratios.

package perf

import (
	"fmt"
	"io"
	"math"
	"strconv"
)

// Report is what was measured.
type Report struct {
	// Rounds is how often each figure was measured.
	Rounds int
	// MeasureSeconds is how long one measurement took.
	MeasureSeconds float64
	// Figures are the lines of the table.
	Figures []Figure
}

// Figure is a ratio of two medians that were measured in turn.
type Figure struct {
	// Scenario is the part of the table that it belongs to.
	Scenario string
	// Name says what was measured and where.
	Name string
	// Unit is that of the medians.
	Unit string
	// A and B name what is divided by what.
	A, B string
	// AMedian and BMedian are of all rounds.
	AMedian, BMedian float64
	// Ratio is the median of the ratios of the rounds, Least and Most the extremes.
	Ratio, Least, Most float64
	// ACPUUs and BCPUUs are the processor time of one operation in microseconds,
	// that of all processes that it took, the load among them; 0: not known. Unlike
	// the rates they hardly depend on what else the machine does.
	ACPUUs, BCPUUs float64
	// AtLeast and AtMost are what the ratio has to reach; 0: nothing.
	AtLeast, AtMost float64
}

// Reached says whether the ratio is what it has to be.
func (f Figure) Reached() bool {
	return (f.AtLeast == 0 || f.Ratio >= f.AtLeast) && (f.AtMost == 0 || f.Ratio <= f.AtMost)
}

// cpu is the processor time of A and B in words behind a prefix; nothing if it is
// not known of both.
func (f Figure) cpu(prefix string) string {
	if f.ACPUUs == 0 || f.BCPUUs == 0 {
		return ""
	}
	return prefix + number(f.ACPUUs) + " / " + number(f.BCPUUs)
}

// WriteTable writes the report as a table in Markdown.
func (r *Report) WriteTable(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "Medians of %d rounds of %s s each, in turn.\n\n"+
		"| scenario | figure | A | B | ratio A/B | spread | CPU us each, A / B | to reach | reached |\n|---|---|---|---|---|---|---|---|---|\n", r.Rounds, number(r.MeasureSeconds)); err != nil {
		return err
	}
	for _, f := range r.Figures {
		goal, reached := "", ""
		switch {
		case f.AtLeast > 0:
			goal = "at least " + number(f.AtLeast)
		case f.AtMost > 0:
			goal = "at most " + number(f.AtMost)
		}
		if goal != "" {
			reached = map[bool]string{true: "yes", false: "no"}[f.Reached()]
		}
		if _, err := fmt.Fprintf(w, "| %s | %s | %s: %s %s | %s: %s %s | %s | %s-%s | %s | %s | %s |\n", f.Scenario, f.Name,
			f.A, number(f.AMedian), f.Unit, f.B, number(f.BMedian), f.Unit, number(f.Ratio), number(f.Least), number(f.Most), f.cpu(""), goal, reached); err != nil {
			return err
		}
	}
	return nil
}

// number writes a number with three digits that count.
func number(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	return strconv.FormatFloat(v, 'f', digits, 64)
}
