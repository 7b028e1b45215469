//! `/console/findings`: what checks and reconciliation found, who looks after it, and what came of it; and
//! `/console/payouts`: what the processor paid to the bank, entry for entry.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing::{self, ROWS};
use super::scope::Scope;
use crate::audit::{self, Deed};
use crate::auth::{Staff, UserId};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::findings::{model, ops};
use crate::jobs;
use crate::kernel::{Line, Money, Timestamp};
use crate::payouts::{self, PayoutItem, PayoutState};
use crate::web::query::after;
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Query, Site};

/// The kind of findings about jobs that were given up.
const JOB_DEAD: &str = "job_dead";

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

#[derive(Serialize)]
struct FindingView {
    id: String,
    title: String,
    subject: String,
    subject_url: Option<String>,
    detail: String,
    opened_at: String,
    owner: Option<String>,
    is_open: bool,
    is_mine: bool,
    /// A job that was given up can be run again.
    can_run: bool,
    closed_at: Option<String>,
    resolution: Option<String>,
    typed: String,
    error: Option<String>,
}

/// Context of `console/findings`.
#[derive(Serialize)]
struct FindingsView {
    states: Vec<listing::Choice>,
    is_open: bool,
    rows: Vec<FindingView>,
    next_url: Option<String>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Findings);
    draw(&desk, query.0, None, Mend::none()).await
}

async fn draw(
    desk: &Desk,
    asked: Asked,
    typed: Option<(&str, &Typed)>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    Scope::of(&desk.signed).check_whole()?;
    let is_open = asked.state != "closed";
    let place = after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let listed = desk
        .site
        .db
        .read(move |c| model::listed(c, is_open, place, ROWS))
        .await?;
    let me = desk.signed.user();
    let rows = listed.items.iter().map(|(found, owner)| {
        let mine = typed.filter(|(id, _)| *id == found.id);
        FindingView {
            id: found.id.clone(),
            title: title(&found.kind),
            subject_url: address(&found.kind, &found.subject),
            subject: found.subject.clone(),
            detail: found.detail.clone(),
            opened_at: found.opened_at.rfc3339(),
            owner: owner.clone(),
            is_open: found.closed_at.is_none(),
            is_mine: found.owner_id == Some(me),
            can_run: found.kind == JOB_DEAD && found.closed_at.is_none(),
            closed_at: found.closed_at.map(|at| at.rfc3339()),
            resolution: found.resolution.clone(),
            typed: mine.map_or_else(String::new, |(_, typed)| {
                typed.text("resolution").to_owned()
            }),
            error: mine.and_then(|_| mend.at("resolution")),
        }
    });
    let choice = |word: &str, is_current| listing::Choice {
        value: word.to_owned(),
        label: word.to_owned(),
        is_current,
    };
    let view = FindingsView {
        states: vec![choice("open", is_open), choice("closed", !is_open)],
        is_open,
        rows: rows.collect(),
        next_url: listing::next(&desk.request, &listed),
        notice: mend.notice.clone(),
    };
    desk.show("findings", "Findings", mend.status, view)
}

