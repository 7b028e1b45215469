//! What the templates `books` and `books_verify` are given.

use serde::Serialize;

use super::Line;
use super::chart::{self, Chart};
use super::close::ClosedDay;
use super::file::Proved;
use super::grants::{self, BookGrant, GrantView};
use super::model::{Books, FundBook};
use crate::campaigns::Campaign;
use crate::campaigns::frame::{self, Destinations};
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Money, Slug, Timestamp};
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};
/// What the page of a campaign's books tells.
pub(super) struct Reading {
    pub campaign: Campaign,
    books: Books,
    closed: Vec<ClosedDay>,
    grants: Vec<BookGrant>,
    to: Destinations,
}

impl Reading {
    pub(super) fn read(conn: &mut Conn, slug: &Slug, now: Timestamp) -> AppResult<Self> {
        let (campaign, books, closed) = super::html::whole(conn, slug, now)?;
        Ok(Self {
            grants: grants::read(conn, campaign.id, &books)?,
            to: Destinations::of(conn, &campaign, now)?,
            campaign,
            books,
            closed,
        })
    }
}

/// Context of `books`.
#[derive(Debug, Serialize)]
pub(super) struct BooksView {
    shell: Shell,
    campaign: Link,
    raised: MoneyView,
    matched: MoneyView,
    granted: MoneyView,
    held: MoneyView,
    held_days: i64,
    pending: Option<MoneyView>,
    sums: Vec<SumView>,
    funds: Vec<FundView>,
    grants: Vec<GrantView>,
    chart: Option<Chart>,
    days: Vec<DayView>,
    seal: Option<SealView>,
    last_hash: Option<String>,
    closed: usize,
    /// The books do not add up: said where everybody reads it.
    difference: Option<MoneyView>,
    csv_url: String,
    copy_url: String,
    verify_url: String,
}

/// One line of the table that adds up to the cent.
#[derive(Debug, Serialize)]
struct SumView {
    label: &'static str,
    note: &'static str,
    amount: MoneyView,
    /// `+`, `−`, or `=` for a sum.
    sign: &'static str,
}

#[derive(Debug, Serialize)]
struct FundView {
    name: String,
    href: Option<String>,
    shade: u8,
    allocated: MoneyView,
    matched: MoneyView,
    given_back: MoneyView,
    granted: MoneyView,
    held: MoneyView,
    /// Paid before lying there, as parts of one bar.
    bar_svg: String,
    since: Option<String>,
    days: i64,
}

#[derive(Debug, Serialize)]
struct DayView {
    number: i32,
    day: String,
    hash: String,
}

#[derive(Debug, Serialize)]
struct SealView {
    id: i64,
    hash: String,
    at: String,
    transfer: i64,
}

/// Closed days that the page lists; the copy has them all.
const DAYS_SHOWN: usize = 7;

pub(super) fn books(
    config: &Config,
    nonce: &str,
    read: &Reading,
    now: Timestamp,
) -> AppResult<BooksView> {
    let (campaign, books) = (&read.campaign, &read.books);
    let here = format!("{}/books", frame::path(campaign));
    let title = format!("Open books of {}", campaign.title);
    let words = "What came in, where it went, where it lies and for how long.";
    let shell = frame::shell(config, nonce, campaign, now, (&title, words))
        .og(config, "website", &here, None);
    let total = |line| MoneyView::from(books.total(line));
    let shades = read.to.shades();
    let difference = books.difference();
    Ok(BooksView {
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        raised: total(Line::Raised),
        matched: total(Line::Matched),
        granted: total(Line::Granted),
        held: total(Line::Held),
        held_days: days_lain(&books.funds),
        pending: (books.pending > 0).then(|| Money::new(books.pending, books.currency).into()),
        sums: sums(books),
        funds: books
            .funds
            .iter()
            .map(|fund| {
                fund_view(
                    books,
                    fund,
                    shades.of(fund.program.as_ref().map(|(id, _)| *id)),
                )
            })
            .collect(),
        grants: read
            .grants
            .iter()
            .map(|grant| grants::view(books, grant))
            .collect(),
        chart: Chart::of(
            &books.entries,
            books.currency,
            campaign.time_zone.day_of(now),
        )?,
        days: read
            .closed
            .iter()
            .rev()
            .take(DAYS_SHOWN)
            .map(|day| DayView {
                number: day.number,
                day: day.day.to_string(),
                hash: day.hash.clone(),
            })
            .collect(),
        seal: seal_view(books),
        last_hash: read.closed.last().map(|day| day.hash.clone()),
        closed: read.closed.len(),
        difference: (difference != 0).then(|| Money::new(difference, books.currency).into()),
        csv_url: format!("{here}.csv"),
        copy_url: format!("{here}/copy.json"),
        verify_url: format!("{here}/verify"),
        shell,
    })
}

