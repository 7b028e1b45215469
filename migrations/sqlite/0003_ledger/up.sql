-- The double-entry ledger: append-only transfers, running balances of accounts, and seals over both.

CREATE TABLE transfers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    code TEXT NOT NULL,
    source_kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    donation_id TEXT,
    reverses BIGINT,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (source_kind, source_id, code),
    CHECK (debit <> credit)
);
CREATE INDEX transfers_by_donation ON transfers (donation_id);
CREATE INDEX transfers_by_reverses ON transfers (reverses);

CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

CREATE TABLE accounts (
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

CREATE TABLE seals (
    id BIGINT NOT NULL PRIMARY KEY,
    first_transfer BIGINT NOT NULL,
    last_transfer BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    sealed_at TIMESTAMP NOT NULL
);

CREATE TRIGGER seals_no_update BEFORE UPDATE ON seals
BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
CREATE TRIGGER seals_no_delete BEFORE DELETE ON seals
BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
