// Package blinktest makes databases like those that imports read: the tables of
// Blink's api-keys service, and keys and payments by chance.
package blinktest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Prefix begins the secrets of the keys.
const Prefix = "blink_"

// schema is what an import finds. It is looser than it would be in use: tests
// put rows in that should not be there.
const schema = `
CREATE TABLE identities (id uuid PRIMARY KEY, subject_id text);
CREATE TABLE identity_api_keys (
    id uuid PRIMARY KEY, identity_id uuid, name varchar, hashed_key bytea, scopes text[],
    created_at timestamptz, expires_at timestamptz, last_used_at timestamptz,
    revoked boolean NOT NULL DEFAULT false, revoked_at timestamptz
);
CREATE TABLE api_key_limits (
    api_key_id uuid UNIQUE, daily_limit_sats bigint, weekly_limit_sats bigint, monthly_limit_sats bigint, annual_limit_sats bigint
);
CREATE TABLE api_key_transactions (
    id uuid PRIMARY KEY, api_key_id uuid, amount_sats bigint, transaction_id varchar(128) UNIQUE, created_at timestamptz
);
CREATE INDEX ON api_key_transactions (api_key_id, created_at);
`

// Key is an API key of the source.
type Key struct {
	ID, Identity uuid.UUID
	Subject      string
	Name         string
	Secret       string // all of it, with the prefix
	Hash         []byte
	Scopes       []string
	CreatedUs    int64
	ExpiresUs    int64 // 0: never
	LastUsedUs   int64 // 0: never
	Revoked      bool
	RevokedUs    int64    // 0: not known
	Limits       [4]int64 // daily to annual; 0: unlimited
	Rows         []Row    // in no order
}

// Row is a transaction of a key.
type Row struct {
	ID            uuid.UUID
	AmountSats    int64
	TransactionID string // empty: none
	AtUs          int64
}

// hours are the lengths of the windows, daily to annual.
var hours = [4]int64{24, 7 * 24, 30 * 24, 365 * 24}

// Sums adds up what counts at a moment, row by row.
func (k *Key) Sums(atUs int64) (sums [4]int64) {
	for _, r := range k.Rows {
		for w, h := range hours {
			if r.AtUs <= atUs && r.AtUs > atUs-h*3_600_000_000 {
				sums[w] += r.AmountSats
			}
		}
	}
	return sums
}

// Create makes the tables.
func Create(ctx context.Context, url string) error {
	return with(ctx, url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, schema)
		return err
	})
}

// Fill puts keys into the tables.
func Fill(ctx context.Context, url string, keys []Key) error {
	return with(ctx, url, func(conn *pgx.Conn) error {
		var identities, rows, limits, spends [][]any
		for _, k := range keys {
			identities = append(identities, []any{bytes(k.Identity), k.Subject})
			rows = append(rows, []any{bytes(k.ID), bytes(k.Identity), k.Name, k.Hash, k.Scopes, Time(k.CreatedUs), Time(k.ExpiresUs), Time(k.LastUsedUs), k.Revoked, Time(k.RevokedUs)})
			if k.Limits != [4]int64{} {
				limits = append(limits, []any{bytes(k.ID), orNull(k.Limits[0]), orNull(k.Limits[1]), orNull(k.Limits[2]), orNull(k.Limits[3])})
			}
			for _, r := range k.Rows {
				spends = append(spends, []any{bytes(r.ID), bytes(k.ID), r.AmountSats, orNull(r.TransactionID), Time(r.AtUs)})
			}
		}
		for _, t := range []struct {
			table   string
			columns []string
			rows    [][]any
		}{
			{"identities", []string{"id", "subject_id"}, identities},
			{"identity_api_keys", []string{"id", "identity_id", "name", "hashed_key", "scopes", "created_at", "expires_at", "last_used_at", "revoked", "revoked_at"}, rows},
			{"api_key_limits", []string{"api_key_id", "daily_limit_sats", "weekly_limit_sats", "monthly_limit_sats", "annual_limit_sats"}, limits},
			{"api_key_transactions", []string{"id", "api_key_id", "amount_sats", "transaction_id", "created_at"}, spends},
		} {
			if _, err := conn.CopyFrom(ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
				return fmt.Errorf("%s: %w", t.table, err)
			}
		}
		_, err := conn.Exec(ctx, "ANALYZE")
		return err
	})
}

// Exec runs one statement.
func Exec(ctx context.Context, url, statement string, args ...any) error {
	return with(ctx, url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, args...)
		return err
	})
}

func with(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(conn)
}

// Time is a moment as the tables have it; nil: none.
func Time(us int64) any {
	if us == 0 {
		return nil
	}
	return time.UnixMicro(us).UTC()
}

func bytes(id uuid.UUID) [16]byte { return id }

func orNull[T comparable](value T) any {
	if value == *new(T) {
		return nil
	}
	return value
}
