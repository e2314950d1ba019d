// A store for tests: flat lists of rows, and every snapshot made by scanning
// them. It does for the ledger what an engine with a database does.

package ledger_test

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// testingT is what the store needs of *testing.T, *testing.B and *rapid.T.
type testingT interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

type fakeStore struct {
	clockUs      int64
	keys         map[ledger.KeyID]ledger.Key
	spends       []ledger.Spend
	reversals    []ledger.Reversal
	limitChanges []ledger.LimitChange
	secrets      map[ledger.KeyID]secrets
	// walkFirst replaces ledger.WalkFirst if not 0: short schedules that have to
	// be asked for again are rare with the real one.
	walkFirst int
	// applied is the last answer of the ledger; applies counts how often the
	// last batch had to be applied.
	applied ledger.Applied
	applies int
}

func (s *fakeStore) clone() *fakeStore {
	c := *s
	c.keys = maps.Clone(s.keys)
	c.secrets = maps.Clone(s.secrets)
	c.spends = slices.Clone(s.spends)
	c.reversals = slices.Clone(s.reversals)
	c.limitChanges = slices.Clone(s.limitChanges)
	return &c
}

// run loads, applies and saves one batch, as the engine does.
func (s *fakeStore) run(t testingT, ops ...ledger.Operation) []ledger.Outcome {
	t.Helper()
	snap := s.load(ops)
	s.applied = ledger.Apply(snap, ops)
	for s.applies = 1; len(s.applied.Unexplained) > 0; s.applies++ {
		require.LessOrEqual(t, s.applies, 2, "a schedule of %d events must explain every refusal", ledger.WalkBound)
		limit := s.applied.ScheduleLimit
		if limit == ledger.WalkFirst && s.walkFirst != 0 {
			limit = s.walkFirst
		}
		for _, id := range s.applied.Unexplained {
			snap.Keys[id].Schedule = s.schedule(id, snap.Keys[id].NowUs, limit)
		}
		s.applied = ledger.Apply(snap, ops)
	}
	require.Len(t, s.applied.Outcomes, len(ops))
	s.save(t, s.applied.Changes)
	return s.applied.Outcomes
}

func (s *fakeStore) load(ops []ledger.Operation) *ledger.Snapshot {
	snap := &ledger.Snapshot{ClockUs: s.clockUs, Keys: map[ledger.KeyID]*ledger.KeySnapshot{}}
	for _, op := range ops {
		id := op.Target().KeyID
		key, exists := s.keys[id]
		if !exists {
			continue
		}
		k := snap.Keys[id]
		if k == nil {
			nowUs := ledger.NowUs(s.clockUs, key.LastUs)
			k = &ledger.KeySnapshot{Key: key, NowUs: nowUs, Left: s.left(key, nowUs)}
			snap.Keys[id] = k
		}
		spendID, transactionID := ledger.Names(op)
		for _, row := range s.spends {
			named := spendID != "" && row.ID == spendID || transactionID != "" && row.TransactionID == transactionID
			if row.KeyID == id && named && !slices.Contains(k.Spends, row) {
				k.Spends = append(k.Spends, row)
			}
		}
		for _, r := range s.reversals {
			if r.KeyID == id && r.TransactionID == transactionID && !slices.Contains(k.Reversals, r) {
				k.Reversals = append(k.Reversals, r)
			}
		}
	}
	return snap
}

// left is what stopped counting after the key's sums were saved, up to nowUs.
func (s *fakeStore) left(key ledger.Key, nowUs int64) (left ledger.Left) {
	for _, row := range s.spends {
		switch {
		case row.KeyID != key.ID:
		case row.State == ledger.Reserved && key.AsOfUs < row.ExpiresAtUs && row.ExpiresAtUs <= nowUs:
			left.HeldSats += row.HeldSats
		case row.State == ledger.Settled:
			for _, w := range ledger.Windows() {
				if leaves := row.SettledAtUs + w.LengthUs(); key.AsOfUs < leaves && leaves <= nowUs {
					left.SpentSats[w] += row.AmountSats
				}
			}
		}
	}
	return left
}

