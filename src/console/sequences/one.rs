//! One sequence: its form, its steps, who is on their way, and the switch.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::form::{FormView, Known, draft, form_view, typed_of};
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::campaigns::Campaign;
use crate::console::desk::{Desk, Mend, Room};
use crate::console::fields::Typed;
use crate::console::listing::Choice;
use crate::console::scope::Scope;
use crate::db::Conn;
use crate::deliveries::Engine;
use crate::error::{AppError, AppResult};
use crate::newsletters::NewsletterState;
use crate::sequences::model::EnrolmentState;
use crate::sequences::{Sequence, SequenceId, SequenceState, Step, model, ops};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

#[derive(Serialize)]
struct StepView {
    url: String,
    mail_url: String,
    /// Where a mail that halts is looked at.
    halted_url: Option<String>,
    subject: String,
    wait_days: i32,
    at_hour: String,
    segments: Vec<Choice>,
}

/// Context of `console/sequence`.
#[derive(Serialize)]
struct OneView {
    action: String,
    id: String,
    is_new: bool,
    state: &'static str,
    is_on: bool,
    may_change: bool,
    version: String,
    season: String,
    form: FormView,
    steps: Vec<StepView>,
    step_segments: Vec<Choice>,
    step_typed: StepTyped,
    active: i64,
    done: i64,
    left: i64,
}

/// What was typed into the form of a new step.
#[derive(Serialize, Default)]
struct StepTyped {
    subject: String,
    wait_days: String,
    at_hour: String,
}

pub(super) fn id_of(text: &str) -> AppResult<SequenceId> {
    text.parse()
        .map_err(|_| AppError::NotFound("this sequence"))
}

/// A sequence of a path, of somebody's own seasons.
pub(super) fn own(conn: &mut Conn, scope: &Scope, id: SequenceId) -> AppResult<Sequence> {
    let sequence = model::by_id(conn, id)?;
    match sequence.campaign_id {
        Some(season) => scope.check(season)?,
        None => scope.check_whole()?,
    }
    Ok(sequence)
}

/// A sequence, its steps, and how many stand where.
type Standing<'a> = (&'a Sequence, &'a [Step], &'a [(EnrolmentState, i64)]);

fn draw(
    desk: &Desk,
    (known, is_whole): (&Known, bool),
    stands: Option<Standing<'_>>,
    typed: &Typed,
    mend: &Mend,
) -> AppResult<HttpResponse> {
    let id = stands.map_or_else(
        || {
            let typed = typed.text("id").parse::<SequenceId>();
            typed.unwrap_or_else(|_| SequenceId::new())
        },
        |(one, ..)| one.id,
    );
    let state = stands.map_or(SequenceState::Draft, |(one, ..)| one.state);
    let count = |state| {
        let rows = stands.map(|(.., rows)| rows).unwrap_or_default();
        rows.iter()
            .find(|(is, _)| *is == state)
            .map_or(0, |(_, n)| *n)
    };
    let steps = stands.map(|(_, steps, _)| steps).unwrap_or_default();
    let season = stands.and_then(|(one, ..)| {
        known
            .seasons
            .iter()
            .find(|season| Some(season.id) == one.campaign_id)
    });
    let view = OneView {
        action: match stands {
            Some(_) => format!("/console/sequences/{id}"),
            None => "/console/sequences".to_owned(),
        },
        id: id.to_string(),
        is_new: stands.is_none(),
        state: state.as_str(),
        is_on: state == SequenceState::On,
        may_change: matches!(state, SequenceState::Draft | SequenceState::Off),
        version: typed.text("version").to_owned(),
        season: season.map(|one| one.title.clone()).unwrap_or_default(),
        form: form_view(known, is_whole, typed, mend),
        steps: steps
            .iter()
            .map(|step| StepView {
                url: format!("/console/sequences/{id}/steps/{}", step.timing.id),
                mail_url: format!("/console/newsletters/{}", step.newsletter),
                halted_url: (step.mail_state == NewsletterState::Paused)
                    .then(|| format!("/console/newsletters/{}/sending", step.newsletter)),
                subject: step.subject.clone(),
                wait_days: step.timing.wait_days,
                at_hour: step
                    .timing
                    .at_hour
                    .map(|hour| hour.to_string())
                    .unwrap_or_default(),
                segments: known.segment_choices(
                    &step.segment.map(|id| id.to_string()).unwrap_or_default(),
                    "everybody on their way",
                ),
            })
            .collect(),
        step_segments: known.segment_choices(typed.text("step_segment"), "everybody on their way"),
        step_typed: StepTyped {
            subject: typed.text("subject").to_owned(),
            wait_days: typed.text("wait_days").to_owned(),
            at_hour: typed.text("at_hour").to_owned(),
        },
        active: count(EnrolmentState::Active),
        done: count(EnrolmentState::Done),
        left: count(EnrolmentState::Left),
    };
    let title = if view.is_new {
        "A new sequence"
    } else {
        "Sequence"
    };
    desk.show("sequence", title, mend.status, view)
}

pub(super) async fn new(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let mut typed = Typed::default();
    typed.set("days_between", 2);
    draw_new(&desk, &typed, &Mend::none()).await
}

async fn draw_new(desk: &Desk, typed: &Typed, mend: &Mend) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let is_whole = scope.is_whole();
    let known = desk.site.db.read(move |c| Known::load(c, &scope)).await?;
    draw(desk, (&known, is_whole), None, typed, mend)
}

