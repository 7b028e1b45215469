-- People: topics, the proof of every yes and every no, who was merged or erased, and files of people being imported.

-- The list that a donor's tick joins: of their season, or of none.
ALTER TABLE lists ADD COLUMN takes_gifts BOOLEAN NOT NULL DEFAULT FALSE;

-- The subscriber that this one turned out to be; and when its owner had it erased.
ALTER TABLE subscribers ADD COLUMN merged_into TEXT;
ALTER TABLE subscribers ADD COLUMN erased_at TIMESTAMP;
CREATE INDEX subscribers_by_name ON subscribers (name);
CREATE INDEX subscriptions_by_state ON subscriptions (list_id, state, subscriber_id);
CREATE INDEX suppressions_by_time ON suppressions (created_at);
CREATE INDEX consents_by_donation ON consents (donation_id);

CREATE TABLE topics (
    slug TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    archived_at TIMESTAMP
);

CREATE TABLE topic_mutes (
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    topic TEXT NOT NULL REFERENCES topics (slug),
    muted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (subscriber_id, topic)
);

-- Who said yes or no to what, by which door, in which words. Rows are added, never changed.
CREATE TABLE subscription_proofs (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    -- Nothing: everything.
    list_id TEXT REFERENCES lists (id),
    act TEXT NOT NULL,
    door TEXT NOT NULL,
    -- The gift, import or newsletter that it came by.
    source_id TEXT,
    wording TEXT NOT NULL,
    ip_hash TEXT,
    at TIMESTAMP NOT NULL
);
CREATE INDEX subscription_proofs_of ON subscription_proofs (subscriber_id, id);
CREATE INDEX subscription_proofs_from ON subscription_proofs (source_id, act);

CREATE TABLE imports (
    id TEXT NOT NULL PRIMARY KEY,
    list_id TEXT NOT NULL REFERENCES lists (id),
    made_by TEXT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL,
    -- How these people agreed, in the words of whoever imports, and on which day.
    basis TEXT NOT NULL,
    agreed_on TEXT NOT NULL,
    -- One sign.
    delimiter TEXT NOT NULL,
    has_header BOOLEAN NOT NULL,
    -- The columns' names and what each is taken for, as JSON.
    fields TEXT NOT NULL,
    lines BIGINT NOT NULL,
    lines_done BIGINT NOT NULL,
    added BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    known BIGINT NOT NULL,
    kept_out BIGINT NOT NULL,
    faulty BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX imports_by_time ON imports (created_at);
CREATE INDEX imports_by_state ON imports (state, changed_at);

-- What was sent, in pieces of some hundred rows. A piece is applied in one transaction, with its mark.
CREATE TABLE import_pieces (
    import_id TEXT NOT NULL REFERENCES imports (id),
    number BIGINT NOT NULL,
    first_line BIGINT NOT NULL,
    records BIGINT NOT NULL,
    text TEXT NOT NULL,
    done_at TIMESTAMP,
    PRIMARY KEY (import_id, number)
);

CREATE TABLE import_faults (
    import_id TEXT NOT NULL REFERENCES imports (id),
    line BIGINT NOT NULL,
    why TEXT NOT NULL,
    -- The row's cells, as a JSON list.
    cells TEXT NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- Donors who ticked the box of a gift that arrived, before there was a list for it. Their ids are their supporters'.
INSERT INTO lists (id, campaign_id, slug, name, about, is_public, created_at, archived_at, takes_gifts)
SELECT 'lst_019acf5e800070008000000000000001', NULL, 'news', 'News', 'What gifts have done, every few weeks.', TRUE,
    TIMESTAMP '2026-11-29 00:00:00', NULL, TRUE
WHERE NOT EXISTS (SELECT 1 FROM lists WHERE slug = 'news');
UPDATE lists SET takes_gifts = TRUE WHERE id = 'lst_019acf5e800070008000000000000001';

INSERT INTO subscribers (id, email, email_folded, name, language, country, time_zone, supporter_id, user_id, token,
    left_all_at, created_at)
SELECT 'sub_' || substr(s.id, 5), s.email, s.email_folded, s.name, '', '', NULL, s.id,
    (SELECT u.id FROM users u WHERE u.email_folded = s.email_folded),
    replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), NULL, min(c.given_at)
FROM supporters s
JOIN consents c ON c.supporter_id = s.id AND c.channel = 'newsletter'
JOIN donations d ON d.id = c.donation_id AND d.paid_at IS NOT NULL
WHERE s.email NOT LIKE '%.invalid'
    AND NOT EXISTS (SELECT 1 FROM subscribers k WHERE k.email_folded = s.email_folded OR k.supporter_id = s.id)
GROUP BY s.id, s.email, s.email_folded, s.name;

INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at)
SELECT 'lst_019acf5e800070008000000000000001', b.id, 'confirmed', b.created_at
FROM subscribers b
WHERE b.supporter_id IS NOT NULL AND b.id = 'sub_' || substr(b.supporter_id, 5)
    AND NOT EXISTS (SELECT 1 FROM subscriptions k WHERE k.subscriber_id = b.id
        AND k.list_id = 'lst_019acf5e800070008000000000000001');

INSERT INTO subscription_proofs (subscriber_id, list_id, act, door, source_id, wording, ip_hash, at)
SELECT b.id, 'lst_019acf5e800070008000000000000001', 'agreed', 'gift', c.donation_id, c.wording, NULL, c.given_at
FROM subscribers b
JOIN consents c ON c.supporter_id = b.supporter_id AND c.channel = 'newsletter'
JOIN donations d ON d.id = c.donation_id AND d.paid_at IS NOT NULL
WHERE b.id = 'sub_' || substr(b.supporter_id, 5)
ORDER BY c.given_at;
