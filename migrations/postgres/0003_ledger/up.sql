-- The double-entry ledger: append-only transfers, running balances of accounts, and seals over both.

CREATE TABLE transfers (
    id BIGSERIAL NOT NULL PRIMARY KEY,
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

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER transfers_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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

CREATE TRIGGER seals_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
