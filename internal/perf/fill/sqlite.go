// Filling satcap's tables on SQLite.

package fill

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // registers itself as "sqlite"

	"github.com/satcap/satcap/internal/ledger"
)

// SQLite writes the plan into a migrated file that no other program has open. It
// syncs nothing until the end.
func SQLite(ctx context.Context, path string, p Plan) (err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=cache_size(-200000)&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := sqliteRows(ctx, db, p); err != nil {
		return err
	}
	for _, statement := range []string{"PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func sqliteRows(ctx context.Context, db *sql.DB, p Plan) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	h := p.at(time.Now())
	if err := sqliteKeys(ctx, tx, p, h); err != nil {
		return fmt.Errorf("fill keys: %w", err)
	}
	if p.Spends == 0 {
		return tx.Commit()
	}
	again, err := dropSQLiteIndexes(ctx, tx, p.Keys*p.Spends)
	if err != nil {
		return err
	}
	spends := `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?4)
INSERT INTO spends (api_key_id, created_at_us, spend_id, state, amount_sats, held_sats, transaction_id, reserved_at_us, expires_at_us,
    settled_at_us, reversed_at_us, updated_at_us, late, over_hold, unreserved)
SELECT ?1, ?2 + i * ?3, lower(hex(randomblob(16))), 4, 1, 1, '', ?2 + i * ?3, ?2 + i * ?3 + 1000000, ?2 + i * ?3, 0, ?2 + i * ?3, 0, 0, 0 FROM n`
	for _, id := range p.keys().All() {
		if _, err := tx.ExecContext(ctx, spends, id[:], h.baseUs, h.stepUs, p.Spends); err != nil {
			return fmt.Errorf("fill spends: %w", err)
		}
	}
	for _, statement := range again {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func sqliteKeys(ctx context.Context, tx *sql.Tx, p Plan, h history) error {
	insert, err := tx.PrepareContext(ctx, `
INSERT INTO api_keys (id, subject, name, scopes, secret_hash, secret_prefix, state, created_at_us, expires_at_us, revoked_at_us,
    last_used_at_us, request_hash, revision, last_us, as_of_us, daily_limit_sats, weekly_limit_sats, monthly_limit_sats, annual_limit_sats,
    held_sats, daily_spent_sats, weekly_spent_sats, monthly_spent_sats, annual_spent_sats)
VALUES (?1, ?2, ?3, 7, ?4, ?5, 1, ?6, 0, 0, 0, X'', 1 + ?13, ?7, ?7, ?8, ?8, ?8, ?8, 0, ?9, ?10, ?11, ?12)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for k := range p.Keys {
		id, hash := p.keys().At(k), sha256.Sum256(fmt.Append(nil, p.Prefix, k))
		if _, err := insert.ExecContext(ctx, id[:], p.Subject, fmt.Sprint("key ", k), hash[:], fmt.Sprintf("sk_%x", id[:3]), h.baseUs+1, h.nowUs,
			int64(ledger.MaxAmountSats), h.sums[0], h.sums[1], h.sums[2], h.sums[3], p.Spends); err != nil {
			return err
		}
	}
	return nil
}

// dropSQLiteIndexes drops the indexes of the spends if many rows are to come, and
// returns the statements that make them again.
func dropSQLiteIndexes(ctx context.Context, tx *sql.Tx, rows int) (again []string, err error) {
	if rows < manySpends {
		return nil, nil
	}
	list, err := tx.QueryContext(ctx, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'spends' AND sql IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var names []string
	for list.Next() {
		var name, statement string
		if err := list.Scan(&name, &statement); err != nil {
			return nil, err
		}
		names, again = append(names, name), append(again, statement)
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := tx.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
			return nil, err
		}
	}
	return again, nil
}
