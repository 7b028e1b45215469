-- Layers: what of each gift still lies in a fund, in the order in which grants take it; a reserve that carries what had
-- been granted before it was given back; and documents, the files that prove what people say.

ALTER TABLE accounts DROP CONSTRAINT accounts_check;
ALTER TABLE accounts ADD CONSTRAINT accounts_check CHECK (
    name LIKE 'outside:%'
    -- Facts of the processor's: refunds can outrun what it holds, and it then waits for the next gifts.
    OR name LIKE 'processor:%'
    -- Carries refunds of money that had been granted: a deficit until a decision covers it.
    OR name LIKE 'reserve:%'
    OR ((name = 'bank' OR name = 'fees' OR name LIKE 'partner:%' OR name LIKE 'in_hand:%' OR name LIKE 'pledged:%') AND debits >= credits)
    OR ((name LIKE 'fund:%' OR name LIKE 'match:%' OR name LIKE 'received:%' OR name LIKE 'granted:%') AND credits >= debits)
);

ALTER TABLE splits ADD COLUMN origin TEXT NOT NULL DEFAULT 'gift';
ALTER TABLE splits ALTER COLUMN origin DROP DEFAULT;
ALTER TABLE splits ADD COLUMN carried BIGINT NOT NULL DEFAULT 0;
ALTER TABLE splits ALTER COLUMN carried DROP DEFAULT;
ALTER TABLE splits ADD COLUMN granted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE splits ALTER COLUMN granted DROP DEFAULT;
ALTER TABLE splits ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE splits ALTER COLUMN held DROP DEFAULT;
ALTER TABLE splits ADD COLUMN settled_at TIMESTAMP;
UPDATE splits SET held = amount - reversed, settled_at = (SELECT COALESCE(d.paid_at, d.created_at) FROM donations d WHERE d.id = splits.donation_id);
ALTER TABLE splits ALTER COLUMN settled_at SET NOT NULL;
ALTER TABLE splits ADD CONSTRAINT splits_carried CHECK (carried >= 0 AND carried <= reversed);
ALTER TABLE splits ADD CONSTRAINT splits_granted CHECK (granted >= 0);
ALTER TABLE splits ADD CONSTRAINT splits_held CHECK (held >= 0 AND held = amount - reversed + carried - granted);
ALTER TABLE splits DROP CONSTRAINT splits_pkey;
ALTER TABLE splits ADD PRIMARY KEY (donation_id, fund_id, origin);
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
