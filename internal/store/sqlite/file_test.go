// The file: what it is called, who may read it, how it is synced, and what
// several stores on one file do to each other.

package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite"
	"github.com/satcap/satcap/internal/store/storetest"
)

// newKey makes key number n.
func newKey(t *testing.T, s *sqlite.Store, n byte) ledger.Key {
	t.Helper()
	id := ledger.KeyID{15: n}
	clockUs, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	created, err := s.CreateKey(t.Context(), store.CreateKeyParams{
		Key: ledger.Key{
			ID: id, Subject: "alice", Name: "till", State: ledger.KeyActive, CreatedAtUs: clockUs, Revision: 1, LastUs: clockUs,
			Budget: ledger.Budget{AsOfUs: clockUs},
		},
		SecretHash: id[:], RequestHash: []byte{},
	})
	require.NoError(t, err)
	return created.Key
}

func settle(k ledger.Key, id string) ledger.Operation {
	return ledger.Settle{KeyRef: ledger.KeyRef{KeyID: k.ID}, SpendID: id, AmountSats: 1}
}

// stored is the one key of a store.
func stored(t *testing.T, s *sqlite.Store) ledger.Key {
	t.Helper()
	audits, err := s.AuditKeys(t.Context(), ledger.KeyID{}, 10)
	require.NoError(t, err)
	require.Len(t, audits, 1)
	require.Empty(t, audits[0].Differences())
	return audits[0].Key
}

func TestEveryConnectionIsSafe(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "satcap.db"))
	for name, pool := range map[string]*sql.DB{"writer": s.Writer(), "reader": s.Reader()} {
		for _, p := range []struct {
			pragma string
			want   string
		}{{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", "5000"}, {"fullfsync", "1"}} {
			// all connections at once, so that none is asked twice
			var conns []*sql.Conn
			for range pool.Stats().MaxOpenConnections {
				conn, err := pool.Conn(t.Context())
				require.NoError(t, err)
				conns = append(conns, conn)
				var got string
				require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+p.pragma).Scan(&got))
				require.Equal(t, p.want, got, "%s of a %s", p.pragma, name)
			}
			for _, conn := range conns {
				require.NoError(t, conn.Close())
			}
		}
	}
	_, err := s.Reader().ExecContext(t.Context(), "DELETE FROM spends")
	require.ErrorContains(t, err, "readonly", "readers cannot write")
}

func TestUnsafeSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]string{
		"synchronous": "PRAGMA synchronous = NORMAL", "journal_mode": "PRAGMA journal_mode = DELETE",
	} {
		_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "satcap.db"), sqlite.WithSetting(c))
		require.ErrorIs(t, err, store.ErrUnsafe, name)
		require.ErrorContains(t, err, name)
	}
}

func TestOnlyTheOwnerMayReadTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satcap.db")
	s := open(t, path)
	newKey(t, s, 1)
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Len(t, files, 3, "the database, its log and the log's index")
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), f)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"with space.db", "100%.db", "100%25.db", "what?.db", "what?mode=memory", "a#b.db", "a&b=c;d.db", "plus+.db", "ünï.db", ":memory:", "'\".db", "back\\slash.db",
	} {
		dir := filepath.Join(t.TempDir(), name) // as a folder too
		require.NoError(t, os.Mkdir(dir, 0o700))
		path := filepath.Join(dir, name)
		s, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err, name)
		_, err = s.Migrate(t.Context())
		require.NoError(t, err, name)
		newKey(t, s, 1)
		require.NoError(t, s.Close(), name)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, name)
		require.Equal(t, name, entries[0].Name())
		require.EqualValues(t, 1, stored(t, open(t, path)).Revision, name)
	}
	t.Run("TwoSlashes", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "satcap.db")
		newKey(t, open(t, "/"+path), 1)
		require.FileExists(t, path)
	})
	t.Run("NoSuchFolder", func(t *testing.T) {
		_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "none", "satcap.db"))
		require.ErrorIs(t, err, store.ErrUnavailable)
	})
	t.Run("NoDatabase", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "satcap.db")
		require.NoError(t, os.WriteFile(path, []byte("this is a letter to my grandmother, and not a database"), 0o600))
		_, err := sqlite.Open(t.Context(), path)
		require.ErrorIs(t, err, store.ErrUnavailable)
	})
}

// TestRelativePaths cannot run beside tests that need the working directory.
func TestRelativePaths(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"satcap.db", ":memory:", "a b?.db"} {
		newKey(t, open(t, name), 1)
		require.FileExists(t, name)
	}
}

func TestReopenSeesEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satcap.db")
	first, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	_, err = first.Migrate(t.Context())
	require.NoError(t, err)
	k := newKey(t, first, 1)
	for i := range 5 {
		_, err = storetest.Do(t.Context(), first, settle(k, fmt.Sprint(i)))
		require.NoError(t, err)
	}
	want := stored(t, first)
	require.NoError(t, first.Close())
	second := open(t, path)
	require.Equal(t, want, stored(t, second))
	require.EqualValues(t, 5, want.SpentSats[ledger.Daily])
}

// TestTwoStoresExcludeEachOther adds to one sum from two stores on one file.
func TestTwoStoresExcludeEachOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satcap.db")
	stores := []*sqlite.Store{open(t, path), open(t, path)}
	k := newKey(t, stores[0], 1)

	held, err := stores[0].Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = stores[1].Load(ctx, store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.ErrorIs(t, err, store.ErrUnavailable, "the other store holds the file")
	_, err = stores[1].CreateKey(ctx, store.CreateKeyParams{Key: k, SecretHash: []byte{1}, RequestHash: []byte{}})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.EqualValues(t, 1, stored(t, stores[1]).Revision, "but reads do not wait")
	held.Rollback()

	const each = 30
	var group sync.WaitGroup
	errs := make([]error, len(stores))
	for n, s := range stores {
		group.Go(func() {
			for i := range each {
				if _, err := storetest.Do(t.Context(), s, settle(k, fmt.Sprintf("%d/%d", n, i))); err != nil {
					errs[n] = err
					return
				}
			}
		})
	}
	group.Wait()
	for n, s := range stores {
		require.NoError(t, errs[n])
		require.EqualValues(t, 2*each, stored(t, s).SpentSats[ledger.Daily])
	}
}

// TestClockIsReadUnderTheLock lets a batch wait while the clock moves.
func TestClockIsReadUnderTheLock(t *testing.T) {
	t.Parallel()
	var clock sync.Map
	clock.Store("us", int64(1000))
	now := func() int64 { us, _ := clock.Load("us"); return us.(int64) }
	s := open(t, filepath.Join(t.TempDir(), "satcap.db"), sqlite.WithClock(now))
	k := newKey(t, s, 1)
	first, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
	require.NoError(t, err)
	waits := s.Writer().Stats().WaitCount
	type loaded struct {
		batch store.Batch
		err   error
	}
	second := make(chan loaded, 1)
	go func() {
		batch, err := s.Load(t.Context(), store.LoadParams{Keys: []ledger.KeyID{k.ID}})
		second <- loaded{batch, err}
	}()
	require.Eventually(t, func() bool { return s.Writer().Stats().WaitCount > waits }, time.Minute, time.Millisecond)
	clock.Store("us", int64(2000))
	first.Rollback()
	got := <-second
	require.NoError(t, got.err)
	defer got.batch.Rollback()
	require.EqualValues(t, 2000, got.batch.Snapshot().ClockUs)
}

func TestClockIsTheSystems(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "satcap.db"))
	before := time.Now().UnixMicro()
	us, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, us, before)
	require.LessOrEqual(t, us, time.Now().UnixMicro())
}
