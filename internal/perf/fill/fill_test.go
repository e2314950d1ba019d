// What is filled in is a true history: satcap's own audit finds nothing, and the
// engine goes on from there.

package fill_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/perf/fill"
	"github.com/satcap/satcap/internal/perf/subject"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// databases open a migrated database of each kind, as often as they are called.
var databases = map[string]func(t *testing.T) (write func(fill.Plan) error, open func() store.Store){
	"sqlite": func(t *testing.T) (func(fill.Plan) error, func() store.Store) {
		path := filepath.Join(t.TempDir(), "filled.db")
		return func(p fill.Plan) error { return fill.SQLite(t.Context(), path, p) }, func() store.Store {
			s, err := sqlite.Open(t.Context(), path)
			require.NoError(t, err)
			return s
		}
	},
	"postgres": func(t *testing.T) (func(fill.Plan) error, func() store.Store) {
		url := pgtest.Database(t)
		return func(p fill.Plan) error { return fill.Postgres(t.Context(), url, p) }, func() store.Store {
			s, err := postgres.Open(t.Context(), url)
			require.NoError(t, err)
			return s
		}
	},
}

func TestBooksAreTrue(t *testing.T) {
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			write, open := database(t)
			require.NoError(t, migrated(t.Context(), open()))
			plans := []fill.Plan{
				{Prefix: "none-", Keys: 2, Subject: "bench"},
				{Prefix: "some-", Keys: 3, Spends: 1_000, Subject: "bench"},
				{Prefix: "many-", Keys: 1, Spends: 2_000, Subject: "bench"},
			}
			defer fill.SetManySpends(2_000)()
			for _, p := range plans {
				require.NoError(t, write(p))
			}
			s := open()
			defer s.Close()
			_, err := s.Migrate(t.Context())
			require.NoError(t, err)
			audits, err := s.AuditKeys(t.Context(), ledger.KeyID{}, 100)
			require.NoError(t, err)
			var counts []int64
			for _, a := range audits {
				require.Empty(t, a.Differences())
				counts = append(counts, a.SpendCount)
			}
			require.ElementsMatch(t, []int64{0, 0, 1_000, 1_000, 1_000, 2_000}, counts)
			goesOn(t, s, subject.Keys{Prefix: "many-", Count: 1}.At(0), 2_000)
		})
	}
}

func migrated(ctx context.Context, s store.Store) error {
	_, err := s.Migrate(ctx)
	return errors.Join(err, s.Close())
}

// goesOn settles one more spend, and looks for those before it.
func goesOn(t *testing.T, s store.Store, key subject.Key, spends int) {
	t.Helper()
	e := engine.New(engine.Config{Store: s, Log: slog.New(slog.DiscardHandler), SweepEvery: -1})
	defer e.Close()
	ref := ledger.KeyRef{KeyID: ledger.KeyID(key), Subject: "bench"}
	r, err := e.Do(t.Context(), ledger.Settle{KeyRef: ref, SpendID: "one more", AmountSats: 5})
	require.NoError(t, err)
	require.EqualValues(t, spends+5, r.Key.SpentSats[ledger.Annual])
	require.InDelta(t, spends*30/364+5, r.Key.SpentSats[ledger.Monthly], 1)
}
