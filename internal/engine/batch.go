// Batches: load, apply, save, answer.

package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// maxAttempts is how often a batch is run when the database breaks it off.
const maxAttempts = 8

// answer runs the batch and tells every caller. A caller who has given up
// before the batch starts is left out; after that the batch belongs to all.
func (e *Engine) answer(s *shard, batch []*request) {
	live := batch[:0]
	ops := make([]ledger.Operation, 0, len(batch))
	shared := false
	for _, r := range batch {
		if r.ctx.Err() != nil {
			continue // and listens no more
		}
		live = append(live, r)
		ops = append(ops, r.ops...)
		shared = shared || !r.large
	}
	if len(live) == 0 {
		return
	}
	began := time.Now()
	outcomes := e.decide(ops)
	e.notice(ops, outcomes)
	ended := time.Now()
	s.expected, s.patientUntil = len(live)+len(s.queue), ended.Add(ended.Sub(began)/patience)
	if shared {
		s.sharedUntil = ended.Add(sharedFor)
	}
	for _, r := range live {
		r.outcomes <- outcomes[:len(r.ops):len(r.ops)]
		outcomes = outcomes[len(r.ops):]
	}
}

// notice reports the keys whose stored sums turned out not to be sound.
func (e *Engine) notice(ops []ledger.Operation, outcomes []ledger.Outcome) {
	for i, o := range outcomes {
		if errors.Is(o.Err, ledger.ErrInvariant) {
			e.unsound.Store(true)
			e.log.Error("invariant violated: the stored sums of a key contradict themselves", "api_key_id", keyName(ops[i].Target().KeyID))
		}
	}
}

// decide runs the batch. Where it fails for something that may be the fault of
// one of its keys, it is run again in parts, at once: nothing was written, and
// the neighbours of that key have nothing to do with it.
func (e *Engine) decide(ops []ledger.Operation) []ledger.Outcome {
	outcomes, err := e.run(ops)
	if err == nil {
		return outcomes
	}
	e.log.Error("batch failed", "operations", len(ops), "error", err)
	if errors.Is(err, store.ErrDefect) {
		e.unsound.Store(true)
	}
	parts := split(ops)
	if len(parts) == 1 || !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrDefect) {
		return allFail(ops, err)
	}
	outcomes = make([]ledger.Outcome, len(ops))
	var all sync.WaitGroup
	for _, part := range parts {
		all.Go(func() {
			own := make([]ledger.Operation, len(part))
			for i, at := range part {
				own[i] = ops[at]
			}
			for i, o := range e.decide(own) {
				outcomes[part[i]] = o
			}
		})
	}
	all.Wait()
	return outcomes
}

// split parts a batch by its keys: each part is the places of the operations of
// one key, in order.
func split(ops []ledger.Operation) [][]int {
	var parts [][]int
	index := make(map[ledger.KeyID]int)
	for at, op := range ops {
		id := op.Target().KeyID
		part, known := index[id]
		if !known {
			part = len(parts)
			index[id] = part
			parts = append(parts, nil)
		}
		parts[part] = append(parts[part], at)
	}
	return parts
}

// run runs the batch, again if the database broke it off for another's sake.
func (e *Engine) run(ops []ledger.Operation) ([]ledger.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), e.cfg.BatchTimeout)
	defer cancel()
	return retried(ctx, func(ctx context.Context) ([]ledger.Outcome, error) { return e.attempt(ctx, ops) })
}

// retried calls do again after a conflict, for nothing was written then. The
// outcome of a lost commit is unknown, so that is never run again here: the
// caller does, with the same names.
func retried[R any](ctx context.Context, do func(context.Context) (R, error)) (R, error) {
	for attempt := 1; ; attempt++ {
		result, err := do(ctx)
		if !errors.Is(err, store.ErrConflict) || attempt == maxAttempts {
			return result, err
		}
		pause := time.Duration(rand.Int64N(int64(time.Millisecond) << attempt))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return result, err
		}
	}
}

func (e *Engine) attempt(ctx context.Context, ops []ledger.Operation) (outcomes []ledger.Outcome, err error) {
	// A defect in one batch must not end the process and with it all the others.
	// What it was about to write is rolled back, and readiness is turned off.
	failed := ledger.ErrInvariant
	defer func() {
		if p := recover(); p != nil {
			e.unsound.Store(true)
			e.log.Error("panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			outcomes, err = nil, failed
		}
	}()
	batch, err := e.store.Load(ctx, store.ParamsFor(ops))
	if err != nil {
		return nil, err
	}
	defer batch.Rollback()
	snapshot := batch.Snapshot()
	if len(snapshot.Keys) > 0 {
		if err := e.checkSkew(snapshot.ClockUs); err != nil {
			return nil, err
		}
	}
	applied := ledger.Apply(snapshot, ops)
	for len(applied.Unexplained) > 0 {
		if err := batch.LoadSchedules(ctx, applied.Unexplained, applied.ScheduleLimit); err != nil {
			return nil, err
		}
		applied = ledger.Apply(snapshot, ops)
	}
	if applied.Changes.Empty() {
		return applied.Outcomes, nil
	}
	failed = store.ErrOutcomeUnknown
	err = batch.Commit(ctx, &applied.Changes)
	if err == nil || errors.Is(err, store.ErrOutcomeUnknown) {
		e.tell(snapshot, &applied.Changes)
	}
	if err != nil {
		return nil, err
	}
	return applied.Outcomes, nil
}

// tell wakes those who watch a key that the batch changed, here and elsewhere.
// What time alone did, they see by themselves.
func (e *Engine) tell(before *ledger.Snapshot, c *ledger.Changes) {
	changed := make([]ledger.KeyID, 0, len(c.Keys))
	for i := range c.Keys {
		if id := c.Keys[i].ID; c.Keys[i].Revision != before.Keys[id].Key.Revision {
			changed = append(changed, id)
		}
	}
	if len(changed) > 0 {
		e.hub.wake(changed)
		e.store.Announce(changed)
	}
}
