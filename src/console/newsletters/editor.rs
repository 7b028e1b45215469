//! `/console/newsletters/{id}`: the editor: form, preview, checks, approval, test mail, and where sending begins.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::Typed;
use super::super::mask::{masked, masked_address};
use super::super::record::{self, DeedView};
use super::super::scope::Scope;
use super::views::{self, CheckView, FormView, Offers};
use super::{form, newsletter_of, reach};
use crate::audit::{self, Deed, Recorded};
use crate::auth::{Coordinator, UserId};
use crate::campaigns::overview;
use crate::consent_vault::ops::today;
use crate::db::Conn;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::{self, model as impact_model};
use crate::kernel::{Email, Limit, Timestamp};
use crate::newsletters::approval::{self, Approval};
use crate::newsletters::checks::{self, Check, Weight};
use crate::newsletters::model::NewsletterState;
use crate::newsletters::{Content, House, Newsletter, audience, ops, pictures};
use crate::partners::ProgramId;
use crate::stories::{self, Status};
use crate::subscribers::SubscriberId;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};
use diesel::prelude::*;

/// Readers to preview as, at most.
const READERS: i64 = 12;

/// Everything that the editor shows.
struct Found {
    newsletter: Newsletter,
    offers: Offers,
    checks: Vec<Check>,
    count: i64,
    readers: Vec<(SubscriberId, String, Email)>,
    above: i64,
    approvals: Vec<Approval>,
    digest: String,
    deeds: Vec<Recorded>,
    names: std::collections::HashMap<UserId, String>,
    blocks: Vec<crate::newsletters::Block>,
}

fn offers(conn: &mut Conn, scope: &Scope, one: &Newsletter, now: Timestamp) -> AppResult<Offers> {
    let mut all = Offers {
        pictures: pictures::newest(conn)?
            .into_iter()
            .map(|picture| (picture.media_id.to_string(), picture.alt))
            .collect(),
        ..Offers::default()
    };
    let shown = stories::list(
        conn,
        scope.ids(),
        Some(Status::Published),
        None,
        Limit::MOST,
    )?;
    all.stories = shown
        .items
        .into_iter()
        .map(|story| (story.id.to_string(), story.title))
        .collect();
    if let Some(campaign) = one.campaign_id {
        let programs = overview::programs_of(conn, campaign)?;
        let ids: Vec<ProgramId> = programs.iter().map(|(program, _)| program.id).collect();
        let figures = impact_model::figures_of(conn, &ids)?;
        all.figures = figures
            .iter()
            .map(|figure| {
                let words = format!("{} {}, {}", figure.count, figure.label, figure.period);
                (figure.id.to_string(), words)
            })
            .collect();
        let costs = impact::unit_costs(conn, &ids, today(now)?)?;
        all.costs = costs
            .iter()
            .map(|cost| {
                let words = format!("{} covers {}", cost.amount(), cost.covers);
                (cost.id.to_string(), words)
            })
            .collect();
    }
    all.lists = reach::lists_for(conn, scope, one)?;
    all.segments = reach::segments_for(conn, scope, one)?;
    Ok(all)
}

fn find(
    conn: &mut Conn,
    scope: &Scope,
    (id, typed): (&str, Option<&Typed>),
    (house, now): (&House, Timestamp),
) -> AppResult<Found> {
    let newsletter = newsletter_of(conn, scope, id)?;
    let count = match audience::count(conn, &newsletter.audience.0, now) {
        Err(AppError::NotFound(_)) => 0,
        other => other?,
    };
    let readers = match count {
        0 => Vec::new(),
        _ => audience::some(conn, &newsletter.audience.0, READERS, now)?,
    };
    let deeds = audit::of_subject(conn, "newsletter", &newsletter.id.to_string(), 30)?;
    let mut names = record::names(conn, &deeds)?;
    let approvals = approval::of(conn, &newsletter)?;
    names.extend(user_names(conn, &approvals)?);
    let blocks = match typed {
        Some(typed) => form::blocks(typed),
        None => Content::parse(&newsletter.content)?.blocks,
    };
    Ok(Found {
        offers: offers(conn, scope, &newsletter, now)?,
        checks: checks::every(conn, &newsletter, house, now)?,
        readers: audience::names(conn, &readers)?,
        above: approval::above(conn)?,
        digest: approval::digest(conn, &newsletter)?,
        approvals,
        names,
        deeds,
        count,
        blocks,
        newsletter,
    })
}