/// A kind in words; one that is not known here is told as it is.
fn title(kind: &str) -> String {
    let words = match kind {
        "payment_quarantined" => "A payment that fits no gift",
        "payment_disputed" => "A donor’s bank disputes a payment",
        "payout_item_missing" => "The processor has an entry that we do not have",
        "payout_item_differs" => "The processor says another amount than our books",
        "payout_sum_differs" => "A payout is not the sum of its entries",
        "payout_entry_missing" => "An entry of ours is in no payout",
        "payout_not_booked" => "A payout is not in the books",
        "deposit_differs" => "The bank counted a deposit otherwise",
        JOB_DEAD => "A job was given up",
        "mail_not_rendered" => "A mail could not be written",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

/// Where what a finding is about can be looked at.
fn address(kind: &str, subject: &str) -> Option<String> {
    match kind {
        "deposit_differs" => Some("/console/deposits".to_owned()),
        _ if subject.starts_with("po_") => Some(format!("/console/payouts/{subject}")),
        _ => None,
    }
}

/// Takes a finding (`act=take`), runs the job again that it is about (`act=run`), or closes it with `resolution`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Findings);
    Scope::of(&desk.signed).check_whole()?;
    let (id, by, now) = (path.0, desk.signed.user(), desk.now());
    let known = id.clone();
    site.db.read(move |c| model::by_id(c, &known)).await?;
    let target = id.clone();
    let done = match form.0.text("act") {
        "take" => {
            let work = site.db.tx(move |c| ops::take(c, &target, by, now));
            work.await.map(|()| "finding-taken")
        }
        "run" => {
            let work = site.db.tx(move |c| run_again(c, &target, by, now));
            work.await.map(|()| "job-again")
        }
        _ => match Line::parse(form.0.text("resolution"), 400) {
            Err(bad) => Err(AppError::field("resolution", bad)),
            Ok(word) => {
                let work = site.db.tx(move |c| ops::close(c, &target, by, &word, now));
                work.await.map(|()| "finding-closed")
            }
        },
    };
    match done {
        Ok(word) => Ok(see(&format!("/console/findings?done={word}"))),
        Err(error) => {
            let mend = Mend::of(error)?;
            draw(&desk, Asked::default(), Some((&id, &form.0)), mend).await
        }
    }
}

/// Runs the job again that a finding is about.
fn run_again(conn: &mut Conn, id: &str, by: UserId, now: Timestamp) -> AppResult<()> {
    let found = model::by_id(conn, id)?;
    if found.kind != JOB_DEAD {
        return Err(AppError::field("act", "this finding is not about a job"));
    }
    jobs::requeue(conn, &found.subject, now)?;
    let deed = Deed::new(by, "finding.run_job", ("finding", id.to_owned()));
    audit::record(conn, &deed.saying(found.subject), now)
}

#[derive(Serialize)]
struct PayoutView {
    id: String,
    amount: MoneyView,
    state: &'static str,
    made_at: String,
    arrives_at: String,
    is_booked: bool,
    agrees: bool,
    failure: Option<String>,
}

/// Context of `console/payouts`.
#[derive(Serialize)]
struct PayoutsView {
    rows: Vec<PayoutView>,
    next_url: Option<String>,
}

fn payout_view(one: &payouts::Payout) -> PayoutView {
    PayoutView {
        id: one.id.clone(),
        amount: one.money().into(),
        state: one.state.words(),
        made_at: one.made_at.rfc3339(),
        arrives_at: one.arrives_at.rfc3339(),
        is_booked: one.booked_at.is_some() && one.state == PayoutState::Paid,
        agrees: one.agreed_at.is_some(),
        failure: one.failure.clone(),
    }
}

pub(super) async fn payouts(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Payouts);
    Scope::of(&desk.signed).check_whole()?;
    let place = after(Some(query.0.after.as_str()).filter(|text| !text.is_empty()))?;
    let listed = site
        .db
        .read(move |c| payouts::model::newest(c, place, ROWS))
        .await?;
    let view = PayoutsView {
        rows: listed.items.iter().map(payout_view).collect(),
        next_url: listing::next(&desk.request, &listed),
    };
    desk.page("payouts", "Payouts", view)
}

#[derive(Serialize)]
struct ItemView {
    kind: String,
    source: String,
    amount: MoneyView,
    fee: MoneyView,
    net: MoneyView,
    ours: Option<MoneyView>,
    agrees: bool,
}

/// Context of `console/payout`.
#[derive(Serialize)]
struct OnePayoutView {
    payout: PayoutView,
    items: Vec<ItemView>,
    differing: usize,
}

/// Entries of one payout that are shown.
const ITEMS: i64 = 1_000;

pub(super) async fn payout(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Payouts);
    Scope::of(&desk.signed).check_whole()?;
    let id = path.0;
    let (found, items) = site
        .db
        .read(move |c| {
            let found = payouts::model::by_id(c, &id)?;
            let items = payouts::model::items_of(c, &id, ITEMS)?;
            Ok((found, items))
        })
        .await?;
    let money = |minor| MoneyView::from(Money::new(minor, found.currency));
    let view = OnePayoutView {
        payout: payout_view(&found),
        differing: items.iter().filter(|item| !item.agrees()).count(),
        items: items
            .iter()
            .map(|item: &PayoutItem| ItemView {
                kind: item.kind.replace('_', " "),
                source: item.source_id.clone(),
                amount: money(item.amount),
                fee: money(item.fee),
                net: money(item.net),
                ours: item.ours.map(money),
                agrees: item.agrees(),
            })
            .collect(),
    };
    desk.page("payout", "Payout", view)
}
