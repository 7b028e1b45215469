//! `/console/stories`: every story, the last changed first, and a new one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::listing::{self, Choice, ROWS};
use super::scope::{self, Scope, SeasonChoice};
use crate::auth::Coordinator;
use crate::campaigns::CampaignId;
use crate::consent_vault::ops::today;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Line, Slug};
use crate::stories::{self as nouns, About, CreateStory, Status, Story, StoryId, ops};
use crate::web::query::{after, value};
use crate::web::site::see;
use crate::web::{CsrfForm, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    title: String,
    edit_url: String,
    public_url: Option<String>,
    author: String,
    about: &'static str,
    state: &'static str,
    until: Option<String>,
    changed_at: String,
}

/// Context of `console/stories`.
#[derive(Serialize)]
struct StoriesView {
    states: Vec<Choice>,
    rows: Vec<RowView>,
    next_url: Option<String>,
    seasons: Vec<SeasonChoice>,
    fields: Vec<Field>,
    abouts: Vec<Choice>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// Whose story it is, for people.
pub(super) fn abouts(current: &str) -> Vec<Choice> {
    About::ALL
        .iter()
        .map(|about| Choice {
            value: about.to_string(),
            label: match about {
                About::Survivor => "By or about a survivor (stands on a consent)".to_owned(),
                About::Work => "About the work, nobody in it has to agree".to_owned(),
            },
            is_current: about.as_str() == current,
        })
        .collect()
}

/// That the reader's role holds for every season whose list holds a story.
///
/// # Errors
/// [`AppError::Forbidden`].
pub(super) fn check(scope: &Scope, campaigns: &[CampaignId]) -> AppResult<()> {
    if scope.is_whole() {
        return Ok(());
    }
    if campaigns.is_empty() {
        return scope.check_whole();
    }
    campaigns
        .iter()
        .try_for_each(|campaign| scope.check(*campaign))
}

/// The story of an id, if the reader's role holds for it.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`].
pub(super) fn story_of(conn: &mut Conn, scope: &Scope, text: &str) -> AppResult<Story> {
    let id: StoryId = text.parse().map_err(|_| AppError::NotFound("this story"))?;
    let story = nouns::by_id(conn, id)?;
    check(scope, &nouns::campaigns_of(conn, id)?)?;
    Ok(story)
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    draw(&desk, query.0, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, asked: Asked, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let state: Option<Status> = value("state", given(&asked.state).as_deref())?;
    let place = after(given(&asked.after).as_deref())?;
    let (scope, now) = (Scope::of(&desk.signed), desk.now());
    let (listed, chosen) = desk
        .site
        .db
        .read(move |c| {
            let listed = nouns::list(c, scope.ids(), state, place, ROWS)?;
            Ok((listed, scope::chosen(c, &scope, "")?))
        })
        .await?;
    let today = today(now)?;
    let d = Draw { typed, mend: &mend };
    let rows = listed.items.iter().map(|story| RowView {
        title: story.title.clone(),
        edit_url: format!("/console/stories/{}", story.id),
        public_url: story
            .is_shown(today)
            .then(|| format!("/stories/{}", story.slug)),
        author: story.author_name.clone(),
        about: story.about.as_str(),
        state: story.status.words(),
        until: story.shown_until.map(|day| day.to_string()),
        changed_at: story.updated_at.rfc3339(),
    });
    let mut states = listing::choices(Status::ALL, state.map_or("", Status::as_str));
    states.insert(
        0,
        Choice {
            value: String::new(),
            label: "every state".to_owned(),
            is_current: state.is_none(),
        },
    );
    let view = StoriesView {
        states,
        rows: rows.collect(),
        next_url: listing::next(&desk.request, &listed),
        seasons: chosen.choices,
        fields: vec![
            d.text("title", "Title"),
            d.text("slug", "Address")
                .hint("Its place in URLs. Empty: made from the title."),
        ],
        abouts: abouts(typed.text("about")),
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("stories", "Stories", mend.status, view)
}

/// Makes a draft: fields `title`, `slug`, `about`, `campaign`.
pub(super) async fn create(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    match make(&desk, &form.0).await {
        Ok(id) => Ok(see(&format!("/console/stories/{id}?done=made"))),
        Err(error) => draw(&desk, Asked::default(), &form.0, Mend::of(error)?).await,
    }
}

async fn make(desk: &Desk, typed: &Typed) -> AppResult<StoryId> {
    let title =
        Line::parse(typed.text("title"), 160).map_err(|error| AppError::field("title", error))?;
    let slug: Slug = match typed.text("slug").trim() {
        "" => Slug::from_title(title.as_str())
            .ok_or_else(|| AppError::field("slug", "choose an address in letters a to z"))?,
        text => text
            .parse()
            .map_err(|error| AppError::field("slug", error))?,
    };
    let about: About = typed
        .text("about")
        .parse()
        .map_err(|_| AppError::field("about", "say whose story it is"))?;
    let (id, by, now) = (StoryId::new(), desk.signed.user(), desk.now());
    let (scope, season) = (Scope::of(&desk.signed), typed.text("campaign").to_owned());
    desk.site
        .db
        .tx(move |c| {
            let campaign = scope::season(c, &scope, &season)?.id;
            let new = CreateStory {
                id,
                slug: slug.clone(),
                title: title.clone(),
                about,
                campaigns: vec![campaign],
                by,
            };
            ops::create(c, &new, now)
        })
        .await?;
    Ok(id)
}
