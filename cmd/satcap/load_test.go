// Load that keeps books: workers that make payments and remember every answer,
// and a check of the server against what they remember. The model of a spend
// (op.on) is written from the description of the API, not from the code.

package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

const (
	none     = satcapv1.Spend_STATE_UNSPECIFIED
	reserved = satcapv1.Spend_STATE_RESERVED
	released = satcapv1.Spend_STATE_RELEASED
	settled  = satcapv1.Spend_STATE_SETTLED
	reversed = satcapv1.Spend_STATE_REVERSED
)

// on is what the call makes of a spend, and the reason if it is refused. A limit
// may refuse besides.
func (o op) on(s standing) (after standing, refusal string) {
	switch o.kind {
	case reserve:
		switch s.state {
		case none:
			return standing{reserved, o.sats, o.sats}, ""
		case reserved:
			return s, ""
		}
		return s, "SPEND_CLOSED"
	case settle, record:
		if s.state == settled || s.state == reversed {
			return s, ""
		}
		if o.sats == 0 {
			return standing{settled, s.heldBy, s.heldBy}, ""
		}
		return standing{settled, o.sats, s.heldBy}, ""
	case release:
		if s.state == none || s.state == reserved {
			s.state = released
		}
		return s, ""
	}
	s.state = reversed
	return s, ""
}

// scripts are the lives of a payment of n sats. The first ones stay within
// their hold, so that a key that sees only them never passes its limit.
func scripts(n int64) (within, beyond [][]op) {
	hold := op{reserve, n}
	within = [][]op{
		{hold, {settle, 0}, {reverse, 0}, {reverse, 0}},
		{hold, {release, 0}, hold},
		{hold, hold, {reverse, 0}},
		{hold, {settle, (n + 1) / 2}, {settle, (n + 1) / 2}, {release, 0}, hold, {reverse, 0}},
		{{release, 0}, hold, {release, 0}},
		{{reverse, 0}, {settle, n}, hold},
	}
	beyond = append(within,
		[]op{hold},
		[]op{hold, {settle, 0}},
		[]op{{record, n}},
		[]op{{record, n}, {record, n}, {reverse, 0}, {record, n}},
		[]op{hold, {settle, n + 3}},
		[]op{hold, {release, 0}, {settle, n}},
		[]op{hold, {settle, 0}, {release, 0}},
	)
	return within, beyond
}

// spend is a payment and all that its worker knows of it.
type spend struct {
	id      string
	now     standing // as last answered
	script  []op     // what is still to be said; the first may be under way
	unsure  bool     // the first was sent and not answered: it may have happened
	changes int64    // how many answered calls have changed it
}

// account is a key and the books of it.
type account struct {
	id        string
	limitSats int64
	tight     bool // sees only lives within their holds

	mu        sync.Mutex
	spends    map[string]*spend
	revisions map[int64]string // who was told a revision that is his own
}

// load is workers on a few keys.
type load struct {
	t        *testing.T
	accounts []*account
	workers  []*worker
	answered atomic.Int64 // calls that a server answered, however
	refused  atomic.Int64 // of them, those that a limit refused
	unsure   atomic.Int64 // calls without an answer
	next     atomic.Pointer[milestone]
}

// worker makes one payment after the other. It is for one goroutine at a time.
type worker struct {
	load    *load
	name    string
	random  *rand.Rand
	on      *account
	current *spend
	last    map[*account]int64 // the last revision it saw
	made    int
}

// newLoad makes the keys, two that are often full and two that hardly ever are.
func newLoad(t *testing.T, c *client, workers int) *load {
	t.Helper()
	l := &load{t: t}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, a := range []*account{{limitSats: 1_500, tight: true}, {limitSats: 2_500, tight: true}, {limitSats: 10_000}, {limitSats: 1_000_000_000}} {
		id, err := c.newKey(a.limitSats)
		require.NoError(t, err)
		a.id, a.spends, a.revisions = id, map[string]*spend{}, map[int64]string{}
		l.accounts = append(l.accounts, a)
	}
	for i := range workers {
		l.workers = append(l.workers, &worker{
			load: l, name: fmt.Sprintf("w%d", i), random: rand.New(rand.NewPCG(seed, uint64(i))), last: map[*account]int64{},
		})
	}
	return l
}

// begin starts the life of another payment.
func (w *worker) begin() {
	w.made++
	w.on = w.load.accounts[w.random.IntN(len(w.load.accounts))]
	within, beyond := scripts(1 + w.random.Int64N(1000))
	if !w.on.tight {
		within = beyond
	}
	w.current = &spend{id: fmt.Sprintf("%s-%d", w.name, w.made), script: within[w.random.IntN(len(within))]}
	w.on.mu.Lock()
	w.on.spends[w.current.id] = w.current
	w.on.mu.Unlock()
}

