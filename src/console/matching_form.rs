//! The form of a match pool.

use serde::Serialize;

use super::desk::Mend;
use super::fields::{Draw, Field, Typed};
use super::listing::Choice;
use crate::auth::UserId;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{pages, programs};
use crate::each;
use crate::error::{AppResult, FieldError};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Email, Line, Money, Timestamp};
use crate::matching::model::{Basis, Pool, PoolId, TargetKind, targets_of};
use crate::matching::ops::NewPool;
use crate::partners::{Partner, Program};
use diesel::prelude::*;

/// Pages that a pool may be narrowed to.
const PAGES_MOST: usize = 50;

/// The fields of the form.
#[derive(Serialize)]
pub(super) struct FormView {
    id: String,
    bases: Vec<Choice>,
    programs: Vec<Choice>,
    first: Vec<Field>,
    second: Vec<Field>,
    currency: &'static str,
    zone: String,
}

impl FormView {
    pub(super) fn new(
        campaign: &Campaign,
        programs: &[(Program, Partner)],
        typed: &Typed,
        mend: &Mend,
    ) -> Self {
        let draw = Draw { typed, mend };
        let basis = typed.text("basis");
        let choice = |word: Basis, label: &str| Choice {
            value: word.to_string(),
            label: label.to_owned(),
            is_current: word.as_str() == basis,
        };
        let ticked: Vec<&str> = typed.all("program").collect();
        Self {
            id: typed.text("id").to_owned(),
            bases: vec![
                choice(Basis::Gift, "a gift that is at the bank"),
                choice(Basis::Pledge, "a pledge in writing"),
            ],
            programs: programs
                .iter()
                .map(|(program, _)| {
                    let value = program.id.to_string();
                    Choice {
                        label: program.name.clone(),
                        is_current: ticked.contains(&value.as_str()),
                        value,
                    }
                })
                .collect(),
            first: vec![
                draw.text("sponsor", "Sponsor")
                    .hint("As everybody reads it."),
                draw.text("sponsor_email", "Their mail address")
                    .hint("For the receipt, if the rest becomes their gift. May be empty."),
                draw.text("amount", "How much is reserved"),
                draw.number("ratio", "Percent of each gift")
                    .hint("100 doubles a gift."),
                draw.text("cap", "At most for one gift")
                    .hint("Empty: no cap."),
            ],
            second: vec![
                draw.text("starts_at", "Begins")
                    .hint("2026-12-01 00:00, in the season’s time zone."),
                draw.text("ends_at", "Ends"),
                draw.text("pages", "Only gifts on these pages")
                    .hint("Their addresses, with spaces between. Empty: every page."),
                draw.area("note", "For staff: the letter, who spoke to whom", 2),
            ],
            currency: campaign.currency.code(),
            zone: campaign.time_zone.to_string(),
        }
    }
}

/// An empty form.
pub(super) fn fresh(campaign: &Campaign, now: Timestamp) -> Typed {
    let mut typed = Typed::default();
    typed.set("id", PoolId::new());
    typed.set("basis", Basis::Pledge);
    typed.set("ratio", 100);
    let day = |days: i64| {
        now.plus(chrono::Duration::days(days))
            .date_in(campaign.time_zone.tz())
    };
    typed.set("starts_at", format!("{} 00:00", day(1)));
    typed.set("ends_at", format!("{} 00:00", day(2)));
    typed
}

