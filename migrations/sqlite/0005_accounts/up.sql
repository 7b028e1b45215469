-- Signing in: verified addresses, sessions, mailed links, second factors; and the record of what staff did.

ALTER TABLE users ADD COLUMN verified_at TIMESTAMP;
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
ALTER TABLE users ADD COLUMN totp_secret TEXT;
ALTER TABLE users ADD COLUMN totp_confirmed_at TIMESTAMP;
-- The last time step whose code was taken: a code counts once (S6).
ALTER TABLE users ADD COLUMN totp_last_step BIGINT;
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP;

-- A browser that is signed in. The cookie's secret is kept as its SHA-256 (S1).
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    -- How the browser calls itself, shortened: for the list of sessions.
    browser TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    -- When the password or a mailed link was last shown, and when a second factor was.
    proved_at TIMESTAMP NOT NULL,
    second_factor_at TIMESTAMP,
    ended_at TIMESTAMP
);
CREATE INDEX sessions_by_user ON sessions (user_id, seen_at);
CREATE INDEX sessions_by_age ON sessions (created_at);

-- Links and codes that go by mail, and the state of a passkey ceremony: single use, kept as SHA-256 (S7).
CREATE TABLE mailed_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT REFERENCES users (id),
    payload TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX mailed_tokens_by_user ON mailed_tokens (user_id, purpose);
CREATE INDEX mailed_tokens_by_expiry ON mailed_tokens (expires_at);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    code_hash TEXT NOT NULL,
    used_at TIMESTAMP,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    credential_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The credential as the library keeps it (JSON).
    credential TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX passkeys_by_user ON passkeys (user_id);

-- Which kinds of mail a user does not want. No row: the mail comes.
CREATE TABLE mail_mutes (
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    muted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- Narrows a role to campaigns; a role without rows here holds for all of them.
CREATE TABLE role_campaigns (
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    PRIMARY KEY (user_id, role, campaign_id)
);

-- What was done by whom (S15): append-only.
CREATE TABLE audit_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TIMESTAMP NOT NULL,
    actor_id TEXT REFERENCES users (id),
    -- Whether it was done in the console, by a token, on the command line.
    via TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    campaign_id TEXT REFERENCES campaigns (id),
    -- In words, without names or addresses.
    detail TEXT NOT NULL,
    -- SHA-256 of what stood before and what stands after, where something was edited.
    before_hash TEXT,
    after_hash TEXT
);
CREATE INDEX audit_log_by_subject ON audit_log (subject_kind, subject_id, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
CREATE INDEX audit_log_by_campaign ON audit_log (campaign_id, id);
CREATE INDEX audit_log_by_action ON audit_log (action, id);
CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE INDEX user_roles_by_role ON user_roles (role, user_id);
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
