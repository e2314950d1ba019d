// Short words for calls and for what is expected of their answers.

package rpc_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

const (
	daily   = satcapv1.LimitWindow_LIMIT_WINDOW_DAILY
	weekly  = satcapv1.LimitWindow_LIMIT_WINDOW_WEEKLY
	monthly = satcapv1.LimitWindow_LIMIT_WINDOW_MONTHLY
	annual  = satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL
)

var windowUs = map[satcapv1.LimitWindow]int64{daily: day, weekly: 7 * day, monthly: 30 * day, annual: 365 * day}

// env is one scenario: a subject of its own, a server, and the client in use.
type env struct {
	t       *testing.T
	s       *server
	c       client
	subject string
	made    *calls
}

// calls remembers what was called, and every secret that was seen, to compare
// with the logs.
type calls struct {
	mu      sync.Mutex
	ids     int
	list    []made
	secrets []string
}

type made struct{ requestID, procedure, keyID, code string }

func (c *calls) add(m made) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, m)
}

// nextID is a request id that no other call of the server has.
func (c *calls) nextID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids++ // calls in flight are not in the list yet
	return fmt.Sprintf("call-%d-of-this-server", c.ids)
}

// set and advance move the clock.
func (e *env) set(us int64)     { e.s.clock.Store(us) }
func (e *env) advance(us int64) { e.s.clock.Add(us) }

// answer is a reply or a failure.
type answer[M proto.Message] struct {
	t   *testing.T
	res M
	f   *failure
}

// ok is the reply of a call that must not fail.
func (a answer[M]) ok() M {
	a.t.Helper()
	if a.f != nil {
		a.t.Fatalf("%s: %s %v", a.f.code, a.f.message, a.f.details)
	}
	return a.res
}

// fails is the failure of a call that must fail with reason.
func (a answer[M]) fails(reason string) *failure {
	a.t.Helper()
	requireReason(a.t, a.f, reason)
	return a.f
}

// invalid is a failure that names the field and only in those words.
func (a answer[M]) invalid(field string) {
	a.t.Helper()
	require.Contains(a.t, a.fails("INVALID_ARGUMENT").message, field+":")
}

// call makes one call as token.
func call[M proto.Message](e *env, token, procedure string, req proto.Message, res M) answer[M] {
	e.t.Helper()
	m := made{requestID: e.made.nextID(), procedure: procedure, code: "ok"}
	if named, ok := req.(interface{ GetApiKeyId() string }); ok {
		m.keyID = named.GetApiKeyId()
	}
	e.made.add(m)
	echoed, f := e.c(e.t, token, m.requestID, procedure, req, res)
	require.Equal(e.t, m.requestID, echoed, "X-Request-Id of the answer")
	e.made.mu.Lock()
	defer e.made.mu.Unlock()
	for i := range e.made.list {
		if f != nil && e.made.list[i].requestID == m.requestID {
			e.made.list[i].code = f.code.String()
		}
	}
	if shown, ok := any(res).(interface{ GetSecret() string }); ok && shown.GetSecret() != "" {
		e.made.secrets = append(e.made.secrets, shown.GetSecret())
	}
	return answer[M]{e.t, res, f}
}

func (e *env) asOwner() string { return ownerToken(e.subject) }

// newKey makes a key with limits and returns its id.
func (e *env) newKey(limits ...*satcapv1.CreateApiKeyLimit) string {
	e.t.Helper()
	return e.create(&satcapv1.CreateApiKeyRequest{Limits: limits}).ok().GetApiKey().GetApiKeyId()
}

// create fills in a name and a scope.
func (e *env) create(req *satcapv1.CreateApiKeyRequest) answer[*satcapv1.CreateApiKeyResponse] {
	e.t.Helper()
	if req.Name == "" {
		req.Name = "till"
	}
	if req.Scopes == nil {
		req.Scopes = []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE}
	}
	return call(e, e.asOwner(), v1.ApiKeyServiceCreateApiKeyProcedure, req, &satcapv1.CreateApiKeyResponse{})
}

func limit(w satcapv1.LimitWindow, sats int64) *satcapv1.CreateApiKeyLimit {
	return &satcapv1.CreateApiKeyLimit{Window: w, LimitSats: sats}
}

