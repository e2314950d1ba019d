-- The hot path: what a batch loads under the locks of its keys, and what it
-- saves. Every statement names the key it touches.
--
-- A statement is planned once, perhaps while the tables are small, so it is
-- written to have one plan only. A row of a list finds a row of a table by
-- "= ANY (ARRAY[...])": by "=" the server may also walk the table's index from end
-- to end and compare each row with the list. Or it finds it in a LATERAL query with
-- an order that one index alone has: the others begin with the key as well.

-- name: LockKeys :many
-- In the order of the ids, so that two batches never wait for each other.
SELECT * FROM api_keys WHERE id = ANY(@ids::uuid[]) ORDER BY id FOR UPDATE;

-- name: LoadLeft :many
-- The clock, read after the locks are held, and per key the moment of decision
-- and what stopped counting between as_of_us and that moment.
WITH clock AS MATERIALIZED (
    SELECT COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS us
), moment AS MATERIALIZED (
    SELECT k.id, k.as_of_us, clock.us AS clock_us, GREATEST(clock.us, k.last_us + 1)::bigint AS now_us
    FROM api_keys k, clock WHERE k.id = ANY(@ids::uuid[])
)
SELECT m.id, m.clock_us::bigint AS clock_us, m.now_us::bigint AS now_us,
    (SELECT COALESCE(SUM(o.held_sats), 0) FROM (SELECT s.held_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 1
        AND s.expires_at_us > m.as_of_us AND s.expires_at_us <= m.now_us ORDER BY s.expires_at_us) o)::bigint AS left_held_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @daily_us::bigint AND s.settled_at_us <= m.now_us - @daily_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_daily_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @weekly_us::bigint AND s.settled_at_us <= m.now_us - @weekly_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_weekly_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @monthly_us::bigint AND s.settled_at_us <= m.now_us - @monthly_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_monthly_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @annual_us::bigint AND s.settled_at_us <= m.now_us - @annual_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_annual_sats
FROM moment m;

-- name: LoadSpends :many
SELECT s.* FROM ROWS FROM (unnest(@key_ids::uuid[]), unnest(@spend_ids::text[])) AS n (key_id, spend_id)
CROSS JOIN LATERAL (
    SELECT * FROM spends WHERE api_key_id = n.key_id AND spend_id >= n.spend_id COLLATE "C" AND spend_id <= n.spend_id COLLATE "C"
    ORDER BY spend_id LIMIT 1
) AS s;

-- name: LoadSpendsByTransaction :many
SELECT s.* FROM ROWS FROM (unnest(@key_ids::uuid[]), unnest(@transaction_ids::text[])) AS n (key_id, transaction_id)
CROSS JOIN LATERAL (
    SELECT * FROM spends WHERE api_key_id = n.key_id AND transaction_id <> ''
        AND transaction_id >= n.transaction_id COLLATE "C" AND transaction_id <= n.transaction_id COLLATE "C"
    ORDER BY transaction_id LIMIT 1
) AS s;

-- name: LoadReversals :many
SELECT r.* FROM ROWS FROM (unnest(@key_ids::uuid[]), unnest(@transaction_ids::text[])) AS n (key_id, transaction_id)
JOIN reversals r ON r.api_key_id = ANY(ARRAY[n.key_id]) AND r.transaction_id = n.transaction_id COLLATE "C";

-- name: LoadSettledAfter :many
-- The next settled spends to leave a window, per key; of those that leave
-- together the older first.
SELECT s.api_key_id, s.settled_at_us, s.amount_sats, s.created_at_us
FROM ROWS FROM (unnest(@key_ids::uuid[]), unnest(@after_us::bigint[])) AS n (key_id, after_us)
CROSS JOIN LATERAL (
    SELECT * FROM spends WHERE api_key_id = n.key_id AND state = 4 AND settled_at_us > n.after_us
    ORDER BY settled_at_us, created_at_us LIMIT @row_limit
) AS s ORDER BY s.api_key_id, s.settled_at_us, s.created_at_us;

-- name: LoadHoldsAfter :many
-- The next holds to expire, per key; of those that expire together the older first.
SELECT s.api_key_id, s.expires_at_us, s.held_sats, s.created_at_us
FROM ROWS FROM (unnest(@key_ids::uuid[]), unnest(@after_us::bigint[])) AS n (key_id, after_us)
CROSS JOIN LATERAL (
    SELECT * FROM spends WHERE api_key_id = n.key_id AND state = 1 AND expires_at_us > n.after_us
    ORDER BY expires_at_us, created_at_us LIMIT @row_limit
) AS s ORDER BY s.api_key_id, s.expires_at_us, s.created_at_us;

-- name: SaveKeys :exec
UPDATE api_keys k SET
    name = v.name, state = v.state, revoked_at_us = v.revoked_at_us,
    revision = v.revision, last_us = v.last_us, as_of_us = v.as_of_us,
    daily_limit_sats = NULLIF(v.daily_limit, 0), weekly_limit_sats = NULLIF(v.weekly_limit, 0),
    monthly_limit_sats = NULLIF(v.monthly_limit, 0), annual_limit_sats = NULLIF(v.annual_limit, 0),
    held_sats = v.held, daily_spent_sats = v.daily_spent, weekly_spent_sats = v.weekly_spent,
    monthly_spent_sats = v.monthly_spent, annual_spent_sats = v.annual_spent
