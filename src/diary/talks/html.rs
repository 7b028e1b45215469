//! `/pages/{slug}/talks`: the conversation log, for the page's owner.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::model::{self, Talk, TalkId, TalkPlace, Who};
use super::ops::{self, TellTalk};
use super::views::{OneTalkView, TalkView, TalksView, TypedView};
use crate::audit;
use crate::diary::forms::Faults;
use crate::diary::html::{changed, own_shell};
use crate::diary::model::NOTE_MOST;
use crate::diary::rules::Season;
use crate::diary::views::ChoiceView;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::parse_lines;
use crate::kernel::{Cursor, Limit};
use crate::pages::PageOwner;
use crate::pages::model::PageOverview;
use crate::pages::tools::{PageTools, Tool};
use crate::totals::{self, TallyScope};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query, Site};

/// Mounts the pages.
pub(in crate::diary) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/pages/{slug}/talks")
            .route(web::get().to(list))
            .route(web::post().to(tell)),
    )
    .service(
        web::resource("/pages/{slug}/talks/{id}")
            .route(web::get().to(form))
            .route(web::post().to(change)),
    )
    .service(web::resource("/pages/{slug}/talks/{id}/remove").route(web::post().to(remove)));
}

fn talks_url(of: &PageOverview) -> String {
    format!("/pages/{}/talks", of.page.slug)
}

const FIELDS: &[&str] = &["who", "day", "note"];

/// The fields of both forms as text. The buttons of the first carry `who`; without a day it is today.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    once: String,
    who: String,
    day: String,
    learned: String,
    signed: String,
    gave: String,
    note: String,
}

impl Typed {
    fn of(talk: &Talk) -> Self {
        let ticked = |yes: bool| if yes { "1" } else { "" }.to_owned();
        Self {
            once: String::new(),
            who: talk.who.to_string(),
            day: talk.day.to_string(),
            learned: ticked(talk.learned),
            signed: ticked(talk.signed),
            gave: ticked(talk.gave),
            note: talk.note.clone(),
        }
    }

    fn parse(&self, id: TalkId, today: &str) -> Result<TellTalk, Vec<FieldError>> {
        let mut faults = Vec::new();
        let day = match self.day.trim() {
            "" => today,
            typed => typed,
        };
        let day = day.parse();
        let who = self.who.parse();
        if day.is_err() {
            faults.push(FieldError::new("day", "choose a day"));
        }
        if who.is_err() {
            faults.push(FieldError::new("who", "say who asked"));
        }
        let note = match self.note.trim() {
            "" => Ok(String::new()),
            typed => parse_lines(typed, NOTE_MOST),
        };
        if let Err(error) = &note {
            faults.push(FieldError::new("note", error));
        }
        match (day, who, note) {
            (Ok(day), Ok(who), Ok(note)) => Ok(TellTalk {
                id,
                day,
                who,
                learned: !self.learned.is_empty(),
                signed: !self.signed.is_empty(),
                gave: !self.gave.is_empty(),
                note,
            }),
            _ => Err(faults),
        }
    }

    fn view(&self) -> TypedView {
        TypedView {
            day: self.day.clone(),
            learned: !self.learned.is_empty(),
            signed: !self.signed.is_empty(),
            gave: !self.gave.is_empty(),
            note: self.note.clone(),
        }
    }

