//! A newsletter's recipients become rows (N1): one `INSERT … SELECT` around the audience's query, in pieces by recipient, so
//! that a million of them hold the one writer for no more than a moment each time and fit into PostgreSQL's limit of a statement.
//!
//! A piece begins behind the last recipient of the one before, whose id stands in `sendings.frozen_to`; whoever dies in
//! between is followed by another who goes on there, and the unique pair of newsletter and recipient makes a piece done
//! twice one. Nothing is sent before the last piece is in. Consent is asked anew when a recipient is claimed, so nobody
//! is written to because of a minute between two pieces.

use chrono::{Duration, TimeZone as _};
use diesel::prelude::*;

use super::model::{Sending, sending};
use crate::campaigns::model as campaigns;
use crate::db::Conn;
use crate::db::schema::{newsletters, sendings, subscribers};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::newsletters::model::by_id;
use crate::newsletters::{Newsletter, NewsletterId, NewsletterState};
use crate::segments::{Bind, Compiled, compile, run};
use crate::subscribers::SubscriberId;

/// Recipients of a piece.
const PIECE: i64 = 10_000;
/// What a recipient's variant is while a test of subjects is waited for.
pub(super) const WAITS: &str = "wait";

/// A fresh piece's making: ids are made outside the transaction, which may run twice.
#[derive(Debug, Clone)]
pub(super) struct PieceIds {
    /// 24 hexadecimal digits, in the order of time; each row adds its eight.
    head: String,
}

impl PieceIds {
    pub(super) fn new() -> Self {
        let id = uuid::Uuid::now_v7().simple().to_string();
        Self {
            head: id.chars().take(24).collect(),
        }
    }
}

/// Started newsletters whose recipients are not all rows yet.
pub(super) fn unfrozen(conn: &mut Conn) -> AppResult<Vec<NewsletterId>> {
    Ok(each!(conn, c => newsletters::table
        .inner_join(sendings::table.on(sendings::newsletter_id.eq(newsletters::id)))
        .filter(newsletters::state.eq(NewsletterState::Sending))
        .filter(sendings::frozen_at.is_null())
        .select(newsletters::id)
        .load(c))?)
}

/// Freezes one more piece; whether it was the last.
pub(super) fn piece(
    conn: &mut Conn,
    id: NewsletterId,
    ids: &PieceIds,
    message_domain: &str,
    now: Timestamp,
) -> AppResult<bool> {
    let newsletter = by_id(conn, id)?;
    let plan = sending(conn, id)?.ok_or_else(|| AppError::internal("no plan is kept"))?;
    if newsletter.state != NewsletterState::Sending || plan.frozen_at.is_some() {
        return Ok(true);
    }
    let compiled = compile(conn, &newsletter.audience.0, now)?;
    let (last, found) = run::piece(conn, &compiled, plan.frozen_to, PIECE)?;
    let is_last = found < PIECE;
    let Some(last) = last else {
        return note(conn, &plan, None, 0, now);
    };
    let mut binds = compiled.binds;
    let mut mark = |bind: Bind| {
        binds.push(bind);
        format!("${}", binds.len())
    };
    let variant = variant(&plan);
    let id_head = mark(Bind::Text(format!("del_{}", ids.head)));
    let nws = mark(Bind::Text(id.to_string()));
    let run_at = run_at(conn, &newsletter, &plan, now, &mut mark)?;
    let id_head_again = mark(Bind::Text(format!("<del_{}", ids.head)));
    let domain = mark(Bind::Text(format!("@{message_domain}>")));
    let changed = mark(Bind::Time(now));
    let after = mark(Bind::Text(
        plan.frozen_to.map_or(String::new(), |to| to.to_string()),
    ));
    let up_to = mark(Bind::Text(last.to_string()));
    // The number of a row in its piece, as eight digits; the part of an address behind its last @, said so that both
    // engines read it.
    let number = "substr(CAST(100000000 + w.number AS TEXT), 2)";
    let at = "replace(s.email_folded, rtrim(s.email_folded, replace(s.email_folded, '@', '')), '')";
    let sql = format!(
        "WITH who AS ({inner}) \
         INSERT INTO deliveries (id, newsletter_id, subscriber_id, variant, domain, state, run_at, attempts, message_id, changed_at) \
         SELECT {id_head} || {number}, {nws}, s.id, {variant}, {at}, 'queued', {run_at}, 0, \
         {id_head_again} || {number} || {domain}, {changed} \
         FROM (SELECT q.id AS id, row_number() OVER (ORDER BY q.id) AS number FROM \
         (SELECT who.id AS id FROM who WHERE who.id > {after} AND who.id <= {up_to}) q) w \
         JOIN subscribers s ON s.id = w.id WHERE true \
         ON CONFLICT (newsletter_id, subscriber_id) DO NOTHING",
        inner = compiled.sql,
    );
    let made = run::execute(conn, &Compiled { sql, binds })?;
    note(conn, &plan, Some(last).filter(|_| !is_last), made, now)
}

