// Who shares a batch: single calls in the order in which they came, and large calls
// with as much of themselves as leaves the single ones their room.

package engine

import "time"

// work runs one batch after the other until the shard's queue is closed and empty.
func (e *Engine) work(s *shard) {
	for first := s.await(); first != nil; first = s.await() {
		e.answer(s, e.gather(s, first))
	}
}

// await is the first request of a batch, a large one if one waits; nil at the end.
func (s *shard) await() (r *request) {
	select {
	case r = <-s.large:
		return r
	default:
	}
	select {
	case r = <-s.large:
	case r = <-s.queue:
	}
	return r
}

const (
	// patience is which part of the last batch's time the next one may wait for calls.
	patience = 4
	// largeShare is which part of a batch large calls may have where single calls
	// share it: so long does a single call wait for them, in the batch that is open
	// and in its own.
	largeShare = 4
	// sharedFor is how long after a single call another is reckoned with.
	sharedFor = time.Second
)

// gather takes what has queued up behind first, up to MaxBatch operations.
//
// The batches grow by themselves when commits are slower than callers. But those
// who were just answered come back a moment too late for the next batch, and
// would make two halves take turns, each with a flush of its own. So a batch that
// begins right after another waits a little for as many calls as were under way
// then. A lone caller never waits, nor does a call that finds the shard idle.
func (e *Engine) gather(s *shard, first *request) []*request {
	b := &batch{room: e.cfg.MaxBatch, forLarge: e.cfg.MaxBatch}
	if !first.large || len(s.queue) > 0 || time.Now().Before(s.sharedUntil) {
		b.forLarge = max(1, e.cfg.MaxBatch/largeShare)
	}
	b.add(first)
	var late <-chan time.Time
	for b.room > 0 {
		r := b.next(s)
		if r == nil {
			left := time.Until(s.patientUntil)
			if len(b.requests) >= s.expected || left <= 0 {
				break
			}
			if late == nil {
				late = time.After(left)
			}
			select {
			case r = <-s.queue:
			case r = <-b.large(s):
			case <-late:
			}
		}
		if r == nil {
			break // too late, or the queue is closed
		}
		b.add(r)
	}
	return b.requests
}

// batch is what was gathered so far, and how many more operations fit: of all, and
// of large calls.
type batch struct {
	requests       []*request
	room, forLarge int
}

// add takes as much of r as there is room for.
func (b *batch) add(r *request) {
	if r.large {
		r.ops = r.ops[:min(len(r.ops), b.room, b.forLarge)]
		b.forLarge -= len(r.ops)
	}
	b.room -= len(r.ops)
	b.requests = append(b.requests, r)
}

// next is a request that waits, or nil. Large calls come first, so that no number of
// single ones starves them; what they may take is bounded.
func (b *batch) next(s *shard) (r *request) {
	select {
	case r = <-b.large(s):
		return r
	default:
	}
	select {
	case r = <-s.queue:
	default:
	}
	return r
}

// large is where large calls wait; nil if they have their share already.
func (b *batch) large(s *shard) <-chan *request {
	if b.forLarge == 0 {
		return nil
	}
	return s.large
}
