-- Rotation of secrets, and the tokens of services.

-- +goose Up
-- The secret before the last rotation goes on working until its time.
ALTER TABLE api_keys ADD COLUMN previous_secret_hash bytea;
ALTER TABLE api_keys ADD COLUMN previous_secret_until_us bigint NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX api_keys_previous_secret ON api_keys (previous_secret_hash) WHERE previous_secret_hash IS NOT NULL;

CREATE TABLE service_tokens (
    id              uuid    PRIMARY KEY,
    name            text    NOT NULL,
    token_hash      bytea   NOT NULL UNIQUE, -- SHA-256 of what follows the token's prefix
    token_prefix    text    NOT NULL,        -- the first characters of the token, to tell tokens apart
    roles           bigint  NOT NULL,        -- a set of bits: 1 spend, 2 usage, 4 verify
    created_at_us   bigint  NOT NULL,
    revoked_at_us   bigint  NOT NULL         -- 0: it is not
);

-- +goose Down
DROP TABLE service_tokens;
DROP INDEX api_keys_previous_secret;
ALTER TABLE api_keys DROP COLUMN previous_secret_until_us;
ALTER TABLE api_keys DROP COLUMN previous_secret_hash;
