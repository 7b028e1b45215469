-- Coaching: what was earned, what was mailed, what participants promised themselves.

CREATE TABLE badges (
    scope TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    badge TEXT NOT NULL,
    earned_at TIMESTAMP NOT NULL,
    PRIMARY KEY (scope, scope_id, badge)
);

-- What the coach said or passed over, each once a page, kind and key.
CREATE TABLE coaching_mails (
    page_id TEXT NOT NULL REFERENCES pages (id),
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    decided_at TIMESTAMP NOT NULL,
    -- False: told together with another one, or dropped because its kind was switched off.
    is_mailed BOOLEAN NOT NULL,
    PRIMARY KEY (page_id, kind, key)
);
CREATE INDEX coaching_mails_by_user ON coaching_mails (user_id, decided_at);

-- "At $500 I will …"
CREATE TABLE own_milestones (
    id TEXT NOT NULL PRIMARY KEY,
    page_id TEXT NOT NULL REFERENCES pages (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    promise TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    reached_at TIMESTAMP,
    kept_at TIMESTAMP,
    UNIQUE (page_id, amount)
);

-- Where a mail of a kind that can be switched off is switched off: its List-Unsubscribe header (RFC 2369, RFC 8058).
ALTER TABLE mails ADD COLUMN off_url TEXT;