fn seal_view(books: &Books) -> Option<SealView> {
    books.seal.as_ref().map(|seal| SealView {
        id: seal.id,
        hash: seal.hash.clone(),
        at: seal.sealed_at.rfc3339(),
        transfer: seal.last_transfer,
    })
}

/// Average days over all funds, by amount.
fn days_lain(funds: &[FundBook]) -> i64 {
    let held: i128 = funds.iter().map(|fund| i128::from(fund.held.max(0))).sum();
    let days: i128 = funds
        .iter()
        .map(|fund| i128::from(fund.held.max(0)) * i128::from(fund.held_days))
        .sum();
    if held == 0 {
        0
    } else {
        i64::try_from(days / held).unwrap_or(i64::MAX)
    }
}

/// The table whose last line is the first ones' sum; lines that are nothing are left out, but for the first and last two.
fn sums(books: &Books) -> Vec<SumView> {
    let line = |label, note, of: Line, sign| SumView {
        label,
        note,
        amount: books.total(of).into(),
        sign,
    };
    let mut all = vec![
        line("Given", "before any fee", Line::Raised, "+"),
        line(
            "Added from match pools",
            "a sponsor’s money, because of gifts",
            Line::Matched,
            "+",
        ),
        line(
            "Went back to donors",
            "refunds, in full or in part",
            Line::Refunded,
            "−",
        ),
        line(
            "Disputed",
            "donors’ banks took it back, until it is decided or for good",
            Line::Disputed,
            "−",
        ),
        line(
            "Carried by the reserve",
            "went back, or a fee took it, after it had been paid to a partner",
            Line::Carried,
            "+",
        ),
        line(
            "Processors’ fees",
            "as far as gifts have borne them",
            Line::FeePart,
            "−",
        ),
    ];
    all.retain(|row| row.amount.minor != 0 || row.label == "Given");
    all.push(line(
        "Paid to partners",
        "what gifts to this campaign paid of each grant below",
        Line::Granted,
        "=",
    ));
    all.push(line(
        "Lies in funds",
        "set aside, and can be used for nothing else",
        Line::Held,
        "=",
    ));
    all
}

fn fund_view(books: &Books, fund: &FundBook, shade: u8) -> FundView {
    let money = |minor| MoneyView::from(Money::new(minor, books.currency));
    FundView {
        name: fund.name.clone(),
        href: fund
            .program
            .as_ref()
            .map(|(_, slug)| format!("/programs/{slug}")),
        shade,
        allocated: money(fund.allocated),
        matched: money(fund.matched),
        given_back: money(fund.given_back),
        granted: money(fund.granted),
        held: money(fund.held),
        bar_svg: chart::bar(fund.granted, fund.held),
        since: fund.held_since.map(|day| day.to_string()),
        days: fund.held_days,
    }
}

/// What came of proving a copy.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Verdict {
    /// `holds`, `broken` or `missing`.
    kind: &'static str,
    words: String,
}

impl Verdict {
    pub(super) fn missing(words: &str) -> Self {
        Self {
            kind: "missing",
            words: words.to_owned(),
        }
    }

    pub(super) fn broken(words: &str) -> Self {
        Self {
            kind: "broken",
            words: words.to_owned(),
        }
    }

    pub(super) fn holds(proved: &Proved, is_ours: bool) -> Self {
        if !is_ours {
            return Self::broken(
                "The copy holds in itself, but its last closed day is none of these books’ days: it is another campaign’s, or one of the two was made up.",
            );
        }
        Self {
            kind: "holds",
            words: format!(
                "Every byte holds: {} closed days of {}, up to transfer {} of the ledger, and the last of them is a day of these books.",
                proved.days, proved.campaign, proved.transfer
            ),
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.kind == "holds"
    }
}

/// Context of `books_verify`.
#[derive(Debug, Serialize)]
pub(super) struct VerifyView {
    shell: Shell,
    campaign: Link,
    books_url: String,
    copy_url: String,
    action: String,
    csrf: String,
    verdict: Option<Verdict>,
    closed: usize,
    last_hash: Option<String>,
    seal: Option<SealView>,
}

pub(super) fn verify(
    config: &Config,
    nonce: &str,
    campaign: &Campaign,
    (books, closed): (&Books, &[ClosedDay]),
    verdict: Option<Verdict>,
    csrf: String,
    now: Timestamp,
) -> VerifyView {
    let here = format!("{}/books", frame::path(campaign));
    let title = format!("Prove a copy of the books of {}", campaign.title);
    let words = "Whether a copy of the books is what it was when it was made.";
    VerifyView {
        shell: frame::shell(config, nonce, campaign, now, (&title, words)),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        copy_url: format!("{here}/copy.json"),
        action: format!("{here}/verify"),
        books_url: here,
        csrf,
        verdict,
        closed: closed.len(),
        last_hash: closed.last().map(|day| day.hash.clone()),
        seal: seal_view(books),
    }
}
