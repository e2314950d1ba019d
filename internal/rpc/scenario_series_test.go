// What was spent in a window, part by part, as a chart shows it.

package rpc_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

func (e *env) series(key string, w satcapv1.LimitWindow) answer[*satcapv1.GetSpendSeriesResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.UsageServiceGetSpendSeriesProcedure, &satcapv1.GetSpendSeriesRequest{ApiKeyId: key, Window: w}, &satcapv1.GetSpendSeriesResponse{})
}

func spendSeries(e *env) {
	key := e.newKey(limit(weekly, 1_000))
	lengths := map[satcapv1.LimitWindow]int64{daily: hour, weekly: 6 * hour, monthly: day, annual: 5 * day}
	counts := map[satcapv1.LimitWindow]int{daily: 24, weekly: 28, monthly: 30, annual: 73}
	settled := map[int64]int64{} // by settle time
	for i, at := range []int64{0, 1, 340 * day, 360*day + 7, 364 * day, 365*day - 30*60*second, 365 * day} {
		e.set(start + at)
		spend := e.record(key, fmt.Sprint("s", i), 100<<i).ok().GetSpend()
		settled[us(spend.GetSettleTime())] += spend.GetAmountSats()
	}
	e.reserve(key, "hold", 1).fails("SPENDING_LIMIT_EXCEEDED")
	for _, now := range []int64{365 * day, 365*day + 1, 365*day + 2, 366 * day, 800 * day} {
		e.set(start + now)
		usage := e.usage(key).ok()
		for i, w := range []satcapv1.LimitWindow{daily, weekly, monthly, annual} {
			got := e.series(key, w).ok()
			require.Equal(e.t, us(usage.GetReadTime()), us(got.GetReadTime()))
			require.Equal(e.t, w == weekly, got.LimitSats != nil)
			require.Equal(e.t, usage.GetUsage()[i].GetLimitSats(), got.GetLimitSats())
			require.Len(e.t, got.GetBuckets(), counts[w])
			end, sum := us(got.GetReadTime())-windowUs[w], int64(0)
			for _, b := range got.GetBuckets() {
				require.Equal(e.t, end, us(b.GetStartTime()), "one after the other")
				end = us(b.GetEndTime())
				require.Equal(e.t, lengths[w], end-us(b.GetStartTime()))
				want := int64(0)
				for at, sats := range settled {
					if at > us(b.GetStartTime()) && at <= end {
						want += sats
					}
				}
				require.Equal(e.t, want, b.GetSpentSats())
				sum += want
			}
			require.Equal(e.t, us(got.GetReadTime()), end)
			require.Equal(e.t, usage.GetUsage()[i].GetSpentSats(), sum, "the parts are the whole")
		}
	}
	e.series(key, 0).invalid("window")
	e.series(key, 5).invalid("window")
	e.series("00000000-0000-4000-8000-000000000000", daily).fails("API_KEY_NOT_FOUND")
	require.EqualValues(e.t, 800*day+start, us(e.series(e.newKey(), annual).ok().GetReadTime()))
}
