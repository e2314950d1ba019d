// What platforms run today: one transaction per hold that locks the key by an
// advisory lock, reads its limits for update, adds up a year of rows for four
// windows, and inserts. It is written as plain SQL with the index that it needs.

package subject

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// IncumbentSchema makes the tables of the incumbent.
const IncumbentSchema = `
CREATE TABLE limits (
    key_id uuid PRIMARY KEY,
    daily_sats bigint NOT NULL, weekly_sats bigint NOT NULL, monthly_sats bigint NOT NULL, annual_sats bigint NOT NULL
);
CREATE TABLE payments (
    id bigserial PRIMARY KEY,
    key_id uuid NOT NULL,
    name text NOT NULL,
    amount_sats bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_key ON payments (key_id, created_at);
`

const incumbentSums = `
SELECT COALESCE(SUM(amount_sats) FILTER (WHERE created_at > now() - interval '24 hours'), 0)::bigint,
       COALESCE(SUM(amount_sats) FILTER (WHERE created_at > now() - interval '7 days'), 0)::bigint,
       COALESCE(SUM(amount_sats) FILTER (WHERE created_at > now() - interval '30 days'), 0)::bigint,
       COALESCE(SUM(amount_sats) FILTER (WHERE created_at > now() - interval '365 days'), 0)::bigint
FROM payments WHERE key_id = $1 AND created_at > now() - interval '365 days'`

// incumbentConnections is the pool of one such service: as many as satcap has.
const incumbentConnections = 16

var errLimit = errors.New("the limit refuses")

type incumbent struct{ pool *pgxpool.Pool }

func openIncumbent(ctx context.Context, s Spec) (Subject, error) {
	config, err := pgxpool.ParseConfig(s.Postgres)
	if err != nil {
		return nil, err
	}
	config.MaxConns = incumbentConnections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return &incumbent{pool}, err
}

func (s *incumbent) Hold(ctx context.Context, key Key, name string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		id := [16]byte(key)
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext($1::uuid::text))", id); err != nil {
			return err
		}
		var limits, sums [4]int64
		row := tx.QueryRow(ctx, "SELECT daily_sats, weekly_sats, monthly_sats, annual_sats FROM limits WHERE key_id = $1 FOR UPDATE", id)
		if err := row.Scan(&limits[0], &limits[1], &limits[2], &limits[3]); err != nil {
			return err
		}
		row = tx.QueryRow(ctx, incumbentSums, id)
		if err := row.Scan(&sums[0], &sums[1], &sums[2], &sums[3]); err != nil {
			return err
		}
		for i := range limits {
			if sums[i]+1 > limits[i] {
				return errLimit
			}
		}
		_, err := tx.Exec(ctx, "INSERT INTO payments (key_id, name, amount_sats) VALUES ($1, $2, 1)", id, name)
		return err
	})
}

func (s *incumbent) Close() error {
	s.pool.Close()
	return nil
}
