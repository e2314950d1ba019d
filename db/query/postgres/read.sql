-- Reads: what is seen without a lock, each page in one statement. What is summed
-- up is asked for in an order that one index alone has: see batch.sql.

-- name: ViewKeys :many
-- subject, unless empty, is the owner: for a key of another one nothing is
-- computed, since that would show in the time of the answer.
-- The keys as stored, what stopped counting since, and what comes back next:
-- imported spends may share their settle time, and leave together.
WITH clock AS MATERIALIZED (
    SELECT COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS us
), moment AS MATERIALIZED (
    SELECT k.id, k.as_of_us, clock.us AS clock_us, GREATEST(clock.us, k.last_us)::bigint AS now_us
    FROM api_keys k, clock WHERE k.id = ANY(@ids::uuid[]) AND (@subject::text = '' OR k.subject = @subject::text)
)
SELECT sqlc.embed(k), m.clock_us::bigint AS clock_us, m.now_us::bigint AS now_us,
    (SELECT COALESCE(SUM(o.held_sats), 0) FROM (SELECT s.held_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 1
        AND s.expires_at_us > m.as_of_us AND s.expires_at_us <= m.now_us ORDER BY s.expires_at_us) o)::bigint AS left_held_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @daily_us::bigint AND s.settled_at_us <= m.now_us - @daily_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_daily_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @weekly_us::bigint AND s.settled_at_us <= m.now_us - @weekly_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_weekly_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @monthly_us::bigint AND s.settled_at_us <= m.now_us - @monthly_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_monthly_sats,
    (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
        AND s.settled_at_us > m.as_of_us - @annual_us::bigint AND s.settled_at_us <= m.now_us - @annual_us::bigint ORDER BY s.settled_at_us) o)::bigint AS left_annual_sats,
    COALESCE(d.settled_at_us, 0)::bigint AS next_daily_us, (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s
        WHERE s.api_key_id = m.id AND s.state = 4 AND s.settled_at_us >= d.settled_at_us AND s.settled_at_us <= d.settled_at_us
        ORDER BY s.settled_at_us) o)::bigint AS next_daily_sats,
    COALESCE(w.settled_at_us, 0)::bigint AS next_weekly_us, (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s
        WHERE s.api_key_id = m.id AND s.state = 4 AND s.settled_at_us >= w.settled_at_us AND s.settled_at_us <= w.settled_at_us
        ORDER BY s.settled_at_us) o)::bigint AS next_weekly_sats,
    COALESCE(mo.settled_at_us, 0)::bigint AS next_monthly_us, (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s
        WHERE s.api_key_id = m.id AND s.state = 4 AND s.settled_at_us >= mo.settled_at_us AND s.settled_at_us <= mo.settled_at_us
        ORDER BY s.settled_at_us) o)::bigint AS next_monthly_sats,
    COALESCE(a.settled_at_us, 0)::bigint AS next_annual_us, (SELECT COALESCE(SUM(o.amount_sats), 0) FROM (SELECT s.amount_sats FROM spends s
        WHERE s.api_key_id = m.id AND s.state = 4 AND s.settled_at_us >= a.settled_at_us AND s.settled_at_us <= a.settled_at_us
        ORDER BY s.settled_at_us) o)::bigint AS next_annual_sats,
    COALESCE(h.expires_at_us, 0)::bigint AS next_holds_us, COALESCE(h.held_sats, 0)::bigint AS next_holds_sats
FROM moment m
JOIN api_keys k ON k.id = ANY(ARRAY[m.id])
LEFT JOIN LATERAL (SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
    AND s.settled_at_us > m.now_us - @daily_us::bigint ORDER BY s.settled_at_us LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
    AND s.settled_at_us > m.now_us - @weekly_us::bigint ORDER BY s.settled_at_us LIMIT 1) w ON true
LEFT JOIN LATERAL (SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
    AND s.settled_at_us > m.now_us - @monthly_us::bigint ORDER BY s.settled_at_us LIMIT 1) mo ON true
LEFT JOIN LATERAL (SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = m.id AND s.state = 4
    AND s.settled_at_us > m.now_us - @annual_us::bigint ORDER BY s.settled_at_us LIMIT 1) a ON true