    fn choices(&self) -> Vec<ChoiceView> {
        let choice = |who: &Who| ChoiceView {
            value: who.as_str(),
            label: who.label(),
            checked: self.who == who.as_str(),
        };
        Who::ALL.iter().map(choice).collect()
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    after: Option<String>,
}

async fn list(
    site: Data<Site>,
    request: HttpRequest,
    query: Query<Asked>,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let after = query.0.after.as_deref();
    let after: Option<TalkPlace> = after.and_then(|text| Cursor::parse(text).ok());
    let shown = Shown {
        after,
        typed: Typed::default(),
        faults: Vec::new(),
    };
    show(&site, &request, &owner, shown, StatusCode::OK).await
}

async fn tell(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let id = form.0.once.parse().unwrap_or_else(|_| TalkId::new());
    let told = match form.0.parse(id, &today_of(&owner.overview, now)) {
        Ok(talk) => {
            let (of, deed) = (owner.overview.clone(), owner.deed("talk.tell"));
            let told = site.db.tx(move |c| {
                let is_new = ops::tell(c, &of, &talk, now)?;
                match &deed {
                    Some(deed) if is_new => audit::record(c, deed, now),
                    _ => Ok(()),
                }
            });
            told.await
        }
        Err(faults) => Err(AppError::Invalid(faults)),
    };
    match told {
        Ok(()) => {
            changed(&site, &owner.overview, false);
            Ok(see(&talks_url(&owner.overview)))
        }
        Err(AppError::Invalid(faults)) => {
            let shown = Shown {
                after: None,
                typed: form.0,
                faults,
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(&site, &request, &owner, shown, status).await
        }
        Err(other) => Err(other),
    }
}

fn today_of(of: &PageOverview, now: crate::kernel::Timestamp) -> String {
    let today = of.campaign.time_zone.day_of(now);
    today.map(|day| day.to_string()).unwrap_or_default()
}

struct Shown {
    after: Option<TalkPlace>,
    typed: Typed,
    faults: Vec<FieldError>,
}

async fn show(
    site: &Site,
    request: &HttpRequest,
    owner: &PageOwner,
    shown: Shown,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let of = &owner.overview;
    let (page, now) = (of.page.id, site.clock.now());
    let after = shown.after.clone();
    let (tally, talks) = site
        .db
        .read(move |c| {
            let tally = totals::tally(c, TallyScope::Page, &page.to_string())?;
            let talks = model::of_page(c, page, after.as_ref(), Limit::default())?;
            Ok((tally, talks))
        })
        .await?;
    let season = Season::of(&of.campaign);
    site.form_page(request, "talks", status, |nonce, csrf| {
        let here = talks_url(of);
        let once = match shown.typed.once.as_str() {
            "" => TalkId::new().to_string(),
            kept => kept.to_owned(),
        };
        let talk = |talk: &Talk| TalkView {
            day: talk.day.to_string(),
            who: talk.who.label(),
            learned: talk.learned,
            signed: talk.signed,
            gave: talk.gave,
            note: talk.note.clone(),
            edit_url: format!("{here}/{}", talk.id),
        };
        Ok(TalksView {
            shell: own_shell(site, nonce, of, "Your conversations", now),
            tools: PageTools::new(&of.page, Some(Tool::Talks)),
            tally,
            once,
            who: shown.typed.choices(),
            typed: shown.typed.view(),
            today: today_of(of, now),
            closed: season
                .is_open(season.today(now))
                .err()
                .map(|why| why.to_string()),
            talks: talks.items.iter().map(talk).collect(),
            more_url: talks
                .next
                .as_ref()
                .map(|next| format!("{here}?after={}", next.as_str())),
            faults: Faults::new(FIELDS, &shown.faults),
            action: here,
            csrf,
        })
    })
}

fn talk_id(text: &str) -> AppResult<TalkId> {
    text.parse()
        .map_err(|_| AppError::NotFound("the conversation"))
}

async fn form(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let (id, page) = (talk_id(&path.0.1)?, owner.overview.page.id);
    let talk = site.db.read(move |c| model::one(c, page, id)).await?;
    let talk = talk.ok_or(AppError::NotFound("the conversation"))?;
    let typed = Typed::of(&talk);
    show_one(&site, &request, &owner, (id, &typed, &[]), StatusCode::OK)
}

async fn change(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
    owner: PageOwner,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (id, now) = (talk_id(&path.0.1)?, site.clock.now());
    let changed_to = match form.0.parse(id, "") {
        Ok(talk) => {
            let (of, deed) = (owner.overview.clone(), owner.deed("talk.change"));
            let done = site.db.tx(move |c| {
                ops::change(c, &of, &talk, now)?;
                deed.iter().try_for_each(|deed| audit::record(c, deed, now))
            });
            done.await
        }
        Err(faults) => Err(AppError::Invalid(faults)),
    };
    match changed_to {
        Ok(()) => {
            changed(&site, &owner.overview, false);
            Ok(see(&talks_url(&owner.overview)))
        }
        Err(AppError::Invalid(faults)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show_one(&site, &request, &owner, (id, &form.0, &faults), status)
        }
        Err(other) => Err(other),
    }
}

fn show_one(
    site: &Site,
    request: &HttpRequest,
    owner: &PageOwner,
    (id, typed, faults): (TalkId, &Typed, &[FieldError]),
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let (of, now) = (&owner.overview, site.clock.now());
    site.form_page(request, "talk", status, |nonce, csrf| {
        let here = talks_url(of);
        Ok(OneTalkView {
            shell: own_shell(site, nonce, of, "A conversation", now),
            tools: PageTools::new(&of.page, Some(Tool::Talks)),
            action: format!("{here}/{id}"),
            remove_url: format!("{here}/{id}/remove"),
            talks_url: here,
            who: typed.choices(),
            typed: typed.view(),
            today: today_of(of, now),
            faults: Faults::new(FIELDS, faults),
            csrf,
        })
    })
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn remove(
    site: Data<Site>,
    path: Path<(String, String)>,
    owner: PageOwner,
    _form: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let (id, now) = (talk_id(&path.0.1)?, site.clock.now());
    let (of, deed) = (owner.overview.clone(), owner.deed("talk.remove"));
    site.db
        .tx(move |c| {
            let removed = ops::remove(c, &of, id)?;
            match &deed {
                Some(deed) if removed => audit::record(c, deed, now),
                _ => Ok(()),
            }
        })
        .await?;
    changed(&site, &owner.overview, false);
    Ok(see(&talks_url(&owner.overview)))
}
