DROP TABLE documents;

CREATE TABLE splits_old (
    donation_id TEXT NOT NULL REFERENCES donations (id),
    fund_id TEXT NOT NULL REFERENCES funds (id),
    amount BIGINT NOT NULL CHECK (amount >= 0),
    reversed BIGINT NOT NULL CHECK (reversed >= 0 AND reversed <= amount),
    PRIMARY KEY (donation_id, fund_id)
);
INSERT INTO splits_old (donation_id, fund_id, amount, reversed)
    SELECT donation_id, fund_id, amount, reversed FROM splits WHERE origin = 'gift';
DROP TABLE splits;
ALTER TABLE splits_old RENAME TO splits;
CREATE INDEX splits_by_fund ON splits (fund_id, donation_id);

CREATE TABLE accounts_old (
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    debits BIGINT NOT NULL CHECK (debits >= 0),
    credits BIGINT NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (name, currency),
    CHECK (
        name LIKE 'outside:%'
        OR name LIKE 'processor:%'
        OR ((name = 'bank' OR name = 'fees' OR name LIKE 'partner:%') AND debits >= credits)
        OR ((name LIKE 'fund:%' OR name LIKE 'match:%' OR name LIKE 'received:%') AND credits >= debits)
    )
);
INSERT INTO accounts_old (name, currency, debits, credits) SELECT name, currency, debits, credits FROM accounts;
DROP TABLE accounts;
ALTER TABLE accounts_old RENAME TO accounts;
