-- Creating keys and finding them by what a caller holds.

-- name: InsertKey :execrows
-- Inserts nothing if the subject has used the request_id before.
INSERT INTO api_keys (id, subject, name, scopes, secret_hash, secret_prefix, state, created_at_us, expires_at_us,
    revoked_at_us, last_used_at_us, request_id, request_hash, revision, last_us, as_of_us,
    daily_limit_sats, weekly_limit_sats, monthly_limit_sats, annual_limit_sats,
    held_sats, daily_spent_sats, weekly_spent_sats, monthly_spent_sats, annual_spent_sats)
VALUES (@id, @subject, @name, @scopes, @secret_hash, @secret_prefix, @state, @created_at_us, @expires_at_us,
    @revoked_at_us, @last_used_at_us, @request_id, @request_hash, @revision, @last_us, @as_of_us,
    @daily_limit_sats, @weekly_limit_sats, @monthly_limit_sats, @annual_limit_sats, 0, 0, 0, 0, 0)
ON CONFLICT (subject, request_id) WHERE request_id IS NOT NULL DO NOTHING;

-- name: FindKeyByRequest :one
-- In an order that one index alone has, see batch.sql: a subject may have many keys.
SELECT * FROM api_keys WHERE subject = @subject AND request_id >= @request_id::text AND request_id <= @request_id::text
ORDER BY request_id LIMIT 1;

-- name: FindKeyOrigin :many
-- What the creation of a key asked for.
SELECT request_hash FROM api_keys WHERE id = @id;
