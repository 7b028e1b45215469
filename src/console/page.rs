//! `/console/pages/{slug}`: one page: its facts, what was said about it, its record, and what staff may do with it.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::record::{self, DeedView};
use super::scope::Scope;
use crate::audit::{self, Deed, Recorded};
use crate::auth::roles::user_by_id;
use crate::auth::{Coordinator, User, UserId};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Line, Slug, Timestamp};
use crate::pages::messages::{self, Message, NewMessage};
use crate::pages::model::{self, PageOverview, PageStatus};
use crate::pages::photos::Followed;
use crate::pages::{PageId, PageMails, ops, review};
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Site, markdown};

/// Everything that the console tells of a page.
struct Found {
    overview: PageOverview,
    owner: Option<User>,
    messages: Vec<Message>,
    deeds: Vec<Recorded>,
    names: HashMap<UserId, String>,
}

#[derive(Serialize)]
struct MessageView {
    body: String,
    from_staff: bool,
    at: String,
}

/// Context of `console/page`.
#[derive(Serialize)]
struct PageView {
    slug: String,
    title: String,
    participant: String,
    status: String,
    state_words: &'static str,
    public_url: String,
    edit_url: String,
    campaign: String,
    campaign_slug: String,
    team: Option<String>,
    owner: Option<String>,
    owner_url: String,
    made_at: String,
    published_at: Option<String>,
    raised: MoneyView,
    goal: MoneyView,
    gifts: i64,
    has_own_story: bool,
    story_html: String,
    hidden_reason: Option<String>,
    can_approve: bool,
    can_hide: bool,
    can_show: bool,
    can_archive: bool,
    message: String,
    message_error: Option<String>,
    reason: String,
    reason_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
    messages: Vec<MessageView>,
    deeds: Vec<DeedView>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Pages);
    draw(&desk, &path.0, &Typed::default(), Mend::none()).await
}

/// The page of a slug, if the reader's role holds for its season.
fn page_of(conn: &mut Conn, scope: &Scope, slug: &str) -> AppResult<PageOverview> {
    let slug: Slug = slug.parse().map_err(|_| AppError::NotFound("the page"))?;
    let overview = model::any_by_slug(conn, &slug)?.ok_or(AppError::NotFound("the page"))?;
    scope.check(overview.page.campaign_id)?;
    Ok(overview)
}

fn find(conn: &mut Conn, scope: &Scope, slug: &str) -> AppResult<Found> {
    let overview = page_of(conn, scope, slug)?;
    let id = overview.page.id;
    let owner = match overview.page.owner_id {
        Some(owner) => Some(user_by_id(conn, owner)?),
        None => None,
    };
    let deeds = audit::of_subject(conn, "page", &id.to_string(), 30)?;
    Ok(Found {
        messages: messages::of_page(conn, id)?,
        names: record::names(conn, &deeds)?,
        overview,
        owner,
        deeds,
    })
}

async fn draw(desk: &Desk, slug: &str, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let (scope, slug) = (Scope::of(&desk.signed), slug.to_owned());
    let found = desk.site.db.read(move |c| find(c, &scope, &slug)).await?;
    let (status, title) = (mend.status, found.overview.page.title.clone());
    desk.show("page", &title, status, view(found, typed, mend))
}

fn view(found: Found, typed: &Typed, mend: Mend) -> PageView {
    let page = &found.overview.page;
    let raised = found.overview.total.raised();
    let story = found.overview.story();
    PageView {
        slug: page.slug.to_string(),
        title: page.title.clone(),
        participant: page.participant.clone(),
        status: page.status.to_string().replace('_', " "),
        state_words: match page.status {
            PageStatus::NeedsInfo => "asked its owner for more",
            other => other.words(),
        },
        public_url: format!("/pages/{}", page.slug),
        edit_url: format!("/pages/{}/edit", page.slug),
        campaign: found.overview.campaign.title.clone(),
        campaign_slug: found.overview.campaign.slug.to_string(),
        team: found.overview.team.as_ref().map(|team| team.name.clone()),
        owner: found.owner.as_ref().map(|owner| owner.name.clone()),
        owner_url: found
            .owner
            .as_ref()
            .map(|owner| format!("/console/people/{}", owner.id))
            .unwrap_or_default(),
        made_at: page.created_at.rfc3339(),
        published_at: page.published_at.map(Timestamp::rfc3339),
        raised: raised.into(),
        goal: page.goal(raised.currency()).into(),
        gifts: found.overview.total.donations,
        has_own_story: !page.story.is_empty(),
        story_html: if story.trim().is_empty() {
            String::new()
        } else {
            markdown::html(story).into_string()
        },
        hidden_reason: page.hidden_reason.clone(),
        can_approve: page.status == PageStatus::Submitted,
        can_hide: page.status == PageStatus::Live,
        can_show: page.status == PageStatus::Hidden,
        can_archive: page.status == PageStatus::Live,
        message: typed.text("message").to_owned(),
        message_error: mend.at("message"),
        reason: typed.text("reason").to_owned(),
        reason_error: mend.at("reason"),
        errors: mend.faults,
        notice: mend.notice,
        messages: found
            .messages
            .iter()
            .map(|message| MessageView {
                body: message.body.clone(),
                from_staff: message.from_staff,
                at: message.created_at.rfc3339(),
            })
            .collect(),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
    }
}

