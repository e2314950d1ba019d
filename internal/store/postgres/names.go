// The registry of payment names.

package postgres

import (
	"context"
	"fmt"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
)

// ClaimNames implements [store.Names].
func (s *Store) ClaimNames(ctx context.Context, claims []store.PaymentName) ([]store.PaymentName, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	// The first claim of a name is the one that counts, here as in the registry,
	// and no statement can claim a name twice.
	p := dbsqlc.ClaimNamesParams{ClockUs: s.clock()}
	stands := make(map[string]store.PaymentName, len(claims))
	for _, c := range claims {
		if _, again := stands[c.Name]; again {
			continue
		}
		stands[c.Name] = c
		p.Names = append(p.Names, c.Name)
		p.KeyIds = append(p.KeyIds, c.KeyID)
		p.SpendIds = append(p.SpendIds, c.SpendID)
	}
	var rows []dbsqlc.PaymentName
	if err := s.changeNames(ctx, "claim names", many((*dbsqlc.Queries).ClaimNames, p, &rows)); err != nil {
		return nil, err
	}
	for _, r := range rows {
		stands[r.Name] = nameOf(r)
	}
	out := make([]store.PaymentName, len(claims))
	for i, c := range claims {
		out[i] = stands[c.Name]
	}
	return out, nil
}

// ReverseName implements [store.Names].
func (s *Store) ReverseName(ctx context.Context, name string) (stands store.PaymentName, err error) {
	p := dbsqlc.ReverseNameParams{Name: name, ClockUs: s.clock()}
	err = s.changeNames(ctx, "reverse name", func(ctx context.Context, db dbsqlc.DBTX) error {
		row, err := dbsqlc.New(db).ReverseName(ctx, p)
		stands = nameOf(row)
		return err
	})
	return stands, err
}

// changeNames runs one statement in a transaction like that of a batch: the same
// isolation whatever the database's default is, and the same bound on waiting.
// The statement waits for those who change the same names and then sees what
// they have left, which is what READ COMMITTED means.
func (s *Store) changeNames(ctx context.Context, doing string, change step) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("%w: acquire: %w", store.ErrUnavailable, err)
	}
	b := &batch{conn: conn}
	defer b.Rollback()
	return b.commit(ctx, doing, []step{statement(beginBatch), statement(boundBatch), change})
}

// FindNames implements [store.Names].
func (s *Store) FindNames(ctx context.Context, names []string) ([]store.PaymentName, error) {
	if len(names) == 0 {
		return nil, nil
	}
	rows, err := dbsqlc.New(s.pool).FindNames(ctx, names)
	if err != nil {
		return nil, classify("find names", err)
	}
	found := make([]store.PaymentName, len(rows))
	for i, r := range rows {
		found[i] = nameOf(r)
	}
	return found, nil
}

// DeleteOldNames implements [store.Names].
func (s *Store) DeleteOldNames(ctx context.Context, beforeUs int64, limit int) (int64, error) {
	n, err := dbsqlc.New(s.pool).DeleteOldNames(ctx, dbsqlc.DeleteOldNamesParams{BeforeUs: beforeUs, RowLimit: int32(limit)})
	return n, ifAny("delete old names", err)
}

func nameOf(r dbsqlc.PaymentName) store.PaymentName {
	return store.PaymentName{
		Name: r.Name, KeyID: ledger.KeyID(r.ApiKeyID.Bytes), SpendID: r.SpendID, ReversedAtUs: r.ReversedAtUs, // no bytes are zeros
	}
}
