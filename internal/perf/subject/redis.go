// Redis as people use it for exact rolling limits: a Lua script with a sorted
// set of the events of a key, and running totals of four windows.

package subject

import (
	"context"
	"encoding/hex"

	"github.com/redis/go-redis/v9"
)

// RedisEvents and RedisTotals name what Redis keeps of a key.
func RedisEvents(k Key) string { return "e:{" + hex.EncodeToString(k[:]) + "}" }

// RedisTotals is a hash: s1..s4 are the sums, l1..l4 the limits, t the moment of
// the sums in microseconds.
func RedisTotals(k Key) string { return "t:{" + hex.EncodeToString(k[:]) + "}" }

// The members are "<sats>:<name>", scored by their time in microseconds. Per
// window, what left since the last call is read by one range and subtracted; what
// left the longest is removed.
var hold = redis.NewScript(`
local lengths = {86400000000, 604800000000, 2592000000000, 31536000000000}
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local h = redis.call('HMGET', KEYS[2], 't', 's1', 's2', 's3', 's4', 'l1', 'l2', 'l3', 'l4')
local amount = tonumber(ARGV[1])
local at = tonumber(h[1] or now)
local sums = {}
for w = 1, 4 do
  local sum = tonumber(h[w + 1] or 0)
  local left = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', at - lengths[w]), string.format('%.0f', now - lengths[w]))
  for _, member in ipairs(left) do
    sum = sum - tonumber(string.match(member, '^%d+'))
  end
  if w == 4 and #left > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - lengths[w]))
  end
  if h[w + 5] and sum + amount > tonumber(h[w + 5]) then
    return 0
  end
  sums[w] = string.format('%.0f', sum + amount)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1] .. ':' .. ARGV[2])
redis.call('HSET', KEYS[2], 't', string.format('%.0f', now), 's1', sums[1], 's2', sums[2], 's3', sums[3], 's4', sums[4])
return 1
`)

// redisConnections is one for every caller, so that Redis can gather as many
// calls as possible before it syncs.
const redisConnections = 256

type redisSubject struct{ client *redis.Client }

func openRedis(ctx context.Context, s Spec) (Subject, error) {
	client := redis.NewClient(&redis.Options{Addr: s.Redis, PoolSize: redisConnections, MaxRetries: -1})
	return &redisSubject{client}, hold.Load(ctx, client).Err()
}

func (s *redisSubject) Hold(ctx context.Context, key Key, name string) error {
	granted, err := hold.EvalSha(ctx, s.client, []string{RedisEvents(key), RedisTotals(key)}, 1, name).Int()
	if err == nil && granted != 1 {
		return errLimit
	}
	return err
}

func (s *redisSubject) Close() error { return s.client.Close() }
