// Batches against single calls, their largest requests, and what is left when
// one does not come to its end.

package rpc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/store"
)

// TestBatchIsSingleCalls: random operations give the same answers and the same
// books in batches as one by one.
func TestBatchIsSingleCalls(t *testing.T) {
	t.Parallel()
	for database := range databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			// Parts of 4 operations: a batch takes several of them.
			s := newServer(t, database, nil, func(c *engine.Config) { c.Shards, c.MaxBatch = 2, 8 })
			e := &env{t: t, s: s, c: grpcGo(t, s.url), subject: "twins", made: &calls{}}
			kinds, checks := map[string]int{}, 0
			rapid.Check(t, func(t *rapid.T) {
				if checks++; database == "postgres" && checks > 20 {
					return // every single call there waits for the disk
				}
				s.clock.Store(start)
				w := &twins{env: e, seen: kinds}
				for range rapid.IntRange(1, 3).Draw(t, "keys") {
					sats := rapid.Int64Range(1, 40).Draw(t, "limit")
					w.batched, w.single = append(w.batched, e.newKey(limit(daily, sats))), append(w.single, e.newKey(limit(daily, sats)))
				}
				for range rapid.IntRange(1, 2).Draw(t, "batches") {
					w.step(t)
					// In steps in which no hold and no window of these ends.
					e.advance(7 * 60 * second * rapid.Int64Range(0, 170).Draw(t, "pause"))
				}
			})
			if database == "postgres" {
				return
			}
			for _, kind := range []string{"reserve", "settle", "release", "reverse", "record", "SPENDING_LIMIT_EXCEEDED", "INVALID_ARGUMENT", "API_KEY_NOT_FOUND", "SPEND_CLOSED", "SPEND_ID_REUSED", "TRANSACTION_ID_REUSED", "SPEND_NOT_FOUND", "API_KEY_PAUSED"} {
				require.NotZero(t, kinds[kind], "never reached: %v", kinds)
			}
		})
	}
}

// twins are keys of which one half is changed by batches and the other by single
// calls.
type twins struct {
	*env
	batched, single []string
	seen            map[string]int
}

// step draws a batch and compares.
func (w *twins) step(t *rapid.T) {
	if at := rapid.IntRange(0, 9).Draw(t, "pause"); at < len(w.single) {
		w.pause(w.single[at]).ok()
		w.pause(w.batched[at]).ok()
	}
	var batched, single []*satcapv1.SpendOperation
	nobody := uuid.NewString()
	for range rapid.IntRange(1, 25).Draw(t, "operations") {
		which := rapid.IntRange(0, 3*len(w.single)).Draw(t, "key")
		draw := w.operation(t)
		if which == 3*len(w.single) {
			batched, single = append(batched, draw(nobody)), append(single, draw(nobody))
			continue
		}
		batched, single = append(batched, draw(w.batched[which/3])), append(single, draw(w.single[which/3]))
	}
	got := w.applied(batched...)
	for i, op := range single {
		same(t, w.alone(op), w.inBatch(i, got[i]))
	}
	for i := range w.single {
		same(t, words(w, "usage", w.usage(w.single[i])), words(w, "usage", w.usage(w.batched[i])))
		list := func(key string) string {
			return words(w, "list", w.listSpends(&satcapv1.ListSpendsRequest{ApiKeyId: key, PageSize: 1000}))
		}
		same(t, list(w.single[i]), list(w.batched[i]))
	}
}

func same(t *rapid.T, alone, inBatch string) {
	if alone != inBatch {
		t.Fatalf("alone: %s\nin a batch: %s", alone, inBatch)
	}
}

// operation draws an operation on a key that is named later. Few names, so that
// they meet; some break a rule.
func (w *twins) operation(t *rapid.T) func(key string) *satcapv1.SpendOperation {
	id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", " "}).Draw(t, "spend")
	transaction := rapid.SampledFrom([]string{"", "", "", "t", "u"}).Draw(t, "transaction")
	sats := rapid.Int64Range(0, 9).Draw(t, "sats")
	ttl := rapid.SampledFrom([]time.Duration{-1, 0, 0, time.Hour, 10 * time.Hour}).Draw(t, "ttl")
	kind := rapid.IntRange(0, 12).Draw(t, "kind")
	return func(key string) *satcapv1.SpendOperation {
		switch {
		case kind < 5:
			op := reserveOp(key, id, sats)
			if ttl != 0 {
				op.GetReserve().Ttl = durationpb.New(ttl)
			}
			return op
		case kind < 7:
			return settleOp(key, id, sats, transaction)
		case kind < 8:
			return recordOp(key, id, sats, transaction)
		case kind < 10:
			return releaseOp(key, id)
		case kind < 11:
			return reverseOp(key, id)
		case kind < 12:
			return reverseTransactionOp(key, transaction)
		}
		return &satcapv1.SpendOperation{Operation: &satcapv1.SpendOperation_Reverse{Reverse: &satcapv1.ReverseSpendRequest{ApiKeyId: key}}}
	}
}