/// Writes down how far it came: behind whom it goes on, if it does. Told by who was looked at, not by what was written: of
/// those, some may have their row already, when two readers became one meanwhile.
fn note(
    conn: &mut Conn,
    plan: &Sending,
    goes_on: Option<SubscriberId>,
    made: usize,
    now: Timestamp,
) -> AppResult<bool> {
    let made = i64::try_from(made).unwrap_or(0);
    let is_last = goes_on.is_none();
    let one = sendings::table.filter(sendings::newsletter_id.eq(plan.newsletter_id));
    each!(conn, c => diesel::update(one)
        .set((
            goes_on.map(|to| sendings::frozen_to.eq(Some(to))),
            sendings::recipients.eq(sendings::recipients + made),
            sendings::frozen_at.eq(is_last.then_some(now)),
        ))
        .execute(c))?;
    Ok(is_last)
}

/// The expression of a recipient's variant: `a`, or a systematic share of `a` and `b`, and the rest waits.
fn variant(plan: &Sending) -> String {
    match plan.test_percent {
        0 => "'a'".to_owned(),
        percent => format!(
            "CASE WHEN w.number % 100 >= {percent} THEN '{WAITS}' WHEN w.number % 2 = 0 THEN 'a' ELSE 'b' END"
        ),
    }
}

/// The expression of when a recipient's turn comes: now; after the test; at the hour of their own clock.
fn run_at(
    conn: &mut Conn,
    newsletter: &Newsletter,
    plan: &Sending,
    now: Timestamp,
    mark: &mut impl FnMut(Bind) -> String,
) -> AppResult<String> {
    let after_test = now.plus(Duration::minutes(i64::from(plan.test_minutes)));
    let send_at = newsletter.send_at.filter(|_| plan.reader_time);
    let Some(send_at) = send_at else {
        let plain = mark(Bind::Time(now));
        if plan.test_percent == 0 {
            return Ok(plain);
        }
        let later = mark(Bind::Time(after_test));
        return Ok(format!(
            "CASE WHEN w.number % 100 < {} THEN {plain} ELSE {later} END",
            plan.test_percent
        ));
    };
    let home = home_zone(conn, newsletter)?;
    let zones: Vec<Option<String>> = each!(conn, c => subscribers::table
        .select(subscribers::time_zone)
        .distinct()
        .load(c))?;
    let mut cases = String::new();
    for zone in zones.into_iter().flatten() {
        let Ok(parsed) = zone.parse::<chrono_tz::Tz>() else {
            continue;
        };
        let at = in_zone(send_at, home, parsed).max(now);
        let (zone, at) = (mark(Bind::Text(zone)), mark(Bind::Time(at)));
        cases.push_str(&format!(" WHEN {zone} THEN {at}"));
    }
    let otherwise = mark(Bind::Time(send_at.max(now)));
    Ok(if cases.is_empty() {
        otherwise
    } else {
        format!("CASE s.time_zone{cases} ELSE {otherwise} END")
    })
}

/// The zone by whose clock a newsletter's hour is chosen: its season's, or UTC.
///
/// # Errors
/// The database's.
pub fn home_zone(conn: &mut Conn, newsletter: &Newsletter) -> AppResult<chrono_tz::Tz> {
    Ok(match newsletter.campaign_id {
        None => chrono_tz::UTC,
        Some(id) => campaigns::by_id(conn, id)?.time_zone.tz(),
    })
}

/// The instant at which clocks of `zone` show what those of `home` show at `at`; where they skip that hour, an hour later.
pub(super) fn in_zone(at: Timestamp, home: chrono_tz::Tz, zone: chrono_tz::Tz) -> Timestamp {
    let shown = at.naive().and_utc().with_timezone(&home).naive_local();
    let there = zone
        .from_local_datetime(&shown)
        .earliest()
        .or_else(|| {
            zone.from_local_datetime(&(shown + Duration::hours(1)))
                .earliest()
        })
        .map(|there| there.to_utc());
    there.map_or(at, Timestamp::from)
}

/// Hours before the hour of a newsletter's season at which the first clocks of the world show it.
pub(super) fn first_clock(at: Timestamp, home: chrono_tz::Tz) -> Timestamp {
    in_zone(at, home, chrono_tz::Pacific::Kiritimati)
}

/// When a scheduled newsletter's first reader's turn comes.
pub(super) fn begins_at(
    conn: &mut Conn,
    newsletter: &Newsletter,
    plan: &Sending,
) -> AppResult<Option<Timestamp>> {
    let Some(at) = newsletter.send_at else {
        return Ok(None);
    };
    if !plan.reader_time {
        return Ok(Some(at));
    }
    Ok(Some(first_clock(at, home_zone(conn, newsletter)?)))
}
