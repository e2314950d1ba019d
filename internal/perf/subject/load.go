// The load: callers that each do one thing after the other.

package subject

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

// Job is one measurement.
type Job struct {
	// Op is hold, hold-all, usage or settle.
	Op string
	// Keys are drawn from at random.
	Keys Keys
	// Callers is how many work at once.
	Callers int
	// Seconds is how long they begin new operations. Settle does not read it.
	Seconds float64
	// Count is how many holds settle takes, which are made before the clock starts.
	Count int
	// Batch is how many holds hold-all makes at once.
	Batch int
	// Profile, if not empty, is the file to write a CPU profile to.
	Profile string
}

// Tally is what came of a job.
type Tally struct {
	// Operations is how many were done.
	Operations int
	// Seconds is from the first beginning to the last end.
	Seconds float64
	// Error is the first that an operation returned; empty: none.
	Error string
}

// PerSecond is the rate.
func (t Tally) PerSecond() float64 { return float64(t.Operations) / t.Seconds }

// Run does a job.
func Run(ctx context.Context, s Subject, j Job) (Tally, error) {
	work, err := prepare(ctx, s, j)
	if err != nil {
		return Tally{}, err
	}
	if j.Profile != "" {
		f, err := os.Create(j.Profile)
		if err != nil {
			return Tally{}, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return Tally{}, err
		}
		defer pprof.StopCPUProfile()
	}
	return drive(ctx, j.Callers, work)
}

// step does the next operation of a caller and says how many operations that
// were; 0: the job is over.
type step func(ctx context.Context) (operations int, err error)

// prepare returns what makes the steps of one caller, by its number.
func prepare(ctx context.Context, s Subject, j Job) (func(caller int) step, error) {
	keys := j.Keys.All()
	duration := time.Duration(j.Seconds * float64(time.Second))
	until := func(operations int, do func(context.Context, Key) error) func(int) step {
		end := time.Now().Add(duration)
		return func(int) step {
			return func(ctx context.Context) (int, error) {
				if time.Now().After(end) {
					return 0, nil
				}
				return operations, do(ctx, keys[rand.IntN(len(keys))])
			}
		}
	}
	switch j.Op {
	case "hold":
		return until(1, func(ctx context.Context, k Key) error { return s.Hold(ctx, k, newName()) }), nil
	case "usage":
		reader, ok := s.(Reader)
		if !ok {
			return nil, errors.New("the subject tells no usage")
		}
		return until(1, reader.Usage), nil
	case "hold-all":
		batcher, ok := s.(Batcher)
		if !ok {
			return nil, errors.New("the subject takes no batches")
		}
		return until(j.Batch, func(ctx context.Context, _ Key) error {
			held, names := draw(keys, j.Batch)
			return batcher.HoldAll(ctx, held, names)
		}), nil
	case "settle":
		return prepareSettle(ctx, s, j, keys)
	}
	return nil, fmt.Errorf("no operation %q", j.Op)
}

// draw names n new holds on keys by chance.
func draw(keys []Key, n int) (held []Key, names []string) {
	held, names = make([]Key, n), make([]string, n)
	for i := range names {
		held[i], names[i] = keys[rand.IntN(len(keys))], newName()
	}
	return held, names
}

func prepareSettle(ctx context.Context, s Subject, j Job, keys []Key) (func(int) step, error) {
	settler, ok := s.(Settler)
	if !ok {
		return nil, errors.New("the subject settles nothing")
	}
	held, names := draw(keys, j.Count)
	if err := settler.HoldAll(ctx, held, names); err != nil {
		return nil, err
	}
	return func(caller int) step {
		next := caller
		return func(ctx context.Context) (int, error) {
			at := next
			next += j.Callers
			if at >= len(names) {
				return 0, nil
			}
			return 1, settler.Settle(ctx, held[at], names[at])
		}
	}, nil
}

// drive runs the callers to their end.
func drive(ctx context.Context, callers int, work func(caller int) step) (Tally, error) {
	var (
		mu    sync.Mutex
		tally Tally
		all   sync.WaitGroup
	)
	began := time.Now()
	for caller := range callers {
		all.Go(func() {
			next := work(caller)
			done := 0
			var err error
			for ctx.Err() == nil {
				var n int
				if n, err = next(ctx); n == 0 || err != nil {
					break
				}
				done += n
			}
			mu.Lock()
			defer mu.Unlock()
			tally.Operations += done
			if err != nil && tally.Error == "" {
				tally.Error = err.Error()
			}
		})
	}
	all.Wait()
	tally.Seconds = time.Since(began).Seconds()
	return tally, ctx.Err()
}
