//! The steps of a sequence: added behind the others, changed, taken away, while it is off.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::form::Known;
use super::one::{draw_one, id_of, own};
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::console::desk::{Desk, Mend, Room};
use crate::console::fields::Typed;
use crate::console::scope::Scope;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;
use crate::newsletters::NewsletterId;
use crate::segments::SegmentId;
use crate::sequences::steps::{self, NewStep};
use crate::sequences::{Sequence, SequenceId, StepId};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

type When = (i32, Option<i32>, Option<SegmentId>);

/// When and for whom a step is, as it was typed.
fn when(known: &Known, typed: &Typed) -> AppResult<When> {
    let number = |field: &str| {
        let number = typed.text(field).trim().parse::<i32>();
        number.map_err(|_| AppError::field(field, "write a number"))
    };
    let hour = match typed.text("at_hour").trim() {
        "" => None,
        _ => Some(number("at_hour")?),
    };
    Ok((
        number("wait_days")?,
        hour,
        known.segment(typed, "step_segment")?,
    ))
}

async fn stands(desk: &Desk, id: SequenceId) -> AppResult<(Sequence, Known)> {
    let scope = Scope::of(&desk.signed);
    desk.site
        .db
        .read(move |c| Ok((own(c, &scope, id)?, Known::load(c, &scope)?)))
        .await
}

pub(super) async fn add(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let (id, typed) = (id_of(&path.0)?, form.0);
    let (sequence, known) = stands(&desk, id).await?;
    match added(&desk, &sequence, &known, &typed).await {
        Ok(()) => Ok(see(&format!("/console/sequences/{id}?done=added"))),
        Err(error) => draw_one(&desk, id, Some(typed), &Mend::of(error)?).await,
    }
}

async fn added(desk: &Desk, sequence: &Sequence, known: &Known, typed: &Typed) -> AppResult<()> {
    let subject =
        Line::parse(typed.text("subject"), 150).map_err(|bad| AppError::field("subject", bad))?;
    let (wait_days, at_hour, segment) = when(known, typed)?;
    let new = NewStep {
        id: StepId::new(),
        newsletter: NewsletterId::new(),
        subject,
        content: String::new(),
        wait_days,
        at_hour,
        segment,
        from_name: desk.site.config.site.name.clone(),
    };
    let (id, by, now) = (sequence.id, desk.signed.user(), desk.now());
    let deed = deed(desk, sequence, "sequence.add_step");
    desk.site
        .db
        .tx(move |c| {
            steps::add_step(c, id, &new, by, now)?;
            audit::record(c, &deed, now)
        })
        .await
}

fn deed(desk: &Desk, sequence: &Sequence, action: &'static str) -> Deed {
    let who = ("sequence", sequence.id.to_string());
    let mut deed = Deed::new(desk.signed.user(), action, who);
    deed.campaign = sequence.campaign_id;
    deed
}

/// What is done to a step: `save` or `remove`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<(String, String)>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let (id, typed) = (id_of(&path.0.0)?, form.0);
    let step: StepId = path
        .0
        .1
        .parse()
        .map_err(|_| AppError::NotFound("this step"))?;
    let (sequence, known) = stands(&desk, id).await?;
    let now = desk.now();
    let result = match typed.text("do") {
        "remove" => {
            let deed = deed(&desk, &sequence, "sequence.remove_step");
            let work = move |c: &mut Conn| {
                steps::remove_step(c, id, step, now)?;
                audit::record(c, &deed, now)
            };
            site.db.tx(work).await
        }
        _ => match when(&known, &typed) {
            Ok(when) => {
                let deed = deed(&desk, &sequence, "sequence.change_step");
                let work = move |c: &mut Conn| {
                    steps::change_step(c, id, step, when)?;
                    audit::record(c, &deed, now)
                };
                site.db.tx(work).await
            }
            Err(error) => Err(error),
        },
    };
    match result {
        Ok(()) => Ok(see(&format!("/console/sequences/{id}?done=saved"))),
        // A step's own fields are drawn as they stand; what is wrong is said above.
        Err(error) => draw_one(&desk, id, None, &Mend::of(error)?).await,
    }
}
