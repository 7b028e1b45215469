//! `/console/people/{id}`: one person: pages, sessions, roles. Owners give and take roles and keep people out.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::people_table::{self, OwnPage};
use super::record::{self, DeedView};
use super::scope::Scope;
use crate::accounts::{Next, take_factor_away};
use crate::audit::{self, Deed, Recorded};
use crate::auth::roles::{SetRole, narrowed, set_role, user_by_id};
use crate::auth::sessions::{self, Session};
use crate::auth::{Coordinator, Owner, Role, User, UserId, model, passkeys, roles};
use crate::campaigns::{self, Campaign, CampaignId};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::mail::Mails;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// Everything that the page of a person tells.
struct Found {
    user: User,
    roles: Vec<Role>,
    narrowed: Vec<(Role, CampaignId)>,
    pages: Vec<OwnPage>,
    sessions: Vec<Session>,
    has_passkeys: bool,
    seasons: Vec<Campaign>,
    deeds: Vec<Recorded>,
    names: std::collections::HashMap<UserId, String>,
}

#[derive(Serialize)]
struct SeasonTick {
    id: String,
    title: String,
    is_ticked: bool,
}

#[derive(Serialize)]
struct RoleView {
    role: &'static str,
    has: bool,
    can_be_narrowed: bool,
    seasons: Vec<SeasonTick>,
}

#[derive(Serialize)]
struct PageView {
    title: String,
    href: String,
    status: String,
}

#[derive(Serialize)]
struct SessionView {
    browser: String,
    began_at: String,
    seen_at: String,
}

/// Context of `console/person`.
#[derive(Serialize)]
struct PersonView {
    id: String,
    name: String,
    email: String,
    is_verified: bool,
    has_factor: bool,
    can_reset: bool,
    came_at: String,
    out_since: Option<String>,
    is_deleted: bool,
    role_words: String,
    roles: Vec<RoleView>,
    can_govern: bool,
    is_self: bool,
    pages: Vec<PageView>,
    sessions: Vec<SessionView>,
    deeds: Vec<DeedView>,
    notice: Option<String>,
}

fn id_of(text: &str) -> AppResult<UserId> {
    text.parse().map_err(|_| AppError::NotFound("the person"))
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Participants);
    draw(&desk, id_of(&path.0)?, Mend::none()).await
}

async fn draw(desk: &Desk, id: UserId, mend: Mend) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let db = &desk.site.db;
    let found = db.read(move |c| find(c, &scope, id)).await?;
    let subject = ("user", id.to_string());
    desk.note(Deed::new(desk.signed.user(), "person.view", subject))
        .await?;
    let status = mend.status;
    let view = view(desk, found, mend);
    desk.show("person", "A person", status, view)
}

/// The person, if the reader may know of them: whose role holds for single seasons sees the owners of pages there.
fn find(conn: &mut Conn, scope: &Scope, id: UserId) -> AppResult<Found> {
    let user = user_by_id(conn, id)?;
    let mut pages = people_table::pages_of(conn, &[id], None)?
        .remove(&id)
        .unwrap_or_default();
    pages.retain(|page| scope.holds(page.campaign_id));
    if pages.is_empty() && !scope.is_whole() {
        return Err(AppError::NotFound("the person"));
    }
    let deeds = audit::of_subject(conn, "user", &id.to_string(), 20)?;
    Ok(Found {
        roles: model::roles_of(conn, id)?,
        narrowed: narrowed(conn, id)?,
        sessions: sessions::of_user(conn, id)?,
        has_passkeys: !passkeys::of_user(conn, id)?.is_empty(),
        seasons: campaigns::model::all(conn)?,
        names: record::names(conn, &deeds)?,
        user,
        pages,
        deeds,
    })
}

fn view(desk: &Desk, found: Found, mend: Mend) -> PersonView {
    let user = &found.user;
    let role_view = |role: &Role| RoleView {
        role: role.as_str(),
        has: found.roles.contains(role),
        can_be_narrowed: matches!(role, Role::Coordinator | Role::Finance),
        seasons: found
            .seasons
            .iter()
            .map(|season| SeasonTick {
                id: season.id.to_string(),
                title: season.title.clone(),
                is_ticked: found.narrowed.contains(&(*role, season.id)),
            })
            .collect(),
    };
    let has_factor = user.totp_confirmed_at.is_some() || found.has_passkeys;
    let fault = mend.faults.first().map(|fault| fault.message.clone());
    PersonView {
        id: user.id.to_string(),
        name: user.name.clone(),
        email: user.email.to_string(),
        is_verified: user.verified_at.is_some(),
        has_factor,
        can_reset: has_factor && desk.signed.user() != user.id && user.deleted_at.is_none(),
        came_at: user.created_at.rfc3339(),
        out_since: user.disabled_at.map(Timestamp::rfc3339),
        is_deleted: user.deleted_at.is_some(),
        role_words: match super::people::words(Some(&found.roles)) {
            words if words.is_empty() => "participant".to_owned(),
            words => words,
        },
        roles: Role::ALL.iter().map(role_view).collect(),
        can_govern: desk.signed.is(Role::Owner),
        is_self: desk.signed.user() == user.id,
        pages: found
            .pages
            .iter()
            .map(|page| PageView {
                title: page.title.clone(),
                href: format!("/console/pages/{}", page.slug),
                status: page.status.to_string().replace('_', " "),
            })
            .collect(),
        sessions: found
            .sessions
            .iter()
            .map(|session| SessionView {
                browser: session.browser.clone(),
                began_at: session.created_at.rfc3339(),
                seen_at: session.seen_at.rfc3339(),
            })
            .collect(),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        notice: mend.notice.or(fault),
    }
}

