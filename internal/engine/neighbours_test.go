// One key that is in trouble, and a database that is silent: neither keeps the
// others from their answers.

package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// TestFaultyKeyFailsAlone: a key that another program keeps locked, or whose
// rows the database refuses, fails without the keys that share its batch.
func TestFaultyKeyFailsAlone(t *testing.T) {
	for name, fault := range map[string]error{"locked": store.ErrLocked, "defect": store.ErrDefect} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f, g := newFakeStore(key(1, 100), key(2, 100), key(3, 100)), newGate(t)
				f.beforeLoad = g.hold
				e := onFake(t, f)
				first := startReserves(t, e, keyID(3), "first")
				well := startReserves(t, e, keyID(1), "a", "b")
				ill := startReserves(t, e, keyID(2), "a", "b")
				f.faulty = map[ledger.KeyID]error{keyID(2): fault}
				g.letAll()
				granted(t, 2, first...)
				granted(t, 2, well...)
				for _, w := range ill {
					<-w.done
					require.ErrorIs(t, w.err, fault)
				}
				if errors.Is(fault, store.ErrDefect) {
					require.ErrorIs(t, e.Sound(), ledger.ErrInvariant)
				} else {
					require.NoError(t, e.Sound())
				}
			})
		})
	}
}

// TestSilentDatabase: a database that does not answer, ever, is unavailable to
// callers who set no deadline of their own.
func TestSilentDatabase(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		silent := func(ctx context.Context) error {
			<-ctx.Done()
			return errors.Join(store.ErrUnavailable, ctx.Err())
		}
		f.beforeRead, f.beforeLoad = silent, silent
		e := onFake(t, f, func(c *engine.Config) { c.BatchTimeout = 10 * time.Second })
		for name, ask := range map[string]func() error{
			"View":   func() error { _, err := e.View(t.Context(), ledger.KeyRef{KeyID: keyID(1)}); return err },
			"Check":  func() error { _, _, err := e.Check(t.Context(), ledger.KeyRef{KeyID: keyID(1)}, 1); return err },
			"Clock":  func() error { return e.CheckClock(t.Context()) },
			"Create": func() error { _, err := e.CreateKey(t.Context(), store.CreateKeyParams{}); return err },
			"Sweep":  func() error { _, err := e.SweepPage(t.Context(), ledger.KeyID{}); return err },
			"Do":     func() error { _, err := e.Do(t.Context(), reserve(keyID(1), "s", 1)); return err },
		} {
			began := time.Now()
			require.ErrorIs(t, ask(), store.ErrUnavailable, name)
			require.Equal(t, 10*time.Second, time.Since(began), name)
		}
	})
}
