//! `/console/newsletters/{id}/sending`: start, pause, resume, cancel; progress; what is in doubt, and who failed.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::super::bars;
use super::super::desk::{Desk, Mend, Room};
use super::super::fields::Typed;
use super::super::scope::Scope;
use super::{newsletter_id, of_scope};
use crate::auth::Coordinator;
use crate::deliveries::model::{Sending, counts, in_doubt, sending};
use crate::deliveries::{DeliveryState, PauseWhy, home_zone, schedule};
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::{Newsletter, NewsletterId, NewsletterState};
use crate::web::{Path, Site};

/// How many stand how.
#[derive(Serialize)]
struct Count {
    state: &'static str,
    label: &'static str,
    count: i64,
    href: String,
}

/// Context of `console/newsletter_sending`.
#[derive(Serialize)]
struct SendingView {
    id: String,
    title: String,
    subject: String,
    state: &'static str,
    is_draft: bool,
    is_scheduled: bool,
    is_asking: bool,
    is_sending: bool,
    is_paused: bool,
    is_over: bool,
    is_freezing: bool,
    is_held: bool,
    paused: Option<&'static str>,
    paused_detail: Option<String>,
    send_at: Option<String>,
    started_at: Option<String>,
    ended_at: Option<String>,
    recipients: i64,
    done: i64,
    percent: i64,
    a_minute: Option<i64>,
    minutes_left: Option<i64>,
    bar_svg: String,
    counts: Vec<Count>,
    doubt: i64,
    failed: i64,
    winner: Option<String>,
    /// Whose clock an hour is chosen by.
    zone: String,
    at: String,
    at_error: Option<String>,
    notice: Option<String>,
    log_url: String,
    csv_url: String,
}

fn state_words(state: NewsletterState) -> &'static str {
    match state {
        NewsletterState::Draft => "a draft",
        NewsletterState::Scheduled => "scheduled",
        NewsletterState::Asking => "overdue: it waits for your word",
        NewsletterState::Sending => "on its way",
        NewsletterState::Paused => "halted",
        NewsletterState::Sent => "sent",
        NewsletterState::Cancelled => "cancelled",
    }
}

fn why_words(why: PauseWhy) -> &'static str {
    match why {
        PauseWhy::Staff => "Somebody of the staff halted it.",
        PauseWhy::Connection => {
            "The mail server could not be reached, or did not let us in, three times in a row. No recipient is to blame."
        }
        PauseWhy::Failures => "Too many of the last recipients were refused for good.",
        PauseWhy::Complaints => "Too many readers called it spam.",
        PauseWhy::Restored => {
            "This database came out of a backup: who had it since then is not known here. Go on only if nobody had."
        }
        PauseWhy::Broken => "It could not be prepared, several times in a row.",
        PauseWhy::Downtime => {
            "Nothing ran for more than an hour while it was on its way. Look whether it is still true, then go on."
        }
    }
}

/// The states in the order of a bar, with the word for people.
const STATES: [(DeliveryState, &str); 7] = [
    (DeliveryState::Sent, "sent"),
    (DeliveryState::Bounced, "came back"),
    (DeliveryState::Failed, "failed"),
    (DeliveryState::Unknown, "in doubt"),
    (DeliveryState::Skipped, "passed over"),
    (DeliveryState::Sending, "in hand"),
    (DeliveryState::Queued, "waiting"),
];

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let id = newsletter_id(&path.0)?;
    draw(&desk, id, &Typed::default(), Mend::none()).await
}

struct Found {
    newsletter: Newsletter,
    plan: Option<Sending>,
    counts: BTreeMap<DeliveryState, i64>,
    doubt: i64,
    is_held: bool,
    zone: chrono_tz::Tz,
}

