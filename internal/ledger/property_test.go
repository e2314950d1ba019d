// Random histories of a year and more: after every batch the ledger must agree
// with the naive model in every answer, every row and every sum.

package ledger_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/satcap/satcap/internal/ledger"
)

// history is one random life of some keys, told to the store and to the model.
type history struct {
	store   *fakeStore
	keys    []*modelKey
	ids     int // how many spends were named so far
	rotated int // how many secrets were made so far
	seen    map[string]int
}

func TestRandomHistories(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t, seen)
		t.Repeat(map[string]func(*rapid.T){
			"batch": h.batch,
			"again": h.batch, // twice, so that batches are the most frequent step
			"view":  h.view,
		})
	})
	// The checker is worth what the generator reaches: without these the
	// property would hold for want of trying.
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	require.NoError(t, err)
	t.Logf("reached: %v", seen)
	if checks < 1000 {
		return
	}
	for _, what := range []string{
		"granted", "granted exactly to the limit", "granted at the moment something left", "replayed hold",
		"refused 1 us before something left", "refused for ever", "refused with a time", "refused in need of a longer schedule",
		"late", "over hold", "unreserved", "settled at the moment its hold expired", "reversed ahead by transaction",
		"reversed a transaction and its spend", "reversed a transaction and spared a spend",
		"settled exactly", "imported", "import replayed", "imported after its reversal", "import named a transaction", "import settled a hold",
		"imported at the moment it left a window", "imported from before every window", "imported beside another",
		"clock stepped back", "sums moved by time alone", "swept away", "beyond 365 days",
		ledger.ErrKeyNotFound.Error(), ledger.ErrKeyRevoked.Error(), ledger.ErrKeyExpired.Error(), ledger.ErrKeyPaused.Error(),
		ledger.ErrSpendNotFound.Error(), ledger.ErrSpendIDReused.Error(), ledger.ErrTransactionIDReused.Error(),
		ledger.ErrSumOverflow.Error(), ledger.ErrRevisionMismatch.Error(), "closed",
		ledger.ErrRequestIDReused.Error(), "rotated again", "rotated again after the grace",
		ledger.ErrImportTime.Error(), ledger.ErrAmount.Error(),
	} {
		require.NotZero(t, seen[what], "no history reached: %s", what)
	}
}

func newHistory(t *rapid.T, seen map[string]int) *history {
	h := &history{store: &fakeStore{clockUs: start, keys: map[ledger.KeyID]ledger.Key{}, secrets: map[ledger.KeyID]secrets{}}, seen: seen}
	h.store.walkFirst = rapid.SampledFrom([]int{1, 2, 3, ledger.WalkFirst}).Draw(t, "walkFirst")
	for i := range rapid.IntRange(1, 3).Draw(t, "keys") {
		k := &modelKey{id: ledger.KeyID{byte(i + 1)}, subject: fmt.Sprintf("owner%d", i), state: ledger.KeyActive, revision: 1, reversed: map[string]int64{}}
		for _, w := range ledger.Windows() {
			k.limits[w] = drawLimit(t)
		}
		if dice(t, "expires") > 29 {
			k.expiresAtUs = start + rapid.Int64Range(10, 300).Draw(t, "life")*day
		}
		h.keys = append(h.keys, k)
		h.store.addKey(k.id, k.subject, k.limits)
		key := h.store.keys[k.id]
		key.ExpiresAtUs = k.expiresAtUs
		h.store.keys[k.id] = key
	}
	return h
}

// batch moves the clock and applies some operations to store and model.
func (h *history) batch(t *rapid.T) {
	h.moveClock(t)
	var ops []ledger.Operation
	for range 1 + dice(t, "size")%8 {
		ops = append(ops, h.operation(t))
	}
	before, lefts := h.store.clone(), map[ledger.KeyID]ledger.Left{}
	for _, k := range h.keys {
		k.begin(h.store.clockUs)
		lefts[k.id] = h.store.left(h.store.keys[k.id], k.nowUs)
	}
	outcomes := h.store.run(t, ops...)
	if h.store.applies > 2 {
		h.seen["refused in need of a longer schedule"]++
	}

	named := map[ledger.KeyID]bool{}
	for i, op := range ops {
		k := h.key(op.Target().KeyID)
		if k == nil {
			require.ErrorIs(t, outcomes[i].Err, ledger.ErrKeyNotFound)
			continue
		}
		named[k.id] = true
		lastUs, revision := k.lastUs, k.revision
		want := k.decide(op)
		h.count(k, op, want, outcomes[i])
		compare(t, k, op, want, outcomes[i], lastUs, revision)
		if refusal, is := outcomes[i].Err.(*ledger.LimitExceededError); is {
			availability(t, before, ops[:i], k, op.(ledger.Reserve), refusal)
		}
	}
	for _, k := range h.keys {
		if h.store.keys[k.id].AsOfUs == k.nowUs && k.lastUs < k.nowUs {
			h.seen["sums moved by time alone"]++
		}
		h.follow(t, k, named[k.id] && !lefts[k.id].None())
	}
}

func (h *history) key(id ledger.KeyID) *modelKey {
	i := slices.IndexFunc(h.keys, func(k *modelKey) bool { return k.id == id })
	if i < 0 {
		return nil
	}
	return h.keys[i]
}

