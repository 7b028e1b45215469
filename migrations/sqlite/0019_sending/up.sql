-- Sending: how a newsletter goes out, how fast, what came back, what readers did with it.

-- When a worker was about to give it to a server (N2), and when that was first tried.
ALTER TABLE deliveries ADD COLUMN handed_at TIMESTAMP;
ALTER TABLE deliveries ADD COLUMN first_at TIMESTAMP;

-- Whose lease has run out: a few hundred rows at any time, whatever waits beside them.
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE sendings (
    newsletter_id TEXT NOT NULL PRIMARY KEY REFERENCES newsletters (id),
    planned_by TEXT NOT NULL REFERENCES users (id),
    reader_time BOOLEAN NOT NULL,
    -- The freezing of its recipients, piece by piece: up to whom, and when it was done.
    frozen_to TEXT,
    frozen_at TIMESTAMP,
    recipients BIGINT NOT NULL,
    paused_why TEXT,
    paused_detail TEXT,
    -- The test of two subjects: the share that gets either, how long it is waited for, who won.
    test_percent INTEGER NOT NULL,
    test_minutes INTEGER NOT NULL,
    test_winner TEXT,
    created_at TIMESTAMP NOT NULL
);

-- When the next mail may go, by domain or group of domains, and over all (N17).
CREATE TABLE sending_lanes (
    lane TEXT NOT NULL PRIMARY KEY,
    next_at TIMESTAMP NOT NULL
);

-- Mails by hour and by day (N17).
CREATE TABLE sending_counts (
    period TEXT NOT NULL PRIMARY KEY,
    mails BIGINT NOT NULL
);

-- What came back about a mail: bounces and complaints (N14-N16).
CREATE TABLE bounces (
    id TEXT NOT NULL PRIMARY KEY,
    delivery_id TEXT REFERENCES deliveries (id),
    subscriber_id TEXT REFERENCES subscribers (id),
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    -- The report's own id, so that one told twice counts once.
    report TEXT NOT NULL UNIQUE,
    at TIMESTAMP NOT NULL
);
CREATE INDEX bounces_by_subscriber ON bounces (subscriber_id, kind, at);
CREATE INDEX bounces_by_delivery ON bounces (delivery_id, kind);

-- What readers did with a newsletter, where that is switched on and they agreed.
CREATE TABLE newsletter_signs (
    newsletter_id TEXT NOT NULL REFERENCES newsletters (id),
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    kind TEXT NOT NULL,
    link INTEGER NOT NULL,
    at TIMESTAMP NOT NULL,
    PRIMARY KEY (newsletter_id, subscriber_id, kind, link)
);
CREATE INDEX newsletter_signs_by_subscriber ON newsletter_signs (subscriber_id, kind, at);
