-- What participants make: their pages' life, pictures, updates, thanks; teams with policies and roles.

-- Photographs, re-encoded (S11). The files lie under media.dir by id and size.
CREATE TABLE media (
    id TEXT NOT NULL PRIMARY KEY,
    owner_id TEXT REFERENCES users (id),
    -- What it belongs to: page, page_update, diary_entry, team.
    used_for TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    -- What its files take; 0 once they are swept away.
    bytes BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    -- Not served to the public while set: its page is hidden, or its diary entry private.
    hidden_at TIMESTAMP,
    -- Served to nobody; its files are swept away.
    removed_at TIMESTAMP
);
CREATE INDEX media_by_owner ON media (owner_id, created_at);
CREATE INDEX media_to_sweep ON media (removed_at) WHERE bytes > 0;

-- How a season is run (JSON of SeasonRules; unknown to older binaries, so it has a default).
ALTER TABLE campaigns ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';
-- Counts edits: a form made from an older state does not overwrite a newer one.
ALTER TABLE campaigns ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE pages ADD COLUMN photo_alt TEXT NOT NULL DEFAULT '';
ALTER TABLE pages ADD COLUMN previous_id TEXT REFERENCES pages (id);
ALTER TABLE pages ADD COLUMN updated_at TIMESTAMP;
ALTER TABLE pages ADD COLUMN published_at TIMESTAMP;
ALTER TABLE pages ADD COLUMN hidden_reason TEXT;
-- Where the guided start of a draft was left.
ALTER TABLE pages ADD COLUMN draft_step TEXT;
ALTER TABLE pages ADD COLUMN is_diary_public BOOLEAN NOT NULL DEFAULT TRUE;
-- A create that a program sends again under the same key finds the page that it made.
ALTER TABLE pages ADD COLUMN request_key TEXT;
CREATE UNIQUE INDEX pages_by_request ON pages (request_key);
CREATE INDEX pages_newest ON pages (campaign_id, id);
CREATE INDEX pages_by_owner ON pages (owner_id, id);
CREATE INDEX pages_by_status ON pages (status, updated_at);
-- One draft a person and season: a second tab goes on with the first one's.
CREATE UNIQUE INDEX pages_one_draft ON pages (owner_id, campaign_id) WHERE status = 'draft';

-- Addresses that a page had before: old links go on working.
CREATE TABLE page_aliases (
    slug TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE page_updates (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    body TEXT NOT NULL,
    photo TEXT REFERENCES media (id),
    photo_alt TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    removed_at TIMESTAMP
);
CREATE INDEX page_updates_by_page ON page_updates (page_id, id);

-- "Needs more information" goes back and forth here.
CREATE TABLE page_messages (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    author_id TEXT REFERENCES users (id),
    from_staff BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX page_messages_by_page ON page_messages (page_id, id);

CREATE TABLE page_reports (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    reporter_email TEXT,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    handled_by TEXT REFERENCES users (id),
    handled_at TIMESTAMP,
    outcome TEXT NOT NULL
);
CREATE INDEX page_reports_by_state ON page_reports (state, id);
CREATE INDEX page_reports_by_page ON page_reports (page_id, id);

-- A page offered to another person; accepted by the mailed link.
CREATE TABLE page_transfers (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    from_user TEXT NOT NULL REFERENCES users (id),
    to_email TEXT NOT NULL,
    to_email_folded TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    decided_at TIMESTAMP
);
CREATE INDEX page_transfers_by_page ON page_transfers (page_id, state);

-- A gift that its page's owner has thanked for; once.
CREATE TABLE gift_thanks (
    donation_id TEXT NOT NULL PRIMARY KEY REFERENCES donations (id),
    page_id TEXT NOT NULL REFERENCES pages (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    words TEXT NOT NULL,
    thanked_at TIMESTAMP NOT NULL
);
CREATE INDEX gift_thanks_by_page ON gift_thanks (page_id);

-- Cash, cheques, transfers that a participant was given: pending until staff confirm.
CREATE TABLE offline_gifts (
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
CREATE INDEX offline_gifts_by_page ON offline_gifts (page_id, state, id);
CREATE INDEX offline_gifts_by_state ON offline_gifts (campaign_id, state, id);

-- Whom a returning participant has asked again.
CREATE TABLE page_asks (
    page_id TEXT NOT NULL REFERENCES pages (id),
    supporter_id TEXT NOT NULL REFERENCES supporters (id),
    asked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (page_id, supporter_id)
);

CREATE TABLE team_groups (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    story TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX team_groups_by_campaign ON team_groups (campaign_id, id);

ALTER TABLE teams ADD COLUMN join_policy TEXT NOT NULL DEFAULT 'open';
ALTER TABLE teams ADD COLUMN password_hash TEXT;
ALTER TABLE teams ADD COLUMN previous_id TEXT REFERENCES teams (id);
ALTER TABLE teams ADD COLUMN group_id TEXT REFERENCES team_groups (id);
ALTER TABLE teams ADD COLUMN photo TEXT REFERENCES media (id);
ALTER TABLE teams ADD COLUMN photo_alt TEXT NOT NULL DEFAULT '';
ALTER TABLE teams ADD COLUMN archived_at TIMESTAMP;
-- The name as it is searched and listed: without regard to case.
ALTER TABLE teams ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE teams SET name_key = lower(name);
CREATE INDEX teams_by_name ON teams (campaign_id, name_key, id);
CREATE INDEX teams_by_group ON teams (group_id);
CREATE INDEX teams_by_captain ON teams (captain_id);

CREATE TABLE team_co_captains (
    team_id TEXT NOT NULL REFERENCES teams (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_co_captains_by_user ON team_co_captains (user_id);

CREATE TABLE team_requests (
    id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES teams (id),
    page_id TEXT NOT NULL REFERENCES pages (id),
    words TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    decided_by TEXT REFERENCES users (id),
    decided_at TIMESTAMP
);
CREATE INDEX team_requests_by_team ON team_requests (team_id, state, id);
CREATE INDEX team_requests_by_page ON team_requests (page_id, state);
CREATE UNIQUE INDEX team_requests_open ON team_requests (team_id, page_id) WHERE state = 'open';

CREATE TABLE team_invitations (
    id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES teams (id),
    token_hash TEXT NOT NULL UNIQUE,
    to_email TEXT,
    invited_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_by TEXT REFERENCES pages (id),
    used_at TIMESTAMP,
    -- Taken back by the team, or its team was archived.
    revoked_at TIMESTAMP
);
CREATE INDEX team_invitations_by_team ON team_invitations (team_id, id);

CREATE TABLE team_messages (
    id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES teams (id),
    author_id TEXT NOT NULL REFERENCES users (id),
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    recipients BIGINT NOT NULL,
    sent_at TIMESTAMP NOT NULL
);
CREATE INDEX team_messages_by_team ON team_messages (team_id, sent_at);
