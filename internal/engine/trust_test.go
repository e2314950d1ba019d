// When the engine refuses to trust what it reads: a clock that is off by more
// than 5 s, and sums that contradict themselves.

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// reads is everything that an engine reads or makes outside of batches.
func reads(e *engine.Engine) map[string]func(context.Context) error {
	target := ref(keyID(1))
	return map[string]func(context.Context) error{
		"View":   func(ctx context.Context) error { _, err := e.View(ctx, target); return err },
		"Check":  func(ctx context.Context) error { _, _, err := e.Check(ctx, target, 1); return err },
		"Series": func(ctx context.Context) error { _, err := e.Series(ctx, target, ledger.Weekly); return err },
		"ListKeys": func(ctx context.Context) error {
			page, err := e.ListKeys(ctx, store.ListKeysParams{Subject: "alice"})
			if err != nil && page != nil {
				return fmt.Errorf("a page was handed out with %w", errors.New(err.Error()))
			}
			return err
		},
		"ListSpends": func(ctx context.Context) error {
			_, err := e.ListSpends(ctx, target, store.ListSpendsParams{})
			return err
		},
		"ListLimitChanges": func(ctx context.Context) error {
			_, err := e.ListLimitChanges(ctx, target, store.ListLimitChangesParams{})
			return err
		},
		"CreateKey":  func(ctx context.Context) error { _, err := e.CreateKey(ctx, store.CreateKeyParams{}); return err },
		"CheckClock": e.CheckClock,
	}
}

// TestClockSkew: up to 5 s in either direction all is well; beyond that every
// operation and every read is refused, and nothing is saved.
func TestClockSkew(t *testing.T) {
	const century = 100 * 365 * day
	for _, c := range []struct {
		name   string
		skewUs int64
		ok     bool
	}{
		{"None", 0, true},
		{"AheadWithin", 5 * second, true},
		{"BehindWithin", -5 * second, true},
		{"Ahead", 5*second + 1, false},
		{"Behind", -5*second - 1, false},
		{"CenturyAhead", century, false},
		{"CenturiesAhead", 4 * century, false},
		{"AroundTheInt64OfNanoseconds", 18_446_744_073_709_552, false}, // 2^64 ns, 584 years
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeStore(key(1, 100))
				f.skewUs.Store(c.skewUs)
				e := onFake(t, f)
				check := func(what string, err error) {
					if c.ok {
						require.NoError(t, err, what)
					} else {
						require.ErrorIs(t, err, engine.ErrClockSkew, what)
					}
				}
				_, err := e.Do(t.Context(), reserve(keyID(1), "s", 1))
				check("Do", err)
				for what, read := range reads(e) {
					check(what, read(t.Context()))
				}
				if !c.ok {
					require.Empty(t, f.commits)
					require.Len(t, f.keys, 1, "a key was created")
				}
			})
		})
	}
}

// TestClockSkewOfSchedule: a check that has to read twice trusts neither clock.
func TestClockSkewOfSchedule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		e := onFake(t, f)
		_, err := e.Do(t.Context(), reserve(keyID(1), "s", 100))
		require.NoError(t, err)
		f.beforeSchedules = func(context.Context) error {
			f.skew = 2 * time.Hour // the hold would have expired
			return nil
		}
		_, _, err = e.Check(t.Context(), ref(keyID(1)), 1)
		require.ErrorIs(t, err, engine.ErrClockSkew)
	})
}

// TestMaxSkew: the bound and the server's clock are the configuration's.
func TestMaxSkew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		f.skew = 3 * time.Hour
		e := onFake(t, f, func(c *engine.Config) {
			c.MaxSkew = time.Second
			c.Now = func() time.Time { return time.Now().Add(3*time.Hour + time.Second) }
		})
		require.NoError(t, e.CheckClock(t.Context()))
		f.skewUs.Store(-1)
		require.ErrorIs(t, e.CheckClock(t.Context()), engine.ErrClockSkew)
	})
}

// TestUnsoundSums: a key whose stored sums cannot be true is not touched, and
// only that key. The engine says so from then on, and its log names the key.
func TestUnsoundSums(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, g := newFakeStore(key(1, 100), unsoundKey(2), unsoundKey(3)), newGate(t)
		f.beforeLoad = g.hold
		var log bytes.Buffer
		e := onFake(t, f, func(c *engine.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		first := startReserves(t, e, keyID(1), "s1")
		broken := startReserves(t, e, keyID(2), "a", "b")
		second := startReserves(t, e, keyID(1), "s2")
		broken = append(broken, startReserves(t, e, keyID(3), "c")...)
		require.NoError(t, e.Sound())
		g.letAll()
		for _, w := range broken {
			<-w.done
			require.ErrorIs(t, w.err, ledger.ErrInvariant)
			require.Equal(t, ledger.Result{}, w.result)
		}
		granted(t, 2, append(first, second...)...)
		require.Equal(t, []int{1, 4}, f.batchSizes(), "the keys did not share a batch")
		require.Equal(t, unsoundKey(2), f.keys[keyID(2)])
		require.Equal(t, unsoundKey(3), f.keys[keyID(3)])
		require.Len(t, f.spends, 2)
		require.ErrorIs(t, e.Sound(), ledger.ErrInvariant)
		require.Contains(t, log.String(), uuid.UUID(keyID(2)).String())
		require.NotContains(t, log.String(), uuid.UUID(keyID(1)).String())
	})
}

// TestSoundAfterRefusals: an ordinary refusal, or a store that fails, is no
// violated invariant.
func TestSoundAfterRefusals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 1))
		e := onFake(t, f)
		_, err := e.Do(t.Context(), reserve(keyID(1), "s", 2))
		require.ErrorAs(t, err, new(*ledger.LimitExceededError))
		f.beforeLoad, _ = failing(1, store.ErrUnavailable)
		_, err = e.Do(t.Context(), reserve(keyID(1), "s", 1))
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.NoError(t, e.Sound())
	})
}

// TestPanicInABatch: a defect fails its batch, with the answer that fits where it
// struck, and the engine goes on.
func TestPanicInABatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		var log bytes.Buffer
		e := onFake(t, f, func(c *engine.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		strike := func(context.Context) error { panic("a defect") }

		f.beforeLoad = strike
		_, err := e.Do(t.Context(), reserve(keyID(1), "s", 1))
		require.ErrorIs(t, err, ledger.ErrInvariant)
		f.beforeLoad, f.afterCommit = nil, strike
		_, err = e.Do(t.Context(), reserve(keyID(1), "s", 1))
		require.ErrorIs(t, err, store.ErrOutcomeUnknown, "it was written")
		f.afterCommit = nil
		again, err := e.Do(t.Context(), reserve(keyID(1), "s", 1))
		require.NoError(t, err)
		require.True(t, again.Replayed)

		require.ErrorIs(t, e.Sound(), ledger.ErrInvariant)
		require.Contains(t, log.String(), "a defect")
	})
}
