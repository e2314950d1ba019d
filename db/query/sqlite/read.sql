-- Reads: what is seen without a lock, each page in one statement.

-- name: ViewKeys :many
-- The keys as stored, what stopped counting since, and what comes back next.
-- ids is a JSON array of hexadecimal ids. Differs from postgres because SQLite
-- reads no clock and has no LATERAL: scalar subqueries stand in.
SELECT sqlc.embed(k),
    CAST(MAX(CAST(@clock_us AS INTEGER), k.last_us) AS INTEGER) AS now_us,
    CAST((SELECT COALESCE(SUM(s.held_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 1
        AND s.expires_at_us > k.as_of_us AND s.expires_at_us <= MAX(@clock_us, k.last_us)) AS INTEGER) AS left_held_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @daily_us AND s.settled_at_us <= MAX(@clock_us, k.last_us) - @daily_us) AS INTEGER) AS left_daily_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @weekly_us AND s.settled_at_us <= MAX(@clock_us, k.last_us) - @weekly_us) AS INTEGER) AS left_weekly_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @monthly_us AND s.settled_at_us <= MAX(@clock_us, k.last_us) - @monthly_us) AS INTEGER) AS left_monthly_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > k.as_of_us - @annual_us AND s.settled_at_us <= MAX(@clock_us, k.last_us) - @annual_us) AS INTEGER) AS left_annual_sats,
    CAST(COALESCE((SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > MAX(@clock_us, k.last_us) - @daily_us ORDER BY s.settled_at_us LIMIT 1), 0) AS INTEGER) AS next_daily_us,
    CAST(COALESCE((SELECT SUM(s.amount_sats) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us = (SELECT t.settled_at_us FROM spends t WHERE t.api_key_id = k.id AND t.state = 4
            AND t.settled_at_us > MAX(@clock_us, k.last_us) - @daily_us ORDER BY t.settled_at_us LIMIT 1)), 0) AS INTEGER) AS next_daily_sats,
    CAST(COALESCE((SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > MAX(@clock_us, k.last_us) - @weekly_us ORDER BY s.settled_at_us LIMIT 1), 0) AS INTEGER) AS next_weekly_us,
    CAST(COALESCE((SELECT SUM(s.amount_sats) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us = (SELECT t.settled_at_us FROM spends t WHERE t.api_key_id = k.id AND t.state = 4
            AND t.settled_at_us > MAX(@clock_us, k.last_us) - @weekly_us ORDER BY t.settled_at_us LIMIT 1)), 0) AS INTEGER) AS next_weekly_sats,
    CAST(COALESCE((SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > MAX(@clock_us, k.last_us) - @monthly_us ORDER BY s.settled_at_us LIMIT 1), 0) AS INTEGER) AS next_monthly_us,
    CAST(COALESCE((SELECT SUM(s.amount_sats) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us = (SELECT t.settled_at_us FROM spends t WHERE t.api_key_id = k.id AND t.state = 4
            AND t.settled_at_us > MAX(@clock_us, k.last_us) - @monthly_us ORDER BY t.settled_at_us LIMIT 1)), 0) AS INTEGER) AS next_monthly_sats,
    CAST(COALESCE((SELECT s.settled_at_us FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us > MAX(@clock_us, k.last_us) - @annual_us ORDER BY s.settled_at_us LIMIT 1), 0) AS INTEGER) AS next_annual_us,
    CAST(COALESCE((SELECT SUM(s.amount_sats) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4
        AND s.settled_at_us = (SELECT t.settled_at_us FROM spends t WHERE t.api_key_id = k.id AND t.state = 4
            AND t.settled_at_us > MAX(@clock_us, k.last_us) - @annual_us ORDER BY t.settled_at_us LIMIT 1)), 0) AS INTEGER) AS next_annual_sats,
    CAST(COALESCE((SELECT s.expires_at_us FROM spends s WHERE s.api_key_id = k.id AND s.state = 1
        AND s.expires_at_us > MAX(@clock_us, k.last_us) ORDER BY s.expires_at_us LIMIT 1), 0) AS INTEGER) AS next_holds_us,
    CAST(COALESCE((SELECT SUM(s.held_sats) FROM spends s WHERE s.api_key_id = k.id AND s.state = 1
        AND s.expires_at_us = (SELECT h.expires_at_us FROM spends h WHERE h.api_key_id = k.id AND h.state = 1
            AND h.expires_at_us > MAX(@clock_us, k.last_us) ORDER BY h.expires_at_us LIMIT 1)), 0) AS INTEGER) AS next_holds_sats
