DROP INDEX match_pools_token;
ALTER TABLE match_pools DROP COLUMN token;
ALTER TABLE totals DROP COLUMN matched;
DROP TABLE disputes;
