// Changes by other programs on the same file.

package sqlite

import (
	"context"
	"time"

	"github.com/satcap/satcap/internal/ledger"
)

// lookEvery is how often those who watch look whether another program has
// changed the file: it sends no word of that, and more than one program on a
// file, beside the short visits of the command line, is rare.
const lookEvery = 2 * time.Second

// Follow implements [store.Feed].
func (s *Store) Follow(ctx context.Context, changed func([]ledger.KeyID)) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			changed(nil)
		}
	}
}

// Announce implements [store.Feed]. There is nobody to tell.
func (s *Store) Announce([]ledger.KeyID) {}
