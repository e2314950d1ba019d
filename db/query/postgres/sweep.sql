-- Tidying, one key at a time, in small steps under the key's lock. The rows are
-- chosen first, then each is found by its key and all that is unique in it (see
-- batch.sql): by less the server may walk all rows of the key instead.

-- name: ListSweepable :many
-- A page of keys in the order of their ids, and whether each has anything to tidy.
-- Not by EXISTS, for which the server may first read all such rows of all keys.
SELECT k.id, (
    (k.annual_spent_sats > 0 AND k.as_of_us < @stale_before_us::bigint)
    OR COALESCE((SELECT true FROM spends s WHERE s.api_key_id = k.id AND s.state = 1 AND s.expires_at_us <= @expired_at_us::bigint
        ORDER BY s.expires_at_us LIMIT 1), false)
    OR COALESCE((SELECT true FROM spends s WHERE s.api_key_id = k.id AND s.created_at_us < @delete_before_us::bigint
        AND s.updated_at_us < @delete_before_us::bigint AND s.state <> 1 ORDER BY s.created_at_us LIMIT 1), false)
    OR COALESCE((SELECT true FROM reversals r WHERE r.api_key_id = k.id AND r.reversed_at_us < @delete_before_us::bigint LIMIT 1), false)
)::boolean AS due
FROM (SELECT * FROM api_keys WHERE id > @after::uuid ORDER BY id LIMIT @row_limit) AS k ORDER BY k.id;

-- name: MarkExpired :exec
WITH expired AS MATERIALIZED (
    SELECT o.api_key_id, o.created_at_us, o.spend_id FROM spends o
    WHERE o.api_key_id = @key_id::uuid AND o.state = 1 AND o.expires_at_us <= @expired_at_us::bigint
    ORDER BY o.expires_at_us, o.created_at_us LIMIT @row_limit
)
UPDATE spends s SET state = 3, updated_at_us = s.expires_at_us FROM expired e
WHERE s.api_key_id = ANY(ARRAY[e.api_key_id]) AND s.created_at_us = e.created_at_us AND s.spend_id = e.spend_id;

-- name: DeleteOldSpends :exec
WITH old AS MATERIALIZED (
    SELECT o.api_key_id, o.created_at_us, o.spend_id FROM spends o
    WHERE o.api_key_id = @key_id::uuid AND o.created_at_us < @delete_before_us::bigint
        AND o.updated_at_us < @delete_before_us::bigint AND o.state <> 1
    ORDER BY o.created_at_us LIMIT @row_limit
)
DELETE FROM spends s USING old
WHERE s.api_key_id = ANY(ARRAY[old.api_key_id]) AND s.created_at_us = old.created_at_us AND s.spend_id = old.spend_id;

-- name: DeleteOldReversals :exec
WITH old AS MATERIALIZED (
    SELECT o.api_key_id, o.transaction_id FROM reversals o WHERE o.api_key_id = @key_id::uuid AND o.reversed_at_us < @delete_before_us::bigint
    ORDER BY o.transaction_id LIMIT @row_limit
)
DELETE FROM reversals r USING old WHERE r.api_key_id = ANY(ARRAY[old.api_key_id]) AND r.transaction_id = old.transaction_id;
