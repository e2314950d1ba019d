// WatchUsage over the wire, by every protocol and on both databases.

package rpc_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

func bearer(token string) map[string]string {
	return map[string]string{"authorization": "Bearer " + token}
}

func TestWatchUsage(t *testing.T) {
	t.Parallel()
	for database := range databases {
		for protocol, newOpener := range openers {
			t.Run(database+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, database, nil)
				watchUsage(&env{t: t, s: s, c: plainJSON(t, s.url), subject: "alice", made: &calls{}}, newOpener(t, s.url))
			})
		}
	}
}

func watchUsage(e *env, open opener) {
	expiry := start + 2*day
	key := e.create(&satcapv1.CreateApiKeyRequest{
		Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, 1000)}, ExpireTime: timestamppb.New(time.UnixMicro(expiry)),
	}).ok().GetApiKey().GetApiKeyId()
	w := watch(e.t, open, key, bearer(e.asOwner()))
	first := w.revision(1)
	require.Equal(e.t, e.usage(key).ok().GetUsage()[0].String(), first.GetUsage()[0].String())
	require.Equal(e.t, satcapv1.ApiKey_STATE_ACTIVE, first.GetState())
	require.Equal(e.t, start, us(first.GetReadTime()))

	// Every change, by whoever made it.
	e.reserve(key, "a", 600, time.Hour).ok()
	held := w.revision(2)
	require.Equal(e.t, "daily 1000 0 600 400", sums(held.GetUsage())[0])
	require.Equal(e.t, [2]int64{start + 1 + hour, 600}, [2]int64{us(held.GetUsage()[0].GetNextReleaseTime()), held.GetUsage()[0].GetNextReleaseSats()})
	e.settle(key, "a", 500).ok()
	require.Equal(e.t, "daily 1000 500 0 500", sums(w.revision(3).GetUsage())[0])
	e.setLimits(key, update(daily, 700)).ok()
	require.Equal(e.t, "daily 700 500 0 200", sums(w.revision(4).GetUsage())[0])
	e.pause(key).ok()
	require.Equal(e.t, satcapv1.ApiKey_STATE_PAUSED, w.revision(5).GetState())
	e.resume(key).ok()
	require.Equal(e.t, satcapv1.ApiKey_STATE_ACTIVE, w.revision(6).GetState())
	e.reserve(key, "hold", 50, time.Hour).ok()
	w.revision(7)

	// And what time alone does, by the clock of the database.
	e.advance(hour + second)
	require.Equal(e.t, "daily 700 500 0 200", sums(w.until("the hold expires", spentHeld(500, 0)).GetUsage())[0])
	e.advance(day)
	back := w.until("the spend leaves the day", spentHeld(0, 0))
	require.EqualValues(e.t, 7, back.GetRevision())
	require.Equal(e.t, "weekly - 500 0 -", sums(back.GetUsage())[1])
	e.set(expiry)
	w.until("the key expires", func(res *satcapv1.WatchUsageResponse) bool { return res.GetState() == satcapv1.ApiKey_STATE_EXPIRED })

	watch(e.t, open, uuid.NewString(), bearer(serviceToken)).ends("API_KEY_NOT_FOUND")
	watch(e.t, open, key, bearer(ownerToken("mallory"))).ends("API_KEY_NOT_FOUND")
	watch(e.t, open, "x", bearer(serviceToken)).ends("INVALID_ARGUMENT")
	watch(e.t, open, key, bearer("nobody")).ends("UNAUTHENTICATED")

	// One record for the stream, when it ends.
	e.s.engine.EndWatches()
	w.ends("WATCH_ENDED")
	records := e.s.logs.records(e.t, "call")
	last := records[len(records)-1]
	require.Equal(e.t, []any{"INFO", v1.UsageServiceWatchUsageProcedure, key, "WATCH_ENDED"}, []any{last["level"], last["rpc"], last["api_key_id"], last["reason"]})
}

func spentHeld(spent, held int64) func(*satcapv1.WatchUsageResponse) bool {
	return func(res *satcapv1.WatchUsageResponse) bool {
		return res.GetUsage()[0].GetSpentSats() == spent && res.GetUsage()[0].GetHeldSats() == held
	}
}

