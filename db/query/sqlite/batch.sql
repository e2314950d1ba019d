-- The hot path: what a batch loads inside its write transaction, and what it
-- saves. Every statement names the key it touches. Lists are JSON, for SQLite
-- has no arrays; what is saved goes row by row, which costs no round trip and
-- is cheaper here than taking 15 columns out of JSON.

-- name: LockKeys :many
-- The write transaction is the lock. ids is a JSON array of hexadecimal ids.
SELECT * FROM api_keys k WHERE k.id IN (SELECT unhex(j.value) FROM json_each(CAST(@ids AS TEXT)) j);

-- name: LoadLeft :many
-- Per key the moment of decision and what stopped counting between as_of_us and
-- that moment. The bounds of the windows are passed in: SQLite reads no clock.
SELECT k.id, CAST(MAX(CAST(@clock_us AS INTEGER), k.last_us + 1) AS INTEGER) AS now_us,
    CAST((SELECT COALESCE(SUM(s.held_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 1
        AND s.expires_at_us > k.as_of_us AND s.expires_at_us <= MAX(@clock_us, k.last_us + 1)) AS INTEGER) AS left_held_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @daily_us AND s.settled_at_us <= MAX(@clock_us, k.last_us + 1) - @daily_us) AS INTEGER) AS left_daily_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @weekly_us AND s.settled_at_us <= MAX(@clock_us, k.last_us + 1) - @weekly_us) AS INTEGER) AS left_weekly_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @monthly_us AND s.settled_at_us <= MAX(@clock_us, k.last_us + 1) - @monthly_us) AS INTEGER) AS left_monthly_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @annual_us AND s.settled_at_us <= MAX(@clock_us, k.last_us + 1) - @annual_us) AS INTEGER) AS left_annual_sats
FROM api_keys k WHERE k.id IN (SELECT unhex(j.value) FROM json_each(CAST(@ids AS TEXT)) j);

-- name: LoadSpends :many
-- names is a JSON array of pairs: a hexadecimal id of a key, and a name. CROSS
-- JOIN keeps SQLite from reading the spends first.
SELECT s.* FROM json_each(CAST(@names AS TEXT)) j
CROSS JOIN spends s WHERE s.api_key_id = unhex(json_extract(j.value, '$[0]')) AND s.spend_id = json_extract(j.value, '$[1]');

-- name: LoadSpendsByTransaction :many
SELECT s.* FROM json_each(CAST(@names AS TEXT)) j
CROSS JOIN spends s WHERE s.api_key_id = unhex(json_extract(j.value, '$[0]')) AND s.transaction_id = json_extract(j.value, '$[1]')
    AND s.transaction_id <> '';

-- name: LoadReversals :many
SELECT r.* FROM json_each(CAST(@names AS TEXT)) j
CROSS JOIN reversals r WHERE r.api_key_id = unhex(json_extract(j.value, '$[0]')) AND r.transaction_id = json_extract(j.value, '$[1]');

-- name: LoadSettledAfter :many
-- The next settled spends to leave a window; of those that leave together the older first.
SELECT settled_at_us, amount_sats, created_at_us FROM spends WHERE api_key_id = @key_id AND state = 4 AND settled_at_us > @after_us
ORDER BY settled_at_us, created_at_us LIMIT @row_limit;

-- name: LoadHoldsAfter :many
-- The next holds to expire; of those that expire together the older first.
SELECT expires_at_us, held_sats, created_at_us FROM spends WHERE api_key_id = @key_id AND state = 1 AND expires_at_us > @after_us
ORDER BY expires_at_us, created_at_us LIMIT @row_limit;

-- name: SaveKeys :exec
UPDATE api_keys SET
    name = @name, state = @state, revoked_at_us = @revoked_at_us,
    revision = @revision, last_us = @last_us, as_of_us = @as_of_us,
    daily_limit_sats = @daily_limit_sats, weekly_limit_sats = @weekly_limit_sats,
    monthly_limit_sats = @monthly_limit_sats, annual_limit_sats = @annual_limit_sats,
    held_sats = @held_sats, daily_spent_sats = @daily_spent_sats, weekly_spent_sats = @weekly_spent_sats,
    monthly_spent_sats = @monthly_spent_sats, annual_spent_sats = @annual_spent_sats
WHERE id = @id;

-- name: InsertSpends :exec
INSERT INTO spends (api_key_id, created_at_us, spend_id, state, amount_sats, held_sats, transaction_id,
    reserved_at_us, expires_at_us, settled_at_us, reversed_at_us, updated_at_us, late, over_hold, unreserved)
VALUES (@key_id, @created_at_us, @spend_id, @state, @amount_sats, @held_sats, @transaction_id,
    @reserved_at_us, @expires_at_us, @settled_at_us, @reversed_at_us, @updated_at_us, @late, @over_hold, @unreserved);

-- name: UpdateSpends :exec
UPDATE spends SET
    state = @state, amount_sats = @amount_sats, transaction_id = @transaction_id,
    settled_at_us = @settled_at_us, reversed_at_us = @reversed_at_us, updated_at_us = @updated_at_us,
    late = @late, over_hold = @over_hold, unreserved = @unreserved
WHERE api_key_id = @key_id AND created_at_us = @created_at_us;

-- name: InsertReversals :exec
INSERT INTO reversals (api_key_id, transaction_id, reversed_at_us) VALUES (@key_id, @transaction_id, @reversed_at_us);

-- name: InsertLimitChanges :exec
INSERT INTO limit_changes (api_key_id, revision, limit_window, from_sats, to_sats, changed_at_us, subject, authentication)
VALUES (@key_id, @revision, @limit_window, @from_sats, @to_sats, @changed_at_us, @subject, @authentication);
