// Apply: a batch against a snapshot, and what one operation must not do to its
// neighbours.

package ledger_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func TestOperationsOfABatchSeeEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	outcomes := b.run(t,
		b.reserve("a", 70), b.reserve("b", 40), b.reserve("c", 30), b.release("a"), b.reserve("b", 40), b.reserve("b", 40), b.settle("c", 0))
	var refusal *ledger.LimitExceededError
	require.ErrorAs(t, outcomes[1].Err, &refusal)
	require.Equal(t, int64(30), refusal.MaxAllowedSats)
	for i, out := range outcomes {
		if i == 1 {
			continue
		}
		require.NoError(t, out.Err)
		require.Equal(t, i == 5, out.Result.Replayed)
		require.Equal(t, start, out.Result.Key.AsOfUs, "one batch is decided at one moment")
	}
	// stamps are a microsecond apart, and refusals and replays take none
	require.Equal(t, start+4, b.key().LastUs)
	require.Equal(t, int64(6), b.key().Revision)
	require.Equal(t, start+4, outcomes[6].Result.Spend.SettledAtUs)
	b.sums(40, 30)
	require.Len(t, b.applied.Changes.Inserted, 3)
	require.Empty(t, b.applied.Changes.Updated, "a spend that is new to the store is inserted as it stands")
}

func TestRefusalsLeaveNeighboursAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	other, missing := b.on, b.on
	other.KeyID, missing.KeyID = ledger.KeyID{2}, ledger.KeyID{3}
	b.addKey(other.KeyID, "bob", ledger.Limits{5, 0, 0, 0})
	b.ok(b.reserve("taken", 10))
	outcomes := b.run(t,
		b.reserve("s", 90),
		ledger.Reserve{KeyRef: other, SpendID: "s", AmountSats: 6, TTLUs: ttl},
		b.settle("unheard", 0),
		ledger.Reserve{KeyRef: missing, SpendID: "s", AmountSats: 1, TTLUs: ttl},
		ledger.Reserve{KeyRef: other, SpendID: "s", AmountSats: 5, TTLUs: ttl},
		b.reserve("taken", 11),
		b.settle("s", 80),
	)
	for i, want := range []error{nil, nil, ledger.ErrSpendNotFound, ledger.ErrKeyNotFound, nil, ledger.ErrSpendIDReused, nil} {
		if i != 1 {
			require.ErrorIs(t, outcomes[i].Err, want, i)
		}
	}
	require.IsType(t, &ledger.LimitExceededError{}, outcomes[1].Err)
	b.sums(10, 80)
	b.on = other
	b.sums(5, 0)
}

// Refusals and replays alone save nothing, unless time has moved the sums.
func TestNothingToSave(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.ok(b.reserve("s", 100))
	b.clockUs += second
	before := b.key()
	b.run(t, b.reserve("s", 100), b.reserve("t", 1), b.settle("u", 0))
	require.True(t, b.applied.Changes.Empty())
	require.Equal(t, before, b.key())

	b.clockUs = start + ttl
	b.exceeded(b.reserve("t", 101))
	require.False(t, b.applied.Changes.Empty())
	require.Equal(t, b.clockUs, b.key().AsOfUs)
	require.Equal(t, b.clockUs, b.key().LastUs, "no later batch may be decided before what has left")
	require.Zero(t, b.key().HeldSats)
	require.Equal(t, before.Revision, b.key().Revision)
}

// Sums that cannot be true are never written, and never decided on.
func TestUnsoundSums(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit func(*ledger.Key)
	}{
		{"NegativeHeld", func(k *ledger.Key) { k.HeldSats = -1 }},
		{"NegativeSpent", func(k *ledger.Key) { k.SpentSats = [4]int64{-1, 0, 0, 0} }},
		{"LessInALongerWindow", func(k *ledger.Key) { k.SpentSats = [4]int64{5, 5, 4, 5} }},
		{"PastInt64", func(k *ledger.Key) { k.HeldSats, k.SpentSats[3] = 1, math.MaxInt64 }},
		{"MoreReleasedThanHeld", func(k *ledger.Key) { k.HeldSats = 9 }}, // "old" holds 10
		{"AsOfTheFuture", func(k *ledger.Key) { k.AsOfUs = start + hour }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{})
			b.ok(b.reserve("old", 10))
			b.change(test.edit)
			good := ledger.KeyRef{KeyID: ledger.KeyID{2}}
			b.addKey(good.KeyID, "bob", ledger.Limits{})
			stored, rows := b.key(), b.clone().spends
			foreign := b.on
			foreign.Subject = "bob"
			outcomes := b.run(t,
				b.settle("t", 5), b.release("old"), b.reserve("s", 10), ledger.Pause{KeyRef: b.on}, ledger.Pause{KeyRef: foreign},
				ledger.Reserve{KeyRef: good, SpendID: "s", AmountSats: 10, TTLUs: ttl})
			for _, out := range outcomes[:4] {
				same(t, ledger.Result{}, out.Result)
				require.ErrorIs(t, out.Err, ledger.ErrInvariant)
			}
			require.ErrorIs(t, outcomes[4].Err, ledger.ErrKeyNotFound, "a stranger learns nothing")
			require.NoError(t, outcomes[5].Err)
			require.Equal(t, stored, b.key())
			require.Equal(t, rows, b.spends[:1])
			require.Len(t, b.spends, 2, "only the neighbour's")
		})
	}
}

