-- Newsletters' core: who may be mailed, by which lists, who must not; what is written; one row a recipient of what goes out.

CREATE TABLE subscribers (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    country TEXT NOT NULL,
    time_zone TEXT,
    supporter_id TEXT UNIQUE REFERENCES supporters (id),
    user_id TEXT UNIQUE REFERENCES users (id),
    token TEXT NOT NULL UNIQUE,
    left_all_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE lists (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT REFERENCES campaigns (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    is_public BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    archived_at TIMESTAMP
);

CREATE TABLE subscriptions (
    list_id TEXT NOT NULL REFERENCES lists (id),
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    state TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (list_id, subscriber_id)
);
CREATE INDEX subscriptions_by_subscriber ON subscriptions (subscriber_id);

CREATE TABLE suppressions (
    email_folded TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE segments (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT REFERENCES campaigns (id),
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    made_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    archived_at TIMESTAMP
);

CREATE TABLE newsletters (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT REFERENCES campaigns (id),
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    subject TEXT NOT NULL,
    preheader TEXT NOT NULL,
    layout TEXT NOT NULL,
    content TEXT NOT NULL,
    plain_text TEXT,
    audience TEXT NOT NULL,
    topic TEXT,
    from_name TEXT NOT NULL,
    reply_to TEXT,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    send_at TIMESTAMP,
    made_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    ended_at TIMESTAMP
);
CREATE INDEX newsletters_by_state ON newsletters (state, send_at);

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    newsletter_id TEXT NOT NULL REFERENCES newsletters (id),
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    variant TEXT NOT NULL,
    domain TEXT NOT NULL,
    state TEXT NOT NULL,
    run_at TIMESTAMP NOT NULL,
    attempts INTEGER NOT NULL,
    lease_token TEXT,
    lease_until TIMESTAMP,
    message_id TEXT UNIQUE,
    code INTEGER,
    detail TEXT,
    sent_at TIMESTAMP,
    changed_at TIMESTAMP NOT NULL,
    UNIQUE (newsletter_id, subscriber_id)
);
CREATE INDEX deliveries_due ON deliveries (newsletter_id, state, run_at, id);
CREATE INDEX deliveries_by_subscriber ON deliveries (subscriber_id, sent_at);
