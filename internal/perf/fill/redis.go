// Filling Redis.

package fill

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/perf/subject"
)

// redisPipeline is how many members go in one command.
const redisPipeline = 1000

// Redis empties the server and writes the plan into it.
func Redis(ctx context.Context, address string, p Plan) error {
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	if err := client.FlushAll(ctx).Err(); err != nil {
		return err
	}
	h := p.at(time.Now())
	for _, key := range p.keys().All() {
		if err := client.HSet(ctx, subject.RedisTotals(key), "t", h.nowUs,
			"s1", h.sums[0], "s2", h.sums[1], "s3", h.sums[2], "s4", h.sums[3],
			"l1", ledger.MaxAmountSats, "l2", ledger.MaxAmountSats, "l3", ledger.MaxAmountSats, "l4", ledger.MaxAmountSats).Err(); err != nil {
			return err
		}
		var members []redis.Z
		for i := 1; i <= p.Spends; i++ {
			members = append(members, redis.Z{Score: float64(h.baseUs + int64(i)*h.stepUs), Member: fmt.Sprint("1:", i)})
			if len(members) == redisPipeline || i == p.Spends {
				if err := client.ZAdd(ctx, subject.RedisEvents(key), members...).Err(); err != nil {
					return err
				}
				members = members[:0]
			}
		}
	}
	return nil
}
