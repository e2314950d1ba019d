// Large calls: many operations of one caller, decided by the same workers as single
// ones.

package engine

import (
	"context"
	"slices"
	"sync"

	"github.com/satcap/satcap/internal/ledger"
)

// DoMany runs operations as Do runs each of them, and returns an outcome for
// each. Those of one key are applied in their order, others at once. A large call
// is decided part by part, as much as a batch has room for, so that single calls
// find their place between the parts. It waits for its turn and is never
// [ErrOverloaded].
//
// After an operation that was not decided, for what Do can fail with besides the
// refusals, the operations of the same key in later parts are not tried: they
// fail with the same error, so that none overtakes it.
func (e *Engine) DoMany(ctx context.Context, ops []ledger.Operation) []ledger.Outcome {
	outcomes := make([]ledger.Outcome, len(ops))
	places := make(map[*shard][]int)
	for at, op := range ops {
		s := e.shardOf(op.Target().KeyID)
		places[s] = append(places[s], at)
	}
	var all sync.WaitGroup
	for s, mine := range places {
		all.Go(func() { e.doParts(ctx, s, ops, mine, outcomes) })
	}
	all.Wait()
	return outcomes
}

// doParts runs the operations of one shard, those at places, part by part.
func (e *Engine) doParts(ctx context.Context, s *shard, ops []ledger.Operation, places []int, outcomes []ledger.Outcome) {
	undecided := make(map[ledger.KeyID]error)
	for len(places) > 0 {
		left := make([]ledger.Operation, len(places))
		for i, at := range places {
			left[i] = ops[at]
		}
		part, err := e.doBeginning(ctx, s, left)
		if err != nil {
			part = allFail(left, err)
		}
		for i, o := range part {
			outcomes[places[i]] = o
			if o.Err != nil && !ledger.IsRefusal(o.Err) {
				undecided[left[i].Target().KeyID] = o.Err
			}
		}
		places = slices.DeleteFunc(places[len(part):], func(at int) bool {
			outcomes[at].Err = undecided[ops[at].Target().KeyID]
			return outcomes[at].Err != nil
		})
	}
}

// doBeginning runs as many of the operations as the next batch has room for, at
// least one, when it is this call's turn, and returns the outcomes of those.
func (e *Engine) doBeginning(ctx context.Context, s *shard, ops []ledger.Operation) ([]ledger.Outcome, error) {
	r := newRequest(ctx, true, ops...)
	select {
	case s.large <- r:
		return r.wait()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.stopping:
		return nil, ErrStopped
	}
}

// allFail is an outcome for each operation, all the same.
func allFail(ops []ledger.Operation, err error) []ledger.Outcome {
	outcomes := make([]ledger.Outcome, len(ops))
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}