/// Gives or takes a role: fields `role`, `has`, and `campaign` for each season that it is narrowed to.
pub(super) async fn role(
    site: Data<Site>,
    request: HttpRequest,
    owner: Owner,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, owner.0, Room::Participants);
    let user = id_of(&path.0)?;
    let done = set(&desk, user, &form.0).await;
    finish(&desk, user, done.map(|()| "saved")).await
}

async fn set(desk: &Desk, user: UserId, typed: &Typed) -> AppResult<()> {
    let role: Role = typed
        .text("role")
        .parse()
        .map_err(|_| AppError::field("role", "choose a role"))?;
    let campaigns = typed
        .all("campaign")
        .map(str::parse)
        .collect::<Result<Vec<CampaignId>, _>>()
        .map_err(|_| AppError::field("campaigns", "choose seasons of the list"))?;
    let new = SetRole {
        user,
        role,
        has: typed.ticked("has"),
        campaigns,
    };
    let (actor, now) = (desk.signed.user(), desk.now());
    let action = if new.has { "user.grant" } else { "user.revoke" };
    desk.site
        .db
        .tx(move |c| {
            user_by_id(c, user)?;
            for campaign in &new.campaigns {
                campaigns::model::by_id(c, *campaign)?;
            }
            let before = standing(c, user)?;
            set_role(c, &new, now)?;
            let after = standing(c, user)?;
            let deed = Deed::new(actor, action, ("user", user.to_string()))
                .saying(match new.campaigns.len() {
                    0 => role.to_string(),
                    1 => format!("{role}, for one season"),
                    n => format!("{role}, for {n} seasons"),
                })
                .edited(before, after);
            audit::record(c, &deed, now)
        })
        .await
}

/// What a person may do, in one text: its digests go into the record.
fn standing(conn: &mut Conn, user: UserId) -> AppResult<String> {
    let roles = model::roles_of(conn, user)?;
    let narrowed = narrowed(conn, user)?;
    Ok(serde_json::to_string(&(roles, narrowed))?)
}

/// Keeps a person out, lets them in again, ends their sessions, or takes a lost second factor away: field `do` of `disable`,
/// `enable`, `end`, `reset_factor`.
pub(super) async fn access(
    site: Data<Site>,
    mails: Data<Mails>,
    request: HttpRequest,
    owner: Owner,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, owner.0, Room::Participants);
    let user = id_of(&path.0)?;
    let (actor, now) = (desk.signed.user(), desk.now());
    let is_reset = form.0.text("do") == "reset_factor";
    if is_reset && desk.signed.proved_lately(now).is_err() {
        let back = format!("/console/people/{user}");
        return Ok(see(&Next::parse(&back).on("/login/again")));
    }
    if actor == user && is_reset {
        let own = AppError::Conflict {
            code: "own_account",
            detail: "your own second factor you change at /account/security".into(),
        };
        return finish(&desk, user, Err(own)).await;
    }
    if actor == user && form.0.text("do") == "disable" {
        let own = AppError::Conflict {
            code: "own_account",
            detail: "you cannot keep yourself out; another owner can".into(),
        };
        return finish(&desk, user, Err(own)).await;
    }
    let (action, done): (&'static str, &'static str) = match form.0.text("do") {
        "disable" => ("user.disable", "disabled"),
        "enable" => ("user.enable", "enabled"),
        "end" => ("user.end_sessions", "ended"),
        "reset_factor" => ("user.reset_factor", "reset"),
        _ => return Err(AppError::field("do", "choose what to do")),
    };
    let config = Arc::clone(&site.config);
    let result = site
        .db
        .tx(move |c| {
            user_by_id(c, user)?;
            let deed = Deed::new(actor, action, ("user", user.to_string()));
            match action {
                "user.reset_factor" => {
                    let post = (&*config, mails.get_ref());
                    return take_factor_away(c, post, user, deed, now).map(|_| ());
                }
                "user.disable" => roles::disable(c, user, now)?,
                "user.enable" => roles::enable(c, user)?,
                _ => {
                    sessions::end_all(c, user, None, now)?;
                }
            }
            audit::record(c, &deed, now)
        })
        .await;
    finish(&desk, user, result.map(|()| done)).await
}

/// Back to the person, with what was done or what kept it from being done.
async fn finish(
    desk: &Desk,
    user: UserId,
    done: AppResult<&'static str>,
) -> AppResult<HttpResponse> {
    match done {
        Ok(word) => Ok(see(&format!("/console/people/{user}?done={word}"))),
        Err(error) => {
            let mut mend = Mend::of(error)?;
            if mend.status == StatusCode::OK {
                mend.status = StatusCode::UNPROCESSABLE_ENTITY;
            }
            draw(desk, user, mend).await
        }
    }
}
