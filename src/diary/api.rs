//! `/api/v1/pages/{slug}/diary`: the public entries, and writing one.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::html::changed;
use super::model::{self, Entry, EntryId, NOTE_MOST, Outfit};
use super::ops::{self, Photo, SaveDay};
use crate::audit::{self, Deed, Via};
use crate::auth::{Access, Holder};
use crate::error::{AppError, AppResult, FieldError, Problem};
use crate::kernel::line::parse_lines;
use crate::kernel::shape::{DayText, Lines};
use crate::kernel::{Day, Listed, Slug, Timestamp};
use crate::media;
use crate::pages::{self, guard};
use crate::web::query::{self, ListQuery, NoQuery};
use crate::web::{JsonBody, Path, Site};

/// Mounts the routes.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/api/v1/pages/{slug}/diary")
            .route(web::get().to(list))
            .route(web::post().to(write)),
    );
}

/// A day of a diary.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DiaryDay {
    /// In the campaign's time zone.
    #[schema(value_type = String, format = Date)]
    pub day: Day,
    /// `dress`, `tie`, `repeat`, `uniform` or `sport`.
    #[schema(value_type = String, example = "repeat")]
    pub outfit: Outfit,
    /// In the participant's words; may be empty.
    pub note: String,
    /// Whether a photograph belongs to it.
    pub has_photo: bool,
    /// Whether strangers see it, on a page whose diary is public.
    pub public: bool,
    /// Written after the day it tells of.
    pub backfill: bool,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl From<Entry> for DiaryDay {
    fn from(entry: Entry) -> Self {
        Self {
            day: entry.day,
            outfit: entry.outfit,
            has_photo: entry.photo.is_some(),
            note: entry.note,
            public: entry.is_public,
            backfill: entry.is_backfill,
            created_at: entry.created_at,
            updated_at: entry.updated_at,
        }
    }
}

type NoteText = Lines<NOTE_MOST>;

/// A day to be written.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteDay {
    /// A day of the season that has begun in the campaign's time zone.
    #[schema(value_type = DayText)]
    pub day: String,
    /// `dress`, `tie`, `repeat`, `uniform` or `sport`.
    #[schema(value_type = Outfit)]
    pub outfit: String,
    /// At most 500 characters; left out, what stands is kept.
    #[schema(value_type = Option<NoteText>)]
    pub note: Option<String>,
    /// Whether strangers see it; left out, what stands is kept, and a new day is public.
    pub public: Option<bool>,
}

impl WriteDay {
    fn parse(&self) -> AppResult<SaveDay> {
        let mut faults = Vec::new();
        let day = self.day.parse::<Day>();
        let day = day.map_err(|error| faults.push(FieldError::new("day", error)));
        let outfit = self.outfit.parse::<Outfit>();
        let outfit = outfit.map_err(|error| faults.push(FieldError::new("outfit", error)));
        let note = match self.note.as_deref() {
            None => Ok(None),
            Some(text) if text.trim().is_empty() => Ok(Some(String::new())),
            Some(text) => parse_lines(text, NOTE_MOST)
                .map(Some)
                .map_err(|error| faults.push(FieldError::new("note", error))),
        };
        match (day, outfit, note) {
            (Ok(day), Ok(outfit), Ok(note)) => Ok(SaveDay {
                id: EntryId::new(),
                day,
                outfit,
                note,
                photo: Photo::Keep,
                photo_alt: None,
                is_public: self.public,
            }),
            _ => Err(AppError::Invalid(faults)),
        }
    }
}

/// The public days of a page's diary, newest first; none of a private diary.
#[utoipa::path(get, operation_id = "list_diary", path = "/api/v1/pages/{slug}/diary", tag = "diary",
    params(("slug" = String, Path, description = "The page's slug"), ListQuery), responses(
    (status = 200, body = Listed<DiaryDay>),
    (status = 404, description = "No such page", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let asked: ListQuery = query::query(&request)?;
    let before: Option<Day> = query::after(asked.after.as_deref())?;
    let limit = query::limit(asked.limit.as_deref())?;
    let slug: Slug = path.0.parse().map_err(|_| AppError::NotFound("the page"))?;
    let listed = site
        .db
        .read(move |c| {
            let page = pages::by_slug(c, &slug)?.page.id;
            model::public_list(c, page, before, limit)
        })
        .await?;
    Ok(HttpResponse::Ok().json(listed.map(DiaryDay::from)))
}

/// Writes a day: 201 when it is new, 200 when it was there and is changed. Sent twice, it is one day.
#[utoipa::path(post, operation_id = "write_diary", path = "/api/v1/pages/{slug}/diary", tag = "diary",
    request_body = WriteDay, params(("slug" = String, Path, description = "The page's slug")),
    security(("bearer" = ["pages:write"])), responses(
    (status = 201, description = "The day is new", body = DiaryDay),
    (status = 200, description = "The day was there and is changed", body = DiaryDay),
    (status = 400, description = "No JSON", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Without the scope `pages:write`, or somebody else's page", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No such page", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`does_not_fit`: a `day` that the season does not take now", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not declared as JSON", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Fields to mend", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
))]
pub async fn write(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    holder: Holder,
    body: JsonBody<WriteDay>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let slug: Slug = path.0.parse().map_err(|_| AppError::NotFound("the page"))?;
    let holder = holder.0;
    let (user, asked) = (holder.user, slug.clone());
    // Whose page it is comes before what was sent: a stranger learns nothing from the faults.
    let of = site
        .db
        .read(move |c| guard::for_token(c, &holder, Access::Write, &asked))
        .await?;
    let (save, now) = (body.0.parse()?, site.clock.now());
    let deed = (of.page.owner_id != Some(user)).then(|| {
        let subject = ("page", of.page.id.to_string());
        let mut deed = Deed::new(user, "diary.write", subject).of(of.campaign.id);
        deed.via = Via::Token;
        deed
    });
    let (vanish, target) = (save.is_public == Some(false), of.clone());
    let saved = site
        .db
        .tx(move |c| {
            let saved = ops::save(c, &target, &save, now)?;
            deed.iter()
                .try_for_each(|deed| audit::record(c, deed, now))?;
            Ok(saved)
        })
        .await
        .map_err(AppError::after_parsing)?;
    changed(&site, &of, vanish);
    for photo in saved.withdrawn {
        media::withdrawn(&site, photo);
    }
    let status = if saved.is_new {
        actix_web::http::StatusCode::CREATED
    } else {
        actix_web::http::StatusCode::OK
    };
    Ok(HttpResponse::build(status).json(DiaryDay::from(saved.entry)))
}
