// The promise: no overspend, whatever the number of replicas and callers. Many
// callers share one key through several engines, each with a store of its own,
// and afterwards the rows, the sums and the history must agree.

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	callers = 64
	// overspent is what a test says when the promise is broken. The test of the
	// build without locks looks for it.
	overspent = "OVERSPEND"
)

// setups is how many engines share which database.
var setups = []struct {
	name    string
	make    func(testing.TB) *database
	engines int
}{
	{"postgres", newPostgres, 3},
	{"sqlite", newSQLite, 1},
	{"sqlite two engines", newSQLite, 2},
}

// crowd is many callers of one key.
type crowd struct {
	t       *testing.T
	engines []*engine.Engine
	stores  []store.Store
	key     ledger.KeyID
	known   atomic.Int64 // the highest revision that any caller was told

	mu       sync.Mutex
	events   []event
	failures []error // that no caller should see
}

// event is a call and its answer.
type event struct {
	op     ledger.Operation
	result ledger.Result
	err    error
	known  int64 // the highest revision that any caller was told before the call
}

// newCrowd makes engines of small batches, so that they interleave much, and a
// key with one limit.
func newCrowd(t *testing.T, d *database, engines int, limitSats int64) *crowd {
	t.Helper()
	c := &crowd{t: t}
	for range engines {
		e, s := onDatabase(t, d, nil, func(c *engine.Config) { c.Shards, c.MaxBatch = 2, 5 })
		c.engines, c.stores = append(c.engines, e), append(c.stores, s)
	}
	c.key = createKey(t, c.engines[0], ledger.Limits{0, limitSats})
	return c
}

// call asks as a client does: again, at another engine, if the answer is that it
// should. No test of a healthy database has a reason for that.
func (c *crowd) call(random *rand.Rand, op ledger.Operation) event {
	ev := event{op: op}
	for range 20 {
		ev.known = c.known.Load()
		ev.result, ev.err = c.engines[random.IntN(len(c.engines))].Do(c.t.Context(), op)
		if !mayRetry(ev.err) {
			break
		}
		c.mu.Lock()
		c.failures = append(c.failures, ev.err)
		c.mu.Unlock()
	}
	for revision := ev.result.Key.Revision; ; {
		known := c.known.Load()
		if revision <= known || c.known.CompareAndSwap(known, revision) {
			break
		}
	}
	c.mu.Lock()
	c.events = append(c.events, ev)
	c.mu.Unlock()
	return ev
}

func mayRetry(err error) bool {
	for _, target := range []error{store.ErrUnavailable, store.ErrConflict, store.ErrOutcomeUnknown, engine.ErrOverloaded, engine.ErrClockSkew, ledger.ErrInvariant} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// run lets all callers loose at once, each with its own random numbers.
func (c *crowd) run(caller func(n int, random *rand.Rand)) {
	seed := rand.Uint64()
	c.t.Logf("seed %d", seed)
	var wg sync.WaitGroup
	ready := make(chan struct{})
	for n := range callers {
		wg.Go(func() {
			<-ready
			caller(n, rand.New(rand.NewPCG(seed, uint64(n))))
		})
	}
	close(ready)
	wg.Wait()
}

// verify looks for overspend first: at what the rows add up to, which no wrong
// sum can hide. Then all else must be in order as well.
func (c *crowd) verify(limitSats int64) ledger.Audit {
	c.t.Helper()
	a := audits(c.t, c.stores[0])[0]
	counted := a.HeldSats + a.SpentSats[ledger.Weekly]
	assert.LessOrEqual(c.t, counted, limitSats, "%s: the rows of the key hold and spend %d of %d sats", overspent, counted, limitSats)
	assert.Empty(c.t, a.Differences())
	for _, e := range c.engines {
		assert.NoError(c.t, e.Sound())
	}
	if !assert.Empty(c.t, c.failures) {
		c.t.FailNow()
	}
	replay(c.t, limitSats, a.Key.Revision, c.events)
	return a
}

// TestNoOverspend is the promise.
func TestNoOverspend(t *testing.T) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Run("exact", func(t *testing.T) { testExactlyWhatFits(t, s.make(t), s.engines) })
			t.Run("mixed", func(t *testing.T) { testMixedCalls(t, s.make(t), s.engines) })
		})
	}
}

