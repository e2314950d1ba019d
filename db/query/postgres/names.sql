-- The registry of payment names. Each statement that writes is one atomic
-- upsert, so that those who claim a name and those who reverse it are put in
-- order by its row.

-- name: ClaimNames :many
-- No name may be there twice. In the order of the names, so that two sets of
-- claims never wait for each other.
INSERT INTO payment_names AS n (name, api_key_id, spend_id, reversed_at_us, created_at_us)
SELECT v.name, v.key_id, v.spend_id, 0,
    COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
FROM ROWS FROM (unnest(@names::text[]), unnest(@key_ids::uuid[]), unnest(@spend_ids::text[])) AS v (name, key_id, spend_id)
ORDER BY v.name COLLATE "C"
ON CONFLICT (name) DO UPDATE SET
    api_key_id = COALESCE(n.api_key_id, excluded.api_key_id),
    spend_id = CASE WHEN n.api_key_id IS NULL THEN excluded.spend_id ELSE n.spend_id END
RETURNING *;

-- name: ReverseName :one
INSERT INTO payment_names AS n (name, api_key_id, spend_id, reversed_at_us, created_at_us)
SELECT @name::text, NULL::uuid, '', clock.us, clock.us
FROM (SELECT COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS us) AS clock
ON CONFLICT (name) DO UPDATE SET
    reversed_at_us = CASE WHEN n.reversed_at_us = 0 THEN excluded.reversed_at_us ELSE n.reversed_at_us END
RETURNING *;

-- name: FindNames :many
SELECT * FROM payment_names WHERE name = ANY(@names::text[]) ORDER BY name;

-- name: DeleteOldNames :execrows
-- What somebody is changing is not waited for: it stays for the next time.
WITH old AS MATERIALIZED (
    SELECT n.name FROM payment_names n WHERE n.created_at_us < @before_us::bigint AND n.reversed_at_us < @before_us::bigint
    ORDER BY n.created_at_us LIMIT @row_limit FOR UPDATE SKIP LOCKED
)
DELETE FROM payment_names n USING old WHERE n.name = ANY(ARRAY[old.name]);
