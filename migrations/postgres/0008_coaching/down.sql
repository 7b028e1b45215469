ALTER TABLE mails DROP COLUMN off_url;
DROP TABLE own_milestones;
DROP TABLE coaching_mails;
DROP TABLE badges;
