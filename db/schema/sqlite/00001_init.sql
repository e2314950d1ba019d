-- The tables of satcap on SQLite: the same names and meanings as on Postgres
-- (see there for every column). Ids are the 16 bytes of the UUID. STRICT, so
-- that an amount can never become a text or a float.

-- +goose Up
CREATE TABLE api_keys (
    id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    subject             TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    scopes              INTEGER NOT NULL,
    secret_hash         BLOB    NOT NULL,
    secret_prefix       TEXT    NOT NULL,
    state               INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    created_at_us       INTEGER NOT NULL,
    expires_at_us       INTEGER NOT NULL,
    revoked_at_us       INTEGER NOT NULL,
    last_used_at_us     INTEGER NOT NULL,
    request_id          TEXT,
    request_hash        BLOB    NOT NULL,

    revision            INTEGER NOT NULL CHECK (revision >= 0),
    last_us             INTEGER NOT NULL,
    as_of_us            INTEGER NOT NULL CHECK (as_of_us <= last_us),
    daily_limit_sats    INTEGER CHECK (daily_limit_sats >= 1),
    weekly_limit_sats   INTEGER CHECK (weekly_limit_sats >= 1),
    monthly_limit_sats  INTEGER CHECK (monthly_limit_sats >= 1),
    annual_limit_sats   INTEGER CHECK (annual_limit_sats >= 1),
    held_sats           INTEGER NOT NULL CHECK (held_sats >= 0),
    daily_spent_sats    INTEGER NOT NULL CHECK (daily_spent_sats >= 0),
    weekly_spent_sats   INTEGER NOT NULL CHECK (weekly_spent_sats >= daily_spent_sats),
    monthly_spent_sats  INTEGER NOT NULL CHECK (monthly_spent_sats >= weekly_spent_sats),
    annual_spent_sats   INTEGER NOT NULL CHECK (annual_spent_sats >= monthly_spent_sats)
) STRICT;

CREATE UNIQUE INDEX api_keys_secret_hash ON api_keys (secret_hash);
CREATE UNIQUE INDEX api_keys_request ON api_keys (subject, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX api_keys_listing ON api_keys (subject, created_at_us DESC, id DESC);

-- WITHOUT ROWID: the rows themselves lie in the order of the primary key.
CREATE TABLE spends (
    api_key_id      BLOB    NOT NULL,
    created_at_us   INTEGER NOT NULL,
    spend_id        TEXT    NOT NULL,
    state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
    amount_sats     INTEGER NOT NULL CHECK (amount_sats >= 0),
    held_sats       INTEGER NOT NULL CHECK (held_sats >= 0),
    transaction_id  TEXT    NOT NULL,
    reserved_at_us  INTEGER NOT NULL,
    expires_at_us   INTEGER NOT NULL,
    settled_at_us   INTEGER NOT NULL,
    reversed_at_us  INTEGER NOT NULL,
    updated_at_us   INTEGER NOT NULL,
    late            INTEGER NOT NULL CHECK (late IN (0, 1)),
    over_hold       INTEGER NOT NULL CHECK (over_hold IN (0, 1)),
    unreserved      INTEGER NOT NULL CHECK (unreserved IN (0, 1)),
    PRIMARY KEY (api_key_id, created_at_us)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX spends_id ON spends (api_key_id, spend_id);
CREATE UNIQUE INDEX spends_transaction ON spends (api_key_id, transaction_id) WHERE transaction_id <> '';
CREATE INDEX spends_settled ON spends (api_key_id, settled_at_us, amount_sats) WHERE state = 4;
CREATE INDEX spends_open ON spends (api_key_id, expires_at_us, held_sats) WHERE state = 1;

CREATE TABLE reversals (
    api_key_id      BLOB    NOT NULL,
    transaction_id  TEXT    NOT NULL,
    reversed_at_us  INTEGER NOT NULL,
    PRIMARY KEY (api_key_id, transaction_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE limit_changes (
    api_key_id      BLOB    NOT NULL,
    revision        INTEGER NOT NULL,
    limit_window    INTEGER NOT NULL CHECK (limit_window BETWEEN 0 AND 3),
    from_sats       INTEGER CHECK (from_sats >= 1),
    to_sats         INTEGER CHECK (to_sats >= 1),
    changed_at_us   INTEGER NOT NULL,
    subject         TEXT    NOT NULL,
    authentication  TEXT    NOT NULL,
    PRIMARY KEY (api_key_id, revision, limit_window)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE limit_changes;
DROP TABLE reversals;
DROP TABLE spends;
DROP TABLE api_keys;
