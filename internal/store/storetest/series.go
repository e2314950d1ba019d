// What was spent in a window, part by part.

package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func testSeries(t *testing.T, h Harness) {
	h.run(t, "UnknownKey", func(e *env) {
		series, err := e.store.ViewSeries(e.Context(), keyID(77), ledger.Daily)
		require.NoError(e, err)
		require.Nil(e, series)
	})
	h.run(t, "Nothing", func(e *env) {
		k := e.key()
		e.do(reserve(k, "hold", 5, hour)) // a hold is not spent
		for _, w := range ledger.Windows() {
			require.Equal(e, make([]int64, w.BucketCount()), e.series(k.ID, w).SpentSats)
		}
	})
	h.run(t, "Edges", func(e *env) {
		for _, w := range ledger.Windows() {
			// Spends one microsecond around the edges of some parts, of the first
			// and the last above all.
			k, now := e.key(), start+1000*day
			var moments []int64
			for _, part := range []int64{0, 1, int64(w.BucketCount()) / 2, int64(w.BucketCount()) - 1, int64(w.BucketCount())} {
				edge := now - w.LengthUs() + part*w.BucketUs()
				moments = append(moments, edge-1, edge, edge+1)
			}
			for i, at := range moments[:len(moments)-1] { // the last one is after now
				e.at(at, settle(k, fmt.Sprint(i), 1<<i))
			}
			e.clock.Store(now)
			got := e.series(k.ID, w)
			require.Equal(e, now, got.View.NowUs)
			last := w.BucketCount() - 1
			require.EqualValues(e, 1<<2+1<<3+1<<4, got.SpentSats[0], "%s: after the window's begin, up to the part's end", w)
			require.EqualValues(e, 1<<5, got.SpentSats[1]&(1<<5), w)
			require.EqualValues(e, 1<<11+1<<12+1<<13, got.SpentSats[last], "%s: up to now", w)
			e.requireSeries(k.ID)
			e.clock.Store(start)
		}
	})
	h.run(t, "Random", func(e *env) {
		k, other := e.key(), e.key()
		random := rand.New(rand.NewPCG(5, 10))
		var moments []int64
		for range 300 {
			span := []int64{day, 7 * day, 30 * day, 400 * day}[random.IntN(4)]
			moments = append(moments, start+400*day-random.Int64N(span))
		}
		slices.Sort(moments)
		for i, at := range moments {
			e.at(at, settle(k, fmt.Sprint(i), 1+random.Int64N(1_000_000)))
			if i%10 == 0 {
				e.do(settle(other, fmt.Sprint(i), 1), reverse(k, fmt.Sprint(i/2)))
			}
		}
		for _, now := range []int64{start + 400*day, start + 401*day + 1, start + 430*day} {
			e.clock.Store(now)
			e.requireSeries(k.ID)
		}
	})
}

// series reads the series of a window.
func (e *env) series(id ledger.KeyID, w ledger.Window) *ledger.Series {
	e.Helper()
	series, err := e.store.ViewSeries(e.Context(), id, w)
	require.NoError(e, err)
	require.NotNil(e, series)
	require.Equal(e, w, series.Window)
	return series
}

// requireSeries compares the series of all windows with sums that are formed
// anew from the spends, and with what counts in the window.
func (e *env) requireSeries(id ledger.KeyID) {
	e.Helper()
	all := e.spends(id, ledger.Settled)
	for _, w := range ledger.Windows() {
		got, now := e.series(id, w), e.view(id).NowUs
		want, sum := make([]int64, w.BucketCount()), int64(0)
		for i := range want {
			from := now - w.LengthUs() + int64(i)*(w.LengthUs()/int64(w.BucketCount()))
			require.Equal(e, from, got.StartUs(i))
			for _, s := range all {
				if s.SettledAtUs > from && s.SettledAtUs <= from+w.BucketUs() {
					want[i] += s.AmountSats
				}
			}
			sum += got.SpentSats[i]
		}
		require.Equal(e, now, got.StartUs(len(want)))
		require.Equal(e, want, got.SpentSats, "%s", w)
		require.Equal(e, got.View.Usage()[w].SpentSats, sum, "%s: the parts are the whole", w)
	}
}
