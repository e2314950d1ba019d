-- What a rotation that comes again is known by.

-- +goose Up
ALTER TABLE api_keys ADD COLUMN rotate_request_id text COLLATE "C" NOT NULL DEFAULT ''; -- the caller's name for the last rotation; empty: none
ALTER TABLE api_keys ADD COLUMN rotate_grace_us bigint NOT NULL DEFAULT 0;              -- the grace that it asked for, if it has a name

-- +goose Down
ALTER TABLE api_keys DROP COLUMN rotate_grace_us;
ALTER TABLE api_keys DROP COLUMN rotate_request_id;
