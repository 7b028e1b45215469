-- Stories and the vault of consents that they stand on (S10, S17).

-- What people have agreed to. Real names lie apart, in vault_people; papers in vault_documents: both sealed.
CREATE TABLE vault_people (
    id TEXT NOT NULL PRIMARY KEY,
    -- Real name, and the guardian's where somebody is under age; each sealed, bound to the row's id.
    sealed_name TEXT NOT NULL,
    sealed_guardian TEXT,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE vault_consents (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES vault_people (id),
    -- How the person is called in public.
    pseudonym TEXT NOT NULL,
    -- Who gave it: own, guardian.
    giver TEXT NOT NULL,
    covers_web BOOLEAN NOT NULL,
    covers_mail BOOLEAN NOT NULL,
    covers_social BOOLEAN NOT NULL,
    covers_print BOOLEAN NOT NULL,
    -- What pictures may show of the person: none, no_faces, released.
    image_rule TEXT NOT NULL,
    out_of_care_since TEXT NOT NULL,
    signed_on TEXT NOT NULL,
    -- The last day on which it holds.
    expires_on TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    -- The reviewer, and the second person, who is another one.
    first_by TEXT REFERENCES users (id),
    first_at TIMESTAMP,
    second_by TEXT REFERENCES users (id),
    second_at TIMESTAMP,
    revoked_on TEXT,
    revoked_at TIMESTAMP,
    revoked_by TEXT REFERENCES users (id),
    revoked_because TEXT NOT NULL
);
CREATE INDEX vault_consents_by_end ON vault_consents (expires_on, id);
CREATE TABLE vault_documents (
    consent_id TEXT NOT NULL PRIMARY KEY REFERENCES vault_consents (id),
    -- pdf, jpeg, png.
    kind TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    sealed BLOB NOT NULL
);

CREATE TABLE stories (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    -- Markdown.
    body TEXT NOT NULL,
    -- Whose story it is: survivor (by or about one), work.
    about TEXT NOT NULL,
    author_name TEXT NOT NULL,
    author_about TEXT NOT NULL,
    content_note TEXT NOT NULL,
    -- JSON lists.
    take_part TEXT NOT NULL,
    more TEXT NOT NULL,
    is_indexed BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    -- The last day on which every consent that it stands on holds; none where it needs none.
    shown_until TEXT,
    -- Counts edits: a form made from an older state does not overwrite a newer one.
    version INTEGER NOT NULL,
    created_by TEXT REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    submitted_by TEXT REFERENCES users (id),
    published_by TEXT REFERENCES users (id),
    -- When it was published first; its address says "taken down" ever after.
    published_at TIMESTAMP,
    withdrawn_at TIMESTAMP,
    withdrawn_because TEXT,
    withdrawn_note TEXT NOT NULL
);
CREATE INDEX stories_shown ON stories (status, published_at, id);
CREATE INDEX stories_by_change ON stories (updated_at, id);
CREATE TABLE story_programs (
    story_id TEXT NOT NULL REFERENCES stories (id),
    program_id TEXT NOT NULL REFERENCES programs (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (story_id, program_id)
);
CREATE INDEX story_programs_by_program ON story_programs (program_id, story_id);
CREATE TABLE story_campaigns (
    story_id TEXT NOT NULL REFERENCES stories (id),
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    PRIMARY KEY (story_id, campaign_id)
);
CREATE INDEX story_campaigns_by_campaign ON story_campaigns (campaign_id, story_id);
CREATE TABLE story_pictures (
    media_id TEXT NOT NULL PRIMARY KEY REFERENCES media (id),
    story_id TEXT NOT NULL REFERENCES stories (id),
    -- lead, author, body.
    place TEXT NOT NULL,
    position INTEGER NOT NULL,
    alt TEXT NOT NULL,
    caption TEXT NOT NULL,
    -- What it shows of people: nobody, no_face, face.
    shows TEXT NOT NULL
);
CREATE INDEX story_pictures_by_story ON story_pictures (story_id, position);
CREATE TABLE story_consents (
    story_id TEXT NOT NULL REFERENCES stories (id),
    consent_id TEXT NOT NULL REFERENCES vault_consents (id),
    PRIMARY KEY (story_id, consent_id)
);
CREATE INDEX story_consents_by_consent ON story_consents (consent_id, story_id);
-- Warnings of the harm screen that an editor has answered.
CREATE TABLE story_answers (
    story_id TEXT NOT NULL REFERENCES stories (id),
    -- Digest of the rule and the passage: another passage asks anew.
    warning TEXT NOT NULL,
    reason TEXT NOT NULL,
    answered_by TEXT NOT NULL REFERENCES users (id),
    answered_at TIMESTAMP NOT NULL,
    PRIMARY KEY (story_id, warning)
);
-- What has left the house with the story in it, and cannot be taken back.
CREATE TABLE story_copies (
    story_id TEXT NOT NULL REFERENCES stories (id),
    channel TEXT NOT NULL,
    reference TEXT NOT NULL,
    recipients BIGINT NOT NULL,
    sent_at TIMESTAMP NOT NULL,
    PRIMARY KEY (story_id, channel, reference)
);
-- What staff changed of the built-in list of the harm screen.
CREATE TABLE harm_words (
    list TEXT NOT NULL,
    word TEXT NOT NULL,
    -- Added by staff, or taken out of the built-in list.
    is_on BOOLEAN NOT NULL,
    changed_by TEXT NOT NULL REFERENCES users (id),
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (list, word)
);
