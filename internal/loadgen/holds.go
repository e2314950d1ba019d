// The holds that a run made and may still end.

package loadgen

import "sync"

// maxHoldsKept bounds the memory of a run that reserves more than it ends. Holds
// beyond it are not forgotten in the count of those left open.
const maxHoldsKept = 200_000

// hold is one that the run made.
type hold struct {
	key     *key
	spendID string
}

// holds is those of the hot key and those of all others, the oldest first, so
// that the calls which end holds are as hot as the others.
type holds struct {
	mu     sync.Mutex
	queues [2][]hold
}

func class(hot bool) int {
	if hot {
		return 1
	}
	return 0
}

func (h *holds) put(hot bool, made hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if q := &h.queues[class(hot)]; len(*q) < maxHoldsKept {
		*q = append(*q, made)
	}
}

func (h *holds) take(hot bool) (hold, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := &h.queues[class(hot)]
	if len(*q) == 0 {
		return hold{}, false
	}
	oldest := (*q)[0]
	(*q)[0] = hold{} // the queue's array must not keep it
	*q = (*q)[1:]
	return oldest, true
}
