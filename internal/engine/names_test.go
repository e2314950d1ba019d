// Payment names through the engine: bounded and retried like all else, and
// forgotten in time.

package engine_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// fakeNames is the registry of the store in memory: it has only old names, and
// echoes what it is asked.
type fakeNames struct {
	beforeNames func(context.Context) error
	oldNames    int64
	deletions   []deletion // what the sweeper asked for
}

type deletion struct {
	beforeUs int64
	limit    int
}

func (f *fakeStore) ClaimNames(ctx context.Context, claims []store.PaymentName) ([]store.PaymentName, error) {
	return claims, call(ctx, f.beforeNames)
}

func (f *fakeStore) ReverseName(ctx context.Context, name string) (store.PaymentName, error) {
	return store.PaymentName{Name: name, ReversedAtUs: 1}, call(ctx, f.beforeNames)
}

func (f *fakeStore) FindNames(ctx context.Context, names []string) ([]store.PaymentName, error) {
	return []store.PaymentName{{Name: names[0]}}, call(ctx, f.beforeNames)
}

func (f *fakeStore) DeleteOldNames(ctx context.Context, beforeUs int64, limit int) (int64, error) {
	f.deletions = append(f.deletions, deletion{beforeUs, limit})
	n := min(f.oldNames, int64(limit))
	f.oldNames -= n
	return n, call(ctx, f.beforeNames)
}

// nameCalls is everything that asks the registry for a caller.
func nameCalls(t *testing.T, e *engine.Engine) map[string]func(context.Context) error {
	one := store.PaymentName{Name: "t", KeyID: keyID(1), SpendID: "s"}
	return map[string]func(context.Context) error{
		"Claim": func(ctx context.Context) error {
			got, err := e.ClaimNames(ctx, []store.PaymentName{one})
			require.Equal(t, []store.PaymentName{one}, got)
			return err
		},
		"Reverse": func(ctx context.Context) error {
			got, err := e.ReverseName(ctx, "t")
			require.Equal(t, store.PaymentName{Name: "t", ReversedAtUs: 1}, got)
			return err
		},
		"Find": func(ctx context.Context) error {
			got, err := e.FindNames(ctx, []string{"t"})
			require.Equal(t, []store.PaymentName{{Name: "t"}}, got)
			return err
		},
	}
}

func TestNamesAreRetriedAfterConflicts(t *testing.T) {
	for _, c := range []struct {
		err         error
		times, runs int
		ok          bool
	}{
		{nil, 0, 1, true},
		{store.ErrConflict, maxAttempts - 1, maxAttempts, true},
		{store.ErrConflict, maxAttempts, maxAttempts, false},
		{store.ErrOutcomeUnknown, 1, 1, false},
		{store.ErrUnavailable, 1, 1, false},
	} {
		for name := range nameCalls(t, nil) {
			t.Run(fmt.Sprint(name, c.err, c.times), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					f := newFakeStore()
					hook, ran := failing(c.times, fmt.Errorf("%w: the cause", c.err))
					f.beforeNames = hook
					err := nameCalls(t, onFake(t, f))[name](t.Context())
					if c.ok {
						require.NoError(t, err)
					} else {
						require.ErrorIs(t, err, c.err)
					}
					require.Equal(t, c.runs, *ran)
				})
			})
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore()
		f.beforeNames = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		e := onFake(t, f)
		calls := nameCalls(t, e)
		calls["Sweep"] = func(ctx context.Context) error { _, err := e.SweepNames(ctx); return err }
		for name, ask := range calls {
			require.Equal(t, 10*time.Second, elapsed(func() {
				require.ErrorIs(t, ask(t.Context()), context.DeadlineExceeded, name)
			}), name)
		}
	})
}

// TestSweepNames: in steps, not for ever, and by no clock that is not trusted.
func TestSweepNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore()
		e := onFake(t, f)
		for _, c := range []struct{ old, forgotten, steps int64 }{{0, 0, 1}, {499, 499, 1}, {500, 500, 2}, {1200, 1200, 3}, {20_000, 10_000, 20}} {
			f.oldNames, f.deletions = c.old, nil
			n, err := e.SweepNames(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.forgotten, n)
			require.EqualValues(t, c.steps, len(f.deletions))
			require.Equal(t, deletion{time.Now().UnixMicro() - ledger.RetentionUs, 500}, f.deletions[0])
		}
		f.deletions, f.skew = nil, time.Hour
		_, err := e.SweepNames(t.Context())
		require.ErrorIs(t, err, engine.ErrClockSkew)
		f.skew, f.beforeRead = 0, func(context.Context) error { return store.ErrUnavailable }
		_, err = e.SweepNames(t.Context())
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.Empty(t, f.deletions)
		f.beforeRead, f.beforeNames = nil, func(context.Context) error { return store.ErrUnavailable }
		_, err = e.SweepNames(t.Context())
		require.ErrorIs(t, err, store.ErrUnavailable)
	})
}

// TestSweeperForgetsNames: once in every step of the sweeper, whose round among
// the keys goes on if that fails.
func TestSweeperForgetsNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(manyKeys(501)...)
		f.beforeNames = func(context.Context) error { return store.ErrUnavailable }
		onFake(t, f, func(c *engine.Config) { c.SweepEvery = 0 })
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Len(t, f.deletions, 4)
		var after []ledger.KeyID
		for _, p := range f.sweepable {
			after = append(after, p.After)
		}
		first, second := ledger.KeyID{}, manyKeys(500)[499].ID
		require.Equal(t, []ledger.KeyID{first, second, first, second}, after)
	})
}

// TestNamesOnDatabases: through to the rows, and forgotten after 400 days.
func TestNamesOnDatabases(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, _ := onDatabase(t, d, c)
		own := store.PaymentName{Name: "t", KeyID: keyID(1), SpendID: "s"}
		stand, err := e.ClaimNames(t.Context(), []store.PaymentName{own})
		require.NoError(t, err)
		require.Equal(t, []store.PaymentName{own}, stand)
		own.ReversedAtUs = c.nowUs()
		name, err := e.ReverseName(t.Context(), "t")
		require.NoError(t, err)
		require.Equal(t, own, name)
		c.move(ledger.RetentionUs)
		for _, forgotten := range []int64{0, 1} {
			n, err := e.SweepNames(t.Context())
			require.NoError(t, err)
			require.Equal(t, forgotten, n)
			found, err := e.FindNames(t.Context(), []string{"t"})
			require.NoError(t, err)
			require.Len(t, found, int(1-forgotten))
			c.move(1)
		}
	})
}