FROM ROWS FROM (
    unnest(@ids::uuid[]), unnest(@names::text[]), unnest(@states::bigint[]), unnest(@revoked_at_us::bigint[]),
    unnest(@revisions::bigint[]), unnest(@last_us::bigint[]), unnest(@as_of_us::bigint[]),
    unnest(@daily_limits::bigint[]), unnest(@weekly_limits::bigint[]), unnest(@monthly_limits::bigint[]), unnest(@annual_limits::bigint[]),
    unnest(@held::bigint[]), unnest(@daily_spent::bigint[]), unnest(@weekly_spent::bigint[]), unnest(@monthly_spent::bigint[]), unnest(@annual_spent::bigint[])
) AS v (id, name, state, revoked_at_us, revision, last_us, as_of_us, daily_limit, weekly_limit, monthly_limit, annual_limit,
    held, daily_spent, weekly_spent, monthly_spent, annual_spent)
WHERE k.id = ANY(ARRAY[v.id]);

-- name: InsertSpends :exec
-- The columns are named one by one, here and below: sqlc takes * for one column.
INSERT INTO spends (api_key_id, created_at_us, spend_id, state, amount_sats, held_sats, transaction_id,
    reserved_at_us, expires_at_us, settled_at_us, reversed_at_us, updated_at_us, late, over_hold, unreserved)
SELECT v.key_id, v.created_at_us, v.spend_id, v.state, v.amount, v.held, v.transaction_id,
    v.reserved_at_us, v.expires_at_us, v.settled_at_us, v.reversed_at_us, v.updated_at_us, v.late, v.over_hold, v.unreserved
FROM ROWS FROM (
    unnest(@key_ids::uuid[]), unnest(@created_at_us::bigint[]), unnest(@spend_ids::text[]), unnest(@states::bigint[]),
    unnest(@amounts::bigint[]), unnest(@held::bigint[]), unnest(@transaction_ids::text[]),
    unnest(@reserved_at_us::bigint[]), unnest(@expires_at_us::bigint[]), unnest(@settled_at_us::bigint[]),
    unnest(@reversed_at_us::bigint[]), unnest(@updated_at_us::bigint[]),
    unnest(@late::boolean[]), unnest(@over_hold::boolean[]), unnest(@unreserved::boolean[])
) AS v (key_id, created_at_us, spend_id, state, amount, held, transaction_id,
    reserved_at_us, expires_at_us, settled_at_us, reversed_at_us, updated_at_us, late, over_hold, unreserved);

-- name: UpdateSpends :exec
-- The id says nothing new: with it either unique index finds the one row.
UPDATE spends s SET
    state = v.state, amount_sats = v.amount, transaction_id = v.transaction_id,
    settled_at_us = v.settled_at_us, reversed_at_us = v.reversed_at_us, updated_at_us = v.updated_at_us,
    late = v.late, over_hold = v.over_hold, unreserved = v.unreserved
FROM ROWS FROM (
    unnest(@key_ids::uuid[]), unnest(@created_at_us::bigint[]), unnest(@spend_ids::text[]), unnest(@states::bigint[]), unnest(@amounts::bigint[]),
    unnest(@transaction_ids::text[]), unnest(@settled_at_us::bigint[]), unnest(@reversed_at_us::bigint[]), unnest(@updated_at_us::bigint[]),
    unnest(@late::boolean[]), unnest(@over_hold::boolean[]), unnest(@unreserved::boolean[])
) AS v (key_id, created_at_us, spend_id, state, amount, transaction_id, settled_at_us, reversed_at_us, updated_at_us, late, over_hold, unreserved)
WHERE s.api_key_id = ANY(ARRAY[v.key_id]) AND s.created_at_us = v.created_at_us AND s.spend_id = v.spend_id COLLATE "C";

-- name: InsertReversals :exec
INSERT INTO reversals (api_key_id, transaction_id, reversed_at_us)
SELECT v.key_id, v.transaction_id, v.reversed_at_us
FROM ROWS FROM (unnest(@key_ids::uuid[]), unnest(@transaction_ids::text[]), unnest(@reversed_at_us::bigint[]))
    AS v (key_id, transaction_id, reversed_at_us);

-- name: InsertLimitChanges :exec
INSERT INTO limit_changes (api_key_id, revision, limit_window, from_sats, to_sats, changed_at_us, subject, authentication)
SELECT v.key_id, v.revision, v.limit_window, NULLIF(v.from_sats, 0), NULLIF(v.to_sats, 0), v.changed_at_us, v.subject, v.authentication
FROM ROWS FROM (
    unnest(@key_ids::uuid[]), unnest(@revisions::bigint[]), unnest(@windows::bigint[]), unnest(@from_sats::bigint[]), unnest(@to_sats::bigint[]),
    unnest(@changed_at_us::bigint[]), unnest(@subjects::text[]), unnest(@authentications::text[])
) AS v (key_id, revision, limit_window, from_sats, to_sats, changed_at_us, subject, authentication);
