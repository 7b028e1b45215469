//! What staff do to one reader: taking off a list as they asked, suppressing and lifting, merging. Each is a deed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::Typed;
use super::super::scope::Scope;
use super::narrowed;
use super::person::{draw, id_of, seen};
use crate::audit::{self, Deed};
use crate::auth::{Coordinator, UserId};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Timestamp};
use crate::subscribers::model::by_email;
use crate::subscribers::proofs::{Door, Said};
use crate::subscribers::{Subscriber, SuppressionReason, merge, ops};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// What is done to a reader: `act` is `leave` (with `list`), `leave_all`, `suppress`, `lift` or `merge` (with `other`).
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    let id = id_of(&path.0)?;
    let (scope, typed) = (Scope::of(&desk.signed), form.0);
    let (by, now, asked) = (desk.signed.user(), desk.now(), typed.clone());
    let done = site
        .db
        .tx(move |c| {
            let person = seen(c, &scope, id)?;
            done(c, (&scope, &person), &asked, by, now)
        })
        .await;
    match done {
        Ok(word) => Ok(see(&format!("/console/subscribers/{id}?done={word}"))),
        Err(error) => draw(&desk, id, typed.text("other"), Mend::of(error)?).await,
    }
}

fn done(
    conn: &mut Conn,
    (scope, person): (&Scope, &Subscriber),
    typed: &Typed,
    by: UserId,
    now: Timestamp,
) -> AppResult<&'static str> {
    let id = person.id;
    let subject = || ("subscriber", id.to_string());
    let said = Said::by(Door::Staff).because_of(Some(by.to_string()));
    if typed.text("act") == "leave" {
        let lists = narrowed(conn, scope)?;
        let list = typed.text("list").parse().ok();
        let list = list.filter(|list| lists.as_ref().is_none_or(|seen| seen.contains(list)));
        let list = list.ok_or(AppError::NotFound("this list"))?;
        ops::leave_list(conn, id, list, &said, now)?;
        let deed = Deed::new(by, "subscriber.leave", subject()).saying(list.to_string());
        audit::record(conn, &deed, now)?;
        return Ok("left");
    }
    scope.check_whole()?;
    match typed.text("act") {
        "leave_all" => {
            ops::leave_all(conn, id, &said, now)?;
            audit::record(conn, &Deed::new(by, "subscriber.leave_all", subject()), now)?;
            Ok("left")
        }
        "suppress" => {
            ops::suppress(conn, &person.email, SuppressionReason::Staff, "", now)?;
            audit::record(conn, &Deed::new(by, "suppression.add", subject()), now)?;
            Ok("suppressed")
        }
        "lift" => {
            let reason =
                ops::lift(conn, &person.email)?.ok_or(AppError::NotFound("this suppression"))?;
            let deed = Deed::new(by, "suppression.lift", subject()).saying(reason.to_string());
            audit::record(conn, &deed, now)?;
            Ok("lifted")
        }
        "merge" => {
            let other: Email = typed
                .text("other")
                .parse::<Email>()
                .map_err(|bad| AppError::field("other", bad))?;
            let other = by_email(conn, &other)?
                .ok_or_else(|| AppError::field("other", "nobody has this address"))?;
            merge::merge(conn, (other.id, id), by, now)?;
            Ok("merged")
        }
        _ => Err(AppError::NotFound("this deed")),
    }
}
