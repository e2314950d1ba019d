// What is carried over, and that running again changes nothing.

package blinkimport_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/blinkimport/blinktest"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// TestAKey: every field of a key arrives, and its secret finds it.
func TestAKey(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key(func(k *blinktest.Key) {
			k.Name, k.Scopes, k.Limits = "Kasse №1", []string{"read", "RECEIVE"}, [4]int64{1, 0, 3, ledger.MaxAmountSats}
			k.LastUsedUs, k.ExpiresUs = start-hour, start+day
		})
		e.fill(k)
		require.EqualValues(e, 1, e.run().clean(t).NewKeys)
		require.Equal(e, ledger.Key{
			ID: ledger.KeyID(k.ID), Subject: k.Subject, Name: "Kasse №1", Scopes: ledger.ScopeRead | ledger.ScopeReceive,
			State: ledger.KeyActive, CreatedAtUs: k.CreatedUs, LastUsedAtUs: start - hour, ExpiresAtUs: start + day,
			Revision: 1, LastUs: start, Budget: ledger.Budget{Limits: k.Limits, AsOfUs: start},
		}, e.stored(k))
		hash, err := apikey.Accepted{Own: "satcap_", Imported: blinktest.Prefix}.Hash(k.Secret)
		require.NoError(e, err)
		c, err := e.store.FindKeyBySecret(e.Context(), hash[:])
		require.NoError(e, err)
		require.Equal(e, ledger.KeyID(k.ID), c.Key.ID)
	})
}

// TestStates: what the source has ended is ended here.
func TestStates(t *testing.T) {
	onEngines(t, func(e *env) {
		revoked := e.key(func(k *blinktest.Key) { k.Revoked, k.RevokedUs = true, start-day })
		sometime := e.key(func(k *blinktest.Key) { k.Revoked = true })
		expired := e.key(func(k *blinktest.Key) { k.ExpiresUs = start - hour })
		forever := e.key()
		e.fill(revoked, sometime, expired, forever)
		e.exec("UPDATE identity_api_keys SET expires_at = 'infinity' WHERE id = $1", forever.ID.String())
		e.run().clean(t)
		for k, want := range map[*blinktest.Key]error{&revoked: ledger.ErrKeyRevoked, &sometime: ledger.ErrKeyRevoked, &expired: ledger.ErrKeyExpired, &forever: nil} {
			stored := e.stored(*k)
			require.ErrorIs(e, stored.Usable(start), want)
		}
		require.Equal(e, start-day, e.stored(revoked).RevokedAtUs)
		require.Equal(e, start, e.stored(sometime).RevokedAtUs)
		require.Zero(e, e.stored(forever).ExpiresAtUs)
	})
}

// TestSpends: each row becomes a settled spend at its own time, also several of
// the same instant, and counts exactly as long as at the source.
func TestSpends(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		onItsWay := uuid.NewString()
		for i, ago := range []int64{0, hour, hour, hour, day - 1, day, 7 * day, 30 * day, 365*day - 1, 365 * day, 399 * day, 400 * day, 401 * day} {
			name := strings.Repeat("f", 23) + string(rune('a'+i))
			switch i {
			case 1:
				name = ""
			case 2:
				name = onItsWay
			}
			e.insert(&k, name, 1<<i, start-ago)
		}
		out := e.run().clean(t)
		require.EqualValues(e, 11, out.Booked)
		require.EqualValues(e, 2, out.TooOld)
		spends := e.spends(k)
		require.Len(e, spends, 11)
		for i, r := range k.Rows[:11] {
			s := spends[r.ID.String()]
			require.Equal(e, ledger.Settled, s.State)
			require.Equal(e, r.AmountSats, s.AmountSats)
			require.Equal(e, r.AtUs, s.SettledAtUs)
			require.True(e, s.Unreserved)
			if i == 2 {
				require.Empty(e, s.TransactionID, "that place is for the name that it will get")
			} else {
				require.Equal(e, r.TransactionID, s.TransactionID)
			}
			if r.TransactionID != "" {
				require.Equal(e, store.PaymentName{Name: r.TransactionID, KeyID: ledger.KeyID(k.ID), SpendID: s.ID}, e.name(r.TransactionID))
			}
		}
		e.sound()
		for _, later := range []int64{0, 1, hour, day - hour - 1, day - hour, day, 7 * day, 29*day + 1, 364 * day, 365*day - hour, 366 * day} {
			e.clock.Store(start + later)
			// The key's own time is a little ahead of the clock where each spend got one.
			stored := e.stored(k)
			require.InDelta(e, start+later, stored.AsOfUs, 11)
			require.Equal(e, k.Sums(stored.AsOfUs), [4]int64(stored.SpentSats), "after %d us", later)
			require.Zero(e, e.run().clean(t).Reversed, "what is too old by now is not gone")
		}
	})
}

