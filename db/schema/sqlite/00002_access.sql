-- Rotation of secrets, and the tokens of services: see postgres for the columns.

-- +goose Up
ALTER TABLE api_keys ADD COLUMN previous_secret_hash BLOB;
ALTER TABLE api_keys ADD COLUMN previous_secret_until_us INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX api_keys_previous_secret ON api_keys (previous_secret_hash) WHERE previous_secret_hash IS NOT NULL;

CREATE TABLE service_tokens (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name            TEXT    NOT NULL,
    token_hash      BLOB    NOT NULL UNIQUE,
    token_prefix    TEXT    NOT NULL,
    roles           INTEGER NOT NULL,
    created_at_us   INTEGER NOT NULL,
    revoked_at_us   INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE service_tokens;
DROP INDEX api_keys_previous_secret;
ALTER TABLE api_keys DROP COLUMN previous_secret_until_us;
ALTER TABLE api_keys DROP COLUMN previous_secret_hash;