// schedule lists what comes back after nowUs, each list cut at limit.
func (s *fakeStore) schedule(id ledger.KeyID, nowUs int64, limit int) *ledger.Schedule {
	sched := &ledger.Schedule{Limit: limit}
	for _, row := range s.spends {
		switch {
		case row.KeyID != id:
		case row.State == ledger.Reserved && row.ExpiresAtUs > nowUs:
			sched.Holds = append(sched.Holds, ledger.Event{AtUs: row.ExpiresAtUs, AmountSats: row.HeldSats, CreatedAtUs: row.CreatedAtUs})
		case row.State == ledger.Settled:
			for _, w := range ledger.Windows() {
				if leaves := row.SettledAtUs + w.LengthUs(); leaves > nowUs {
					sched.Settled[w] = append(sched.Settled[w], ledger.Event{AtUs: leaves, AmountSats: row.AmountSats, CreatedAtUs: row.CreatedAtUs})
				}
			}
		}
	}
	cut := func(list []ledger.Event) []ledger.Event {
		slices.SortFunc(list, func(a, b ledger.Event) int {
			return cmp.Or(cmp.Compare(a.AtUs, b.AtUs), cmp.Compare(a.CreatedAtUs, b.CreatedAtUs))
		})
		return list[:min(len(list), limit)]
	}
	sched.Holds = cut(sched.Holds)
	for w := range sched.Settled {
		sched.Settled[w] = cut(sched.Settled[w])
	}
	return sched
}

// view reads a key without writing, as of the store's clock.
func (s *fakeStore) view(id ledger.KeyID) *ledger.View {
	key := s.keys[id]
	nowUs := ledger.ReadNowUs(s.clockUs, key.LastUs)
	v := &ledger.View{Key: key, ClockUs: s.clockUs, NowUs: nowUs, Left: s.left(key, nowUs)}
	all := s.schedule(id, nowUs, len(s.spends)+1)
	next := func(list []ledger.Event) (c ledger.Comeback) {
		for _, e := range list {
			if e.AtUs == list[0].AtUs {
				c.AtUs, c.AmountSats = e.AtUs, c.AmountSats+e.AmountSats
			}
		}
		return c
	}
	for w, list := range all.Settled {
		v.NextSettled[w] = next(list)
	}
	v.NextHolds = next(all.Holds)
	return v
}

// save writes the changes back and refuses what no database would take.
func (s *fakeStore) save(t testingT, c ledger.Changes) {
	t.Helper()
	for _, key := range c.Keys {
		require.Contains(t, s.keys, key.ID)
		s.keys[key.ID] = key
	}
	for _, row := range c.Inserted {
		require.False(t, slices.ContainsFunc(s.spends, func(other ledger.Spend) bool {
			return other.KeyID == row.KeyID && (other.ID == row.ID || other.CreatedAtUs == row.CreatedAtUs)
		}), "inserted twice: %+v", row)
		s.spends = append(s.spends, row)
	}
	for _, row := range c.Updated {
		i := slices.IndexFunc(s.spends, func(other ledger.Spend) bool {
			return other.KeyID == row.KeyID && other.CreatedAtUs == row.CreatedAtUs
		})
		require.GreaterOrEqual(t, i, 0, "updated before it was inserted: %+v", row)
		require.Equal(t, s.spends[i].ID, row.ID)
		s.spends[i] = row
	}
	for _, r := range c.Reversals {
		require.False(t, slices.ContainsFunc(s.reversals, func(other ledger.Reversal) bool {
			return other.KeyID == r.KeyID && other.TransactionID == r.TransactionID
		}), "reversed twice: %+v", r)
		s.reversals = append(s.reversals, r)
	}
	s.limitChanges = append(s.limitChanges, c.LimitChanges...)
	for _, change := range c.Secrets {
		s.secrets[change.KeyID] = s.secrets[change.KeyID].after(change)
	}
	for _, sweep := range c.Sweeps {
		s.sweep(sweep)
	}
}

// sweep labels what expired and deletes what is old.
func (s *fakeStore) sweep(sweep ledger.KeySweep) {
	labelled, deleted, forgotten := 0, 0, 0
	for i, row := range s.spends {
		if row.KeyID == sweep.KeyID && row.State == ledger.Reserved && row.ExpiresAtUs <= sweep.ExpiredAtUs && labelled < sweep.Limit {
			s.spends[i].State = ledger.Expired
			labelled++
		}
	}
	s.spends = slices.DeleteFunc(s.spends, func(row ledger.Spend) bool {
		old := row.KeyID == sweep.KeyID && row.State != ledger.Reserved && row.UpdatedAtUs < sweep.DeleteBeforeUs && deleted < sweep.Limit
		if old {
			deleted++
		}
		return old
	})
	s.reversals = slices.DeleteFunc(s.reversals, func(r ledger.Reversal) bool {
		old := r.KeyID == sweep.KeyID && r.ReversedAtUs < sweep.DeleteBeforeUs && forgotten < sweep.Limit
		if old {
			forgotten++
		}
		return old
	})
}
