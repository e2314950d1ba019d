// Benchmarks of how batches are shaped: how many operations one may have, and how
// many run at once. The defaults of [engine.Config] and of the server come from
// these.
//
//	go test -run '^$' -bench 'MaxBatch|Shards' ./internal/engine

package engine_test

import (
	"fmt"
	"testing"

	"github.com/satcap/satcap/internal/engine"
)

// BenchmarkMaxBatch has twice as many callers on one key, so that batches are as large as
// they may be.
func BenchmarkMaxBatch(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		for _, most := range []int{16, 64, 128, 256, 512, 1024} {
			b.Run(fmt.Sprintf("%s/%d", name, most), func(b *testing.B) {
				benchmarkMany(b, name, 1, 2*most, 1, func(c *engine.Config) { c.MaxBatch = most })
			})
		}
	}
}

// BenchmarkShards has 64 callers on 200 keys.
func BenchmarkShards(b *testing.B) {
	for _, shards := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(shards), func(b *testing.B) {
			benchmarkMany(b, "postgres", 200, 64, 1, func(c *engine.Config) { c.Shards = shards })
		})
	}
}
