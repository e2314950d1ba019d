// The open loop: calls are sent at their time, whatever the server does.

package loadgen

import (
	"context"
	"math"
	"sync"
	"time"
)

// longestSleep is how long the schedule sleeps without looking for an interruption.
const longestSleep = 50 * time.Millisecond

// arrivals is when calls are to be sent: at even distances from the start.
type arrivals struct {
	start         time.Time
	ratePerSecond float64
}

// at is when call i is to be sent, from 0 on.
func (a arrivals) at(i int) time.Time {
	return a.start.Add(time.Duration(float64(i) / a.ratePerSecond * float64(time.Second)))
}

// before is how many calls are to be sent before t.
func (a arrivals) before(t time.Time) int {
	n := max(0, int(math.Ceil(t.Sub(a.start).Seconds()*a.ratePerSecond)))
	for n > 0 && !a.at(n-1).Before(t) { // what rounding made too many
		n--
	}
	for a.at(n).Before(t) { // or too few
		n++
	}
	return n
}

// openLoop hands each call at its time to a caller that is free, or as soon after
// it as one is. The latency counts from the time of the call, so a server that
// stalls shows in all the calls that it kept waiting. Every call that was due
// before the end is sent, for as long as the timeout allows.
func (r *run) openLoop(ctx, calls context.Context) *Schedule {
	due := make(chan time.Time)
	var callers sync.WaitGroup
	for i := range r.cfg.Concurrency {
		callers.Go(func() {
			c := r.newCaller(i)
			for intended := range due {
				c.call(calls, intended)
			}
		})
	}
	s := r.pace(ctx, due)
	close(due)
	callers.Wait()
	return s
}

// pace sends the times of the calls to the callers.
func (r *run) pace(ctx context.Context, due chan<- time.Time) *Schedule {
	a := arrivals{r.start, r.cfg.RatePerSecond}
	s := &Schedule{TargetRatePerSecond: r.cfg.RatePerSecond}
	patience := time.NewTimer(r.end.Sub(r.start) + r.cfg.Timeout)
	defer patience.Stop()
	last, i := a.before(r.end), 0
	for ; i < last && r.sleepUntil(ctx, a.at(i)); i++ {
		intended := a.at(i)
		select {
		case due <- intended:
		default:
			select {
			case due <- intended:
			case <-ctx.Done():
			case <-patience.C:
				return r.paced(s, a, i, last)
			}
			if ctx.Err() != nil {
				return r.paced(s, a, i, last)
			}
		}
		if behind := time.Since(intended).Microseconds(); !intended.Before(r.measureFrom) {
			s.BehindMaxUs, s.BehindEndUs = max(s.BehindMaxUs, behind), behind
		}
	}
	return r.paced(s, a, i, last)
}

// paced closes the account after the first sent calls of last.
func (r *run) paced(s *Schedule, a arrivals, sent, last int) *Schedule {
	stopped := time.Now()
	dueCalls := min(last, a.before(stopped))
	s.UnsentCount = int64(max(0, dueCalls-sent))
	if sent == last && stopped.Before(r.end) {
		stopped = r.end // all were sent; the last one is due a little before the end
	}
	warm := a.before(r.measureFrom)
	s.AchievedRatePerSecond = rate(int64(max(0, sent-warm)), stopped.Sub(r.measureFrom))
	return s
}

// sleepUntil returns false if ctx ended first.
func (r *run) sleepUntil(ctx context.Context, t time.Time) bool {
	for {
		d := time.Until(t)
		if ctx.Err() != nil {
			return false
		}
		if d <= 0 {
			return true
		}
		r.sleep(min(d, longestSleep))
	}
}
