-- The tables of satcap on Postgres. Amounts are satoshis (_sats), instants are
-- microseconds since the epoch, UTC (_us), where 0 means "not" or "never".
-- Windows are computed from these integers, never from SQL intervals.

-- +goose Up
CREATE TABLE api_keys (
    id                  uuid    PRIMARY KEY,
    subject             text    COLLATE "C" NOT NULL,
    name                text    NOT NULL,
    scopes              bigint  NOT NULL, -- a set of bits: 1 read, 2 receive, 4 write
    secret_hash         bytea   NOT NULL, -- SHA-256 of what follows the secret's prefix
    secret_prefix       text    NOT NULL, -- the first characters of the secret, to tell keys apart
    state               bigint  NOT NULL CHECK (state BETWEEN 1 AND 3), -- 1 active, 2 paused, 3 revoked
    created_at_us       bigint  NOT NULL,
    expires_at_us       bigint  NOT NULL,
    revoked_at_us       bigint  NOT NULL,
    last_used_at_us     bigint  NOT NULL,
    request_id          text    COLLATE "C", -- the caller's name for the creation
    request_hash        bytea   NOT NULL,    -- SHA-256 of what that creation asked for

    -- What every change of the key writes. None of it is indexed, so that
    -- Postgres can update the row in place (HOT).
    revision            bigint  NOT NULL CHECK (revision >= 0),
    last_us             bigint  NOT NULL, -- the key's latest time
    as_of_us            bigint  NOT NULL CHECK (as_of_us <= last_us), -- the moment of the sums below
    daily_limit_sats    bigint  CHECK (daily_limit_sats >= 1), -- NULL: unlimited
    weekly_limit_sats   bigint  CHECK (weekly_limit_sats >= 1),
    monthly_limit_sats  bigint  CHECK (monthly_limit_sats >= 1),
    annual_limit_sats   bigint  CHECK (annual_limit_sats >= 1),
    held_sats           bigint  NOT NULL CHECK (held_sats >= 0), -- open holds that expire after as_of_us
    daily_spent_sats    bigint  NOT NULL CHECK (daily_spent_sats >= 0), -- settled after as_of_us - 24 h
    weekly_spent_sats   bigint  NOT NULL CHECK (weekly_spent_sats >= daily_spent_sats),
    monthly_spent_sats  bigint  NOT NULL CHECK (monthly_spent_sats >= weekly_spent_sats),
    annual_spent_sats   bigint  NOT NULL CHECK (annual_spent_sats >= monthly_spent_sats)
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX api_keys_secret_hash ON api_keys (secret_hash);
CREATE UNIQUE INDEX api_keys_request ON api_keys (subject, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX api_keys_listing ON api_keys (subject, created_at_us DESC, id DESC);

CREATE TABLE spends (
    api_key_id      uuid    NOT NULL,
    created_at_us   bigint  NOT NULL, -- when the first message arrived; unique within the key
    spend_id        text    COLLATE "C" NOT NULL,
    state           bigint  NOT NULL CHECK (state BETWEEN 1 AND 5), -- 1 reserved, 2 released, 3 expired, 4 settled, 5 reversed
    amount_sats     bigint  NOT NULL CHECK (amount_sats >= 0),
    held_sats       bigint  NOT NULL CHECK (held_sats >= 0),
    transaction_id  text    COLLATE "C" NOT NULL, -- empty: none
    reserved_at_us  bigint  NOT NULL,
    expires_at_us   bigint  NOT NULL,
    settled_at_us   bigint  NOT NULL,
    reversed_at_us  bigint  NOT NULL,
    updated_at_us   bigint  NOT NULL,
    late            boolean NOT NULL,
    over_hold       boolean NOT NULL,
    unreserved      boolean NOT NULL,
    -- Rows of a key lie in the order of their arrival: inserts stay local, and
    -- this is the order of listings and of retention.
    PRIMARY KEY (api_key_id, created_at_us)
);

CREATE UNIQUE INDEX spends_id ON spends (api_key_id, spend_id);
CREATE UNIQUE INDEX spends_transaction ON spends (api_key_id, transaction_id) WHERE transaction_id <> '';
-- The moving tail of the windows walks this index, and so does availableTime.
CREATE INDEX spends_settled ON spends (api_key_id, settled_at_us) INCLUDE (amount_sats) WHERE state = 4;
-- Open holds, and those that expired and are not yet written down as such.
CREATE INDEX spends_open ON spends (api_key_id, expires_at_us) INCLUDE (held_sats) WHERE state = 1;

-- Transactions that were reversed before any spend carried them.
CREATE TABLE reversals (
    api_key_id      uuid    NOT NULL,
    transaction_id  text    COLLATE "C" NOT NULL,
    reversed_at_us  bigint  NOT NULL,
    PRIMARY KEY (api_key_id, transaction_id)
);

-- Who changed which limit and when. Never deleted.
CREATE TABLE limit_changes (
    api_key_id      uuid    NOT NULL,
    revision        bigint  NOT NULL, -- of the key after the change
    limit_window    bigint  NOT NULL CHECK (limit_window BETWEEN 0 AND 3), -- 0 daily, 1 weekly, 2 monthly, 3 annual
    from_sats       bigint  CHECK (from_sats >= 1), -- NULL: unlimited
    to_sats         bigint  CHECK (to_sats >= 1),
    changed_at_us   bigint  NOT NULL,
    subject         text    NOT NULL,
    authentication  text    NOT NULL,
    PRIMARY KEY (api_key_id, revision, limit_window)
);

-- +goose Down
DROP TABLE limit_changes;
DROP TABLE reversals;
DROP TABLE spends;
DROP TABLE api_keys;