/// The pages that a form names, or the first that is not there.
///
/// # Errors
/// The database's.
pub(super) fn pages_named(
    conn: &mut Conn,
    typed: &Typed,
    campaign: &Campaign,
) -> AppResult<Result<Vec<String>, String>> {
    let named: Vec<String> = typed
        .text("pages")
        .split_whitespace()
        .take(PAGES_MOST)
        .map(|text| text.rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    let query = pages::table
        .filter(pages::slug.eq_any(&named))
        .filter(pages::campaign_id.eq(campaign.id))
        .select((pages::slug, pages::id));
    let found: Vec<(String, String)> = each!(conn, c => query.load(c))?;
    let missing = named
        .iter()
        .find(|slug| !found.iter().any(|(known, _)| known == *slug));
    Ok(match missing {
        Some(slug) => Err(format!("there is no page “{slug}” in this season")),
        None => Ok(found.into_iter().map(|(_, id)| id).collect()),
    })
}

/// What a pool is narrowed to, in words.
///
/// # Errors
/// The database's.
pub(super) fn targets(conn: &mut Conn, pool: &Pool) -> AppResult<Vec<String>> {
    let all = targets_of(conn, &[pool.id])?;
    let of = |kind: TargetKind| -> Vec<&str> {
        all.iter()
            .filter(|(_, one, _)| *one == kind)
            .map(|(.., id)| id.as_str())
            .collect()
    };
    let query = programs::table
        .filter(programs::id.eq_any(of(TargetKind::Program)))
        .select(programs::name);
    let mut words: Vec<String> = each!(conn, c => query.load(c))?;
    let query = pages::table
        .filter(pages::id.eq_any(of(TargetKind::Page)))
        .select(pages::title);
    let titles: Vec<String> = each!(conn, c => query.load(c))?;
    words.extend(titles);
    Ok(words)
}

/// The pool, or every field to mend.
///
/// # Errors
/// A fault a field.
pub(super) fn parse(
    typed: &Typed,
    campaign: &Campaign,
    programs: &[(Program, Partner)],
    pages: Result<Vec<String>, String>,
    by: UserId,
    token: String,
) -> Result<NewPool, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut note = |field: &str, word: String| faults.push(FieldError::new(field, word));
    let text = |name: &str| typed.text(name).trim();
    let sponsor = Line::parse(text("sponsor"), 120).map_err(|bad| note("sponsor", bad.to_string()));
    let sponsor_email = match text("sponsor_email") {
        "" => Ok(None),
        email => email
            .parse::<Email>()
            .map(Some)
            .map_err(|bad| note("sponsor_email", bad.to_string())),
    };
    let basis = text("basis")
        .parse::<Basis>()
        .map_err(|_| note("basis", "choose what the money is".into()));
    let most = super::offline_form::MOST.saturating_mul(campaign.currency.scale());
    let money = |text: &str| match Money::parse_typed(text, campaign.currency) {
        Ok(money) if money.minor() > most => Err("that is more than one pool holds".to_owned()),
        other => other.map_err(|bad| bad.to_string()),
    };
    let amount = money(text("amount")).map_err(|word| note("amount", word));
    let ratio = match text("ratio").parse::<i32>() {
        Ok(percent @ 1..=1_000) => Ok(percent * 100),
        _ => {
            note("ratio", "write a whole number from 1 to 1000".into());
            Err(())
        }
    };
    let cap = match text("cap") {
        "" => Ok(None),
        cap => money(cap).map(Some).map_err(|word| note("cap", word)),
    };
    let starts_at = instant(text("starts_at"), campaign)
        .ok_or_else(|| note("starts_at", "write it like 2026-12-01 00:00".into()));
    let ends_at = instant(text("ends_at"), campaign)
        .ok_or_else(|| note("ends_at", "write it like 2026-12-02 00:00".into()));
    let pages = pages.map_err(|word| note("pages", word));
    let words = match parse_lines(typed.text("note"), 500) {
        Err(BadText::Empty) => Ok(String::new()),
        other => other.map_err(|bad| note("note", bad.to_string())),
    };
    let ticked = typed.all("program").filter_map(|text| {
        let known = programs.iter().find(|(one, _)| one.id.to_string() == text);
        known.map(|(one, _)| (TargetKind::Program, one.id.to_string()))
    });
    let mut targets: Vec<(TargetKind, String)> = ticked.collect();
    let first = (sponsor, sponsor_email, basis, amount, ratio);
    let second = (cap, starts_at, ends_at, pages, words);
    let (
        (Ok(sponsor), Ok(sponsor_email), Ok(basis), Ok(amount), Ok(ratio)),
        (Ok(cap), Ok(starts_at), Ok(ends_at), Ok(pages), Ok(words)),
    ) = (first, second)
    else {
        return Err(faults);
    };
    targets.extend(pages.into_iter().map(|id| (TargetKind::Page, id)));
    Ok(NewPool {
        id: text("id").parse().unwrap_or_else(|_| PoolId::new()),
        campaign: campaign.id,
        sponsor,
        sponsor_email,
        basis,
        amount,
        ratio,
        cap,
        starts_at,
        ends_at,
        targets,
        note: words,
        token,
        by,
    })
}

/// An instant in the season's time zone.
fn instant(text: &str, campaign: &Campaign) -> Option<Timestamp> {
    let text = text.replace('T', " ");
    let local = chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M").ok()?;
    let at = local
        .and_local_timezone(campaign.time_zone.tz())
        .earliest()?;
    Timestamp::from_seconds(at.timestamp())
}