LEFT JOIN LATERAL (SELECT s.expires_at_us, SUM(s.held_sats) AS held_sats FROM spends s WHERE s.api_key_id = m.id AND s.state = 1
    AND s.expires_at_us > m.now_us GROUP BY s.expires_at_us ORDER BY s.expires_at_us LIMIT 1) h ON true;

-- name: ListKeyIDs :many
-- A page of a subject's keys, newest first. states is a set of bits: 1 active,
-- 2 paused, 4 revoked, 8 expired.
SELECT k.id FROM api_keys k,
    (SELECT COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS us) AS clock
WHERE k.subject = @subject
    AND (k.created_at_us, k.id) < (@before_us::bigint, @before_id::uuid)
    AND (CASE WHEN k.state = 3 THEN 4 WHEN k.expires_at_us <> 0 AND k.expires_at_us <= GREATEST(clock.us, k.last_us) THEN 8 ELSE k.state END) & @states::bigint <> 0
ORDER BY k.created_at_us DESC, k.id DESC LIMIT @row_limit;

-- name: ListSpends :many
-- A page of a key's spends, newest first. states is a set of bits, 1 << state.
SELECT s.* FROM spends s WHERE s.api_key_id = @key_id::uuid AND s.created_at_us < @before_us::bigint
    AND (1 << (CASE WHEN s.state = 1 AND s.expires_at_us <= @now_us::bigint THEN 3 ELSE s.state END)::int) & @states::bigint <> 0
ORDER BY s.created_at_us DESC LIMIT @row_limit;

-- name: ListOpenSpends :many
-- The same for open holds alone, which lie in an index of their own however
-- long the key's history is.
-- They are collected first and sorted then: asked for in order, the planner may
-- walk the whole history instead.
WITH open AS MATERIALIZED (
    SELECT * FROM spends h WHERE h.api_key_id = @key_id::uuid AND h.state = 1 AND h.expires_at_us > @now_us::bigint
    ORDER BY h.expires_at_us
)
SELECT s.* FROM open s WHERE s.created_at_us < @before_us::bigint
ORDER BY s.created_at_us DESC LIMIT @row_limit;

-- name: ListLimitChanges :many
SELECT * FROM limit_changes c WHERE c.api_key_id = @key_id::uuid
    AND (c.revision, c.limit_window) < (@before_revision::bigint, @before_window::bigint)
ORDER BY c.revision DESC, c.limit_window DESC LIMIT @row_limit;

-- name: SumSeries :many
-- What was settled in (after, until], summed up in parts of bucket_us that begin
-- at after. Parts without a spend are not there.
SELECT (s.settled_at_us - sqlc.arg('after_us')::bigint - 1) / sqlc.arg('bucket_us')::bigint AS bucket, SUM(s.amount_sats)::bigint AS spent_sats
FROM (
    SELECT o.settled_at_us, o.amount_sats FROM spends o WHERE o.api_key_id = @key_id::uuid AND o.state = 4
        AND o.settled_at_us > sqlc.arg('after_us')::bigint AND o.settled_at_us <= @until_us::bigint
    ORDER BY o.settled_at_us
) s GROUP BY bucket;

-- name: ReadClock :one
SELECT COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)::bigint AS clock_us;

-- name: AuditKeys :many
-- A page of keys in the order of their ids, each with its sums computed anew
-- from the rows, in one statement and so at one moment.
SELECT sqlc.embed(k),
    (SELECT COALESCE(SUM(s.held_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 1 AND s.expires_at_us > k.as_of_us)::bigint AS held_sats,
    (SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @daily_us::bigint)::bigint AS daily_sats,
    (SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @weekly_us::bigint)::bigint AS weekly_sats,
    (SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @monthly_us::bigint)::bigint AS monthly_sats,
    (SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @annual_us::bigint)::bigint AS annual_sats,
    (SELECT COALESCE(MAX(GREATEST(s.created_at_us, s.settled_at_us, s.reversed_at_us, s.updated_at_us)), 0) FROM spends s WHERE s.api_key_id = k.id)::bigint AS latest_us,
    (SELECT COUNT(*) FROM spends s WHERE s.api_key_id = k.id)::bigint AS spend_count
FROM api_keys k WHERE k.id > @after::uuid ORDER BY k.id LIMIT @row_limit;
