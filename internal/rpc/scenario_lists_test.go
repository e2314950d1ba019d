// Scenarios: listings, page by page, and which error wins.

package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

func timeOf(us int64) time.Time { return time.UnixMicro(us) }

// requirePages reads a listing by pages of every size: it must be want, with
// as few pages as it takes.
func requirePages(t *testing.T, want []string, page func(size int32, token string) (names []string, next string)) {
	t.Helper()
	for size := 1; size <= len(want)+1; size++ {
		var all []string
		token, pages := "", 0
		for first := true; first || token != ""; first = false {
			names, next := page(int32(size), token)
			if next != "" {
				require.Len(t, names, size)
			}
			all, token = append(all, names...), next
			pages++
			require.LessOrEqual(t, pages, len(want)+1)
		}
		require.Equal(t, want, all, "pages of %d", size)
		require.Equal(t, max(1, (len(want)+size-1)/size), pages, "pages of %d", size)
	}
}

func listKeys(e *env) {
	names := map[string]string{} // by id
	make := func(name string, req *satcapv1.CreateApiKeyRequest) string {
		req.Name = name
		id := e.create(req).ok().GetApiKey().GetApiKeyId()
		names[id] = name
		return id
	}
	require.Empty(e.t, e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys())
	make("expired", &satcapv1.CreateApiKeyRequest{ExpireTime: timestamppb.New(timeOf(start + hour))})
	e.advance(second)
	a := make("a", &satcapv1.CreateApiKeyRequest{Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, 100)}})
	e.advance(second)
	e.pause(make("paused", &satcapv1.CreateApiKeyRequest{})).ok()
	e.advance(second)
	e.revoke(make("revoked", &satcapv1.CreateApiKeyRequest{})).ok()
	e.advance(second)
	make("b", &satcapv1.CreateApiKeyRequest{})
	e.reserve(a, "hold", 30).ok()
	e.set(start + hour)

	for _, c := range []struct {
		states []satcapv1.ApiKey_State
		want   []string
	}{
		{nil, []string{"b", "revoked", "paused", "a", "expired"}},
		{[]satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_ACTIVE}, []string{"b", "a"}},
		{[]satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_PAUSED}, []string{"paused"}},
		{[]satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_REVOKED, satcapv1.ApiKey_STATE_EXPIRED}, []string{"revoked", "expired"}},
	} {
		requirePages(e.t, c.want, func(size int32, token string) (got []string, next string) {
			page := e.listKeys(&satcapv1.ListApiKeysRequest{States: c.states, PageSize: size, PageToken: token}).ok()
			for _, k := range page.GetApiKeys() {
				got = append(got, names[k.GetApiKeyId()])
				require.Equal(e.t, names[k.GetApiKeyId()], k.GetName())
				require.Len(e.t, k.GetUsage(), 4)
				if k.GetName() == "a" {
					require.Equal(e.t, "daily 100 0 30 70", sums(k.GetUsage())[0])
					require.Equal(e.t, e.get(a).ok().GetApiKey().String(), k.String())
				}
			}
			return got, page.GetNextPageToken()
		})
	}
	other := *e
	other.subject += " 2"
	require.Empty(e.t, other.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys(), "another subject's keys are not listed")
	e.listKeys(&satcapv1.ListApiKeysRequest{States: []satcapv1.ApiKey_State{0}}).invalid("states[0]")
	e.listKeys(&satcapv1.ListApiKeysRequest{States: []satcapv1.ApiKey_State{5}}).invalid("states[0]")
	e.listKeys(&satcapv1.ListApiKeysRequest{States: []satcapv1.ApiKey_State{1, 1}}).invalid("states")
}

func listSpends(e *env) {
	key := e.newKey()
	e.record(e.newKey(), "another key's", 1).ok()
	require.Empty(e.t, e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().GetSpends())
	e.reserve(key, "expired", 1, time.Minute).ok()
	e.reserve(key, "open 1", 1, 2*24*time.Hour).ok()
	e.advance(second)
	e.release(key, "tombstone").ok()
	e.record(key, "settled", 4).ok()
	e.record(key, "reversed", 5).ok()
	e.reverse(key, "reversed").ok()
	e.advance(second)
	second2 := us(e.reserve(key, "open 2", 1, 2*24*time.Hour).ok().GetSpend().GetReserveTime())
	e.settle(key, "open 2", 0).ok()
	e.reserve(key, "open 3", 1, 2*24*time.Hour).ok()
	e.set(start + hour)

	const reserved, released, expired, settled, reversed = satcapv1.Spend_STATE_RESERVED, satcapv1.Spend_STATE_RELEASED,
		satcapv1.Spend_STATE_EXPIRED, satcapv1.Spend_STATE_SETTLED, satcapv1.Spend_STATE_REVERSED
	for _, c := range []struct {
		before int64
		states []satcapv1.Spend_State
		want   []string
	}{
		{0, nil, []string{"open 3", "open 2", "reversed", "settled", "tombstone", "open 1", "expired"}},
		{0, []satcapv1.Spend_State{reserved}, []string{"open 3", "open 1"}},
		{0, []satcapv1.Spend_State{released, expired}, []string{"tombstone", "expired"}},
		{0, []satcapv1.Spend_State{settled}, []string{"open 2", "settled"}},
		{0, []satcapv1.Spend_State{reversed, reserved}, []string{"open 3", "reversed", "open 1"}},
		{second2, nil, []string{"reversed", "settled", "tombstone", "open 1", "expired"}},
		{second2 + 1, []satcapv1.Spend_State{reserved, settled}, []string{"open 2", "settled", "open 1"}},
		{start + second, []satcapv1.Spend_State{reserved}, []string{"open 1"}},
		{1, nil, nil},
	} {
		requirePages(e.t, c.want, func(size int32, token string) (names []string, next string) {
			req := &satcapv1.ListSpendsRequest{ApiKeyId: key, States: c.states, PageSize: size, PageToken: token}
			if c.before != 0 {
				req.ReservedBefore = timestamppb.New(timeOf(c.before))
			}
			page := e.listSpends(req).ok()
			for _, s := range page.GetSpends() {
				names = append(names, s.GetSpendId())
				require.Equal(e.t, key, s.GetApiKeyId())
			}
			return names, page.GetNextPageToken()
		})
	}
	for _, s := range e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok().GetSpends() {
		require.Equal(e.t, s.GetSpendId() == "expired", s.GetState() == expired, "at the moment of the listing, swept or not")
	}
	e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, States: []satcapv1.Spend_State{6}}).invalid("states[0]")
	e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, States: []satcapv1.Spend_State{0}}).invalid("states[0]")
	e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageSize: -1}).invalid("page_size")
	e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageSize: 1001}).invalid("page_size")
	e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, ReservedBefore: &timestamppb.Timestamp{Seconds: -1}}).invalid("reserved_before")
}

