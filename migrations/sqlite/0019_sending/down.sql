DROP TABLE newsletter_signs;
DROP TABLE bounces;
DROP TABLE sending_counts;
DROP TABLE sending_lanes;
DROP TABLE sendings;
DROP INDEX deliveries_leased;
ALTER TABLE deliveries DROP COLUMN first_at;
ALTER TABLE deliveries DROP COLUMN handed_at;
