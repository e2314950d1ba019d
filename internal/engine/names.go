// The registry of payment names: bounded in time like everything else, and in
// no batch, for a name is not of a key until it is claimed.

package engine

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// ClaimNames claims names for payments; see [store.Names].
func (e *Engine) ClaimNames(ctx context.Context, claims []store.PaymentName) ([]store.PaymentName, error) {
	return inTime(e, ctx, func(ctx context.Context) ([]store.PaymentName, error) { return e.store.ClaimNames(ctx, claims) })
}

// ReverseName notes that the payment of a name was reversed; see [store.Names].
func (e *Engine) ReverseName(ctx context.Context, name string) (store.PaymentName, error) {
	return inTime(e, ctx, func(ctx context.Context) (store.PaymentName, error) { return e.store.ReverseName(ctx, name) })
}

// FindNames returns the names that are known; see [store.Names].
func (e *Engine) FindNames(ctx context.Context, names []string) ([]store.PaymentName, error) {
	return inTime(e, ctx, func(ctx context.Context) ([]store.PaymentName, error) { return e.store.FindNames(ctx, names) })
}

// inTime gives a call of the store as long as a batch has, and makes it again if
// the database broke it off for another's sake.
func inTime[R any](e *Engine, ctx context.Context, do func(context.Context) (R, error)) (R, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	return retried(ctx, do)
}

// SweepNames forgets names that nothing needs any more, as SweepPage does with
// spends, and returns how many.
func (e *Engine) SweepNames(ctx context.Context) (forgotten int64, err error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	clockUs, err := e.store.ClockUs(ctx)
	if err != nil {
		return 0, err
	}
	if err := e.checkSkew(clockUs); err != nil {
		return 0, err
	}
	for range sweepRounds {
		n, err := e.store.DeleteOldNames(ctx, clockUs-ledger.RetentionUs, sweepRows)
		forgotten += n
		if err != nil || n < sweepRows {
			return forgotten, err
		}
	}
	return forgotten, nil
}
