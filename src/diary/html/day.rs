//! The form of one day: written, changed, taken out.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{changed, diary_url, own_shell, told};
use crate::audit;
use crate::diary::forms::Faults;
use crate::diary::model::{self, Entry, EntryId, NOTE_MOST, Outfit};
use crate::diary::ops::{self, Photo, SaveDay};
use crate::diary::public::photo_url;
use crate::diary::rules::{Season, Timing};
use crate::diary::views::{ChoiceView, DayView};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Day;
use crate::kernel::line::parse_lines;
use crate::pages::PageOwner;
use crate::pages::tools::{PageTools, Tool};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// The fields of the form as text: what does not fit is shown again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    outfit: String,
    note: String,
    photo_alt: String,
    remove_photo: String,
    is_public: String,
}

const FIELDS: &[&str] = &["outfit", "note", "photo", "photo_alt", "is_public"];

impl Typed {
    fn of(entry: Option<&Entry>) -> Self {
        let Some(entry) = entry else {
            return Self {
                outfit: Outfit::Dress.to_string(),
                is_public: "1".to_owned(),
                ..Self::default()
            };
        };
        Self {
            outfit: entry.outfit.to_string(),
            note: entry.note.clone(),
            photo_alt: entry.photo_alt.clone(),
            remove_photo: String::new(),
            is_public: if entry.is_public { "1" } else { "" }.to_owned(),
        }
    }

    fn parse(&self, day: Day) -> Result<SaveDay, Vec<FieldError>> {
        let mut faults = Vec::new();
        let outfit = self.outfit.parse().unwrap_or_else(|_| {
            faults.push(FieldError::new("outfit", "say what you wore"));
            Outfit::Dress
        });
        let mut text = |field: &str, typed: &str, most: usize| {
            if typed.trim().is_empty() {
                return String::new();
            }
            parse_lines(typed, most).unwrap_or_else(|error| {
                faults.push(FieldError::new(field, error));
                String::new()
            })
        };
        let note = text("note", &self.note, NOTE_MOST);
        let photo_alt = text("photo_alt", &self.photo_alt, 200);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(SaveDay {
            id: EntryId::new(),
            day,
            outfit,
            note: Some(note),
            photo: if self.remove_photo.is_empty() {
                Photo::Keep
            } else {
                Photo::Remove
            },
            photo_alt: Some(photo_alt),
            is_public: Some(!self.is_public.is_empty()),
        })
    }
}

/// The address names a day, or nothing.
fn parsed(text: &str) -> AppResult<Day> {
    text.parse().map_err(|_| AppError::NotFound("the day"))
}

struct Shown<'a> {
    owner: &'a PageOwner,
    day: Day,
    typed: &'a Typed,
    faults: &'a [FieldError],
}

pub(super) async fn form(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let day = parsed(&path.0.1)?;
    let page = owner.overview.page.id;
    let entry = site.db.read(move |c| model::of_day(c, page, day)).await?;
    if entry.is_none() {
        let season = Season::of(&owner.overview.campaign);
        if !season.has(day) {
            return Err(AppError::NotFound("the day"));
        }
        let written = season.may_write(day, season.today(site.clock.now()));
        written.map_err(AppError::from).map_err(told)?;
    }
    let shown = Shown {
        owner: &owner,
        day,
        typed: &Typed::of(entry.as_ref()),
        faults: &[],
    };
    show(&site, &request, &shown, StatusCode::OK).await
}

pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
    owner: PageOwner,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let day = parsed(&path.0.1)?;
    let saved = match form.0.parse(day) {
        Ok(save) => write(&site, &owner, save).await,
        Err(faults) => Err(AppError::Invalid(faults)),
    };
    match saved {
        Ok(()) => Ok(see(&diary_url(&owner.overview))),
        Err(AppError::Invalid(faults)) => {
            let shown = Shown {
                owner: &owner,
                day,
                typed: &form.0,
                faults: &faults,
            };
            show(&site, &request, &shown, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other),
    }
}

async fn write(site: &Site, owner: &PageOwner, save: SaveDay) -> AppResult<()> {
    let (now, deed) = (site.clock.now(), owner.deed("diary.write"));
    let of = owner.overview.clone();
    let vanish = save.is_public == Some(false) || save.photo != Photo::Keep;
    site.db
        .tx(move |c| {
            ops::save(c, &of, &save, now)?;
            deed.iter().try_for_each(|deed| audit::record(c, deed, now))
        })
        .await?;
    changed(site, &owner.overview, vanish);
    Ok(())
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn remove(
    site: Data<Site>,
    path: Path<(String, String)>,
    owner: PageOwner,
    _form: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let day = parsed(&path.0.1)?;
    let (now, deed) = (site.clock.now(), owner.deed("diary.remove"));
    let of = owner.overview.clone();
    site.db
        .tx(move |c| {
            let removed = ops::remove(c, &of, day)?;
            match &deed {
                Some(deed) if removed.is_some() => audit::record(c, deed, now),
                _ => Ok(()),
            }
        })
        .await?;
    changed(&site, &owner.overview, true);
    Ok(see(&diary_url(&owner.overview)))
}

async fn show(
    site: &Site,
    request: &HttpRequest,
    shown: &Shown<'_>,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let of = &shown.owner.overview;
    let (page, day, now) = (of.page.id, shown.day, site.clock.now());
    let (entry, is_public) = site
        .db
        .read(move |c| Ok((model::of_day(c, page, day)?, model::is_public(c, page)?)))
        .await?;
    let season = Season::of(&of.campaign);
    let timing = season.may_write(day, season.today(now));
    site.form_page(request, "diary_day", status, |nonce, csrf| {
        let here = diary_url(of);
        let typed = shown.typed;
        Ok(DayView {
            shell: own_shell(site, nonce, of, "A day of your diary", now),
            tools: PageTools::new(&of.page, Some(Tool::Diary)),
            day: day.to_string(),
            is_written: entry.is_some(),
            is_backfill: entry
                .as_ref()
                .map_or(timing == Ok(Timing::Backfill), |entry| entry.is_backfill),
            action: format!("{here}/{day}"),
            remove_url: format!("{here}/{day}/remove"),
            diary_url: here,
            outfits: Outfit::ALL
                .iter()
                .map(|outfit| ChoiceView {
                    value: outfit.as_str(),
                    label: outfit.label(),
                    checked: typed.outfit == outfit.as_str(),
                })
                .collect(),
            note: typed.note.clone(),
            photo_url: entry
                .as_ref()
                .and_then(|entry| entry.photo.as_deref())
                .map(photo_url),
            photo_alt: typed.photo_alt.clone(),
            is_public: !typed.is_public.is_empty(),
            diary_is_private: !is_public,
            faults: Faults::new(FIELDS, shown.faults),
            csrf,
        })
    })
}
