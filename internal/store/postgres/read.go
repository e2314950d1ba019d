// Reads, and the creation of keys.

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
)

// CreateKey implements [store.Store].
func (s *Store) CreateKey(ctx context.Context, p store.CreateKeyParams) (store.Created, error) {
	k := p.Key
	params := dbsqlc.InsertKeyParams{
		ID: k.ID, Subject: k.Subject, Name: k.Name, Scopes: int64(k.Scopes),
		SecretHash: p.SecretHash, SecretPrefix: k.SecretPrefix, State: int64(k.State),
		CreatedAtUs: k.CreatedAtUs, ExpiresAtUs: k.ExpiresAtUs,
		RevokedAtUs: k.RevokedAtUs, LastUsedAtUs: k.LastUsedAtUs, RequestHash: p.RequestHash, Revision: k.Revision, LastUs: k.LastUs, AsOfUs: k.AsOfUs,
		DailyLimitSats: limit(k.Limits[ledger.Daily]), WeeklyLimitSats: limit(k.Limits[ledger.Weekly]),
		MonthlyLimitSats: limit(k.Limits[ledger.Monthly]), AnnualLimitSats: limit(k.Limits[ledger.Annual]),
	}
	if p.RequestID != "" {
		params.RequestID = &p.RequestID
	}
	q := dbsqlc.New(s.pool)
	inserted, err := q.InsertKey(ctx, params)
	switch {
	case err != nil && reported(err):
		return store.Created{}, classify("create key", err)
	case err != nil:
		return store.Created{}, fmt.Errorf("%w: create key: %w", store.ErrOutcomeUnknown, err)
	case inserted == 1:
		return store.Created{Key: k, RequestHash: p.RequestHash, New: true}, nil
	}
	row, err := q.FindKeyByRequest(ctx, dbsqlc.FindKeyByRequestParams{Subject: k.Subject, RequestID: p.RequestID})
	if err != nil {
		return store.Created{}, classify("find key by request", err)
	}
	return store.Created{Key: keyOf(row), RequestHash: row.RequestHash}, nil
}

// FindOrigin implements [store.Store].
func (s *Store) FindOrigin(ctx context.Context, id ledger.KeyID) (origin []byte, found bool, err error) {
	rows, err := dbsqlc.New(s.pool).FindKeyOrigin(ctx, id)
	if err != nil || len(rows) == 0 {
		return nil, false, ifAny("find the origin of a key", err)
	}
	return rows[0], true, nil
}

// ViewKeys implements [store.Store].
func (s *Store) ViewKeys(ctx context.Context, ids []ledger.KeyID, subject string) ([]ledger.View, error) {
	return s.viewKeys(ctx, dbsqlc.New(s.pool), uuids(ids), subject)
}

func (s *Store) viewKeys(ctx context.Context, q *dbsqlc.Queries, ids [][16]byte, subject string) ([]ledger.View, error) {
	daily, weekly, monthly, annual := lengths()
	rows, err := q.ViewKeys(ctx, dbsqlc.ViewKeysParams{
		ClockUs: s.clock(), Ids: ids, Subject: subject, DailyUs: daily, WeeklyUs: weekly, MonthlyUs: monthly, AnnualUs: annual,
	})
	if err != nil {
		return nil, classify("view keys", err)
	}
	views := make([]ledger.View, len(rows))
	for i, r := range rows {
		views[i] = viewOf(r)
	}
	return views, nil
}

// atOneMoment runs read in a transaction in which all statements see the same rows.
func (s *Store) atOneMoment(ctx context.Context, read func(pgx.Tx) error) error {
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, read)
	if err != nil {
		return classify("read", err)
	}
	return nil
}