/// The season that was chosen for a new one; whoever runs single seasons chooses one of them.
fn chosen<'a>(known: &'a Known, is_whole: bool, slug: &str) -> AppResult<Option<&'a Campaign>> {
    let found = known.seasons.iter().find(|one| one.slug.as_str() == slug);
    if found.is_none() && !is_whole {
        return known
            .seasons
            .first()
            .map(Some)
            .ok_or(AppError::Forbidden("you do not run a season"));
    }
    Ok(found)
}

pub(super) async fn make(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let typed = form.0;
    let scope = Scope::of(&desk.signed);
    let is_whole = scope.is_whole();
    let known = site.db.read(move |c| Known::load(c, &scope)).await?;
    let season = chosen(&known, is_whole, typed.text("campaign"))?;
    let id = typed
        .text("id")
        .parse()
        .unwrap_or_else(|_| SequenceId::new());
    let made = match draft(&known, season, &typed) {
        Ok(new) => {
            let (by, now) = (desk.signed.user(), desk.now());
            let mut deed = Deed::new(by, "sequence.make", ("sequence", id.to_string()));
            deed.campaign = new.campaign;
            let work = move |c: &mut Conn| {
                ops::make(c, id, &new, by, now)?;
                audit::record(c, &deed, now)
            };
            site.db.tx(work).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(()) => Ok(see(&format!("/console/sequences/{id}?done=made"))),
        Err(error) => draw_new(&desk, &typed, &Mend::of(error)?).await,
    }
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    draw_one(&desk, id_of(&path.0)?, None, &Mend::none()).await
}

/// Draws a sequence with what stands, or with what was typed over it.
pub(super) async fn draw_one(
    desk: &Desk,
    id: SequenceId,
    over: Option<Typed>,
    mend: &Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let is_whole = scope.is_whole();
    let (sequence, steps, standing, known) = desk
        .site
        .db
        .read(move |c| {
            let sequence = own(c, &scope, id)?;
            let steps = model::steps(c, &[id])?;
            let standing = model::standing(c, id)?;
            Ok((sequence, steps, standing, Known::load(c, &scope)?))
        })
        .await?;
    let season = known
        .seasons
        .iter()
        .find(|one| Some(one.id) == sequence.campaign_id);
    let slug = season.map_or("", |one| one.slug.as_str());
    let typed = match over {
        Some(typed) if typed.sent("name") => typed,
        // What was typed into a step's form stands beside what the sequence says.
        Some(step) => {
            let mut typed = typed_of(&sequence, slug);
            typed.0.extend(step.0);
            typed
        }
        None => typed_of(&sequence, slug),
    };
    let stands = Some((&sequence, steps.as_slice(), standing.as_slice()));
    draw(desk, (&known, is_whole), stands, &typed, mend)
}

/// What is done to a sequence: `save`, `on`, `off` or `archive`.
pub(super) async fn act(
    site: Data<Site>,
    engine: Data<Engine>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let (id, typed) = (id_of(&path.0)?, form.0);
    let scope = Scope::of(&desk.signed);
    let (sequence, known) = site
        .db
        .read(move |c| Ok((own(c, &scope, id)?, Known::load(c, &scope)?)))
        .await?;
    // What mails many at once is looked at as a newsletter to as many would be (N8).
    if typed.text("do") == "on"
        && sequence.trigger_rule.0.is_at_once()
        && let Err(error) = engine.clear(&sequence.audience.0).await
    {
        return draw_one(&desk, id, None, &Mend::of(error)?).await;
    }
    match done(&desk, &sequence, &known, &typed).await {
        Ok(place) => Ok(see(&place)),
        Err(error) => draw_one(&desk, id, Some(typed), &Mend::of(error)?).await,
    }
}

async fn done(desk: &Desk, sequence: &Sequence, known: &Known, typed: &Typed) -> AppResult<String> {
    let (id, by, now) = (sequence.id, desk.signed.user(), desk.now());
    let deed = |action| {
        let mut deed = Deed::new(by, action, ("sequence", id.to_string()));
        deed.campaign = sequence.campaign_id;
        deed
    };
    let db = &desk.site.db;
    let here = format!("/console/sequences/{id}");
    match typed.text("do") {
        "save" => {
            let season = known
                .seasons
                .iter()
                .find(|one| Some(one.id) == sequence.campaign_id);
            let new = draft(known, season, typed)?;
            let version = typed.text("version").parse().unwrap_or_default();
            let deed = deed("sequence.change");
            db.tx(move |c| {
                ops::change(c, id, &new, version, now)?;
                audit::record(c, &deed, now)
            })
            .await?;
            Ok(format!("{here}?done=saved"))
        }
        "on" => {
            let deed = deed("sequence.on");
            db.tx(move |c| {
                ops::switch_on(c, id, by, now)?;
                audit::record(c, &deed, now)
            })
            .await?;
            Ok(format!("{here}?done=sequence-on"))
        }
        "off" => {
            let deed = deed("sequence.off");
            db.tx(move |c| {
                ops::switch_off(c, id, now)?;
                audit::record(c, &deed, now)
            })
            .await?;
            Ok(format!("{here}?done=sequence-off"))
        }
        "archive" => {
            let deed = deed("sequence.archive");
            db.tx(move |c| {
                ops::archive(c, id, now)?;
                audit::record(c, &deed, now)
            })
            .await?;
            Ok("/console/sequences?done=removed".to_owned())
        }
        _ => Err(AppError::NotFound("this deed")),
    }
}
