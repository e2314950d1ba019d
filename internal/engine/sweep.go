// The sweeper: it writes down what time has done, in small steps, so that old
// rows cost nothing. No answer depends on it.

package engine

import (
	"context"
	"errors"
	"time"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	sweepPage = 500 // keys looked at in one step
	sweepRows = 500 // rows of a kind tidied per key and transaction
	// sweepStale is how long a key's sums may stay where they are: the first
	// operation after a pause has to walk no more than what left in that time.
	sweepStale = 24 * time.Hour
	// sweepRounds bounds how often one page is gone over before the next one
	// gets its turn.
	sweepRounds = 20
)

// sweepForever goes over all keys, a page per step, again and again, and over
// what names have grown old.
func (e *Engine) sweepForever(ctx context.Context) {
	ticker := time.NewTicker(e.cfg.SweepEvery)
	defer ticker.Stop()
	var after ledger.KeyID
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		next, err := e.SweepPage(ctx, after)
		if err == nil {
			after = next
			_, err = e.SweepNames(ctx)
		}
		if err != nil && ctx.Err() == nil {
			e.log.Warn("sweep failed, will try again", "error", err)
		}
	}
}

// SweepPage tidies the page of keys after the given one and returns the last
// key that it looked at, or the zero id after the last page.
func (e *Engine) SweepPage(ctx context.Context, after ledger.KeyID) (next ledger.KeyID, err error) {
	for range sweepRounds {
		var swept int
		if next, swept, err = e.sweepOnce(ctx, after); err != nil || swept == 0 {
			break
		}
	}
	return next, err
}

func (e *Engine) sweepOnce(ctx context.Context, after ledger.KeyID) (next ledger.KeyID, swept int, err error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	clockUs, err := e.store.ClockUs(ctx)
	if err != nil {
		return after, 0, err
	}
	page, err := e.store.ListSweepable(ctx, store.ListSweepableParams{
		After: after, ExpiredAtUs: clockUs, DeleteBeforeUs: clockUs - ledger.RetentionUs,
		StaleBeforeUs: clockUs - sweepStale.Microseconds(), Limit: sweepPage,
	})
	if err != nil {
		return after, 0, err
	}
	for _, k := range page {
		if !k.Due {
			continue
		}
		_, err := e.Do(ctx, ledger.Sweep{KeyRef: ledger.KeyRef{KeyID: k.KeyID}, Limit: sweepRows})
		if errors.Is(err, ledger.ErrInvariant) {
			continue // it is reported already, and stands in the way of no other key
		}
		if err != nil {
			return after, swept, err
		}
		swept++
	}
	if len(page) == sweepPage {
		next = page[len(page)-1].KeyID
	}
	return next, swept, nil
}
