// How the programs on one database learn of each other's changes.

package store

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
)

// Feed is the part of a store that carries the news that keys have changed. It
// is a courtesy to those who watch: news may come late, twice or, when a program
// dies, not at all, so whoever watches also looks by itself now and then.
type Feed interface {
	// Follow calls changed with keys that other programs changed, and with nil
	// when any key may have changed, until ctx ends. One call at a time.
	Follow(ctx context.Context, changed func([]ledger.KeyID))
	// Announce tells other programs that keys have changed. It does not wait, and
	// what is announced within a moment goes out together.
	Announce(keys []ledger.KeyID)
}
