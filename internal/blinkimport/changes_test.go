// What changes at the source or in satcap between two imports.

package blinkimport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/blinkimport/blinktest"
	"github.com/satcap/satcap/internal/ledger"
)

// TestSourceChanges: rows that came and went, limits, revocation, last use.
func TestSourceChanges(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key(func(k *blinktest.Key) { k.Limits = [4]int64{10, 20, 0, 0} })
		e.fill(k)
		stays := e.insert(&k, "stays", 1, start-hour)
		gone := e.insert(&k, "gone", 2, start-hour)
		e.run().clean(t)

		e.insert(&k, "new", 4, start-second)
		e.exec("DELETE FROM api_key_transactions WHERE id = $1", gone.ID.String())
		e.exec("UPDATE api_key_limits SET daily_limit_sats = 5, weekly_limit_sats = NULL, annual_limit_sats = 7")
		e.exec("UPDATE identity_api_keys SET last_used_at = $1", blinktest.Time(start-1))
		e.clock.Add(second)
		out := e.run().clean(t)
		require.Equal(t, [5]int64{1, 0, 1, 1, 1}, [5]int64{out.Booked, out.Named, out.Reversed, out.Known, out.ChangedLimits})
		stored := e.stored(k)
		require.Equal(t, ledger.Limits{5, 0, 0, 7}, stored.Limits)
		require.Equal(t, start-1, stored.LastUsedAtUs)
		e.spent(k, 5)
		require.Equal(t, ledger.Settled, e.spends(k)[stays.ID.String()].State)
		require.Equal(t, ledger.Reversed, e.spends(k)[gone.ID.String()].State)

		// Limits follow as often as they change, also when all are removed.
		e.exec("DELETE FROM api_key_limits")
		require.EqualValues(t, 1, e.run().clean(t).ChangedLimits)
		require.Zero(t, e.stored(k).Limits)

		e.exec("UPDATE identity_api_keys SET revoked = true")
		require.EqualValues(t, 1, e.run().clean(t).RevokedKeys)
		require.Equal(t, ledger.KeyRevoked, e.stored(k).State)
		require.Zero(t, e.run().clean(t).RevokedKeys)
		e.sound()
	})
}

// TestManyGone: also when they fill more than one page of satcap's spends.
func TestManyGone(t *testing.T) {
	onEngines(t, func(e *env) {
		e.batch = 1000
		keys := blinktest.Generate(5, 1, 1300, start)
		e.fill(keys...)
		booked := e.run().clean(t).Booked
		e.exec("DELETE FROM api_key_transactions")
		require.Equal(t, booked, e.run(dryRun).Reversed)
		out := e.run().clean(t)
		require.Equal(t, booked, out.Reversed)
		require.Zero(t, e.stored(keys[0]).SpentSats)
		e.sound()
	})
}

// TestOwnersChangeStands: what somebody set in satcap is not overwritten, also
// if it is more than the source allows.
func TestOwnersChangeStands(t *testing.T) {
	onEngines(t, func(e *env) {
		k, other := e.key(func(k *blinktest.Key) { k.Limits = [4]int64{10, 0, 0, 0} }), e.key(func(k *blinktest.Key) { k.Limits = [4]int64{10, 0, 0, 0} })
		e.fill(k, other)
		e.run().clean(t)
		e.exec("UPDATE api_key_limits SET daily_limit_sats = 8")
		e.run().clean(t)
		e.do(ledger.UpdateLimits{KeyRef: ref(k), Updates: []ledger.LimitUpdate{{Window: ledger.Daily, LimitSats: 3}}, Actor: ledger.Actor{Subject: k.Subject, Authentication: "jwt"}})
		e.exec("UPDATE api_key_limits SET daily_limit_sats = 100")
		for range 2 {
			e.run().only(t, blinkimport.Kept, limitTable, k.ID.String(), "limits were changed in satcap")
			require.EqualValues(t, 3, e.stored(k).Limits[ledger.Daily])
			require.EqualValues(t, 100, e.stored(other).Limits[ledger.Daily])
		}
		// An owner who is called like the import is no import.
		e.do(ledger.UpdateLimits{KeyRef: ref(other), Updates: []ledger.LimitUpdate{{Window: ledger.Daily, LimitSats: 4}}, Actor: ledger.Actor{Subject: "import", Authentication: "jwt"}})
		require.EqualValues(t, 2, e.run().Findings[blinkimport.Kept])
		require.EqualValues(t, 4, e.stored(other).Limits[ledger.Daily])
	})
}

