// The registry of payment names.

package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

// ClaimNames implements [store.Names].
func (s *Store) ClaimNames(ctx context.Context, claims []store.PaymentName) ([]store.PaymentName, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	stand := make([]store.PaymentName, len(claims))
	return stand, s.changeNames(ctx, "claim names", func(q *dbsqlc.Queries) error {
		clockUs := s.clock()
		for i, c := range claims {
			row, err := q.ClaimNames(ctx, dbsqlc.ClaimNamesParams{Name: c.Name, KeyID: c.KeyID[:], SpendID: c.SpendID, ClockUs: clockUs})
			if err != nil {
				return err
			}
			stand[i] = nameOf(row)
		}
		return nil
	})
}

// ReverseName implements [store.Names].
func (s *Store) ReverseName(ctx context.Context, name string) (stands store.PaymentName, err error) {
	err = s.changeNames(ctx, "reverse name", func(q *dbsqlc.Queries) error {
		row, err := q.ReverseName(ctx, dbsqlc.ReverseNameParams{Name: name, ClockUs: s.clock()})
		stands = nameOf(row)
		return err
	})
	return stands, err
}

// changeNames runs change in a transaction of its own, so that an error says
// what it is of: only that of the commit leaves the outcome open.
func (s *Store) changeNames(ctx context.Context, doing string, change func(*dbsqlc.Queries) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return unavailable("begin", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := change(s.writes.WithTx(tx)); err != nil {
		return unavailable(doing, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %s: %w", store.ErrOutcomeUnknown, doing, err)
	}
	return nil
}

// FindNames implements [store.Names].
func (s *Store) FindNames(ctx context.Context, names []string) ([]store.PaymentName, error) {
	if len(names) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, unavailable("find names", err)
	}
	rows, err := s.reads.FindNames(ctx, string(list))
	if err != nil {
		return nil, unavailable("find names", err)
	}
	found := make([]store.PaymentName, len(rows))
	for i, r := range rows {
		found[i] = nameOf(r)
	}
	return found, nil
}

// DeleteOldNames implements [store.Names].
func (s *Store) DeleteOldNames(ctx context.Context, beforeUs int64, limit int) (int64, error) {
	n, err := s.writes.DeleteOldNames(ctx, dbsqlc.DeleteOldNamesParams{BeforeUs: beforeUs, RowLimit: int64(limit)})
	return n, ifAny("delete old names", err)
}

func nameOf(r dbsqlc.PaymentName) store.PaymentName {
	n := store.PaymentName{Name: r.Name, SpendID: r.SpendID, ReversedAtUs: r.ReversedAtUs}
	if r.ApiKeyID != nil {
		n.KeyID = ledger.KeyID(r.ApiKeyID)
	}
	return n
}
