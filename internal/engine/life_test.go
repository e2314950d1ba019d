// One engine on a real database: keys, spends, reads, and time.

package engine_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// requireUsage requires what is held, and what is spent in the windows shortest
// first; the last number counts for all that follow.
func requireUsage(tb testing.TB, u ledger.Usage, held int64, spent ...int64) {
	tb.Helper()
	for i, w := range ledger.Windows() {
		require.Equal(tb, held, u[w].HeldSats, "%s held", w)
		require.Equal(tb, spent[min(i, len(spent)-1)], u[w].SpentSats, "%s spent", w)
	}
}

// TestLifeOfASpend: each message once and again, with the sums after it.
func TestLifeOfASpend(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, s := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{100, 0, 1000})
		revision := int64(1)
		for i, step := range []struct {
			op       ledger.Operation
			state    ledger.SpendState
			replayed bool
			held     int64
			spent    int64
		}{
			{reserve(id, "a", 60), ledger.Reserved, false, 60, 0},
			{reserve(id, "a", 60), ledger.Reserved, true, 60, 0},
			{settle(id, "a", 50), ledger.Settled, false, 0, 50},
			{settle(id, "a", 50), ledger.Settled, true, 0, 50},
			{ledger.Release{KeyRef: ref(id), SpendID: "a"}, ledger.Settled, true, 0, 50},
			{reserve(id, "b", 50), ledger.Reserved, false, 50, 50},
			{ledger.Release{KeyRef: ref(id), SpendID: "b"}, ledger.Released, false, 0, 50},
			{ledger.Release{KeyRef: ref(id), SpendID: "b"}, ledger.Released, true, 0, 50},
			{ledger.Settle{KeyRef: ref(id), SpendID: "recorded", AmountSats: 70, TransactionID: "tx"}, ledger.Settled, false, 0, 120},
			{ledger.Settle{KeyRef: ref(id), SpendID: "recorded", AmountSats: 70, TransactionID: "tx"}, ledger.Settled, true, 0, 120},
			{ledger.Reverse{KeyRef: ref(id), TransactionID: "tx"}, ledger.Reversed, false, 0, 50},
			{ledger.Reverse{KeyRef: ref(id), SpendID: "recorded"}, ledger.Reversed, true, 0, 50},
			{ledger.Reverse{KeyRef: ref(id), TransactionID: "early"}, ledger.Reversed, false, 0, 50},
			{ledger.Settle{KeyRef: ref(id), SpendID: "overtaken", AmountSats: 7, TransactionID: "early"}, ledger.Reversed, false, 0, 50},
			{ledger.Release{KeyRef: ref(id), SpendID: "tombstone"}, ledger.Released, false, 0, 50},
			{settle(id, "tombstone", 5), ledger.Settled, false, 0, 55},
		} {
			c.move(second)
			r := do(t, e, step.op)
			if !step.replayed {
				revision++
			}
			require.Equal(t, step.replayed, r.Replayed, "step %d", i)
			require.Equal(t, step.state, r.Spend.State, "step %d", i)
			require.Equal(t, revision, r.Key.Revision, "step %d", i)
			requireUsage(t, r.Key.Usage(), step.held, step.spent)
			requireUsage(t, usage(t, e, id), step.held, step.spent)
		}
		late, _ := stored(t, s, id, "tombstone")
		require.True(t, late.Late)

		_, err := e.Do(t.Context(), reserve(id, "b", 50))
		var closed *ledger.SpendClosedError
		require.ErrorAs(t, err, &closed)
		require.Equal(t, ledger.Released, closed.Spend.State)
		_, err = e.Do(t.Context(), settle(id, "a", 49))
		require.ErrorIs(t, err, ledger.ErrSpendIDReused)
		_, err = e.Do(t.Context(), ledger.Settle{KeyRef: ref(id), SpendID: "c", AmountSats: 1, TransactionID: "tx"})
		require.ErrorIs(t, err, ledger.ErrTransactionIDReused)

		list := spends(t, e, id)
		var ids []string
		for _, s := range list {
			ids = append(ids, s.ID)
		}
		require.Equal(t, []string{"tombstone", "overtaken", "recorded", "b", "a"}, ids)
		require.Len(t, spends(t, e, id, ledger.Reversed), 2)
		require.Empty(t, spends(t, e, id, ledger.Reserved))
		audited(t, s)
		require.NoError(t, e.Sound())
	})
}

