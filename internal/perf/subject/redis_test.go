// The script in Redis is exact: a peer that forgets nothing would be no peer.

package subject_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/rig"
	"github.com/satcap/satcap/internal/perf/subject"
)

func TestMain(m *testing.M) {
	rig.BecomeChild()
	os.Exit(m.Run())
}

func TestRedisIsExact(t *testing.T) {
	server, err := rig.StartRedis(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	client := redis.NewClient(&redis.Options{Addr: server.Address})
	t.Cleanup(func() { _ = client.Close() })
	require.NoError(t, fill.Redis(t.Context(), server.Address, fill.Plan{Prefix: "k", Keys: 1, Spends: 5_000}))
	s, err := subject.Open(t.Context(), subject.Spec{Kind: "redis", Redis: server.Address})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	key := subject.Keys{Prefix: "k", Count: 1}.At(0)

	// As if the last hold had been ten days ago: ten days of spends are to leave.
	lastUs := time.Now().Add(-10 * 24 * time.Hour).UnixMicro()
	fields := []any{"t", lastUs}
	for i, sum := range counted(t, client, key, lastUs) {
		fields = append(fields, "s"+strconv.Itoa(i+1), sum)
	}
	require.NoError(t, client.HSet(t.Context(), subject.RedisTotals(key), fields...).Err())
	require.NoError(t, s.Hold(t.Context(), key, "a"))
	requireSums(t, client, key)
	require.NoError(t, s.Hold(t.Context(), key, "b"))
	sums := requireSums(t, client, key)

	// A limit that is reached refuses, and nothing is booked.
	require.NoError(t, client.HSet(t.Context(), subject.RedisTotals(key), "l3", sums[2]).Err())
	require.Error(t, s.Hold(t.Context(), key, "c"))
	require.Equal(t, sums, requireSums(t, client, key))
}

// counted is how many events are in each window at a moment, and after it.
func counted(t *testing.T, client *redis.Client, key subject.Key, atUs int64) (counts [4]int64) {
	t.Helper()
	for i, days := range []int64{1, 7, 30, 365} {
		after := "(" + strconv.FormatInt(atUs-days*(24*time.Hour).Microseconds(), 10)
		n, err := client.ZCount(context.Background(), subject.RedisEvents(key), after, "+inf").Result()
		require.NoError(t, err)
		counts[i] = n
	}
	return counts
}

// requireSums requires that the running totals are what the events add up to.
func requireSums(t *testing.T, client *redis.Client, key subject.Key) (sums [4]int64) {
	t.Helper()
	total, err := client.HGetAll(context.Background(), subject.RedisTotals(key)).Result()
	require.NoError(t, err)
	atUs, err := strconv.ParseInt(total["t"], 10, 64)
	require.NoError(t, err)
	for i := range sums {
		sums[i], err = strconv.ParseInt(total["s"+strconv.Itoa(i+1)], 10, 64)
		require.NoError(t, err)
	}
	require.Equal(t, counted(t, client, key, atUs), sums)
	return sums
}
