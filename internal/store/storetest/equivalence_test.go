// Both engines are one store: random histories have the same outcomes on each.

package storetest_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
	"github.com/satcap/satcap/internal/store/storetest"
)

const (
	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour
	start  = 1_800_000_000 * second
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// engines are both stores, under one clock.
type engines struct {
	ctx      context.Context
	postgres store.Store
	sqlite   store.Store
	clock    atomic.Int64
	keys     uint64 // made so far
	secrets  uint64 // made by rotation so far
}

func openEngines(t *testing.T) *engines {
	e := &engines{ctx: t.Context()}
	p, err := postgres.Open(e.ctx, pgtest.Database(t), postgres.WithClock(e.clock.Load))
	require.NoError(t, err)
	s, err := sqlite.Open(e.ctx, filepath.Join(t.TempDir(), "satcap.db"), sqlite.WithClock(e.clock.Load))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Close())
		require.NoError(t, s.Close())
	})
	_, err = p.Migrate(e.ctx)
	require.NoError(t, err)
	_, err = s.Migrate(e.ctx)
	require.NoError(t, err)
	e.postgres, e.sqlite = p, s
	return e
}

// both asks both stores and requires the same answer.
func both[R any](t *rapid.T, e *engines, ask func(store.Store) (R, error)) R {
	t.Helper()
	fromPostgres, err := ask(e.postgres)
	require.NoError(t, err)
	fromSQLite, err := ask(e.sqlite)
	require.NoError(t, err)
	require.Equal(t, fromPostgres, fromSQLite, "postgres and sqlite differ")
	return fromPostgres
}

func TestEnginesAreEquivalent(t *testing.T) {
	e := openEngines(t)
	refused, swept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := &history{engines: e, first: e.keys}
		e.clock.Store(start)
		for range rapid.IntRange(1, 3).Draw(t, "keys") {
			h.createKey(t)
		}
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			h.moveClock(t)
			ops := rapid.SliceOfN(rapid.Custom(h.operation), 1, 8).Draw(t, "operations")
			for _, o := range both(t, e, func(s store.Store) ([]ledger.Outcome, error) { return storetest.Do(e.ctx, s, ops...) }) {
				require.NotErrorIs(t, o.Err, ledger.ErrInvariant)
				if o.Err != nil {
					refused++
				}
			}
			for _, op := range ops {
				if _, is := op.(ledger.Sweep); is {
					swept++
				}
			}
		}
		for _, k := range h.keys {
			h.compareKey(t, k)
		}
		h.compareAll(t)
	})
	require.Positive(t, refused, "histories without a refusal say little")
	require.Positive(t, swept)
}

// history is one history: keys of its own on the shared stores.
type history struct {
	*engines
	first uint64 // the number of keys before this history
	keys  []ledger.KeyID
	ids   []string // spend ids seen so far
	// hashes are those of the secrets that rotations have made, and of the first
	// ones.
	hashes [][]byte
}

func numbered(n uint64) (id ledger.KeyID) {
	binary.BigEndian.PutUint64(id[:8], n)
	return id
}

func (h *history) subject() string { return fmt.Sprintf("subject %d", h.first) }

func (h *history) createKey(t *rapid.T) {
	h.engines.keys++
	id := numbered(h.engines.keys)
	now := h.clock.Load()
	k := ledger.Key{
		ID: id, Subject: h.subject(), Name: "till", State: ledger.KeyActive, CreatedAtUs: now, Revision: 1, LastUs: now,
		Budget: ledger.Budget{AsOfUs: now},
	}
	for w := range k.Limits {
		k.Limits[w] = rapid.SampledFrom([]int64{0, 30, 60, 100}).Draw(t, "limit")
	}
	k.ExpiresAtUs = rapid.SampledFrom([]int64{0, 0, 0, start + 40*day}).Draw(t, "expires")
	both(t, h.engines, func(s store.Store) (store.Created, error) {
		return s.CreateKey(h.ctx, store.CreateKeyParams{Key: k, SecretHash: id[:], RequestHash: []byte{1}})
	})
	h.keys = append(h.keys, id)
	h.hashes = append(h.hashes, id[:])
}

// moveClock goes to about the next moment at which something stops counting, or
// anywhere.
func (h *history) moveClock(t *rapid.T) {
	view := h.view(t, rapid.SampledFrom(h.keys).Draw(t, "of"))
	moments := []int64{view.NextHolds.AtUs}
	for _, next := range view.NextSettled {
		moments = append(moments, next.AtUs)
	}
	switch at := rapid.SampledFrom(moments).Draw(t, "moment"); {
	case at != 0 && rapid.Bool().Draw(t, "go there"):
		h.clock.Store(at + rapid.Int64Range(-1, 1).Draw(t, "beside"))
	default:
		h.clock.Add(rapid.SampledFrom([]int64{0, 1, second, hour, 5 * hour, day, 8 * day, 31 * day, 401 * day, -1, -hour}).Draw(t, "pass"))
	}
}

func (h *history) view(t *rapid.T, id ledger.KeyID) ledger.View {
	return both(t, h.engines, func(s store.Store) ([]ledger.View, error) { return s.ViewKeys(h.ctx, []ledger.KeyID{id}, "") })[0]
}

