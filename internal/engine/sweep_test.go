// What a sweep does to the rows of a real database, and that no answer changes
// by it.

package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// answers is all that the engine says about a key, and about an amount.
type answers struct {
	usage    ledger.Usage
	revision int64
	refusal  *ledger.LimitExceededError
	spends   []ledger.Spend
}

// ask reads the answers for the spends created since sinceUs.
func ask(tb testing.TB, e *engine.Engine, id ledger.KeyID, sats, sinceUs int64) answers {
	tb.Helper()
	view, refusal, err := e.Check(tb.Context(), ref(id), sats)
	require.NoError(tb, err)
	a := answers{usage: view.Usage(), revision: view.Key.Revision, refusal: refusal}
	for _, s := range spends(tb, e, id) {
		if s.CreatedAtUs < sinceUs {
			break
		}
		// A hold that time has expired has no update of its own until it is swept.
		s.UpdatedAtUs = 0
		a.spends = append(a.spends, s)
	}
	return a
}

// sweepAll sweeps all pages and requires that nothing is due after that.
func sweepAll(tb testing.TB, e *engine.Engine, s store.Store) {
	tb.Helper()
	next, err := e.SweepPage(tb.Context(), ledger.KeyID{})
	require.NoError(tb, err)
	require.Zero(tb, next)
	require.Empty(tb, dueKeys(tb, s))
}

// dueKeys is the keys that have something to tidy.
func dueKeys(tb testing.TB, s store.Store) (due []ledger.KeyID) {
	tb.Helper()
	us, err := s.ClockUs(tb.Context())
	require.NoError(tb, err)
	page, err := s.ListSweepable(tb.Context(), store.ListSweepableParams{
		ExpiredAtUs: us, DeleteBeforeUs: us - ledger.RetentionUs, StaleBeforeUs: us - day, Limit: 1000,
	})
	require.NoError(tb, err)
	for _, k := range page {
		if k.Due {
			due = append(due, k.KeyID)
		}
	}
	return due
}

// TestSweepMarksExpiredHolds: time has expired them already; the sweep writes it
// down, and leaves open holds alone.
func TestSweepMarksExpiredHolds(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, s := onDatabase(t, d, c)
		id, idle := createKey(t, e, ledger.Limits{100, 100}), createKey(t, e, ledger.Limits{5})
		expiring := do(t, e, reserve(id, "expiring", 60)).Spend
		open := reserve(id, "open", 30)
		open.TTLUs = 2 * hour
		do(t, e, open)
		do(t, e, reserve(idle, "settled", 5))
		do(t, e, settle(idle, "settled", 5))
		require.Empty(t, dueKeys(t, s))
		c.us.Store(expiring.ExpiresAtUs - 1)
		require.Empty(t, dueKeys(t, s))
		c.move(1)
		require.Equal(t, []ledger.KeyID{id}, dueKeys(t, s))

		before, beforeIdle := ask(t, e, id, 71, 0), ask(t, e, idle, 1, 0)
		require.NotZero(t, before.refusal.AvailableAtUs)
		row, _ := stored(t, s, id, "expiring")
		require.Equal(t, ledger.Reserved, row.State)
		sweepAll(t, e, s)
		row, _ = stored(t, s, id, "expiring")
		require.Equal(t, ledger.Expired, row.State)
		require.Equal(t, expiring.ExpiresAtUs, row.UpdatedAtUs)
		row, _ = stored(t, s, id, "open")
		require.Equal(t, ledger.Reserved, row.State)
		require.Equal(t, before, ask(t, e, id, 71, 0))
		require.Equal(t, beforeIdle, ask(t, e, idle, 1, 0))
		requireUsage(t, usage(t, e, id), 30, 0)
		audited(t, s)

		late := do(t, e, settle(id, "expiring", 0))
		require.True(t, late.Spend.Late)
		requireUsage(t, late.Key.Usage(), 30, 60)
		audited(t, s)
	})
}

// TestSweepDeletesOldRows: what counts nowhere and did not change for 400 days
// goes, open holds stay, and the sums stay true.
func TestSweepDeletesOldRows(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, s := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{100, 0, 0, 100})
		openHold := reserve(id, "open", 10)
		openHold.TTLUs = 1000 * day
		do(t, e, openHold)
		do(t, e, settle(id, "settled", 20))
		do(t, e, settle(id, "settled later reversed", 20))
		do(t, e, ledger.Release{KeyRef: ref(id), SpendID: "tombstone"})
		do(t, e, ledger.Reverse{KeyRef: ref(id), SpendID: "reversed"})
		do(t, e, ledger.Reverse{KeyRef: ref(id), TransactionID: "reversed ahead"})
		do(t, e, reserve(id, "expires", 30))
		oldest := c.nowUs()
		c.move(100 * day)
		do(t, e, ledger.Reverse{KeyRef: ref(id), SpendID: "settled later reversed"})
		do(t, e, settle(id, "young", 25))
		young := c.nowUs()
		sweepAll(t, e, s)
		require.EqualValues(t, 7, audits(t, s)[0].SpendCount, "nothing goes before its time")

		c.us.Store(oldest + ledger.RetentionUs)
		sweepAll(t, e, s)
		require.EqualValues(t, 7, audits(t, s)[0].SpendCount, "nothing goes at its last moment")
		c.move(2*hour + second) // the hold that expired changed when it did
		before := ask(t, e, id, 90, young)
		require.NotNil(t, before.refusal)
		sweepAll(t, e, s)
		require.Equal(t, before, ask(t, e, id, 90, young))
		audited(t, s)
		var left []string
		for _, s := range spends(t, e, id) {
			left = append(left, s.ID)
		}
		require.Equal(t, []string{"young", "settled later reversed", "open"}, left)
		requireUsage(t, usage(t, e, id), 10, 0, 0, 0, 25)
		r := do(t, e, ledger.Settle{KeyRef: ref(id), SpendID: "new", AmountSats: 1, TransactionID: "reversed ahead"})
		require.Equal(t, ledger.Settled, r.Spend.State, "the early reversal is forgotten")

		c.us.Store(young + ledger.RetentionUs + hour)
		sweepAll(t, e, s)
		require.EqualValues(t, 2, audits(t, s)[0].SpendCount)
		row, exists := stored(t, s, id, "open")
		require.True(t, exists, "an open hold was deleted")
		require.Equal(t, ledger.Reserved, row.State)
		requireUsage(t, usage(t, e, id), 10, 0, 0, 0, 1)
		audited(t, s)
	})
}

