// What becomes of the operations within a batch, on the clock of the test.

package loadgen

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/anypb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// TestItemOutcomes: of each batch of four one reservation is held, one refused, and
// two fail, one of them without a reason. An answer that has not one result for each
// tells nothing, and is an error of the call.
func TestItemOutcomes(t *testing.T) {
	t.Parallel()
	detail, err := anypb.New(&errdetails.ErrorInfo{Domain: errorDomain, Reason: "API_KEY_PAUSED"})
	require.NoError(t, err)
	refused, err := anypb.New(&errdetails.ErrorInfo{Domain: errorDomain, Reason: reasonLimitExceeded})
	require.NoError(t, err)
	foreign, err := anypb.New(&errdetails.ErrorInfo{Domain: "example.com", Reason: "NOT_OURS"})
	require.NoError(t, err)
	failed := func(code codes.Code, details ...*anypb.Any) *satcapv1.SpendResult {
		return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Error{Error: &status.Status{Code: int32(code), Details: details}}}
	}
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Concurrency, cfg.Batch, cfg.Mix = 1, 4, mix(t, "apply=1")
		calls := int64(0)
		f := &fakeTarget{answer: after(10 * time.Millisecond), results: func(req *satcapv1.ApplySpendsRequest, res *satcapv1.ApplySpendsResponse) {
			require.Len(t, req.GetOperations(), 4)
			res.Results = []*satcapv1.SpendResult{
				{Result: &satcapv1.SpendResult_Reserve{Reserve: &satcapv1.ReserveSpendResponse{}}},
				failed(codes.ResourceExhausted, refused),
				failed(codes.FailedPrecondition, detail),
				failed(codes.Unavailable, foreign),
			}
			if calls++; calls%2 == 0 {
				res.Results = res.Results[:3]
			}
		}}
		rep := try(t, t.Context(), cfg, f)
		line := rep.Operations[0]
		require.EqualValues(t, 1000, line.Count)
		require.InDelta(t, 100, line.RatePerSecond, 0.1)
		require.Equal(t, map[string]int64{"internal": 500}, line.Errors)
		require.Zero(t, line.RefusalCount)
		require.EqualValues(t, 2000, line.OperationCount)
		require.InDelta(t, 200, line.OperationsPerSecond, 0.1)
		require.EqualValues(t, 500, line.ItemRefusalCount)
		require.EqualValues(t, 1000, line.ItemErrorCount)
		require.Equal(t, map[string]int64{"API_KEY_PAUSED": 500, "unavailable": 500}, line.ItemErrors)
		require.EqualValues(t, 500, rep.OpenHoldCount)
		line.Operation = "total"
		require.Equal(t, line, rep.Total)
	})
}

// TestItemsGoByHotShare: each operation of a batch has a key of its own.
func TestItemsGoByHotShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Keys, cfg.HotShare, cfg.Batch, cfg.Mix = 5, 0.5, 50, mix(t, "apply=1")
		byKey, seen := map[string]float64{}, map[string]bool{}
		var mu sync.Mutex
		f := &fakeTarget{answer: after(100 * time.Millisecond), results: func(req *satcapv1.ApplySpendsRequest, res *satcapv1.ApplySpendsResponse) {
			mu.Lock()
			defer mu.Unlock()
			for _, op := range req.GetOperations() {
				require.EqualValues(t, 1000, op.GetReserve().GetAmountSats())
				require.False(t, seen[op.GetReserve().GetSpendId()])
				seen[op.GetReserve().GetSpendId()] = true
				byKey[op.GetReserve().GetApiKeyId()]++
				res.Results = append(res.Results, &satcapv1.SpendResult{})
			}
		}}
		rep := try(t, t.Context(), cfg, f)
		require.EqualValues(t, 400*50, rep.Total.OperationCount)
		require.InDelta(t, 0.5, byKey["key-0"]/20_000, 0.02)
		for _, cold := range []string{"key-1", "key-2", "key-3", "key-4"} {
			require.InDelta(t, 0.125, byKey[cold]/20_000, 0.02)
		}
	})
}
