// Watching a key on the real databases, where another server changes it.

package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

// watchOn watches a key and passes on what is sent, until the test ends.
func watchOn(t *testing.T, e *engine.Engine, id ledger.KeyID) <-chan *ledger.View {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	views, done := make(chan *ledger.View, 1000), make(chan error, 1)
	go func() {
		done <- e.Watch(ctx, engine.WatchParams{KeyRef: ref(id), Send: func(v *ledger.View) error { views <- v; return nil }})
	}()
	t.Cleanup(func() {
		stop()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	return views
}

// arrives waits for the view of revision and says how long that took.
func arrives(t *testing.T, views <-chan *ledger.View, revision int64) time.Duration {
	t.Helper()
	began, tooLate := time.Now(), time.After(10*time.Second)
	for {
		select {
		case v := <-views:
			require.LessOrEqual(t, v.Key.Revision, revision)
			if v.Key.Revision == revision {
				return time.Since(began)
			}
		case <-tooLate:
			t.Fatalf("revision %d was never seen", revision)
		}
	}
}

// TestWatchAcrossServers: a change on one server is seen on another one, well
// within a second on Postgres, and within a few on SQLite.
func TestWatchAcrossServers(t *testing.T) {
	t.Parallel()
	onDatabases(t, func(t *testing.T, d *database) {
		here, _ := onDatabase(t, d, nil)
		there, _ := onDatabase(t, d, nil)
		id := createKey(t, here, ledger.Limits{})
		views := watchOn(t, there, id)
		arrives(t, views, 1)
		within := 5 * time.Second
		if d.name == "postgres" {
			within = 900 * time.Millisecond
		}
		do(t, here, reserve(id, "first", 1))
		arrives(t, views, 2) // from here on both servers are connected to each other
		for revision := int64(3); revision < 6; revision++ {
			do(t, here, reserve(id, string(rune('a'+revision)), 1))
			require.Less(t, arrives(t, views, revision), within)
		}
		// A change on the watcher's own server is there at once.
		do(t, there, reserve(id, "own", 1))
		require.Less(t, arrives(t, views, 6), 900*time.Millisecond)
	})
}
