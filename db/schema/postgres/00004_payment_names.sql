-- The registry of payment names: which key and spend a transaction id of a
-- contract belongs to whose messages do not all name the key.

-- +goose Up
CREATE TABLE payment_names (
    name            text    COLLATE "C" PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
    api_key_id      uuid,                        -- NULL: nobody has claimed it
    spend_id        text    COLLATE "C" NOT NULL, -- empty: nobody has claimed it
    reversed_at_us  bigint  NOT NULL,
    created_at_us   bigint  NOT NULL,
    CHECK ((api_key_id IS NULL) = (spend_id = ''))
);

-- Retention walks this.
CREATE INDEX payment_names_age ON payment_names (created_at_us);

-- +goose Down
DROP TABLE payment_names;
