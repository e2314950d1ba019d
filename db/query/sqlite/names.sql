-- The registry of payment names, as on postgres, one name at a time.

-- name: ClaimNames :one
INSERT INTO payment_names (name, api_key_id, spend_id, reversed_at_us, created_at_us)
VALUES (@name, @key_id, @spend_id, 0, @clock_us)
ON CONFLICT (name) DO UPDATE SET
    api_key_id = COALESCE(payment_names.api_key_id, excluded.api_key_id),
    spend_id = CASE WHEN payment_names.api_key_id IS NULL THEN excluded.spend_id ELSE payment_names.spend_id END
RETURNING *;

-- name: ReverseName :one
INSERT INTO payment_names (name, api_key_id, spend_id, reversed_at_us, created_at_us)
VALUES (@name, NULL, '', @clock_us, @clock_us)
ON CONFLICT (name) DO UPDATE SET
    reversed_at_us = CASE WHEN payment_names.reversed_at_us = 0 THEN excluded.reversed_at_us ELSE payment_names.reversed_at_us END
RETURNING *;

-- name: FindNames :many
-- names is a JSON array.
SELECT n.* FROM payment_names n WHERE n.name IN (SELECT j.value FROM json_each(CAST(@names AS TEXT)) j) ORDER BY n.name;

-- name: DeleteOldNames :execrows
DELETE FROM payment_names WHERE payment_names.name IN (
    SELECT n.name FROM payment_names n WHERE n.created_at_us < @before_us AND n.reversed_at_us < @before_us
    ORDER BY n.created_at_us LIMIT @row_limit);
