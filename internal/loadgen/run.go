// A run from its keys to its report.

package loadgen

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

const (
	// progressEvery is how often the progress is told.
	progressEvery = 5 * time.Second
	// interruptPatience is how long calls under way may still take after an
	// interruption.
	interruptPatience = time.Second
	// unreachedPause keeps a caller of a closed loop from turning as fast as it can
	// while the server cannot be reached.
	unreachedPause = 10 * time.Millisecond
)

// Run makes the keys, puts the load on the server and reports. Ending ctx ends the
// run early: the report is of what there was until then. Calls that fail are in the
// report and are no error of Run. An error beside a report is a *RevokeError.
func Run(ctx context.Context, cfg Config) (rep *Report, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ring := &keyring{owner: cfg.Owner}
	defer func() {
		if cfg.KeepKeys {
			return
		}
		if revokeErr := ring.revoke(ctx); revokeErr != nil {
			err = errors.Join(err, revokeErr)
		}
	}()
	if err := ring.prepare(ctx, &cfg); err != nil {
		return nil, err
	}
	t, err := newTarget(&cfg)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if cfg.wrap != nil {
		t = cfg.wrap(t)
	}
	cpuBefore := processorTime()
	rep = newRun(cfg, ring.keys, t, preciseSleep).do(ctx)
	rep.GeneratorCPUUs = (processorTime() - cpuBefore).Microseconds()
	return rep, nil
}

// run is one run under way.
type run struct {
	cfg      Config
	keys     []*key
	target   target
	sleep    func(time.Duration)
	recorder recorder
	holds    holds
	// openHolds were made and not yet ended.
	openHolds atomic.Int64
	// answered counts all calls, with those of the warm-up.
	answered atomic.Int64

	start, measureFrom, end time.Time
}

func newRun(cfg Config, keys []*key, t target, sleep func(time.Duration)) *run {
	return &run{cfg: cfg, keys: keys, target: t, sleep: sleep}
}

// do puts the load on the target.
func (r *run) do(ctx context.Context) *Report {
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(cmp.Or(r.cfg.patience, interruptPatience), cancelCalls) })
	defer stop()
	calls = r.target.attach(calls)

	r.start = time.Now()
	r.measureFrom = r.start.Add(r.cfg.Warmup)
	r.end = r.measureFrom.Add(r.cfg.Duration)
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(over) })

	var schedule *Schedule
	if r.cfg.RatePerSecond > 0 {
		schedule = r.openLoop(ctx, calls)
	} else {
		r.closedLoop(ctx, calls)
	}
	finished := time.Now()
	close(over)
	watching.Wait()

	rep := r.report(max(0, finished.Sub(r.measureFrom)))
	rep.Schedule, rep.Interrupted = schedule, ctx.Err() != nil && finished.Before(r.end)
	return rep
}

// closedLoop keeps every caller busy until the end.
func (r *run) closedLoop(ctx, calls context.Context) {
	var callers sync.WaitGroup
	for i := range r.cfg.Concurrency {
		callers.Go(func() {
			c := r.newCaller(i)
			for ctx.Err() == nil && time.Now().Before(r.end) {
				if c.call(calls, time.Time{}).unreached {
					wait(ctx, unreachedPause)
				}
			}
		})
	}
	callers.Wait()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watch tells the progress.
func (r *run) watch(over <-chan struct{}) {
	if r.cfg.Progress == nil {
		return
	}
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	last := int64(0)
	for {
		select {
		case <-over:
			return
		case now := <-ticker.C:
			if !now.Before(r.end) {
				continue // the report says it
			}
			answered := r.answered.Load()
			r.cfg.Progress(Progress{
				Elapsed: now.Sub(r.start), Total: r.end.Sub(r.start), WarmingUp: now.Before(r.measureFrom),
				RatePerSecond: rate(answered-last, progressEvery), ErrorCount: r.recorder.failed.Load(),
			})
			last = answered
		}
	}
}

// caller makes one call after the other.
type caller struct {
	*run
	id     int
	random *rand.Rand
}

func (r *run) newCaller(id int) *caller {
	return &caller{run: r, id: id, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
}

// call makes one call that was to be sent at intended; the zero time is now.
func (c *caller) call(ctx context.Context, intended time.Time) outcome {
	op, t := c.choose()
	req := operations[op].request(t)
	if intended.IsZero() {
		intended = time.Now()
	}
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	var res proto.Message
	if operations[op].answer != nil {
		res = operations[op].answer()
	}
	out := c.target.invoke(limited, c.id, operations[op].procedure, req, res)
	latency := time.Since(intended)
	cancel()
	if out.reason != "" && ctx.Err() != nil {
		return outcome{} // the run was interrupted and did not wait for the answer
	}
	c.answered.Add(1)
	var items itemCounts
	if out.reason == "" {
		var fits bool
		if items, fits = c.follow(op, t, res); !fits {
			out = failure("", connect.CodeInternal.String())
		}
	}
	if !intended.Before(c.measureFrom) {
		c.recorder.record(c.id, op, latency, out.reason, items)
	}
	return out
}

// follow keeps account of the holds after a call that succeeded. It is false where
// the answer, which only a batch has, does not fit the call.
func (c *caller) follow(op int, t task, res proto.Message) (items itemCounts, ok bool) {
	switch {
	case operations[op].batch:
		return readItems(res.(*satcapv1.ApplySpendsResponse), t.items, c.made)
	case operations[op].makesHold:
		c.made(t)
	case operations[op].takesHold:
		c.openHolds.Add(-1)
	}
	return itemCounts{}, true
}

// made keeps account of a hold that a task made.
func (c *caller) made(t task) {
	c.openHolds.Add(1)
	if c.cfg.Mix.takesHolds() {
		c.holds.put(t.key == c.keys[0], hold{t.key, t.spendID})
	}
}

// choose is the operation and the key of the next call.
func (c *caller) choose() (int, task) {
	op := c.cfg.Mix.pick(c.random)
	if operations[op].batch {
		t := task{items: make([]task, c.cfg.Batch)}
		for i := range t.items {
			t.items[i] = c.reservation(c.chooseKey())
		}
		return op, t
	}
	k := c.chooseKey()
	if operations[op].takesHold {
		if h, ok := c.holds.take(k == c.keys[0]); ok {
			return op, task{key: h.key, spendID: h.spendID}
		}
		op = opReserve
	}
	if operations[op].makesHold {
		return op, c.reservation(k)
	}
	return op, task{key: k, amountSats: c.cfg.AmountSats}
}

// reservation is a task with a new spend.
func (c *caller) reservation(k *key) task {
	// Ordered by time, as callers should name their spends: then the database's
	// index grows at one end.
	return task{key: k, spendID: uuid.Must(uuid.NewV7()).String(), amountSats: c.cfg.AmountSats}
}

func (c *caller) chooseKey() *key {
	switch {
	case len(c.keys) == 1:
		return c.keys[0]
	case c.cfg.HotShare == 0:
		return c.keys[c.random.IntN(len(c.keys))]
	case c.random.Float64() < c.cfg.HotShare:
		return c.keys[0]
	default:
		return c.keys[1+c.random.IntN(len(c.keys)-1)]
	}
}
