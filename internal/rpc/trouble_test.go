// When something goes wrong in the middle: a store that fails at will, a full
// queue, callers that give up, panics.

package rpc_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// faulty is a store whose reads, loads and commits a test can make fail.
type faulty struct {
	store.Store
	mu           sync.Mutex
	view, load   func(context.Context) error
	commit, made func(context.Context) error
}

func (f *faulty) set(hook *func(context.Context) error, h func(context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*hook = h
}

func (f *faulty) run(ctx context.Context, hook *func(context.Context) error) error {
	f.mu.Lock()
	h := *hook
	f.mu.Unlock()
	if h == nil {
		return nil
	}
	return h(ctx)
}

func (f *faulty) ViewKeys(ctx context.Context, ids []ledger.KeyID, subject string) ([]ledger.View, error) {
	if err := f.run(ctx, &f.view); err != nil {
		return nil, err
	}
	return f.Store.ViewKeys(ctx, ids, subject)
}

func (f *faulty) Load(ctx context.Context, p store.LoadParams) (store.Batch, error) {
	if err := f.run(ctx, &f.load); err != nil {
		return nil, err
	}
	b, err := f.Store.Load(ctx, p)
	return &faultyBatch{Batch: b, f: f}, err
}

func (f *faulty) CreateKey(ctx context.Context, p store.CreateKeyParams) (store.Created, error) {
	if err := f.run(ctx, &f.made); err != nil {
		return store.Created{}, err
	}
	return f.Store.CreateKey(ctx, p)
}

type faultyBatch struct {
	store.Batch
	f *faulty
}

func (b *faultyBatch) Commit(ctx context.Context, c *ledger.Changes) error {
	if err := b.f.run(ctx, &b.f.commit); err != nil {
		return err
	}
	return b.Batch.Commit(ctx, c)
}

func always(err error) func(context.Context) error { return func(context.Context) error { return err } }

// faults is a server on a faulty store, with a key.
type faults struct {
	*env
	store *faulty
	key   string
}

func newFaults(t *testing.T, edit ...func(*engine.Config)) *faults {
	t.Helper()
	f := &faulty{}
	s := newServer(t, "sqlite", func(real store.Store) store.Store { f.Store = real; return f }, edit...)
	e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "faults", made: &calls{}}
	return &faults{e, f, e.newKey(limit(daily, 100))}
}

// TestOverloaded fills the queue: who comes then is told to come again.
func TestOverloaded(t *testing.T) {
	t.Parallel()
	f := newFaults(t, func(c *engine.Config) { c.QueueLength, c.MaxBatch = 1, 1 })
	working, goOn := make(chan struct{}, 3), make(chan struct{})
	letAll := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(letAll) // before the engine waits for its batches
	f.store.set(&f.store.load, func(context.Context) error {
		working <- struct{}{}
		<-goOn
		return nil
	})
	answers := make(chan answer[*satcapv1.ReserveSpendResponse], 3)
	ask := func(id string) { answers <- f.reserve(f.key, id, 1) }
	go ask("a")
	<-working // the first is being done; of the next two one waits
	go ask("b")
	go ask("c")
	refused := (<-answers).fails("OVERLOADED")
	require.Equal(t, 100*time.Millisecond, detail[*errdetails.RetryInfo](t, refused).GetRetryDelay().AsDuration())
	f.store.set(&f.store.load, nil)
	letAll()
	(<-answers).ok()
	(<-answers).ok()
}

// TestCallerGivesUp: the caller's deadline or cancellation is not taken for a
// fault of the database.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	f := newFaults(t)
	blocked := make(chan struct{}, 10)
	wait := func(ctx context.Context) error {
		blocked <- struct{}{}
		<-ctx.Done()
		return fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
	}
	f.store.set(&f.store.view, wait)
	goOn := make(chan struct{})
	f.store.set(&f.store.load, func(context.Context) error { blocked <- struct{}{}; <-goOn; return nil })
	defer close(goOn)
	w := &wire{f.env, f.key}
	for _, procedure := range []string{v1.UsageServiceGetUsageProcedure, v1.SpendServiceReleaseSpendProcedure} {
		body := `{"apiKeyId":"KEY"}`
		if procedure == v1.SpendServiceReleaseSpendProcedure {
			body = `{"apiKeyId":"KEY","spendId":"a"}`
		}
		a := w.post(t, procedure, body, "Connect-Timeout-Ms", "30")
		require.Equal(t, http.StatusGatewayTimeout, a.status)
		requireReason(t, a.failure(t), "DEADLINE_EXCEEDED")
		<-blocked
	}

	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.s.url+v1.UsageServiceGetUsageProcedure, strings.NewReader(`{"apiKeyId":"`+f.key+`"}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+serviceToken)
	req.Header.Set("X-Request-Id", "cancelled")
	go func() { <-blocked; cancel() }()
	_, err = http.DefaultClient.Do(req) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return strings.Contains(f.s.logs.String(), `"cancelled"`) }, 10*time.Second, time.Millisecond)
	records := f.s.logs.records(t, "call")
	last := records[len(records)-1]
	require.Equal(t, []any{"INFO", "canceled", "CANCELED"}, []any{last["level"], last["code"], last["reason"]})
}

// TestPanic in a handler: the caller gets INTERNAL, the log the stack, once, and
// the server goes on.
func TestPanic(t *testing.T) {
	t.Parallel()
	for name, newClient := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaults(t)
			f.c = newClient(t, f.s.url)
			f.store.set(&f.store.view, func(context.Context) error { panic("ledger: secret of /internal/things.go") })
			got := f.usage(f.key).fails("INTERNAL")
			require.Equal(t, "internal error", got.message)
			panics := f.s.logs.records(t, "panic")
			require.Len(t, panics, 1)
			require.Equal(t, "ERROR", panics[0]["level"])
			require.Contains(t, panics[0]["stack"], "trouble_test.go")
			require.Equal(t, v1.UsageServiceGetUsageProcedure, panics[0]["rpc"])
			require.Equal(t, f.made.list[len(f.made.list)-1].requestID, panics[0]["request_id"])
			f.store.set(&f.store.view, nil)
			f.usage(f.key).ok()
			require.Len(t, f.s.logs.records(t, "panic"), 1)
			require.Len(t, f.s.logs.records(t, "call"), 3, "the call that panicked has its record as well")
		})
	}
}

// TestOthersKeysAreNotLocked: a change of another owner's key never gets as far
// as its lock, which would show in how and when it is answered.
func TestOthersKeysAreNotLocked(t *testing.T) {
	t.Parallel()
	f := newFaults(t)
	f.store.set(&f.store.load, always(store.ErrUnavailable))
	f.revoke(f.key).fails("STORE_UNAVAILABLE")
	other := *f.env
	other.subject = "somebody else"
	for name, refused := range map[string]*failure{
		"revoke": other.revoke(f.key).f, "pause": other.pause(f.key).f,
		"limits": other.updateLimits(&satcapv1.UpdateLimitsRequest{ApiKeyId: f.key, Updates: []*satcapv1.LimitUpdate{update(daily, 1)}}).f,
	} {
		require.NotNil(t, refused, name)
		requireReason(t, refused, "API_KEY_NOT_FOUND")
	}
}
