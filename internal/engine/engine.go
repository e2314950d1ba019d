// Package engine carries operations to the store: it gathers concurrent calls
// into batches while the commit before is on its way to disk, and runs each
// batch as load, apply, save in one transaction. The rules are in package
// ledger, the sets in package store; here is only who waits for what.
//
// # Order and isolation
//
// Keys are spread over shards by their id. A shard runs one batch at a time, so
// that the operations of one key are decided in the order in which they came,
// and a hot key never waits for its own lock. Other servers on the same
// database are kept apart by the locks of the keys.
//
// One operation's refusal never touches its neighbours: they share a
// transaction, and the transaction holds only what was granted. What fails a
// whole batch is the store, and then every caller is told to retry.
//
// # Errors
//
// Do returns the refusals of package ledger, the errors of package store,
// [ErrOverloaded], [ErrClockSkew], [ErrStopped], or the error of the caller's
// context if that ended first: the operation may then still happen, and asking
// again with the same names tells.
package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// What the engine itself can fail with. In each case nothing was written.
var (
	// ErrOverloaded: the queue is full, or the turn of a series did not come.
	ErrOverloaded = errors.New("engine: too many operations are waiting")
	// ErrClockSkew: the store's clock and this server's disagree, and a clock
	// that jumped ahead would empty the windows.
	ErrClockSkew = errors.New("engine: the database's clock and the server's disagree")
	// ErrStopped: the engine is shutting down.
	ErrStopped = errors.New("engine: shutting down")
	// ErrExpireTimePast refuses a new key that would be expired already.
	ErrExpireTimePast = errors.New("engine: the expire time is not in the future")
	// ErrRequestIDReused refuses a request_id that was used for another key.
	ErrRequestIDReused = errors.New("engine: this request_id was used for something else")
)

// Config says how an engine works. The zero value of every field but Store
// takes a default that suits a server.
type Config struct {
	// Store is the database. The engine does not close it.
	Store store.Store
	// Log takes what the operator should know. Default: slog.Default().
	Log *slog.Logger
	// Now is the server's clock, held against the store's. Default: time.Now.
	Now func() time.Time
	// Shards is how many batches run at once. Default 1, as SQLite has one writer.
	Shards int
	// QueueLength is how many single calls may wait per shard. Default 4,096.
	QueueLength int
	// MaxBatch is the most operations in a batch. Default 512.
	MaxBatch int
	// BatchTimeout bounds a batch, from its lock to its commit, and every other
	// call of the store. Default 10 s.
	BatchTimeout time.Duration
	// MaxSkew is how far the store's clock may be from Now. Default 5 s.
	MaxSkew time.Duration
	// SweepEvery is the pause between two steps of the sweeper; negative: there
	// is none. Default 1 s.
	SweepEvery time.Duration
	// MaxWatches is how many watches may run at once; a tenth of them for one
	// subject. Default 1,000.
	MaxWatches int
	// MaxSeries is how many series are added up at once. Default half the
	// processors, 1 to 4.
	MaxSeries int
	// SeriesWait is how long a call waits for its turn to add up. Default 5 s.
	SeriesWait time.Duration
}

// ManyShards is how many shards suit a database that can run several batches at once:
// one for every two processors, 1 to 8. More would make the batches smaller, which
// costs more than it gains (BenchmarkShards).
func ManyShards() int { return max(1, min(8, runtime.NumCPU()/2)) }

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Shards = cmp.Or(c.Shards, 1)
	c.QueueLength = cmp.Or(c.QueueLength, 4096)
	c.MaxBatch = cmp.Or(c.MaxBatch, 512)
	c.BatchTimeout = cmp.Or(c.BatchTimeout, 10*time.Second)
	c.MaxSkew = cmp.Or(c.MaxSkew, 5*time.Second)
	c.SweepEvery = cmp.Or(c.SweepEvery, time.Second)
	c.MaxWatches = cmp.Or(c.MaxWatches, 1000)
	c.MaxSeries = cmp.Or(c.MaxSeries, max(1, min(4, runtime.NumCPU()/2)))
	c.SeriesWait = cmp.Or(c.SeriesWait, 5*time.Second)
	return c
}

// Engine runs operations against a store.
type Engine struct {
	cfg    Config
	store  store.Store
	log    *slog.Logger
	shards []shard

	accepting sync.RWMutex // held for reading while a request is queued
	stopped   bool
	stopping  chan struct{} // closed when stopped is set
	workers   sync.WaitGroup
	stopSweep context.CancelFunc
	sweeping  sync.WaitGroup
	unsound   atomic.Bool // an invariant was violated

	series chan struct{} // one element for each that is being added up

	hub        *hub
	stopFollow context.CancelFunc
	following  sync.WaitGroup
}

