// Who watches which key, and who wakes them.

package engine

import (
	"sync"
	"sync/atomic"

	"github.com/satcap/satcap/internal/ledger"
)

// hub knows the watchers. A batch pays one atomic read where nobody watches.
type hub struct {
	count  atomic.Int64 // of watchers
	closed chan struct{}

	mu       sync.Mutex
	stopped  bool
	watchers map[ledger.KeyID]map[*watcher]struct{}
	subjects map[string]int // how many each subject has
}

// watcher is told that its key changed, and once is enough however often it did.
type watcher struct {
	keyID   ledger.KeyID
	subject string
	changed chan struct{}
}

func newHub() *hub {
	return &hub{
		closed:   make(chan struct{}),
		watchers: make(map[ledger.KeyID]map[*watcher]struct{}), subjects: make(map[string]int),
	}
}

// join adds a watcher unless there are too many, of all or of its subject, where
// none is nobody in particular.
func (h *hub) join(id ledger.KeyID, subject string, most, mostOfSubject int) (*watcher, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopped:
		return nil, ErrWatchEnded
	case int(h.count.Load()) >= most, subject != "" && h.subjects[subject] >= mostOfSubject:
		return nil, ErrTooManyWatches
	}
	w := &watcher{keyID: id, subject: subject, changed: make(chan struct{}, 1)}
	if h.watchers[id] == nil {
		h.watchers[id] = make(map[*watcher]struct{})
	}
	h.watchers[id][w] = struct{}{}
	h.subjects[subject]++
	h.count.Add(1)
	return w, nil
}

func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers[w.keyID], w)
	if len(h.watchers[w.keyID]) == 0 {
		delete(h.watchers, w.keyID)
	}
	if h.subjects[w.subject]--; h.subjects[w.subject] == 0 {
		delete(h.subjects, w.subject)
	}
	h.count.Add(-1)
}

// wake tells those who watch the keys; nil is every key.
func (h *hub) wake(keys []ledger.KeyID) {
	// A watcher joins before it reads, so one that is not counted yet will see
	// what was committed before this.
	if h.count.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if keys == nil {
		for _, all := range h.watchers {
			wakeAll(all)
		}
		return
	}
	for _, id := range keys {
		wakeAll(h.watchers[id])
	}
}

func wakeAll(watchers map[*watcher]struct{}) {
	for w := range watchers {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// close ends all watches, and takes no more.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stopped {
		h.stopped = true
		close(h.closed)
	}
}
