-- Who a secret or a token belongs to.

-- name: FindKeyBySecret :many
-- The key whose secret, or whose previous secret, has this hash.
SELECT sqlc.embed(k), CAST(k.secret_hash = @hash AS INTEGER) AS current_secret
FROM api_keys k WHERE k.secret_hash = @hash OR k.previous_secret_hash = @hash;

-- name: SaveSecrets :exec
-- The previous secret of before is forgotten, except by a replay: that replaces
-- the secret alone.
UPDATE api_keys SET
    previous_secret_hash = CASE WHEN CAST(@replay AS INTEGER) = 1 THEN previous_secret_hash
        WHEN CAST(@previous_until_us AS INTEGER) > 0 THEN secret_hash END,
    previous_secret_until_us = CASE WHEN CAST(@replay AS INTEGER) = 1 THEN previous_secret_until_us
        ELSE CAST(@previous_until_us AS INTEGER) END,
    secret_hash = @new_secret_hash, secret_prefix = @new_secret_prefix,
    rotate_request_id = @rotate_request_id, rotate_grace_us = @rotate_grace_us
WHERE id = @id;

-- name: TouchKeys :exec
-- Notes when a key was last seen. It changes nothing else and takes no part in
-- the revision.
UPDATE api_keys SET last_used_at_us = MAX(last_used_at_us, CAST(@at_us AS INTEGER)) WHERE id = @id;

-- name: InsertServiceToken :exec
INSERT INTO service_tokens (id, name, token_hash, token_prefix, roles, created_at_us, revoked_at_us)
VALUES (@id, @name, @token_hash, @token_prefix, @roles, @created_at_us, 0);

-- name: FindServiceToken :many
SELECT * FROM service_tokens WHERE token_hash = @token_hash;

-- name: ListServiceTokens :many
SELECT * FROM service_tokens ORDER BY created_at_us, id;

-- name: RevokeServiceToken :execrows
UPDATE service_tokens SET revoked_at_us = @revoked_at_us WHERE id = @id AND revoked_at_us = 0;
