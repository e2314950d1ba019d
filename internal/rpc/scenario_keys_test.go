// Scenarios: API keys, from their creation to their revocation.

package rpc_test

import (
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func newKey(e *env) {
	all := []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE, satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_RECEIVE}
	made := e.create(&satcapv1.CreateApiKeyRequest{
		Name: "café 5 ✓", Scopes: all, Limits: []*satcapv1.CreateApiKeyLimit{limit(annual, 400), limit(daily, 100)},
	}).ok()
	key := made.GetApiKey()
	id, err := uuid.Parse(key.GetApiKeyId())
	require.NoError(e.t, err)
	require.Equal(e.t, uuid.Version(7), id.Version())
	require.Equal(e.t, id.String(), key.GetApiKeyId())
	require.Equal(e.t, "café 5 ✓", key.GetName())
	require.Equal(e.t, e.subject, key.GetSubject())
	require.Equal(e.t, []satcapv1.ApiKey_Scope{1, 2, 3}, key.GetScopes(), "in their order, whatever the request's")
	require.Equal(e.t, satcapv1.ApiKey_STATE_ACTIVE, key.GetState())
	require.Equal(e.t, start, us(key.GetCreateTime()))
	require.Equal(e.t, int64(1), key.GetRevision())
	require.Nil(e.t, key.GetExpireTime())
	require.Nil(e.t, key.GetRevokeTime())
	require.Nil(e.t, key.GetLastUseTime())
	require.Equal(e.t, []string{"daily 100 0 0 100", "weekly - 0 0 -", "monthly - 0 0 -", "annual 400 0 0 400"}, sums(key.GetUsage()))
	require.Regexp(e.t, "^satcap_[0-9A-Za-z]{49}$", made.GetSecret())
	require.True(e.t, strings.HasPrefix(made.GetSecret(), key.GetSecretPrefix()))
	require.Less(e.t, len(key.GetSecretPrefix()), 16)
	require.Equal(e.t, key.String(), e.get(key.GetApiKeyId()).ok().GetApiKey().String())
	require.Equal(e.t, key.String(), e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys()[0].String())

	bad := func(field string, req *satcapv1.CreateApiKeyRequest) { e.create(req).invalid(field) }
	bad("scopes", &satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{}})
	bad("scopes", &satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1, 1}})
	bad("scopes[0]", &satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{0}})
	bad("scopes[1]", &satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1, 4}})
	bad("limits", &satcapv1.CreateApiKeyRequest{Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, 1), limit(daily, 1)}})
	bad("limits[0].window", &satcapv1.CreateApiKeyRequest{Limits: []*satcapv1.CreateApiKeyLimit{limit(0, 1)}})
	bad("expire_time", &satcapv1.CreateApiKeyRequest{ExpireTime: &timestamppb.Timestamp{Seconds: -1}})
	bad("expire_time", &satcapv1.CreateApiKeyRequest{ExpireTime: &timestamppb.Timestamp{}})           // not: never
	bad("expire_time", &satcapv1.CreateApiKeyRequest{ExpireTime: &timestamppb.Timestamp{Nanos: 500}}) // rounds to that
	bad("expire_time", &satcapv1.CreateApiKeyRequest{ExpireTime: timestamppb.New(timeOf(start))})     // not in the future
	require.Len(e.t, e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys(), 1, "a refused creation makes no key")
	require.Equal(e.t, start+1, us(e.create(&satcapv1.CreateApiKeyRequest{ExpireTime: timestamppb.New(timeOf(start + 1))}).ok().GetApiKey().GetExpireTime()))
}

// requestIDs: a retry makes no second key and shows no secret a second time.
func requestIDs(e *env) {
	request := func(id, name string, sats int64) *satcapv1.CreateApiKeyRequest {
		return &satcapv1.CreateApiKeyRequest{Name: name, RequestId: id, Limits: []*satcapv1.CreateApiKeyLimit{limit(daily, sats)}}
	}
	first := e.create(request("r1", "till", 100)).ok()
	require.NotEmpty(e.t, first.GetSecret())
	key := first.GetApiKey().GetApiKeyId()
	e.record(key, "paid", 30).ok()
	again := e.create(request("r1", "till", 100)).ok()
	require.Empty(e.t, again.GetSecret())
	require.Equal(e.t, key, again.GetApiKey().GetApiKeyId())
	require.Equal(e.t, "daily 100 30 0 70", sums(again.GetApiKey().GetUsage())[0], "the key as it is now")

	e.create(request("r1", "till", 101)).fails("REQUEST_ID_REUSED")
	e.create(request("r1", "other", 100)).fails("REQUEST_ID_REUSED")
	scoped := request("r1", "till", 100)
	scoped.Scopes = []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ}
	e.create(scoped).fails("REQUEST_ID_REUSED")
	expiring := request("r1", "till", 100)
	expiring.ExpireTime = timestamppb.New(timeOf(start + day))
	e.create(expiring).fails("REQUEST_ID_REUSED")
	require.Len(e.t, e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys(), 1)

	e.rename(key, "renamed").ok()
	require.Equal(e.t, "renamed", e.create(request("r1", "till", 100)).ok().GetApiKey().GetName(), "what was asked for counts, not what became of it")
	other := *e
	other.subject += " 2"
	require.NotEqual(e.t, key, other.create(request("r1", "till", 100)).ok().GetApiKey().GetApiKeyId(), "request ids are of one subject")
	require.NotEmpty(e.t, e.create(request("r2", "till", 100)).ok().GetSecret())
	e.create(&satcapv1.CreateApiKeyRequest{}).ok()
	e.create(&satcapv1.CreateApiKeyRequest{}).ok()
	require.Len(e.t, e.listKeys(&satcapv1.ListApiKeysRequest{}).ok().GetApiKeys(), 4, "no request id: every call makes a key")
}

