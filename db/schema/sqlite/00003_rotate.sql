-- What a rotation that comes again is known by: see postgres for the columns.

-- +goose Up
ALTER TABLE api_keys ADD COLUMN rotate_request_id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN rotate_grace_us INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE api_keys DROP COLUMN rotate_grace_us;
ALTER TABLE api_keys DROP COLUMN rotate_request_id;
