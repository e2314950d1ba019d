-- Tidying, one key at a time, in small steps inside a write transaction.

-- name: ListSweepable :many
-- A page of keys in the order of their ids, and whether each has anything to tidy.
SELECT k.id, CAST((
    (k.annual_spent_sats > 0 AND k.as_of_us < @stale_before_us)
    OR EXISTS (SELECT 1 FROM spends s WHERE s.api_key_id = k.id AND s.state = 1 AND s.expires_at_us <= @expired_at_us)
    OR EXISTS (SELECT 1 FROM spends s WHERE s.api_key_id = k.id AND s.created_at_us < @delete_before_us
        AND s.updated_at_us < @delete_before_us AND s.state <> 1)
    OR EXISTS (SELECT 1 FROM reversals r WHERE r.api_key_id = k.id AND r.reversed_at_us < @delete_before_us)
) AS INTEGER) AS due
FROM api_keys k WHERE k.id > @after ORDER BY k.id LIMIT @row_limit;

-- name: MarkExpired :exec
UPDATE spends SET state = 3, updated_at_us = expires_at_us
WHERE spends.api_key_id = @key_id AND spends.created_at_us IN (
    SELECT s.created_at_us FROM spends s WHERE s.api_key_id = @key_id AND s.state = 1 AND s.expires_at_us <= @expired_at_us
    ORDER BY s.expires_at_us, s.created_at_us LIMIT @row_limit);

-- name: DeleteOldSpends :exec
DELETE FROM spends WHERE spends.api_key_id = @key_id AND spends.created_at_us IN (
    SELECT s.created_at_us FROM spends s WHERE s.api_key_id = @key_id AND s.created_at_us < @delete_before_us
        AND s.updated_at_us < @delete_before_us AND s.state <> 1
    ORDER BY s.created_at_us LIMIT @row_limit);

-- name: DeleteOldReversals :exec
DELETE FROM reversals WHERE reversals.api_key_id = @key_id AND reversals.transaction_id IN (
    SELECT r.transaction_id FROM reversals r WHERE r.api_key_id = @key_id AND r.reversed_at_us < @delete_before_us
    ORDER BY r.transaction_id LIMIT @row_limit);
