-- Gifts: who gave, what was asked of the processor, what it told us, what was set aside, and the totals shown.

CREATE TABLE supporters (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE donations (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    page_id TEXT REFERENCES pages (id),
    team_id TEXT REFERENCES teams (id),
    program_id TEXT REFERENCES programs (id),
    policy_id TEXT NOT NULL REFERENCES allocation_policies (id),
    supporter_id TEXT NOT NULL REFERENCES supporters (id),
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    fee_cover BIGINT NOT NULL CHECK (fee_cover >= 0),
    charged BIGINT NOT NULL CHECK (charged > 0),
    fee BIGINT,
    refunded BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= charged),
    donor_name TEXT NOT NULL,
    anonymous BOOLEAN NOT NULL,
    hide_amount BOOLEAN NOT NULL,
    comment TEXT,
    tribute_kind TEXT,
    tribute_name TEXT,
    tribute_email TEXT,
    source TEXT,
    token TEXT NOT NULL UNIQUE,
    session_id TEXT UNIQUE,
    checkout_url TEXT,
    payment_intent_id TEXT UNIQUE,
    charge_id TEXT UNIQUE,
    failure TEXT,
    created_at TIMESTAMP NOT NULL,
    checked_at TIMESTAMP NOT NULL,
    paid_at TIMESTAMP,
    receipt TEXT UNIQUE
);
CREATE INDEX donations_wall ON donations (page_id, paid_at, id);
CREATE INDEX donations_by_team ON donations (team_id, paid_at, id);
CREATE INDEX donations_by_campaign ON donations (campaign_id, paid_at, id);
CREATE INDEX donations_open ON donations (status, checked_at);
CREATE INDEX donations_by_supporter ON donations (supporter_id);

CREATE TABLE idempotency_keys (
    key TEXT NOT NULL PRIMARY KEY,
    request_hash TEXT NOT NULL,
    donation_id TEXT NOT NULL REFERENCES donations (id),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE processor_operations (
    key TEXT NOT NULL PRIMARY KEY,
    donation_id TEXT NOT NULL REFERENCES donations (id),
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    lease_token TEXT,
    lease_until TIMESTAMP,
    object_id TEXT,
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    UNIQUE (donation_id, number)
);
CREATE INDEX processor_operations_open ON processor_operations (state, created_at);

CREATE TABLE processor_events (
    seq BIGSERIAL NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    api_version TEXT,
    payload TEXT NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    run_at TIMESTAMP NOT NULL,
    lease_token TEXT,
    lease_until TIMESTAMP,
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    processed_at TIMESTAMP
);
CREATE INDEX processor_events_due ON processor_events (state, run_at, seq);

CREATE TABLE splits (
    donation_id TEXT NOT NULL REFERENCES donations (id),
    fund_id TEXT NOT NULL REFERENCES funds (id),
    amount BIGINT NOT NULL CHECK (amount >= 0),
    reversed BIGINT NOT NULL CHECK (reversed >= 0 AND reversed <= amount),
    PRIMARY KEY (donation_id, fund_id)
);
CREATE INDEX splits_by_fund ON splits (fund_id, donation_id);

CREATE TABLE refunds (
    id TEXT NOT NULL PRIMARY KEY,
    donation_id TEXT NOT NULL REFERENCES donations (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX refunds_by_donation ON refunds (donation_id);

CREATE TABLE receipt_series (
    series TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE consents (
    id TEXT NOT NULL PRIMARY KEY,
    supporter_id TEXT NOT NULL REFERENCES supporters (id),
    donation_id TEXT NOT NULL REFERENCES donations (id),
    channel TEXT NOT NULL,
    wording TEXT NOT NULL,
    given_at TIMESTAMP NOT NULL
);
CREATE INDEX consents_by_supporter ON consents (supporter_id);

CREATE TABLE totals (
    scope TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    currency TEXT NOT NULL,
    raised BIGINT NOT NULL CHECK (raised >= 0),
    donations BIGINT NOT NULL CHECK (donations >= 0),
    donors BIGINT NOT NULL CHECK (donors >= 0),
    reached_at TIMESTAMP NOT NULL,
    PRIMARY KEY (scope, scope_id)
);
CREATE INDEX totals_ranked ON totals (campaign_id, scope, raised DESC, reached_at, scope_id);

CREATE TABLE givers (
    scope TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    supporter_id TEXT NOT NULL REFERENCES supporters (id),
    gifts BIGINT NOT NULL CHECK (gifts >= 0),
    PRIMARY KEY (scope, scope_id, supporter_id)
);

CREATE TABLE reconciliations (
    name TEXT NOT NULL PRIMARY KEY,
    position TEXT NOT NULL,
    ran_at TIMESTAMP NOT NULL
);
