// Sums as large as an int64 takes: no read may ever break.

package storetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testSums(t *testing.T, h Harness) {
	for _, kind := range []string{"Spent", "Held", "Both"} {
		h.run(t, kind, func(e *env) {
			k := e.key()
			const half = math.MaxInt64 / 2
			switch kind {
			case "Spent":
				e.do(settle(k, "a", half), settle(k, "b", half))
			case "Held":
				e.do(reserve(k, "a", half, hour), reserve(k, "b", half, hour))
			case "Both":
				e.do(settle(k, "a", half), reserve(k, "b", half, hour))
			}
			e.do(settle(k, "last", 1)) // to MaxInt64 exactly
			outcomes, err := Do(e.Context(), e.store, settle(k, "more", 1), reserve(k, "more", 1, hour))
			require.NoError(e, err)
			for _, o := range outcomes {
				require.ErrorIs(e, o.Err, ledger.ErrSumOverflow)
			}
			for _, now := range []int64{start + second, start + 2*hour, start + day, start + 2*day, start + 8*day, start + 31*day, start + 366*day} {
				e.clock.Store(now)
				e.readAll(k)
			}
			e.do(settle(k, "more", half)) // everything has left, so there is room
			e.readAll(k)
			e.at(start+800*day, sweep(k, 100))
			e.readAll(k)
			require.Empty(e, e.spends(k.ID))
		})
	}
	h.run(t, "AnotherYear", func(e *env) {
		// Rows that have left the sums still lie there: together more than an int64.
		k := e.key()
		for i := range 4 {
			e.at(start+int64(i)*366*day, settle(k, fmt.Sprintf("s%d", i), math.MaxInt64))
			e.readAll(k)
		}
		for i := range 4 {
			e.do(reverse(k, fmt.Sprintf("s%d", i)))
			e.readAll(k)
		}
		require.Zero(e, e.view(k.ID).Key.SpentSats)
	})
}

// readAll runs every read of a key.
func (e *env) readAll(k ledger.Key) {
	e.Helper()
	view := e.view(k.ID)
	for _, u := range view.Usage() {
		require.GreaterOrEqual(e, u.SpentSats, int64(0))
		require.GreaterOrEqual(e, u.HeldSats, int64(0))
	}
	_, _, err := e.store.ViewSchedule(e.Context(), k.ID, 100)
	require.NoError(e, err)
	_, err = e.store.ListKeys(e.Context(), page(k.Subject, 10))
	require.NoError(e, err)
	_, err = e.store.ListSweepable(e.Context(), store.ListSweepableParams{ExpiredAtUs: math.MaxInt64, DeleteBeforeUs: math.MaxInt64, StaleBeforeUs: math.MaxInt64, Limit: 10})
	require.NoError(e, err)
	e.schedule(k.ID, 100)
	e.peekKey(k.ID)
	e.spends(k.ID)
	e.requireSound()
}
