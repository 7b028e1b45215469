-- What newsletters are written with: a second subject, whether the archive shows them, which report they tell of; who approved.

ALTER TABLE newsletters ADD COLUMN is_public BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE newsletters ADD COLUMN subject_b TEXT;
ALTER TABLE newsletters ADD COLUMN test_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE newsletters ADD COLUMN test_minutes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE newsletters ADD COLUMN changed_by TEXT REFERENCES users (id);
ALTER TABLE newsletters ADD COLUMN report_id TEXT REFERENCES impact_reports (id);
CREATE INDEX newsletters_by_end ON newsletters (ended_at, id);
CREATE INDEX newsletters_by_change ON newsletters (changed_at, id);
CREATE INDEX newsletters_by_report ON newsletters (report_id);

-- A second person's word, or a typed count: for what was written then, told by its digest.
CREATE TABLE newsletter_approvals (
    newsletter_id TEXT NOT NULL REFERENCES newsletters (id),
    digest TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    recipients BIGINT NOT NULL,
    is_typed BOOLEAN NOT NULL,
    approved_at TIMESTAMP NOT NULL,
    PRIMARY KEY (newsletter_id, digest, user_id)
);

-- Settings of newsletters that staff change: one row.
CREATE TABLE newsletter_settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Pictures to put into newsletters; they show nobody who would have to agree.
CREATE TABLE newsletter_pictures (
    media_id TEXT NOT NULL PRIMARY KEY REFERENCES media (id),
    alt TEXT NOT NULL,
    made_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL
);
