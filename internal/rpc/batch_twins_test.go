// Batches against the same operations in calls of their own.

package rpc_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

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
			if database == "postgres" || testing.Short() {
				return // too few to reach everything each time
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
