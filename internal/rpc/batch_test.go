// The largest batches, their record in the log, and what is left when one does
// not come to its end.

package rpc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/store"
)

// TestBatchBytes: the largest batch there can be is read, and only batches may
// be as large.
func TestBatchBytes(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	name := func(i int) string { return strings.Repeat("\U0001f600", 124) + fmt.Sprintf("%04d", i) } // 4 bytes each, or 12 in JSON
	largest := &satcapv1.ApplySpendsRequest{}
	for i := range 1000 {
		largest.Operations = append(largest.Operations, recordOp(w.key, name(i), maxSat, name(i)))
	}
	binary, err := proto.Marshal(largest)
	require.NoError(t, err)
	var escaped strings.Builder
	for _, r := range strings.ReplaceAll(protojson.MarshalOptions{UseProtoNames: true}.Format(largest), "\u00a0", " ") {
		if r < utf8.RuneSelf {
			escaped.WriteRune(r)
			continue
		}
		high, low := utf16.EncodeRune(r)
		fmt.Fprintf(&escaped, `\u%04x\u%04x`, high, low)
	}
	t.Logf("1,000 operations with the longest names: %d bytes, in JSON with all of them escaped %d bytes", len(binary), escaped.Len())
	const apply = v1.SpendServiceApplySpendsProcedure
	a := w.post(t, apply, escaped.String())
	require.Equal(t, http.StatusOK, a.status, "%.200s", a.body)
	t.Logf("the answer: %d bytes in JSON", len(a.body))
	first := &satcapv1.ApplySpendsResponse{}
	require.NoError(t, protojson.Unmarshal(a.body, first))

	again := *w.env
	again.c = grpcGo(t, w.s.url) // whose clients read 4 MiB of an answer
	res := again.applied(largest.GetOperations()...)
	t.Logf("and %d bytes by gRPC", proto.Size(&satcapv1.ApplySpendsResponse{Results: res}))
	for i, r := range res {
		require.Equal(t, name(i), r.GetRecord().GetSpend().GetSpendId())
		require.True(t, proto.Equal(first.GetResults()[i].GetRecord().GetSpend(), r.GetRecord().GetSpend()))
	}
	var wrong []*satcapv1.SpendOperation
	for range 1000 {
		wrong = append(wrong, settleOp("x", " ", -1, " ")) // every field breaks its rule
	}
	res = again.applied(wrong...)
	t.Logf("1,000 errors of four violations each: %d bytes by gRPC", proto.Size(&satcapv1.ApplySpendsResponse{Results: res}))
	require.Len(t, detail[*validate.Violations](t, again.refusedItem(res[999], "INVALID_ARGUMENT")).GetViolations(), 4)

	padded := func(n int) string {
		body := `{"operations":[{"release":{"apiKeyId":"` + w.key + `","spendId":"a"}}]}`
		return body + strings.Repeat(" ", n-len(body))
	}
	require.Equal(t, http.StatusOK, w.post(t, apply, padded(4<<20)).status)
	requireReason(t, w.post(t, apply, padded(4<<20+1)).failure(t), "REQUEST_TOO_LARGE")
	var squeezed bytes.Buffer
	z := gzip.NewWriter(&squeezed)
	_, err = z.Write([]byte(padded(5 << 20)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	requireReason(t, w.post(t, apply, squeezed.String(), "Content-Encoding", "gzip").failure(t), "REQUEST_TOO_LARGE")
	for _, procedure := range procedures(t) {
		if procedure == apply || procedure == v1.UsageServiceWatchUsageProcedure {
			continue
		}
		a := w.post(t, procedure, "{"+strings.Repeat(" ", 64<<10)+"}")
		require.Equal(t, http.StatusTooManyRequests, a.status, procedure)
	}
}

// TestBatchUnreadable: what cannot be read is refused as a whole, and nothing of
// it is done.
func TestBatchUnreadable(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	const good = `{"record":{"apiKeyId":"KEY","spendId":"a","amountSats":1}}`
	for body, say := range map[string]string{
		`{"operations":[` + good + `,{"pay":{}}]}`:                                 "pay",
		`{"operations":[` + good + `,{"release":{"apiKeyId":"KEY","spend":"b"}}]}`: "spend",
		`{"operations":[` + good + `,null]}`:                                       "",
		`{"operations":[` + good + `,{"record":{"apiKeyId":1}}]}`:                  "",
		`{"operations":[` + good:                                                   "",
		`{}`:                                                                       "operations:",
	} {
		w.refused(t, v1.SpendServiceApplySpendsProcedure, body, say)
	}
	require.Equal(t, int64(1), w.usage(w.key).ok().GetRevision())
}

// TestBatchRecord: one record for a batch, with how many operations ended how.
func TestBatchRecord(t *testing.T) {
	t.Parallel()
	f := newFaults(t)
	f.applied(recordOp(f.key, "a", 60), reserveOp(f.key, "b", 50), reserveOp(f.key, "c", 51), reserveOp(f.key, "d", 0), recordOp(f.key, "e", 1))
	last := func() map[string]any {
		records := f.s.logs.records(t, "call")
		return records[len(records)-1]
	}
	require.Equal(t, map[string]any{"ok": 2., "SPENDING_LIMIT_EXCEEDED": 2., "INVALID_ARGUMENT": 1.}, last()["operations"])
	require.Equal(t, []any{"INFO", "ok", nil}, []any{last()["level"], last()["code"], last()["cause"]})
	f.store.set(&f.store.commit, always(fmt.Errorf("%w: the disk is full", store.ErrUnavailable)))
	f.refusedItem(f.applied(recordOp(f.key, "f", 1))[0], "STORE_UNAVAILABLE")
	require.Equal(t, map[string]any{"STORE_UNAVAILABLE": 1.}, last()["operations"])
	require.Equal(t, []any{"ERROR", "ok"}, []any{last()["level"], last()["code"]})
	require.Contains(t, last()["cause"], "the disk is full")
	f.usage(f.key).ok()
	require.NotContains(t, last(), "operations")
}

// TestBatchUndecided: what could not be decided keeps back what stands after it
// for the same key, and the same call again repairs it.
func TestBatchUndecided(t *testing.T) {
	t.Parallel()
	for reason, fault := range map[string]error{"STORE_UNAVAILABLE": store.ErrUnavailable, "OUTCOME_UNKNOWN": store.ErrOutcomeUnknown} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := newFaults(t, func(c *engine.Config) { c.MaxBatch = 1 }) // one operation in a part
			other := f.newKey()
			commits := 0
			f.store.set(&f.store.commit, func(context.Context) error {
				if commits++; commits == 2 {
					return fault
				}
				return nil
			})
			ops := []*satcapv1.SpendOperation{
				reserveOp(f.key, "a", 1), reserveOp(f.key, "b", 2), settleOp(f.key, "b", 0), recordOp(other, "c", 3), reserveOp(f.key, "d", 0),
			}
			got := f.applied(ops...)
			require.NotNil(t, got[0].GetReserve())
			f.refusedItem(got[1], reason)
			f.refusedItem(got[2], reason) // and not SPEND_NOT_FOUND, which nobody repeats
			require.NotNil(t, got[3].GetRecord())
			f.refusedItem(got[4], "INVALID_ARGUMENT")
			again := f.applied(ops...)
			require.True(t, again[0].GetReserve().GetReplayed())
			require.False(t, again[1].GetReserve().GetReplayed())
			require.Equal(t, int64(2), again[2].GetSettle().GetSpend().GetAmountSats())
			require.Equal(t, got[3].String(), again[3].String())
			require.Equal(t, "daily 100 2 1 97", sums(f.usage(f.key).ok().GetUsage())[0])
		})
	}
}

