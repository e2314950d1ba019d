// Saving changes: every field, all or nothing.

package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testCommit(t *testing.T, h Harness) {
	h.run(t, "EveryFieldOfAKey", testCommitKeys)
	h.run(t, "EveryFieldOfASpend", testCommitSpends)
	h.run(t, "LimitChanges", testCommitLimitChanges)
	h.run(t, "NothingToSave", func(e *env) {
		k := e.key()
		require.NoError(e, e.save(ledger.Changes{}, k.ID))
		require.Equal(e, k, e.view(k.ID).Key)
	})
	h.run(t, "RevisionGoesUpByOne", func(e *env) {
		k := e.key()
		for i, op := range []ledger.Operation{
			setLimit(k, ledger.Daily, 5), ledger.Rename{KeyRef: on(k), Name: "b"}, ledger.Pause{KeyRef: on(k)}, ledger.Revoke{KeyRef: on(k)},
		} {
			e.do(op)
			require.EqualValues(e, i+2, e.view(k.ID).Key.Revision)
		}
	})
	h.run(t, "AFailureLeavesNothing", testCommitFails)
	h.run(t, "ACancelledCommitLeavesNothing", func(e *env) {
		k := e.key()
		batch := e.load(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		err := batch.Commit(ctx, &ledger.Changes{Inserted: []ledger.Spend{row(k, "s", 1)}})
		require.Error(e, err)
		require.Empty(e, e.spends(k.ID))
		e.do(settle(k, "s", 1)) // and the key is free
	})
	h.run(t, "ManyRowsOfManyKeys", testCommitMany)
}

// row is a settled spend as it could be stored, with a creation time of its own.
func row(k ledger.Key, id string, n int64) ledger.Spend {
	at := k.CreatedAtUs + n
	return ledger.Spend{
		KeyID: k.ID, ID: id, State: ledger.Settled, AmountSats: n, CreatedAtUs: at, SettledAtUs: at, UpdatedAtUs: at, Unreserved: true,
	}
}

func testCommitKeys(e *env) {
	a := e.key(func(k *ledger.Key) { k.ExpiresAtUs = start + day })
	b := e.key(func(k *ledger.Key) { k.Limits = ledger.Limits{1, 2, 3, 4} })
	untouched := e.key()
	a.Name, a.State, a.RevokedAtUs, a.Revision = "new name", ledger.KeyRevoked, start+11, 12
	a.LastUs, a.AsOfUs, a.HeldSats = start+14, start+13, 15
	a.Limits, a.SpentSats = ledger.Limits{21, 22, 23, 24}, [4]int64{31, 32, 33, 34}
	b.State, b.Revision, b.Limits = ledger.KeyPaused, 2, ledger.Limits{}
	require.NoError(e, e.save(ledger.Changes{Keys: []ledger.Key{a, b}}, a.ID, b.ID))
	for _, k := range []ledger.Key{a, b, untouched} {
		require.Equal(e, k, e.peekKey(k.ID).Key)
		require.Equal(e, k, e.view(k.ID).Key)
	}
	for w := range ledger.WindowCount { // each limit alone
		b.Limits = ledger.Limits{}
		b.Limits[w] = 5
		require.NoError(e, e.save(ledger.Changes{Keys: []ledger.Key{b}}, b.ID))
		require.Equal(e, b, e.peekKey(b.ID).Key)
	}
}

func testCommitSpends(e *env) {
	k, other := e.key(), e.key()
	full := ledger.Spend{
		KeyID: k.ID, ID: "full", State: ledger.Reversed, AmountSats: 1, HeldSats: 2, TransactionID: "tx", CreatedAtUs: start + 3,
		ReservedAtUs: start + 4, ExpiresAtUs: start + 5, SettledAtUs: start + 6, ReversedAtUs: start + 7, UpdatedAtUs: start + 8,
	}
	spends := []ledger.Spend{full}
	for i := range 3 { // each flag alone
		s := full
		s.ID, s.TransactionID, s.CreatedAtUs = fmt.Sprintf("flag %d", i), fmt.Sprintf("tx %d", i), start+int64(20+i)
		s.Late, s.OverHold, s.Unreserved = i == 0, i == 1, i == 2
		spends = append(spends, s)
	}
	for i := ledger.Reserved; i <= ledger.Reversed; i++ { // each state
		spends = append(spends, ledger.Spend{
			KeyID: k.ID, ID: fmt.Sprintf("state %d", i), State: i, CreatedAtUs: start + int64(30+i), ExpiresAtUs: start + day, UpdatedAtUs: start,
		})
	}
	stays := full
	stays.KeyID = other.ID
	require.NoError(e, e.save(ledger.Changes{Inserted: append([]ledger.Spend{stays}, spends...)}, k.ID, other.ID))
	require.ElementsMatch(e, spends, e.spends(k.ID))

	// All that may change changes, to values that were not there before.
	for i := range spends {
		s, n := &spends[i], int64(100+10*i)
		s.State = spends[(i+1)%len(spends)].State
		s.AmountSats, s.TransactionID = n, fmt.Sprintf("new tx %d", i)
		s.SettledAtUs, s.ReversedAtUs, s.UpdatedAtUs = start+n+1, start+n+2, start+n+3
		s.Late, s.OverHold, s.Unreserved = !s.Late, !s.OverHold, !s.Unreserved
	}
	require.NoError(e, e.save(ledger.Changes{Updated: spends}, k.ID))
	require.ElementsMatch(e, spends, e.spends(k.ID))
	require.Equal(e, []ledger.Spend{stays}, e.spends(other.ID), "named alike, but of another key")
}

func testCommitLimitChanges(e *env) {
	k, other := e.key(), e.key()
	var changes []ledger.LimitChange
	for i, w := range ledger.Windows() {
		changes = append(changes, ledger.LimitChange{
			KeyID: k.ID, Window: w, FromSats: int64(i), ToSats: int64(3 - i), ChangedAtUs: start + int64(i), Revision: 7,
			Actor: ledger.Actor{Subject: fmt.Sprintf("who %d", i), Authentication: fmt.Sprintf("how %d", i)},
		})
	}
	own := changes[0]
	own.KeyID = other.ID
	require.NoError(e, e.save(ledger.Changes{LimitChanges: append(changes, own)}, k.ID, other.ID))
	require.ElementsMatch(e, changes, e.limitChanges(k.ID))
	require.Equal(e, []ledger.LimitChange{own}, e.limitChanges(other.ID))
}

// testCommitFails saves good rows together with one that no database takes.
func testCommitFails(e *env) {
	k := e.key()
	e.do(settle(k, "known", 1, "tx"), reverseTransaction(k, "gone"), setLimit(k, ledger.Daily, 10))
	before, spends, limits := e.view(k.ID), e.spends(k.ID), e.limitChanges(k.ID)
	good := func() ledger.Changes {
		next := before.Key
		next.Name, next.Revision, next.HeldSats = "changed", 99, 5
		changed := spends[0]
		changed.State = ledger.Reversed
		return ledger.Changes{
			Keys: []ledger.Key{next}, Inserted: []ledger.Spend{row(k, "new", 50)}, Updated: []ledger.Spend{changed},
			Reversals:    []ledger.Reversal{{KeyID: k.ID, TransactionID: "new", ReversedAtUs: start}},
			LimitChanges: []ledger.LimitChange{{KeyID: k.ID, Revision: 99}},
			Sweeps:       []ledger.KeySweep{{KeyID: k.ID, Limit: 10}},
		}
	}
	spend := func(edit func(*ledger.Spend)) func(*ledger.Changes) {
		return func(c *ledger.Changes) {
			bad := row(k, "bad", 60)
			edit(&bad)
			c.Inserted = append(c.Inserted, bad)
		}
	}
	key := func(edit func(*ledger.Key)) func(*ledger.Changes) {
		return func(c *ledger.Changes) { edit(&c.Keys[0]) }
	}
	for name, spoil := range map[string]func(*ledger.Changes){
		"spend id taken":      spend(func(s *ledger.Spend) { s.ID = "known" }),
		"spend time taken":    spend(func(s *ledger.Spend) { s.CreatedAtUs = spends[0].CreatedAtUs }),
		"transaction taken":   spend(func(s *ledger.Spend) { s.TransactionID = "tx" }),
		"spend twice":         spend(func(s *ledger.Spend) { s.ID = "new" }),
		"no such state":       spend(func(s *ledger.Spend) { s.State = 6 }),
		"negative amount":     spend(func(s *ledger.Spend) { s.AmountSats = -1 }),
		"negative held":       key(func(k *ledger.Key) { k.HeldSats = -1 }),
		"negative spent":      key(func(k *ledger.Key) { k.SpentSats[ledger.Daily] = -1 }),
		"less in longer":      key(func(k *ledger.Key) { k.SpentSats[ledger.Weekly] = 0 }),
		"negative limit":      key(func(k *ledger.Key) { k.Limits[ledger.Annual] = -1 }),
		"sums ahead of time":  key(func(k *ledger.Key) { k.AsOfUs = k.LastUs + 1 }),
		"reversal taken":      func(c *ledger.Changes) { c.Reversals[0].TransactionID = "gone" },
		"limit change twice":  func(c *ledger.Changes) { c.LimitChanges = append(c.LimitChanges, c.LimitChanges[0]) },
		"no such window":      func(c *ledger.Changes) { c.LimitChanges[0].Window = 4 },
		"negative old limit":  func(c *ledger.Changes) { c.LimitChanges[0].FromSats = -1 },
		"updated transaction": func(c *ledger.Changes) { c.Inserted[0].TransactionID = "b"; c.Updated[0].TransactionID = "b" },
	} {
		c := good()
		spoil(&c)
		err := e.save(c, k.ID)
		require.ErrorIs(e, err, store.ErrDefect, name)
		require.NotErrorIs(e, err, store.ErrOutcomeUnknown, name)
		require.Equal(e, before, e.view(k.ID), name)
		require.Equal(e, spends, e.spends(k.ID), name)
		require.Equal(e, limits, e.limitChanges(k.ID), name)
		require.Empty(e, e.reversals(k.ID, "new"), name)
	}
	good1 := good()
	require.NoError(e, e.save(good1, k.ID), "the same without the bad row")
	require.Equal(e, good1.Keys[0], e.view(k.ID).Key)
	require.Len(e, e.spends(k.ID), 2)
	require.Equal(e, []string{"new"}, e.reversals(k.ID, "new"))
}

// testCommitMany books 500 spends of 50 keys in one batch, and then moves each.
func testCommitMany(e *env) {
	const keys, spends = 50, 500
	var all []ledger.Key
	for range keys {
		all = append(all, e.key())
	}
	var ops, more []ledger.Operation
	want := make(map[ledger.KeyID]int64)
	for i := range spends {
		k := all[i%keys]
		id, sats := fmt.Sprintf("s%d", i), int64(i+1)
		ops = append(ops, reserve(k, id, sats, hour))
		if i%3 == 0 {
			more = append(more, release(k, id))
		} else {
			more = append(more, settle(k, id, sats, fmt.Sprintf("t%d", i)))
			want[k.ID] += sats
		}
	}
	e.do(ops...)
	e.do(more...)
	for _, a := range e.audits() {
		require.Empty(e, a.Differences())
		require.EqualValues(e, spends/keys, a.SpendCount)
		require.EqualValues(e, 1+2*spends/keys, a.Key.Revision)
		require.Zero(e, a.Key.HeldSats)
		for _, w := range ledger.Windows() {
			require.Equal(e, want[a.Key.ID], a.Key.SpentSats[w])
		}
	}
}

func testRollback(t *testing.T, h Harness) {
	h.run(t, "LeavesNothingAndFreesTheKey", func(e *env) {
		k := e.key()
		batch := e.load(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		batch.Rollback()
		batch.Rollback() // harmless
		e.do(settle(k, "s", 1))
		require.Len(e, e.spends(k.ID), 1)
	})
	h.run(t, "AfterCommitDoesNothing", func(e *env) {
		k := e.key()
		batch := e.load(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		require.NoError(e, batch.Commit(e.Context(), &ledger.Changes{Inserted: []ledger.Spend{row(k, "s", 50)}}))
		batch.Rollback()
		batch.Rollback()
		require.Len(e, e.spends(k.ID), 1)
		e.do(settle(k, "s2", 1))
	})
	h.run(t, "AfterAFailedCommitDoesNothing", func(e *env) {
		k := e.key()
		for range 30 { // more often than there are connections
			batch := e.load(store.LoadParams{Keys: []ledger.KeyID{k.ID}})
			require.Error(e, batch.Commit(e.Context(), &ledger.Changes{Inserted: []ledger.Spend{row(k, "s", 1), row(k, "s", 2)}}))
			batch.Rollback()
		}
		require.Empty(e, e.spends(k.ID))
		e.do(settle(k, "s", 1))
	})
	h.run(t, "AfterAFailedLoadTheKeyIsFree", func(e *env) {
		k := e.key()
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		for range 30 {
			_, err := e.store.Load(ctx, store.LoadParams{Keys: []ledger.KeyID{k.ID}})
			require.ErrorIs(e, err, store.ErrUnavailable)
		}
		e.do(settle(k, "s", 1))
	})
}
