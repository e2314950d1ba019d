// Reads, and the creation of keys.

package sqlite

import (
	"context"
	"fmt"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

// CreateKey implements [store.Store].
func (s *Store) CreateKey(ctx context.Context, p store.CreateKeyParams) (store.Created, error) {
	k := p.Key
	params := dbsqlc.InsertKeyParams{
		ID: k.ID[:], Subject: k.Subject, Name: k.Name, Scopes: int64(k.Scopes),
		SecretHash: p.SecretHash, SecretPrefix: k.SecretPrefix, State: int64(k.State),
		CreatedAtUs: k.CreatedAtUs, ExpiresAtUs: k.ExpiresAtUs,
		RevokedAtUs: k.RevokedAtUs, LastUsedAtUs: k.LastUsedAtUs, RequestHash: p.RequestHash, Revision: k.Revision, LastUs: k.LastUs, AsOfUs: k.AsOfUs,
		DailyLimitSats: limit(k.Limits[ledger.Daily]), WeeklyLimitSats: limit(k.Limits[ledger.Weekly]),
		MonthlyLimitSats: limit(k.Limits[ledger.Monthly]), AnnualLimitSats: limit(k.Limits[ledger.Annual]),
	}
	if p.RequestID != "" {
		params.RequestID = &p.RequestID
	}
	// In a transaction of its own, so that an error says what it is of: only that
	// of the commit leaves the outcome open.
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return store.Created{}, unavailable("begin", err)
	}
	defer func() { _ = tx.Rollback() }()
	q := s.writes.WithTx(tx)
	inserted, err := q.InsertKey(ctx, params)
	if err != nil {
		return store.Created{}, unavailable("create key", err)
	}
	if inserted == 0 {
		row, err := q.FindKeyByRequest(ctx, dbsqlc.FindKeyByRequestParams{Subject: k.Subject, RequestID: params.RequestID})
		if err != nil {
			return store.Created{}, unavailable("find key by request", err)
		}
		return store.Created{Key: keyOf(row), RequestHash: row.RequestHash}, nil
	}
	if err := tx.Commit(); err != nil {
		return store.Created{}, fmt.Errorf("%w: create key: %w", store.ErrOutcomeUnknown, err)
	}
	return store.Created{Key: k, RequestHash: p.RequestHash, New: true}, nil
}

// FindOrigin implements [store.Store].
func (s *Store) FindOrigin(ctx context.Context, id ledger.KeyID) (origin []byte, found bool, err error) {
	rows, err := s.reads.FindKeyOrigin(ctx, id[:])
	if err != nil || len(rows) == 0 {
		return nil, false, ifAny("find the origin of a key", err)
	}
	return rows[0], true, nil
}

// ViewKeys implements [store.Store].
func (s *Store) ViewKeys(ctx context.Context, ids []ledger.KeyID, subject string) ([]ledger.View, error) {
	return s.viewKeys(ctx, s.reads, ids, subject)
}

func (s *Store) viewKeys(ctx context.Context, q *dbsqlc.Queries, ids []ledger.KeyID, subject string) ([]ledger.View, error) {
	daily, weekly, monthly, annual := lengths()
	clockUs := s.clock()
	rows, err := q.ViewKeys(ctx, dbsqlc.ViewKeysParams{
		ClockUs: clockUs, Ids: idList(ids), Subject: subject, DailyUs: daily, WeeklyUs: weekly, MonthlyUs: monthly, AnnualUs: annual,
	})
	if err != nil {
		return nil, unavailable("view keys", err)
	}
	views := make([]ledger.View, len(rows))
	for i, r := range rows {
		views[i] = viewOf(r, clockUs)
	}
	return views, nil
}

// atOneMoment runs read in a transaction in which all statements see the same rows.
func (s *Store) atOneMoment(ctx context.Context, read func(*dbsqlc.Queries) error) error {
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return unavailable("begin read", err)
	}
	defer func() { _ = tx.Rollback() }()
	return read(s.reads.WithTx(tx))
}

// ViewSchedule implements [store.Store].
func (s *Store) ViewSchedule(ctx context.Context, id ledger.KeyID, limit int) (view *ledger.View, schedule *ledger.Schedule, err error) {
	err = s.atOneMoment(ctx, func(q *dbsqlc.Queries) error {
		views, err := s.viewKeys(ctx, q, []ledger.KeyID{id}, "")
		if err != nil || len(views) == 0 {
			return err
		}
		view = &views[0]
		if schedule, err = loadSchedule(ctx, q, id, view.NowUs, limit); err != nil {
			return unavailable("view schedule", err)
		}
		return nil
	})
	return view, schedule, err
}

