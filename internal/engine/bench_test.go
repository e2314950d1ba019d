// Benchmarks of the one call that matters most: Reserve, by 64 callers, on one
// key and on many, with and without a history.
//
//	go test -run '^$' -bench . ./internal/engine

package engine_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/satcap/satcap/internal/ledger"
)

func BenchmarkReserveHotKey(b *testing.B) { benchmarkReserve(b, 1) }

func BenchmarkReserveManyKeys(b *testing.B) { benchmarkReserve(b, 200) }

// benchmarkReserve measures holds on keys that are limited but far from it.
// history is how many settled spends of the last month there are, over all keys.
func benchmarkReserve(b *testing.B, keys int) {
	for _, name := range []string{"sqlite", "postgres"} {
		for _, history := range []int{0, 100_000} {
			b.Run(fmt.Sprint(name, "/", history), func(b *testing.B) {
				e, s := onDatabase(b, makers[name](b), nil)
				const unlimited = ledger.MaxAmountSats
				var ids []ledger.KeyID
				for range keys {
					id := createKey(b, e, ledger.Limits{unlimited, unlimited, unlimited, unlimited})
					ids = append(ids, id)
					each := history / keys
					fill(b, s, id, each, func(i int, row *ledger.Spend) {
						row.CreatedAtUs -= int64(each-i) * (30 * day / int64(each))
						row.State, row.SettledAtUs, row.UpdatedAtUs = ledger.Settled, row.CreatedAtUs, row.CreatedAtUs
					})
				}
				var n atomic.Int64
				b.SetParallelism(callers / runtime.GOMAXPROCS(0))
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						i := n.Add(1)
						if _, err := e.Do(b.Context(), reserve(ids[i%int64(keys)], fmt.Sprint("new", i), 1)); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "holds/s")
				audited(b, s)
			})
		}
	}
}