// ViewSchedule implements [store.Store].
func (s *Store) ViewSchedule(ctx context.Context, id ledger.KeyID, limit int) (view *ledger.View, schedule *ledger.Schedule, err error) {
	err = s.atOneMoment(ctx, func(tx pgx.Tx) error {
		views, err := s.viewKeys(ctx, dbsqlc.New(tx), [][16]byte{id}, "")
		if err != nil || len(views) == 0 {
			return err
		}
		view = &views[0]
		key := &ledger.KeySnapshot{Key: view.Key, NowUs: view.NowUs}
		if err := loadSchedules(ctx, tx.Conn(), map[ledger.KeyID]*ledger.KeySnapshot{id: key}, []ledger.KeyID{id}, limit); err != nil {
			return err
		}
		schedule = key.Schedule
		return nil
	})
	return view, schedule, err
}

// ViewSeries implements [store.Store].
func (s *Store) ViewSeries(ctx context.Context, id ledger.KeyID, w ledger.Window) (series *ledger.Series, err error) {
	err = s.atOneMoment(ctx, func(tx pgx.Tx) error {
		q := dbsqlc.New(tx)
		views, err := s.viewKeys(ctx, q, [][16]byte{id}, "")
		if err != nil || len(views) == 0 {
			return err
		}
		series = ledger.NewSeries(&views[0], w)
		rows, err := q.SumSeries(ctx, dbsqlc.SumSeriesParams{
			KeyID: id, AfterUs: series.StartUs(0), UntilUs: series.View.NowUs, BucketUs: w.BucketUs(),
		})
		for _, r := range rows {
			series.SpentSats[r.Bucket] = r.SpentSats
		}
		return err
	})
	return series, err
}

// loadSchedules reads the schedules of the keys in one round trip.
func loadSchedules(ctx context.Context, conn *pgx.Conn, keys map[ledger.KeyID]*ledger.KeySnapshot, ids []ledger.KeyID, limit int) error {
	var (
		settled [ledger.WindowCount][]dbsqlc.LoadSettledAfterRow
		holds   []dbsqlc.LoadHoldsAfterRow
		nows    = make([]int64, len(ids))
	)
	for i, id := range ids {
		nows[i] = keys[id].NowUs
		keys[id].Schedule = &ledger.Schedule{Limit: limit}
	}
	steps := []step{many((*dbsqlc.Queries).LoadHoldsAfter,
		dbsqlc.LoadHoldsAfterParams{KeyIds: uuids(ids), AfterUs: nows, RowLimit: int32(limit)}, &holds)}
	for _, w := range ledger.Windows() {
		after := make([]int64, len(nows))
		for i, now := range nows {
			after[i] = now - w.LengthUs()
		}
		steps = append(steps, many((*dbsqlc.Queries).LoadSettledAfter,
			dbsqlc.LoadSettledAfterParams{KeyIds: uuids(ids), AfterUs: after, RowLimit: int32(limit)}, &settled[w]))
	}
	if _, err := pipeline(ctx, conn, steps); err != nil {
		return err
	}
	for _, h := range holds {
		s := keys[ledger.KeyID(h.ApiKeyID)].Schedule
		s.Holds = append(s.Holds, ledger.Event{AtUs: h.ExpiresAtUs, AmountSats: h.HeldSats, CreatedAtUs: h.CreatedAtUs})
	}
	for _, w := range ledger.Windows() {
		for _, r := range settled[w] {
			s := keys[ledger.KeyID(r.ApiKeyID)].Schedule
			s.Settled[w] = append(s.Settled[w], ledger.Event{AtUs: r.SettledAtUs + w.LengthUs(), AmountSats: r.AmountSats, CreatedAtUs: r.CreatedAtUs})
		}
	}
	return nil
}

// ListKeys implements [store.Store].
func (s *Store) ListKeys(ctx context.Context, p store.ListKeysParams) (page []ledger.View, err error) {
	err = s.atOneMoment(ctx, func(tx pgx.Tx) error {
		q := dbsqlc.New(tx)
		ids, err := q.ListKeyIDs(ctx, dbsqlc.ListKeyIDsParams{
			ClockUs: s.clock(), Subject: p.Subject, States: int64(p.States.OrAll()),
			BeforeUs: p.BeforeUs, BeforeID: p.BeforeID, RowLimit: int32(p.Limit),
		})
		if err != nil {
			return err
		}
		page, err = s.viewKeys(ctx, q, ids, "")
		return err
	})
	ledger.NewestFirst(page)
	return page, err
}

