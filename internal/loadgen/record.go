// Recording: counts, reasons and latencies of each operation.

package loadgen

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// Latencies are kept from a microsecond to an hour, to three digits.
	minLatencyUs = 1
	maxLatencyUs = int64(time.Hour / time.Microsecond)
	digits       = 3
	// shardCount: a histogram takes a third of a megabyte, too much to have one for
	// each caller; with as many as this callers hardly ever wait for each other.
	shardCount = 16
)

// reasonLimitExceeded is a refusal: an answer like any other, not an error.
const reasonLimitExceeded = "SPENDING_LIMIT_EXCEEDED"

// tally is what was counted of one operation.
type tally struct {
	latencyUs *hdrhistogram.Histogram
	refusals  int64
	errors    map[string]int64
	// items of the calls that are batches and were answered.
	items itemCounts
}

func newTally() *tally {
	return &tally{latencyUs: hdrhistogram.New(minLatencyUs, maxLatencyUs, digits), errors: make(map[string]int64)}
}

func (t *tally) merge(other *tally) {
	t.latencyUs.Merge(other.latencyUs)
	t.refusals += other.refusals
	t.items.merge(other.items)
	for reason, n := range other.errors {
		t.errors[reason] += n
	}
}

// shard is the tallies of some of the callers.
type shard struct {
	mu  sync.Mutex
	ops [opCount]*tally
}

func (s *shard) add(op int, latency time.Duration, reason string, items itemCounts) {
	us := min(max(latency.Microseconds(), minLatencyUs), maxLatencyUs)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ops[op]
	if t == nil {
		t = newTally()
		s.ops[op] = t
	}
	_ = t.latencyUs.RecordValue(us) // it is within the bounds
	t.items.merge(items)
	switch reason {
	case "":
	case reasonLimitExceeded:
		t.refusals++
	default:
		t.errors[reason]++
	}
}

// recorder is the shards, and what the progress shows.
type recorder struct {
	shards [shardCount]shard
	done   atomic.Int64
	failed atomic.Int64
}

// record counts what an operation of a caller came to. The latency of a call that
// failed counts too: one that timed out was slow. Only a batch has items.
func (r *recorder) record(caller, op int, latency time.Duration, reason string, items itemCounts) {
	r.shards[caller%shardCount].add(op, latency, reason, items)
	r.done.Add(1)
	r.failed.Add(items.failed())
	if reason != "" && reason != reasonLimitExceeded {
		r.failed.Add(1)
	}
}

// tallies is all shards together; nil for an operation that never came.
func (r *recorder) tallies() (ops [opCount]*tally) {
	for i := range r.shards {
		for op, t := range r.shards[i].ops {
			if t == nil {
				continue
			}
			if ops[op] == nil {
				ops[op] = newTally()
			}
			ops[op].merge(t)
		}
	}
	return ops
}