// TestSweepMovesTailsBeforeItDeletes: a key that nobody touched for 400 days has
// sums that are 400 days old; they are brought to now before their rows go.
func TestSweepMovesTailsBeforeItDeletes(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, s := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{100, 100, 100, 100})
		for i := range 4 {
			do(t, e, settle(id, fmt.Sprint(i), 25))
		}
		c.move(ledger.RetentionUs + second)
		requireUsage(t, usage(t, e, id), 0, 0)
		require.EqualValues(t, 100, audits(t, s)[0].Key.SpentSats[ledger.Annual])
		sweepAll(t, e, s)
		after := audits(t, s)[0]
		require.Zero(t, after.SpendCount)
		require.Zero(t, after.Key.SpentSats)
		require.Empty(t, after.Differences())
		requireUsage(t, usage(t, e, id), 0, 0)
		do(t, e, reserve(id, "again", 100))
		audited(t, s)
	})
}

// TestSweepBringsStaleSumsForward: sums that stood still for a day are saved
// anew, so that the next operation has little to walk.
func TestSweepBringsStaleSumsForward(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, s := onDatabase(t, d, c)
		id, empty := createKey(t, e, ledger.Limits{100}), createKey(t, e, ledger.Limits{100})
		do(t, e, settle(id, "a", 40))
		c.move(12 * hour)
		do(t, e, settle(id, "b", 50))
		require.EqualValues(t, 90, audits(t, s)[0].Key.SpentSats[ledger.Daily])
		c.move(day)
		require.Empty(t, dueKeys(t, s), "a day old")
		c.move(second)
		require.Equal(t, []ledger.KeyID{id}, dueKeys(t, s))
		before, beforeEmpty := ask(t, e, id, 100, 0), ask(t, e, empty, 101, 0)
		sweepAll(t, e, s)
		k := audits(t, s)[0].Key
		require.Equal(t, c.nowUs(), k.AsOfUs)
		require.Equal(t, [ledger.WindowCount]int64{0, 90, 90, 90}, k.SpentSats)
		require.Equal(t, before, ask(t, e, id, 100, 0))
		require.Equal(t, beforeEmpty, ask(t, e, empty, 101, 0))
		audited(t, s)
	})
}

// TestSweepManyRows: more than one step's worth of rows goes in one call.
func TestSweepManyRows(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		const rows = 1201 // three steps
		c := newClock()
		e, s := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{})
		fill(t, s, id, rows, func(i int, row *ledger.Spend) {
			row.State, row.HeldSats = ledger.Reserved, 1
			row.ReservedAtUs, row.ExpiresAtUs = row.CreatedAtUs, row.CreatedAtUs+int64(i%2)*1000*day+hour
		})
		requireUsage(t, usage(t, e, id), rows, 0)
		c.move(day)
		sweepAll(t, e, s)
		require.Len(t, spends(t, e, id, ledger.Expired), rows/2+1)
		c.move(ledger.RetentionUs)
		sweepAll(t, e, s)
		require.EqualValues(t, rows/2, audits(t, s)[0].SpendCount)
		requireUsage(t, usage(t, e, id), rows/2, 0)
		audited(t, s)
	})
}

// fill writes rows for a key past all rules, in one batch per thousand, each
// made by edit, and brings the key's sums and times in line with them.
func fill(tb testing.TB, s store.Store, id ledger.KeyID, rows int, edit func(i int, row *ledger.Spend)) {
	tb.Helper()
	for from := 0; from < rows; from += 1000 {
		b, err := s.Load(tb.Context(), store.LoadParams{Keys: []ledger.KeyID{id}})
		require.NoError(tb, err)
		snapshot := b.Snapshot().Keys[id]
		k, c := snapshot.Key, &ledger.Changes{}
		nowUs := snapshot.NowUs
		for i := from; i < min(from+1000, rows); i++ {
			at := nowUs - int64(rows-i)
			row := ledger.Spend{KeyID: id, ID: fmt.Sprint("old", i), AmountSats: 1, CreatedAtUs: at, UpdatedAtUs: at}
			edit(i, &row)
			if row.State == ledger.Reserved {
				k.HeldSats += row.HeldSats
			}
			for _, w := range ledger.Windows() {
				if row.State == ledger.Settled && row.SettledAtUs > k.AsOfUs-w.LengthUs() {
					k.SpentSats[w] += row.AmountSats
				}
			}
			c.Inserted = append(c.Inserted, row)
		}
		c.Keys = []ledger.Key{k}
		require.NoError(tb, b.Commit(tb.Context(), c))
	}
}
