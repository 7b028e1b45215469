//! Gifts settled: from the processor's word to ledger, splits, totals, receipt and mails, against as many bare rows.

use std::sync::Arc;
use std::time::Instant;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use selvedge::db::{Conn, Db};
use selvedge::donations::settle::{self, Settling};
use selvedge::donations::{DonationId, SupporterId};
use selvedge::each;
use selvedge::kernel::{Currency, Money, Timestamp};
use selvedge::payments::client::{Charge, Fee, Payment, SessionState};

use super::Bench;
use super::bare_rows::BareRows;
use super::place::{self, CAMPAIGN, Served};
use super::row::{Goal, Row, machine_load, median};

/// Tables into which a settled gift inserts.
const INSERTED: [&str; 4] = ["transfers", "splits", "givers", "mails"];
/// Tables in which a batch moves sums.
const MOVED: [&str; 3] = ["accounts", "totals", "receipt_series"];
/// Bytes of a row that is no mail: ids, an amount, words.
const PLAIN: usize = 200;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName, Clone)]
struct PageRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    campaign: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
    team: Option<String>,
    #[diesel(sql_type = Text)]
    policy: String,
}

fn count(conn: &mut Conn, sql: &str) -> i64 {
    let row: Count = each!(conn, c => diesel::sql_query(sql).get_result(c)).unwrap();
    row.n
}

