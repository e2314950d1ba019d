// Apply: the one place where a batch of operations meets a snapshot.

package ledger

import (
	"errors"
	"slices"
)

// Applied is what became of a batch.
type Applied struct {
	// Outcomes has one entry per operation, in their order.
	Outcomes []Outcome
	// Changes is what to save.
	Changes Changes
	// Unexplained are keys with a refusal whose times could not be found in the
	// schedule that the snapshot has. Load a schedule of ScheduleLimit events
	// for each and apply the batch again; nothing may be answered before that.
	Unexplained []KeyID
	// ScheduleLimit is how many events per list the schedules need.
	ScheduleLimit int
}

// Apply decides the operations in order against the snapshot, which it leaves
// as it is: applying the same batch again gives the same answer. Operations on
// one key see what those before them did; a refusal changes nothing for its
// neighbours. A key whose sums turn out not to be sound is left out of Changes
// and all its operations end in [ErrInvariant].
func Apply(snap *Snapshot, ops []Operation) Applied {
	accounts := make(map[KeyID]*account, len(snap.Keys))
	order := make([]*account, 0, len(snap.Keys))
	applied := Applied{Outcomes: make([]Outcome, len(ops)), ScheduleLimit: WalkFirst}
	for i, op := range ops {
		t := op.Target()
		a := accounts[t.KeyID]
		if a == nil {
			loaded := snap.Keys[t.KeyID]
			if loaded == nil {
				applied.Outcomes[i].Err = ErrKeyNotFound
				continue
			}
			a = open(loaded)
			accounts[t.KeyID] = a
			order = append(order, a)
		}
		if t.Subject != "" && t.Subject != a.key.Subject {
			applied.Outcomes[i].Err = ErrKeyNotFound
			continue
		}
		applied.Outcomes[i] = a.run(op)
	}
	for i, op := range ops {
		if a := accounts[op.Target().KeyID]; a != nil && a.broken && !errors.Is(applied.Outcomes[i].Err, ErrKeyNotFound) {
			applied.Outcomes[i] = Outcome{Err: ErrInvariant}
		}
	}
	for _, a := range order {
		if a.unexplained && !a.broken {
			applied.Unexplained = append(applied.Unexplained, a.key.ID)
			if a.loaded.Schedule != nil {
				applied.ScheduleLimit = WalkBound
			}
		}
		if !a.broken {
			a.collect(&applied.Changes)
		}
	}
	return applied
}

// account is a key's working copy during a batch.
type account struct {
	loaded *KeySnapshot
	key    Key
	nowUs  int64

	spends        map[string]*Spend // those that the batch named, by id
	byTransaction map[string]*Spend
	reversed      map[string]int64 // when transactions were reversed ahead of their spend

	changedKey   bool
	inserted     []*Spend
	updated      []*Spend
	reversals    []Reversal
	limitChanges []LimitChange
	secrets      []SecretChange
	sweeps       []KeySweep

	walks       [WindowCount]*walk // made when a refusal needs them
	unexplained bool
	broken      bool
}

// open makes the working copy and brings it to now.
func open(loaded *KeySnapshot) *account {
	a := &account{
		loaded: loaded, key: loaded.Key, nowUs: loaded.NowUs,
		spends:        make(map[string]*Spend, len(loaded.Spends)),
		byTransaction: make(map[string]*Spend),
		reversed:      make(map[string]int64, len(loaded.Reversals)),
	}
	a.key.advance(a.nowUs, loaded.Left)
	for _, s := range loaded.Spends {
		a.know(&s)
		*a.spends[s.ID] = s.At(a.nowUs)
	}
	for _, r := range loaded.Reversals {
		a.reversed[r.TransactionID] = r.ReversedAtUs
	}
	a.broken = !a.key.sound() || a.nowUs <= loaded.Key.LastUs || loaded.Key.AsOfUs > a.nowUs
	return a
}

// know makes a spend findable by its names.
func (a *account) know(s *Spend) {
	a.spends[s.ID] = s
	if s.TransactionID != "" {
		a.byTransaction[s.TransactionID] = s
	}
}

// run applies one operation and checks that the sums can still be true.
func (a *account) run(op Operation) Outcome {
	if a.broken {
		return Outcome{Err: ErrInvariant}
	}
	revision := a.key.Revision
	result, err := op.apply(a)
	if refusal := (*LimitExceededError)(nil); errors.As(err, &refusal) {
		if !refusal.explain(a.loaded.Schedule, a.walkOf) {
			a.unexplained = true
		}
	}
	if !a.key.sound() {
		a.broken = true
		return Outcome{Err: ErrInvariant}
	}
	if err != nil {
		return Outcome{Err: err}
	}
	result.Key = a.key
	result.Replayed = a.key.Revision == revision
	return Outcome{Result: result}
}

// walkOf is the walk through one window as the account stands.
func (a *account) walkOf(w Window) *walk {
	if a.walks[w] == nil {
		a.walks[w] = a.loaded.Schedule.walk(w, a.nowUs, a.spends)
	}
	return a.walks[w]
}

// stamp counts a change of the key and returns its time.
func (a *account) stamp() int64 {
	a.key.LastUs = NowUs(a.nowUs, a.key.LastUs)
	a.key.Revision++
	a.changedKey = true
	a.walks = [WindowCount]*walk{}
	return a.key.LastUs
}

// insert books a new spend at atUs.
func (a *account) insert(s Spend, atUs int64) *Spend {
	s.KeyID, s.CreatedAtUs, s.UpdatedAtUs = a.key.ID, atUs, atUs
	a.know(&s)
	a.inserted = append(a.inserted, &s)
	return &s
}

// update notes that a spend changed at atUs.
func (a *account) update(s *Spend, atUs int64) {
	s.UpdatedAtUs = atUs
	a.know(s)
	if !slices.Contains(a.inserted, s) && !slices.Contains(a.updated, s) {
		a.updated = append(a.updated, s)
	}
}

// collect adds what changed. Sums that time alone has moved are saved as well,
// even after a refusal, so that no later batch has to walk the same range.
func (a *account) collect(c *Changes) {
	if a.changedKey || !a.loaded.Left.None() {
		a.key.LastUs = max(a.key.LastUs, a.key.AsOfUs)
		c.Keys = append(c.Keys, a.key)
	}
	for _, s := range a.inserted {
		c.Inserted = append(c.Inserted, *s)
	}
	for _, s := range a.updated {
		c.Updated = append(c.Updated, *s)
	}
	c.Reversals = append(c.Reversals, a.reversals...)
	c.LimitChanges = append(c.LimitChanges, a.limitChanges...)
	c.Secrets = append(c.Secrets, a.secrets...)
	c.Sweeps = append(c.Sweeps, a.sweeps...)
}
