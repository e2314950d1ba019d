// Scenarios: many operations in one call.

package rpc_test

import (
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

func (e *env) apply(ops ...*satcapv1.SpendOperation) answer[*satcapv1.ApplySpendsResponse] {
	e.t.Helper()
	return call(e, serviceToken, v1.SpendServiceApplySpendsProcedure, &satcapv1.ApplySpendsRequest{Operations: ops}, &satcapv1.ApplySpendsResponse{})
}

// applied are the results of a batch, one for each operation.
func (e *env) applied(ops ...*satcapv1.SpendOperation) []*satcapv1.SpendResult {
	e.t.Helper()
	results := e.apply(ops...).ok().GetResults()
	require.Len(e.t, results, len(ops))
	return results
}

func reserveOp(key, id string, sats int64) *satcapv1.SpendOperation {
	return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Reserve{Reserve: &satcapv1.ReserveSpendRequest{ApiKeyId: key, SpendId: id, AmountSats: sats}}}
}

// settleOp without an amount (0) leaves it out.
func settleOp(key, id string, sats int64, transaction ...string) *satcapv1.SpendOperation {
	req := &satcapv1.SettleSpendRequest{ApiKeyId: key, SpendId: id, TransactionId: strings.Join(transaction, "")}
	if sats != 0 {
		req.AmountSats = &sats
	}
	return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Settle{Settle: req}}
}

func releaseOp(key, id string) *satcapv1.SpendOperation {
	return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Release{Release: &satcapv1.ReleaseSpendRequest{ApiKeyId: key, SpendId: id}}}
}

func reverseOp(key, id string) *satcapv1.SpendOperation {
	return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Reverse{Reverse: &satcapv1.ReverseSpendRequest{
		ApiKeyId: key, Reference: &satcapv1.ReverseSpendRequest_SpendId{SpendId: id},
	}}}
}

func reverseTransactionOp(key, id string) *satcapv1.SpendOperation {
	return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Reverse{Reverse: &satcapv1.ReverseSpendRequest{
		ApiKeyId: key, Reference: &satcapv1.ReverseSpendRequest_TransactionId{TransactionId: id},
	}}}
}

func recordOp(key, id string, sats int64, transaction ...string) *satcapv1.SpendOperation {
	return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Record{Record: &satcapv1.RecordSpendRequest{
		ApiKeyId: key, SpendId: id, AmountSats: sats, TransactionId: strings.Join(transaction, ""),
	}}}
}

// refusedItem is the error of one result, which must be there.
func (e *env) refusedItem(r *satcapv1.SpendResult, reason string) *failure {
	e.t.Helper()
	f := itemFailure(e.t, r)
	requireReason(e.t, f, reason)
	return f
}

// itemFailure is the error of one result, as that of a call.
func itemFailure(t *testing.T, r *satcapv1.SpendResult) *failure {
	t.Helper()
	require.NotNil(t, r.GetError(), "no error: %v", r)
	f := &failure{code: connect.Code(r.GetError().GetCode()), message: r.GetError().GetMessage()}
	for _, d := range r.GetError().GetDetails() {
		f.details = append(f.details, unpack(t, d))
	}
	return f
}

