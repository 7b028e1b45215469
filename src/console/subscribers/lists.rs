//! `/console/lists`: mailing lists, public and not, and the topics that readers may switch off.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::{Draw, Field, Typed};
use super::super::scope::{self, Scope, SeasonChoice};
use super::lists_in;
use crate::auth::Coordinator;
use crate::campaigns::{Campaign, model as campaigns};
use crate::db::Conn;
use crate::db::schema::subscriptions;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::parse_lines;
use crate::kernel::{Line, Slug};
use crate::subscribers::model::{all_topics, list_by_id};
use crate::subscribers::topics::{self, ListForm};
use crate::subscribers::{List, ListId, SubscriptionState, Topic};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

const NAME_MOST: usize = 80;
const ABOUT_MOST: usize = 300;

#[derive(Serialize)]
struct ListView {
    id: String,
    slug: String,
    name: String,
    about: String,
    season: String,
    is_public: bool,
    takes_gifts: bool,
    is_away: bool,
    on: i64,
    asked: i64,
    left: i64,
    /// Whether its form is open, with what was typed into it.
    is_open: bool,
    name_error: Option<String>,
    about_error: Option<String>,
}

#[derive(Serialize)]
struct TopicView {
    slug: String,
    name: String,
    about: String,
    is_away: bool,
}

/// Context of `console/lists`.
#[derive(Serialize)]
struct View {
    lists: Vec<ListView>,
    topics: Vec<TopicView>,
    seasons: Vec<SeasonChoice>,
    is_whole: bool,
    fields: Vec<Field>,
    topic_fields: Vec<Field>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Lists);
    draw(&desk, None, &Typed::default(), Mend::none()).await
}

type Counts = HashMap<(ListId, SubscriptionState), i64>;

fn counts(conn: &mut Conn) -> AppResult<Counts> {
    let query = subscriptions::table
        .group_by((subscriptions::list_id, subscriptions::state))
        .select((subscriptions::list_id, subscriptions::state, count_star()));
    let rows: Vec<(ListId, SubscriptionState, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(list, state, count)| ((list, state), count))
        .collect())
}

/// The page, with what was typed into the form of the list `changed`, or into one that makes something new.
async fn draw(
    desk: &Desk,
    changed: Option<ListId>,
    typed: &Typed,
    mut mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let is_whole = scope.is_whole();
    let (lists, counts, topics, seasons) = desk
        .site
        .db
        .read(move |c| {
            let mut seasons = campaigns::all(c)?;
            seasons.retain(|one| scope.holds(one.id));
            Ok((
                lists_in(c, &scope, true)?,
                counts(c)?,
                all_topics(c, true)?,
                seasons,
            ))
        })
        .await?;
    let mut shown: Vec<ListView> = lists
        .iter()
        .map(|one| list(one, &counts, &seasons))
        .collect();
    let nothing = Typed::default();
    let mut typed = typed;
    if let Some(changed) = changed {
        let changed = changed.to_string();
        for one in shown.iter_mut().filter(|one| one.id == changed) {
            one.name = typed.text("name").to_owned();
            one.about = typed.text("about").to_owned();
            one.is_public = typed.ticked("is_public");
            one.takes_gifts = typed.ticked("takes_gifts");
            one.is_open = true;
            one.name_error = mend.at("name");
            one.about_error = mend.at("about");
        }
        // The list's own fields are meant, not those of a new one.
        for fault in &mut mend.faults {
            fault.field = format!("{}-{changed}", fault.field);
        }
        typed = &nothing;
    }
    let draw = Draw { typed, mend: &mend };
    let view = View {
        lists: shown,
        topics: topics.into_iter().map(topic).collect(),
        seasons: choices(&seasons, typed.text("campaign"), is_whole),
        is_whole,
        fields: vec![
            draw.text("name", "Name"),
            draw.text("slug", "In addresses")
                .hint("Small letters, digits, hyphens. Empty: made of the name."),
            draw.area("about", "What comes, how often", 2),
            draw.tick("is_public", "Anybody may join it"),
            draw.tick("takes_gifts", "Donors who tick “send me news” join it"),
        ],
        topic_fields: vec![
            draw.text("topic_name", "Name"),
            draw.text("topic_about", "What comes under it"),
        ],
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("lists", "Lists and topics", mend.status, view)
}

fn choices(seasons: &[Campaign], current: &str, is_whole: bool) -> Vec<SeasonChoice> {
    let none = is_whole.then(|| SeasonChoice {
        slug: String::new(),
        title: "of no season".to_owned(),
        is_current: current.is_empty(),
    });
    let season = |one: &Campaign| SeasonChoice {
        slug: one.slug.to_string(),
        title: one.title.clone(),
        is_current: one.slug.as_str() == current,
    };
    none.into_iter().chain(seasons.iter().map(season)).collect()
}

fn list(one: &List, counts: &Counts, seasons: &[Campaign]) -> ListView {
    let count = |state| counts.get(&(one.id, state)).copied().unwrap_or(0);
    let season = seasons
        .iter()
        .find(|season| Some(season.id) == one.campaign_id);
    ListView {
        id: one.id.to_string(),
        slug: one.slug.to_string(),
        name: one.name.clone(),
        about: one.about.clone(),
        season: season
            .map(|season| season.title.clone())
            .unwrap_or_default(),
        is_public: one.is_public,
        takes_gifts: one.takes_gifts,
        is_away: one.archived_at.is_some(),
        on: count(SubscriptionState::Confirmed),
        asked: count(SubscriptionState::Pending),
        left: count(SubscriptionState::Left),
        is_open: false,
        name_error: None,
        about_error: None,
    }
}

fn topic(one: Topic) -> TopicView {
    TopicView {
        is_away: one.archived_at.is_some(),
        slug: one.slug,
        name: one.name,
        about: one.about,
    }
}

/// Makes a list or a topic: field `act`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Lists);
    let typed = form.0;
    let done = match typed.text("act") {
        "topic" => make_topic(&desk, &typed).await,
        _ => make_list(&desk, &typed).await,
    };
    match done {
        Ok(()) => Ok(see("/console/lists?done=list-made")),
        Err(error) => draw(&desk, None, &typed, Mend::of(error)?).await,
    }
}

