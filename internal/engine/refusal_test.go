// Refusals: they touch no neighbour in the batch, and a limit's refusal says
// when the amount would fit, for which schedules are loaded, at most twice.

package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// inOneBatch sends the operations so that they form one batch, in their order.
func inOneBatch(t *testing.T, f *fakeStore, ops ...ledger.Operation) []*waiting {
	t.Helper()
	g := newGate(t)
	f.beforeLoad = g.hold
	e := onFake(t, f)
	blocker := start(e, t.Context(), ledger.Rename{KeyRef: ref(keyID(99)), Name: "opens a batch of its own"})
	var calls []*waiting
	for _, op := range ops {
		calls = append(calls, start(e, t.Context(), op))
	}
	g.letAll()
	<-blocker.done
	require.ErrorIs(t, blocker.err, ledger.ErrKeyNotFound)
	for _, w := range calls {
		<-w.done
	}
	require.Len(t, f.loads, 2, "the operations did not share a batch")
	return calls
}

// TestRefusalsTouchNoNeighbour: each operation of a batch gets its own answer, in
// a commit that holds only what was granted.
func TestRefusalsTouchNoNeighbour(t *testing.T) {
	bubble(t, func(t *testing.T) {
		paused := key(2, 0)
		paused.State = ledger.KeyPaused
		f := newFakeStore(key(1, 100), paused, key(3, 0))
		released := ledger.Spend{KeyID: keyID(1), ID: "released", State: ledger.Released}
		f.spends[store.Name{KeyID: keyID(1), ID: "released"}] = released
		calls := inOneBatch(t, f,
			reserve(keyID(1), "a", 40),
			reserve(keyID(8), "unknown key", 1),
			ledger.Reserve{KeyRef: ledger.KeyRef{KeyID: keyID(1), Subject: "mallory"}, SpendID: "x", AmountSats: 1, TTLUs: hour},
			reserve(keyID(1), "too much", 61),
			reserve(keyID(1), "released", 1),
			reserve(keyID(2), "paused", 1),
			reserve(keyID(1), "a", 41),
			settle(keyID(1), "unheard of", 0),
			reserve(keyID(3), "other key", 5),
			reserve(keyID(1), "a", 40),
			reserve(keyID(1), "b", 60))

		var limit *ledger.LimitExceededError
		require.ErrorAs(t, calls[3].err, &limit)
		require.EqualValues(t, 60, limit.MaxAllowedSats)
		var closed *ledger.SpendClosedError
		require.ErrorAs(t, calls[4].err, &closed)
		require.Equal(t, released, closed.Spend)
		for i, want := range map[int]error{
			1: ledger.ErrKeyNotFound, 2: ledger.ErrKeyNotFound, 5: ledger.ErrKeyPaused,
			6: ledger.ErrSpendIDReused, 7: ledger.ErrSpendNotFound,
		} {
			require.ErrorIs(t, calls[i].err, want)
		}
		granted(t, 2, calls[0])
		granted(t, 2, calls[8])
		granted(t, 2, calls[9]) // a replay
		require.True(t, calls[9].result.Replayed)
		require.Equal(t, calls[0].result.Spend, calls[9].result.Spend)
		granted(t, 3, calls[10])

		require.Len(t, f.commits, 1)
		var saved []string
		for _, s := range f.commits[0].Inserted {
			saved = append(saved, s.ID)
		}
		require.ElementsMatch(t, []string{"a", "b", "other key"}, saved)
		require.EqualValues(t, 100, f.keys[keyID(1)].HeldSats)
		require.EqualValues(t, 5, f.keys[keyID(3)].HeldSats)
	})
}

// TestNothingToSave: a batch of refusals and replays alone ends without a commit.
func TestNothingToSave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 100))
		f.keys[keyID(1)] = func(k ledger.Key) ledger.Key { k.State = ledger.KeyPaused; return k }(f.keys[keyID(1)])
		calls := inOneBatch(t, f, reserve(keyID(1), "s", 1), reserve(keyID(8), "s", 1), ledger.Pause{KeyRef: ref(keyID(1))})
		require.ErrorIs(t, calls[0].err, ledger.ErrKeyPaused)
		require.ErrorIs(t, calls[1].err, ledger.ErrKeyNotFound)
		require.NoError(t, calls[2].err)
		require.True(t, calls[2].result.Replayed)
		require.Empty(t, f.commits)
	})
}

// TestRefusalSaysWhen: a refusal loads the schedules that it needs, a short one
// and then if need be a long one, and is answered from them, while the neighbours
// are decided once.
func TestRefusalSaysWhen(t *testing.T) {
	for _, c := range []struct {
		name      string
		spends    int   // settled spends of 1 sat, one per second, that fill the limit
		sats      int64 // asked for on top
		schedules []int
		at        int // the spend with whose leaving the amount fits; -1: none
		notBefore int
	}{
		{"Short", 10, 5, []int{ledger.WalkFirst}, 5, -1},
		{"ShortToTheEnd", ledger.WalkFirst, ledger.WalkFirst, []int{ledger.WalkFirst}, ledger.WalkFirst, -1},
		{"Long", 100, 65, []int{ledger.WalkFirst, ledger.WalkBound}, 65, -1},
		{"Bound", ledger.WalkBound + 10, ledger.WalkBound + 1, []int{ledger.WalkFirst, ledger.WalkBound}, -1, ledger.WalkBound},
		{"Never", 10, 11, nil, -1, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeStore(key(1, int64(c.spends)), key(2, 0))
				leaves := func(n int) int64 { // the moment at which spend n leaves the day
					if n < 0 {
						return 0
					}
					return f.spends[store.Name{KeyID: keyID(1), ID: fmt.Sprint(n)}].SettledAtUs + day
				}
				k := f.keys[keyID(1)]
				for n := 1; n <= c.spends; n++ {
					at := f.clockUs() - int64(c.spends-n+1)*second
					f.spends[store.Name{KeyID: k.ID, ID: fmt.Sprint(n)}] = ledger.Spend{
						KeyID: k.ID, ID: fmt.Sprint(n), State: ledger.Settled, AmountSats: 1, CreatedAtUs: at, SettledAtUs: at, UpdatedAtUs: at,
					}
					k.LastUs, k.AsOfUs = at, at
				}
				for w := range k.SpentSats {
					k.SpentSats[w] = int64(c.spends)
				}
				f.keys[k.ID] = k

				calls := inOneBatch(t, f, reserve(keyID(2), "neighbour", 7), reserve(k.ID, "s", c.sats))
				var refusal *ledger.LimitExceededError
				require.ErrorAs(t, calls[1].err, &refusal)
				require.Equal(t, leaves(c.at), refusal.AvailableAtUs)
				require.Equal(t, leaves(c.notBefore), refusal.AvailableNotBeforeUs)
				require.Equal(t, c.schedules, f.schedules)
				granted(t, 2, calls[0])
				require.Len(t, f.commits, 1)
				require.EqualValues(t, 7, f.keys[keyID(2)].HeldSats)

				// A check says the same and reads no more.
				f.schedules = nil
				e := onFake(t, f)
				_, advice, err := e.Check(t.Context(), ref(k.ID), c.sats)
				require.NoError(t, err)
				require.Equal(t, refusal, advice)
				require.Equal(t, c.schedules, f.schedules)
				synctest.Wait()
			})
		})
	}
}
