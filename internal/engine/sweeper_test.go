// The sweeper's round in virtual time, on the store in memory: page after page,
// at its pace, and past whatever fails. What a sweep does to rows is tested on
// the real databases.

package engine_test

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// manyKeys is n keys, in the order of their ids.
func manyKeys(n int) (keys []ledger.Key) {
	for i := range n {
		k := key(0, 0)
		binary.BigEndian.PutUint32(k.ID[4:], uint32(i+1))
		keys = append(keys, k)
	}
	return keys
}

// swept is how often each key was swept.
func (f *fakeStore) swept() map[ledger.KeyID]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	times := map[ledger.KeyID]int{}
	for _, c := range f.commits {
		for _, s := range c.Sweeps {
			times[s.KeyID]++
		}
	}
	return times
}

// TestSweeperGoesRound: one page of 500 keys per second, only what is due, and
// after the last page the first one again.
func TestSweeperGoesRound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys := manyKeys(1001)
		f := newFakeStore(keys...)
		due := []ledger.KeyID{keys[0].ID, keys[499].ID, keys[500].ID, keys[1000].ID}
		for _, id := range due {
			f.due[id] = true
		}
		onFake(t, f, func(c *engine.Config) { c.SweepEvery = 0 })
		want := map[ledger.KeyID]int{}
		for i, done := range [][]ledger.KeyID{nil, due[:2], due[2:3], due[3:]} {
			if i > 0 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			for _, id := range done {
				want[id]++
			}
			require.Equal(t, want, f.swept(), "after %d s", i)
		}
		f.mu.Lock()
		f.due[due[0]] = true
		f.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		want[due[0]]++
		require.Equal(t, want, f.swept(), "after the last page")

		f.mu.Lock()
		defer f.mu.Unlock()
		for _, p := range f.sweepable {
			require.Equal(t, 500, p.Limit)
			require.Equal(t, p.ExpiredAtUs-ledger.RetentionUs, p.DeleteBeforeUs)
			require.Equal(t, p.ExpiredAtUs-day, p.StaleBeforeUs)
		}
		require.Equal(t, time.Now().UnixMicro(), f.sweepable[len(f.sweepable)-1].ExpiredAtUs)
		for _, c := range f.commits {
			for _, k := range c.Keys {
				require.EqualValues(t, 1, k.Revision, "a sweep is no change")
			}
		}
	})
}

// TestNoSweeper: a negative pause means none.
func TestNoSweeper(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0))
		f.due[keyID(1)] = true
		onFake(t, f)
		time.Sleep(time.Hour)
		require.Empty(t, f.sweepable)
	})
}

// TestSweeperTriesAgain: a page that failed is the next page again.
func TestSweeperTriesAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeStore(key(1, 0))
		f.due[keyID(1)] = true
		f.beforeSweepable, _ = failing(2, store.ErrUnavailable)
		onFake(t, f, func(c *engine.Config) { c.SweepEvery = time.Minute })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Empty(t, f.swept())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, map[ledger.KeyID]int{keyID(1): 1}, f.swept())
	})
}

// TestSweeperPassesUnsoundKeys: a key that cannot be swept stands in the way of
// no other, on its page or after it.
func TestSweeperPassesUnsoundKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys := manyKeys(501)
		keys[1].HeldSats = -1
		f := newFakeStore(keys...)
		for _, i := range []int{0, 1, 2, 500} {
			f.due[keys[i].ID] = true
		}
		e := onFake(t, f, func(c *engine.Config) { c.SweepEvery = 0 })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, map[ledger.KeyID]int{keys[0].ID: 1, keys[2].ID: 1, keys[500].ID: 1}, f.swept())
		require.ErrorIs(t, e.Sound(), ledger.ErrInvariant)
	})
}

// TestSweepPage: one call goes over its page until nothing is due, but not for
// ever, and says where to go on.
func TestSweepPage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		keys := manyKeys(501)
		f := newFakeStore(keys...)
		e := onFake(t, f)
		next, err := e.SweepPage(t.Context(), ledger.KeyID{})
		require.NoError(t, err)
		require.Equal(t, keys[499].ID, next)
		next, err = e.SweepPage(t.Context(), next)
		require.NoError(t, err)
		require.Zero(t, next)

		f.afterCommit = func(context.Context) error { // a key that is always due
			f.mu.Lock()
			defer f.mu.Unlock()
			f.due[keys[0].ID] = true
			return nil
		}
		f.due[keys[0].ID] = true
		next, err = e.SweepPage(t.Context(), ledger.KeyID{})
		require.NoError(t, err)
		require.Equal(t, keys[499].ID, next)
		require.Equal(t, map[ledger.KeyID]int{keys[0].ID: 20}, f.swept())
	})
}