func (h *history) operation(t *rapid.T) ledger.Operation {
	on := ledger.KeyRef{KeyID: rapid.SampledFrom(h.keys).Draw(t, "key")}
	spend := h.spendID(t)
	transaction := rapid.SampledFrom([]string{"", "", "t1", "t2", "t3", "t4"}).Draw(t, "transaction")
	sats := rapid.Int64Range(1, 40).Draw(t, "sats")
	switch rapid.IntRange(0, 22).Draw(t, "what") {
	default:
		ttl := rapid.SampledFrom([]int64{1, second, hour, day, 7 * day, 30 * day}).Draw(t, "ttl")
		return ledger.Reserve{KeyRef: on, SpendID: spend, AmountSats: sats, TTLUs: ttl}
	case 8, 9, 10, 11, 12:
		return ledger.Settle{
			KeyRef: on, SpendID: spend, AmountSats: sats * rapid.Int64Range(0, 1).Draw(t, "given"), TransactionID: transaction,
			Exact: rapid.IntRange(0, 4).Draw(t, "exact") == 0,
		}
	case 13:
		return ledger.Release{KeyRef: on, SpendID: spend}
	case 14:
		return ledger.Reverse{KeyRef: on, SpendID: spend}
	case 15:
		return ledger.Reverse{KeyRef: on, TransactionID: cmp.Or(transaction, "t5")}
	case 16:
		w := ledger.Window(rapid.IntRange(0, 3).Draw(t, "window"))
		return ledger.UpdateLimits{KeyRef: on, Updates: []ledger.LimitUpdate{{Window: w, LimitSats: sats * rapid.Int64Range(0, 3).Draw(t, "times")}}}
	case 17:
		return rapid.SampledFrom([]ledger.Operation{ledger.Pause{KeyRef: on}, ledger.Rename{KeyRef: on, Name: spend}}).Draw(t, "op")
	case 18:
		return ledger.Resume{KeyRef: on}
	case 19:
		return ledger.Sweep{KeyRef: on, Limit: rapid.SampledFrom([]int{1, 2, 100}).Draw(t, "limit")}
	case 20:
		return h.rotation(t, on)
	case 21, 22: // at a few moments, so that many share theirs
		ago := rapid.SampledFrom([]int64{0, hour, day - hour, day, 20 * day, 370 * day}).Draw(t, "ago")
		return ledger.Import{KeyRef: on, SpendID: spend, AmountSats: sats, TransactionID: transaction, SettledAtUs: start - ago}
	}
}

// rotation is a new secret, which nobody else has.
func (h *history) rotation(t *rapid.T, on ledger.KeyRef) ledger.Operation {
	h.engines.secrets++
	hash := sha256.Sum256(binary.BigEndian.AppendUint64(nil, h.engines.secrets))
	h.hashes = append(h.hashes, hash[:])
	return ledger.Rotate{
		KeyRef: on, SecretHash: hash[:], SecretPrefix: fmt.Sprintf("sk_%x", hash[:3]),
		GraceUs:   rapid.SampledFrom([]int64{0, second, 7 * day}).Draw(t, "grace"),
		RequestID: rapid.SampledFrom([]string{"", "r1", "r1", "r2"}).Draw(t, "request"),
	}
}

// spendID is mostly a new one.
func (h *history) spendID(t *rapid.T) string {
	if len(h.ids) > 0 && rapid.IntRange(0, 9).Draw(t, "known") < 4 {
		return rapid.SampledFrom(h.ids).Draw(t, "spend")
	}
	id := fmt.Sprintf("s%d", len(h.ids))
	h.ids = append(h.ids, id)
	return id
}

// scheduled is what ViewSchedule returns.
type scheduled struct {
	view     *ledger.View
	schedule *ledger.Schedule
}

// compareKey compares all that can be read of one key.
func (h *history) compareKey(t *rapid.T, id ledger.KeyID) {
	for _, limit := range []int{2, 100} {
		both(t, h.engines, func(s store.Store) (scheduled, error) {
			view, schedule, err := s.ViewSchedule(h.ctx, id, limit)
			return scheduled{view, schedule}, err
		})
	}
	for _, states := range [][]ledger.SpendState{nil, {ledger.Reserved}, {ledger.Expired, ledger.Settled}} {
		both(t, h.engines, func(s store.Store) ([]ledger.Spend, error) {
			return s.ListSpends(h.ctx, store.ListSpendsParams{KeyID: id, States: states, BeforeUs: math.MaxInt64, NowUs: h.clock.Load(), Limit: 100})
		})
	}
	both(t, h.engines, func(s store.Store) ([]ledger.LimitChange, error) {
		return s.ListLimitChanges(h.ctx, store.ListLimitChangesParams{KeyID: id, BeforeRevision: math.MaxInt64, Limit: 100})
	})
}

// compareAll compares the lists of this history's keys, and audits them.
func (h *history) compareAll(t *rapid.T) {
	for _, states := range []store.KeyStates{0, store.StateActive, store.StatePaused | store.StateExpired} {
		both(t, h.engines, func(s store.Store) ([]ledger.View, error) {
			return s.ListKeys(h.ctx, store.ListKeysParams{Subject: h.subject(), States: states, BeforeUs: math.MaxInt64, Limit: 100})
		})
	}
	for _, hash := range h.hashes {
		both(t, h.engines, func(s store.Store) (*store.Credential, error) { return s.FindKeyBySecret(h.ctx, hash) })
	}
	now := h.clock.Load()
	both(t, h.engines, func(s store.Store) ([]store.Sweepable, error) {
		return s.ListSweepable(h.ctx, store.ListSweepableParams{
			After: numbered(h.first), ExpiredAtUs: now, DeleteBeforeUs: now - ledger.RetentionUs, StaleBeforeUs: now - day, Limit: 100,
		})
	})
	audits := both(t, h.engines, func(s store.Store) ([]ledger.Audit, error) { return s.AuditKeys(h.ctx, numbered(h.first), 100) })
	require.Len(t, audits, len(h.keys))
	for _, a := range audits {
		require.Empty(t, a.Differences())
	}
}
