-- Match pools, gifts that come outside the processor with their deposits, payouts, and findings that somebody owns.

ALTER TABLE findings ADD COLUMN owner_id TEXT REFERENCES users (id);
ALTER TABLE findings ADD COLUMN resolution TEXT;
ALTER TABLE findings ADD COLUMN closed_by TEXT REFERENCES users (id);
CREATE INDEX findings_open ON findings (closed_at, opened_at, id);

ALTER TABLE donations ADD COLUMN method TEXT NOT NULL DEFAULT 'online';
ALTER TABLE refunds ADD COLUMN made_by TEXT REFERENCES users (id);
ALTER TABLE refunds ADD COLUMN reason TEXT;

-- An entry of staff stands on no page, if the giver named none.
CREATE TABLE offline_gifts_new (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT REFERENCES pages (id),
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    entered_by TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    donor_name TEXT NOT NULL,
    donor_email TEXT,
    anonymous BOOLEAN NOT NULL,
    received_on TEXT NOT NULL,
    note TEXT NOT NULL,
    state TEXT NOT NULL,
    donation_id TEXT REFERENCES donations (id),
    created_at TIMESTAMP NOT NULL,
    decided_by TEXT REFERENCES users (id),
    decided_at TIMESTAMP,
    reason TEXT NOT NULL,
    program_id TEXT REFERENCES programs (id),
    by_bank BOOLEAN NOT NULL DEFAULT FALSE,
    reference TEXT NOT NULL DEFAULT '',
    shares TEXT NOT NULL DEFAULT '',
    sponsor TEXT NOT NULL DEFAULT ''
);
INSERT INTO offline_gifts_new (id, page_id, campaign_id, entered_by, kind, currency, amount, donor_name, donor_email, anonymous, received_on, note, state, donation_id, created_at, decided_by, decided_at, reason)
    SELECT id, page_id, campaign_id, entered_by, kind, currency, amount, donor_name, donor_email, anonymous, received_on, note, state, donation_id, created_at, decided_by, decided_at, reason FROM offline_gifts;
DROP TABLE offline_gifts;
ALTER TABLE offline_gifts_new RENAME TO offline_gifts;
CREATE INDEX offline_gifts_by_page ON offline_gifts (page_id, state, id);
CREATE INDEX offline_gifts_by_state ON offline_gifts (campaign_id, state, id);
CREATE INDEX offline_gifts_by_donation ON offline_gifts (donation_id);

-- What the processor paid to the bank, and of what it was made up.
CREATE TABLE payouts (
    id TEXT NOT NULL PRIMARY KEY,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    state TEXT NOT NULL,
    failure TEXT,
    made_at TIMESTAMP NOT NULL,
    arrives_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    booked_at TIMESTAMP,
    reversed_at TIMESTAMP,
    agreed_at TIMESTAMP
);
CREATE INDEX payouts_by_time ON payouts (made_at, id);

CREATE TABLE payout_items (
    transaction_id TEXT NOT NULL PRIMARY KEY,
    payout_id TEXT NOT NULL REFERENCES payouts (id),
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    amount BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    net BIGINT NOT NULL,
    ours BIGINT
);
CREATE INDEX payout_items_by_payout ON payout_items (payout_id);
CREATE INDEX payout_items_by_source ON payout_items (source_id);

-- Cash and cheques that went to the bank together, and the line of the bank's statement that they became.
CREATE TABLE deposits (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    banked_on TEXT,
    bank_reference TEXT,
    banked BIGINT,
    banked_by TEXT REFERENCES users (id),
    banked_at TIMESTAMP
);
CREATE INDEX deposits_by_campaign ON deposits (campaign_id, id);

CREATE TABLE deposit_items (
    donation_id TEXT NOT NULL PRIMARY KEY REFERENCES donations (id),
    deposit_id TEXT NOT NULL REFERENCES deposits (id),
    amount BIGINT NOT NULL CHECK (amount > 0)
);
CREATE INDEX deposit_items_by_deposit ON deposit_items (deposit_id);

-- Match pools: a sponsor's reserved money, the gifts that it was added to, and what became of the rest.
CREATE TABLE match_pools (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    sponsor TEXT NOT NULL,
    sponsor_email TEXT,
    basis TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    ratio INTEGER NOT NULL CHECK (ratio > 0),
    cap BIGINT CHECK (cap > 0),
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    made_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    confirmed_by TEXT REFERENCES users (id),
    confirmed_at TIMESTAMP,
    closed_at TIMESTAMP
);
CREATE INDEX match_pools_live ON match_pools (campaign_id, state, created_at);

CREATE TABLE match_targets (
    pool_id TEXT NOT NULL REFERENCES match_pools (id),
    kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, kind, target_id)
);

CREATE TABLE matches (
    donation_id TEXT NOT NULL PRIMARY KEY REFERENCES donations (id),
    pool_id TEXT NOT NULL REFERENCES match_pools (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    reversed BIGINT NOT NULL CHECK (reversed >= 0 AND reversed <= amount),
    matched_at TIMESTAMP NOT NULL
);
CREATE INDEX matches_by_pool ON matches (pool_id, donation_id);

CREATE TABLE match_arrivals (
    id TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES match_pools (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    arrived_on TEXT NOT NULL,
    reference TEXT NOT NULL,
    recorded_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX match_arrivals_by_pool ON match_arrivals (pool_id, id);

CREATE TABLE match_releases (
    id TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES match_pools (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    amount BIGINT,
    donation_id TEXT REFERENCES donations (id),
    proposed_by TEXT NOT NULL REFERENCES users (id),
    proposed_at TIMESTAMP NOT NULL,
    decided_by TEXT REFERENCES users (id),
    decided_at TIMESTAMP
);
CREATE INDEX match_releases_by_pool ON match_releases (pool_id, id);
