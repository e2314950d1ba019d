// Benchmarks of batches against single calls: holds per second on one key and on
// many, by 64 callers with one hold each, and by callers with 500 each.
//
//	go test -run '^$' -bench Many ./internal/engine

package engine_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

func BenchmarkMany(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		for _, keys := range []int{1, 200} {
			for _, c := range []struct {
				name          string
				callers, each int
			}{{"one-caller-single", 1, 1}, {"64-callers-single", 64, 1}, {"one-caller-batch-500", 1, 500}, {"four-callers-batch-500", 4, 500}} {
				b.Run(fmt.Sprintf("%s/%d-keys/%s", name, keys, c.name), func(b *testing.B) { benchmarkMany(b, name, keys, c.callers, c.each) })
			}
		}
	}
}

// benchmarkMany counts holds, whatever they come in.
func benchmarkMany(b *testing.B, name string, keys, callers, each int, edit ...func(*engine.Config)) {
	e, s := onDatabase(b, makers[name](b), nil, edit...)
	var ids []ledger.KeyID
	for range keys {
		ids = append(ids, createKey(b, e, ledger.Limits{ledger.MaxAmountSats}))
	}
	var drawn atomic.Int64
	b.ResetTimer()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for {
				last := int(drawn.Add(int64(each)))
				var ops []ledger.Operation
				for i := last - each; i < min(last, b.N); i++ {
					ops = append(ops, reserve(ids[i%keys], fmt.Sprint("new", i), 1))
				}
				switch {
				case len(ops) == 0:
					return
				case each == 1:
					if _, err := e.Do(b.Context(), ops[0]); err != nil {
						b.Error(err)
						return
					}
				default:
					for _, o := range e.DoMany(b.Context(), ops) {
						if o.Err != nil {
							b.Error(o.Err)
							return
						}
					}
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "holds/s")
	audited(b, s)
}
