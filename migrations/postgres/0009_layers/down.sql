DROP TABLE documents;

DELETE FROM splits WHERE origin <> 'gift';
DROP INDEX splits_layers;
ALTER TABLE splits DROP CONSTRAINT splits_held;
ALTER TABLE splits DROP CONSTRAINT splits_granted;
ALTER TABLE splits DROP CONSTRAINT splits_carried;
ALTER TABLE splits DROP CONSTRAINT splits_pkey;
ALTER TABLE splits ADD PRIMARY KEY (donation_id, fund_id);
ALTER TABLE splits DROP COLUMN settled_at;
ALTER TABLE splits DROP COLUMN held;
ALTER TABLE splits DROP COLUMN granted;
ALTER TABLE splits DROP COLUMN carried;
ALTER TABLE splits DROP COLUMN origin;

ALTER TABLE accounts DROP CONSTRAINT accounts_check;
ALTER TABLE accounts ADD CONSTRAINT accounts_check CHECK (
    name LIKE 'outside:%'
    OR name LIKE 'processor:%'
    OR ((name = 'bank' OR name = 'fees' OR name LIKE 'partner:%') AND debits >= credits)
    OR ((name LIKE 'fund:%' OR name LIKE 'match:%' OR name LIKE 'received:%') AND credits >= debits)
);