// TestBatchDeadline: a call whose time is over has done each of its operations or
// not, and the same call again finishes it.
func TestBatchDeadline(t *testing.T) {
	t.Parallel()
	f := newFaults(t, func(c *engine.Config) { c.MaxBatch = 1 })
	goOn, loads := make(chan struct{}), 0
	letAll := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(letAll) // before the engine waits for its batches
	f.store.set(&f.store.load, func(context.Context) error {
		if loads++; loads == 2 {
			<-goOn
		}
		return nil
	})
	w := &wire{f.env, f.key}
	item := func(id string) string { return `{"record":{"apiKeyId":"KEY","spendId":"` + id + `","amountSats":1}}` }
	body := `{"operations":[` + item("a") + "," + item("b") + "," + item("c") + `]}`
	a := w.post(t, v1.SpendServiceApplySpendsProcedure, body, "Connect-Timeout-Ms", "300")
	require.Equal(t, http.StatusGatewayTimeout, a.status)
	requireReason(t, a.failure(t), "DEADLINE_EXCEEDED")
	letAll()
	f.record(f.key, "after", 1).ok() // behind the part that was under way
	require.Equal(t, int64(4), f.usage(f.key).ok().GetRevision(), "a and b, and not c")
	a = w.post(t, v1.SpendServiceApplySpendsProcedure, body)
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "daily 100 4 0 96", sums(f.usage(f.key).ok().GetUsage())[0])
	require.Equal(t, int64(5), f.usage(f.key).ok().GetRevision())
}