// ListSpends implements [store.Store].
func (s *Store) ListSpends(ctx context.Context, p store.ListSpendsParams) ([]ledger.Spend, error) {
	q := dbsqlc.New(s.pool)
	var rows []dbsqlc.Spend
	var err error
	if p.OnlyOpen() {
		var open []dbsqlc.ListOpenSpendsRow
		open, err = q.ListOpenSpends(ctx, dbsqlc.ListOpenSpendsParams{
			KeyID: p.KeyID, NowUs: p.NowUs, BeforeUs: p.BeforeUs, RowLimit: int32(p.Limit),
		})
		for _, r := range open {
			rows = append(rows, dbsqlc.Spend(r))
		}
	} else {
		rows, err = q.ListSpends(ctx, dbsqlc.ListSpendsParams{
			KeyID: p.KeyID, NowUs: p.NowUs, BeforeUs: p.BeforeUs, States: p.StateBits(), RowLimit: int32(p.Limit),
		})
	}
	if err != nil {
		return nil, classify("list spends", err)
	}
	spends := make([]ledger.Spend, len(rows))
	for i, r := range rows {
		spends[i] = spendOf(r).At(p.NowUs)
	}
	return spends, nil
}

// ListLimitChanges implements [store.Store].
func (s *Store) ListLimitChanges(ctx context.Context, p store.ListLimitChangesParams) ([]ledger.LimitChange, error) {
	rows, err := dbsqlc.New(s.pool).ListLimitChanges(ctx, dbsqlc.ListLimitChangesParams{
		KeyID: p.KeyID, BeforeRevision: p.BeforeRevision, BeforeWindow: p.BeforeWindow, RowLimit: int32(p.Limit),
	})
	if err != nil {
		return nil, classify("list limit changes", err)
	}
	changes := make([]ledger.LimitChange, len(rows))
	for i, r := range rows {
		changes[i] = limitChangeOf(r)
	}
	return changes, nil
}

// ListSweepable implements [store.Store].
func (s *Store) ListSweepable(ctx context.Context, p store.ListSweepableParams) ([]store.Sweepable, error) {
	rows, err := dbsqlc.New(s.pool).ListSweepable(ctx, dbsqlc.ListSweepableParams{
		After: p.After, ExpiredAtUs: p.ExpiredAtUs, DeleteBeforeUs: p.DeleteBeforeUs,
		StaleBeforeUs: p.StaleBeforeUs, RowLimit: int32(p.Limit),
	})
	if err != nil {
		return nil, classify("list sweepable", err)
	}
	page := make([]store.Sweepable, len(rows))
	for i, r := range rows {
		page[i] = store.Sweepable{KeyID: ledger.KeyID(r.ID), Due: r.Due}
	}
	return page, nil
}

// AuditKeys implements [store.Store].
func (s *Store) AuditKeys(ctx context.Context, after ledger.KeyID, limit int) ([]ledger.Audit, error) {
	daily, weekly, monthly, annual := lengths()
	rows, err := dbsqlc.New(s.pool).AuditKeys(ctx, dbsqlc.AuditKeysParams{
		After: after, RowLimit: int32(limit), DailyUs: daily, WeeklyUs: weekly, MonthlyUs: monthly, AnnualUs: annual,
	})
	if err != nil {
		return nil, classify("audit keys", err)
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

// ClockUs implements [store.Store].
func (s *Store) ClockUs(ctx context.Context) (int64, error) {
	us, err := dbsqlc.New(s.pool).ReadClock(ctx, s.clock())
	if err != nil {
		return 0, classify("read clock", err)
	}
	return us, nil
}