// pageTokens belong to the request that they were returned for.
func pageTokens(e *env) {
	key, other := e.newKey(), e.newKey()
	for i := range 51 {
		e.record(key, fmt.Sprint(i), 1).ok()
	}
	for i := range 3 {
		e.record(other, fmt.Sprint(i), 1).ok()
		e.setLimits(key, update(daily, int64(i+1))).ok()
	}
	byDefault := e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key}).ok()
	require.Len(e.t, byDefault.GetSpends(), 50)
	token := e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageSize: 2}).ok().GetNextPageToken()
	require.NotEmpty(e.t, token)
	require.Len(e.t, e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageSize: 3, PageToken: token}).ok().GetSpends(), 3, "the size may change")
	keys := e.listKeys(&satcapv1.ListApiKeysRequest{PageSize: 1}).ok().GetNextPageToken()
	changes := e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key, PageSize: 1}).ok().GetNextPageToken()
	require.NotEmpty(e.t, keys)
	require.NotEmpty(e.t, changes)

	bad := func(f *failure) {
		e.t.Helper()
		requireReason(e.t, f, "INVALID_ARGUMENT")
		require.Contains(e.t, f.message, "page_token:")
	}
	bad(e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: other, PageSize: 2, PageToken: token}).f)
	bad(e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageToken: token, States: []satcapv1.Spend_State{satcapv1.Spend_STATE_SETTLED}}).f)
	bad(e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageToken: token, ReservedBefore: timestamppb.New(timeOf(start))}).f)
	bad(e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageToken: changes}).f)
	bad(e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key, PageToken: token}).f)
	bad(e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: other, PageToken: changes}).f)
	bad(e.listKeys(&satcapv1.ListApiKeysRequest{PageToken: token}).f)
	bad(e.listKeys(&satcapv1.ListApiKeysRequest{PageToken: keys, States: []satcapv1.ApiKey_State{1}}).f)
	for _, made := range []string{"x", "AAAA", "AAAAAAAAAAAA", token + "A", token[:len(token)-2], token + token, strings.Repeat("A", 256), strings.Repeat("A", 257), "not base64!", "a b"} {
		bad(e.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageToken: made}).f)
		bad(e.listKeys(&satcapv1.ListApiKeysRequest{PageToken: made}).f)
	}
}

// errorOrder: a call with several faults is answered with the first of them in
// the order that SpendService documents. (SUM_OVERFLOW: see sumOverflow.)
func errorOrder(e *env) {
	key, nobody := e.newKey(limit(daily, 100)), uuid.NewString()
	e.reserve(key, "open", 10).ok()
	e.record(key, "settled", 10, "tx 1").ok()
	e.record(key, "other", 10, "tx 2").ok()
	e.pause(key).ok()
	reserve := func(token, id, spend string, sats int64) answer[*satcapv1.ReserveSpendResponse] {
		req := &satcapv1.ReserveSpendRequest{ApiKeyId: id, SpendId: spend, AmountSats: sats}
		return call(e, token, v1.SpendServiceReserveSpendProcedure, req, &satcapv1.ReserveSpendResponse{})
	}
	reserve("nobody", nobody, "settled", -1).fails("UNAUTHENTICATED")
	reserve(e.asOwner(), nobody, "settled", -1).fails("PERMISSION_DENIED")
	reserve(serviceToken, nobody, "settled", -1).fails("INVALID_ARGUMENT")
	reserve(serviceToken, nobody, "settled", 1000).fails("API_KEY_NOT_FOUND")
	reserve(serviceToken, key, "settled", 1000).fails("SPEND_CLOSED")
	reserve(serviceToken, key, "open", 1000).fails("SPEND_ID_REUSED")
	reserve(serviceToken, key, "new", 1000).fails("API_KEY_PAUSED")
	e.settle(key, "settled", 11, "tx 2").fails("SPEND_ID_REUSED")
	e.settle(key, "new", 0, "tx 2").fails("SPEND_NOT_FOUND")
	e.settle(key, "new", 1, "tx 2").fails("TRANSACTION_ID_REUSED")
	e.resume(key).ok()
	reserve(serviceToken, key, "new", 1000).fails("SPENDING_LIMIT_EXCEEDED")
}