func keyStates(e *env) {
	key := e.newKey(limit(daily, 100))
	e.reserve(key, "open", 10).ok()
	e.reserve(key, "free", 10).ok()

	paused := e.pause(key).ok().GetApiKey()
	require.Equal(e.t, satcapv1.ApiKey_STATE_PAUSED, paused.GetState())
	require.Equal(e.t, int64(4), paused.GetRevision())
	require.Equal(e.t, paused.String(), e.pause(key).ok().GetApiKey().String(), "pausing again changes nothing")
	e.reserve(key, "next", 1).fails("API_KEY_PAUSED")
	require.True(e.t, e.reserve(key, "open", 10).ok().GetReplayed(), "a retry gets its first answer")
	e.settle(key, "open", 0).ok()
	e.record(key, "bill", 5).ok()

	require.Equal(e.t, satcapv1.ApiKey_STATE_ACTIVE, e.resume(key).ok().GetApiKey().GetState())
	require.Equal(e.t, int64(7), e.resume(key).ok().GetApiKey().GetRevision())
	e.reserve(key, "next", 1).ok()

	revoked := e.revoke(key).ok().GetApiKey()
	require.Equal(e.t, satcapv1.ApiKey_STATE_REVOKED, revoked.GetState())
	require.NotNil(e.t, revoked.GetRevokeTime())
	require.Equal(e.t, revoked.String(), e.revoke(key).ok().GetApiKey().String())
	e.reserve(key, "more", 1).fails("API_KEY_REVOKED")
	e.pause(key).fails("API_KEY_REVOKED")
	e.resume(key).fails("API_KEY_REVOKED")
	require.False(e.t, e.check(key, 1).ok().GetAllowed())
	e.settle(key, "next", 0).ok()
	e.release(key, "free").ok()
	e.reverse(key, "open").ok()
	require.Equal(e.t, "daily 100 6 0 94", sums(e.usage(key).ok().GetUsage())[0])
	require.Equal(e.t, satcapv1.ApiKey_STATE_REVOKED, e.get(key).ok().GetApiKey().GetState())
}

// keyExpiry at exactly expire_time.
func keyExpiry(e *env) {
	expires := start + day
	key := e.create(&satcapv1.CreateApiKeyRequest{ExpireTime: timestamppb.New(timeOf(expires))}).ok().GetApiKey().GetApiKeyId()
	e.set(expires - 10)
	e.reserve(key, "open", 1).ok()
	require.Equal(e.t, satcapv1.ApiKey_STATE_ACTIVE, e.get(key).ok().GetApiKey().GetState())
	e.set(expires)
	require.Equal(e.t, satcapv1.ApiKey_STATE_EXPIRED, e.get(key).ok().GetApiKey().GetState())
	e.reserve(key, "next", 1).fails("API_KEY_EXPIRED")
	require.False(e.t, e.check(key, 1).ok().GetAllowed())
	require.Equal(e.t, satcapv1.ApiKey_STATE_EXPIRED, e.pause(key).ok().GetApiKey().GetState(), "expired comes before paused")
	e.reserve(key, "next", 1).fails("API_KEY_EXPIRED")
	e.settle(key, "open", 0).ok()
	e.revoke(key).ok()
	e.reserve(key, "next", 1).fails("API_KEY_REVOKED") // revoked comes before expired
}

func rename(e *env) {
	key := e.newKey()
	renamed := e.rename(key, "shop").ok().GetApiKey()
	require.Equal(e.t, "shop", renamed.GetName())
	require.Equal(e.t, int64(2), renamed.GetRevision())
	require.Equal(e.t, renamed.String(), e.rename(key, "shop").ok().GetApiKey().String())
	e.rename(key, "").invalid("name")
	e.rename(uuid.NewString(), "x").fails("API_KEY_NOT_FOUND")
	require.Equal(e.t, "shop", e.get(key).ok().GetApiKey().GetName())
}