// shard is the queue of some of the keys.
type shard struct {
	queue chan *request // of single calls
	large chan *request // of large ones, which wait to be taken from: it holds none
	// What the worker remembers of the last batch: how many calls were under way
	// when it ended, and until when the next may wait for as many.
	expected     int
	patientUntil time.Time
	// sharedUntil is until when large calls leave room for single ones.
	sharedUntil time.Time
}

// request is the operation of a single call, or the operations of a large one, that
// wait for their outcomes. A batch takes as many as there is room for, in their order,
// and there are outcomes for those.
type request struct {
	ctx      context.Context
	ops      []ledger.Operation
	large    bool
	outcomes chan []ledger.Outcome
}

func newRequest(ctx context.Context, large bool, ops ...ledger.Operation) *request {
	return &request{ctx: ctx, ops: ops, large: large, outcomes: make(chan []ledger.Outcome, 1)}
}

// wait returns the outcomes, or the error of the caller's context if that ends first.
func (r *request) wait() ([]ledger.Outcome, error) {
	select {
	case outcomes := <-r.outcomes:
		return outcomes, nil
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
}

// New starts an engine. Close stops it.
func New(cfg Config) *Engine {
	cfg = cfg.withDefaults()
	e := &Engine{cfg: cfg, store: cfg.Store, log: cfg.Log, shards: make([]shard, cfg.Shards), hub: newHub(), series: make(chan struct{}, cfg.MaxSeries), stopping: make(chan struct{})}
	for i := range e.shards {
		s := &e.shards[i]
		s.queue, s.large = make(chan *request, cfg.QueueLength), make(chan *request)
		e.workers.Go(func() { e.work(s) })
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stopSweep = stop
	if cfg.SweepEvery > 0 {
		e.sweeping.Go(func() { e.sweepForever(ctx) })
	}
	following, stop := context.WithCancel(context.Background())
	e.stopFollow = stop
	e.following.Go(func() { e.store.Follow(following, e.hub.wake) })
	return e
}

// Do runs one operation and waits for its outcome.
func (e *Engine) Do(ctx context.Context, op ledger.Operation) (ledger.Result, error) {
	r := newRequest(ctx, false, op)
	if err := e.enqueue(e.shardOf(op.Target().KeyID), r); err != nil {
		return ledger.Result{}, err
	}
	outcomes, err := r.wait()
	if err != nil {
		return ledger.Result{}, err
	}
	return outcomes[0].Result, outcomes[0].Err
}

func (e *Engine) enqueue(s *shard, r *request) error {
	e.accepting.RLock()
	defer e.accepting.RUnlock()
	if e.stopped {
		return ErrStopped
	}
	select {
	case s.queue <- r:
		return nil
	default:
		return ErrOverloaded
	}
}

// shardOf spreads keys by the end of their id, which is random in every version
// of UUID that is in use.
func (e *Engine) shardOf(id ledger.KeyID) *shard {
	return &e.shards[binary.BigEndian.Uint32(id[12:])%uint32(len(e.shards))]
}

// Sound returns [ledger.ErrInvariant] if stored sums were ever found that
// contradict themselves: the server is then not to be relied on.
func (e *Engine) Sound() error {
	if e.unsound.Load() {
		return ledger.ErrInvariant
	}
	return nil
}

// CheckClock returns [ErrClockSkew] or the store's error if operations would be
// refused for it.
func (e *Engine) CheckClock(ctx context.Context) error {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	us, err := e.store.ClockUs(ctx)
	if err != nil {
		return err
	}
	return e.checkSkew(us)
}

func (e *Engine) checkSkew(clockUs int64) error {
	skewUs, maxUs := clockUs-e.cfg.Now().UnixMicro(), e.cfg.MaxSkew.Microseconds()
	if skewUs < -maxUs || skewUs > maxUs {
		e.log.Error("clock skew", "seconds", float64(skewUs)/1e6)
		return ErrClockSkew
	}
	return nil
}

// EndWatches ends all watches, and every one that is asked for after it.
func (e *Engine) EndWatches() { e.hub.close() }

// Close ends all watches, takes no more operations, finishes those that wait in the
// queues, and returns.
func (e *Engine) Close() {
	e.EndWatches()
	e.stopSweep()
	e.sweeping.Wait()
	e.accepting.Lock()
	if !e.stopped {
		e.stopped = true
		close(e.stopping)
		for i := range e.shards {
			close(e.shards[i].queue)
		}
	}
	e.accepting.Unlock()
	e.workers.Wait()
	e.stopFollow() // after the last batch, whose changes others want to know
	e.following.Wait()
}
