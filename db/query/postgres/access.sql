-- Who a secret or a token belongs to.

-- name: FindKeyBySecret :many
-- The key whose secret, or whose previous secret, has this hash. Each of the two
-- is looked up in its index: an OR would not be, in a plan that is kept.
SELECT sqlc.embed(k), COALESCE(k.secret_hash = @hash, false)::boolean AS current_secret,
    COALESCE(sqlc.narg('clock_us')::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)::bigint AS clock_us
FROM api_keys k WHERE k.id = ANY(ARRAY(
    SELECT c.id FROM api_keys c WHERE c.secret_hash = @hash
    UNION ALL SELECT p.id FROM api_keys p WHERE p.previous_secret_hash = @hash));

-- name: SaveSecrets :exec
-- The previous secret of before is forgotten, except by a replay: that replaces
-- the secret alone.
UPDATE api_keys SET
    previous_secret_hash = CASE WHEN @replay::boolean THEN previous_secret_hash WHEN @previous_until_us::bigint > 0 THEN secret_hash END,
    previous_secret_until_us = CASE WHEN @replay::boolean THEN previous_secret_until_us ELSE @previous_until_us::bigint END,
    secret_hash = @new_secret_hash, secret_prefix = @new_secret_prefix,
    rotate_request_id = @rotate_request_id, rotate_grace_us = @rotate_grace_us
WHERE id = @id;

-- name: TouchKeys :exec
-- Notes when keys were last seen. It changes nothing else and takes no part in
-- the revision. Locked in the order of the ids, as by LockKeys, so that neither
-- waits for the other.
WITH seen AS MATERIALIZED (
    SELECT k.id, v.at_us FROM ROWS FROM (unnest(@ids::uuid[]), unnest(@at_us::bigint[])) AS v (id, at_us)
    JOIN api_keys k ON k.id = ANY(ARRAY[v.id]) WHERE k.last_used_at_us < v.at_us ORDER BY v.id FOR NO KEY UPDATE OF k
)
UPDATE api_keys k SET last_used_at_us = GREATEST(k.last_used_at_us, seen.at_us) FROM seen WHERE k.id = ANY(ARRAY[seen.id]);

-- name: InsertServiceToken :exec
INSERT INTO service_tokens (id, name, token_hash, token_prefix, roles, created_at_us, revoked_at_us)
VALUES (@id, @name, @token_hash, @token_prefix, @roles, @created_at_us, 0);

-- name: FindServiceToken :many
SELECT * FROM service_tokens WHERE token_hash = @token_hash;

-- name: ListServiceTokens :many
SELECT * FROM service_tokens ORDER BY created_at_us, id;

-- name: RevokeServiceToken :execrows
UPDATE service_tokens SET revoked_at_us = @revoked_at_us WHERE id = @id AND revoked_at_us = 0;
