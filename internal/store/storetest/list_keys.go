// Listing keys: order, pages, states, whose they are, and what it costs.

package storetest

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// page asks for the first page of a subject's keys.
func page(subject string, limit int) store.ListKeysParams {
	return store.ListKeysParams{
		Subject: subject, BeforeUs: math.MaxInt64, BeforeID: ledger.KeyID(bytes.Repeat([]byte{0xff}, 16)), Limit: limit,
	}
}

// listed are the ids of one page.
func (e *env) listed(p store.ListKeysParams) []ledger.KeyID {
	e.Helper()
	views, err := e.store.ListKeys(e.Context(), p)
	require.NoError(e, err)
	ids := make([]ledger.KeyID, len(views))
	for i, v := range views {
		ids[i] = v.Key.ID
	}
	return ids
}

func testListKeys(t *testing.T, h Harness) {
	h.run(t, "NewestFirstInPages", testListKeysPages)
	h.run(t, "States", testListKeysStates)
	h.run(t, "OnlyTheSubjects", func(e *env) {
		a := e.key()
		b := e.key(func(k *ledger.Key) { k.Subject = "bob" })
		e.key(func(k *ledger.Key) { k.Subject = "Alice" })
		e.key(func(k *ledger.Key) { k.Subject = "alice " })
		require.Equal(e, []ledger.KeyID{a.ID}, e.listed(page("alice", 10)))
		require.Equal(e, []ledger.KeyID{b.ID}, e.listed(page("bob", 10)))
		require.Empty(e, e.listed(page("", 10)))
		require.Empty(e, e.listed(page("carol", 10)))
	})
	h.run(t, "ShowsWhatViewKeysShows", func(e *env) {
		k := e.key(func(k *ledger.Key) { k.Limits = ledger.Limits{100, 0, 300, 0} })
		e.do(settle(k, "s", 5), reserve(k, "h", 6, hour))
		for _, ahead := range []int64{0, hour, day, 30 * day} {
			e.clock.Store(start + ahead + 2)
			views, err := e.store.ListKeys(e.Context(), page("alice", 10))
			require.NoError(e, err)
			require.Equal(e, []ledger.View{e.view(k.ID)}, views)
		}
	})
	h.run(t, "InAFixedNumberOfStatements", func(e *env) {
		cost := func(keys int) int {
			before := e.statements.count()
			require.Len(e, e.listed(page("alice", 100)), keys)
			return e.statements.count() - before
		}
		e.key()
		one := cost(1)
		for range 40 {
			e.do(settle(e.key(), "s", 1))
		}
		require.Equal(e, one, cost(41))
		require.Positive(e, one)
	})
}

func testListKeysPages(e *env) {
	var want []ledger.KeyID // newest first; three at each moment, the larger id first
	for moment := range 7 {
		var ids []ledger.KeyID
		for range 3 {
			ids = append([]ledger.KeyID{e.key().ID}, ids...)
		}
		want = append(ids, want...)
		e.clock.Add(int64(moment % 2)) // sometimes six at one
	}
	// Of keys that were made at one moment the larger id is first, which is here
	// the later one.
	require.Equal(e, want, e.listed(page("alice", 100)))
	for size := 1; size <= len(want)+1; size++ {
		var got []ledger.KeyID
		p := page("alice", size)
		for {
			views, err := e.store.ListKeys(e.Context(), p)
			require.NoError(e, err)
			require.LessOrEqual(e, len(views), size)
			for _, v := range views {
				got = append(got, v.Key.ID)
			}
			if len(views) < size {
				break
			}
			last := views[len(views)-1].Key
			p.BeforeUs, p.BeforeID = last.CreatedAtUs, last.ID
		}
		require.Equal(e, want, got, "pages of %d", size)
	}
}

// testListKeysStates makes a key of each state, and of each two that overlap.
func testListKeysStates(e *env) {
	expires := start + hour
	names := make(map[ledger.KeyID]string)
	for _, name := range []string{"active", "paused", "revoked", "expiring", "expiring paused", "expiring revoked", "ahead"} {
		k := e.key(func(k *ledger.Key) {
			if len(name) > 8 || name == "expiring" || name == "ahead" {
				k.ExpiresAtUs = expires
			}
		})
		names[k.ID] = name
		switch name {
		case "paused", "expiring paused":
			e.do(ledger.Pause{KeyRef: on(k)})
		case "revoked", "expiring revoked":
			e.do(ledger.Revoke{KeyRef: on(k)})
		case "ahead": // its own time is at the expiry already, whatever the clock says
			e.at(expires, settle(k, "s", 1))
			e.clock.Store(start)
		}
	}
	list := func(states store.KeyStates, clockUs int64) (got []string) {
		e.clock.Store(clockUs)
		p := page("alice", 100)
		p.States = states
		for _, id := range e.listed(p) {
			got = append(got, names[id])
		}
		return got
	}
	const all = store.StateActive | store.StatePaused | store.StateRevoked | store.StateExpired
	early := map[store.KeyStates][]string{
		store.StateActive:  {"active", "expiring"},
		store.StatePaused:  {"paused", "expiring paused"},
		store.StateRevoked: {"revoked", "expiring revoked"},
		store.StateExpired: {"ahead"},
	}
	late := map[store.KeyStates][]string{
		store.StateActive:  {"active"},
		store.StatePaused:  {"paused"},
		store.StateRevoked: {"revoked", "expiring revoked"},
		store.StateExpired: {"expiring", "expiring paused", "ahead"},
	}
	for clockUs, want := range map[int64]map[store.KeyStates][]string{start: early, expires - 1: early, expires: late, expires + 1: late} {
		for states := store.KeyStates(0); states <= all; states++ {
			var wanted []string
			for state, names := range want {
				if states.OrAll()&state != 0 {
					wanted = append(wanted, names...)
				}
			}
			require.ElementsMatch(e, wanted, list(states, clockUs), fmt.Sprintf("states %04b, clock %+d", states, clockUs-expires))
		}
	}
}
