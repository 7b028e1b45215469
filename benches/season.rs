//! Seasons of any size, written straight into a scratch SQLite file.
//!
//! Gifts, their supporters, givers and totals agree with each other; transfers and splits are left out where no page or
//! ranking reads them, and written beside the gifts for the books.

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::place::{CAMPAIGN, PAGE, Place};

/// Other pages of the season beside the demo's.
const PAGES: u64 = 5_200;
/// Every tenth gift is on the page that is looked at.
pub const PAGE_SHARE: u64 = 10;
/// Rows of one statement.
const CHUNK: u64 = 100_000;

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

fn words(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Word> = diesel::sql_query(sql).load(conn).unwrap();
    rows.into_iter().map(|row| row.word).collect()
}

fn word(conn: &mut SqliteConnection, sql: &str) -> String {
    words(conn, sql).remove(0)
}

fn connect(place: &Place) -> SqliteConnection {
    let url = place.url();
    let mut conn = SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap();
    conn.batch_execute("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY")
        .unwrap();
    conn
}

/// Runs `statement` for the numbers up to `most`; `{n}` in it stands for the series `n(i)`.
fn fill(conn: &mut SqliteConnection, what: &str, most: u64, statement: &str) {
    let start = Instant::now();
    let mut from = 0;
    while from < most {
        let to = (from + CHUNK).min(most);
        let series = format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to})"
        );
        conn.batch_execute(&format!("BEGIN; {series} {statement}; COMMIT"))
            .unwrap();
        from = to;
        eprint!(
            "\r  {what}: {from} of {most} ({:.0} s) ",
            start.elapsed().as_secs_f64()
        );
    }
    eprintln!();
}

/// Pages with totals, whose sums differ.
fn pages(conn: &mut SqliteConnection, campaign: &str, most: u64) {
    let story = "Wear it every day. ".repeat(20);
    fill(conn, "pages", most, &format!(
        "INSERT INTO pages (id, campaign_id, slug, title, participant, name_key, story, goal, status, created_at)
         SELECT printf('pag_%032x', i + 1), '{campaign}', printf('runner-%d', i), printf('Thirty-one days, number %d', i),
                printf('Runner %d', i), printf('runner %d', i), '{story}', 100000, 'live', '2026-11-01 00:00:00' FROM n"
    ));
    fill(conn, "their totals", most, &format!(
        "INSERT INTO totals (scope, scope_id, campaign_id, currency, raised, donations, donors, reached_at)
         SELECT 'page', printf('pag_%032x', i + 1), '{campaign}', 'USD', (i * 7919) % 1000003, 10, 9, '2026-12-02 00:00:00' FROM n"
    ));
}

/// Adds so many pages to the demo's campaign.
pub fn with_pages(place: &Place, most: u64) {
    let mut conn = connect(place);
    let campaign = word(
        &mut conn,
        &format!("SELECT id AS word FROM campaigns WHERE slug = '{CAMPAIGN}'"),
    );
    pages(&mut conn, &campaign, most);
}

/// Adds so many diary entries: a whole December on one page, the others on pages of their own, 31 each.
pub fn with_days(place: &Place, most: u64) {
    const DAYS: u64 = 31;
    let mut conn = connect(place);
    let campaign = word(
        &mut conn,
        &format!("SELECT id AS word FROM campaigns WHERE slug = '{CAMPAIGN}'"),
    );
    let page = word(
        &mut conn,
        &format!("SELECT id AS word FROM pages WHERE slug = '{PAGE}'"),
    );
    pages(&mut conn, &campaign, most / DAYS + 1);
    fill(&mut conn, "diary entries", most.max(DAYS), &format!(
        "INSERT INTO diary_entries (id, page_id, day, outfit, note, photo_alt, is_public, is_backfill, created_at, updated_at)
         SELECT printf('dia_%032x', i), CASE WHEN i < {DAYS} THEN '{page}' ELSE printf('pag_%032x', i / {DAYS}) END,
                printf('2026-12-%02d', i % {DAYS} + 1), 'dress', 'The green one again, and somebody asked.', '', TRUE, FALSE,
                '2026-12-02 00:00:00', '2026-12-02 00:00:00' FROM n"
    ));
}

