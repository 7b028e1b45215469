-- Segments in use, newest first. Sequences: triggers, steps with waits, who is on their way and what became of each step. A
-- step's mail is a newsletter that belongs to it, and each of its recipients a delivery.

CREATE INDEX segments_by_campaign ON segments (campaign_id, id);

CREATE TABLE sequences (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT REFERENCES campaigns (id),
    name TEXT NOT NULL,
    trigger_rule TEXT NOT NULL,
    audience TEXT NOT NULL,
    leaves TEXT REFERENCES segments (id),
    days_between INTEGER NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    made_by TEXT NOT NULL REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP
);
CREATE INDEX sequences_by_state ON sequences (state, id);
CREATE INDEX sequences_by_campaign ON sequences (campaign_id, id);

CREATE TABLE sequence_steps (
    id TEXT NOT NULL PRIMARY KEY,
    sequence_id TEXT NOT NULL REFERENCES sequences (id),
    position INTEGER NOT NULL,
    wait_days INTEGER NOT NULL,
    at_hour INTEGER,
    segment_id TEXT REFERENCES segments (id),
    created_at TIMESTAMP NOT NULL,
    removed_at TIMESTAMP
);
CREATE INDEX sequence_steps_by_sequence ON sequence_steps (sequence_id, position);

CREATE TABLE sequence_enrolments (
    sequence_id TEXT NOT NULL REFERENCES sequences (id),
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    state TEXT NOT NULL,
    position INTEGER NOT NULL,
    due_at TIMESTAMP NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    enrolled_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    why TEXT NOT NULL,
    PRIMARY KEY (sequence_id, subscriber_id)
);
CREATE INDEX sequence_enrolments_due ON sequence_enrolments (state, due_at, sequence_id);
CREATE INDEX sequence_enrolments_by_subscriber ON sequence_enrolments (subscriber_id);

CREATE TABLE sequence_outcomes (
    step_id TEXT NOT NULL REFERENCES sequence_steps (id),
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id),
    outcome TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    PRIMARY KEY (step_id, subscriber_id)
);
CREATE INDEX sequence_outcomes_by_subscriber ON sequence_outcomes (subscriber_id);

ALTER TABLE newsletters ADD COLUMN sequence_step_id TEXT REFERENCES sequence_steps (id);
CREATE UNIQUE INDEX newsletters_by_step ON newsletters (sequence_step_id);
