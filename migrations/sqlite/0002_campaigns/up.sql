-- Who runs what, for whom: partners, programs and their figures, campaigns, teams, pages, funds and allocation policies.

CREATE TABLE partners (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    summary TEXT NOT NULL,
    story TEXT NOT NULL,
    contact_email TEXT,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE programs (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    region TEXT NOT NULL,
    since_year INTEGER,
    summary TEXT NOT NULL,
    story TEXT NOT NULL,
    take_part TEXT NOT NULL,
    more TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX programs_by_partner ON programs (partner_id);

CREATE TABLE impact_figures (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL REFERENCES programs (id),
    label TEXT NOT NULL,
    value BIGINT NOT NULL,
    period TEXT NOT NULL,
    source TEXT NOT NULL,
    grade TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX impact_figures_by_program ON impact_figures (program_id, position);

CREATE TABLE unit_costs (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL REFERENCES programs (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    covers TEXT NOT NULL,
    source TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT
);
CREATE INDEX unit_costs_by_program ON unit_costs (program_id, amount);

CREATE TABLE campaigns (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    appeal TEXT NOT NULL,
    story TEXT NOT NULL,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    giving_until TEXT NOT NULL,
    goal BIGINT NOT NULL CHECK (goal >= 0),
    minimum BIGINT NOT NULL CHECK (minimum > 0),
    suggested TEXT NOT NULL,
    accent TEXT NOT NULL,
    faq TEXT NOT NULL,
    previous_id TEXT REFERENCES campaigns (id),
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE campaign_programs (
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    program_id TEXT NOT NULL REFERENCES programs (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, program_id)
);

CREATE TABLE teams (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    story TEXT NOT NULL,
    goal BIGINT NOT NULL CHECK (goal >= 0),
    captain_id TEXT REFERENCES users (id),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX teams_by_campaign ON teams (campaign_id);

CREATE TABLE pages (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    team_id TEXT REFERENCES teams (id),
    owner_id TEXT REFERENCES users (id),
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    participant TEXT NOT NULL,
    name_key TEXT NOT NULL,
    story TEXT NOT NULL,
    goal BIGINT NOT NULL CHECK (goal >= 0),
    photo TEXT,
    status TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX pages_by_campaign ON pages (campaign_id, status, id);
CREATE INDEX pages_by_name ON pages (campaign_id, status, name_key, id);
CREATE INDEX pages_by_team ON pages (team_id, status);

CREATE TABLE funds (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    program_id TEXT REFERENCES programs (id),
    campaign_id TEXT REFERENCES campaigns (id),
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (program_id, currency),
    UNIQUE (campaign_id, currency),
    CHECK ((program_id IS NULL) <> (campaign_id IS NULL))
);

CREATE TABLE allocation_policies (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    version INTEGER NOT NULL,
    effective_from TIMESTAMP NOT NULL,
    note TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (campaign_id, version)
);

CREATE TABLE allocation_shares (
    policy_id TEXT NOT NULL REFERENCES allocation_policies (id),
    fund_id TEXT NOT NULL REFERENCES funds (id),
    basis_points INTEGER NOT NULL CHECK (basis_points >= 0 AND basis_points <= 10000),
    PRIMARY KEY (policy_id, fund_id)
);
