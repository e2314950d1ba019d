// Many operations at once, from a caller who brings batches of its own.

package engine

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// DoBulk runs operations in their order, each MaxBatch of them in one
// transaction, and returns an outcome for each. It is for bulk work: it goes
// past the queues, whose batches the locks of the keys keep apart from it, and
// so takes no place from callers who wait there.
func (e *Engine) DoBulk(ctx context.Context, ops []ledger.Operation) []ledger.Outcome {
	outcomes := make([]ledger.Outcome, 0, len(ops))
	for len(outcomes) < len(ops) {
		part := ops[len(outcomes):min(len(ops), len(outcomes)+e.cfg.MaxBatch)]
		outcomes = append(outcomes, e.doPart(ctx, part)...)
	}
	return outcomes
}

func (e *Engine) doPart(ctx context.Context, ops []ledger.Operation) []ledger.Outcome {
	err := ctx.Err()
	if err == nil {
		err = e.begin()
	}
	if err != nil {
		return allFail(ops, err)
	}
	defer e.workers.Done()
	outcomes := e.decide(ops)
	e.notice(ops, outcomes)
	return outcomes
}

// begin counts the caller as a worker, for which Close waits.
func (e *Engine) begin() error {
	e.accepting.RLock()
	defer e.accepting.RUnlock()
	if e.stopped {
		return ErrStopped
	}
	e.workers.Add(1)
	return nil
}

// Try says what DoBulk would answer now, and writes nothing. A refusal by a limit
// may lack its times.
func (e *Engine) Try(ctx context.Context, ops []ledger.Operation) ([]ledger.Outcome, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	batch, err := e.store.Load(ctx, store.ParamsFor(ops))
	if err != nil {
		return nil, err
	}
	defer batch.Rollback()
	if len(batch.Snapshot().Keys) > 0 {
		if err := e.checkSkew(batch.Snapshot().ClockUs); err != nil {
			return nil, err
		}
	}
	return ledger.Apply(batch.Snapshot(), ops).Outcomes, nil
}

// ImportKey makes a key that existed elsewhere before, with its id, its times
// and its state. The id and the secret must not be taken.
func (e *Engine) ImportKey(ctx context.Context, p store.CreateKeyParams) error {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	clockUs, err := e.store.ClockUs(ctx)
	if err != nil {
		return err
	}
	if err := e.checkSkew(clockUs); err != nil {
		return err
	}
	p.Key.Revision, p.Key.LastUs, p.Key.AsOfUs = 1, clockUs, clockUs
	_, err = e.store.CreateKey(ctx, p)
	return err
}
