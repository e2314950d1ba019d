// Watching a key, on a store in memory and in the time of a bubble: what is sent,
// how often, and how it ends.

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

func TestWatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100), key(2, 100))
		e := onFake(t, f)
		w := startWatch(t, e)
		w.requireSent(t, 1, 1) // at once
		do(t, e, reserve(keyID(2), "other", 1))
		time.Sleep(time.Second)
		w.requireSent(t, 1, 1) // another key's change is nothing to see
		do(t, e, reserve(keyID(1), "a", 10))
		require.EqualValues(t, 10, w.requireSent(t, 2, 2).Usage()[ledger.Daily].HeldSats, "without a pause")
		do(t, e, reserve(keyID(1), "a", 10)) // a replay changes nothing
		time.Sleep(time.Second)
		w.requireSent(t, 2, 2)
		require.Equal(t, []ledger.KeyID{keyID(2), keyID(1)}, f.announced, "others are told of changes, and only of those")
	})
}

// TestWatchTime: what time alone does is seen at that moment: a hold expires, a
// spend leaves, the key expires.
func TestWatchTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		k := key(1, 100)
		k.ExpiresAtUs = time.Now().Add(26 * time.Hour).UnixMicro()
		e := onFake(t, newFakeStore(k))
		hold := reserve(keyID(1), "a", 10)
		hold.TTLUs = (20*time.Second + 33*time.Millisecond).Microseconds()
		do(t, e, hold)
		do(t, e, settle(keyID(1), "b", 5))
		w := startWatch(t, e)
		w.requireSent(t, 1, 3)
		time.Sleep(20*time.Second + 33*time.Millisecond)
		n, last := w.sent()
		require.Zero(t, last.Usage()[ledger.Daily].HeldSats, "the hold has expired")
		require.EqualValues(t, 5, last.Usage()[ledger.Daily].SpentSats)
		require.Equal(t, 3, n, "at once, after 15 s, and now")
		w.stop()
		<-w.done

		time.Sleep(24*time.Hour - time.Minute)
		w = startWatch(t, e)
		require.EqualValues(t, 5, w.requireSent(t, 1, 3).Usage()[ledger.Daily].SpentSats)
		time.Sleep(40 * time.Second)
		_, last = w.sent()
		require.Zero(t, last.Usage()[ledger.Daily].SpentSats, "the spend has left the day")
		w.stop()
		<-w.done

		time.Sleep(2*time.Hour - time.Minute)
		w = startWatch(t, e)
		last = w.requireSent(t, 1, 3)
		require.NoError(t, last.Key.Usable(last.NowUs))
		time.Sleep(time.Minute)
		_, last = w.sent()
		require.ErrorIs(t, last.Key.Usable(last.NowUs), ledger.ErrKeyExpired)
	})
}

// TestWatchClock: a clock that leaps ahead brings capacity back by what it says.
func TestWatchClock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		e := onFake(t, f, func(c *engine.Config) { c.Now = func() time.Time { return time.UnixMicro(f.clockUs()) } })
		do(t, e, settle(keyID(1), "b", 5))
		w := startWatch(t, e)
		time.Sleep(time.Second)
		require.EqualValues(t, 5, w.requireSent(t, 1, 2).Usage()[ledger.Daily].SpentSats)
		f.skewUs.Add(24 * hour)
		time.Sleep(200 * time.Millisecond)
		require.Zero(t, w.requireSent(t, 2, 2).Usage()[ledger.Daily].SpentSats)
	})
}

// TestWatchStorm: a thousand changes are four views a second, and the last one
// is of the last change.
func TestWatchStorm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := onFake(t, newFakeStore(key(1, 0)))
		w := startWatch(t, e)
		for i := range 1000 {
			do(t, e, reserve(keyID(1), fmt.Sprint(i), 1))
			time.Sleep(3 * time.Millisecond)
		}
		time.Sleep(time.Second)
		n, last := w.sent()
		require.EqualValues(t, 1001, last.Key.Revision)
		require.InDelta(t, 13, n, 1)
		for i := 4; i < n; i++ {
			require.GreaterOrEqual(t, w.times[i].Sub(w.times[i-4]), time.Second, "five within a second")
		}
	})
}

// TestWatchSlow: one who does not take what is sent holds nobody up, and is
// given the newest state and no backlog.
func TestWatchSlow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := onFake(t, newFakeStore(key(1, 0)))
		slow := startWatch(t, e, func(w *watch, _ *engine.WatchParams) { w.hold = make(chan struct{}) })
		quick := startWatch(t, e)
		for i := range 20 {
			do(t, e, reserve(keyID(1), fmt.Sprint(i), 1))
			time.Sleep(300 * time.Millisecond)
		}
		quick.requireSent(t, 21, 21)
		slow.requireSent(t, 1, 1)
		slow.hold <- struct{}{}
		time.Sleep(250 * time.Millisecond)
		slow.requireSent(t, 2, 21)
		slow.hold <- struct{}{}
		time.Sleep(time.Second)
		slow.requireSent(t, 2, 21)
	})
}

