// A store in memory that fails, waits and tells the time as a test wants. It is
// made for the bubbles of testing/synctest: there its clock is the bubble's, and
// synctest.Wait returns when every caller is queued or waits for a commit.

package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

type fakeStore struct {
	store.Store // nil: what is not here is not needed

	// The hooks run before (after: after) the call does its work, and their error
	// is its error. nil: no hook. Set them while no batch runs.
	beforeLoad, beforeSchedules, beforeCommit, afterCommit, beforeSweepable, beforeRead func(context.Context) error
	// faulty are keys that no batch can load, and why.
	faulty map[ledger.KeyID]error
	// skew is how far the store's clock is ahead.
	skew time.Duration
	// skewUs is more of it, for what a Duration cannot hold.
	skewUs atomic.Int64

	mu     sync.Mutex
	keys   map[ledger.KeyID]ledger.Key
	spends map[store.Name]ledger.Spend

	loads     []store.LoadParams          // what was asked for, in order
	schedules []int                       // limits of the schedules that were asked for
	commits   []ledger.Changes            // what was saved
	sweepable []store.ListSweepableParams // what the sweeper asked for
	due       map[ledger.KeyID]bool
	open      map[ledger.KeyID]bool // keys in an open batch
	misuse    error                 // what no engine may do to a store

	announced []ledger.KeyID       // what other programs were told
	tellAll   func([]ledger.KeyID) // tells the engine of changes elsewhere
	fakeNames
}

func newFakeStore(keys ...ledger.Key) *fakeStore {
	f := &fakeStore{
		keys: map[ledger.KeyID]ledger.Key{}, spends: map[store.Name]ledger.Spend{},
		due: map[ledger.KeyID]bool{}, open: map[ledger.KeyID]bool{},
	}
	for _, k := range keys {
		f.keys[k.ID] = k
	}
	return f
}

func call(ctx context.Context, hook func(context.Context) error) error {
	if hook == nil {
		return nil
	}
	return hook(ctx)
}

func (f *fakeStore) clockUs() int64 { return time.Now().Add(f.skew).UnixMicro() + f.skewUs.Load() }

func (f *fakeStore) ClockUs(ctx context.Context) (int64, error) {
	return f.clockUs(), call(ctx, f.beforeRead)
}

func (f *fakeStore) Load(ctx context.Context, p store.LoadParams) (store.Batch, error) {
	f.mu.Lock()
	f.loads = append(f.loads, p)
	f.mu.Unlock()
	if err := call(ctx, f.beforeLoad); err != nil {
		return nil, err
	}
	for _, id := range p.Keys {
		if err := f.faulty[id]; err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &fakeBatch{store: f, snap: &ledger.Snapshot{ClockUs: f.clockUs(), Keys: map[ledger.KeyID]*ledger.KeySnapshot{}}, keys: p.Keys}
	for _, id := range p.Keys {
		if f.open[id] {
			f.misuse = errors.New("two batches of one engine hold one key")
		}
		f.open[id] = true
		if k, ok := f.keys[id]; ok {
			nowUs := ledger.NowUs(b.snap.ClockUs, k.LastUs)
			b.snap.Keys[id] = &ledger.KeySnapshot{Key: k, NowUs: nowUs, Left: f.left(k, nowUs)}
		}
	}
	for _, n := range p.Spends {
		if s, ok := f.spends[n]; ok {
			b.snap.Keys[n.KeyID].Spends = append(b.snap.Keys[n.KeyID].Spends, s)
		}
	}
	return b, nil
}

// left is what stopped counting after the key's sums were saved, up to nowUs.
func (f *fakeStore) left(k ledger.Key, nowUs int64) (left ledger.Left) {
	for _, s := range f.spends {
		switch {
		case s.KeyID != k.ID:
		case s.State == ledger.Reserved && k.AsOfUs < s.ExpiresAtUs && s.ExpiresAtUs <= nowUs:
			left.HeldSats += s.HeldSats
		case s.State == ledger.Settled:
			for _, w := range ledger.Windows() {
				if leaves := s.SettledAtUs + w.LengthUs(); k.AsOfUs < leaves && leaves <= nowUs {
					left.SpentSats[w] += s.AmountSats
				}
			}
		}
	}
	return left
}

// schedule lists what comes back after nowUs, each list cut at limit.
func (f *fakeStore) schedule(id ledger.KeyID, nowUs int64, limit int) *ledger.Schedule {
	schedule := &ledger.Schedule{Limit: limit}
	add := func(list *[]ledger.Event, e ledger.Event) {
		if e.AtUs > nowUs {
			*list = append(*list, e)
		}
	}
	for _, s := range f.spends {
		switch {
		case s.KeyID != id:
		case s.State == ledger.Reserved:
			add(&schedule.Holds, ledger.Event{AtUs: s.ExpiresAtUs, AmountSats: s.HeldSats, CreatedAtUs: s.CreatedAtUs})
		case s.State == ledger.Settled:
			for _, w := range ledger.Windows() {
				add(&schedule.Settled[w], ledger.Event{AtUs: s.SettledAtUs + w.LengthUs(), AmountSats: s.AmountSats, CreatedAtUs: s.CreatedAtUs})
			}
		}
	}
	for _, list := range append([]*[]ledger.Event{&schedule.Holds}, &schedule.Settled[0], &schedule.Settled[1], &schedule.Settled[2], &schedule.Settled[3]) {
		slices.SortFunc(*list, func(a, b ledger.Event) int { return cmp.Compare(a.AtUs, b.AtUs) })
		*list = (*list)[:min(limit, len(*list))]
	}
	return schedule
}

func (f *fakeStore) view(id ledger.KeyID) ledger.View {
	clockUs, k := f.clockUs(), f.keys[id]
	nowUs := ledger.ReadNowUs(clockUs, k.LastUs)
	v := ledger.View{Key: k, ClockUs: clockUs, NowUs: nowUs, Left: f.left(k, nowUs)}
	next := f.schedule(id, nowUs, 1)
	for w, events := range next.Settled {
		if len(events) > 0 {
			v.NextSettled[w] = ledger.Comeback{AtUs: events[0].AtUs, AmountSats: events[0].AmountSats}
		}
	}
	if len(next.Holds) > 0 {
		v.NextHolds = ledger.Comeback{AtUs: next.Holds[0].AtUs, AmountSats: next.Holds[0].AmountSats}
	}
	return v
}

func (f *fakeStore) ViewKeys(ctx context.Context, ids []ledger.KeyID, subject string) (views []ledger.View, err error) {
	if err := call(ctx, f.beforeRead); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		if k, ok := f.keys[id]; ok && (subject == "" || k.Subject == subject) {
			views = append(views, f.view(id))
		}
	}
	return views, nil
}