// TestWindowsAreExact: a settled spend counts until the last microsecond of its
// window, and a hold until the last of its time.
func TestWindowsAreExact(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, s := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{100})
		settledAt := do(t, e, settle(id, "paid", 100)).Spend.SettledAtUs
		c.us.Store(settledAt + day - 2) // -2: the operation is decided 1 us after the key's last
		_, err := e.Do(t.Context(), reserve(id, "x", 1))
		var refusal *ledger.LimitExceededError
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, settledAt+day, refusal.AvailableAtUs)
		requireUsage(t, usage(t, e, id), 0, 100)
		c.us.Store(settledAt + day)
		requireUsage(t, usage(t, e, id), 0, 0, 100)
		require.Equal(t, settledAt+day, c.nowUs())
		hold := do(t, e, reserve(id, "held", 100)).Spend

		c.us.Store(hold.ExpiresAtUs - 1)
		_, err = e.Do(t.Context(), reserve(id, "y", 1))
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, hold.ExpiresAtUs, refusal.AvailableAtUs)
		c.us.Store(hold.ExpiresAtUs)
		require.Equal(t, ledger.Expired, spends(t, e, id)[0].State)
		do(t, e, reserve(id, "y", 100))
		for range 40 {
			c.move(10 * day)
			audited(t, s)
			do(t, e, settle(id, fmt.Sprint(c.nowUs()), 3))
		}
		// of the last 365 days, one spend each ten
		requireUsage(t, usage(t, e, id), 0, 3, 3, 9, 37*3)
		audited(t, s)
	})
}

// TestCheck: advice about an amount, with the times, that holds nothing.
func TestCheck(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, _ := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{100, 150})
		do(t, e, settle(id, "yesterday", 80))
		c.move(23 * hour)
		hold := do(t, e, reserve(id, "held", 20)).Spend
		view, refusal, err := e.Check(t.Context(), ref(id), 0)
		require.NoError(t, err)
		require.Nil(t, refusal)
		requireUsage(t, view.Usage(), 20, 80)
		_, refusal, err = e.Check(t.Context(), ref(id), 51)
		require.NoError(t, err)
		require.NotNil(t, refusal)
		require.Len(t, refusal.Violations, 2)
		require.Equal(t, ledger.Daily, refusal.Violations[0].Window)
		require.EqualValues(t, 0, refusal.MaxAllowedSats)
		// daily: with the 80 gone; weekly: when the hold expires
		require.Equal(t, max(spends(t, e, id)[1].SettledAtUs+day, hold.ExpiresAtUs), refusal.AvailableAtUs)
		_, refusal, err = e.Check(t.Context(), ref(id), 101)
		require.NoError(t, err)
		require.NotNil(t, refusal)
		require.Zero(t, refusal.AvailableAtUs, "more than the limit never fits")

		// Reserving now is refused in the same words, and later is granted.
		_, err = e.Do(t.Context(), reserve(id, "x", 51))
		var same *ledger.LimitExceededError
		require.ErrorAs(t, err, &same)
		_, refusal, err = e.Check(t.Context(), ref(id), 51)
		require.NoError(t, err)
		require.Equal(t, same, refusal)
		c.us.Store(refusal.AvailableAtUs - 2)
		_, refusal, err = e.Check(t.Context(), ref(id), 51)
		require.NoError(t, err)
		require.NotNil(t, refusal)
		c.us.Store(refusal.AvailableAtUs)
		view, refusal, err = e.Check(t.Context(), ref(id), 51)
		require.NoError(t, err)
		require.Nil(t, refusal)
		require.True(t, view.MayHold(51))

		do(t, e, ledger.Pause{KeyRef: ref(id)})
		view, refusal, err = e.Check(t.Context(), ref(id), 51)
		require.NoError(t, err)
		require.Nil(t, refusal, "the limits allow it")
		require.False(t, view.MayHold(51), "the key is paused")
		require.ErrorIs(t, view.Key.Usable(view.NowUs), ledger.ErrKeyPaused)

		_, _, err = e.Check(t.Context(), ref(keyID(1)), 1)
		require.ErrorIs(t, err, ledger.ErrKeyNotFound)
		_, _, err = e.Check(t.Context(), ledger.KeyRef{KeyID: id, Subject: "mallory"}, 1)
		require.ErrorIs(t, err, ledger.ErrKeyNotFound)
	})
}