func (e *env) get(key string) answer[*satcapv1.GetApiKeyResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.ApiKeyServiceGetApiKeyProcedure, &satcapv1.GetApiKeyRequest{ApiKeyId: key}, &satcapv1.GetApiKeyResponse{})
}

func (e *env) pause(key string) answer[*satcapv1.PauseApiKeyResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.ApiKeyServicePauseApiKeyProcedure, &satcapv1.PauseApiKeyRequest{ApiKeyId: key}, &satcapv1.PauseApiKeyResponse{})
}

func (e *env) resume(key string) answer[*satcapv1.ResumeApiKeyResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.ApiKeyServiceResumeApiKeyProcedure, &satcapv1.ResumeApiKeyRequest{ApiKeyId: key}, &satcapv1.ResumeApiKeyResponse{})
}

func (e *env) revoke(key string) answer[*satcapv1.RevokeApiKeyResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.ApiKeyServiceRevokeApiKeyProcedure, &satcapv1.RevokeApiKeyRequest{ApiKeyId: key}, &satcapv1.RevokeApiKeyResponse{})
}

func (e *env) rename(key, name string) answer[*satcapv1.RenameApiKeyResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.ApiKeyServiceRenameApiKeyProcedure, &satcapv1.RenameApiKeyRequest{ApiKeyId: key, Name: name}, &satcapv1.RenameApiKeyResponse{})
}

func (e *env) rotate(key string, graceSeconds int32) answer[*satcapv1.RotateApiKeyResponse] {
	e.t.Helper()
	return e.rotateAs("", key, graceSeconds)
}

// rotateAs is a rotation with a name.
func (e *env) rotateAs(requestID, key string, graceSeconds int32) answer[*satcapv1.RotateApiKeyResponse] {
	e.t.Helper()
	req := &satcapv1.RotateApiKeyRequest{ApiKeyId: key, GraceSeconds: graceSeconds, RequestId: requestID}
	return call(e, e.asOwner(), v1.ApiKeyServiceRotateApiKeyProcedure, req, &satcapv1.RotateApiKeyResponse{})
}

func (e *env) verify(secret string) answer[*satcapv1.VerifyApiKeyResponse] {
	e.t.Helper()
	return call(e, serviceToken, v1.AuthServiceVerifyApiKeyProcedure, &satcapv1.VerifyApiKeyRequest{Secret: secret}, &satcapv1.VerifyApiKeyResponse{})
}

func (e *env) listKeys(req *satcapv1.ListApiKeysRequest) answer[*satcapv1.ListApiKeysResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.ApiKeyServiceListApiKeysProcedure, req, &satcapv1.ListApiKeysResponse{})
}

func (e *env) setLimits(key string, updates ...*satcapv1.LimitUpdate) answer[*satcapv1.UpdateLimitsResponse] {
	e.t.Helper()
	return e.updateLimits(&satcapv1.UpdateLimitsRequest{ApiKeyId: key, Updates: updates})
}

func (e *env) updateLimits(req *satcapv1.UpdateLimitsRequest) answer[*satcapv1.UpdateLimitsResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.LimitServiceUpdateLimitsProcedure, req, &satcapv1.UpdateLimitsResponse{})
}

func update(w satcapv1.LimitWindow, sats int64) *satcapv1.LimitUpdate {
	return &satcapv1.LimitUpdate{Window: w, Limit: &satcapv1.LimitUpdate_LimitSats{LimitSats: sats}}
}

func unlimited(w satcapv1.LimitWindow) *satcapv1.LimitUpdate {
	return &satcapv1.LimitUpdate{Window: w, Limit: &satcapv1.LimitUpdate_Unlimited{Unlimited: true}}
}

func (e *env) history(req *satcapv1.ListLimitChangesRequest) answer[*satcapv1.ListLimitChangesResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.LimitServiceListLimitChangesProcedure, req, &satcapv1.ListLimitChangesResponse{})
}

func (e *env) usage(key string) answer[*satcapv1.GetUsageResponse] {
	e.t.Helper()
	return call(e, e.asOwner(), v1.UsageServiceGetUsageProcedure, &satcapv1.GetUsageRequest{ApiKeyId: key}, &satcapv1.GetUsageResponse{})
}

func (e *env) listSpends(req *satcapv1.ListSpendsRequest) answer[*satcapv1.ListSpendsResponse] {
	e.t.Helper()
	return call(e, serviceToken, v1.UsageServiceListSpendsProcedure, req, &satcapv1.ListSpendsResponse{})
}

