//! `/console/stories/{id}`: the editor: the form, a preview, what the harm screen asks, pictures, what the story stands on.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing::Choice;
use super::record::{self, DeedView};
use super::scope::Scope;
use super::stories::story_of;
use super::story_form::{self, Choices, FormView};
use crate::audit::{self, Recorded};
use crate::auth::{Coordinator, UserId};
use crate::campaigns::CampaignId;
use crate::consent_vault::{self as vault, Channel, Consent, Shows, ops::today};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Day, Limit, Timestamp};
use crate::partners::{Program, ProgramId, model as partners};
use crate::stories::copies::{self, Copy};
use crate::stories::harm::Warning;
use crate::stories::pictures::{self, Shown, Where};
use crate::stories::views::{PictureView, TextView};
use crate::stories::{self as nouns, Answer, Hindrance, Status, Story, ops, public};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// Everything that the editor shows of a story.
pub(super) struct Found {
    pub(super) story: Story,
    programs: Vec<Program>,
    campaigns: Vec<CampaignId>,
    all_programs: Choices<ProgramId>,
    all_campaigns: Choices<CampaignId>,
    pictures: Vec<Shown>,
    warnings: Vec<Warning>,
    answers: HashMap<String, Answer>,
    consents: Vec<Consent>,
    to_link: Vec<Consent>,
    hindrances: Vec<Hindrance>,
    /// Why it cannot stand, for the web.
    no_ground: Option<String>,
    copies: Vec<Copy>,
    deeds: Vec<Recorded>,
    names: HashMap<UserId, String>,
}

fn find(conn: &mut Conn, scope: &Scope, id: &str, now: Timestamp) -> AppResult<Found> {
    let story = story_of(conn, scope, id)?;
    let today = today(now)?;
    let pictures = pictures::of(conn, &[story.id])?;
    let consents = nouns::consents_of(conn, story.id)?;
    let no_ground = match nouns::grounds(conn, &story, Channel::Web, today) {
        Ok(_) => None,
        Err(AppError::Conflict { detail, .. }) => Some(detail),
        Err(other) => return Err(other),
    };
    let deeds = audit::of_subject(conn, "story", &story.id.to_string(), 30)?;
    let programs = partners::programs(conn, None, Limit::MOST)?.items;
    let seasons = crate::campaigns::model::all(conn)?;
    let vault = vault::ending(conn, today, last_day()?, 100)?;
    Ok(Found {
        warnings: nouns::warnings(conn, &story, &pictures)?,
        answers: nouns::answers(conn, story.id)?,
        hindrances: nouns::hindrances(conn, &story)?,
        copies: copies::of(conn, &[story.id])?,
        names: record::names(conn, &deeds)?,
        programs: nouns::programs_of(conn, story.id)?,
        campaigns: nouns::campaigns_of(conn, story.id)?,
        all_programs: programs
            .into_iter()
            .map(|row| (row.program.id, row.program.name))
            .collect(),
        all_campaigns: seasons
            .into_iter()
            .filter(|one| scope.holds(one.id))
            .map(|one| (one.id, one.title))
            .collect(),
        to_link: vault
            .into_iter()
            .filter(|one| consents.iter().all(|known| known.id != one.id))
            .collect(),
        consents,
        pictures,
        no_ground,
        deeds,
        story,
    })
}

fn last_day() -> AppResult<Day> {
    "9999-12-31".parse().map_err(AppError::internal)
}

#[derive(Serialize)]
struct WarningView {
    key: String,
    title: &'static str,
    part: &'static str,
    passage: String,
    why: &'static str,
    advice: &'static str,
    reason: String,
    is_answered: bool,
    error: Option<String>,
}

#[derive(Serialize)]
struct EditorPicture {
    id: String,
    #[serde(flatten)]
    view: PictureView,
    place: &'static str,
    shows: &'static str,
}

#[derive(Serialize)]
struct ConsentView {
    id: String,
    url: String,
    pseudonym: String,
    state: &'static str,
    state_words: String,
    until: String,
    signatures: u8,
}

#[derive(Serialize)]
struct CopyView {
    channel: &'static str,
    reference: String,
    recipients: i64,
    sent_at: String,
}

#[derive(Serialize)]
struct HindranceView {
    href: String,
    words: String,
}

