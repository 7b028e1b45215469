DROP INDEX newsletters_by_step;
ALTER TABLE newsletters DROP COLUMN sequence_step_id;
DROP TABLE sequence_outcomes;
DROP TABLE sequence_enrolments;
DROP TABLE sequence_steps;
DROP TABLE sequences;
DROP INDEX segments_by_campaign;