// alone makes the operation's own call and says in words how it was answered.
func (w *twins) alone(op *satcapv1.SpendOperation) string {
	w.t.Helper()
	switch o := op.GetOperation().(type) {
	case *satcapv1.SpendOperation_Reserve:
		return words(w, "reserve", call(w.env, serviceToken, v1.SpendServiceReserveSpendProcedure, o.Reserve, &satcapv1.ReserveSpendResponse{}))
	case *satcapv1.SpendOperation_Settle:
		return words(w, "settle", call(w.env, serviceToken, v1.SpendServiceSettleSpendProcedure, o.Settle, &satcapv1.SettleSpendResponse{}))
	case *satcapv1.SpendOperation_Release:
		return words(w, "release", call(w.env, serviceToken, v1.SpendServiceReleaseSpendProcedure, o.Release, &satcapv1.ReleaseSpendResponse{}))
	case *satcapv1.SpendOperation_Reverse:
		return words(w, "reverse", call(w.env, serviceToken, v1.SpendServiceReverseSpendProcedure, o.Reverse, &satcapv1.ReverseSpendResponse{}))
	case *satcapv1.SpendOperation_Record:
		return words(w, "record", call(w.env, serviceToken, v1.SpendServiceRecordSpendProcedure, o.Record, &satcapv1.RecordSpendResponse{}))
	}
	panic("no such operation")
}

// inBatch says in the same words how it was answered in a batch.
func (w *twins) inBatch(at int, r *satcapv1.SpendResult) string {
	w.t.Helper()
	switch o := r.GetResult().(type) {
	case *satcapv1.SpendResult_Reserve:
		return words(w, "reserve", answer[*satcapv1.ReserveSpendResponse]{res: o.Reserve})
	case *satcapv1.SpendResult_Settle:
		return words(w, "settle", answer[*satcapv1.SettleSpendResponse]{res: o.Settle})
	case *satcapv1.SpendResult_Release:
		return words(w, "release", answer[*satcapv1.ReleaseSpendResponse]{res: o.Release})
	case *satcapv1.SpendResult_Reverse:
		return words(w, "reverse", answer[*satcapv1.ReverseSpendResponse]{res: o.Reverse})
	case *satcapv1.SpendResult_Record:
		return words(w, "record", answer[*satcapv1.RecordSpendResponse]{res: o.Record})
	}
	f := itemFailure(w.t, r)
	// The path to a field begins at the batch, and nothing else is different.
	f.message = regexp.MustCompile(fmt.Sprintf(`operations\[%d\]\.(reserve|settle|release|reverse|record)\.`, at)).ReplaceAllString(f.message, "")
	for _, d := range f.details {
		if violations, ok := d.(*validate.Violations); ok {
			for _, v := range violations.GetViolations() {
				require.Equal(w.t, uint64(at), v.GetField().GetElements()[0].GetIndex())
				v.Field.Elements = v.Field.Elements[2:]
			}
		}
	}
	return words(w, "", answer[*satcapv1.SpendResult]{f: f})
}

// micro is the part of a time in which batches and single calls may differ: the
// clock of this test stands still, and the changes of a key are 1 us apart.
var micro = regexp.MustCompile(`(:\d\d\.\d{3})\d*Z`)

// words are an answer in full, with the names of the keys of single calls.
func words[M proto.Message](w *twins, kind string, a answer[M]) string {
	w.t.Helper()
	var out strings.Builder
	if a.f == nil {
		w.seen[kind]++
		fmt.Fprintln(&out, kind, protojson.Format(a.res))
	} else {
		w.seen[reasonIn(w.t, a.f)]++
		fmt.Fprintln(&out, a.f.code, a.f.message)
		for _, d := range a.f.details {
			fmt.Fprintln(&out, d.ProtoReflect().Descriptor().FullName(), protojson.Format(d))
		}
	}
	text := out.String()
	for i := range w.batched {
		text = strings.ReplaceAll(text, w.batched[i], w.single[i])
	}
	text = micro.ReplaceAllString(text, "${1}Z")
	return strings.ReplaceAll(strings.ReplaceAll(text, "\u00a0", " "), "  ", " ") // blanks vary
}

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
			f := newFaults(t, func(c *engine.Config) { c.MaxBatch = 2 }) // one operation in a part
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
	f := newFaults(t, func(c *engine.Config) { c.MaxBatch = 2 })
	goOn, loads := make(chan struct{}), 0
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
	close(goOn)
	f.record(f.key, "after", 1).ok() // behind the part that was under way
	require.Equal(t, int64(4), f.usage(f.key).ok().GetRevision(), "a and b, and not c")
	a = w.post(t, v1.SpendServiceApplySpendsProcedure, body)
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "daily 100 4 0 96", sums(f.usage(f.key).ok().GetUsage())[0])
	require.Equal(t, int64(5), f.usage(f.key).ok().GetRevision())
}
