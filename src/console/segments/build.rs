//! Building a segment: `/console/new-segment` begins one, `/console/segments` makes it, `/console/segments/{id}` changes it.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::back::typed as as_typed;
use super::choices::Known;
use super::outcome::{Outcome, outcome};
use super::read::rule_of;
use super::tree::{Deed, Node};
use super::view::{NodeView, node_view};
use crate::audit::{self, Deed as Done};
use crate::auth::Coordinator;
use crate::campaigns::Campaign;
use crate::console::desk::{Desk, Mend, Room};
use crate::console::fields::Typed;
use crate::console::listing::Choice;
use crate::console::scope::Scope;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Line, Timestamp};
use crate::segments::ops::{self, Draft};
use crate::segments::{Rule, Segment, SegmentId, model};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
}

/// A segment as it stands on the form.
#[derive(Debug, Clone)]
struct Form {
    id: SegmentId,
    /// What was there when the form was drawn, of one that is there already.
    stands: Option<Segment>,
    name: String,
    season: String,
    seen: String,
    root: Node,
}

/// Context of `console/segment`.
#[derive(Serialize)]
struct BuildView {
    action: String,
    id: String,
    is_new: bool,
    is_archived: bool,
    name: String,
    name_error: Option<String>,
    season: String,
    season_title: String,
    seasons: Vec<Choice>,
    seen: String,
    root: NodeView,
    outcome: Option<Outcome>,
    may_see_names: bool,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// What a form comes to once it was read.
struct Read {
    known: Known,
    season: Option<Campaign>,
    rule: AppResult<Rule>,
    outcome: Option<Outcome>,
}

fn id_of(text: &str) -> AppResult<SegmentId> {
    text.parse().map_err(|_| AppError::NotFound("this segment"))
}

/// Whether everything that a segment of no season may ask is open to somebody: else theirs has one.
fn read_form(
    conn: &mut crate::db::Conn,
    scope: &Scope,
    form: &Form,
    has_names: bool,
    now: Timestamp,
) -> AppResult<Read> {
    let known = Known::load(conn, scope, &form.root)?;
    let season = match known.season(&form.season).cloned() {
        None if !scope.is_whole() => Some(
            known
                .seasons
                .first()
                .cloned()
                .ok_or(AppError::Forbidden("you do not run a season"))?,
        ),
        found => found,
    };
    let rule = rule_of(&form.root, &known, season.as_ref());
    let within = season.as_ref().map(|one| one.id);
    let reach = within.filter(|_| !scope.is_whole());
    let outcome = match &rule {
        Ok(rule) => Some(outcome(conn, (rule, within), reach, has_names, now)?),
        Err(_) => None,
    };
    Ok(Read {
        known,
        season,
        rule,
        outcome,
    })
}

async fn read(desk: &Desk, form: &Form, has_names: bool) -> AppResult<Read> {
    let (scope, form, now) = (Scope::of(&desk.signed), form.clone(), desk.now());
    desk.site
        .db
        .read(move |c| read_form(c, &scope, &form, has_names, now))
        .await
}

fn draw(desk: &Desk, form: &Form, read: Read, mend: Mend) -> AppResult<HttpResponse> {
    let is_whole = Scope::of(&desk.signed).is_whole();
    let slug = read.season.as_ref().map_or("", |one| one.slug.as_str());
    let any = Choice {
        value: String::new(),
        label: "No season: whoever runs all of them".to_owned(),
        is_current: slug.is_empty(),
    };
    let seasons = read.known.seasons.iter().map(|one| Choice {
        value: one.slug.to_string(),
        label: one.title.clone(),
        is_current: one.slug.as_str() == slug,
    });
    let id = form.id.to_string();
    let view = BuildView {
        action: match &form.stands {
            Some(_) => format!("/console/segments/{id}"),
            None => "/console/segments".to_owned(),
        },
        id,
        is_new: form.stands.is_none(),
        is_archived: form
            .stands
            .as_ref()
            .is_some_and(|one| one.archived_at.is_some()),
        name: form.name.clone(),
        name_error: mend.at("name"),
        season: slug.to_owned(),
        season_title: read
            .season
            .as_ref()
            .map(|one| one.title.clone())
            .unwrap_or_default(),
        seasons: is_whole.then_some(any).into_iter().chain(seasons).collect(),
        seen: form.seen.clone(),
        root: node_view(&form.root, &read.known, &mend),
        may_see_names: is_whole
            && read
                .outcome
                .as_ref()
                .is_some_and(|one| !one.has_names && one.count > 0),
        outcome: read.outcome,
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    let title = if view.is_new {
        "A new segment"
    } else {
        "Segment"
    };
    desk.show("segment", title, mend.status, view)
}

/// The fields of a form that was posted, with what its button asked for done to the rule.
fn posted(typed: &Typed, stands: Option<Segment>, season: Option<String>) -> (Form, Deed) {
    let deed = Deed::of(typed);
    let mut root = Node::posted(typed);
    root.apply(&deed);
    let id = stands.as_ref().map(|one| one.id);
    let form = Form {
        id: id
            .or_else(|| typed.text("id").parse().ok())
            .unwrap_or_else(SegmentId::new),
        stands,
        name: typed.text("name").to_owned(),
        season: season.unwrap_or_else(|| typed.text("campaign").to_owned()),
        seen: typed.text("seen").to_owned(),
        root,
    };
    (form, deed)
}

pub(super) async fn new(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Segments);
    let form = Form {
        id: SegmentId::new(),
        stands: None,
        name: String::new(),
        season: query.0.campaign,
        seen: String::new(),
        root: Node::empty(),
    };
    let read = read(&desk, &form, false).await?;
    draw(&desk, &form, read, Mend::none())
}

pub(super) async fn make(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Segments);
    let (form, deed) = posted(&form.0, None, None);
    act(&desk, form, &deed).await
}