// batch: in order, each its own reply or error, and none touches another.
func batch(e *env) {
	a, b := e.newKey(limit(daily, 1000)), e.newKey(limit(daily, 100))
	nobody := uuid.NewString()
	results := e.applied(
		reserveOp(a, "rent", 600),
		settleOp(a, "rent", 0, "tx-rent"), // finds the hold that stands before it
		reserveOp(a, "food", 401),
		reserveOp(b, "food", 40),
		reserveOp(nobody, "food", 1),
		reserveOp(a, "none", 0),
		&satcapv1.SpendOperation{},
		recordOp(a, "bill", 50),
		releaseOp(b, "food"),
		reserveOp(b, "food", 40),
		reverseTransactionOp(a, "tx-rent"),
		settleOp(a, "unknown", 0),
		recordOp(b, "over", 500, "tx-rent"),
		settleOp(a, "bill", 51),
		settleOp(nobody, "bill", 51),
	)
	held := results[0].GetReserve()
	require.Equal(e.t, []string{"daily 1000 0 600 400", "weekly - 0 600 -", "monthly - 0 600 -", "annual - 0 600 -"}, sums(held.GetUsage()))
	require.Equal(e.t, satcapv1.Spend_STATE_RESERVED, held.GetSpend().GetState())
	require.Equal(e.t, us(held.GetSpend().GetReserveTime())+day, us(held.GetSpend().GetExpireTime()))
	require.Equal(e.t, int64(2), held.GetRevision())
	settled := results[1].GetSettle()
	require.Equal(e.t, satcapv1.Spend_STATE_SETTLED, settled.GetSpend().GetState())
	require.Equal(e.t, []any{int64(600), "tx-rent", int64(3)}, []any{settled.GetSpend().GetAmountSats(), settled.GetSpend().GetTransactionId(), settled.GetRevision()})
	exceeded := detail[*satcapv1.LimitExceeded](e.t, e.refusedItem(results[2], "SPENDING_LIMIT_EXCEEDED"))
	require.Equal(e.t, []any{a, int64(401), int64(400)}, []any{exceeded.GetApiKeyId(), exceeded.GetRequestedSats(), exceeded.GetMaxAllowedSats()})
	require.Equal(e.t, us(settled.GetSpend().GetSettleTime())+day, us(exceeded.GetAvailableTime()))
	require.Equal(e.t, "daily 100 0 40 60", sums(results[3].GetReserve().GetUsage())[0])
	e.refusedItem(results[4], "API_KEY_NOT_FOUND")
	wrong := e.refusedItem(results[5], "INVALID_ARGUMENT")
	require.Contains(e.t, wrong.message, "operations[5].reserve.amount_sats: ")
	path := detail[*validate.Violations](e.t, wrong).GetViolations()[0].GetField().GetElements()
	require.Len(e.t, path, 3)
	require.Equal(e.t, []any{"operations", uint64(5), int32(1)}, []any{path[0].GetFieldName(), path[0].GetIndex(), path[0].GetFieldNumber()})
	require.Contains(e.t, e.refusedItem(results[6], "INVALID_ARGUMENT").message, "operations[6].operation: ")
	require.True(e.t, results[7].GetRecord().GetSpend().GetUnreserved())
	require.Equal(e.t, satcapv1.Spend_STATE_RELEASED, results[8].GetRelease().GetSpend().GetState())
	closed := e.refusedItem(results[9], "SPEND_CLOSED")
	require.Equal(e.t, satcapv1.Spend_STATE_RELEASED, detail[*satcapv1.Spend](e.t, closed).GetState())
	require.Equal(e.t, "rent", results[10].GetReverse().GetSpend().GetSpendId())
	e.refusedItem(results[11], "SPEND_NOT_FOUND")
	require.Equal(e.t, "daily 100 500 0 0", sums(results[12].GetRecord().GetUsage())[0])
	e.refusedItem(results[13], "SPEND_ID_REUSED")
	e.refusedItem(results[14], "API_KEY_NOT_FOUND")

	require.Equal(e.t, "daily 1000 50 0 950", sums(e.usage(a).ok().GetUsage())[0])
	require.Equal(e.t, int64(5), e.usage(a).ok().GetRevision())
	require.Equal(e.t, "daily 100 500 0 0", sums(e.usage(b).ok().GetUsage())[0])
}

// batchTwice: a spend that stands in a batch twice, and the whole batch again.
func batchTwice(e *env) {
	key := e.newKey(limit(daily, 100))
	ops := []*satcapv1.SpendOperation{reserveOp(key, "a", 60), reserveOp(key, "a", 60), reserveOp(key, "a", 61), recordOp(key, "b", 5), recordOp(key, "b", 5)}
	first := e.applied(ops...)
	require.False(e.t, first[0].GetReserve().GetReplayed())
	require.True(e.t, first[1].GetReserve().GetReplayed(), "nothing is held twice")
	require.Equal(e.t, first[0].GetReserve().GetSpend().String(), first[1].GetReserve().GetSpend().String())
	e.refusedItem(first[2], "SPEND_ID_REUSED")
	require.Equal(e.t, first[3].String(), first[4].String())
	before := e.usage(key).ok()
	require.Equal(e.t, "daily 100 5 60 35", sums(before.GetUsage())[0])
	again := e.applied(ops...)
	require.True(e.t, again[0].GetReserve().GetReplayed())
	require.Equal(e.t, first[4].String(), again[4].String())
	require.Equal(e.t, before.GetRevision(), e.usage(key).ok().GetRevision())
}

// batchSizes: 1 to 1,000; what is larger is refused as a whole.
func batchSizes(e *env) {
	key := e.newKey(limit(daily, 990))
	var ops []*satcapv1.SpendOperation
	for len(ops) < 1000 {
		ops = append(ops, reserveOp(key, uuid.NewString(), 1))
	}
	e.apply().invalid("operations")
	e.apply(append(ops, ops[0])...).invalid("operations")
	require.Equal(e.t, int64(1), e.usage(key).ok().GetRevision(), "nothing of this was done")
	for i, r := range e.applied(ops...) {
		if i >= 990 {
			e.refusedItem(r, "SPENDING_LIMIT_EXCEEDED")
			continue
		}
		require.Equal(e.t, int64(i+2), r.GetReserve().GetRevision(), "in the order of the batch")
		require.Equal(e.t, ops[i].GetReserve().GetSpendId(), r.GetReserve().GetSpend().GetSpendId())
	}
	require.Equal(e.t, "daily 990 0 990 0", sums(e.usage(key).ok().GetUsage())[0])
}
