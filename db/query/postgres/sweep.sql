-- Tidying, one key at a time, in small steps under the key's lock. The rows are
-- chosen first (ARRAY): with IN the server may walk all rows of the key instead.

-- name: ListSweepable :many
-- A page of keys in the order of their ids, and whether each has anything to tidy.
-- Not by EXISTS, for which the server may first read all such rows of all keys.
SELECT k.id, (
    (k.annual_spent_sats > 0 AND k.as_of_us < @stale_before_us::bigint)
    OR COALESCE((SELECT true FROM spends s WHERE s.api_key_id = k.id AND s.state = 1 AND s.expires_at_us <= @expired_at_us::bigint LIMIT 1), false)
    OR COALESCE((SELECT true FROM spends s WHERE s.api_key_id = k.id AND s.created_at_us < @delete_before_us::bigint
        AND s.updated_at_us < @delete_before_us::bigint AND s.state <> 1 LIMIT 1), false)
    OR COALESCE((SELECT true FROM reversals r WHERE r.api_key_id = k.id AND r.reversed_at_us < @delete_before_us::bigint LIMIT 1), false)
)::boolean AS due
FROM (SELECT * FROM api_keys WHERE id > @after::uuid ORDER BY id LIMIT @row_limit) AS k ORDER BY k.id;

-- name: MarkExpired :exec
UPDATE spends SET state = 3, updated_at_us = expires_at_us
WHERE api_key_id = @key_id::uuid AND created_at_us = ANY(ARRAY(
    SELECT s.created_at_us FROM spends s WHERE s.api_key_id = @key_id::uuid AND s.state = 1 AND s.expires_at_us <= @expired_at_us::bigint
    ORDER BY s.expires_at_us, s.created_at_us LIMIT @row_limit));

-- name: DeleteOldSpends :exec
DELETE FROM spends WHERE api_key_id = @key_id::uuid AND created_at_us = ANY(ARRAY(
    SELECT s.created_at_us FROM spends s WHERE s.api_key_id = @key_id::uuid AND s.created_at_us < @delete_before_us::bigint
        AND s.updated_at_us < @delete_before_us::bigint AND s.state <> 1
    ORDER BY s.created_at_us LIMIT @row_limit));

-- name: DeleteOldReversals :exec
DELETE FROM reversals WHERE api_key_id = @key_id::uuid AND transaction_id = ANY(ARRAY(
    SELECT r.transaction_id FROM reversals r WHERE r.api_key_id = @key_id::uuid AND r.reversed_at_us < @delete_before_us::bigint
    ORDER BY r.transaction_id LIMIT @row_limit));
