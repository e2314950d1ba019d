// What the tests share: engines on a store in memory, keys, and short names for
// operations and for calls that wait.

package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
)

const (
	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// keyID names key n. With two shards, odd and even keys do not share one.
func keyID(n byte) ledger.KeyID { return ledger.KeyID{0: n, 15: n} }

func ref(id ledger.KeyID) ledger.KeyRef { return ledger.KeyRef{KeyID: id} }

// key is an active key of alice's whose daily limit is dailySats; 0: unlimited.
func key(n byte, dailySats int64) ledger.Key {
	k := ledger.Key{ID: keyID(n), Subject: "alice", State: ledger.KeyActive, Revision: 1}
	k.Limits[ledger.Daily] = dailySats
	return k
}

// unsoundKey is a key whose stored sums contradict themselves.
func unsoundKey(n byte) ledger.Key {
	k := key(n, 0)
	k.SpentSats = [ledger.WindowCount]int64{5, 4, 4, 4}
	return k
}

func reserve(id ledger.KeyID, spendID string, sats int64) ledger.Reserve {
	return ledger.Reserve{KeyRef: ref(id), SpendID: spendID, AmountSats: sats, TTLUs: hour}
}

func settle(id ledger.KeyID, spendID string, sats int64) ledger.Settle {
	return ledger.Settle{KeyRef: ref(id), SpendID: spendID, AmountSats: sats}
}

// bubble runs a test in virtual time. A goroutine that the engine leaves behind
// fails it.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// onFake starts an engine without a sweeper on f, and at the end stops it and
// looks whether every batch was ended.
func onFake(t *testing.T, f *fakeStore, edit ...func(*engine.Config)) *engine.Engine {
	t.Helper()
	cfg := engine.Config{Store: f, Log: slog.New(slog.DiscardHandler), SweepEvery: -1}
	for _, e := range edit {
		e(&cfg)
	}
	e := engine.New(cfg)
	t.Cleanup(func() {
		e.Close()
		require.Empty(t, f.open, "batches that were never ended")
		require.NoError(t, f.misuse)
	})
	return e
}

// waiting is a call of Do that may not have its answer yet.
type waiting struct {
	done   chan struct{}
	result ledger.Result
	err    error
}

// start calls Do in the background and returns when it waits for its answer or
// has it. Only in a bubble.
func start(e *engine.Engine, ctx context.Context, op ledger.Operation) *waiting {
	w := &waiting{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.result, w.err = e.Do(ctx, op)
	}()
	synctest.Wait()
	return w
}

// startReserves starts a Reserve of 1 sat for each id, in that order.
func startReserves(t *testing.T, e *engine.Engine, id ledger.KeyID, spendIDs ...string) []*waiting {
	t.Helper()
	var calls []*waiting
	for _, s := range spendIDs {
		calls = append(calls, start(e, t.Context(), reserve(id, s, 1)))
	}
	return calls
}

// answered says whether the call has its answer.
func (w *waiting) answered() bool {
	synctest.Wait()
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// granted waits for the calls and requires that each was granted, and that
// the key's revision counts them in their order from first on.
func granted(t *testing.T, first int64, calls ...*waiting) {
	t.Helper()
	for i, w := range calls {
		<-w.done
		require.NoError(t, w.err)
		require.Equal(t, first+int64(i), w.result.Key.Revision)
	}
}

// gate is a hook that holds whoever passes until the test lets it go, or ends.
type gate struct {
	t    *testing.T
	open chan struct{}
}

func newGate(t *testing.T) gate { return gate{t, make(chan struct{})} }

func (g gate) hold(context.Context) error {
	select {
	case <-g.open:
	case <-g.t.Context().Done():
	}
	return nil
}

// let lets n pass, one after the other, and returns when all else waits again.
func (g gate) let(n int) {
	g.t.Helper()
	for range n {
		synctest.Wait()
		select {
		case g.open <- struct{}{}:
		default:
			g.t.Fatal("nobody waits at the gate")
		}
	}
	synctest.Wait()
}

// letAll lets everybody pass from now on.
func (g gate) letAll() { close(g.open) }

// batchSizes is how many spends each batch named.
func (f *fakeStore) batchSizes() (sizes []int) {
	for _, p := range f.loads {
		sizes = append(sizes, len(p.Spends))
	}
	return sizes
}

// names is "s1" to "sn".
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("s%d", i+1)
	}
	return list
}

// failing is a hook that fails n times, and counts how often it ran.
func failing(n int, err error) (hook func(context.Context) error, ran *int) {
	ran = new(int)
	return func(context.Context) error {
		if *ran++; *ran <= n {
			return err
		}
		return nil
	}, ran
}

// elapsed is how much time passes while run runs.
func elapsed(run func()) time.Duration {
	began := time.Now()
	run()
	return time.Since(began)
}
