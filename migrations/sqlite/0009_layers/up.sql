-- Layers: what of each gift still lies in a fund, in the order in which grants take it; a reserve that carries what had
-- been granted before it was given back; and documents, the files that prove what people say.

CREATE TABLE accounts_new (
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    debits BIGINT NOT NULL CHECK (debits >= 0),
    credits BIGINT NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (name, currency),
    CHECK (
        name LIKE 'outside:%'
        -- Facts of the processor's: refunds can outrun what it holds, and it then waits for the next gifts.
        OR name LIKE 'processor:%'
        -- Carries refunds of money that had been granted: a deficit until a decision covers it.
        OR name LIKE 'reserve:%'
        OR ((name = 'bank' OR name = 'fees' OR name LIKE 'partner:%' OR name LIKE 'in_hand:%' OR name LIKE 'pledged:%') AND debits >= credits)
        OR ((name LIKE 'fund:%' OR name LIKE 'match:%' OR name LIKE 'received:%' OR name LIKE 'granted:%') AND credits >= debits)
    )
);
INSERT INTO accounts_new (name, currency, debits, credits) SELECT name, currency, debits, credits FROM accounts;
DROP TABLE accounts;
ALTER TABLE accounts_new RENAME TO accounts;

CREATE TABLE splits_new (
    donation_id TEXT NOT NULL REFERENCES donations (id),
    fund_id TEXT NOT NULL REFERENCES funds (id),
    origin TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    reversed BIGINT NOT NULL CHECK (reversed >= 0 AND reversed <= amount),
    carried BIGINT NOT NULL CHECK (carried >= 0 AND carried <= reversed),
    granted BIGINT NOT NULL CHECK (granted >= 0),
    held BIGINT NOT NULL CHECK (held >= 0),
    settled_at TIMESTAMP NOT NULL,
    PRIMARY KEY (donation_id, fund_id, origin),
    CHECK (held = amount - reversed + carried - granted)
);
INSERT INTO splits_new (donation_id, fund_id, origin, amount, reversed, carried, granted, held, settled_at)
    SELECT s.donation_id, s.fund_id, 'gift', s.amount, s.reversed, 0, 0, s.amount - s.reversed, COALESCE(d.paid_at, d.created_at)
    FROM splits s JOIN donations d ON d.id = s.donation_id;
DROP TABLE splits;
ALTER TABLE splits_new RENAME TO splits;
CREATE INDEX splits_by_fund ON splits (fund_id, donation_id);
-- The oldest layers first: what a grant takes next.
CREATE INDEX splits_layers ON splits (fund_id, settled_at, donation_id, origin) WHERE held > 0;

CREATE TABLE documents (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    uploaded_by TEXT REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    removed_at TIMESTAMP
);
CREATE INDEX documents_by_owner ON documents (owner_kind, owner_id, id);
