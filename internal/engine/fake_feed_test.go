// The store in memory, as far as watching and charts need it.

package engine_test

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
)

// Follow hears nothing; what is announced is kept.
func (f *fakeStore) Follow(ctx context.Context, changed func([]ledger.KeyID)) {
	f.mu.Lock()
	f.tellAll = changed
	f.mu.Unlock()
	<-ctx.Done()
}

func (f *fakeStore) Announce(keys []ledger.KeyID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.announced = append(f.announced, keys...)
}

func (f *fakeStore) ViewSeries(ctx context.Context, id ledger.KeyID, w ledger.Window) (*ledger.Series, error) {
	views, err := f.ViewKeys(ctx, []ledger.KeyID{id}, "")
	if err != nil || len(views) == 0 {
		return nil, err
	}
	return ledger.NewSeries(&views[0], w), nil
}