// testExactlyWhatFits: of equal amounts, as many are granted as fit, to the sat.
func testExactlyWhatFits(t *testing.T, d *database, engines int) {
	const limitSats, amountSats, fit = 70_350, 700, 100
	c := newCrowd(t, d, engines, limitSats)
	var grants atomic.Int64
	c.run(func(n int, random *rand.Rand) {
		for i := range 4 {
			if ev := c.call(random, reserve(c.key, fmt.Sprint(n, "-", i), amountSats)); ev.err == nil {
				grants.Add(1)
			} else if refusal := (*ledger.LimitExceededError)(nil); !errors.As(ev.err, &refusal) {
				t.Errorf("unexpected: %v", ev.err)
			}
		}
	})
	a := c.verify(limitSats)
	require.EqualValues(t, fit, grants.Load())
	require.EqualValues(t, fit*amountSats, a.HeldSats)
	require.EqualValues(t, fit, a.SpendCount)
}

// testMixedCalls: holds of any size are taken, settled for as much or less,
// released and reversed, by whoever comes first and sometimes twice.
func testMixedCalls(t *testing.T, d *database, engines int) {
	const limitSats = 60_000 // of the 64 * 8 * 500 that are asked for
	c := newCrowd(t, d, engines, limitSats)
	c.run(func(n int, random *rand.Rand) {
		call := func(op ledger.Operation) event {
			ev := c.call(random, op)
			if random.IntN(8) == 0 {
				c.call(random, op)
			}
			return ev
		}
		for i := range 8 {
			id := fmt.Sprint(n, "-", i)
			held := call(reserve(c.key, id, 1+random.Int64N(1000)))
			if held.err != nil {
				continue
			}
			switch random.IntN(6) {
			case 0: // stays open
			case 1:
				call(ledger.Release{KeyRef: ref(c.key), SpendID: id})
			case 2, 3:
				call(ledger.Settle{KeyRef: ref(c.key), SpendID: id, AmountSats: 1 + random.Int64N(held.result.Spend.HeldSats), TransactionID: "tx" + id})
			case 4:
				call(settle(c.key, id, 0))
				call(ledger.Reverse{KeyRef: ref(c.key), SpendID: id})
			case 5:
				call(ledger.Reverse{KeyRef: ref(c.key), SpendID: id})
			}
		}
	})
	c.verify(limitSats)
}

// countConflicts is a store that counts how often the database broke off.
type countConflicts struct {
	store.Store
	conflicts atomic.Int64
}

func (s *countConflicts) Load(ctx context.Context, p store.LoadParams) (store.Batch, error) {
	b, err := s.Store.Load(ctx, p)
	if errors.Is(err, store.ErrConflict) {
		s.conflicts.Add(1)
	}
	return b, err
}

// TestNoDeadlocks: batches over many keys, each in another order, never wait for
// each other in a circle.
func TestNoDeadlocks(t *testing.T) {
	d := newPostgres(t)
	c := &crowd{t: t}
	var counters []*countConflicts
	for range 3 {
		e, s := onDatabase(t, d, nil, func(c *engine.Config) {
			counters = append(counters, &countConflicts{Store: c.Store})
			c.Store = counters[len(counters)-1]
		})
		c.engines, c.stores = append(c.engines, e), append(c.stores, s)
	}
	var keys []ledger.KeyID
	for range 20 {
		keys = append(keys, createKey(t, c.engines[0], ledger.Limits{1000}))
	}
	c.run(func(n int, random *rand.Rand) {
		for i := range 10 {
			op := reserve(keys[random.IntN(len(keys))], fmt.Sprint(n, "-", i), 1+random.Int64N(100))
			if c.call(random, op).err == nil {
				c.call(random, settle(op.KeyID, op.SpendID, 0))
			}
		}
	})
	require.Empty(t, c.failures)
	for _, counter := range counters {
		require.Zero(t, counter.conflicts.Load())
	}
	audited(t, c.stores[0])
	for _, a := range audits(t, c.stores[0]) {
		require.LessOrEqual(t, a.HeldSats+a.SpentSats[ledger.Daily], int64(1000), overspent)
	}
}
