-- The partners' desk: who is invited to it, what partners withhold, their reports, and how figures are graded.

CREATE TABLE partner_invitations (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    to_email TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    invited_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    used_by TEXT REFERENCES users (id),
    revoked_at TIMESTAMP
);
CREATE INDEX partner_invitations_by_partner ON partner_invitations (partner_id, id);

-- Name and place are withheld until released; the region is public.
CREATE TABLE program_shelters (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL REFERENCES programs (id),
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    released_at TIMESTAMP,
    released_by TEXT REFERENCES users (id),
    removed_at TIMESTAMP
);
CREATE INDEX program_shelters_by_program ON program_shelters (program_id, id);

CREATE TABLE program_contacts (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL REFERENCES programs (id),
    name TEXT NOT NULL,
    duty TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    released_at TIMESTAMP,
    released_by TEXT REFERENCES users (id),
    removed_at TIMESTAMP
);
CREATE INDEX program_contacts_by_program ON program_contacts (program_id, id);

CREATE TABLE impact_reports (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    program_id TEXT NOT NULL REFERENCES programs (id),
    tranche_id TEXT REFERENCES grant_tranches (id),
    number INTEGER,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    currency TEXT NOT NULL,
    scope TEXT NOT NULL,
    progress TEXT NOT NULL,
    measurement TEXT NOT NULL,
    challenges TEXT NOT NULL,
    sustainability TEXT NOT NULL,
    plain_title TEXT NOT NULL,
    plain TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    submitted_at TIMESTAMP,
    accepted_by TEXT REFERENCES users (id),
    accepted_at TIMESTAMP,
    published_by TEXT REFERENCES users (id),
    published_at TIMESTAMP,
    UNIQUE (program_id, number)
);
CREATE INDEX impact_reports_by_partner ON impact_reports (partner_id, id);
CREATE INDEX impact_reports_by_state ON impact_reports (state, id);
CREATE UNIQUE INDEX impact_reports_one_a_tranche ON impact_reports (tranche_id) WHERE state <> 'withdrawn';

CREATE TABLE report_budget_lines (
    report_id TEXT NOT NULL REFERENCES impact_reports (id),
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    planned BIGINT NOT NULL CHECK (planned >= 0),
    spent BIGINT NOT NULL CHECK (spent >= 0),
    PRIMARY KEY (report_id, position)
);

-- A filed figure keeps its id when it is published: then it stands in impact_figures too.
CREATE TABLE report_figures (
    id TEXT NOT NULL PRIMARY KEY,
    report_id TEXT NOT NULL REFERENCES impact_reports (id),
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    value BIGINT NOT NULL CHECK (value >= 0),
    period TEXT NOT NULL,
    source TEXT NOT NULL,
    method TEXT NOT NULL,
    document_id TEXT REFERENCES documents (id),
    grade TEXT NOT NULL,
    graded_by TEXT REFERENCES users (id),
    graded_at TIMESTAMP
);
CREATE INDEX report_figures_by_report ON report_figures (report_id, position);

-- Every grade that a figure was ever given; append-only.
CREATE TABLE figure_grades (
    id TEXT NOT NULL PRIMARY KEY,
    figure_id TEXT NOT NULL,
    grade TEXT NOT NULL,
    note TEXT NOT NULL,
    graded_by TEXT NOT NULL REFERENCES users (id),
    graded_at TIMESTAMP NOT NULL
);
CREATE INDEX figure_grades_by_figure ON figure_grades (figure_id, id);

CREATE TABLE report_messages (
    id TEXT NOT NULL PRIMARY KEY,
    report_id TEXT NOT NULL REFERENCES impact_reports (id),
    author_id TEXT REFERENCES users (id),
    from_staff BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX report_messages_by_report ON report_messages (report_id, id);

-- What somebody typed into a step of a report and has not saved: a closed tab goes on.
CREATE TABLE report_drafts (
    report_id TEXT NOT NULL REFERENCES impact_reports (id),
    step TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    typed TEXT NOT NULL,
    kept_at TIMESTAMP NOT NULL,
    PRIMARY KEY (report_id, step, user_id)
);

ALTER TABLE impact_figures ADD COLUMN report_id TEXT;
ALTER TABLE impact_figures ADD COLUMN graded_by TEXT;
ALTER TABLE impact_figures ADD COLUMN graded_at TIMESTAMP;
ALTER TABLE impact_figures ADD COLUMN superseded_at TIMESTAMP;
ALTER TABLE impact_figures ADD COLUMN superseded_by TEXT;
CREATE INDEX impact_figures_by_report ON impact_figures (report_id);