// ViewSeries implements [store.Store].
func (s *Store) ViewSeries(ctx context.Context, id ledger.KeyID, w ledger.Window) (series *ledger.Series, err error) {
	err = s.atOneMoment(ctx, func(q *dbsqlc.Queries) error {
		views, err := s.viewKeys(ctx, q, []ledger.KeyID{id}, "")
		if err != nil || len(views) == 0 {
			return err
		}
		series = ledger.NewSeries(&views[0], w)
		rows, err := q.SumSeries(ctx, dbsqlc.SumSeriesParams{
			KeyID: id[:], AfterUs: series.StartUs(0), UntilUs: series.View.NowUs, BucketUs: w.BucketUs(),
		})
		if err != nil {
			return unavailable("sum series", err)
		}
		for _, r := range rows {
			series.SpentSats[r.Bucket] = r.SpentSats
		}
		return nil
	})
	return series, err
}

// ListKeys implements [store.Store].
func (s *Store) ListKeys(ctx context.Context, p store.ListKeysParams) (page []ledger.View, err error) {
	err = s.atOneMoment(ctx, func(q *dbsqlc.Queries) error {
		rows, err := q.ListKeyIDs(ctx, dbsqlc.ListKeyIDsParams{
			ClockUs: s.clock(), Subject: p.Subject, States: int64(p.States.OrAll()),
			BeforeUs: p.BeforeUs, BeforeID: p.BeforeID[:], RowLimit: int64(p.Limit),
		})
		if err != nil {
			return unavailable("list keys", err)
		}
		ids := make([]ledger.KeyID, len(rows))
		for i, r := range rows {
			ids[i] = ledger.KeyID(r)
		}
		page, err = s.viewKeys(ctx, q, ids, "")
		return err
	})
	ledger.NewestFirst(page)
	return page, err
}

// ListSpends implements [store.Store].
func (s *Store) ListSpends(ctx context.Context, p store.ListSpendsParams) ([]ledger.Spend, error) {
	var rows []dbsqlc.Spend
	var err error
	if p.OnlyOpen() {
		rows, err = s.reads.ListOpenSpends(ctx, dbsqlc.ListOpenSpendsParams{
			KeyID: p.KeyID[:], NowUs: p.NowUs, BeforeUs: p.BeforeUs, RowLimit: int64(p.Limit),
		})
	} else {
		rows, err = s.reads.ListSpends(ctx, dbsqlc.ListSpendsParams{
			KeyID: p.KeyID[:], NowUs: p.NowUs, BeforeUs: p.BeforeUs, States: p.StateBits(), RowLimit: int64(p.Limit),
		})
	}
	if err != nil {
		return nil, unavailable("list spends", err)
	}
	spends := make([]ledger.Spend, len(rows))
	for i, r := range rows {
		spends[i] = spendOf(r).At(p.NowUs)
	}
	return spends, nil
}

// ListLimitChanges implements [store.Store].
func (s *Store) ListLimitChanges(ctx context.Context, p store.ListLimitChangesParams) ([]ledger.LimitChange, error) {
	rows, err := s.reads.ListLimitChanges(ctx, dbsqlc.ListLimitChangesParams{
		KeyID: p.KeyID[:], BeforeRevision: p.BeforeRevision, BeforeWindow: p.BeforeWindow, RowLimit: int64(p.Limit),
	})
	if err != nil {
		return nil, unavailable("list limit changes", err)
	}
	changes := make([]ledger.LimitChange, len(rows))
	for i, r := range rows {
		changes[i] = limitChangeOf(r)
	}
	return changes, nil
}

// ListSweepable implements [store.Store].
func (s *Store) ListSweepable(ctx context.Context, p store.ListSweepableParams) ([]store.Sweepable, error) {
	rows, err := s.reads.ListSweepable(ctx, dbsqlc.ListSweepableParams{
		After: p.After[:], ExpiredAtUs: p.ExpiredAtUs, DeleteBeforeUs: p.DeleteBeforeUs,
		StaleBeforeUs: p.StaleBeforeUs, RowLimit: int64(p.Limit),
	})
	if err != nil {
		return nil, unavailable("list sweepable", err)
	}
	page := make([]store.Sweepable, len(rows))
	for i, r := range rows {
		page[i] = store.Sweepable{KeyID: ledger.KeyID(r.ID), Due: r.Due == 1}
	}
	return page, nil
}

// AuditKeys implements [store.Store].
func (s *Store) AuditKeys(ctx context.Context, after ledger.KeyID, limit int) ([]ledger.Audit, error) {
	daily, weekly, monthly, annual := lengths()
	rows, err := s.reads.AuditKeys(ctx, dbsqlc.AuditKeysParams{
		After: after[:], RowLimit: int64(limit), DailyUs: daily, WeeklyUs: weekly, MonthlyUs: monthly, AnnualUs: annual,
	})
	if err != nil {
		return nil, unavailable("audit keys", err)
	}
	audits := make([]ledger.Audit, len(rows))
	for i, r := range rows {
		audits[i] = ledger.Audit{
			Key: keyOf(r.ApiKey), HeldSats: r.HeldSats,
			SpentSats: [ledger.WindowCount]int64{r.DailySats, r.WeeklySats, r.MonthlySats, r.AnnualSats},
			LatestUs:  r.LatestUs, SpendCount: r.SpendCount,
		}
	}
	return audits, nil
}