/// A segment of a path, of somebody's own seasons, with the slug of its season.
async fn stands(desk: &Desk, path: &str) -> AppResult<(Segment, String)> {
    let (scope, id) = (Scope::of(&desk.signed), id_of(path)?);
    let (segment, season) = desk
        .site
        .db
        .read(move |c| {
            let segment = model::by_id(c, id)?;
            match segment.campaign_id {
                Some(season) => scope.check(season)?,
                None => scope.check_whole()?,
            }
            let season = match segment.campaign_id {
                Some(season) => crate::campaigns::model::by_id(c, season)?.slug.to_string(),
                None => String::new(),
            };
            Ok((segment, season))
        })
        .await?;
    Ok((segment, season))
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Segments);
    let (segment, season) = stands(&desk, &path.0).await?;
    let rule = segment.rule()?;
    let root = site.db.read(move |c| as_typed(c, &rule)).await?;
    let form = Form {
        id: segment.id,
        name: segment.name.clone(),
        season,
        seen: segment.changed_at.micros().to_string(),
        root,
        stands: Some(segment),
    };
    let read = read(&desk, &form, false).await?;
    draw(&desk, &form, read, Mend::none())
}

pub(super) async fn change(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Segments);
    let (segment, season) = stands(&desk, &path.0).await?;
    let id = segment.id;
    // A segment's season stays: its conditions were said about that one.
    let (form, deed) = posted(&form.0, Some(segment), Some(season));
    if deed == Deed::Other("archive".to_owned()) {
        let mut done = Done::new(
            desk.signed.user(),
            "segment.archive",
            ("segment", id.to_string()),
        );
        done.campaign = form.stands.as_ref().and_then(|one| one.campaign_id);
        let now = desk.now();
        let away = move |c: &mut crate::db::Conn| {
            ops::archive(c, id, now)?;
            audit::record(c, &done, now)
        };
        if let Err(error) = site.db.tx(away).await {
            let mend = Mend::of(error)?;
            let read = read(&desk, &form, false).await?;
            return draw(&desk, &form, read, mend);
        }
        return Ok(see("/console/segments?done=removed"));
    }
    act(&desk, form, &deed).await
}

/// Saves what was built, or draws it again with what was asked for.
async fn act(desk: &Desk, form: Form, deed: &Deed) -> AppResult<HttpResponse> {
    let word = match deed {
        Deed::Other(word) => word.as_str(),
        _ => "",
    };
    let has_names = word == "names" && Scope::of(&desk.signed).is_whole();
    if has_names {
        let who = ("segment", form.id.to_string());
        desk.note(Done::new(desk.signed.user(), "segment.look", who))
            .await?;
    }
    let mut read = read(desk, &form, has_names).await?;
    let mut mend = Mend::none();
    if word == "save" {
        match save(desk, &form, &mut read).await {
            Ok(()) => return Ok(see(&format!("/console/segments/{}?done=saved", form.id))),
            Err(error) => mend = Mend::of(error)?,
        }
    } else if word == "show" || has_names {
        // What cannot be asked is said beside its field; a part that was just added has no fault yet.
        if let Err(AppError::Invalid(faults)) = &read.rule {
            mend.faults.clone_from(faults);
            mend.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
    }
    draw(desk, &form, read, mend)
}

async fn save(desk: &Desk, form: &Form, read: &mut Read) -> AppResult<()> {
    let rule = std::mem::replace(&mut read.rule, Ok(Rule::default()))?;
    let name = Line::parse(&form.name, 80).map_err(|bad| AppError::field("name", bad))?;
    let draft = Draft {
        name,
        campaign: read.season.as_ref().map(|one| one.id),
        rule,
    };
    let (id, by, now) = (form.id, desk.signed.user(), desk.now());
    let action = if form.stands.is_some() {
        "segment.change"
    } else {
        "segment.make"
    };
    let mut done = Done::new(by, action, ("segment", id.to_string()));
    done.campaign = draft.campaign;
    let seen = form.seen.parse().ok().and_then(Timestamp::from_micros);
    let is_new = form.stands.is_none();
    desk.site
        .db
        .tx(move |c| {
            match seen {
                _ if is_new => ops::make(c, id, &draft, by, now)?,
                Some(seen) => ops::change(c, id, &draft, seen, now)?,
                None => return Err(AppError::field("rule", "open this segment anew")),
            }
            audit::record(c, &done, now)
        })
        .await
}
