// News of changes from server to server.

package postgres_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store/postgres"
)

// follow passes on what a store hears until the test ends.
func follow(t *testing.T, s *postgres.Store) <-chan []ledger.KeyID {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	heard, done := make(chan []ledger.KeyID, 1000), make(chan struct{})
	go func() {
		defer close(done)
		s.Follow(ctx, func(keys []ledger.KeyID) { heard <- keys })
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return heard
}

func someKeys(n int) []ledger.KeyID {
	ids := make([]ledger.KeyID, n)
	for i := range ids {
		binary.BigEndian.PutUint32(ids[i][12:], uint32(i))
	}
	return ids
}

// hears waits until every key was heard of; none: until "any key" was.
func hears(t *testing.T, heard <-chan []ledger.KeyID, keys ...ledger.KeyID) {
	t.Helper()
	missing := map[ledger.KeyID]bool{}
	for _, id := range keys {
		missing[id] = true
	}
	tooLate := time.After(20 * time.Second)
	for {
		select {
		case got := <-heard:
			for _, id := range got {
				delete(missing, id)
			}
			if len(keys) == 0 && got == nil || len(keys) > 0 && len(missing) == 0 {
				return
			}
		case <-tooLate:
			t.Fatalf("%d of %d keys were never heard of", len(missing), len(keys))
		}
	}
}

// listening are the connections of this database that wait for news.
const listening = `FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`

func TestFeed(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	here, there, raw := open(t, url), open(t, url), connect(t, url)
	own, heard := follow(t, here), follow(t, there)
	hears(t, own)
	hears(t, heard) // both listen
	here.Announce(someKeys(1))
	hears(t, heard, someKeys(1)...)

	// More than one message can hold, and far more than is worth naming.
	many := someKeys(1000)
	here.Announce(many[:400])
	here.Announce(many[400:])
	hears(t, heard, many...)
	here.Announce(someKeys(10_001))
	hears(t, heard)

	// What comes in quick succession goes out together, a few times a second.
	for len(heard) > 0 {
		<-heard
	}
	for range 1000 {
		here.Announce(many[:2])
		time.Sleep(time.Millisecond)
	}
	require.Empty(t, own, "one's own news is no news")
	there.Announce(many[2:3])
	hears(t, own, many[2])
	require.LessOrEqual(t, len(heard), 8)
	require.GreaterOrEqual(t, len(heard), 3)

	// Nobody is told the wrong thing by what others say on this channel.
	for _, text := range []string{"", "x", "12345678", "12345678x", "12345678" + "zz345678901234567890123456789012"} {
		exec(t, raw, "SELECT pg_notify('satcap_changes', $1)", text)
	}
	here.Announce(many[:1])
	hears(t, heard, many[0])
}

// TestFeedReconnects: connections that are lost are made again, and what was
// missed is "any key".
func TestFeedReconnects(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	here, there, raw := open(t, url), open(t, url), connect(t, url)
	hears(t, follow(t, here))
	heard := follow(t, there)
	hears(t, heard)
	for whose, anyKey := range map[string]int{
		listening: 2, // when it is lost, and when it is back
		`FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_notify($1%'`: 1, // what was on its way
	} {
		here.Announce(someKeys(1))
		hears(t, heard, someKeys(1)...)
		exec(t, raw, "SELECT pg_terminate_backend(pid) "+whose)
		here.Announce(someKeys(2))
		for range anyKey {
			hears(t, heard)
		}
		here.Announce(someKeys(3))
		hears(t, heard, someKeys(3)...)
	}
}

// TestFeedWithoutSessions: through a pooler that keeps no sessions nothing can be
// heard. Then those who watch are told to look, every few seconds.
func TestFeedWithoutSessions(t *testing.T) {
	t.Parallel()
	url := pgtest.StartPooler(t, pgtest.Clone(t, migrate))
	logged := &lines{}
	heard := follow(t, open(t, url, postgres.WithLog(slog.New(slog.NewTextHandler(logged, nil)))))
	began := time.Now()
	for range 4 {
		hears(t, heard)
	}
	require.Less(t, time.Since(began), 15*time.Second)
	require.Equal(t, 1, logged.count("nothing is heard, as through a pooler"), "once, not at every try")
	require.Equal(t, 1, logged.count("msg="))
}

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// TestFeedIsLogged: that news cannot be heard or told is logged once, however
// often it is tried again, and so is that they can again.
func TestFeedIsLogged(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context())
	require.NoError(t, err)
	defer server.Stop()
	logged := &lines{}
	s, err := postgres.Open(t.Context(), server.URL("postgres"), postgres.WithLog(slog.New(slog.NewTextHandler(logged, nil))))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	ctx, stop := context.WithCancel(t.Context())
	tries, done := make(chan []ledger.KeyID, 1000), make(chan struct{})
	go func() {
		defer close(done)
		s.Follow(ctx, func(keys []ledger.KeyID) { tries <- keys })
	}()
	const deaf, mute, hears, tells = "are not heard", "are not told", "are heard again", "are told of changes here again"
	requireLogged := func(broken, again int) {
		t.Helper()
		require.Eventually(t, func() bool {
			return logged.count(deaf) >= broken && logged.count(mute) >= broken && logged.count(hears) >= again && logged.count(tells) >= again
		}, 20*time.Second, 10*time.Millisecond)
		require.Equal(t, []int{broken, broken, again, again}, []int{logged.count(deaf), logged.count(mute), logged.count(hears), logged.count(tells)})
	}
	<-tries // it listens
	require.Zero(t, logged.count("msg="))
	for n := 1; n <= 2; n++ {
		require.NoError(t, server.Kill())
		requireLogged(n, n-1)
		for len(tries) > 0 {
			<-tries
		}
		for range 3 {
			<-tries
		}
		requireLogged(n, n-1)
		require.NoError(t, server.Restart(t.Context()))
		requireLogged(n, n)
	}
	stop()
	<-done
	requireLogged(2, 2)
}
