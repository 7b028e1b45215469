//! What is done to a story beside writing it: pictures, answers to the harm screen, consents, and its state.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::scope::Scope;
use super::stories::story_of;
use super::story::draw;
use crate::auth::Coordinator;
use crate::consent_vault::{ConsentId, Shows};
use crate::error::{AppError, AppResult};
use crate::kernel::Line;
use crate::kernel::line::BadText;
use crate::media::{self, ALT_MAX, MediaId, Shape, Use};
use crate::stories::pictures::{self, AddPicture, Where};
use crate::stories::{self as nouns, StoryId, ops, takedown};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site, UploadForm};

/// The story of the path, if the reader's role holds for it.
async fn id_of(desk: &Desk, path: &str) -> AppResult<StoryId> {
    let (scope, asked) = (Scope::of(&desk.signed), path.to_owned());
    let read = desk.site.db.read(move |c| story_of(c, &scope, &asked));
    Ok(read.await?.id)
}

/// Back to the editor: with the deed's word, or with what is to be mended.
async fn back(
    desk: &Desk,
    id: StoryId,
    typed: &Typed,
    done: AppResult<&'static str>,
) -> AppResult<HttpResponse> {
    match done {
        Ok(word) => Ok(see(&format!("/console/stories/{id}?done={word}"))),
        Err(error) => draw(desk, &id.to_string(), Some(typed), Mend::of(error)?).await,
    }
}

fn line(typed: &Typed, field: &str, most: usize, empty: &str) -> AppResult<Line> {
    Line::parse(typed.text(field), most).map_err(|error| match error {
        BadText::Empty => AppError::field(field, empty),
        other => AppError::field(field, other),
    })
}

/// Adds a picture: fields `photo`, `photo_alt`, `caption`, `place`, `shows`.
pub(super) async fn picture(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    mut form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let id = id_of(&desk, &path.0).await?;
    let done = add_picture(&desk, id, &mut form).await;
    let done = done.map(|()| "picture-added");
    back(&desk, id, &form.fields, done).await
}

async fn add_picture(desk: &Desk, id: StoryId, form: &mut UploadForm<Typed>) -> AppResult<()> {
    let typed = &form.fields;
    let alt = line(
        typed,
        "photo_alt",
        ALT_MAX,
        "say what the picture shows, for people who cannot see it",
    )?;
    let caption = match Line::parse(typed.text("caption"), 300) {
        Ok(line) => line.into_string(),
        Err(BadText::Empty) => String::new(),
        Err(error) => return Err(AppError::field("caption", error)),
    };
    let place: Where = typed
        .text("place")
        .parse()
        .map_err(|_| AppError::field("place", "say where it stands"))?;
    let shows: Shows = typed
        .text("shows")
        .parse()
        .map_err(|_| AppError::field("shows", "say what it shows of people"))?;
    let bytes = form
        .files
        .take("photo")
        .ok_or_else(|| AppError::field("photo", "choose a picture"))?;
    let (by, now) = (desk.signed.user(), desk.now());
    let taken = media::take(&desk.site, by, Use::Story, Shape::Whole, bytes).await?;
    let new = AddPicture {
        story: id,
        media: taken,
        place,
        alt,
        caption,
        shows,
    };
    let db = &desk.site.db;
    db.tx(move |c| pictures::add(c, &new, now)).await
}

/// Takes a picture away: field `picture`.
pub(super) async fn remove_picture(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let id = id_of(&desk, &path.0).await?;
    let picture: MediaId = form
        .0
        .text("picture")
        .parse()
        .map_err(|_| AppError::NotFound("this picture"))?;
    let (by, now) = (desk.signed.user(), desk.now());
    let done = site
        .db
        .tx(move |c| pictures::remove(c, id, picture, by, now))
        .await;
    if done.is_ok() {
        media::withdrawn(&site, picture);
    }
    back(&desk, id, &form.0, done.map(|()| "removed")).await
}

/// Answers a warning: fields `warning`, `answer`.
pub(super) async fn answer(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let id = id_of(&desk, &path.0).await?;
    let said = line(
        &form.0,
        "answer",
        300,
        "say why this passage may stand; it goes on record",
    );
    let (warning, by, now) = (
        form.0.text("warning").to_owned(),
        desk.signed.user(),
        desk.now(),
    );
    let done = match said {
        Err(error) => Err(error),
        Ok(said) => {
            site.db
                .tx(move |c| ops::answer(c, id, &warning, &said, by, now))
                .await
        }
    };
    back(&desk, id, &form.0, done.map(|()| "answered")).await
}

/// Names a consent that the story stands on, or takes it away: fields `do` (`link`, `unlink`) and `consent`.
pub(super) async fn consents(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let id = id_of(&desk, &path.0).await?;
    let consent: AppResult<ConsentId> = form
        .0
        .text("consent")
        .parse()
        .map_err(|_| AppError::field("consent", "choose a consent of the vault"));
    let is_link = form.0.text("do") != "unlink";
    let (by, now) = (desk.signed.user(), desk.now());
    let done = match consent {
        Err(error) => Err(error),
        Ok(consent) => {
            site.db
                .tx(move |c| {
                    if is_link {
                        nouns::link(c, id, consent, by, now)
                    } else {
                        nouns::unlink(c, id, consent, by, now)
                    }
                })
                .await
        }
    };
    let word = if is_link { "linked" } else { "removed" };
    back(&desk, id, &form.0, done.map(|()| word)).await
}

/// Moves the story: field `do`, and `reason` for taking it down.
pub(super) async fn state(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Stories);
    let id = id_of(&desk, &path.0).await?;
    let (by, now, db) = (desk.signed.user(), desk.now(), &site.db);
    let done = match form.0.text("do") {
        "submit" => db
            .tx(move |c| ops::submit(c, id, by, now))
            .await
            .map(|()| "story-submitted"),
        "reopen" => db
            .tx(move |c| ops::reopen(c, id, by, now))
            .await
            .map(|()| "story-reopened"),
        "archive" => db
            .tx(move |c| ops::archive(c, id, by, now))
            .await
            .map(|()| "archived"),
        "publish" => db
            .tx(move |c| ops::publish(c, id, by, now))
            .await
            .map(|reach| {
                reach.changed(&site);
                "story-published"
            }),
        "withdraw" => match line(&form.0, "reason", 300, "say why; it goes on record") {
            Err(error) => Err(error),
            Ok(reason) => db
                .tx(move |c| takedown::withdraw(c, id, &reason, by, now))
                .await
                .map(|reach| {
                    reach.withdrawn(&site);
                    "story-withdrawn"
                }),
        },
        _ => Err(AppError::BadRequest("choose what to do".into())),
    };
    back(&desk, id, &form.0, done).await
}
