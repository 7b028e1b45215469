-- Open books: sums of the ledger by campaign, line, fund and day, made from transfers and nothing else; days that were
-- closed, each under a hash that covers the one before; and what each page's gifts have paid for.

CREATE TABLE book_positions (
    name TEXT NOT NULL PRIMARY KEY,
    transfer_id BIGINT NOT NULL,
    moved_at TIMESTAMP NOT NULL
);

CREATE TABLE book_sums (
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    day TEXT NOT NULL,
    line TEXT NOT NULL,
    fund_id TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, day, line, fund_id)
);

CREATE TABLE book_page_sums (
    page_id TEXT NOT NULL REFERENCES pages (id),
    line TEXT NOT NULL,
    fund_id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (page_id, line, fund_id, grant_id)
);

CREATE TABLE book_days (
    campaign_id TEXT NOT NULL REFERENCES campaigns (id),
    number INTEGER NOT NULL,
    day TEXT NOT NULL,
    seal BIGINT NOT NULL,
    seal_hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    closed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (campaign_id, number),
    UNIQUE (campaign_id, day)
);

CREATE TRIGGER book_days_no_update BEFORE UPDATE ON book_days
BEGIN SELECT RAISE(ABORT, 'book_days are append-only'); END;
CREATE TRIGGER book_days_no_delete BEFORE DELETE ON book_days
BEGIN SELECT RAISE(ABORT, 'book_days are append-only'); END;
