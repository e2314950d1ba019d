// Package fill writes keys with a history straight into a database, many rows a
// statement, and keeps the books true: satcap verify finds nothing to complain
// about. Every key gets the same history: spends of 1 sat, settled at even
// distances over the last 364 days.
package fill

import (
	"time"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/perf/subject"
)

// Plan is what to write.
type Plan struct {
	// Prefix names the keys: see subject.Keys.
	Prefix string
	// Keys is how many there are.
	Keys int
	// Spends is how many each key has.
	Spends int
	// Subject owns the keys.
	Subject string
}

func (p Plan) keys() subject.Keys { return subject.Keys{Prefix: p.Prefix, Count: p.Keys} }

const spanUs = int64(364 * 24 * time.Hour / time.Microsecond)

// history is a plan in numbers: the spend i, from 1, of a key is settled at
// baseUs + i*stepUs; the last one just before nowUs.
type history struct {
	nowUs, baseUs, stepUs int64
	sums                  ledger.Limits
}

// at lays the plan's history out to end at now.
func (p Plan) at(now time.Time) history {
	h := history{nowUs: now.UnixMicro(), baseUs: now.UnixMicro() - 1}
	if p.Spends == 0 {
		return h
	}
	h.stepUs = max(1, spanUs/int64(p.Spends))
	h.baseUs = h.nowUs - 1 - h.stepUs*int64(p.Spends)
	for i, w := range ledger.Windows() {
		// Those that count are settled after nowUs - length.
		left := max(0, (h.nowUs-w.LengthUs()-h.baseUs)/h.stepUs)
		h.sums[i] = max(0, int64(p.Spends)-left)
	}
	return h
}