// TestCreateKey: one request makes one key, however often it comes.
func TestCreateKey(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, _ := onDatabase(t, d, c)
		params := func(secret byte, hash string) store.CreateKeyParams {
			p := store.CreateKeyParams{SecretHash: bytes.Repeat([]byte{secret}, 32), RequestID: "r1", RequestHash: []byte(hash)}
			p.Key.Subject, p.Key.Name, p.Key.Limits[ledger.Weekly], p.Key.ExpiresAtUs = "alice", "laptop", 700, c.nowUs()+day
			return p
		}
		first, err := e.CreateKey(t.Context(), params(1, "h"))
		require.NoError(t, err)
		require.True(t, first.New)
		require.EqualValues(t, 1, first.Key.Revision)
		require.Equal(t, c.nowUs(), first.Key.CreatedAtUs)
		require.Equal(t, ledger.KeyActive, first.Key.State)
		require.Equal(t, uuid.Version(7), uuid.UUID(first.Key.ID).Version())
		again, err := e.CreateKey(t.Context(), params(2, "h"))
		require.NoError(t, err)
		require.False(t, again.New)
		require.Equal(t, first.Key, again.Key)
		_, err = e.CreateKey(t.Context(), params(3, "other"))
		require.ErrorIs(t, err, engine.ErrRequestIDReused)
		past := params(4, "h")
		past.RequestID, past.Key.ExpiresAtUs = "r2", c.nowUs()
		_, err = e.CreateKey(t.Context(), past)
		require.ErrorIs(t, err, engine.ErrExpireTimePast)

		page, err := e.ListKeys(t.Context(), store.ListKeysParams{Subject: "alice", BeforeUs: math.MaxInt64, Limit: 10})
		require.NoError(t, err)
		require.Len(t, page, 1)
		require.Equal(t, first.Key, page[0].Key)
		page, err = e.ListKeys(t.Context(), store.ListKeysParams{Subject: "mallory", BeforeUs: math.MaxInt64, Limit: 10})
		require.NoError(t, err)
		require.Empty(t, page)

		c.move(day)
		_, err = e.Do(t.Context(), reserve(first.Key.ID, "s", 1))
		require.ErrorIs(t, err, ledger.ErrKeyExpired)
	})
}

// TestOwners: what an owner does to a key, and that nobody else can.
func TestOwners(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		c := newClock()
		e, _ := onDatabase(t, d, c)
		id := createKey(t, e, ledger.Limits{100})
		mallory := ledger.KeyRef{KeyID: id, Subject: "mallory"}
		alice := ledger.KeyRef{KeyID: id, Subject: "alice"}
		for _, op := range []ledger.Operation{
			ledger.UpdateLimits{KeyRef: mallory, Updates: []ledger.LimitUpdate{{Window: ledger.Daily}}},
			ledger.Rename{KeyRef: mallory, Name: "x"}, ledger.Pause{KeyRef: mallory}, ledger.Revoke{KeyRef: mallory},
		} {
			_, err := e.Do(t.Context(), op)
			require.ErrorIs(t, err, ledger.ErrKeyNotFound)
		}
		_, err := e.View(t.Context(), mallory)
		require.ErrorIs(t, err, ledger.ErrKeyNotFound)
		_, err = e.ListSpends(t.Context(), mallory, store.ListSpendsParams{BeforeUs: math.MaxInt64, Limit: 1})
		require.ErrorIs(t, err, ledger.ErrKeyNotFound)
		_, err = e.ListLimitChanges(t.Context(), mallory, store.ListLimitChangesParams{Limit: 1})
		require.ErrorIs(t, err, ledger.ErrKeyNotFound)

		actor := ledger.Actor{Subject: "alice", Authentication: "jwt"}
		do(t, e, ledger.UpdateLimits{KeyRef: alice, Actor: actor, Updates: []ledger.LimitUpdate{{Window: ledger.Daily}, {Window: ledger.Annual, LimitSats: 9}}})
		stale := int64(1)
		_, err = e.Do(t.Context(), ledger.UpdateLimits{KeyRef: alice, ExpectedRevision: &stale})
		require.ErrorIs(t, err, ledger.ErrRevisionMismatch)
		do(t, e, ledger.Rename{KeyRef: alice, Name: "renamed"})
		do(t, e, ledger.Pause{KeyRef: alice})
		_, err = e.Do(t.Context(), reserve(id, "s", 1))
		require.ErrorIs(t, err, ledger.ErrKeyPaused)
		do(t, e, ledger.Resume{KeyRef: alice})
		do(t, e, reserve(id, "s", 9))
		do(t, e, ledger.Revoke{KeyRef: alice})
		_, err = e.Do(t.Context(), reserve(id, "s2", 1))
		require.ErrorIs(t, err, ledger.ErrKeyRevoked)
		require.Equal(t, ledger.Settled, do(t, e, settle(id, "s", 0)).Spend.State, "a revoked key settles")

		v, err := e.View(t.Context(), alice)
		require.NoError(t, err)
		require.Equal(t, "renamed", v.Key.Name)
		require.Equal(t, ledger.Limits{0, 0, 0, 9}, v.Key.Limits)
		require.EqualValues(t, 8, v.Key.Revision)
		changes, err := e.ListLimitChanges(t.Context(), alice, store.ListLimitChangesParams{BeforeRevision: math.MaxInt64, BeforeWindow: math.MaxInt64, Limit: 10})
		require.NoError(t, err)
		require.Len(t, changes, 2)
		require.Equal(t, ledger.LimitChange{
			KeyID: id, Window: ledger.Annual, ToSats: 9, ChangedAtUs: changes[0].ChangedAtUs, Revision: 2, Actor: actor,
		}, changes[0])
	})
}