async fn make_list(desk: &Desk, typed: &Typed) -> AppResult<()> {
    let (scope, typed) = (Scope::of(&desk.signed), typed.clone());
    let (id, by, now) = (ListId::new(), desk.signed.user(), desk.now());
    let work = move |c: &mut Conn| {
        let campaign = match typed.text("campaign") {
            "" => {
                scope.check_whole()?;
                None
            }
            slug => Some(scope::season(c, &scope, slug)?.id),
        };
        let (name, about) = words(&typed, ("name", "about"))?;
        let slug = match typed.text("slug").trim() {
            "" => Slug::from_title(name.as_str()).ok_or_else(|| {
                AppError::field("slug", "write one: the name has no Latin letter")
            })?,
            text => text
                .parse::<Slug>()
                .map_err(|bad| AppError::field("slug", bad))?,
        };
        let form = ListForm {
            campaign,
            slug,
            name,
            about,
            is_public: typed.ticked("is_public"),
            takes_gifts: typed.ticked("takes_gifts"),
        };
        topics::make_list(c, id, &form, by, now)
    };
    desk.site.db.tx(work).await
}

fn words(typed: &Typed, (name, about): (&str, &str)) -> AppResult<(Line, String)> {
    let parsed =
        Line::parse(typed.text(name), NAME_MOST).map_err(|bad| AppError::field(name, bad))?;
    let about = match typed.text(about).trim() {
        "" => String::new(),
        text => parse_lines(text, ABOUT_MOST).map_err(|bad| AppError::field(about, bad))?,
    };
    Ok((parsed, about))
}

async fn make_topic(desk: &Desk, typed: &Typed) -> AppResult<()> {
    Scope::of(&desk.signed).check_whole()?;
    let (name, about) = words(typed, ("topic_name", "topic_about"))?;
    let slug = match typed.text("topic_slug").trim() {
        "" => Slug::from_title(name.as_str())
            .ok_or_else(|| AppError::field("topic_name", "the name needs a Latin letter"))?,
        text => text
            .parse::<Slug>()
            .map_err(|_| AppError::NotFound("this topic"))?,
    };
    let away = typed.ticked("topic_away");
    let (by, now) = (desk.signed.user(), desk.now());
    desk.site
        .db
        .tx(move |c| topics::save_topic(c, &slug, (&name, &about), away, by, now))
        .await
}

/// Changes a list, puts it away or takes it out again: field `act`.
pub(super) async fn change(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Lists);
    let id: ListId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this list"))?;
    let (scope, typed) = (Scope::of(&desk.signed), form.0);
    let (by, now, asked) = (desk.signed.user(), desk.now(), typed.clone());
    let done = site
        .db
        .tx(move |c| {
            let list = list_by_id(c, id)?;
            match list.campaign_id {
                Some(campaign) => scope.check(campaign)?,
                None => scope.check_whole()?,
            }
            match asked.text("act") {
                "archive" => topics::archive_list(c, id, true, by, now),
                "restore" => topics::archive_list(c, id, false, by, now),
                _ => {
                    let (name, about) = words(&asked, ("name", "about"))?;
                    let form = ListForm {
                        campaign: list.campaign_id,
                        slug: list.slug,
                        name,
                        about,
                        is_public: asked.ticked("is_public"),
                        takes_gifts: asked.ticked("takes_gifts"),
                    };
                    topics::change_list(c, id, &form, by, now)
                }
            }
        })
        .await;
    match done {
        Ok(()) => Ok(see("/console/lists?done=saved")),
        Err(error) => draw(&desk, Some(id), &typed, Mend::of(error)?).await,
    }
}