// TestManyKeys: more than are read from the source at once.
func TestManyKeys(t *testing.T) {
	onEngines(t, func(e *env) {
		keys := blinktest.Generate(2, 201, 0, start)
		e.fill(keys...)
		require.EqualValues(e, 201, e.run().clean(t).NewKeys)
		require.EqualValues(e, 201, e.run().clean(t).KnownKeys)
	})
}

// TestRepeat: importing again changes nothing, not even a revision.
func TestRepeat(t *testing.T) {
	onEngines(t, func(e *env) {
		keys := blinktest.Generate(7, 12, 300, start)
		e.fill(keys...)
		first := e.run().clean(t)
		require.EqualValues(e, 12, first.NewKeys)
		before := e.everything(keys)
		for range 2 {
			e.clock.Add(second)
			again := e.run().clean(t)
			require.EqualValues(e, 12, again.KnownKeys)
			require.Equal(e, first.Booked, again.Known)
			require.Zero(e, again.NewKeys+again.Booked+again.Named+again.Reversed+again.ChangedLimits+again.RevokedKeys)
			require.Equal(e, before, e.everything(keys))
		}
		e.sound()
	})
}

// everything is what satcap has of the keys, but for the moment of their sums.
func (e *env) everything(keys []blinktest.Key) map[uuid.UUID]any {
	all := make(map[uuid.UUID]any)
	for _, k := range keys {
		stored := e.stored(k)
		stored.Budget = ledger.Budget{Limits: stored.Limits}
		stored.LastUs = 0
		all[k.ID] = []any{stored, e.spends(k)}
	}
	return all
}

// TestDryRun: the same report as that of the import that follows, and nothing
// is written, neither on an empty satcap nor on one that has been used.
func TestDryRun(t *testing.T) {
	onEngines(t, func(e *env) {
		keys := blinktest.Generate(3, 8, 200, start)
		e.fill(keys...)
		refused := e.key(func(k *blinktest.Key) { k.Scopes = []string{"ADMIN"} })
		twin := e.key(func(k *blinktest.Key) {
			k.Hash, k.ID = keys[0].Hash, uuid.MustParse("ffffffff-ffff-4fff-bfff-ffffffffffff")
		})
		e.fill(refused, twin)
		e.insert(&keys[0], "ahead", 5, start+hour)
		e.insert(&keys[1], "nothing", 0, start)
		rehearse := func() outcome {
			planned := e.run(dryRun)
			require.Zero(e, planned.Compared)
			done := e.run()
			require.Equal(e, planned.found, done.found)
			want, got := *planned.Report, *done.Report
			got.Compared, got.Equal, got.Explained = 0, 0, 0
			require.Equal(e, want, got)
			return done
		}
		e.run(dryRun)
		for _, k := range keys {
			e.missing(k)
		}
		names, err := e.store.FindNames(e.Context(), []string{keys[0].Rows[0].TransactionID, keys[0].Rows[1].TransactionID})
		require.NoError(e, err)
		require.Empty(e, names)
		require.NotZero(e, rehearse().Booked)

		e.exec("DELETE FROM api_key_transactions WHERE id = $1", keys[0].Rows[0].ID.String())
		e.insert(&keys[2], "new", 7, start-1)
		e.exec("UPDATE api_key_limits SET daily_limit_sats = 17")
		e.exec("UPDATE identity_api_keys SET revoked = true, last_used_at = $1", blinktest.Time(start))
		before := e.everything(keys)
		e.run(dryRun)
		require.Equal(e, before, e.everything(keys))
		out := rehearse()
		require.EqualValues(e, 1, out.Booked)
		require.EqualValues(e, 1, out.Reversed)
		require.NotZero(e, out.ChangedLimits)
		require.NotZero(e, out.RevokedKeys)
	})
}

// TestSourceTrouble: what is wrong with the source is said without its password.
func TestSourceTrouble(t *testing.T) {
	onEngines(t, func(e *env) {
		for _, url := range []string{
			"postgres://u:hunter2@127.0.0.1:1/n", "postgres://u:hunter2@127.0.0.1:x/n", "host=127.0.0.1 password=hunter2", "",
		} {
			_, err := e.try(func(c *blinkimport.Config) { c.From = url })
			require.ErrorIs(e, err, blinkimport.ErrSource)
			require.NotContains(e, err.Error(), "hunter2")
		}
		e.exec("DROP TABLE api_key_transactions")
		_, err := e.try()
		require.ErrorIs(e, err, blinkimport.ErrSource)
		require.NotContains(e, err.Error(), "SELECT")
	})
}

// TestReplica: a source that may lag behind is refused before anything is done.
// Here it only says that it is one, by a function that goes before Postgres' own.
func TestReplica(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.exec("CREATE FUNCTION pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true'")
		replica, err := url.Parse(e.from)
		require.NoError(e, err)
		query := replica.Query()
		query.Set("search_path", "public,pg_catalog")
		replica.RawQuery = query.Encode()
		_, err = e.try(func(c *blinkimport.Config) { c.From = replica.String() })
		require.ErrorIs(e, err, blinkimport.ErrSource)
		require.ErrorContains(e, err, "give the primary")
		e.run().clean(t)
	})
}
