// Recomputing every sum from the rows.

package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func testAudit(t *testing.T, h Harness) {
	h.run(t, "EverythingAddsUp", testAuditSums)
	h.run(t, "FindsWhatWasTamperedWith", testAuditTampered)
	h.run(t, "PagesInTheOrderOfIDs", func(e *env) {
		var want []ledger.KeyID
		for i := range 7 {
			k := e.key()
			want = append(want, k.ID)
			e.do(settle(k, "s", int64(i+1)))
		}
		for size := 1; size <= 8; size++ {
			var got []ledger.KeyID
			after := ledger.KeyID{}
			for {
				audits, err := e.store.AuditKeys(e.Context(), after, size)
				require.NoError(e, err)
				require.LessOrEqual(e, len(audits), size)
				for _, a := range audits {
					got = append(got, a.Key.ID)
					require.EqualValues(e, len(got), a.SpentSats[ledger.Daily])
				}
				if len(audits) < size {
					break
				}
				after = audits[len(audits)-1].Key.ID
			}
			require.Equal(e, want, got, "pages of %d", size)
		}
	})
}

// testAuditSums has an amount in each window that is in no shorter one.
func testAuditSums(e *env) {
	k, other := e.key(), e.key()
	empty := e.audits()[0]
	require.Equal(e, ledger.Audit{Key: k}, empty)

	now := start + 400*day
	for i, ago := range []int64{365 * day, 30 * day, 7 * day, day} {
		e.at(now-ago, settle(k, fmt.Sprintf("on the edge of %d", i), 1<<(2*i+10))) // has left at now
		e.at(now-ago+1, settle(k, fmt.Sprintf("inside of %d", i), 1<<(2*i)))       // leaves 1 us later
	}
	e.at(now-10, reserve(k, "expires at once", 1<<20, 10)) // at now
	e.at(now-9, reserve(k, "expires next", 1<<21, 10))     // 1 us later
	e.do(settle(other, "s", 1<<40), reserve(other, "h", 1<<41, hour))
	e.at(now, ledger.Rename{KeyRef: on(k), Name: "sums as of now"})

	a := e.audits()[0]
	require.Empty(e, a.Differences())
	require.Equal(e, now, a.Key.AsOfUs)
	require.EqualValues(e, 1<<21, a.HeldSats)
	require.EqualValues(e, 10, a.SpendCount)
	require.Equal(e, a.Key.SpentSats, a.SpentSats)
	require.Equal(e, now-9, a.LatestUs)
	var sums [4]int64
	for _, s := range e.spends(k.ID) {
		for _, w := range ledger.Windows() {
			if s.State == ledger.Settled && s.SettledAtUs > now-w.LengthUs() {
				sums[w] += s.AmountSats
			}
		}
	}
	require.Equal(e, sums, a.SpentSats)
	for w := 1; w < ledger.WindowCount; w++ {
		require.Greater(e, sums[w], sums[w-1])
	}
}

func testAuditTampered(e *env) {
	sound := func() ledger.Key {
		k := e.key()
		e.do(settle(k, "settled", 5), reserve(k, "held", 6, hour), settle(k, "reversed", 7), reserve(k, "released", 8, hour))
		e.do(reverse(k, "reversed"), release(k, "released"))
		return k
	}
	differences := func(k ledger.Key) (found []string) {
		for _, a := range e.audits() {
			if a.Key.ID == k.ID {
				found = a.Differences()
			} else {
				require.Empty(e, a.Differences(), "another key")
			}
		}
		return found
	}
	for sql, want := range map[string]int{
		"UPDATE spends SET amount_sats = amount_sats + 1 WHERE spend_id = 'settled'":                    4, // every window
		"UPDATE spends SET held_sats = held_sats - 1 WHERE spend_id = 'held'":                           1,
		"UPDATE spends SET state = 4, settled_at_us = created_at_us WHERE spend_id = 'released'":        4,
		"UPDATE spends SET state = 2 WHERE spend_id = 'held'":                                           1,
		"DELETE FROM spends WHERE spend_id = 'settled'":                                                 4,
		"UPDATE spends SET settled_at_us = settled_at_us - 86400000000 WHERE spend_id = 'settled'":      1,
		"UPDATE spends SET settled_at_us = settled_at_us - 2592000000000 WHERE spend_id = 'settled'":    3,
		"UPDATE spends SET expires_at_us = created_at_us WHERE spend_id = 'held'":                       1,
		"UPDATE spends SET updated_at_us = updated_at_us + 3600000000 WHERE spend_id = 'reversed'":      1,
		"UPDATE spends SET reversed_at_us = reversed_at_us + 3600000000 WHERE spend_id = 'reversed'":    1,
		"UPDATE spends SET created_at_us = created_at_us + 3600000000 WHERE spend_id = 'reversed'":      1,
		"UPDATE spends SET settled_at_us = settled_at_us + 3600000000 WHERE spend_id = 'settled'":       1,
		"UPDATE api_keys SET held_sats = held_sats + 1":                                                 1,
		"UPDATE api_keys SET annual_spent_sats = annual_spent_sats + 1":                                 1,
		"UPDATE api_keys SET daily_spent_sats = daily_spent_sats - 1":                                   1,
		"UPDATE api_keys SET as_of_us = as_of_us - 1, last_us = last_us - 1":                            1, // a spend is later than its key
		"UPDATE spends SET amount_sats = 0, held_sats = 0 WHERE spend_id IN ('reversed', 'released')":   0, // counts nowhere
		"UPDATE spends SET expires_at_us = expires_at_us + 1 WHERE spend_id IN ('held', 'released')":    0,
		"UPDATE api_keys SET name = 'other', daily_limit_sats = 1 WHERE name = 'till'":                  0,
		"UPDATE spends SET transaction_id = spend_id WHERE spend_id IN ('settled', 'held', 'released')": 0,
	} {
		k := sound()
		require.Empty(e, differences(k))
		e.exec(e.T, sql)
		require.Len(e, differences(k), want, sql)
		e.exec(e.T, "DELETE FROM spends")
		e.exec(e.T, "DELETE FROM api_keys")
	}
}
