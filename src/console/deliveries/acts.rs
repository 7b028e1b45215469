//! What is done to a newsletter on its way.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::Typed;
use super::super::scope::Scope;
use super::{newsletter_id, of_scope, sending};
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::deliveries::ops::{self, Doubt, Plan};
use crate::deliveries::{DeliveryId, Engine, PauseWhy, home_zone, schedule};
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::newsletters::Newsletter;
use crate::sequences;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// `act` is `start`, `schedule`, `unschedule`, `pause`, `resume`, `cancel`, `again`, `leave`, `retry` or `let-go`; `one` names a
/// single recipient.
pub(super) async fn act(
    site: Data<Site>,
    engine: Data<Engine>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let id = newsletter_id(&path.0)?;
    let (scope, typed) = (Scope::of(&desk.signed), form.0);
    let newsletter = site.db.read(move |c| of_scope(c, &scope, id)).await?;
    let done = match clear(&engine, &newsletter, &typed).await {
        Ok(()) => done(&desk, &newsletter, &typed).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(word) => {
            engine.wake();
            Ok(see(&format!(
                "/console/newsletters/{id}/sending?done={word}"
            )))
        }
        Err(error) => sending::draw(&desk, id, &typed, Mend::of(error)?).await,
    }
}

/// A newsletter to very many is not begun while something is missing that their mailboxes ask for (N8).
async fn clear(engine: &Engine, newsletter: &Newsletter, typed: &Typed) -> AppResult<()> {
    if !["start", "schedule"].contains(&typed.text("act")) {
        return Ok(());
    }
    engine.clear(&newsletter.audience.0).await
}

async fn done(desk: &Desk, newsletter: &Newsletter, typed: &Typed) -> AppResult<&'static str> {
    let (db, id) = (&desk.site.db, newsletter.id);
    let (by, now) = (desk.signed.user(), desk.now());
    let one: Option<DeliveryId> = match typed.text("one") {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| AppError::NotFound("this recipient"))?,
        ),
    };
    let plan = Plan {
        newsletter: id,
        by,
        reader_time: typed.ticked("reader_time"),
        test_percent: newsletter.test_percent,
        test_minutes: newsletter.test_minutes,
    };
    match typed.text("act") {
        "start" => {
            db.tx(move |c| ops::start(c, &plan, now)).await?;
            Ok("nws-started")
        }
        "schedule" => {
            let at = hour(desk, newsletter, typed.text("at")).await?;
            db.tx(move |c| ops::schedule(c, &plan, at, now)).await?;
            Ok("nws-scheduled")
        }
        "unschedule" => {
            db.tx(move |c| ops::unschedule(c, id, by, now)).await?;
            Ok("nws-unscheduled")
        }
        "pause" => {
            db.tx(move |c| ops::pause(c, id, (Some(by), PauseWhy::Staff, ""), now))
                .await?;
            Ok("nws-paused")
        }
        "resume" => {
            db.tx(move |c| ops::resume(c, id, by, now)).await?;
            Ok("nws-resumed")
        }
        "cancel" => {
            db.tx(move |c| ops::cancel(c, id, by, now)).await?;
            Ok("nws-cancelled")
        }
        "again" | "leave" => {
            let what = match typed.text("act") {
                "again" => Doubt::SendAgain,
                _ => Doubt::Leave,
            };
            db.tx(move |c| ops::decide(c, id, (one, what), by, now))
                .await?;
            Ok("nws-decided")
        }
        "retry" => {
            db.tx(move |c| ops::retry_failed(c, id, one, by, now))
                .await?;
            Ok("nws-retried")
        }
        "let-go" => {
            Scope::of(&desk.signed).check_whole()?;
            db.tx(move |c| {
                if schedule::let_go(c, now)? {
                    sequences::ops::rest(c, now)?;
                    let subject = ("newsletters", "all".to_owned());
                    audit::record(c, &Deed::new(by, "newsletters.let_go", subject), now)?;
                }
                Ok(())
            })
            .await?;
            Ok("nws-let-go")
        }
        _ => Err(AppError::NotFound("this deed")),
    }
}

/// `2026-12-01T08:00`, in the zone of the newsletter's season.
async fn hour(desk: &Desk, newsletter: &Newsletter, text: &str) -> AppResult<Timestamp> {
    use chrono::{NaiveDateTime, TimeZone as _};
    let bad = || AppError::field("at", "choose a day and an hour");
    let shown = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok())
        .ok_or_else(bad)?;
    let of = newsletter.clone();
    let zone = desk.site.db.read(move |c| home_zone(c, &of)).await?;
    let at = zone.from_local_datetime(&shown).earliest().ok_or_else(|| {
        AppError::field("at", "clocks skip this hour on that day: choose another")
    })?;
    Ok(at.to_utc().into())
}
