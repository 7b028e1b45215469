-- What readers do with a newsletter: off unless switched on, by name only of those who agreed.

-- Whether openings and clicks of it are counted: settled when it starts.
ALTER TABLE sendings ADD COLUMN counts_opens BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sendings ADD COLUMN counts_clicks BOOLEAN NOT NULL DEFAULT FALSE;

-- Since when a reader agrees to be counted by name.
ALTER TABLE subscribers ADD COLUMN counted_since TIMESTAMP;
CREATE INDEX subscribers_counted ON subscribers (id) WHERE counted_since IS NOT NULL;

-- Where the numbered links of a mail lead.
CREATE TABLE newsletter_links (
    newsletter_id TEXT NOT NULL REFERENCES newsletters (id),
    link INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (newsletter_id, link)
);

-- How often something was done, by hour since 1970 and without whom; what machines did is counted apart.
CREATE TABLE newsletter_hits (
    newsletter_id TEXT NOT NULL REFERENCES newsletters (id),
    kind TEXT NOT NULL,
    link INTEGER NOT NULL,
    hour BIGINT NOT NULL,
    hits BIGINT NOT NULL CHECK (hits >= 0),
    PRIMARY KEY (newsletter_id, kind, link, hour)
);

-- Gifts that followed a link, decided when they were paid: the newsletter clicked last within seven days.
CREATE TABLE newsletter_gifts (
    donation_id TEXT NOT NULL PRIMARY KEY REFERENCES donations (id),
    newsletter_id TEXT NOT NULL REFERENCES newsletters (id),
    at TIMESTAMP NOT NULL
);
CREATE INDEX newsletter_gifts_by_newsletter ON newsletter_gifts (newsletter_id, at);