func (f *fakeStore) ViewSchedule(ctx context.Context, id ledger.KeyID, limit int) (*ledger.View, *ledger.Schedule, error) {
	if err := call(ctx, f.beforeSchedules); err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.schedules = append(f.schedules, limit)
	if _, ok := f.keys[id]; !ok {
		return nil, nil, nil
	}
	v := f.view(id)
	return &v, f.schedule(id, v.NowUs, limit), nil
}

func (f *fakeStore) ListKeys(ctx context.Context, p store.ListKeysParams) (page []ledger.View, err error) {
	if err := call(ctx, f.beforeRead); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, k := range f.keys {
		if k.Subject == p.Subject {
			page = append(page, f.view(id))
		}
	}
	return page, nil
}

func (f *fakeStore) ListSpends(context.Context, store.ListSpendsParams) ([]ledger.Spend, error) {
	return make([]ledger.Spend, 1), nil
}

func (f *fakeStore) ListLimitChanges(context.Context, store.ListLimitChangesParams) ([]ledger.LimitChange, error) {
	return make([]ledger.LimitChange, 1), nil
}

func (f *fakeStore) CreateKey(_ context.Context, p store.CreateKeyParams) (store.Created, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys[p.Key.ID] = p.Key
	return store.Created{Key: p.Key, RequestHash: p.RequestHash, New: true}, nil
}

func (f *fakeStore) ListSweepable(ctx context.Context, p store.ListSweepableParams) (page []store.Sweepable, err error) {
	if err := call(ctx, f.beforeSweepable); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sweepable = append(f.sweepable, p)
	for id := range f.keys {
		if bytes.Compare(id[:], p.After[:]) > 0 {
			page = append(page, store.Sweepable{KeyID: id, Due: f.due[id]})
		}
	}
	slices.SortFunc(page, func(a, b store.Sweepable) int { return bytes.Compare(a.KeyID[:], b.KeyID[:]) })
	return page[:min(p.Limit, len(page))], nil
}

type fakeBatch struct {
	store *fakeStore
	snap  *ledger.Snapshot
	keys  []ledger.KeyID
	ended bool
}

func (b *fakeBatch) Snapshot() *ledger.Snapshot { return b.snap }

func (b *fakeBatch) LoadSchedules(ctx context.Context, ids []ledger.KeyID, limit int) error {
	if err := call(ctx, b.store.beforeSchedules); err != nil {
		return err
	}
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	b.store.schedules = append(b.store.schedules, limit)
	for _, id := range ids {
		b.snap.Keys[id].Schedule = b.store.schedule(id, b.snap.Keys[id].NowUs, limit)
	}
	return nil
}

func (b *fakeBatch) Commit(ctx context.Context, c *ledger.Changes) error {
	defer b.Rollback()
	if err := call(ctx, b.store.beforeCommit); err != nil {
		return err
	}
	b.store.save(c)
	return call(ctx, b.store.afterCommit)
}

func (f *fakeStore) save(c *ledger.Changes) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits = append(f.commits, *c)
	for _, k := range c.Keys {
		f.keys[k.ID] = k
	}
	for _, s := range append(slices.Clone(c.Inserted), c.Updated...) {
		f.spends[store.Name{KeyID: s.KeyID, ID: s.ID}] = s
	}
	for _, s := range c.Sweeps {
		delete(f.due, s.KeyID)
	}
}

func (b *fakeBatch) Rollback() {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	if b.ended {
		return
	}
	b.ended = true
	for _, id := range b.keys {
		delete(b.store.open, id)
	}
}
