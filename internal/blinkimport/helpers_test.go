// What the tests share: a source, a satcap database of each kind with a clock of
// its own, and short words for looking at both.

package blinkimport_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/blinkimport/blinktest"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

const (
	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour
)

// start is when every test begins.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixMicro()

func TestMain(m *testing.M) { pgtest.Run(m) }

// env is a source and a satcap.
type env struct {
	*testing.T
	from   string
	store  store.Store
	engine *engine.Engine // as a server beside the import would use it
	clock  *atomic.Int64
	batch  int
	keys   int
}

// onEngines runs a test on a satcap of each kind.
func onEngines(t *testing.T, test func(e *env)) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T, clockUs func() int64) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &env{T: t, from: pgtest.Clone(t, createSource), clock: &atomic.Int64{}, batch: 3}
			e.clock.Store(start)
			e.store = open(t, e.clock.Load)
			e.engine = engine.New(engine.Config{Store: e.store, Now: e.now, SweepEvery: -1, Log: slog.New(slog.DiscardHandler)})
			t.Cleanup(e.engine.Close)
			test(e)
		})
	}
}

func createSource(url string) error { return blinktest.Create(context.Background(), url) }

func openSQLite(t *testing.T, clockUs func() int64) store.Store {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "satcap.db"), sqlite.WithClock(clockUs))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = s.Migrate(t.Context())
	require.NoError(t, err)
	return s
}

func openPostgres(t *testing.T, clockUs func() int64) store.Store {
	s, err := postgres.Open(t.Context(), pgtest.Clone(t, migratePostgres), postgres.WithClock(clockUs))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
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

func (e *env) now() time.Time { return time.UnixMicro(e.clock.Load()) }

// outcome is what an import reports.
type outcome struct {
	*blinkimport.Report
	found []blinkimport.Finding
}

// run imports.
func (e *env) run(edit ...func(*blinkimport.Config)) outcome {
	e.Helper()
	out, err := e.try(edit...)
	require.NoError(e, err)
	require.Equal(e, out.Keys, out.NewKeys+out.KnownKeys+out.RefusedKeys, "every key is counted")
	return out
}

func (e *env) try(edit ...func(*blinkimport.Config)) (outcome, error) {
	var out outcome
	cfg := blinkimport.Config{
		From: e.from, Store: e.store, Batch: e.batch, Now: e.now, Log: slog.New(slog.DiscardHandler),
		Found: func(f blinkimport.Finding) { out.found = append(out.found, f) },
	}
	for _, f := range edit {
		f(&cfg)
	}
	var err error
	out.Report, err = blinkimport.Run(e.Context(), cfg)
	return out, err
}

func dryRun(c *blinkimport.Config) { c.DryRun = true }

// clean requires that there is nothing to tell and all sums are equal.
func (o outcome) clean(t *testing.T) outcome {
	t.Helper()
	require.Empty(t, o.found)
	require.Equal(t, o.Compared, o.Equal)
	require.Equal(t, o.Keys, o.Compared)
	return o
}

// only requires one finding of a kind, whose reason has the words.
func (o outcome) only(t *testing.T, kind blinkimport.Kind, table, id, words string) {
	t.Helper()
	require.Len(t, o.found, 1, "%v", o.found)
	f := o.found[0]
	require.Equal(t, [3]string{string(kind), table, id}, [3]string{string(f.Kind), f.Table, f.ID}, f.Reason)
	require.Contains(t, f.Reason, words)
}

// key is an active key without limits.
func (e *env) key(edit ...func(*blinktest.Key)) blinktest.Key {
	e.keys++
	rest := fmt.Sprintf("%032d", e.keys)
	hash := sha256.Sum256([]byte(rest))
	k := blinktest.Key{
		ID: uuid.New(), Identity: uuid.New(), Subject: fmt.Sprintf("user %d", e.keys), Name: "till",
		Secret: blinktest.Prefix + rest, Hash: hash[:], Scopes: []string{"READ", "WRITE"}, CreatedUs: start - 100*day,
	}
	for _, f := range edit {
		f(&k)
	}
	return k
}

// fill puts keys into the source.
func (e *env) fill(keys ...blinktest.Key) {
	e.Helper()
	require.NoError(e, blinktest.Fill(e.Context(), e.from, keys))
}

// exec changes the source.
func (e *env) exec(statement string, args ...any) {
	e.Helper()
	require.NoError(e, blinktest.Exec(e.Context(), e.from, statement, args...))
}

// insert puts a row into the source and into k.
func (e *env) insert(k *blinktest.Key, transaction string, sats, atUs int64) blinktest.Row {
	e.Helper()
	r := blinktest.Row{ID: uuid.New(), AmountSats: sats, TransactionID: transaction, AtUs: atUs}
	k.Rows = append(k.Rows, r)
	var name any
	if transaction != "" {
		name = transaction
	}
	e.exec("INSERT INTO api_key_transactions VALUES ($1, $2, $3, $4, $5)", r.ID.String(), k.ID.String(), sats, name, blinktest.Time(atUs))
	return r
}

func ref(k blinktest.Key) ledger.KeyRef { return ledger.KeyRef{KeyID: ledger.KeyID(k.ID)} }

// do changes satcap as a server would.
func (e *env) do(op ledger.Operation) ledger.Result {
	e.Helper()
	r, err := e.engine.Do(e.Context(), op)
	require.NoError(e, err)
	return r
}

// stored is a key of satcap as it stands.
func (e *env) stored(k blinktest.Key) ledger.Key {
	e.Helper()
	v, err := e.engine.View(e.Context(), ref(k))
	require.NoError(e, err)
	return v.Current()
}

// missing requires that satcap does not have the key.
func (e *env) missing(k blinktest.Key) {
	e.Helper()
	_, err := e.engine.View(e.Context(), ref(k))
	require.ErrorIs(e, err, ledger.ErrKeyNotFound)
}

// spends are a key's spends in satcap by id.
func (e *env) spends(k blinktest.Key) map[string]ledger.Spend {
	e.Helper()
	list, err := e.engine.ListSpends(e.Context(), ref(k), store.ListSpendsParams{BeforeUs: math.MaxInt64, Limit: 10_000})
	require.NoError(e, err)
	byID := make(map[string]ledger.Spend, len(list))
	for _, s := range list {
		byID[strings.TrimPrefix(s.ID, "blink:")] = s
	}
	return byID
}

// spent requires what counts in the daily window.
func (e *env) spent(k blinktest.Key, dailySats int64) {
	e.Helper()
	require.Equal(e, dailySats, e.stored(k).SpentSats[ledger.Daily])
}

// name is what satcap knows of a name.
func (e *env) name(name string) store.PaymentName {
	e.Helper()
	found, err := e.store.FindNames(e.Context(), []string{name})
	require.NoError(e, err)
	require.Len(e, found, 1)
	return found[0]
}

// sound requires that stored sums are what the rows add up to.
func (e *env) sound() {
	e.Helper()
	audits, err := e.store.AuditKeys(e.Context(), ledger.KeyID{}, 10_000)
	require.NoError(e, err)
	for _, a := range audits {
		require.Empty(e, a.Differences())
	}
}