// TestStateStands: pausing, revoking, renaming and rotating in satcap stay.
func TestStateStands(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.insert(&k, "t", 5, start-hour)
		e.run().clean(t)
		e.do(ledger.Pause{KeyRef: ref(k)})
		e.do(ledger.Rotate{KeyRef: ref(k), SecretHash: []byte("new"), SecretPrefix: "satcap_abc"})
		revision := e.stored(k).Revision
		e.run().clean(t)
		require.Equal(t, ledger.KeyPaused, e.stored(k).State)
		require.Equal(t, revision, e.stored(k).Revision)
		c, err := e.store.FindKeyBySecret(e.Context(), k.Hash)
		require.NoError(t, err)
		require.Nil(t, c, "the secret that was rotated away does not come back")

		e.do(ledger.Rename{KeyRef: ref(k), Name: "another"})
		e.run().only(t, blinkimport.Kept, keyTable, k.ID.String(), "the name")
		require.Equal(t, "another", e.stored(k).Name)
		e.do(ledger.Rename{KeyRef: ref(k), Name: k.Name})
		e.do(ledger.Revoke{KeyRef: ref(k)})
		e.run().only(t, blinkimport.Kept, keyTable, k.ID.String(), "the revocation")
	})
}

// TestFieldsAreKept: what else the source changes is said.
func TestFieldsAreKept(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.run().clean(t)
		for change, words := range map[string]string{
			"UPDATE identity_api_keys SET scopes = '{READ}'":                  "the scopes",
			"UPDATE identity_api_keys SET expires_at = '2030-01-01'":          "the expire time",
			"UPDATE identities SET subject_id = 'somebody else'":              "the subject",
			"UPDATE identity_api_keys SET name = 'another', revoked = false ": "the name",
		} {
			e.exec(change)
			e.run().only(t, blinkimport.Kept, keyTable, k.ID.String(), words)
			e.exec("UPDATE identity_api_keys SET scopes = '{READ,WRITE}', expires_at = NULL, name = $1", k.Name)
			e.exec("UPDATE identities SET subject_id = $1", k.Subject)
		}
		require.EqualValues(t, 1, e.stored(k).Revision)
	})
}

// TestMovingSource: what comes between the import and the comparison comes too.
func TestMovingSource(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.insert(&k, "early", 1, start-hour)
		once := false
		out := e.run(func(c *blinkimport.Config) {
			c.Progress = func(p blinkimport.Progress) {
				if !once && p.Doing == "transactions" && p.Done == 1 {
					once = true
					e.insert(&k, "late", 2, start-second)
				}
			}
		})
		require.True(t, once)
		require.Empty(t, out.found)
		require.EqualValues(t, 1, out.Equal)
		require.EqualValues(t, 2, out.Booked)
		e.spent(k, 3)
	})
}

// TestMovingSourceIsListed: what comes in that time and cannot be carried over is
// listed too, and what was listed before is not listed again.
func TestMovingSourceIsListed(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		early := e.insert(&k, " early", 1, start-hour)
		var late blinktest.Row
		out := e.run(func(c *blinkimport.Config) {
			c.Progress = func(p blinkimport.Progress) {
				if late.AmountSats == 0 && p.Doing == "transactions" && p.Done == 1 {
					late = e.insert(&k, " late", 2, start-second)
				}
			}
		})
		require.Len(t, out.found, 2)
		require.Equal(t, []string{early.ID.String(), late.ID.String()}, []string{out.found[0].ID, out.found[1].ID})
		require.EqualValues(t, 2, out.Findings[blinkimport.Refused])
		e.spent(k, 3)
	})
}

// TestDifference: what the import cannot explain is listed, window by window.
func TestDifference(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		r := e.insert(&k, "t", 5, start-2*day)
		e.run().clean(t)
		e.exec("UPDATE api_key_transactions SET amount_sats = 6 WHERE id = $1", r.ID.String())
		out := e.run()
		require.EqualValues(t, 3, out.Findings[blinkimport.Different], "weekly, monthly and annual: %v", out.found)
		require.Contains(t, out.found[0].Reason, "another amount")
		require.Contains(t, out.found[1].Reason, "weekly: 5 sats in satcap, 6 at the source")
	})
}

// TestRevokedThoughUnfit: a key that can no longer be carried over is revoked
// nevertheless, if the import made it.
func TestRevokedThoughUnfit(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.run().clean(t)
		e.exec("UPDATE identity_api_keys SET scopes = '{nonsense}' WHERE id = $1", k.ID)
		e.run()
		require.Equal(t, ledger.KeyActive, e.stored(k).State)
		e.exec("UPDATE identity_api_keys SET revoked = true, revoked_at = now() WHERE id = $1", k.ID)
		e.run()
		require.Equal(t, ledger.KeyRevoked, e.stored(k).State)
		revision := e.stored(k).Revision
		e.run()
		require.Equal(t, revision, e.stored(k).Revision)
	})
}
