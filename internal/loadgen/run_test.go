// The loops, against a target that answers in a time that the test sets. The clock
// is that of testing/synctest, so no test waits and every latency is exact.

package loadgen

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// fakeTarget answers after a while, and remembers what it was asked.
type fakeTarget struct {
	// answer waits as long as the server would, and says what it answers.
	answer func(ctx context.Context) outcome
	// results answers each operation of a batch.
	results func(*satcapv1.ApplySpendsRequest, *satcapv1.ApplySpendsResponse)

	mu       sync.Mutex
	requests []proto.Message
}

func (f *fakeTarget) attach(ctx context.Context) context.Context { return ctx }
func (f *fakeTarget) close()                                     {}

func (f *fakeTarget) invoke(ctx context.Context, _ int, _ string, req, res proto.Message) outcome {
	f.mu.Lock()
	f.requests = append(f.requests, req)
	f.mu.Unlock()
	if apply, ok := req.(*satcapv1.ApplySpendsRequest); ok && f.results != nil {
		f.results(apply, res.(*satcapv1.ApplySpendsResponse))
	}
	return f.answer(ctx)
}

// after answers with success after d.
func after(d time.Duration) func(context.Context) outcome {
	return func(context.Context) outcome { time.Sleep(d); return outcome{} }
}

// config of a run of ten seconds by four callers.
func config(t *testing.T) Config {
	return Config{
		URL: "http://127.0.0.1:8080", Protocol: GRPC, Concurrency: 4, Keys: 1, Mix: mix(t, "reserve=1"),
		Duration: 10 * time.Second, AmountSats: 1000, Timeout: 10 * time.Second,
	}
}

// try runs cfg against f and returns the report. keys named key-0 and so on.
func try(t *testing.T, ctx context.Context, cfg Config, f *fakeTarget) *Report {
	t.Helper()
	require.NoError(t, cfg.Validate())
	var keys []*key
	for i := range cfg.Keys {
		keys = append(keys, &key{id: fmt.Sprintf("key-%d", i), secret: "secret"})
	}
	return newRun(cfg, keys, f, time.Sleep).do(ctx)
}

const ms = 1000 // microseconds

// TestNoCoordinatedOmission: a server that stalls for two of ten seconds. Of the
// calls that were to be sent, 20 % came during the stall: they have waited, though
// only four callers were there to wait. A closed loop of one caller sees one slow call.
func TestNoCoordinatedOmission(t *testing.T) {
	t.Parallel()
	stall := func() *fakeTarget {
		start := time.Now()
		return &fakeTarget{answer: func(context.Context) outcome {
			if since := time.Since(start); since >= 4*time.Second && since < 6*time.Second {
				time.Sleep(6*time.Second - since)
			}
			time.Sleep(time.Millisecond)
			return outcome{}
		}}
	}
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.RatePerSecond = 1000
		rep := try(t, t.Context(), cfg, stall())
		require.EqualValues(t, 10_000, rep.Total.Count)
		require.InDelta(t, ms, rep.Total.P50Us, ms/100)
		// One in five came in the stall, and those after it until it was caught up
		// with: four callers send 4,000 a second, 1,000 come, 2,000 had waited.
		require.InDelta(t, 1950*ms, rep.Total.P99Us, 60*ms)
		require.InDelta(t, 2000*ms, rep.Total.MaxUs, 10*ms)
		require.Greater(t, rep.Total.P90Us, int64(1000*ms))
		require.InDelta(t, 2000*ms, rep.Schedule.BehindMaxUs, 10*ms)
		require.Zero(t, rep.Schedule.BehindEndUs)
		require.Zero(t, rep.Schedule.UnsentCount)
		require.InDelta(t, 1000, rep.Schedule.AchievedRatePerSecond, 1)
	})
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Concurrency = 1
		rep := try(t, t.Context(), cfg, stall())
		require.InDelta(t, ms, rep.Total.P99Us, ms/100)
		require.InDelta(t, 2000*ms, rep.Total.MaxUs, 10*ms)
		require.Nil(t, rep.Schedule)
	})
}

// TestOverload: 1,000 a second for a server that takes 400. What was not sent when
// the patience ended is counted.
func TestOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.RatePerSecond, cfg.Timeout = 1000, time.Second
		rep := try(t, t.Context(), cfg, &fakeTarget{answer: after(10 * time.Millisecond)})
		require.InDelta(t, 4400, rep.Total.Count, 8)
		require.EqualValues(t, 10_000, rep.Total.Count+rep.Schedule.UnsentCount)
		require.InDelta(t, 400, rep.Schedule.AchievedRatePerSecond, 1)
		require.InDelta(t, 6600*ms, rep.Schedule.BehindEndUs, 20*ms)
		require.False(t, rep.Interrupted)
	})
}

// TestClosedLoop: four callers, 10 ms each: 400 a second; the warm-up is not in it.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Warmup = 5 * time.Second
		f := &fakeTarget{answer: after(10 * time.Millisecond)}
		rep := try(t, t.Context(), cfg, f)
		require.EqualValues(t, 4000, rep.Total.Count)
		require.Len(t, f.requests, 6000)
		require.EqualValues(t, 6000, rep.OpenHoldCount)
		require.InDelta(t, 400, rep.Total.RatePerSecond, 1)
		require.InDelta(t, 10*ms, rep.Total.P999Us, 10)
		require.EqualValues(t, 10_000*ms, rep.DurationUs)
	})
}

