// Reads, and the creation of keys: what needs no batch.

package engine

import (
	"bytes"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// View reads one key. A key that does not exist, or that t.Subject does not
// own, is [ledger.ErrKeyNotFound].
func (e *Engine) View(ctx context.Context, t ledger.KeyRef) (*ledger.View, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	views, err := e.store.ViewKeys(ctx, []ledger.KeyID{t.KeyID}, t.Subject)
	if err != nil {
		return nil, err
	}
	if len(views) == 0 {
		return nil, ledger.ErrKeyNotFound
	}
	if err := e.checkSkew(views[0].ClockUs); err != nil {
		return nil, err
	}
	return &views[0], nil
}

// Check reads one key and says why the limits would refuse amountSats, or nil.
// It holds nothing.
func (e *Engine) Check(ctx context.Context, t ledger.KeyRef, amountSats int64) (*ledger.View, *ledger.LimitExceededError, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	view, err := e.View(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	refusal, explained := view.Check(amountSats, nil)
	for _, limit := range []int{ledger.WalkFirst, ledger.WalkBound} {
		if explained {
			break
		}
		var schedule *ledger.Schedule
		if view, schedule, err = e.store.ViewSchedule(ctx, t.KeyID, limit); err != nil {
			return nil, nil, err
		}
		if view == nil {
			return nil, nil, ledger.ErrKeyNotFound
		}
		if err := e.checkSkew(view.ClockUs); err != nil {
			return nil, nil, err
		}
		refusal, explained = view.Check(amountSats, schedule)
	}
	return view, refusal, nil
}

// Series reads one key and what was spent in a window, part by part.
func (e *Engine) Series(ctx context.Context, t ledger.KeyRef, w ledger.Window) (*ledger.Series, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	// Whose key it is comes first: adding up takes the longer the more was spent.
	if _, err := e.View(ctx, t); err != nil {
		return nil, err
	}
	done, err := e.turnOfSeries(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	series, err := e.store.ViewSeries(ctx, t.KeyID, w)
	if err != nil {
		return nil, err
	}
	if series == nil {
		return nil, ledger.ErrKeyNotFound
	}
	// Its clock is not held against this server's, as View's was a moment ago: by
	// now it may be seconds old.
	return series, nil
}

// turnOfSeries waits until a series may be added up. Of a key with a million
// spends that takes a processor for a second: so few are at once that those who
// spend keep the others, and the database's connections.
func (e *Engine) turnOfSeries(ctx context.Context) (done func(), err error) {
	tooLong := time.NewTimer(e.cfg.SeriesWait)
	defer tooLong.Stop()
	select {
	case e.series <- struct{}{}:
		return func() { <-e.series }, nil
	case <-tooLong.C:
		return nil, ErrOverloaded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ListKeys reads a page of a subject's keys, newest first.
func (e *Engine) ListKeys(ctx context.Context, p store.ListKeysParams) ([]ledger.View, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	views, err := e.store.ListKeys(ctx, p)
	if err != nil || len(views) == 0 {
		return nil, err
	}
	if err := e.checkSkew(views[0].ClockUs); err != nil {
		return nil, err
	}
	return views, nil
}

// ListSpends reads a page of a key's spends, newest first, as they stand now.
// p.NowUs is filled in.
func (e *Engine) ListSpends(ctx context.Context, t ledger.KeyRef, p store.ListSpendsParams) ([]ledger.Spend, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	view, err := e.View(ctx, t)
	if err != nil {
		return nil, err
	}
	p.KeyID, p.NowUs = t.KeyID, view.NowUs
	return e.store.ListSpends(ctx, p)
}

// ListLimitChanges reads a page of a key's limit changes, newest first.
func (e *Engine) ListLimitChanges(ctx context.Context, t ledger.KeyRef, p store.ListLimitChangesParams) ([]ledger.LimitChange, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	if _, err := e.View(ctx, t); err != nil {
		return nil, err
	}
	p.KeyID = t.KeyID
	return e.store.ListLimitChanges(ctx, p)
}

// CreateKey makes a key with its limits in one step. The caller gives Subject,
// Name, Scopes, SecretPrefix, ExpiresAtUs and Limits in p.Key; the rest is
// filled in. See [store.Created] for a RequestID that was used before; with
// other content it is [ErrRequestIDReused].
func (e *Engine) CreateKey(ctx context.Context, p store.CreateKeyParams) (store.Created, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	clockUs, err := e.store.ClockUs(ctx)
	if err != nil {
		return store.Created{}, err
	}
	if err := e.checkSkew(clockUs); err != nil {
		return store.Created{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return store.Created{}, err
	}
	p.Key.ID, p.Key.State, p.Key.Revision = ledger.KeyID(id), ledger.KeyActive, 1
	p.Key.CreatedAtUs, p.Key.LastUs, p.Key.AsOfUs = clockUs, clockUs, clockUs
	if p.Key.Expired(clockUs) {
		return store.Created{}, ErrExpireTimePast
	}
	created, err := e.store.CreateKey(ctx, p)
	if err == nil && !bytes.Equal(created.RequestHash, p.RequestHash) {
		return store.Created{}, ErrRequestIDReused
	}
	return created, err
}

// bounded gives a read or a creation as long as a batch has. A database that is
// silent must not keep callers waiting who set no deadline of their own.
func (e *Engine) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.cfg.BatchTimeout)
}

// keyName is a key's id as people read it.
func keyName(id ledger.KeyID) string { return uuid.UUID(id).String() }
