// Large calls: many operations of one caller, through the same queues as single
// ones.

package engine

import (
	"context"
	"sync"

	"github.com/satcap/satcap/internal/ledger"
)

// partsQueued is how many parts of large calls may be in a shard's queue at once,
// however many large calls there are: one for the batch that is gathered next,
// and one behind it. A single call never waits for more of them than these.
const partsQueued = 2

// DoMany runs operations as Do runs each of them, and returns an outcome for
// each. Those of one key are applied in their order, others at once. A large call
// goes through the queues in parts, so that single calls find their place between
// them.
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
	size := max(1, e.cfg.MaxBatch/partsQueued)
	undecided := make(map[ledger.KeyID]error)
	for len(places) > 0 {
		var part []ledger.Operation
		var at []int
		for len(places) > 0 && len(part) < size {
			next := places[0]
			places = places[1:]
			if err := undecided[ops[next].Target().KeyID]; err != nil {
				outcomes[next].Err = err
				continue
			}
			part, at = append(part, ops[next]), append(at, next)
		}
		if len(part) == 0 {
			return
		}
		for i, o := range e.doPartInTurn(ctx, s, part) {
			outcomes[at[i]] = o
			if o.Err != nil && !ledger.IsRefusal(o.Err) {
				undecided[part[i].Target().KeyID] = o.Err
			}
		}
	}
}

// doPartInTurn runs one part when it is its turn.
func (e *Engine) doPartInTurn(ctx context.Context, s *shard, part []ledger.Operation) []ledger.Outcome {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return allFail(part, ctx.Err())
	}
	outcomes, err := e.ask(ctx, s, part)
	if err != nil {
		return allFail(part, err)
	}
	return outcomes
}

// allFail is an outcome for each operation, all the same.
func allFail(ops []ledger.Operation, err error) []ledger.Outcome {
	outcomes := make([]ledger.Outcome, len(ops))
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}
