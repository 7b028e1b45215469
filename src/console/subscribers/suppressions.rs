//! `/console/subscribers/suppressions`: addresses that get nothing that is sent to many, and why; lifted by staff, on record.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::{Draw, Field, Typed};
use super::super::listing::{self, Choice, ROWS};
use super::super::needle::Needle;
use super::super::scope::Scope;
use crate::audit::{self, Deed};
use crate::auth::{Coordinator, UserId};
use crate::db::Conn;
use crate::db::schema::suppressions;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Email, Listed, Timestamp};
use crate::subscribers::model::by_email;
use crate::subscribers::{SuppressionReason, ops};
use crate::web::query::{after, value};
use crate::web::site::see;
use crate::web::{CsrfForm, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    reason: String,
    after: String,
}

type Line = (String, SuppressionReason, String, Timestamp);

#[derive(Serialize)]
struct RowView {
    address: String,
    reason: String,
    detail: String,
    at: String,
    /// What was erased is known again and never shown: nobody can lift it but its owner.
    can_lift: bool,
}

/// Context of `console/suppressions`.
#[derive(Serialize)]
struct View {
    q: String,
    reasons: Vec<Choice>,
    rows: Vec<RowView>,
    next_url: Option<String>,
    fields: Vec<Field>,
    errors: Vec<crate::error::FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    draw(&desk, query.0, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, asked: Asked, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let place: Option<(Timestamp, String)> = after(given(&asked.after).as_deref())?;
    let reason: Option<SuppressionReason> = value("reason", given(&asked.reason).as_deref())?;
    let needle = Needle::parse(&asked.q);
    let rows = desk
        .site
        .db
        .read(move |c| lines(c, needle.as_ref(), reason, place.as_ref()))
        .await?;
    let listed = Listed::cut(rows, ROWS, |row| (row.3, row.0.clone()));
    let subject = ("suppressions", "list".to_owned());
    desk.note(Deed::new(desk.signed.user(), "suppressions.view", subject))
        .await?;
    let draw = Draw { typed, mend: &mend };
    let view = View {
        q: asked.q,
        reasons: listing::choices(SuppressionReason::ALL, &asked.reason),
        next_url: listing::next(&desk.request, &listed),
        rows: listed.items.into_iter().map(row).collect(),
        fields: vec![draw.text("email", "E-mail")],
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("suppressions", "Not to be written to", mend.status, view)
}

fn lines(
    conn: &mut Conn,
    needle: Option<&Needle>,
    reason: Option<SuppressionReason>,
    place: Option<&(Timestamp, String)>,
) -> AppResult<Vec<Line>> {
    Ok(each!(conn, c: Db => {
        let mut query = suppressions::table
            .select((
                suppressions::email_folded,
                suppressions::reason,
                suppressions::detail,
                suppressions::created_at,
            ))
            .order((suppressions::created_at.desc(), suppressions::email_folded.asc()))
            .limit(ROWS.and_one())
            .into_boxed::<Db>();
        if let Some(needle) = needle {
            query = query.filter(suppressions::email_folded.like(needle.prefix()).escape('\\'));
        }
        if let Some(reason) = reason {
            query = query.filter(suppressions::reason.eq(reason));
        }
        if let Some((at, address)) = place {
            query = query.filter(suppressions::created_at.lt(*at).or(
                suppressions::created_at
                    .eq(*at)
                    .and(suppressions::email_folded.gt(address)),
            ));
        }
        query.load(c)
    })?)
}

fn row((address, reason, detail, at): Line) -> RowView {
    let is_erased = reason == SuppressionReason::Erased && address.starts_with("erased:");
    RowView {
        address: if is_erased {
            "somebody who had everything erased".to_owned()
        } else {
            address
        },
        reason: reason.to_string().replace('_', " "),
        detail,
        at: at.rfc3339(),
        can_lift: !is_erased,
    }
}

/// Field `act` of `add` and `lift`, with `email`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    let typed = form.0;
    let (by, now) = (desk.signed.user(), desk.now());
    let is_lift = typed.text("act") == "lift";
    let email: AppResult<Email> = typed
        .text("email")
        .parse::<Email>()
        .map_err(|bad| AppError::field("email", bad));
    let done = match email {
        Ok(email) => {
            let work = move |c: &mut Conn| decide(c, &email, is_lift, by, now);
            site.db.tx(work).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(word) => Ok(see(&format!(
            "/console/subscribers/suppressions?done={word}"
        ))),
        Err(error) => draw(&desk, Asked::default(), &typed, Mend::of(error)?).await,
    }
}

fn decide(
    conn: &mut Conn,
    email: &Email,
    is_lift: bool,
    by: UserId,
    now: Timestamp,
) -> AppResult<&'static str> {
    // The record holds no address: the reader's id, or a digest where nobody has it.
    let subject = match by_email(conn, email)? {
        Some(person) => ("subscriber", person.id.to_string()),
        None => ("suppression", sha256_hex(email.folded())),
    };
    if !is_lift {
        ops::suppress(conn, email, SuppressionReason::Staff, "", now)?;
        audit::record(conn, &Deed::new(by, "suppression.add", subject), now)?;
        return Ok("suppressed");
    }
    let reason = ops::lift(conn, email)?.ok_or(AppError::NotFound("this suppression"))?;
    let deed = Deed::new(by, "suppression.lift", subject).saying(reason.to_string());
    audit::record(conn, &deed, now)?;
    Ok("lifted")
}
