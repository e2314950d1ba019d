// The report: what came of a run, in the form that programs read.

package loadgen

import (
	"maps"
	"time"
)

// Report is what came of a run.
type Report struct {
	// Protocol of the calls.
	Protocol Protocol `json:"protocol"`
	// Connections that the callers shared.
	Connections int `json:"connections"`
	// Concurrency is how many callers there were.
	Concurrency int `json:"concurrency"`
	// Keys that were spent with.
	Keys int `json:"keys"`
	// HotShare of the calls that went to the first key; 0: all keys were alike.
	HotShare float64 `json:"hot_share"`
	// Interrupted: the run was ended before its time.
	Interrupted bool `json:"interrupted"`
	// DurationUs is how long was measured, from the end of the warm-up to the last
	// answer, in microseconds.
	DurationUs int64 `json:"duration_us"`
	// Operations are those that came, in the order of the mix.
	Operations []Line `json:"operations"`
	// Total of all operations.
	Total Line `json:"total"`
	// Schedule is how an open loop kept to its rate. Absent: it was a closed loop.
	Schedule *Schedule `json:"schedule,omitempty"`
	// OpenHoldCount is how many holds the run, with its warm-up, left open. They
	// count against their keys until they expire.
	OpenHoldCount int64 `json:"open_hold_count"`
	// GeneratorCPUUs is the processor time that the generator itself took, with
	// the warm-up, in microseconds. 0 where the system does not tell.
	GeneratorCPUUs int64 `json:"generator_cpu_us"`
}

// Line is the figures of one operation. Latencies are in whole microseconds, and
// include calls that were refused or failed.
type Line struct {
	// Operation by its name in the mix, or "total".
	Operation string `json:"operation"`
	// Count of the calls that were answered or failed.
	Count int64 `json:"count"`
	// RefusalCount of those that a limit refused: not errors.
	RefusalCount int64 `json:"refusal_count"`
	// ErrorCount of those that failed otherwise.
	ErrorCount int64 `json:"error_count"`
	// Errors by the server's reason, or by the code where there is none.
	Errors map[string]int64 `json:"errors"`
	// RatePerSecond of all calls, with those that failed.
	RatePerSecond float64 `json:"rate_per_s"`
	// OperationCount of the operations in these calls: as many as a call of apply
	// has, and one for every other. A call of apply that failed counts none, as
	// nobody knows what became of them.
	OperationCount int64 `json:"operation_count"`
	// OperationsPerSecond of OperationCount.
	OperationsPerSecond float64 `json:"operations_per_s"`
	// ItemRefusalCount of the operations within calls of apply that a limit refused.
	ItemRefusalCount int64 `json:"item_refusal_count"`
	// ItemErrorCount of those that failed otherwise.
	ItemErrorCount int64 `json:"item_error_count"`
	// ItemErrors by reason, like Errors.
	ItemErrors map[string]int64 `json:"item_errors"`
	// P50Us is the latency that half of the calls do not exceed.
	P50Us int64 `json:"p50_us"`
	// P90Us is the 90th percentile.
	P90Us int64 `json:"p90_us"`
	// P99Us is the 99th percentile.
	P99Us int64 `json:"p99_us"`
	// P999Us is the 99.9th percentile.
	P999Us int64 `json:"p999_us"`
	// MaxUs is the longest.
	MaxUs int64 `json:"max_us"`
}

// Batch: each call has several operations.
func (l Line) Batch() bool {
	op := operationNamed(l.Operation)
	return op >= 0 && operations[op].batch
}

// Schedule is how an open loop kept to its rate, after the warm-up.
type Schedule struct {
	// TargetRatePerSecond is what was asked for.
	TargetRatePerSecond float64 `json:"target_rate_per_s"`
	// AchievedRatePerSecond is at what rate calls were sent.
	AchievedRatePerSecond float64 `json:"achieved_rate_per_s"`
	// BehindMaxUs is the longest that a call was sent after its time, in
	// microseconds. The latencies include it.
	BehindMaxUs int64 `json:"behind_max_us"`
	// BehindEndUs is how late the last call was sent, in microseconds.
	BehindEndUs int64 `json:"behind_end_us"`
	// UnsentCount of the calls that were due and never sent, because every caller
	// waited for an answer for longer than the timeout. No latency shows them.
	UnsentCount int64 `json:"unsent_count"`
}

// Progress is how far a run is.
type Progress struct {
	// Elapsed since the start, with the warm-up.
	Elapsed time.Duration
	// Total of warm-up and duration.
	Total time.Duration
	// WarmingUp: nothing is measured yet.
	WarmingUp bool
	// RatePerSecond since the last progress.
	RatePerSecond float64
	// ErrorCount since the start of the measurement.
	ErrorCount int64
}

// report puts the figures of a run together.
func (r *run) report(elapsed time.Duration) *Report {
	rep := &Report{
		Protocol: r.cfg.Protocol, Connections: r.cfg.connections(), Concurrency: r.cfg.Concurrency,
		Keys: len(r.keys), HotShare: r.cfg.HotShare, DurationUs: elapsed.Microseconds(),
		Operations: []Line{}, OpenHoldCount: r.openHolds.Load(),
	}
	total, operationCount := newTally(), int64(0)
	for op, t := range r.recorder.tallies() {
		if t != nil {
			line := t.line(operations[op].name, elapsed)
			if line.OperationCount = line.Count; line.Batch() {
				line.OperationCount = t.items.count
			}
			line.OperationsPerSecond = rate(line.OperationCount, elapsed)
			rep.Operations = append(rep.Operations, line)
			operationCount += line.OperationCount
			total.merge(t)
		}
	}
	rep.Total = total.line("total", elapsed)
	rep.Total.OperationCount, rep.Total.OperationsPerSecond = operationCount, rate(operationCount, elapsed)
	return rep
}

func (t *tally) line(name string, elapsed time.Duration) Line {
	h := t.latencyUs
	line := Line{
		Operation: name, Count: h.TotalCount(), RefusalCount: t.refusals, Errors: t.errors,
		ItemRefusalCount: t.items.refusals, ItemErrorCount: t.items.failed(), ItemErrors: map[string]int64{},
		P50Us: h.ValueAtQuantile(50), P90Us: h.ValueAtQuantile(90), P99Us: h.ValueAtQuantile(99), P999Us: h.ValueAtQuantile(99.9), MaxUs: h.Max(),
	}
	for _, n := range t.errors {
		line.ErrorCount += n
	}
	maps.Copy(line.ItemErrors, t.items.errors)
	line.RatePerSecond = rate(line.Count, elapsed)
	return line
}

func rate(count int64, elapsed time.Duration) float64 {
	if elapsed <= 0 {
		return 0
	}
	return float64(count) / elapsed.Seconds()
}
