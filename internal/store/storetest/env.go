// One store under test, its clock, and short words for what tests do to it.

package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// Lengths of time in microseconds, and the moment at which every test begins.
const (
	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour
	start  = 1_800_000_000 * second
)

// stuck is how long a test may take at most.
const stuck = time.Minute

// env is a store in a test.
type env struct {
	*testing.T
	ctx        context.Context
	store      store.Store
	exec       func(t *testing.T, sql string)
	statements *Statements
	clock      *atomic.Int64
	keys       int // made so far
}

func newEnv(t *testing.T, h Harness) *env {
	ctx, cancel := context.WithTimeout(t.Context(), stuck)
	t.Cleanup(cancel)
	e := &env{T: t, ctx: ctx, clock: &atomic.Int64{}}
	e.clock.Store(start)
	opened := h.Open(t, e.clock.Load)
	e.store, e.exec, e.statements = opened.Store, opened.Exec, opened.Statements
	return e
}

// Context ends long after every test should have: what waits for a lock that
// nobody gives back fails instead of hanging.
func (e *env) Context() context.Context { return e.ctx }

// keyID is an id whose order is that of n.
func keyID(n int) (id ledger.KeyID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// newKey is an active key without limits that CreateKey can insert.
func newKey(id ledger.KeyID, nowUs int64) ledger.Key {
	return ledger.Key{
		ID: id, Subject: "alice", Name: "till", Scopes: ledger.ScopeRead | ledger.ScopeWrite,
		SecretPrefix: fmt.Sprintf("sk_%x", id[12:]), State: ledger.KeyActive, CreatedAtUs: nowUs, Revision: 1,
		LastUs: nowUs, Budget: ledger.Budget{AsOfUs: nowUs},
	}
}

// creation asks for k with a secret of its own.
func creation(k ledger.Key) store.CreateKeyParams {
	secret, request := sha256.Sum256(k.ID[:]), sha256.Sum256([]byte(k.Name))
	return store.CreateKeyParams{Key: k, SecretHash: secret[:], RequestHash: request[:]}
}

// key makes a key at the clock's time.
func (e *env) key(edit ...func(*ledger.Key)) ledger.Key {
	e.Helper()
	e.keys++
	k := newKey(keyID(e.keys), e.clock.Load())
	for _, f := range edit {
		f(&k)
	}
	created, err := e.store.CreateKey(e.Context(), creation(k))
	require.NoError(e, err)
	require.True(e, created.New)
	return k
}

// Do runs a batch as the engine does: load, apply, and save what changed.
func Do(ctx context.Context, s store.Store, ops ...ledger.Operation) ([]ledger.Outcome, error) {
	batch, err := s.Load(ctx, store.ParamsFor(ops))
	if err != nil {
		return nil, err
	}
	defer batch.Rollback()
	applied := ledger.Apply(batch.Snapshot(), ops)
	for len(applied.Unexplained) > 0 {
		if err := batch.LoadSchedules(ctx, applied.Unexplained, applied.ScheduleLimit); err != nil {
			return nil, err
		}
		applied = ledger.Apply(batch.Snapshot(), ops)
	}
	if applied.Changes.Empty() {
		return applied.Outcomes, nil
	}
	return applied.Outcomes, batch.Commit(ctx, &applied.Changes)
}

// do runs operations that none may be refused, in one batch.
func (e *env) do(ops ...ledger.Operation) []ledger.Result {
	e.Helper()
	outcomes, err := Do(e.Context(), e.store, ops...)
	require.NoError(e, err)
	results := make([]ledger.Result, len(outcomes))
	for i, o := range outcomes {
		require.NoError(e, o.Err, "operation %d", i)
		results[i] = o.Result
	}
	return results
}

// at moves the clock and runs one operation, which may not be refused.
func (e *env) at(us int64, op ledger.Operation) ledger.Spend {
	e.Helper()
	e.clock.Store(us)
	return e.do(op)[0].Spend
}

func on(k ledger.Key) ledger.KeyRef { return ledger.KeyRef{KeyID: k.ID} }

func reserve(k ledger.Key, id string, sats, ttlUs int64) ledger.Operation {
	return ledger.Reserve{KeyRef: on(k), SpendID: id, AmountSats: sats, TTLUs: ttlUs}
}

func settle(k ledger.Key, id string, sats int64, transaction ...string) ledger.Operation {
	op := ledger.Settle{KeyRef: on(k), SpendID: id, AmountSats: sats}
	if len(transaction) > 0 {
		op.TransactionID = transaction[0]
	}
	return op
}

func imported(k ledger.Key, id string, sats, settledAtUs int64) ledger.Operation {
	return ledger.Import{KeyRef: on(k), SpendID: id, AmountSats: sats, SettledAtUs: settledAtUs}
}

func release(k ledger.Key, id string) ledger.Operation {
	return ledger.Release{KeyRef: on(k), SpendID: id}
}

func reverse(k ledger.Key, id string) ledger.Operation {
	return ledger.Reverse{KeyRef: on(k), SpendID: id}
}

func reverseTransaction(k ledger.Key, id string) ledger.Operation {
	return ledger.Reverse{KeyRef: on(k), TransactionID: id}
}

func sweep(k ledger.Key, limit int) ledger.Operation {
	return ledger.Sweep{KeyRef: on(k), Limit: limit}
}

func setLimit(k ledger.Key, w ledger.Window, sats int64) ledger.Operation {
	return ledger.UpdateLimits{
		KeyRef: on(k), Updates: []ledger.LimitUpdate{{Window: w, LimitSats: sats}},
		Actor: ledger.Actor{Subject: "alice", Authentication: "jwt"},
	}
}

// load begins a batch that sees the keys.
func (e *env) load(p store.LoadParams) store.Batch {
	e.Helper()
	batch, err := e.store.Load(e.Context(), p)
	require.NoError(e, err)
	e.Cleanup(batch.Rollback)
	return batch
}

// peek is what a batch sees of the keys, without a change.
func (e *env) peek(p store.LoadParams) *ledger.Snapshot {
	e.Helper()
	batch := e.load(p)
	defer batch.Rollback()
	return batch.Snapshot()
}

// peekKey is what a batch sees of one key.
func (e *env) peekKey(id ledger.KeyID) *ledger.KeySnapshot {
	e.Helper()
	snap := e.peek(store.LoadParams{Keys: []ledger.KeyID{id}})
	require.Contains(e, snap.Keys, id)
	return snap.Keys[id]
}

// save writes changes in a batch that has loaded their keys.
func (e *env) save(c ledger.Changes, keys ...ledger.KeyID) error {
	e.Helper()
	return e.load(store.LoadParams{Keys: keys}).Commit(e.Context(), &c)
}

// view is one key as reads see it.
func (e *env) view(id ledger.KeyID) ledger.View {
	e.Helper()
	views, err := e.store.ViewKeys(e.Context(), []ledger.KeyID{id}, "")
	require.NoError(e, err)
	require.Len(e, views, 1)
	return views[0]
}

// spends are all spends of a key, newest first, as they stand at the clock.
func (e *env) spends(id ledger.KeyID, states ...ledger.SpendState) []ledger.Spend {
	e.Helper()
	spends, err := e.store.ListSpends(e.Context(), store.ListSpendsParams{
		KeyID: id, States: states, BeforeUs: math.MaxInt64, NowUs: e.clock.Load(), Limit: 10_000,
	})
	require.NoError(e, err)
	return spends
}

// limitChanges are all limit changes of a key, newest first.
func (e *env) limitChanges(id ledger.KeyID) []ledger.LimitChange {
	e.Helper()
	changes, err := e.store.ListLimitChanges(e.Context(), store.ListLimitChangesParams{
		KeyID: id, BeforeRevision: math.MaxInt64, BeforeWindow: math.MaxInt64, Limit: 10_000,
	})
	require.NoError(e, err)
	return changes
}

// reversals are those of the transactions that are remembered as reversed.
func (e *env) reversals(id ledger.KeyID, transactions ...string) []string {
	e.Helper()
	p := store.LoadParams{Keys: []ledger.KeyID{id}}
	for _, tx := range transactions {
		p.Transactions = append(p.Transactions, store.Name{KeyID: id, ID: tx})
	}
	return transactionIDs(e.peek(p).Keys[id].Reversals)
}

// audits are the audits of all keys.
func (e *env) audits() []ledger.Audit {
	e.Helper()
	audits, err := e.store.AuditKeys(e.Context(), ledger.KeyID{}, 10_000)
	require.NoError(e, err)
	return audits
}

// requireSound fails if stored sums are not what the rows add up to.
func (e *env) requireSound() {
	e.Helper()
	for _, a := range e.audits() {
		require.Empty(e, a.Differences())
	}
}

// ids lists the ids of spends.
func ids(spends []ledger.Spend) []string {
	out := make([]string, len(spends))
	for i, s := range spends {
		out[i] = s.ID
	}
	return out
}

// transactionIDs lists the transactions of reversals.
func transactionIDs(reversals []ledger.Reversal) []string {
	var out []string
	for _, r := range reversals {
		out = append(out, r.TransactionID)
	}
	return out
}