/// What staff do with a page.
#[derive(Debug, Clone)]
enum Act {
    Approve,
    Ask(NewMessage),
    Hide(Line),
    Show,
    Archive,
}

impl Act {
    fn parse(typed: &Typed) -> AppResult<Self> {
        match typed.text("do") {
            "approve" => Ok(Self::Approve),
            "ask" => NewMessage::parse(typed.text("message")).map(Self::Ask),
            "hide" => Line::parse(typed.text("reason"), 400)
                .map(Self::Hide)
                .map_err(|error| AppError::field("reason", error)),
            "show" => Ok(Self::Show),
            "archive" => Ok(Self::Archive),
            _ => Err(AppError::field("do", "choose what to do")),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Ask(_) => "asked",
            Self::Hide(_) => "hidden",
            Self::Show => "shown",
            Self::Archive => "archived",
        }
    }

    fn run(
        &self,
        conn: &mut Conn,
        mails: &PageMails,
        overview: &PageOverview,
        by: UserId,
        now: Timestamp,
    ) -> AppResult<Followed> {
        let page = overview.page.id;
        match self {
            Self::Approve => review::approve(conn, mails, page, by, now)?,
            Self::Ask(message) => review::ask_for_more(conn, mails, page, by, message, now)?,
            Self::Hide(reason) => return review::hide(conn, mails, page, by, reason, now),
            Self::Show => return review::show(conn, mails, page, by, now),
            Self::Archive => {
                let followed = ops::archive(conn, page, now)?;
                let deed = Deed::new(by, "page.archive", ("page", page.to_string()));
                audit::record(conn, &deed.of(overview.page.campaign_id), now)?;
                return Ok(followed);
            }
        }
        Ok(Followed::default())
    }
}

/// Does what the field `do` says: `approve`, `ask` with `message`, `hide` with `reason`, `show`, `archive`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    mails: Data<PageMails>,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Pages);
    let (scope, by, now) = (Scope::of(&desk.signed), desk.signed.user(), desk.now());
    let slug = path.0;
    let wanted = slug.clone();
    let overview = site.db.read(move |c| page_of(c, &scope, &wanted)).await?;
    let (page, campaign) = (overview.page.id, overview.page.campaign_id);
    let done = match Act::parse(&form.0) {
        Err(error) => Err(error),
        Ok(act) => {
            let word = act.word();
            site.db
                .tx(move |c| act.run(c, &mails, &overview, by, now))
                .await
                .map(|followed| (word, followed))
        }
    };
    match done {
        Ok((word, followed)) => {
            followed.tell(&site);
            tell_views(&site, page, word == "hidden" || word == "archived");
            site.views.changed("campaign", &campaign.to_string());
            Ok(see(&format!("/console/pages/{slug}?done={word}")))
        }
        Err(error) => draw(&desk, &slug, &form.0, Mend::of(error)?).await,
    }
}

fn tell_views(site: &Site, page: PageId, is_gone: bool) {
    let id = page.to_string();
    if is_gone {
        site.views.withdrawn("page", &id);
    } else {
        site.views.changed("page", &id);
    }
}

/// Pages that can be approved at once: those of one piece of the table.
const MOST: usize = 100;

/// Approves the ticked pages; one that does not wait any more is left as it is.
pub(super) async fn approve_all(
    site: Data<Site>,
    mails: Data<PageMails>,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (scope, by, now) = (Scope::of(&staff.0), staff.0.user(), site.clock.now());
    let ids = form
        .0
        .all("page")
        .take(MOST)
        .map(str::parse)
        .collect::<Result<Vec<PageId>, _>>()
        .map_err(|_| AppError::field("page", "tick pages of the table"))?;
    let wanted = ids.clone();
    let approved = site
        .db
        .tx(move |c| {
            let mut approved = 0;
            for id in &wanted {
                let found = model::any_by_id(c, *id)?.ok_or(AppError::NotFound("the page"))?;
                scope.check(found.page.campaign_id)?;
                match review::approve(c, &mails, *id, by, now) {
                    Ok(()) => approved += 1,
                    Err(AppError::Conflict {
                        code: "no_such_move",
                        ..
                    }) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(approved)
        })
        .await?;
    for id in ids {
        tell_views(&site, id, false);
    }
    let back = form.0.text("back");
    let back = if back.starts_with("/console/pages") {
        back
    } else {
        "/console/pages"
    };
    let mark = if back.contains('?') { '&' } else { '?' };
    let word = if approved == 0 { "nothing" } else { "approved" };
    Ok(see(&format!("{back}{mark}done={word}")))
}