func (e *env) check(key string, sats int64) answer[*satcapv1.CheckSpendResponse] {
	e.t.Helper()
	return call(e, serviceToken, v1.SpendServiceCheckSpendProcedure, &satcapv1.CheckSpendRequest{ApiKeyId: key, AmountSats: sats}, &satcapv1.CheckSpendResponse{})
}

func (e *env) reserve(key, id string, sats int64, ttl ...time.Duration) answer[*satcapv1.ReserveSpendResponse] {
	e.t.Helper()
	req := &satcapv1.ReserveSpendRequest{ApiKeyId: key, SpendId: id, AmountSats: sats}
	if len(ttl) > 0 {
		req.Ttl = durationpb.New(ttl[0])
	}
	return call(e, serviceToken, v1.SpendServiceReserveSpendProcedure, req, &satcapv1.ReserveSpendResponse{})
}

// settle without an amount (0) leaves it out; a transaction may follow.
func (e *env) settle(key, id string, sats int64, transaction ...string) answer[*satcapv1.SettleSpendResponse] {
	e.t.Helper()
	req := &satcapv1.SettleSpendRequest{ApiKeyId: key, SpendId: id, TransactionId: strings.Join(transaction, "")}
	if sats != 0 {
		req.AmountSats = &sats
	}
	return call(e, serviceToken, v1.SpendServiceSettleSpendProcedure, req, &satcapv1.SettleSpendResponse{})
}

func (e *env) record(key, id string, sats int64, transaction ...string) answer[*satcapv1.RecordSpendResponse] {
	e.t.Helper()
	req := &satcapv1.RecordSpendRequest{ApiKeyId: key, SpendId: id, AmountSats: sats, TransactionId: strings.Join(transaction, "")}
	return call(e, serviceToken, v1.SpendServiceRecordSpendProcedure, req, &satcapv1.RecordSpendResponse{})
}

func (e *env) release(key, id string) answer[*satcapv1.ReleaseSpendResponse] {
	e.t.Helper()
	return call(e, serviceToken, v1.SpendServiceReleaseSpendProcedure, &satcapv1.ReleaseSpendRequest{ApiKeyId: key, SpendId: id}, &satcapv1.ReleaseSpendResponse{})
}

func (e *env) reverse(key, id string) answer[*satcapv1.ReverseSpendResponse] {
	e.t.Helper()
	req := &satcapv1.ReverseSpendRequest{ApiKeyId: key, Reference: &satcapv1.ReverseSpendRequest_SpendId{SpendId: id}}
	return call(e, serviceToken, v1.SpendServiceReverseSpendProcedure, req, &satcapv1.ReverseSpendResponse{})
}

func (e *env) reverseTransaction(key, id string) answer[*satcapv1.ReverseSpendResponse] {
	e.t.Helper()
	req := &satcapv1.ReverseSpendRequest{ApiKeyId: key, Reference: &satcapv1.ReverseSpendRequest_TransactionId{TransactionId: id}}
	return call(e, serviceToken, v1.SpendServiceReverseSpendProcedure, req, &satcapv1.ReverseSpendResponse{})
}

// us is a time in microseconds; absent is 0.
func us(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMicro()
}

// sums are "LIMIT SPENT HELD REMAINING" of all windows, "-" where unlimited.
func sums(usage []*satcapv1.WindowUsage) []string {
	out := make([]string, len(usage))
	for i, w := range usage {
		limit, remaining := "-", "-"
		if w.LimitSats != nil {
			limit = fmt.Sprint(w.GetLimitSats())
		}
		if w.RemainingSats != nil {
			remaining = fmt.Sprint(w.GetRemainingSats())
		}
		out[i] = fmt.Sprintf("%s %s %d %d %s", strings.ToLower(strings.TrimPrefix(w.GetWindow().String(), "LIMIT_WINDOW_")), limit, w.GetSpentSats(), w.GetHeldSats(), remaining)
	}
	return out
}

// releases are the next releases of all windows: when and how much.
func releases(usage []*satcapv1.WindowUsage) [][2]int64 {
	out := make([][2]int64, len(usage))
	for i, w := range usage {
		out[i] = [2]int64{us(w.GetNextReleaseTime()), w.GetNextReleaseSats()}
	}
	return out
}