// A snapshot read for a moment that the key has passed would bring time back.
func TestStaleSnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.reserve("s", 10))
	ops := []ledger.Operation{b.release("s")}
	snap := b.load(ops)
	snap.Keys[b.on.KeyID].NowUs = b.key().LastUs
	applied := ledger.Apply(snap, ops)
	require.ErrorIs(t, applied.Outcomes[0].Err, ledger.ErrInvariant)
	require.True(t, applied.Changes.Empty())
}

// Applying the same batch again gives the same answer: the engine does, when a
// refusal needs a schedule or the store asks to retry.
func TestApplyLeavesTheSnapshotAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	for i := range 4 {
		b.ok(b.reserve(fmt.Sprintf("s%d", i), 20))
	}
	b.ok(b.settleAs("s0", 0, "txn"))
	b.ok(b.reverseTransaction("ahead"))
	b.clockUs += ttl + 1
	revision := int64(7)
	ops := []ledger.Operation{
		b.settle("s1", 5), b.release("s2"), b.reverseTransaction("txn"), b.settleAs("new", 3, "ahead"), b.reserve("s4", 80),
		b.reserve("s5", 50), b.limit(ledger.LimitUpdate{Window: ledger.Daily, LimitSats: 1}), ledger.Revoke{KeyRef: b.on},
		ledger.UpdateLimits{KeyRef: b.on, ExpectedRevision: &revision}, ledger.Sweep{KeyRef: b.on, Limit: 1},
	}
	snap, untouched := b.load(ops), b.load(ops)
	for _, s := range []*ledger.Snapshot{snap, untouched} {
		s.Keys[b.on.KeyID].Schedule = b.schedule(b.on.KeyID, b.clockUs, ledger.WalkFirst)
	}
	first := ledger.Apply(snap, ops)
	require.Empty(t, cmp.Diff(untouched, snap))
	require.Len(t, first.Changes.Keys, 1)
	second := ledger.Apply(snap, ops)
	require.Equal(t, first, second)
}

// Without a schedule a refusal cannot be explained: nothing may be answered, and
// Apply says for which keys and how long the schedules must be.
func TestUnexplained(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{10, 0, 0, 0})
	other := ledger.KeyRef{KeyID: ledger.KeyID{2}}
	b.addKey(other.KeyID, "bob", ledger.Limits{10, 0, 0, 0})
	b.ok(b.reserve("s", 10))
	ops := []ledger.Operation{ledger.Reserve{KeyRef: other, SpendID: "s", AmountSats: 10, TTLUs: ttl}, b.reserve("t", 1)}
	snap := b.load(ops)
	applied := ledger.Apply(snap, ops)
	require.Equal(t, []ledger.KeyID{b.on.KeyID}, applied.Unexplained)
	require.Equal(t, ledger.WalkFirst, applied.ScheduleLimit)

	snap.Keys[b.on.KeyID].Schedule = &ledger.Schedule{Limit: ledger.WalkFirst} // says nothing of the hold
	applied = ledger.Apply(snap, ops)
	require.Equal(t, []ledger.KeyID{b.on.KeyID}, applied.Unexplained)
	require.Equal(t, ledger.WalkBound, applied.ScheduleLimit)

	snap.Keys[b.on.KeyID].Schedule = b.schedule(b.on.KeyID, snap.Keys[b.on.KeyID].NowUs, ledger.WalkBound)
	require.Empty(t, ledger.Apply(snap, ops).Unexplained)
}

// BenchmarkApplyReserve is a batch of 256 holds on one key, all granted.
func BenchmarkApplyReserve(bench *testing.B) {
	b := setup(bench, ledger.Limits{1_000_000, 1_000_000, 1_000_000, 1_000_000})
	var ops []ledger.Operation
	for i := range 256 {
		ops = append(ops, b.reserve(fmt.Sprintf("spend-%d", i), 10))
	}
	snap := b.load(ops)
	bench.ReportAllocs()
	for bench.Loop() {
		if applied := ledger.Apply(snap, ops); len(applied.Changes.Inserted) != len(ops) {
			bench.Fatal("not all were granted")
		}
	}
	bench.ReportMetric(float64(bench.Elapsed().Nanoseconds())/float64(bench.N*len(ops)), "ns/reserve")
}