pub(super) async fn draw(
    desk: &Desk,
    id: NewsletterId,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let found = desk
        .site
        .db
        .read(move |c| {
            let newsletter = of_scope(c, &scope, id)?;
            Ok(Found {
                plan: sending(c, id)?,
                counts: counts(c, id)?,
                doubt: in_doubt(c, id)?,
                is_held: schedule::is_held(c)?,
                zone: home_zone(c, &newsletter)?,
                newsletter,
            })
        })
        .await?;
    let title = found.newsletter.title.clone();
    let status = mend.status;
    let view = view(&found, typed, mend, desk.now());
    desk.show("newsletter_sending", &title, status, view)
}

fn view(found: &Found, typed: &Typed, mend: Mend, now: Timestamp) -> SendingView {
    let newsletter = &found.newsletter;
    let id = newsletter.id;
    let of = |state| found.counts.get(&state).copied().unwrap_or(0);
    let whole: i64 = found.counts.values().sum();
    let waits = of(DeliveryState::Queued) + of(DeliveryState::Sending);
    let done = whole - waits;
    let log_url = format!("/console/newsletters/{id}/recipients");
    let counts = STATES
        .iter()
        .filter(|(state, _)| of(*state) > 0)
        .map(|(state, label)| Count {
            state: state.as_str(),
            label,
            count: of(*state),
            href: format!("{log_url}?state={state}"),
        })
        .collect();
    let parts: Vec<(String, i64)> = STATES
        .iter()
        .map(|(state, _)| (format!("nws-{state}"), of(*state)))
        .collect();
    let parts: Vec<(&str, i64)> = parts
        .iter()
        .map(|(class, size)| (class.as_str(), *size))
        .collect();
    let a_minute = rate(newsletter, of(DeliveryState::Sent), now);
    let plan = found.plan.as_ref();
    let state = newsletter.state;
    let rfc = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    SendingView {
        id: id.to_string(),
        title: newsletter.title.clone(),
        subject: newsletter.subject.clone(),
        state: state_words(state),
        is_draft: state == NewsletterState::Draft,
        is_scheduled: state == NewsletterState::Scheduled,
        is_asking: state == NewsletterState::Asking,
        is_sending: state == NewsletterState::Sending,
        is_paused: state == NewsletterState::Paused,
        is_over: [NewsletterState::Sent, NewsletterState::Cancelled].contains(&state),
        is_freezing: state == NewsletterState::Sending
            && plan.is_some_and(|plan| plan.frozen_at.is_none()),
        is_held: found.is_held,
        paused: plan
            .filter(|_| state == NewsletterState::Paused)
            .and_then(|plan| plan.paused_why)
            .map(why_words),
        paused_detail: plan
            .filter(|_| state == NewsletterState::Paused)
            .and_then(|plan| plan.paused_detail.clone())
            .filter(|detail| !detail.is_empty()),
        send_at: rfc(newsletter.send_at),
        started_at: rfc(newsletter.started_at),
        ended_at: rfc(newsletter.ended_at),
        recipients: whole,
        done,
        percent: (done * 100).checked_div(whole).unwrap_or(0),
        minutes_left: a_minute
            .filter(|_| state == NewsletterState::Sending && waits > 0)
            .map(|rate| waits / rate + 1),
        a_minute,
        bar_svg: bars::lying(&parts, whole),
        counts,
        doubt: found.doubt,
        failed: of(DeliveryState::Failed),
        winner: plan.and_then(|plan| plan.test_winner.clone()),
        zone: found.zone.name().replace('_', " "),
        at: typed.text("at").to_owned(),
        at_error: mend.at("at"),
        notice: mend.notice,
        csv_url: format!("{log_url}.csv"),
        log_url,
    }
}

/// Mails a minute since it started.
fn rate(newsletter: &Newsletter, sent: i64, now: Timestamp) -> Option<i64> {
    let from = newsletter.started_at?;
    let until = newsletter.ended_at.unwrap_or(now);
    let seconds = (until.seconds() - from.seconds()).max(1);
    Some(sent * 60 / seconds).filter(|rate| *rate > 0)
}
