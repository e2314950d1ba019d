package blinkimport

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/satcap/satcap/internal/ledger"
)

// ErrSource: the source could not be read. Running the import again goes on
// where it stopped.
var ErrSource = errors.New("source")

// source is Blink's database, which is only read. Its tables are not satcap's,
// so sqlc does not know them and the statements stand here.
//
// Instants go over as instants and never as intervals: what a day or a year is
// says package ledger, for both sides of the comparison.
type source struct{ pool *pgxpool.Pool }

// keyRow is an API key as the source has it: nothing in it is judged yet.
type keyRow struct {
	ID        ledger.KeyID
	Subject   *string // nil: there is no such identity
	Name      *string
	Hash      []byte
	Scopes    []string
	CreatedAt pgtype.Timestamptz
	ExpiresAt pgtype.Timestamptz
	LastUsed  pgtype.Timestamptz
	Revoked   bool
	RevokedAt pgtype.Timestamptz
	Limits    [ledger.WindowCount]*int64 // nil: unlimited
}

// spendRow is a transaction as the source has it.
type spendRow struct {
	ID            string
	AmountSats    *int64
	TransactionID *string
	CreatedAt     pgtype.Timestamptz
}

// openSource connects to the source that url names.
func openSource(ctx context.Context, url string) (*source, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil || !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		// The error of pgx may repeat the URL, with its password.
		return nil, fmt.Errorf("%w: the database URL is not valid", ErrSource)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	// A pooler in between may give every statement another session.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	// Columns without a zone are in UTC.
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["application_name"] = "satcap import"
	config.MaxConns = 4 // one streams a key's rows while the others are asked
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, failed("connect", err)
	}
	var replica bool
	if err := pool.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica); err != nil {
		pool.Close()
		return nil, failed("connect", err)
	}
	if replica { // what it does not have yet would be taken for deleted, and reversed
		pool.Close()
		return nil, fmt.Errorf("%w: this database is a replica, which may lag behind: give the primary", ErrSource)
	}
	return &source{pool}, nil
}

func (s *source) close() { s.pool.Close() }

func failed(doing string, err error) error { return fmt.Errorf("%w: %s: %w", ErrSource, doing, err) }

// count is how many keys there are, how many transactions after a moment, and
// how many up to it.
func (s *source) count(ctx context.Context, afterUs int64) (keys, rows, older int64, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM identity_api_keys),
			count(*) FILTER (WHERE created_at::timestamptz > $1) + count(*) FILTER (WHERE created_at IS NULL),
			count(*) FILTER (WHERE created_at::timestamptz <= $1)
		FROM api_key_transactions`, instant(afterUs)).Scan(&keys, &rows, &older)
	if err != nil {
		err = failed("count the rows", err)
	}
	return keys, rows, older, err
}

// keys is a page of keys in the order of their ids.
func (s *source) keys(ctx context.Context, after ledger.KeyID, limit int) ([]keyRow, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT k.id, i.subject_id::text, k.name::text, k.hashed_key, k.scopes::text[],
			k.created_at::timestamptz, k.expires_at::timestamptz, k.last_used_at::timestamptz,
			COALESCE(k.revoked, false), k.revoked_at::timestamptz,
			l.daily_limit_sats::bigint, l.weekly_limit_sats::bigint, l.monthly_limit_sats::bigint, l.annual_limit_sats::bigint
		FROM identity_api_keys k
		LEFT JOIN identities i ON i.id = k.identity_id
		LEFT JOIN api_key_limits l ON l.api_key_id = k.id
		WHERE k.id > $1::uuid ORDER BY k.id LIMIT $2`, pgtype.UUID{Bytes: after, Valid: true}, limit)
	if err != nil {
		return nil, failed("read the keys", err)
	}
	page, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (keyRow, error) {
		var k keyRow
		var id pgtype.UUID
		l := &k.Limits
		err := r.Scan(&id, &k.Subject, &k.Name, &k.Hash, &k.Scopes, &k.CreatedAt, &k.ExpiresAt, &k.LastUsed,
			&k.Revoked, &k.RevokedAt, &l[ledger.Daily], &l[ledger.Weekly], &l[ledger.Monthly], &l[ledger.Annual])
		k.ID = id.Bytes
		return k, err
	})
	if err != nil {
		return nil, failed("read the keys", err)
	}
	return page, nil
}

