DROP TABLE match_releases;
DROP TABLE match_arrivals;
DROP TABLE matches;
DROP TABLE match_targets;
DROP TABLE match_pools;
DROP TABLE deposit_items;
DROP TABLE deposits;
DROP TABLE payout_items;
DROP TABLE payouts;

DROP INDEX offline_gifts_by_donation;
ALTER TABLE offline_gifts DROP COLUMN sponsor;
ALTER TABLE offline_gifts DROP COLUMN shares;
ALTER TABLE offline_gifts DROP COLUMN reference;
ALTER TABLE offline_gifts DROP COLUMN by_bank;
ALTER TABLE offline_gifts DROP COLUMN program_id;
ALTER TABLE offline_gifts ALTER COLUMN page_id SET NOT NULL;

ALTER TABLE refunds DROP COLUMN reason;
ALTER TABLE refunds DROP COLUMN made_by;
ALTER TABLE donations DROP COLUMN method;

DROP INDEX findings_open;
ALTER TABLE findings DROP COLUMN closed_by;
ALTER TABLE findings DROP COLUMN resolution;
ALTER TABLE findings DROP COLUMN owner_id;