/// What a gift writes.
struct Written {
    /// Rows a gift, of each table.
    rows: Vec<(&'static str, f64)>,
    /// Bytes of the mean mail.
    mail: usize,
}

/// `settle`: one row an engine.
pub fn settle(bench: &Bench) -> Vec<Row> {
    let engines = bench.runtime.block_on(place::engines());
    let mut rows = Vec::new();
    for (engine, place) in engines {
        let served = bench.runtime.block_on(Served::over(&place));
        rows.push(bench.runtime.block_on(one(bench, engine, &served)));
    }
    rows
}

async fn one(bench: &Bench, engine: &str, served: &Served) -> Row {
    let db = served.app.site.db.clone();
    let batch = usize::try_from(served.app.site.config.jobs.settle_batch).unwrap();
    let config = &served.app.site.config;
    let mails = selvedge::mail::Mails::new(
        Arc::new(selvedge::mail::Templates::load(None).unwrap()),
        &config.mail.from,
    );
    let with = Settling {
        mails,
        public_url: config.public_url(),
        organisation: config.site.name.clone(),
    };
    let clock = served.app.site.clock.clone();
    let gifts = bench.gifts_a_round(batch);
    let before = db
        .read(|conn| {
            Ok(INSERTED.map(|table| count(conn, &format!("SELECT count(*) AS n FROM {table}"))))
        })
        .await
        .unwrap();
    let bare = BareRows::begin(db.clone()).await;
    let (mut rates, mut ceilings, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let mut written = None;
    for round in 0..=bench.rounds() {
        let payments = begun(&db, gifts).await;
        let start = Instant::now();
        for own in payments.chunks(batch) {
            let (own, with, now) = (own.to_vec(), with.clone(), clock.now());
            let settled = db
                .tx(move |conn| Ok(settle::apply(conn, &with, &own, now)?.settled.len()))
                .await
                .unwrap();
            assert_eq!(settled, batch);
        }
        let rate = gifts as f64 / start.elapsed().as_secs_f64();
        let written = match &written {
            Some(written) => written,
            None => written.insert(
                db.read(move |conn| Ok(count_written(conn, &before, gifts, batch)))
                    .await
                    .unwrap(),
            ),
        };
        let bodies = Arc::new(bodies(written, batch));
        let ceiling = write_bare(&bare, &bodies, gifts / batch).await * batch as f64;
        let small = Arc::new(bodies.iter().map(|_| "x".repeat(PLAIN)).collect::<Vec<_>>());
        let small = write_bare(&bare, &small, gifts / batch).await * batch as f64;
        if round > 0 {
            rates.push(rate);
            ceilings.push(ceiling);
            plain.push(small);
        }
    }
    let ratio = median(
        rates
            .iter()
            .zip(&ceilings)
            .map(|(own, other)| own / other)
            .collect(),
    );
    let written = written.unwrap();
    let each: Vec<String> = written
        .rows
        .iter()
        .map(|(table, rows)| format!("{table} {rows:.2}"))
        .collect();
    let sum: f64 = written.rows.iter().map(|(_, rows)| rows).sum();
    let ceiling = median(ceilings);
    Row {
        name: format!("settle.{engine}"),
        what: format!(
            "gifts settled durably in batches of {batch}; ceiling: as many bare rows of those sizes in like batches"
        ),
        measured: ceiling * ratio,
        unit: "gifts/s",
        ceiling: Some(ceiling),
        goal: Goal::Part(0.4),
        note: format!(
            "rows a gift {sum:.1}: {}; a mail has {} bytes; with rows of {PLAIN} bytes alone the ceiling is {:.0}; {}",
            each.join(", "),
            written.mail,
            median(plain),
            machine_load()
        ),
    }
}

async fn write_bare(bare: &BareRows, bodies: &Arc<Vec<String>>, batches: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..batches {
        bare.write(bodies).await;
    }
    batches as f64 / start.elapsed().as_secs_f64()
}

/// One batch's rows: mails as long as mails, everything else short.
fn bodies(written: &Written, batch: usize) -> Vec<String> {
    let all: f64 = written.rows.iter().map(|(_, rows)| rows).sum::<f64>() * batch as f64;
    let mails = written
        .rows
        .iter()
        .find(|(table, _)| *table == "mails")
        .map_or(0.0, |(_, rows)| *rows)
        * batch as f64;
    (0..all.round() as usize)
        .map(|place| {
            "x".repeat(if place < mails.round() as usize {
                written.mail
            } else {
                PLAIN
            })
        })
        .collect()
}

fn count_written(conn: &mut Conn, before: &[i64; 4], gifts: usize, batch: usize) -> Written {
    let mut rows = vec![("donations (updated)", 1.0)];
    for (table, before) in INSERTED.iter().zip(before) {
        let now = count(conn, &format!("SELECT count(*) AS n FROM {table}"));
        rows.push((*table, (now - before) as f64 / gifts as f64));
    }
    for table in MOVED {
        let touched = if table == "totals" {
            "SELECT count(*) AS n FROM totals WHERE donations > 0".into()
        } else {
            format!("SELECT count(*) AS n FROM {table}")
        };
        rows.push((table, count(conn, &touched) as f64 / batch as f64));
    }
    let mail = count(
        conn,
        "SELECT CAST(avg(length(html) + length(text) + length(subject)) AS BIGINT) AS n FROM mails",
    );
    Written {
        rows,
        mail: usize::try_from(mail).unwrap(),
    }
}

/// Begins so many gifts, each of a supporter of its own, over all pages of the season, and answers what the processor
/// would say of them.
async fn begun(db: &Db, gifts: usize) -> Vec<Payment> {
    let pages: Vec<PageRow> = db
        .read(|conn| {
            let query = format!(
                "SELECT p.id AS id, p.campaign_id AS campaign, p.team_id AS team, a.id AS policy FROM pages p
                 JOIN campaigns c ON c.id = p.campaign_id JOIN allocation_policies a ON a.campaign_id = c.id
                 WHERE c.slug = '{CAMPAIGN}' ORDER BY p.id"
            );
            Ok(each!(conn, c => diesel::sql_query(query).load(c))?)
        })
        .await
        .unwrap();
    let ids: Vec<DonationId> = (0..gifts).map(|_| DonationId::new()).collect();
    for chunk in ids.chunks(500) {
        let (mut supporters, mut donations) = (Vec::new(), Vec::new());
        for (place, id) in chunk.iter().enumerate() {
            let (page, supporter) = (&pages[place % pages.len()], SupporterId::new());
            let team = page
                .team
                .as_ref()
                .map_or("NULL".into(), |team| format!("'{team}'"));
            supporters.push(format!("('{supporter}', '{supporter}@example.org', '{supporter}@example.org', 'Asha Verma', '2026-12-01 00:00:00')"));
            donations.push(format!(
                "('{id}', '{}', '{}', {team}, '{}', '{supporter}', 'pending', 'USD', 5000, 175, 5175, 0, 'Asha Verma', FALSE, FALSE, 'Go, Maya!', 'tok_{id}', 'cs_{id}', '2026-12-01 00:00:00', '2026-12-01 00:00:00')",
                page.campaign, page.id, page.policy
            ));
        }
        let statement = format!(
            "INSERT INTO supporters (id, email, email_folded, name, created_at) VALUES {};
             INSERT INTO donations (id, campaign_id, page_id, team_id, policy_id, supporter_id, status, currency, amount,
                 fee_cover, charged, refunded, donor_name, anonymous, hide_amount, comment, token, session_id, created_at, checked_at)
             VALUES {}",
            supporters.join(","), donations.join(",")
        );
        db.tx(move |conn| conn.execute_batch(&statement))
            .await
            .unwrap();
    }
    ids.iter().map(paid).collect()
}

fn paid(id: &DonationId) -> Payment {
    let money = |minor| Some(Money::new(minor, Currency::USD));
    Payment {
        reference: Some(id.to_string()),
        session: Some((format!("cs_{id}"), SessionState::Complete)),
        intent_id: Some(format!("pi_{id}")),
        charge: Some(Charge {
            id: format!("ch_{id}"),
            created: Timestamp::from_seconds(1_796_083_200).unwrap(),
            captured: money(5175),
            fee: Some(Fee {
                id: format!("txn_{id}"),
                amount: money(180),
            }),
            refunds: Vec::new(),
            disputes: Vec::new(),
        }),
        failed: false,
        failure: None,
        live: false,
    }
}
