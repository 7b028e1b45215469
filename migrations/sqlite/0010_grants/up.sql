-- Grants: money that leaves a fund for a partner, in tranches; which layers each tranche took; and who said yes to it.
-- Policies become drafts that somebody else approves; a reserve that ran short is covered by a decision of two.

ALTER TABLE allocation_policies ADD COLUMN drafted_by TEXT REFERENCES users (id);
ALTER TABLE allocation_policies ADD COLUMN approved_by TEXT REFERENCES users (id);
ALTER TABLE allocation_policies ADD COLUMN approved_at TIMESTAMP;
ALTER TABLE allocation_policies ADD COLUMN discarded_at TIMESTAMP;
-- What stood before there were drafts was in force at once.
UPDATE allocation_policies SET approved_at = created_at;

CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    program_id TEXT NOT NULL REFERENCES programs (id),
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    fund_id TEXT NOT NULL REFERENCES funds (id),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    planned_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    approved_at TIMESTAMP,
    closed_at TIMESTAMP,
    reason TEXT NOT NULL
);
CREATE INDEX grants_by_campaign ON grants (campaign_id, state, id);
CREATE INDEX grants_by_partner ON grants (partner_id, id);
CREATE INDEX grants_by_program ON grants (program_id, id);
CREATE INDEX grants_by_fund ON grants (fund_id, state);

CREATE TABLE grant_tranches (
    id TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id),
    position INTEGER NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL,
    planned_on TEXT NOT NULL,
    report_due_on TEXT NOT NULL,
    paid_on TEXT,
    paid_at TIMESTAMP,
    paid_by TEXT REFERENCES users (id),
    bank_reference TEXT,
    document_id TEXT REFERENCES documents (id),
    reported_at TIMESTAMP,
    UNIQUE (grant_id, position)
);
CREATE INDEX grant_tranches_due ON grant_tranches (state, report_due_on);

CREATE TABLE grant_approvals (
    grant_id TEXT NOT NULL REFERENCES grants (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    approved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (grant_id, user_id)
);

CREATE TABLE grant_layers (
    tranche_id TEXT NOT NULL REFERENCES grant_tranches (id),
    donation_id TEXT NOT NULL REFERENCES donations (id),
    fund_id TEXT NOT NULL REFERENCES funds (id),
    origin TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    PRIMARY KEY (tranche_id, donation_id, fund_id, origin)
);
CREATE INDEX grant_layers_by_donation ON grant_layers (donation_id);

-- Money of the organisation's own that fills a campaign's reserve again.
CREATE TABLE reserve_covers (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    paid_on TEXT NOT NULL,
    bank_reference TEXT NOT NULL,
    planned_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    decided_by TEXT REFERENCES users (id),
    decided_at TIMESTAMP
);
CREATE INDEX reserve_covers_by_campaign ON reserve_covers (campaign_id, state, id);

-- Who of a partner's staff may sit at its desk.
CREATE TABLE partner_staff (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (partner_id, user_id)
);
CREATE INDEX partner_staff_by_user ON partner_staff (user_id);
