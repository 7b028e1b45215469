DROP TABLE newsletter_gifts;
DROP TABLE newsletter_hits;
DROP TABLE newsletter_links;
DROP INDEX subscribers_counted;
ALTER TABLE subscribers DROP COLUMN counted_since;
ALTER TABLE sendings DROP COLUMN counts_clicks;
ALTER TABLE sendings DROP COLUMN counts_opens;