/// Adds so many gifts, a tenth of them on one page.
pub fn with_gifts(place: &Place, most: u64) {
    let mut conn = connect(place);
    let campaign = word(
        &mut conn,
        &format!("SELECT id AS word FROM campaigns WHERE slug = '{CAMPAIGN}'"),
    );
    let page = word(
        &mut conn,
        &format!("SELECT id AS word FROM pages WHERE slug = '{PAGE}'"),
    );
    let policy = word(
        &mut conn,
        &format!("SELECT id AS word FROM allocation_policies WHERE campaign_id = '{campaign}'"),
    );
    pages(&mut conn, &campaign, PAGES);
    // Indexes are built once at the end, from the definitions of the migrations.
    let indexes = words(
        &mut conn,
        "SELECT sql AS word FROM sqlite_master WHERE type = 'index' AND tbl_name = 'donations' AND sql IS NOT NULL",
    );
    for name in words(
        &mut conn,
        "SELECT name AS word FROM sqlite_master WHERE type = 'index' AND tbl_name = 'donations' AND sql IS NOT NULL",
    ) {
        conn.batch_execute(&format!("DROP INDEX {name}")).unwrap();
    }
    let supporters = (most / 4).max(1);
    fill(&mut conn, "supporters", supporters,
        "INSERT INTO supporters (id, email, email_folded, name, created_at)
         SELECT printf('sup_%032x', i), printf('giver%d@example.org', i), printf('giver%d@example.org', i),
                printf('Giver %d', i), '2026-11-01 00:00:00' FROM n");
    fill(&mut conn, "gifts", most, &format!(
        "INSERT INTO donations (id, campaign_id, page_id, policy_id, supporter_id, status, currency, amount, fee_cover,
             charged, fee, refunded, donor_name, anonymous, hide_amount, comment, token, session_id, payment_intent_id,
             charge_id, created_at, checked_at, paid_at, receipt)
         SELECT printf('don_%032x', i), '{campaign}',
             CASE WHEN i % {PAGE_SHARE} = 0 THEN '{page}' ELSE printf('pag_%032x', i % {PAGES} + 1) END, '{policy}',
             printf('sup_%032x', i % {supporters}), 'paid', 'USD', 1000 + i % 90 * 100, 0, 1000 + i % 90 * 100, 59, 0,
             printf('Giver %d', i % {supporters}), i % 7 = 0, i % 11 = 0,
             CASE WHEN i % 3 = 0 THEN 'For all of them. Keep going!' END, printf('tok_%040x', i),
             printf('cs_test_%040x', i), printf('pi_%020x', i), printf('ch_%020x', i),
             strftime('%Y-%m-%d %H:%M:%S', 1764547200 + i, 'unixepoch'), strftime('%Y-%m-%d %H:%M:%S', 1764547230 + i, 'unixepoch'),
             strftime('%Y-%m-%d %H:%M:%S', 1764547230 + i, 'unixepoch'), printf('2026-%08d', i + 1)
         FROM n"
    ));
    let start = Instant::now();
    eprint!("  indexes, givers, totals");
    for index in indexes {
        conn.batch_execute(&index).unwrap();
    }
    for (scope, column) in [("page", "page_id"), ("campaign", "campaign_id")] {
        conn.batch_execute(&format!(
            "INSERT INTO givers (scope, scope_id, supporter_id, gifts)
             SELECT '{scope}', {column}, supporter_id, count(*) FROM donations GROUP BY {column}, supporter_id;
             INSERT OR REPLACE INTO totals (scope, scope_id, campaign_id, currency, raised, donations, donors, reached_at)
             SELECT '{scope}', d.{column}, '{campaign}', 'USD', sum(charged), count(*),
                    (SELECT count(*) FROM givers g WHERE g.scope = '{scope}' AND g.scope_id = d.{column}), max(paid_at)
             FROM donations d GROUP BY d.{column}"
        ))
        .unwrap();
    }
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    eprintln!(" ({:.0} s)", start.elapsed().as_secs_f64());
}

/// The trace of the first gift that [`with_ledger`] makes.
pub const TRACE: &str = "/gifts/tok_0000000000000000000000000000000000000000";

/// Adds so many gifts with what settling them posts: gross in, fee out, the net set aside in two funds.
pub fn with_ledger(place: &Place, most: u64) {
    with_gifts(place, most);
    let mut conn = connect(place);
    let campaign = word(
        &mut conn,
        &format!("SELECT id AS word FROM campaigns WHERE slug = '{CAMPAIGN}'"),
    );
    let funds = words(
        &mut conn,
        "SELECT id AS word FROM funds WHERE program_id IS NOT NULL ORDER BY id",
    );
    let time = "strftime('%Y-%m-%d %H:%M:%S', 1764547230 + i, 'unixepoch')";
    let net = "(941 + i % 90 * 100)";
    for (what, debit, credit, amount, code, kind) in [
        (
            "gifts posted",
            "processor:stripe".to_owned(),
            format!("received:{campaign}"),
            "1000 + i % 90 * 100".to_owned(),
            "gift".to_owned(),
            "charge",
        ),
        (
            "fees posted",
            "fees".to_owned(),
            "processor:stripe".to_owned(),
            "59".to_owned(),
            "fee".to_owned(),
            "balance_transaction",
        ),
        (
            "first fund",
            format!("received:{campaign}"),
            format!("fund:{}", funds[0]),
            "600".to_owned(),
            format!("allocate:fund:{}", funds[0]),
            "charge",
        ),
        (
            "second fund",
            format!("received:{campaign}"),
            format!("fund:{}", funds[1]),
            format!("{net} - 600"),
            format!("allocate:fund:{}", funds[1]),
            "charge",
        ),
    ] {
        fill(&mut conn, what, most, &format!(
            "INSERT INTO transfers (debit, credit, amount, currency, code, source_kind, source_id, donation_id, created_at)
             SELECT '{debit}', '{credit}', {amount}, 'USD', '{code}', '{kind}', printf('ch_%020x', i), printf('don_%032x', i), {time} FROM n"
        ));
    }
    for (fund, amount) in [
        (&funds[0], "600".to_owned()),
        (&funds[1], format!("{net} - 600")),
    ] {
        fill(&mut conn, "layers", most, &format!(
            "INSERT INTO splits (donation_id, fund_id, origin, amount, reversed, carried, granted, held, settled_at)
             SELECT printf('don_%032x', i), '{fund}', 'gift', {amount}, 0, 0, 0, {amount}, {time} FROM n"
        ));
    }
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
}