// step makes the next call and compares the answer with the books. It returns
// the answer; with an error that a retry may cure, the same call is next again.
func (w *worker) step(c *client) answer {
	if w.current == nil || len(w.current.script) == 0 {
		w.begin()
	}
	s, o := w.current, w.current.script[0]
	want, refusal := o.on(s.now)
	a := c.call(w.on.id, s.id, o)
	switch {
	case a.unanswered():
		s.unsure = true
		w.load.unsure.Add(1)
		return a
	case a.reason == "STORE_UNAVAILABLE" || a.reason == "OVERLOADED":
		return a // nothing was written
	}
	n := w.load.answered.Add(1)
	if m := w.load.next.Load(); m != nil && n >= m.at && w.load.next.CompareAndSwap(m, nil) {
		m.do()
	}
	wrong := ""
	switch {
	case a.reason == "SPENDING_LIMIT_EXCEEDED" && o.kind == reserve && s.now.state == none:
		w.load.refused.Add(1)
		s.script = nil // not paid
	case a.reason != refusal:
		wrong = "answered " + a.reason + ", not " + refusal
	case refusal == "" && a.standing != want:
		wrong = fmt.Sprintf("answered %v, not %v", a.standing, want)
	default:
		wrong = w.book(s, o, want, a)
		s.script = s.script[1:]
	}
	s.unsure = false
	if wrong != "" {
		w.load.t.Errorf("%s %v of %v: %s (%v)", s.id, o, s.now, wrong, a.err)
		s.script = nil
	}
	return a
}

// book writes an answer into the books and says what is wrong with it.
func (w *worker) book(s *spend, o op, want standing, a answer) (wrong string) {
	changes, unsure := want != s.now, s.unsure
	s.now = want
	if changes {
		s.changes++
	}
	if a.err != nil {
		return ""
	}
	if a.revision < w.last[w.on] || (a.revision == w.last[w.on] && changes && !unsure) {
		wrong = fmt.Sprintf("revision %d after %d", a.revision, w.last[w.on])
	}
	w.last[w.on] = a.revision
	if changes && !unsure { // the revision is this call's own
		w.on.mu.Lock()
		if other := w.on.revisions[a.revision]; other != "" {
			wrong = fmt.Sprintf("revision %d was told to %s as well", a.revision, other)
		}
		w.on.revisions[a.revision] = s.id
		w.on.mu.Unlock()
		if o.kind == reserve {
			wrong += w.on.overspent(a.usage)
		}
	}
	return wrong
}

// overspent says which limit a hold that was just granted is beyond.
func (a *account) overspent(usage []*satcapv1.WindowUsage) string {
	for _, u := range usage {
		if u.LimitSats != nil && u.GetHeldSats()+u.GetSpentSats() > u.GetLimitSats() {
			return fmt.Sprintf("held beyond the limit: %v", u)
		}
	}
	return ""
}

// runUntil lets every worker call the server that pick names for it until it
// says stop, or keep says that an answer is the worker's last.
func (l *load) runUntil(stop <-chan struct{}, pick func(worker int) *client, last func(answer) bool) {
	var all sync.WaitGroup
	for i, w := range l.workers {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a := w.step(pick(i))
				if a.err != nil && last(a) {
					return
				}
				if a.unanswered() || a.reason == "STORE_UNAVAILABLE" {
					time.Sleep(retryPause)
				}
			}
		})
	}
	all.Wait()
}

// milestone is something to do at a number of answers.
type milestone struct {
	at int64
	do func()
}

// after calls do once n more calls were answered, right where the last answer
// arrived. There is one milestone at a time.
func (l *load) after(n int64, do func()) {
	l.next.Store(&milestone{l.answered.Load() + n, do})
}

// await waits until n more calls were answered.
func (l *load) await(n int64) {
	l.t.Helper()
	done := make(chan struct{})
	l.after(n, func() { close(done) })
	select {
	case <-done:
	case <-time.After(soon):
		l.t.Fatalf("%d calls are not answered in %v", n, soon)
	}
}

// finishUnsure repeats every call that was not answered, which tells what came
// of it.
func (l *load) finishUnsure(c *client) {
	l.t.Helper()
	for _, w := range l.workers {
		if w.current != nil && w.current.unsure {
			a := w.step(c)
			require.False(l.t, w.current.unsure, "%s: %v", w.current.id, a.err)
		}
	}
}
