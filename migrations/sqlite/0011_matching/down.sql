DROP TABLE match_releases;
DROP TABLE match_arrivals;
DROP TABLE matches;
DROP TABLE match_targets;
DROP TABLE match_pools;
DROP TABLE deposit_items;
DROP TABLE deposits;
DROP TABLE payout_items;
DROP TABLE payouts;

CREATE TABLE offline_gifts_old (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
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
    reason TEXT NOT NULL
);
INSERT INTO offline_gifts_old (id, page_id, campaign_id, entered_by, kind, currency, amount, donor_name, donor_email, anonymous, received_on, note, state, donation_id, created_at, decided_by, decided_at, reason)
    SELECT id, page_id, campaign_id, entered_by, kind, currency, amount, donor_name, donor_email, anonymous, received_on, note, state, donation_id, created_at, decided_by, decided_at, reason FROM offline_gifts;
DROP TABLE offline_gifts;
ALTER TABLE offline_gifts_old RENAME TO offline_gifts;
CREATE INDEX offline_gifts_by_page ON offline_gifts (page_id, state, id);
CREATE INDEX offline_gifts_by_state ON offline_gifts (campaign_id, state, id);

ALTER TABLE refunds DROP COLUMN reason;
ALTER TABLE refunds DROP COLUMN made_by;
ALTER TABLE donations DROP COLUMN method;

DROP INDEX findings_open;
ALTER TABLE findings DROP COLUMN closed_by;
ALTER TABLE findings DROP COLUMN resolution;
ALTER TABLE findings DROP COLUMN owner_id;