/// Context of `console/story`.
#[derive(Serialize)]
struct EditorView {
    id: String,
    title: String,
    status: &'static str,
    status_words: &'static str,
    public_url: Option<String>,
    shown_until: Option<String>,
    withdrawn: Option<String>,
    form: FormView,
    preview: TextView,
    warnings: Vec<WarningView>,
    open_warnings: usize,
    pictures: Vec<EditorPicture>,
    places: Vec<Choice>,
    shows: Vec<Choice>,
    alt: String,
    caption: String,
    photo_error: Option<String>,
    alt_error: Option<String>,
    consents: Vec<ConsentView>,
    to_link: Vec<ConsentView>,
    no_ground: Option<String>,
    hindrances: Vec<HindranceView>,
    can_edit: bool,
    can_submit: bool,
    can_publish: bool,
    can_withdraw: bool,
    can_reopen: bool,
    can_archive: bool,
    reason: String,
    reason_error: Option<String>,
    copies: Vec<CopyView>,
    deeds: Vec<DeedView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

fn shows_choices(current: &str) -> Vec<Choice> {
    let label = |shows: Shows| match shows {
        Shows::Nobody => "Nobody: a drawing, a place, a thing",
        Shows::NoFace => "Somebody who cannot be known by it",
        Shows::Face => "Somebody who can be known",
    };
    Shows::ALL
        .iter()
        .map(|shows| Choice {
            value: shows.to_string(),
            label: label(*shows).to_owned(),
            is_current: shows.as_str() == current,
        })
        .collect()
}

fn place_choices(current: &str) -> Vec<Choice> {
    let label = |place: Where| match place {
        Where::Lead => "Above the text",
        Where::Author => "Beside the author",
        Where::Body => "Below the text",
    };
    Where::ALL
        .iter()
        .map(|place| Choice {
            value: place.to_string(),
            label: label(*place).to_owned(),
            is_current: place.as_str() == current,
        })
        .collect()
}

fn consent_view(consent: &Consent, today: Day) -> ConsentView {
    let state = consent.state(today);
    ConsentView {
        id: consent.id.to_string(),
        url: format!("/console/consents/{}", consent.id),
        pseudonym: consent.pseudonym.clone(),
        state: state.as_str(),
        state_words: state.as_str().replace('_', " "),
        until: consent.expires_on.to_string(),
        signatures: u8::from(consent.first_by.is_some()) + u8::from(consent.second_by.is_some()),
    }
}

fn view(found: Found, typed: Option<&Typed>, mend: Mend, now: Timestamp) -> AppResult<EditorView> {
    let today = today(now)?;
    let story = &found.story;
    let program_ids: Vec<ProgramId> = found.programs.iter().map(|one| one.id).collect();
    let stands = story_form::of(story, &program_ids, &found.campaigns);
    let of_form = typed.filter(|typed| typed.ticked("version"));
    let own = |field: &str| typed.map_or("", |typed| typed.text(field)).to_owned();
    let warnings: Vec<WarningView> = found
        .warnings
        .iter()
        .map(|one| {
            let key = one.key();
            let answer = found.answers.get(&key);
            let now_typed = own("warning") == key;
            WarningView {
                title: one.rule.title(),
                part: one.part,
                passage: one.passage.clone(),
                why: one.rule.why(),
                advice: one.rule.advice(),
                reason: match answer {
                    _ if now_typed => own("answer"),
                    Some(answer) => answer.reason.clone(),
                    None => String::new(),
                },
                is_answered: answer.is_some(),
                error: mend.at("answer").filter(|_| now_typed),
                key,
            }
        })
        .collect();
    let is = |all: &[Status]| all.contains(&story.status);
    let picture = |shown: &Shown| EditorPicture {
        id: shown.picture.media_id.to_string(),
        view: PictureView::of(shown),
        place: shown.picture.place.as_str(),
        shows: shown.picture.shows.as_str(),
    };
    let elsewhere = ["photo", "photo_alt", "reason", "answer"];
    Ok(EditorView {
        id: story.id.to_string(),
        title: story.title.clone(),
        status: story.status.as_str(),
        status_words: story.status.words(),
        public_url: story
            .is_shown(today)
            .then(|| format!("/stories/{}", story.slug)),
        shown_until: story.shown_until.map(|day| day.to_string()),
        withdrawn: story.withdrawn_because.map(|why| {
            let why = why.as_str().replace('_', " ");
            match story.withdrawn_note.as_str() {
                "" => why,
                note => format!("{why}: {note}"),
            }
        }),
        form: story_form::draw(
            of_form.unwrap_or(&stands),
            &mend,
            &found.all_programs,
            &found.all_campaigns,
        ),
        preview: public::text(story, &found.pictures, &found.programs),
        open_warnings: warnings.iter().filter(|one| !one.is_answered).count(),
        warnings,
        pictures: found.pictures.iter().map(picture).collect(),
        places: place_choices(&own("place")),
        shows: shows_choices(&own("shows")),
        alt: own("photo_alt"),
        caption: own("caption"),
        photo_error: mend.at("photo"),
        alt_error: mend.at("photo_alt"),
        consents: found
            .consents
            .iter()
            .map(|one| consent_view(one, today))
            .collect(),
        to_link: found
            .to_link
            .iter()
            .map(|one| consent_view(one, today))
            .collect(),
        no_ground: found.no_ground,
        hindrances: found
            .hindrances
            .iter()
            .map(|one| HindranceView {
                href: format!("#{}", one.place),
                words: one.words.clone(),
            })
            .collect(),
        can_edit: story.status != Status::Archived,
        can_submit: is(Status::InReview.comes_from()),
        can_publish: is(Status::Published.comes_from()),
        can_withdraw: is(Status::Withdrawn.comes_from()),
        can_reopen: is(Status::Draft.comes_from()),
        can_archive: is(Status::Archived.comes_from()),
        reason: own("reason"),
        reason_error: mend.at("reason"),
        copies: found
            .copies
            .iter()
            .map(|copy| CopyView {
                channel: copy.channel.as_str(),
                reference: copy.reference.clone(),
                recipients: copy.recipients,
                sent_at: copy.sent_at.rfc3339(),
            })
            .collect(),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        errors: mend
            .faults
            .iter()
            .filter(|fault| !elsewhere.contains(&fault.field.as_str()))
            .cloned()
            .collect(),
        notice: mend.notice,
    })
}

/// The editor: with what was typed into one of its forms, where that is to be mended.
pub(super) async fn draw(
    desk: &Desk,
    id: &str,
    typed: Option<&Typed>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (scope, now, id) = (Scope::of(&desk.signed), desk.now(), id.to_owned());
    let read = desk.site.db.read(move |c| find(c, &scope, &id, now));
    let found = read.await?;
    let (status, title) = (mend.status, found.story.title.clone());
    desk.show("story", &title, status, view(found, typed, mend, now)?)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    draw(&desk, &path.0, None, Mend::none()).await
}

/// Saves the form; what somebody else saved meanwhile is not overwritten.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let (scope, now, by) = (Scope::of(&desk.signed), desk.now(), desk.signed.user());
    let (id, wanted) = (path.0, scope.clone());
    let asked = id.clone();
    let read = site.db.read(move |c| story_of(c, &wanted, &asked));
    let story = read.await?;
    let done = match story_form::parse(&form.0, story.id, &scope, by) {
        Err(error) => Err(error),
        Ok(command) => site.db.tx(move |c| ops::edit(c, &command, now)).await,
    };
    match done {
        Ok(reach) => {
            reach.changed(&site);
            Ok(see(&format!("/console/stories/{id}?done=saved")))
        }
        Err(error) => draw(&desk, &id, Some(&form.0), Mend::of(error)?).await,
    }
}

