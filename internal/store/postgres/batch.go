// A batch: load under locks, save and commit, in one round trip each.

package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
)

// rollbackTimeout bounds a ROLLBACK; a connection that does not answer is closed,
// which rolls back as well.
const rollbackTimeout = 2 * time.Second

type batch struct {
	conn *pgxpool.Conn
	snap *ledger.Snapshot
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, p store.LoadParams) (store.Batch, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: acquire: %w", store.ErrUnavailable, err)
	}
	b := &batch{conn: conn}
	if err := b.load(ctx, p, s.clock()); err != nil {
		b.Rollback()
		return nil, err
	}
	return b, nil
}

// beginBatch says the isolation, whatever the database's default is: each
// statement has a snapshot of its own, and those after the first are taken when
// the locks are held.
const beginBatch = "begin isolation level read committed read write"

// boundBatch bounds, for this transaction, how long to wait for a key that
// another program holds, and how long the server keeps the locks of a program
// that has fallen silent between its two round trips.
const boundBatch = "select set_config('lock_timeout', '2s', true), set_config('idle_in_transaction_session_timeout', '15s', true)"

// load reads everything in one round trip.
func (b *batch) load(ctx context.Context, p store.LoadParams, clockUs *int64) error {
	var (
		keys                             []dbsqlc.ApiKey
		left                             []dbsqlc.LoadLeftRow
		spends, byTransaction            []dbsqlc.Spend
		reversals                        []dbsqlc.Reversal
		ids                              = uuids(p.Keys)
		spendKeys, spendIDs              = columns(p.Spends)
		transactionKeys, transactionIDs  = columns(p.Transactions)
		daily, weekly, monthly, annualUs = lengths()
		steps                            = []step{statement(beginBatch), statement(boundBatch)}
	)
	steps = append(steps,
		many((*dbsqlc.Queries).LockKeys, ids, &keys),
		many((*dbsqlc.Queries).LoadLeft, dbsqlc.LoadLeftParams{
			ClockUs: clockUs, Ids: ids, DailyUs: daily, WeeklyUs: weekly, MonthlyUs: monthly, AnnualUs: annualUs,
		}, &left))
	if len(p.Spends) > 0 {
		steps = append(steps, many((*dbsqlc.Queries).LoadSpends, dbsqlc.LoadSpendsParams{KeyIds: spendKeys, SpendIds: spendIDs}, &spends))
	}
	if len(p.Transactions) > 0 {
		steps = append(steps,
			many((*dbsqlc.Queries).LoadSpendsByTransaction, dbsqlc.LoadSpendsByTransactionParams{KeyIds: transactionKeys, TransactionIds: transactionIDs}, &byTransaction),
			many((*dbsqlc.Queries).LoadReversals, dbsqlc.LoadReversalsParams{KeyIds: transactionKeys, TransactionIds: transactionIDs}, &reversals))
	}
	if _, err := pipeline(ctx, b.conn.Conn(), steps); err != nil {
		return classify("load", err)
	}
	b.snap = &ledger.Snapshot{Keys: make(map[ledger.KeyID]*ledger.KeySnapshot, len(keys))}
	for _, k := range keys {
		b.snap.Keys[ledger.KeyID(k.ID)] = &ledger.KeySnapshot{Key: keyOf(k)}
	}
	// A key that was created after the locks were taken is not in this batch.
	for _, l := range left {
		k := b.snap.Keys[ledger.KeyID(l.ID)]
		if k == nil {
			continue
		}
		b.snap.ClockUs, k.NowUs = l.ClockUs, l.NowUs
		k.Left = ledger.Left{
			HeldSats:  l.LeftHeldSats,
			SpentSats: [ledger.WindowCount]int64{l.LeftDailySats, l.LeftWeeklySats, l.LeftMonthlySats, l.LeftAnnualSats},
		}
	}
	b.addSpends(spends, byTransaction)
	for _, r := range reversals {
		if k := b.snap.Keys[ledger.KeyID(r.ApiKeyID)]; k != nil {
			k.Reversals = append(k.Reversals, ledger.Reversal{
				KeyID: k.Key.ID, TransactionID: r.TransactionID, ReversedAtUs: r.ReversedAtUs,
			})
		}
	}
	return nil
}

// addSpends adds each spend once, though it may have been found by both names.
func (b *batch) addSpends(lists ...[]dbsqlc.Spend) {
	type name struct {
		key       [16]byte
		createdAt int64
	}
	seen := make(map[name]bool)
	for _, list := range lists {
		for _, s := range list {
			n, k := name{s.ApiKeyID, s.CreatedAtUs}, b.snap.Keys[ledger.KeyID(s.ApiKeyID)]
			if k != nil && !seen[n] {
				seen[n] = true
				k.Spends = append(k.Spends, spendOf(s))
			}
		}
	}
}

func (b *batch) Snapshot() *ledger.Snapshot { return b.snap }

func (b *batch) LoadSchedules(ctx context.Context, ids []ledger.KeyID, limit int) error {
	if err := loadSchedules(ctx, b.conn.Conn(), b.snap.Keys, ids, limit); err != nil {
		return classify("load schedules", err)
	}
	return nil
}

// Commit saves and commits in one round trip.
func (b *batch) Commit(ctx context.Context, c *ledger.Changes) error {
	defer b.Rollback()
	return b.commit(ctx, "save", saveSteps(c))
}

// commit runs the steps and commits, in one round trip, and gives the connection
// back if that went well.
func (b *batch) commit(ctx context.Context, doing string, steps []step) error {
	steps = append(steps, commit)
	failed, err := pipeline(ctx, b.conn.Conn(), steps)
	if err == nil {
		b.release()
		return nil
	}
	// The server runs the statements in order and skips the rest after an error,
	// so an error that it reports for a statement before COMMIT means that
	// nothing was committed, and so does a conflict that COMMIT finds. Anything
	// else may have happened after COMMIT.
	if reported(err) && (failed < len(steps)-1 || conflict(err)) {
		return classify(doing, err)
	}
	return fmt.Errorf("%w: commit: %w", store.ErrOutcomeUnknown, err)
}

func (b *batch) Rollback() {
	if b.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if b.conn.Conn().PgConn().TxStatus() != 'I' {
		// The pool closes a connection that is not idle when it is given back.
		_, _ = b.conn.Exec(ctx, "rollback")
	}
	b.release()
}

func (b *batch) release() {
	b.conn.Release()
	b.conn = nil
}