// TestMixAndHotShare: the calls come in their shares, half of them to the first
// key, and what is settled and released was reserved before, once.
func TestMixAndHotShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Duration = 3 * time.Second
		cfg.Keys, cfg.HotShare, cfg.Mix = 5, 0.5, mix(t, "reserve=50,settle=40,release=10,check=20,usage=20,verify=10")
		f := &fakeTarget{answer: after(time.Millisecond)}
		rep := try(t, t.Context(), cfg, f)
		total := float64(rep.Total.Count)
		for i, share := range []float64{50, 40, 10, 20, 20, 10} {
			require.Equal(t, operations[i].name, rep.Operations[i].Operation)
			require.InDelta(t, share/150, float64(rep.Operations[i].Count)/total, 0.02, operations[i].name)
		}
		byKey, open := map[string]int{}, map[string]string{}
		for _, req := range f.requests {
			named, ok := req.(interface{ GetApiKeyId() string })
			if !ok {
				require.Equal(t, "secret", req.(*satcapv1.VerifyApiKeyRequest).GetSecret())
				continue
			}
			id := named.GetApiKeyId()
			byKey[id]++
			switch req := req.(type) {
			case *satcapv1.ReserveSpendRequest:
				require.EqualValues(t, 1000, req.GetAmountSats())
				require.NotContains(t, open, req.GetSpendId())
				open[req.GetSpendId()] = id
			case interface{ GetSpendId() string }: // settle and release
				require.Equal(t, id, open[req.GetSpendId()])
				delete(open, req.GetSpendId())
			}
		}
		named := total - float64(rep.Operations[opVerify].Count)
		require.InDelta(t, 0.5, float64(byKey["key-0"])/named, 0.02)
		for _, cold := range []string{"key-1", "key-2", "key-3", "key-4"} {
			require.InDelta(t, 0.125, float64(byKey[cold])/named, 0.02)
		}
		require.EqualValues(t, len(open), rep.OpenHoldCount)
	})
}

// TestOutcomes: refusals are no errors, errors are counted by reason.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Concurrency = 1
		i := -1
		f := &fakeTarget{answer: func(context.Context) outcome {
			time.Sleep(time.Millisecond)
			i++
			return []outcome{{}, {reason: reasonLimitExceeded}, {reason: "API_KEY_PAUSED"}, {reason: "unavailable", unreached: true}}[i%4]
		}}
		rep := try(t, t.Context(), cfg, f)
		// Each four calls take 4 ms, and 10 ms pass after the unreached one.
		n := rep.Total.Count / 4
		require.InDelta(t, 714, n, 1)
		require.InDelta(t, n, rep.Total.RefusalCount, 1)
		require.InDelta(t, 2*n, rep.Total.ErrorCount, 2)
		require.InDelta(t, n, rep.Total.Errors["API_KEY_PAUSED"], 1)
		require.InDelta(t, n, rep.Total.Errors["unavailable"], 1)
		require.Len(t, rep.Total.Errors, 2)
		require.InDelta(t, n, rep.OpenHoldCount, 1)
	})
}

// TestInterrupted: the report is of what there was, in both loops; a call that is
// not answered is waited for a second and not counted.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, ratePerSecond := range []float64{0, 100} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			cfg := config(t)
			cfg.RatePerSecond = ratePerSecond
			start := time.Now()
			f := &fakeTarget{answer: func(call context.Context) outcome {
				if time.Since(start) < 2900*time.Millisecond {
					time.Sleep(10 * time.Millisecond)
					return outcome{}
				}
				<-call.Done()
				return outcome{reason: "canceled"}
			}}
			rep := try(t, ctx, cfg, f)
			require.True(t, rep.Interrupted)
			require.Equal(t, 4*time.Second, time.Since(start))
			require.Zero(t, rep.Total.ErrorCount)
			if ratePerSecond == 0 {
				require.InDelta(t, 1160, rep.Total.Count, 4)
				return
			}
			require.InDelta(t, 290, rep.Total.Count, 1)
			require.InDelta(t, 6, rep.Schedule.UnsentCount, 1) // 300 were due, 4 are with the callers
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Warmup, cfg.Duration = 7*time.Second, 5*time.Second
		var told []Progress
		cfg.Progress = func(p Progress) { told = append(told, p) }
		try(t, t.Context(), cfg, &fakeTarget{answer: after(10 * time.Millisecond)})
		require.Len(t, told, 2)
		for i, p := range told {
			require.InDelta(t, 400, p.RatePerSecond, 2)
			require.Equal(t, time.Duration(i+1)*5*time.Second, p.Elapsed)
			require.Equal(t, 12*time.Second, p.Total)
			require.Equal(t, i == 0, p.WarmingUp)
		}
	})
}

func TestArrivals(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []float64{0.3, 3, 1000, 7777, 1_000_000} {
		a := arrivals{time.Now(), perSecond}
		for i := range 5000 {
			require.Equal(t, i, a.before(a.at(i)), "%v", perSecond)
			require.Equal(t, i+1, a.before(a.at(i).Add(1)), "%v", perSecond)
		}
	}
}