// TestWatchStorm: a thousand changes from many callers are four messages a second
// at most, and the last one is of the last change.
func TestWatchStorm(t *testing.T) {
	t.Parallel()
	for database := range databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, database, nil)
			e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "alice", made: &calls{}}
			key := e.newKey()
			w := watch(t, openers["grpc"](t, s.url), key, bearer(serviceToken))
			w.revision(1)
			began := time.Now()
			var all sync.WaitGroup
			for c := range 10 {
				all.Go(func() {
					for i := range 100 {
						_, err := s.engine.Do(t.Context(), ledger.Reserve{
							KeyRef: ledger.KeyRef{KeyID: ledger.KeyID(uuid.MustParse(key))}, SpendID: fmt.Sprint(c, " ", i), AmountSats: 1, TTLUs: hour,
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			messages := 0
			last := w.until("the last change", func(res *satcapv1.WatchUsageResponse) bool {
				messages++
				return res.GetRevision() == 1001
			})
			require.EqualValues(t, 1000, last.GetUsage()[0].GetHeldSats())
			require.LessOrEqual(t, messages, int(time.Since(began)/(250*time.Millisecond))+2)
		})
	}
}

// TestWatchByAKey: a stream that an API key watches itself by ends within a
// second when the key would not be let in any more; an owner's goes on.
func TestWatchByAKey(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *platform, key string){
		"pause":  func(p *platform, key string) { p.pause(key).ok() },
		"revoke": func(p *platform, key string) { p.revoke(key).ok() },
		"rotate": func(p *platform, key string) { p.rotate(key, 0).ok() },
		"expire": func(p *platform, _ string) { p.advance(2 * day) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			open := openers["grpc-web"](t, p.s.url)
			key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{
				Scopes: []satcapv1.ApiKey_Scope{1}, ExpireTime: timestamppb.New(time.UnixMicro(start + day)),
			})
			minted := p.sign(jwt.MapClaims{"scope": "read", "api_key_id": key})
			keys := []*watching{
				watch(t, open, key, map[string]string{"x-api-key": secret}),
				watch(t, open, key, bearer(secret)),
			}
			byToken := watch(t, open, key, map[string]string{"authorization": minted})
			owner := watch(t, open, key, bearer(p.asOwner()))
			for _, w := range append(keys, byToken, owner) {
				w.revision(1)
			}
			time.Sleep(900 * time.Millisecond) // past what is remembered from the beginning
			began := time.Now()
			change(p, key)
			for _, w := range keys {
				w.ends("UNAUTHENTICATED")
			}
			require.Less(t, time.Since(began), 1200*time.Millisecond)
			if name == "rotate" { // the token names the key, not its secret
				byToken.revision(2)
			} else {
				byToken.ends("UNAUTHENTICATED")
			}
			require.Less(t, time.Since(began), 1200*time.Millisecond)
			if name != "expire" {
				owner.revision(2)
			}
			require.Empty(t, owner.failed)
			watch(t, open, key, bearer(secret)).ends("UNAUTHENTICATED")
		})
	}
}

// TestTooManyStreams: a server has so many, and says so.
func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	for protocol, newOpener := range openers {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "sqlite", nil, func(c *engine.Config) { c.MaxWatches = 2 })
			e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "alice", made: &calls{}}
			key, open := e.newKey(), newOpener(t, s.url)
			mine := watch(t, open, key, bearer(e.asOwner()))
			mine.revision(1)
			refused := watch(t, open, key, bearer(e.asOwner())).ends("OVERLOADED") // half of two is one
			require.Contains(t, refused.message, "too many streams")
			require.Equal(t, 5*time.Second, detail[*errdetails.RetryInfo](t, refused).GetRetryDelay().AsDuration())
			watch(t, open, key, bearer(serviceToken)).revision(1)
			watch(t, open, key, bearer(serviceToken)).ends("OVERLOADED")
			mine.stop()
			<-mine.failed
			require.Eventually(t, func() bool {
				again := watch(t, open, key, bearer(e.asOwner()))
				select {
				case <-again.messages:
					return true
				case <-again.failed:
					return false
				}
			}, patience, 10*time.Millisecond, "the place of one that ended is free")
		})
	}
}
