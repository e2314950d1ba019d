// A watch in a bubble.

package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

// watch is a watch in progress and what it was sent.
type watch struct {
	mu    sync.Mutex
	views []*ledger.View
	times []time.Time
	hold  chan struct{} // if not nil, Send waits for it
	done  chan error
	stop  context.CancelFunc
}

// startWatch watches key 1 in a bubble.
func startWatch(t *testing.T, e *engine.Engine, edit ...func(*watch, *engine.WatchParams)) *watch {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watch{done: make(chan error, 1), stop: stop}
	p := engine.WatchParams{KeyRef: ref(keyID(1))}
	p.Send = func(v *ledger.View) error {
		w.mu.Lock()
		w.views, w.times = append(w.views, v), append(w.times, time.Now())
		w.mu.Unlock()
		if w.hold != nil {
			select {
			case <-w.hold:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	for _, f := range edit {
		f(w, &p)
	}
	go func() { w.done <- e.Watch(ctx, p) }()
	synctest.Wait()
	t.Cleanup(stop)
	return w
}

// sent is how many views were sent, and the last one.
func (w *watch) sent() (n int, last *ledger.View) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.views) == 0 {
		return 0, nil
	}
	return len(w.views), w.views[len(w.views)-1]
}

// requireSent requires that n views were sent and that the last one is of revision.
func (w *watch) requireSent(t *testing.T, n int, revision int64) *ledger.View {
	t.Helper()
	sent, last := w.sent()
	require.Equal(t, n, sent)
	require.Equal(t, revision, last.Key.Revision)
	return last
}
