// The real databases for the tests that need one: SQLite files and a PostgreSQL
// server, each opened as often as a test wants.

package engine_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// database is an empty database of a test. Every open makes another store on it,
// as another process would; clockUs nil is the database's own clock.
type database struct {
	name string
	open func(tb testing.TB, clockUs func() int64) store.Store
}

// makers makes a database of each kind.
var makers = map[string]func(testing.TB) *database{"sqlite": newSQLite, "postgres": newPostgres}

// onDatabases runs the test on a database of each kind.
func onDatabases(t *testing.T, test func(t *testing.T, d *database)) {
	for name, newDatabase := range makers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDatabase(t))
		})
	}
}

func newSQLite(tb testing.TB) *database {
	path := filepath.Join(tb.TempDir(), "satcap.db")
	return &database{"sqlite", func(tb testing.TB, clockUs func() int64) store.Store {
		var options []sqlite.Option
		if clockUs != nil {
			options = append(options, sqlite.WithClock(clockUs))
		}
		s, err := sqlite.Open(tb.Context(), path, options...)
		require.NoError(tb, err)
		tb.Cleanup(func() { require.NoError(tb, s.Close()) })
		_, err = s.Migrate(tb.Context())
		require.NoError(tb, err)
		return s
	}}
}

func newPostgres(tb testing.TB) *database { return postgresAt(pgtest.Clone(tb, migratePostgres)) }

func postgresAt(url string) *database {
	return &database{"postgres", func(tb testing.TB, clockUs func() int64) store.Store {
		var options []postgres.Option
		if clockUs != nil {
			options = append(options, postgres.WithClock(clockUs))
		}
		s, err := postgres.Open(tb.Context(), url, options...)
		require.NoError(tb, err)
		tb.Cleanup(func() { require.NoError(tb, s.Close()) })
		return s
	}}
}

func migratePostgres(url string) error {
	ctx := context.Background()
	s, err := postgres.Open(ctx, url)
	if err != nil {
		return err
	}
	_, err = s.Migrate(ctx)
	return errors.Join(err, s.Close())
}

// clock is a clock that only moves when told to.
type clock struct{ us atomic.Int64 }

// newClock is a clock at the beginning of 2026-11-24.
func newClock() *clock {
	c := &clock{}
	c.us.Store(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) nowUs() int64   { return c.us.Load() }
func (c *clock) now() time.Time { return time.UnixMicro(c.us.Load()) }
func (c *clock) move(us int64)  { c.us.Add(us) }

// onDatabase starts an engine without a sweeper on a store of its own, and stops
// it at the end.
func onDatabase(tb testing.TB, d *database, c *clock, edit ...func(*engine.Config)) (*engine.Engine, store.Store) {
	tb.Helper()
	cfg := engine.Config{Log: slog.New(slog.DiscardHandler), SweepEvery: -1}
	if c == nil {
		cfg.Store = d.open(tb, nil)
	} else {
		cfg.Store, cfg.Now = d.open(tb, c.nowUs), c.now
	}
	for _, e := range edit {
		e(&cfg)
	}
	e := engine.New(cfg)
	tb.Cleanup(e.Close)
	return e, cfg.Store
}

// createKey makes a key of alice's.
func createKey(tb testing.TB, e *engine.Engine, limits ledger.Limits) ledger.KeyID {
	tb.Helper()
	secret := sha256.Sum256([]byte(uuid.NewString()))
	created, err := e.CreateKey(tb.Context(), store.CreateKeyParams{
		Key:        ledger.Key{Subject: "alice", Name: "a key", Scopes: ledger.ScopeWrite, SecretPrefix: "sk_abc", Budget: ledger.Budget{Limits: limits}},
		SecretHash: secret[:], RequestHash: []byte("what was asked for"),
	})
	require.NoError(tb, err)
	require.True(tb, created.New)
	return created.Key.ID
}

// do requires that an operation is not refused.
func do(tb testing.TB, e *engine.Engine, op ledger.Operation) ledger.Result {
	tb.Helper()
	r, err := e.Do(tb.Context(), op)
	require.NoError(tb, err)
	return r
}

// usage is what the view of a key says.
func usage(tb testing.TB, e *engine.Engine, id ledger.KeyID) ledger.Usage {
	tb.Helper()
	v, err := e.View(tb.Context(), ref(id))
	require.NoError(tb, err)
	return v.Usage()
}

// spends lists all spends of a key, newest first.
func spends(tb testing.TB, e *engine.Engine, id ledger.KeyID, states ...ledger.SpendState) []ledger.Spend {
	tb.Helper()
	list, err := e.ListSpends(tb.Context(), ref(id), store.ListSpendsParams{States: states, BeforeUs: math.MaxInt64, Limit: 10_000})
	require.NoError(tb, err)
	return list
}

// audits computes all keys' sums anew, in the order of their ids.
func audits(tb testing.TB, s store.Store) []ledger.Audit {
	tb.Helper()
	list, err := s.AuditKeys(tb.Context(), ledger.KeyID{}, 10_000)
	require.NoError(tb, err)
	return list
}

// audited requires that all stored sums are what the rows add up to.
func audited(tb testing.TB, s store.Store) {
	tb.Helper()
	for _, a := range audits(tb, s) {
		require.Empty(tb, a.Differences())
	}
}

// stored is a spend as its row has it, and whether there is one.
func stored(tb testing.TB, s store.Store, id ledger.KeyID, spendID string) (ledger.Spend, bool) {
	tb.Helper()
	b, err := s.Load(tb.Context(), store.ParamsFor([]ledger.Operation{reserve(id, spendID, 1)}))
	require.NoError(tb, err)
	defer b.Rollback()
	for _, row := range b.Snapshot().Keys[id].Spends {
		return row, true
	}
	return ledger.Spend{}, false
}