/// Context of `console/story_preview`.
#[derive(Serialize)]
struct PreviewView {
    id: String,
    preview: TextView,
    warnings: Vec<WarningView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// What the form would show, and what the harm screen says of it; nothing is saved. The script of the editor asks for the
/// part alone (`X-Fragment`), without it the button leads here.
pub(super) async fn preview(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let (scope, by) = (Scope::of(&desk.signed), desk.signed.user());
    let (id, wanted) = (path.0, scope.clone());
    let (story, shown) = site
        .db
        .read(move |c| {
            let story = story_of(c, &wanted, &id)?;
            let shown = pictures::of(c, &[story.id])?;
            Ok((story, shown))
        })
        .await?;
    let edit = match story_form::parse(&form.0, story.id, &scope, by) {
        Ok(edit) => edit,
        Err(error) => {
            let id = story.id.to_string();
            return draw(&desk, &id, Some(&form.0), Mend::of(error)?).await;
        }
    };
    let story = story_form::previewed(story, &edit);
    let (programs, warnings, answers) = site
        .db
        .read({
            let (story, shown) = (story.clone(), shown.clone());
            move |c| {
                let all = partners::programs(c, None, Limit::MOST)?.items;
                let programs: Vec<Program> = edit
                    .programs
                    .iter()
                    .filter_map(|id| all.iter().find(|row| row.program.id == *id))
                    .map(|row| row.program.clone())
                    .collect();
                let warnings = nouns::warnings(c, &story, &shown)?;
                Ok((programs, warnings, nouns::answers(c, story.id)?))
            }
        })
        .await?;
    let view = PreviewView {
        id: story.id.to_string(),
        preview: public::text(&story, &shown, &programs),
        warnings: warnings
            .iter()
            .map(|one| {
                let answer = answers.get(&one.key());
                WarningView {
                    key: one.key(),
                    title: one.rule.title(),
                    part: one.part,
                    passage: one.passage.clone(),
                    why: one.rule.why(),
                    advice: one.rule.advice(),
                    reason: answer.map(|one| one.reason.clone()).unwrap_or_default(),
                    is_answered: answer.is_some(),
                    error: None,
                }
            })
            .collect(),
        errors: Vec::new(),
        notice: None,
    };
    if request.headers().contains_key("x-fragment") {
        let html = site.render("console/story_fragment", &view)?;
        return Ok(HttpResponse::Ok()
            .insert_header(("content-type", "text/html; charset=utf-8"))
            .insert_header(("cache-control", "no-store"))
            .body(html));
    }
    desk.show(
        "story_preview",
        &format!("Preview of {}", story.title),
        StatusCode::OK,
        view,
    )
}