// compare requires the ledger's answer to be the model's, and the promises that
// hold whatever the model says.
func compare(t *rapid.T, k *modelKey, op ledger.Operation, want answer, got ledger.Outcome, lastUs, revision int64) {
	t.Helper()
	if want.err != nil {
		switch want.err.(type) {
		case *ledger.LimitExceededError, *ledger.SpendClosedError:
			differ(t, want.err, got.Err, op)
		default:
			require.ErrorIs(t, got.Err, want.err, "%+v", op)
		}
		same(t, ledger.Result{}, got.Result)
		return
	}
	require.NoError(t, got.Err, "%+v", op)
	same(t, want.spend, got.Result.Spend, op)
	key := got.Result.Key
	require.Equal(t, k.revision, key.Revision)
	require.Equal(t, k.lastUs == lastUs, got.Result.Replayed)
	if got.Result.Replayed {
		require.Equal(t, revision, key.Revision)
	} else {
		require.Equal(t, revision+1, key.Revision)
		require.Greater(t, key.LastUs, lastUs, "stamps must strictly increase")
	}
	require.Equal(t, k.limits, key.Limits)
	require.Equal(t, k.state, key.State)
	require.Equal(t, k.nowUs, key.AsOfUs)
	for _, w := range ledger.Windows() {
		same(t, k.usage(w, k.nowUs), key.Usage()[w], op)
		if _, is := op.(ledger.Reserve); is && !got.Result.Replayed && key.Limits[w] != 0 {
			require.LessOrEqual(t, k.counted(w, k.nowUs), key.Limits[w], "overspent by a grant")
		}
	}
}

// availability requires that a refusal's times are true: what did not fit is
// granted at that moment and not 1 us before.
func availability(t *rapid.T, before *fakeStore, earlier []ledger.Operation, k *modelKey, op ledger.Reserve, refusal *ledger.LimitExceededError) {
	t.Helper()
	if m := refusal.MaxAllowedSats; m > 0 {
		require.True(t, k.allows(m, k.nowUs))
	}
	require.False(t, k.allows(refusal.MaxAllowedSats+1, k.nowUs))
	require.Zero(t, refusal.AvailableNotBeforeUs, "so short a walk is never cut")
	if refusal.AvailableAtUs == 0 {
		return
	}
	s := before.clone()
	if len(earlier) > 0 {
		s.run(t, earlier...)
	}
	key := s.keys[k.id]
	key.ExpiresAtUs = 0 // limits only
	s.keys[k.id] = key
	for _, probe := range []struct {
		clockUs int64
		granted bool
	}{{refusal.AvailableAtUs - 1, false}, {refusal.AvailableAtUs, true}} {
		if ledger.NowUs(probe.clockUs, key.LastUs) != probe.clockUs {
			continue // the batch has stamped past that moment already
		}
		at := s.clone()
		at.clockUs = probe.clockUs
		err := at.run(t, ledger.Reserve{KeyRef: op.KeyRef, SpendID: "probe", AmountSats: op.AmountSats, TTLUs: ttl})[0].Err
		require.Equal(t, probe.granted, err == nil, "at %d: %v", probe.clockUs-refusal.AvailableAtUs, err)
	}
}

// follow requires a key's rows and sums to be the model's, then lets the model
// forget what a sweep deleted.
func (h *history) follow(t *rapid.T, k *modelKey, mustMove bool) {
	t.Helper()
	key := h.store.keys[k.id]
	if mustMove {
		require.Equal(t, k.nowUs, key.AsOfUs, "what left must be saved, or a clock that steps back would bring it back")
	}
	require.GreaterOrEqual(t, key.LastUs, key.AsOfUs)
	require.True(t, key.LastUs == k.lastUs || key.LastUs == key.AsOfUs && key.LastUs > k.lastUs)
	k.lastUs = key.LastUs

	var rows []ledger.Spend
	for _, row := range h.store.spends {
		if row.KeyID == k.id {
			rows = append(rows, shown(&row, k.nowUs))
		}
	}
	k.rows = slices.DeleteFunc(k.rows, func(row *ledger.Spend) bool {
		gone := !slices.ContainsFunc(rows, func(r ledger.Spend) bool { return r.CreatedAtUs == row.CreatedAtUs })
		if gone {
			h.seen["swept away"]++
			require.Less(t, row.UpdatedAtUs, k.nowUs-400*day)
			require.NotEqual(t, ledger.Reserved, shown(row, k.nowUs).State)
		}
		return gone
	})
	var want []ledger.Spend
	for _, row := range k.rows {
		want = append(want, shown(row, k.nowUs))
	}
	sameRows(t, want, rows)
	for id := range k.reversed {
		if !slices.ContainsFunc(h.store.reversals, func(r ledger.Reversal) bool { return r.KeyID == k.id && r.TransactionID == id }) {
			delete(k.reversed, id)
		}
	}
	var changes []ledger.LimitChange
	for _, c := range h.store.limitChanges {
		if c.KeyID == k.id {
			changes = append(changes, c)
		}
	}
	sameRows(t, k.limitChanges, changes)
	h.requireSecrets(t, k)

	audit := ledger.Audit{Key: key, HeldSats: heldAt(k.rows, key.AsOfUs)}
	for _, w := range ledger.Windows() {
		audit.SpentSats[w] = spentAt(k.rows, w, key.AsOfUs)
	}
	for _, row := range k.rows {
		audit.LatestUs = max(audit.LatestUs, row.UpdatedAtUs)
	}
	require.Empty(t, audit.Differences())
}
