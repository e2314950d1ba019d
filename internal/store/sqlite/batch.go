// A batch: one write transaction, which is the lock of everything.

package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

type batch struct {
	tx   *sql.Tx
	q    *dbsqlc.Queries
	snap *ledger.Snapshot
	seen map[spendName]bool // the spends in snap
}

// spendName is what names a row of spends.
type spendName struct {
	key         ledger.KeyID
	createdAtUs int64
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, p store.LoadParams) (store.Batch, error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, unavailable("begin", err)
	}
	b := &batch{tx: tx, q: s.writes.WithTx(tx), seen: make(map[spendName]bool), snap: &ledger.Snapshot{
		ClockUs: s.clock(), Keys: make(map[ledger.KeyID]*ledger.KeySnapshot, len(p.Keys)),
	}}
	if err := b.load(unwatched(ctx), p); err != nil {
		b.Rollback()
		return nil, unavailable("load", err)
	}
	return b, nil
}

// unwatched is ctx without its end, for statements that wait for nothing. The driver
// watches a context that can end from a goroutine of its own, started for every
// statement, which costs as much as writing a row. Between the statements the
// transaction still ends with the context.
func unwatched(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// load reads everything in one statement per kind of row.
func (b *batch) load(ctx context.Context, p store.LoadParams) error {
	if err := b.loadKeys(ctx, p.Keys); err != nil {
		return err
	}
	if len(p.Spends) > 0 {
		rows, err := b.q.LoadSpends(ctx, nameList(p.Spends))
		if err != nil {
			return err
		}
		b.addSpends(rows)
	}
	if len(p.Transactions) > 0 {
		names := nameList(p.Transactions)
		rows, err := b.q.LoadSpendsByTransaction(ctx, names)
		if err != nil {
			return err
		}
		b.addSpends(rows)
		reversals, err := b.q.LoadReversals(ctx, names)
		if err != nil {
			return err
		}
		for _, r := range reversals {
			if k := b.snap.Keys[ledger.KeyID(r.ApiKeyID)]; k != nil {
				k.Reversals = append(k.Reversals, ledger.Reversal{
					KeyID: k.Key.ID, TransactionID: r.TransactionID, ReversedAtUs: r.ReversedAtUs,
				})
			}
		}
	}
	return nil
}

func (b *batch) loadKeys(ctx context.Context, keys []ledger.KeyID) error {
	ids := idList(keys)
	rows, err := b.q.LockKeys(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range rows {
		b.snap.Keys[ledger.KeyID(r.ID)] = &ledger.KeySnapshot{Key: keyOf(r)}
	}
	daily, weekly, monthly, annual := lengths()
	left, err := b.q.LoadLeft(ctx, dbsqlc.LoadLeftParams{
		ClockUs: b.snap.ClockUs, Ids: ids, DailyUs: daily, WeeklyUs: weekly, MonthlyUs: monthly, AnnualUs: annual,
	})
	if err != nil {
		return err
	}
	for _, l := range left {
		k := b.snap.Keys[ledger.KeyID(l.ID)]
		k.NowUs = l.NowUs
		k.Left = ledger.Left{
			HeldSats:  l.LeftHeldSats,
			SpentSats: [ledger.WindowCount]int64{l.LeftDailySats, l.LeftWeeklySats, l.LeftMonthlySats, l.LeftAnnualSats},
		}
	}
	return nil
}

// addSpends adds each spend once, though it may be found by both names.
func (b *batch) addSpends(rows []dbsqlc.Spend) {
	for _, r := range rows {
		n, k := spendName{ledger.KeyID(r.ApiKeyID), r.CreatedAtUs}, b.snap.Keys[ledger.KeyID(r.ApiKeyID)]
		if k != nil && !b.seen[n] {
			b.seen[n] = true
			k.Spends = append(k.Spends, spendOf(r))
		}
	}
}

func (b *batch) Snapshot() *ledger.Snapshot { return b.snap }

func (b *batch) LoadSchedules(ctx context.Context, ids []ledger.KeyID, limit int) error {
	for _, id := range ids {
		k := b.snap.Keys[id]
		schedule, err := loadSchedule(ctx, b.q, id, k.NowUs, limit)
		if err != nil {
			return unavailable("load schedules", err)
		}
		k.Schedule = schedule
	}
	return nil
}

// loadSchedule reads what comes back to a key after nowUs.
func loadSchedule(ctx context.Context, q *dbsqlc.Queries, id ledger.KeyID, nowUs int64, limit int) (*ledger.Schedule, error) {
	schedule := &ledger.Schedule{Limit: limit}
	holds, err := q.LoadHoldsAfter(ctx, dbsqlc.LoadHoldsAfterParams{KeyID: id[:], AfterUs: nowUs, RowLimit: int64(limit)})
	if err != nil {
		return nil, err
	}
	for _, h := range holds {
		schedule.Holds = append(schedule.Holds, ledger.Event{AtUs: h.ExpiresAtUs, AmountSats: h.HeldSats, CreatedAtUs: h.CreatedAtUs})
	}
	for _, w := range ledger.Windows() {
		settled, err := q.LoadSettledAfter(ctx, dbsqlc.LoadSettledAfterParams{KeyID: id[:], AfterUs: nowUs - w.LengthUs(), RowLimit: int64(limit)})
		if err != nil {
			return nil, err
		}
		for _, r := range settled {
			schedule.Settled[w] = append(schedule.Settled[w], ledger.Event{
				AtUs: r.SettledAtUs + w.LengthUs(), AmountSats: r.AmountSats, CreatedAtUs: r.CreatedAtUs,
			})
		}
	}
	return schedule, nil
}

// Commit saves, row by row through prepared statements, and commits.
func (b *batch) Commit(ctx context.Context, c *ledger.Changes) error {
	defer b.Rollback()
	if err := b.save(unwatched(ctx), c); err != nil {
		return unavailable("save", err)
	}
	if err := ctx.Err(); err != nil {
		return unavailable("save", err)
	}
	if err := b.tx.Commit(); err != nil {
		// The log may have been written and only its sync have failed.
		return fmt.Errorf("%w: commit: %w", store.ErrOutcomeUnknown, err)
	}
	return nil
}

func (b *batch) Rollback() {
	// After a commit, or where a cancelled context has rolled back already, this
	// does nothing and says so.
	_ = b.tx.Rollback()
}