// TestWatchElsewhere: news from other programs wakes, and what is no news is not sent.
func TestWatchElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		e := onFake(t, f)
		w := startWatch(t, e)
		change := func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			k := f.keys[keyID(1)]
			k.Revision++
			f.keys[keyID(1)] = k
		}
		for revision, keys := range [][]ledger.KeyID{{keyID(9), keyID(1)}, nil} {
			time.Sleep(time.Second)
			change()
			f.tellAll([]ledger.KeyID{keyID(9)})
			w.requireSent(t, 1+revision, 1+int64(revision))
			f.tellAll(keys)
			w.requireSent(t, 2+revision, 2+int64(revision))
			time.Sleep(time.Second)
			f.tellAll(keys)
			w.requireSent(t, 2+revision, 2+int64(revision))
		}
		change() // and nobody tells
		time.Sleep(15 * time.Second)
		w.requireSent(t, 4, 4)
	})
}

// TestWatchEnds: after five minutes, at shutdown, when the caller is none any
// more, when the store fails, when nobody takes it, and when the caller goes.
func TestWatchEnds(t *testing.T) {
	refused, failed := errors.New("refused"), errors.New("failed")
	for name, c := range map[string]struct {
		after time.Duration
		do    func(e *engine.Engine, w *watch, fail func())
		want  error
	}{
		"Time":     {5 * time.Minute, nil, engine.ErrWatchEnded},
		"Shutdown": {0, func(e *engine.Engine, _ *watch, _ func()) { e.EndWatches() }, engine.ErrWatchEnded},
		"Close":    {0, func(e *engine.Engine, _ *watch, _ func()) { e.Close() }, engine.ErrWatchEnded},
		"Caller":   {0, func(_ *engine.Engine, w *watch, _ func()) { w.stop() }, context.Canceled},
		"Store":    {15 * time.Second, func(_ *engine.Engine, _ *watch, fail func()) { fail() }, failed},
		"Still":    {150 * time.Millisecond, func(_ *engine.Engine, _ *watch, fail func()) { fail() }, refused},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeStore(key(1, 100))
				e := onFake(t, f)
				var failing atomic.Bool
				fail := func(err error) func(context.Context) error {
					return func(context.Context) error {
						if failing.Load() && c.want == err {
							return err
						}
						return nil
					}
				}
				f.beforeRead = fail(failed)
				w := startWatch(t, e, func(_ *watch, p *engine.WatchParams) { p.Still = fail(refused) })
				time.Sleep(time.Millisecond)
				if c.do != nil {
					c.do(e, w, func() { failing.Store(true) })
				}
				took := elapsed(func() { require.ErrorIs(t, <-w.done, c.want) })
				require.LessOrEqual(t, took, c.after)
				require.GreaterOrEqual(t, took, c.after-200*time.Millisecond)
			})
		})
	}
	bubble(t, func(t *testing.T) {
		e := onFake(t, newFakeStore(key(1, 100)))
		p := engine.WatchParams{KeyRef: ref(keyID(7)), Send: func(*ledger.View) error { return refused }}
		require.ErrorIs(t, e.Watch(t.Context(), p), ledger.ErrKeyNotFound)
		p.KeyRef = ledger.KeyRef{KeyID: keyID(1), Subject: "mallory"}
		require.ErrorIs(t, e.Watch(t.Context(), p), ledger.ErrKeyNotFound)
		p.KeyRef = ref(keyID(1))
		require.ErrorIs(t, e.Watch(t.Context(), p), refused)
		e.EndWatches()
		require.ErrorIs(t, e.Watch(t.Context(), p), engine.ErrWatchEnded)
	})
}

// TestWatchBounds: so many and no more, fewer of one subject, and the place of
// one that ended is free again.
func TestWatchBounds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e := onFake(t, newFakeStore(key(1, 100)), func(c *engine.Config) { c.MaxWatches = 20 })
		of := func(subject string) func(*watch, *engine.WatchParams) {
			return func(_ *watch, p *engine.WatchParams) { p.For = subject }
		}
		var all []*watch
		for range 2 {
			all = append(all, startWatch(t, e, of("alice")))
		}
		require.ErrorIs(t, <-startWatch(t, e, of("alice")).done, engine.ErrTooManyWatches)
		for range 18 {
			all = append(all, startWatch(t, e)) // of nobody in particular
		}
		require.ErrorIs(t, <-startWatch(t, e).done, engine.ErrTooManyWatches)
		require.ErrorIs(t, <-startWatch(t, e, of("bob")).done, engine.ErrTooManyWatches)
		all[0].stop()
		require.ErrorIs(t, <-all[0].done, context.Canceled)
		startWatch(t, e, of("alice")).requireSent(t, 1, 1)
		require.ErrorIs(t, <-startWatch(t, e, of("alice")).done, engine.ErrTooManyWatches)
	})
}
