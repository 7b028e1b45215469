-- Match pools, gifts that come outside the processor with their deposits, payouts, and findings that somebody owns.

ALTER TABLE findings ADD COLUMN owner_id TEXT REFERENCES users (id);
ALTER TABLE findings ADD COLUMN resolution TEXT;
ALTER TABLE findings ADD COLUMN closed_by TEXT REFERENCES users (id);
CREATE INDEX findings_open ON findings (closed_at, opened_at, id);

ALTER TABLE donations ADD COLUMN method TEXT NOT NULL DEFAULT 'online';
ALTER TABLE refunds ADD COLUMN made_by TEXT REFERENCES users (id);
ALTER TABLE refunds ADD COLUMN reason TEXT;

-- An entry of staff stands on no page, if the giver named none.
ALTER TABLE offline_gifts ALTER COLUMN page_id DROP NOT NULL;
ALTER TABLE offline_gifts ADD COLUMN program_id TEXT REFERENCES programs (id);
ALTER TABLE offline_gifts ADD COLUMN by_bank BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE offline_gifts ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE offline_gifts ADD COLUMN shares TEXT NOT NULL DEFAULT '';
ALTER TABLE offline_gifts ADD COLUMN sponsor TEXT NOT NULL DEFAULT '';
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
