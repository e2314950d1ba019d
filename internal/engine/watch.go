// Watching a key: its usage whenever it changes, by what is done to it or by
// time alone.

package engine

import (
	"context"
	"errors"
	"time"

	"github.com/satcap/satcap/internal/ledger"
)

var (
	// ErrWatchEnded ends a watch that the caller should begin anew: it lasted as
	// long as one may, or the engine is shutting down.
	ErrWatchEnded = errors.New("engine: the watch has ended")
	// ErrTooManyWatches: this engine, or this subject, has as many as it may.
	ErrTooManyWatches = errors.New("engine: too many watches")
)

const (
	// watchPause is the least time between two views of one watch.
	watchPause = 250 * time.Millisecond
	// watchSilence is the longest time between two views.
	watchSilence = 15 * time.Second
	// watchTick is how often a watch looks at the clock and at its caller. The
	// clock may be set and the machine may sleep, so no timer is trusted for
	// longer; and an answer about a caller may be 0.8 s old, which leaves 0.2 s
	// of the second in which a revoked key is let in at most.
	watchTick = 150 * time.Millisecond
	// maxWatch is how long a watch lasts: then the caller has to prove itself anew.
	maxWatch = 5 * time.Minute
	// subjectShare is the part of all watches that one subject may have.
	subjectShare = 10
)

// WatchParams is what to watch and for whom.
type WatchParams struct {
	ledger.KeyRef
	// For is the subject that the watch is counted for; empty: none.
	For string
	// Still is asked again and again, and its error ends the watch. nil: no need.
	Still func(context.Context) error
	// Send takes the views. While it does, changes add up to one.
	Send func(*ledger.View) error
}

// Watch sends the view of a key at once, and then whenever what it shows has
// changed, four times a second at most, and every 15 s in any case. It ends with
// an error: [ErrWatchEnded] and [ErrTooManyWatches], those of View, those of
// p.Still and p.Send, or that of ctx.
func (e *Engine) Watch(ctx context.Context, p WatchParams) error {
	w, err := e.hub.join(p.KeyID, p.For, e.cfg.MaxWatches, max(1, e.cfg.MaxWatches/subjectShare))
	if err != nil {
		return err
	}
	defer e.hub.leave(w)
	end := time.Now().Add(maxWatch)
	var last shown
	var next news
	for {
		select {
		case <-w.changed: // what changed up to here is in the view that follows
		default:
		}
		view, err := e.View(ctx, p.KeyRef)
		if err != nil {
			return err
		}
		// How far the store's clock is ahead of this server's, to tell when the
		// next moment has come without asking it.
		aheadUs := view.ClockUs - e.cfg.Now().UnixMicro()
		if what := show(view); what != last || !time.Now().Before(next.silenceEnds) {
			if err := p.Send(view); err != nil {
				return err
			}
			last, next.silenceEnds = what, time.Now().Add(watchSilence)
		}
		next.notBefore, next.releaseUs = time.Now().Add(watchPause), 0
		if us := nextUs(view); us != 0 {
			next.releaseUs = us - aheadUs
		}
		if err := e.await(ctx, p, w, next, end); err != nil {
			return err
		}
	}
}

// shown is what a watch shows of a view: another one is sent when it differs.
type shown struct {
	usage    ledger.Usage
	revision int64
	state    error
}

func show(v *ledger.View) shown {
	return shown{v.Usage(), v.Key.Revision, v.Key.Usable(v.NowUs)}
}

// nextUs is the next moment at which time alone changes what a view shows, by
// the store's clock; 0: it does not.
func nextUs(v *ledger.View) (us int64) {
	sooner := func(at int64) {
		if at > v.NowUs && (us == 0 || at < us) {
			us = at
		}
	}
	for _, w := range v.Usage() {
		sooner(w.NextRelease.AtUs)
	}
	sooner(v.Key.ExpiresAtUs)
	return us
}

// news is when a watch has to look again.
type news struct {
	notBefore   time.Time
	silenceEnds time.Time
	releaseUs   int64 // by the server's clock; 0: never
}

// await returns nil when there may be something new to see.
func (e *Engine) await(ctx context.Context, p WatchParams, w *watcher, next news, end time.Time) error {
	changed := w.changed
	for due := false; ; {
		now, nowUs, pause := time.Now(), e.cfg.Now().UnixMicro(), watchTick
		if !now.Before(end) {
			return ErrWatchEnded
		}
		if p.Still != nil {
			if err := p.Still(ctx); err != nil {
				return err
			}
		}
		due = due || !now.Before(next.silenceEnds) || next.releaseUs != 0 && nowUs >= next.releaseUs
		switch {
		case due && !now.Before(next.notBefore):
			return nil
		case due:
			changed, pause = nil, min(pause, next.notBefore.Sub(now))
		case next.releaseUs != 0:
			pause = time.Duration(min(pause.Microseconds(), next.releaseUs-nowUs)) * time.Microsecond
		}
		timer := time.NewTimer(pause)
		select {
		case <-changed:
			due = true
		case <-timer.C:
		case <-e.hub.closed:
			return ErrWatchEnded
		case <-ctx.Done():
			return ctx.Err()
		}
		timer.Stop()
	}
}