fn user_names(conn: &mut Conn, all: &[Approval]) -> AppResult<Vec<(UserId, String)>> {
    use crate::db::schema::users;
    let ids: Vec<UserId> = all.iter().map(|one| one.user_id).collect();
    let query = users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::name));
    Ok(each!(conn, c => query.load(c))?)
}

#[derive(Serialize)]
struct ReaderView {
    id: String,
    label: String,
}

#[derive(Serialize)]
struct ApprovalView {
    by: String,
    at: String,
    recipients: i64,
    is_typed: bool,
}

/// What somebody else saved meanwhile.
#[derive(Serialize)]
struct TheirsView {
    by: String,
    at: String,
    subject: String,
    words: Vec<String>,
}

/// Context of `console/newsletter`.
#[derive(Serialize)]
struct EditorView {
    id: String,
    title: String,
    state: &'static str,
    can_edit: bool,
    public_url: Option<String>,
    is_public: bool,
    has_left: bool,
    form: FormView,
    checks: Vec<CheckView>,
    blocking: usize,
    count: i64,
    is_of_grant: bool,
    is_of_season: bool,
    is_of_step: bool,
    readers: Vec<ReaderView>,
    mail_url: String,
    digest: String,
    above: i64,
    needs_approval: bool,
    is_mine: bool,
    approvals: Vec<ApprovalView>,
    typed_count: String,
    count_error: Option<String>,
    theirs: Option<TheirsView>,
    own_email: String,
    deeds: Vec<DeedView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

fn theirs(found: &Found, typed: Option<&Typed>) -> AppResult<Option<TheirsView>> {
    let newsletter = &found.newsletter;
    let seen = typed.and_then(|typed| typed.text("version").parse::<i64>().ok());
    if seen.is_none_or(|seen| seen == newsletter.version) {
        return Ok(None);
    }
    let by = newsletter.changed_by.unwrap_or(newsletter.made_by);
    let content = Content::parse(&newsletter.content)?;
    let mut words = Vec::with_capacity(content.blocks.len());
    for block in &content.blocks {
        words.push(match block {
            crate::newsletters::Block::Text { words } => words.clone(),
            other => serde_json::to_string(other)?,
        });
    }
    Ok(Some(TheirsView {
        by: found.names.get(&by).cloned().unwrap_or_default(),
        at: newsletter.changed_at.rfc3339(),
        subject: newsletter.subject.clone(),
        words,
    }))
}

fn view(found: Found, typed: Option<Typed>, mend: Mend, desk: &Desk) -> AppResult<EditorView> {
    let newsletter = &found.newsletter;
    let theirs = theirs(&found, typed.as_ref())?;
    let is_form = typed.as_ref().is_some_and(|typed| typed.sent("blocks"));
    let mut shown = match typed.filter(|_| is_form) {
        Some(typed) => typed,
        None => form::of(newsletter)?,
    };
    if theirs.is_some() {
        // Saving again keeps what is typed here, knowingly: the page says whose words it takes the place of.
        shown.0.retain(|(name, _)| name != "version");
        shown.set("version", newsletter.version);
    }
    let wrote = newsletter.changed_by.unwrap_or(newsletter.made_by);
    let has_left = newsletter.started_at.is_some();
    let is_whole = Scope::of(&desk.signed).is_whole();
    let name = |id: &UserId| found.names.get(id).cloned().unwrap_or_default();
    Ok(EditorView {
        id: newsletter.id.to_string(),
        title: newsletter.title.clone(),
        state: newsletter.state.as_str(),
        can_edit: newsletter.state == NewsletterState::Draft,
        public_url: (has_left && newsletter.is_public)
            .then(|| format!("/newsletters/{}", newsletter.slug)),
        is_public: newsletter.is_public,
        has_left,
        form: views::form(&shown, &found.blocks, &found.offers, &mend),
        blocking: found
            .checks
            .iter()
            .filter(|check| check.weight == Weight::Blocks)
            .count(),
        checks: views::checks(&found.checks),
        count: found.count,
        is_of_grant: newsletter.audience.0.grant.is_some(),
        is_of_season: newsletter.campaign_id.is_some(),
        is_of_step: newsletter.audience.0.one_by_one,
        readers: found
            .readers
            .iter()
            .map(|(id, name, email)| ReaderView {
                id: id.to_string(),
                label: label(name, email, is_whole),
            })
            .collect(),
        mail_url: format!("/console/newsletters/{}/mail", newsletter.id),
        digest: found.digest.clone(),
        above: found.above,
        needs_approval: found.count > found.above,
        is_mine: wrote == desk.signed.user(),
        approvals: found
            .approvals
            .iter()
            .map(|one| ApprovalView {
                by: name(&one.user_id),
                at: one.approved_at.rfc3339(),
                recipients: one.recipients,
                is_typed: one.is_typed,
            })
            .collect(),
        typed_count: shown.text("count").to_owned(),
        count_error: mend.at("count"),
        theirs,
        own_email: desk.signed.email().to_string(),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        errors: views::faults(&mend)
            .into_iter()
            .filter(|fault| fault.field != "count")
            .collect(),
        notice: mend.notice,
    })
}

/// A reader to preview as: whoever runs single seasons tells them apart, no more (S9).
fn label(name: &str, email: &Email, is_whole: bool) -> String {
    let (name, email) = match is_whole {
        true => (name.to_owned(), email.to_string()),
        false => (masked(name), masked_address(email.as_str())),
    };
    if name.is_empty() {
        return email;
    }
    format!("{name}, {email}")
}

/// The editor: with what was typed into one of its forms, where that is to be mended.
pub(super) async fn draw(
    desk: &Desk,
    id: &str,
    typed: Option<Typed>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (scope, now, id) = (Scope::of(&desk.signed), desk.now(), id.to_owned());
    let house = House::of(&desk.site.config);
    let asked = typed.clone().filter(|typed| typed.sent("blocks"));
    let found = desk
        .site
        .db
        .read(move |c| find(c, &scope, (&id, asked.as_ref()), (&house, now)))
        .await?;
    if Scope::of(&desk.signed).is_whole() && !found.readers.is_empty() {
        // Names and addresses stand on the page (S15).
        let subject = ("newsletters", found.newsletter.id.to_string());
        let deed = Deed::new(desk.signed.user(), "newsletter.readers", subject);
        desk.note(deed.saying(format!("{} addresses", found.readers.len())))
            .await?;
    }
    let (status, title) = (mend.status, found.newsletter.title.clone());
    let view = view(found, typed, mend, desk)?;
    let mut response = desk.show("newsletter", &title, status, view)?;
    // This page frames the mail.
    let headers = response.headers_mut();
    let policy = headers
        .get(CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok())
        .map(|policy| format!("{policy}; frame-src 'self'"))
        .unwrap_or_default();
    let policy = HeaderValue::from_str(&policy).map_err(AppError::internal)?;
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    draw(&desk, &path.0, None, Mend::none()).await
}

/// Saves the form, with its blocks moved as the pressed button asks. What cannot be saved is shown again as it was typed.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let (scope, now, by) = (Scope::of(&desk.signed), desk.now(), desk.signed.user());
    let (id, mut typed) = (path.0, form.0);
    let (asked, seen_by) = (id.clone(), scope.clone());
    let (newsletter, pictures) = site
        .db
        .read(move |c| Ok((newsletter_of(c, &seen_by, &asked)?, pictures::newest(c)?)))
        .await?;
    let seen = form::rearrange(&mut typed, &pictures);
    let house = House::of(&site.config);
    let done = match form::parse(&typed, &newsletter, by) {
        Err(error) => Err(error),
        Ok(draft) => {
            let work = move |c: &mut Conn| {
                let saved = newsletter_of(c, &scope, &draft.id.to_string())?.audience.0;
                reach::check(c, &scope, &saved, &draft.audience)?;
                ops::save(c, &draft, &house, now)
            };
            site.db.tx(work).await
        }
    };
    match done {
        Ok(()) => {
            let place = seen.map_or_else(String::new, |number| format!("#block-{}", number + 1));
            Ok(see(&format!("/console/newsletters/{id}?done=saved{place}")))
        }
        Err(error) => draw(&desk, &id, Some(typed), Mend::of(error)?).await,
    }
}
