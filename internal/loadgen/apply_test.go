// Batches, against a real server by every protocol.

package loadgen_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/loadgen"
)

// applying is a short run with batches of 20 reservations.
func applying(t *testing.T, url string, protocol loadgen.Protocol, mix string) loadgen.Config {
	t.Helper()
	cfg := short(t, url, protocol)
	cfg.Batch, cfg.Timeout = 20, time.Minute
	var err error
	cfg.Mix, err = loadgen.ParseMix(mix)
	require.NoError(t, err)
	return cfg
}

func line(t *testing.T, rep *loadgen.Report, name string) loadgen.Line {
	t.Helper()
	for _, l := range rep.Operations {
		if l.Operation == name {
			return l
		}
	}
	require.Fail(t, "no line for "+name)
	return loadgen.Line{}
}

// TestApply: the operations that the report counts are those that the server has
// booked, of all keys, and their holds can be settled.
func TestApply(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			t.Parallel()
			url := start(t)
			rep := run(t, applying(t, url, protocol, "reserve=1,settle=10,apply=3"), 150)
			require.Zero(t, rep.Total.ErrorCount, "%v", rep.Total.Errors)
			require.Zero(t, rep.Total.ItemErrorCount, "%v", rep.Total.ItemErrors)
			require.Zero(t, rep.Total.ItemRefusalCount)
			reserve, settle, apply := line(t, rep, "reserve"), line(t, rep, "settle"), line(t, rep, "apply")
			require.Equal(t, 20*apply.Count, apply.OperationCount)
			require.Equal(t, settle.Count, settle.OperationCount)
			require.Equal(t, rep.Total.Count+19*apply.Count, rep.Total.OperationCount)
			require.InEpsilon(t, 20*apply.RatePerSecond, apply.OperationsPerSecond, 1e-9)
			require.Equal(t, reserve.Count+apply.OperationCount-settle.Count, rep.OpenHoldCount)
			// Without the holds of the batches there would be none left to settle.
			require.Greater(t, settle.Count, reserve.Count)
			spent, held := int64(0), int64(0)
			for _, k := range keys(t, url) {
				require.Positive(t, k.GetUsage()[0].GetHeldSats())
				spent += k.GetUsage()[0].GetSpentSats()
				held += k.GetUsage()[0].GetHeldSats()
			}
			require.Equal(t, 7*settle.Count, spent)
			require.Equal(t, 7*rep.OpenHoldCount, held)
		})
	}
}

// TestApplyReasons: within a batch that is answered, refusals and errors are those
// of its operations; a call that fails is an error of its own.
func TestApplyReasons(t *testing.T) {
	t.Parallel()
	url := start(t)
	owner := satcapv1connect.NewApiKeyServiceClient(client(url))
	res, err := owner.CreateApiKey(t.Context(), &satcapv1.CreateApiKeyRequest{
		Name: "small", Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_WRITE},
		Limits: []*satcapv1.CreateApiKeyLimit{{Window: satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, LimitSats: 1}},
	})
	require.NoError(t, err)
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			cfg := applying(t, url, protocol, "apply=1")
			cfg.KeyIDs, cfg.HotShare = []string{res.GetApiKey().GetApiKeyId(), uuid.NewString()}, 0.8
			rep := run(t, cfg, 20)
			apply := line(t, rep, "apply")
			require.Zero(t, apply.ErrorCount, "%v", apply.Errors)
			require.Zero(t, apply.RefusalCount)
			require.Equal(t, 20*apply.Count, apply.OperationCount)
			require.Equal(t, map[string]int64{"API_KEY_NOT_FOUND": apply.ItemErrorCount}, apply.ItemErrors)
			require.Equal(t, apply.OperationCount, apply.ItemRefusalCount+apply.ItemErrorCount)
			require.InDelta(t, 0.8, float64(apply.ItemRefusalCount)/float64(apply.OperationCount), 0.1)
			require.Equal(t, apply.ItemErrors, rep.Total.ItemErrors)
			require.Zero(t, rep.OpenHoldCount)

			cfg.Token = "wrong"
			rep = run(t, cfg, 1)
			require.Equal(t, map[string]int64{"UNAUTHENTICATED": rep.Total.Count}, rep.Total.Errors)
			require.Zero(t, rep.Total.OperationCount)
		})
	}
}

func TestBatchRange(t *testing.T) {
	t.Parallel()
	cfg := applying(t, "http://127.0.0.1:1", loadgen.GRPC, "apply=1")
	for batch, fits := range map[int]bool{-1: false, 0: false, 1: true, 1000: true, 1001: false} {
		if cfg.Batch = batch; fits {
			require.NoError(t, cfg.Validate())
		} else {
			require.EqualError(t, cfg.Validate(), "--batch must be from 1 to 1000")
		}
	}
	cfg.Mix, _ = loadgen.ParseMix("reserve=1")
	require.NoError(t, cfg.Validate()) // nobody reads it
}
