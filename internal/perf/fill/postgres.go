// Filling satcap's tables, and those of the incumbent, on Postgres.

package fill

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/satcap/satcap/internal/ledger"
)

// manySpends is from how many rows on it pays to make the indexes afterwards.
var manySpends = 500_000

// Postgres writes the plan into a migrated database.
func Postgres(ctx context.Context, url string, p Plan) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	h := p.at(time.Now())
	if _, err := conn.Exec(ctx, `
INSERT INTO api_keys (id, subject, name, scopes, secret_hash, secret_prefix, state, created_at_us, expires_at_us, revoked_at_us,
    last_used_at_us, request_hash, revision, last_us, as_of_us, daily_limit_sats, weekly_limit_sats, monthly_limit_sats, annual_limit_sats,
    held_sats, daily_spent_sats, weekly_spent_sats, monthly_spent_sats, annual_spent_sats)
SELECT md5($1 || k)::uuid, $2, 'key ' || k, 7, sha256(convert_to($1 || k, 'UTF8')), 'sk_' || substr(md5($1 || k), 1, 6), 1, $3, 0, 0,
    0, '', 1 + $10, $4, $4, $5, $5, $5, $5, 0, $6, $7, $8, $9
FROM generate_series(0, $11::int - 1) k`,
		p.Prefix, p.Subject, h.baseUs+1, h.nowUs, int64(ledger.MaxAmountSats), h.sums[0], h.sums[1], h.sums[2], h.sums[3], int64(p.Spends), p.Keys); err != nil {
		return fmt.Errorf("fill keys: %w", err)
	}
	return withoutIndexes(ctx, conn, "spends", p.Keys*p.Spends, func() error {
		_, err := conn.Exec(ctx, `
INSERT INTO spends (api_key_id, created_at_us, spend_id, state, amount_sats, held_sats, transaction_id, reserved_at_us, expires_at_us,
    settled_at_us, reversed_at_us, updated_at_us, late, over_hold, unreserved)
SELECT key.id, at.us, md5(key.id::text || i), 4, 1, 1, '', at.us, at.us + 1000000, at.us, 0, at.us, false, false, false
FROM (SELECT md5($1 || k)::uuid AS id FROM generate_series(0, $2::int - 1) k) key, generate_series(1, $3::int) i, LATERAL (SELECT $4 + i * $5::bigint AS us) at`,
			p.Prefix, p.Keys, p.Spends, h.baseUs, h.stepUs)
		return err
	})
}

// withoutIndexes runs do without the indexes of a table, apart from its primary
// key, if it writes many rows, and makes them again.
func withoutIndexes(ctx context.Context, conn *pgx.Conn, table string, rows int, do func() error) error {
	var names, definitions []string
	if rows >= manySpends {
		list, err := conn.Query(ctx, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = $1 AND indexname <> $1 || '_pkey'", table)
		if err != nil {
			return err
		}
		var name, definition string
		if _, err := pgx.ForEachRow(list, []any{&name, &definition}, func() error {
			names, definitions = append(names, name), append(definitions, definition)
			return nil
		}); err != nil {
			return err
		}
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "DROP INDEX "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}
	for _, definition := range definitions {
		if _, err := conn.Exec(ctx, definition); err != nil {
			return err
		}
	}
	return count(ctx, conn, "api_keys", table)
}

// count has the server count the rows of tables, as its own background job would, but
// for empty ones: that job does not look at them either, and the server would take
// them for empty while they grow.
func count(ctx context.Context, conn *pgx.Conn, tables ...string) error {
	for _, table := range tables {
		var filled bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+table+")").Scan(&filled); err != nil {
			return err
		}
		if !filled {
			continue
		}
		if _, err := conn.Exec(ctx, "VACUUM ANALYZE "+table); err != nil {
			return err
		}
	}
	return nil
}

// Incumbent empties the incumbent's tables and writes the plan into them.
func Incumbent(ctx context.Context, url string, p Plan) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "TRUNCATE limits, payments"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "INSERT INTO limits SELECT md5($1 || k)::uuid, $3, $3, $3, $3 FROM generate_series(0, $2::int - 1) k",
		p.Prefix, p.Keys, int64(ledger.MaxAmountSats)); err != nil {
		return err
	}
	h := p.at(time.Now())
	if _, err := conn.Exec(ctx, `
INSERT INTO payments (key_id, name, amount_sats, created_at)
SELECT md5($1 || k)::uuid, md5(k::text || ':' || i), 1, to_timestamp(($4 + i * $5::bigint) / 1000000.0)
FROM generate_series(1, $3::int) i, generate_series(0, $2::int - 1) k`, p.Prefix, p.Keys, p.Spends, h.baseUs, h.stepUs); err != nil {
		return err
	}
	return count(ctx, conn, "limits", "payments")
}
