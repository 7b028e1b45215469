-- Disputed payments; what pools add to the gifts of a campaign, page or team; a sponsor's private page.

CREATE TABLE disputes (
    -- The processor's: one a dispute, whoever reports it.
    id TEXT NOT NULL PRIMARY KEY,
    donation_id TEXT NOT NULL REFERENCES donations (id),
    -- What the donor's bank took back; nothing while it only asks.
    amount BIGINT NOT NULL CHECK (amount >= 0),
    -- What the processor kept for it.
    fee BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- The processor's word for why.
    reason TEXT NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    decided_at TIMESTAMP
);
CREATE INDEX disputes_by_donation ON disputes (donation_id);
CREATE INDEX disputes_open ON disputes (opened_at) WHERE state = 'open';

ALTER TABLE totals ADD COLUMN matched BIGINT NOT NULL DEFAULT 0 CHECK (matched >= 0);
UPDATE totals SET matched = COALESCE((
    SELECT SUM(m.amount - m.reversed) FROM matches m JOIN donations d ON d.id = m.donation_id
    WHERE (totals.scope = 'campaign' AND d.campaign_id = totals.scope_id)
        OR (totals.scope = 'page' AND d.page_id = totals.scope_id)
        OR (totals.scope = 'team' AND d.team_id = totals.scope_id)
), 0) WHERE EXISTS (SELECT 1 FROM matches);

ALTER TABLE match_pools ADD COLUMN token TEXT;
UPDATE match_pools SET token = replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
CREATE UNIQUE INDEX match_pools_token ON match_pools (token);