FROM api_keys k WHERE k.id IN (SELECT unhex(j.value) FROM json_each(CAST(@ids AS TEXT)) j)
    AND (CAST(@subject AS TEXT) = '' OR k.subject = @subject);

-- name: ListKeyIDs :many
-- A page of a subject's keys, newest first. states is a set of bits: 1 active,
-- 2 paused, 4 revoked, 8 expired.
SELECT k.id FROM api_keys k
WHERE k.subject = @subject
    AND (k.created_at_us < @before_us OR (k.created_at_us = @before_us AND k.id < @before_id))
    AND (CASE WHEN k.state = 3 THEN 4 WHEN k.expires_at_us <> 0 AND k.expires_at_us <= MAX(CAST(@clock_us AS INTEGER), k.last_us) THEN 8 ELSE k.state END) & @states <> 0
ORDER BY k.created_at_us DESC, k.id DESC LIMIT @row_limit;

-- name: ListSpends :many
-- A page of a key's spends, newest first. states is a set of bits, 1 << state.
SELECT * FROM spends s WHERE s.api_key_id = @key_id AND s.created_at_us < @before_us
    AND (1 << (CASE WHEN s.state = 1 AND s.expires_at_us <= @now_us THEN 3 ELSE s.state END)) & @states <> 0
ORDER BY s.created_at_us DESC LIMIT @row_limit;

-- name: ListOpenSpends :many
-- The same for open holds alone, which lie in an index of their own however
-- long the key's history is.
SELECT * FROM spends s INDEXED BY spends_open WHERE s.api_key_id = @key_id AND s.state = 1 AND s.expires_at_us > @now_us
    AND s.created_at_us < @before_us
ORDER BY s.created_at_us DESC LIMIT @row_limit;

-- name: ListLimitChanges :many
SELECT * FROM limit_changes c WHERE c.api_key_id = @key_id
    AND (c.revision < @before_revision OR (c.revision = @before_revision AND c.limit_window < @before_window))
ORDER BY c.revision DESC, c.limit_window DESC LIMIT @row_limit;

-- name: SumSeries :one
-- What was settled in (after, until]. On Postgres one statement sums up all parts;
-- here it would sort every spend by its part first, which takes ten times as long
-- as asking for one part after the other.
SELECT CAST(COALESCE(SUM(s.amount_sats), 0) AS INTEGER) AS spent_sats
FROM spends s WHERE s.api_key_id = @key_id AND s.state = 4
    AND s.settled_at_us > @after_us AND s.settled_at_us <= @until_us;

-- name: ReadClock :one
-- Asks whether the database answers.
SELECT CAST(@clock_us AS INTEGER) AS clock_us;

-- name: AuditKeys :many
-- A page of keys in the order of their ids, each with its sums computed anew
-- from the rows, in one statement and so at one moment.
SELECT sqlc.embed(k),
    CAST((SELECT COALESCE(SUM(s.held_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 1 AND s.expires_at_us > k.as_of_us) AS INTEGER) AS held_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @daily_us) AS INTEGER) AS daily_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @weekly_us) AS INTEGER) AS weekly_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @monthly_us) AS INTEGER) AS monthly_sats,
    CAST((SELECT COALESCE(SUM(s.amount_sats), 0) FROM spends s WHERE s.api_key_id = k.id AND s.state = 4 AND s.settled_at_us > k.as_of_us - @annual_us) AS INTEGER) AS annual_sats,
    CAST((SELECT COALESCE(MAX(MAX(s.created_at_us, s.settled_at_us, s.reversed_at_us, s.updated_at_us)), 0) FROM spends s WHERE s.api_key_id = k.id) AS INTEGER) AS latest_us,
    CAST((SELECT COUNT(*) FROM spends s WHERE s.api_key_id = k.id) AS INTEGER) AS spend_count
FROM api_keys k WHERE k.id > @after ORDER BY k.id LIMIT @row_limit;
