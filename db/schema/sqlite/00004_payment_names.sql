-- The registry of payment names: see postgres for what it is and the columns.

-- +goose Up
CREATE TABLE payment_names (
    name            TEXT    NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
    api_key_id      BLOB    CHECK (length(api_key_id) = 16),
    spend_id        TEXT    NOT NULL,
    reversed_at_us  INTEGER NOT NULL,
    created_at_us   INTEGER NOT NULL,
    CHECK ((api_key_id IS NULL) = (spend_id = ''))
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_names_age ON payment_names (created_at_us);

-- +goose Down
DROP TABLE payment_names;
