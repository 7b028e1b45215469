-- The style diary, the conversations it starts, and the sponsors of its days.

CREATE TABLE diary_entries (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    -- The day in the campaign's time zone.
    day TEXT NOT NULL,
    outfit TEXT NOT NULL,
    note TEXT NOT NULL,
    photo TEXT REFERENCES media (id),
    photo_alt TEXT NOT NULL,
    is_public BOOLEAN NOT NULL,
    -- Written on a later day than the one it tells of.
    is_backfill BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (page_id, day)
);

-- Who asked, without a name, and what came of it.
CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    day TEXT NOT NULL,
    who TEXT NOT NULL,
    learned BOOLEAN NOT NULL,
    signed BOOLEAN NOT NULL,
    gave BOOLEAN NOT NULL,
    note TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX conversations_by_page ON conversations (page_id, day, id);

-- Counts of days and conversations by page and campaign, written with their rows and provable from them.
CREATE TABLE tallies (
    scope TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    days BIGINT NOT NULL,
    conversations BIGINT NOT NULL,
    learned BIGINT NOT NULL,
    signed BIGINT NOT NULL,
    gave BIGINT NOT NULL,
    -- A page's counts are in its team's and campaign's while the page is shown.
    is_counted BOOLEAN NOT NULL,
    PRIMARY KEY (scope, scope_id)
);

-- A promise of so much for each logged day, up to a cap; one gift request at the end of the month.
CREATE TABLE day_sponsors (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    currency TEXT NOT NULL,
    per_day BIGINT NOT NULL CHECK (per_day > 0),
    cap BIGINT NOT NULL CHECK (cap >= per_day),
    is_named BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP,
    requested_at TIMESTAMP,
    requested BIGINT,
    -- The logged days that the request was reckoned from.
    days BIGINT,
    cancelled_at TIMESTAMP,
    -- Mails with a link to confirm that went out for this promise.
    asks INTEGER NOT NULL,
    UNIQUE (page_id, email_folded)
);
CREATE INDEX day_sponsors_by_state ON day_sponsors (state, page_id);
CREATE INDEX day_sponsors_by_email ON day_sponsors (email_folded, state);
CREATE INDEX tallies_by_scope ON tallies (scope, is_counted);
