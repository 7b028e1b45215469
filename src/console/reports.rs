//! `/console/reports`: pages that somebody reported, oldest first, and what is done about them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing;
use super::mails;
use super::scope::Scope;
use crate::auth::Coordinator;
use crate::campaigns;
use crate::donations::Giving;
use crate::error::{AppError, AppResult};
use crate::kernel::{Limit, Line};
use crate::pages::messages::NewMessage;
use crate::pages::photos::Followed;
use crate::pages::reports::{self, ReportId, ReportState, Reported};
use crate::pages::{PageMails, review};
use crate::web::query::{after, value};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    title: String,
    href: String,
    public_url: String,
    participant: String,
    reason: &'static str,
    words: String,
    has_address: bool,
    at: String,
    is_open: bool,
    outcome: String,
    handled_at: Option<String>,
    typed: String,
    error: Option<String>,
}

/// Context of `console/reports`.
#[derive(Serialize)]
struct ReportsView {
    states: Vec<listing::Choice>,
    rows: Vec<RowView>,
    next_url: Option<String>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Reports);
    draw(&desk, query.0, None, Mend::none()).await
}

async fn draw(
    desk: &Desk,
    asked: Asked,
    typed: Option<(ReportId, &Typed)>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let given = Some(asked.state.as_str()).filter(|text| !text.is_empty());
    let state = value("state", given)?.unwrap_or(ReportState::Open);
    let place: Option<ReportId> =
        after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let listed = desk
        .site
        .db
        .read(move |c| reports::list(c, state, scope.ids(), place, Limit::default()))
        .await?;
    let view = ReportsView {
        states: listing::choices(ReportState::ALL, state.as_str()),
        rows: listed
            .items
            .iter()
            .map(|one| row(one, typed, &mend))
            .collect(),
        next_url: listing::next(&desk.request, &listed),
        notice: mend.notice,
    };
    desk.show("reports", "Reports", mend.status, view)
}

fn row(one: &Reported, typed: Option<(ReportId, &Typed)>, mend: &Mend) -> RowView {
    let report = &one.report;
    let typed = typed.filter(|(id, _)| *id == report.id);
    RowView {
        id: report.id.to_string(),
        title: one.title.clone(),
        href: format!("/console/pages/{}", one.slug),
        public_url: format!("/pages/{}", one.slug),
        participant: one.participant.clone(),
        reason: report.reason.words(),
        words: report.words.clone(),
        has_address: report.reporter_email.is_some(),
        at: report.created_at.rfc3339(),
        is_open: report.state == ReportState::Open,
        outcome: report.outcome.clone(),
        handled_at: report.handled_at.map(|at| at.rfc3339()),
        typed: typed
            .map(|(_, typed)| typed.text("words").to_owned())
            .unwrap_or_default(),
        error: typed.and_then(|_| mend.faults.first().map(|fault| fault.message.clone())),
    }
}

/// What is done about a reported page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Nothing,
    Asked,
    Hidden,
}

/// Handles a report: `do` is `nothing`, `ask` or `hide`, `words` say what was found. The page's owner gets the words where
/// the page is hidden or asked about, the reporter where an address was left.
pub(super) async fn handle(
    site: Data<Site>,
    giving: Data<Giving>,
    page_mails: Data<PageMails>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Reports);
    let id: ReportId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this report"))?;
    let scope = Scope::of(&desk.signed);
    let found = site.db.read(move |c| reports::find(c, id)).await?;
    scope.check(found.campaign)?;
    match decide(&desk, &giving, &page_mails, found, &form.0).await {
        Ok(()) => Ok(see("/console/reports?done=handled")),
        Err(error) => {
            draw(
                &desk,
                Asked::default(),
                Some((id, &form.0)),
                Mend::of(error)?,
            )
            .await
        }
    }
}

async fn decide(
    desk: &Desk,
    giving: &Giving,
    page_mails: &Data<PageMails>,
    found: Reported,
    typed: &Typed,
) -> AppResult<()> {
    let done = match typed.text("do") {
        "nothing" => Done::Nothing,
        "ask" => Done::Asked,
        "hide" => Done::Hidden,
        _ => return Err(AppError::field("words", "choose what to do")),
    };
    let words =
        Line::parse(typed.text("words"), 400).map_err(|error| AppError::field("words", error))?;
    let message = NewMessage::parse(words.as_str())?;
    let (by, now) = (desk.signed.user(), desk.now());
    let (mails, config) = (giving.mails.clone(), desk.site.config.clone());
    let page_mails = page_mails.clone();
    let (page, campaign) = (found.report.page_id, found.campaign);
    let followed = desk
        .site
        .db
        .tx(move |c| {
            let outcome = match done {
                Done::Nothing => ReportState::Dismissed,
                Done::Asked | Done::Hidden => ReportState::Acted,
            };
            reports::handle(c, &found, by, outcome, &words, now)?;
            let mut followed = Followed::default();
            match done {
                Done::Nothing => {}
                Done::Asked => review::ask_owner(c, &page_mails, page, by, &message, now)?,
                Done::Hidden => match review::hide(c, &page_mails, page, by, &words, now) {
                    Ok(found) => followed = found,
                    // Another report of the page was handled before this one.
                    Err(AppError::Conflict {
                        code: "no_such_move",
                        ..
                    }) => {}
                    Err(other) => return Err(other),
                },
            }
            let season = campaigns::model::by_id(c, campaign)?;
            let is_acted = done != Done::Nothing;
            mails::answer(
                c,
                &mails,
                &config,
                (&found, &season),
                (is_acted, &words),
                now,
            )?;
            Ok(followed)
        })
        .await?;
    followed.tell(&desk.site);
    if done == Done::Hidden {
        desk.site.views.withdrawn("page", &page.to_string());
        desk.site.views.changed("campaign", &campaign.to_string());
    }
    Ok(())
}