// spends calls each with a key's transactions after a moment, size at a time,
// the oldest first. They are streamed: the server sends no more than each takes.
func (s *source) spends(ctx context.Context, id ledger.KeyID, afterUs int64, size int, each func([]spendRow) error) error {
	rows, err := s.pool.Query(ctx, `
		SELECT t.id::text, t.amount_sats::bigint, t.transaction_id::text, t.created_at::timestamptz
		FROM api_key_transactions t
		WHERE t.api_key_id = $1 AND (t.created_at::timestamptz > $2 OR t.created_at IS NULL)
		ORDER BY t.created_at, t.id`, pgtype.UUID{Bytes: id, Valid: true}, instant(afterUs))
	if err != nil {
		return failed("read the transactions", err)
	}
	defer rows.Close()
	batch := make([]spendRow, 0, size)
	for rows.Next() {
		var r spendRow
		if err := rows.Scan(&r.ID, &r.AmountSats, &r.TransactionID, &r.CreatedAt); err != nil {
			return failed("read the transactions", err)
		}
		if batch = append(batch, r); len(batch) == size {
			if err := each(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return failed("read the transactions", err)
	}
	if len(batch) == 0 {
		return nil
	}
	return each(batch)
}

// find returns those of a key's transactions that have one of the ids or one of
// the transaction ids.
func (s *source) find(ctx context.Context, id ledger.KeyID, rowIDs, transactionIDs []string) ([]spendRow, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT t.id::text, t.amount_sats::bigint, t.transaction_id::text, t.created_at::timestamptz FROM api_key_transactions t
		WHERE t.api_key_id = $1 AND (t.id::text = ANY($2::text[]) OR t.transaction_id::text = ANY($3::text[]))`,
		pgtype.UUID{Bytes: id, Valid: true}, rowIDs, transactionIDs)
	if err != nil {
		return nil, failed("look for transactions", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[spendRow])
	if err != nil {
		return nil, failed("look for transactions", err)
	}
	return found, nil
}

// orphans calls found with the table and the id of every row that belongs to no
// key.
func (s *source) orphans(ctx context.Context, afterUs int64, found func(table, id string)) error {
	rows, err := s.pool.Query(ctx, `
		SELECT 'api_key_limits', COALESCE(l.api_key_id::text, '') FROM api_key_limits l
		WHERE NOT EXISTS (SELECT 1 FROM identity_api_keys k WHERE k.id = l.api_key_id)
		UNION ALL
		SELECT 'api_key_transactions', t.id::text FROM api_key_transactions t
		WHERE (t.created_at::timestamptz > $1 OR t.created_at IS NULL)
			AND NOT EXISTS (SELECT 1 FROM identity_api_keys k WHERE k.id = t.api_key_id)`, instant(afterUs))
	if err != nil {
		return failed("look for rows without a key", err)
	}
	var table, id string
	_, err = pgx.ForEachRow(rows, []any{&table, &id}, func() error { found(table, id); return nil })
	if err != nil {
		return failed("look for rows without a key", err)
	}
	return nil
}

// sums is what counts in each window of the keys, each at its own moment. A sum
// is text: that of a broken source need not fit into 64 bits.
func (s *source) sums(ctx context.Context, ids []ledger.KeyID, atUs []int64) (map[ledger.KeyID][ledger.WindowCount]string, error) {
	keys := make([]pgtype.UUID, len(ids))
	bounds := make([][]time.Time, ledger.WindowCount+1) // the windows' tails, and the moment itself
	for i, id := range ids {
		keys[i] = pgtype.UUID{Bytes: id, Valid: true}
		for _, w := range ledger.Windows() {
			bounds[w] = append(bounds[w], instant(atUs[i]-w.LengthUs()))
		}
		bounds[ledger.WindowCount] = append(bounds[ledger.WindowCount], instant(atUs[i]))
	}
	rows, err := s.pool.Query(ctx, `
		SELECT v.id,
			COALESCE(sum(t.amount_sats) FILTER (WHERE t.created_at::timestamptz > v.daily), 0)::text,
			COALESCE(sum(t.amount_sats) FILTER (WHERE t.created_at::timestamptz > v.weekly), 0)::text,
			COALESCE(sum(t.amount_sats) FILTER (WHERE t.created_at::timestamptz > v.monthly), 0)::text,
			COALESCE(sum(t.amount_sats), 0)::text
		FROM ROWS FROM (unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::timestamptz[]), unnest($4::timestamptz[]),
			unnest($5::timestamptz[]), unnest($6::timestamptz[])) AS v (id, daily, weekly, monthly, annual, at)
		LEFT JOIN api_key_transactions t
			ON t.api_key_id = v.id AND t.created_at::timestamptz > v.annual AND t.created_at::timestamptz <= v.at
		GROUP BY v.id`, keys, bounds[0], bounds[1], bounds[2], bounds[3], bounds[4])
	if err != nil {
		return nil, failed("add up the transactions", err)
	}
	sums := make(map[ledger.KeyID][ledger.WindowCount]string, len(ids))
	var id pgtype.UUID
	var w [ledger.WindowCount]string
	if _, err := pgx.ForEachRow(rows, []any{&id, &w[0], &w[1], &w[2], &w[3]}, func() error { sums[id.Bytes] = w; return nil }); err != nil {
		return nil, failed("add up the transactions", err)
	}
	return sums, nil
}

// instant is a moment as the source compares it, exact to the microsecond.
func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }
