//! `/console/newsletters/{id}/recipients`: each recipient, how it stands, the server's code and words (N23).

use std::rc::Rc;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::try_unfold;
use serde::{Deserialize, Serialize};

use super::super::desk::{Desk, Room};
use super::super::listing::{self, ROWS};
use super::super::scope::Scope;
use super::{newsletter_id, of_scope};
use crate::audit::Deed;
use crate::auth::Coordinator;
use crate::deliveries::DeliveryState;
use crate::deliveries::model::{LogPlace, Logged, log, log_page, log_place};
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::newsletters::Newsletter;
use crate::web::csv::Csv;
use crate::web::query::{after, value};
use crate::web::{Path, Query, Site};

/// Rows that an export reads at once.
const PIECE: i64 = 500;

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

impl Asked {
    fn state(&self) -> AppResult<Option<DeliveryState>> {
        value(
            "state",
            Some(self.state.as_str()).filter(|text| !text.is_empty()),
        )
    }
}

#[derive(Serialize)]
struct RowView {
    id: String,
    email: String,
    state: &'static str,
    code: Option<i32>,
    detail: Option<String>,
    attempts: i32,
    sent_at: Option<String>,
    next_at: Option<String>,
    is_doubt: bool,
    is_failed: bool,
}

/// Context of `console/newsletter_recipients`.
#[derive(Serialize)]
struct LogView {
    id: String,
    title: String,
    states: Vec<listing::Choice>,
    rows: Vec<RowView>,
    next_url: Option<String>,
    csv_url: String,
}

fn words(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "waiting",
        DeliveryState::Sending => "in hand",
        DeliveryState::Sent => "sent",
        DeliveryState::Failed => "failed",
        DeliveryState::Bounced => "came back",
        DeliveryState::Skipped => "passed over",
        DeliveryState::Unknown => "in doubt",
    }
}

fn row(one: &Logged) -> RowView {
    let rfc = |at: Timestamp| at.rfc3339();
    RowView {
        id: one.id.to_string(),
        email: one.email.to_string(),
        state: words(one.state),
        code: one.code,
        detail: one.detail.clone(),
        attempts: one.attempts,
        sent_at: one.sent_at.map(rfc),
        next_at: Some(one.run_at)
            .filter(|_| one.state == DeliveryState::Queued)
            .map(rfc),
        is_doubt: one.is_open_doubt(),
        is_failed: one.state == DeliveryState::Failed,
    }
}

fn deed(desk: &Desk, action: &'static str, newsletter: &Newsletter) -> Deed {
    let subject = ("newsletter", newsletter.id.to_string());
    let mut deed = Deed::new(desk.signed.user(), action, subject);
    deed.campaign = newsletter.campaign_id;
    deed
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let id = newsletter_id(&path.0)?;
    let (scope, state) = (Scope::of(&desk.signed), asked.0.state()?);
    let place: Option<LogPlace> =
        after(Some(asked.0.after.as_str()).filter(|text| !text.is_empty()))?;
    let (newsletter, listed) = site
        .db
        .read(move |c| {
            let newsletter = of_scope(c, &scope, id)?;
            let listed = log_page(c, id, state, place.as_ref(), ROWS)?;
            Ok((newsletter, listed))
        })
        .await?;
    // The log holds addresses.
    desk.note(deed(&desk, "newsletter.view_recipients", &newsletter))
        .await?;
    let mut states = listing::choices(DeliveryState::ALL, &asked.0.state);
    for (choice, state) in states.iter_mut().zip(DeliveryState::ALL) {
        choice.label = words(*state).to_owned();
    }
    let csv = format!("/console/newsletters/{id}/recipients.csv");
    let view = LogView {
        id: id.to_string(),
        title: newsletter.title.clone(),
        states,
        next_url: listing::next(&request, &listed),
        csv_url: listing::with_path(&csv, &request, &[]),
        rows: listed.items.iter().map(row).collect(),
    };
    desk.page("newsletter_recipients", &newsletter.title, view)
}

pub(super) async fn csv(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let id = newsletter_id(&path.0)?;
    let (scope, state) = (Scope::of(&desk.signed), asked.0.state()?);
    let newsletter = site.db.read(move |c| of_scope(c, &scope, id)).await?;
    desk.note(deed(&desk, "newsletter.export_recipients", &newsletter))
        .await?;
    let columns = [
        "address", "state", "variant", "tries", "code", "reason", "sent",
    ];
    let db = site.db.clone();
    let read = Rc::new(move |place: Option<LogPlace>| {
        let db = db.clone();
        async move {
            db.read(move |c| log(c, id, state, place.as_ref(), PIECE))
                .await
        }
    });
    let begin = (Csv::new(&columns), None::<LogPlace>, false);
    let body = try_unfold(begin, move |(mut csv, place, is_done)| {
        let read = Rc::clone(&read);
        async move {
            if is_done {
                return Ok::<_, AppError>(None);
            }
            let rows: Vec<Logged> = read(place).await?;
            for one in &rows {
                csv.row(&cells(one));
            }
            let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= PIECE);
            let next = rows
                .last()
                .filter(|_| is_full)
                .map(|last| log_place(last, state));
            let is_last = next.is_none();
            let bytes = Bytes::from(csv.take());
            Ok(Some((bytes, (csv, next, is_last))))
        }
    });
    Ok(Csv::stream("recipients.csv", body))
}

fn cells(one: &Logged) -> Vec<String> {
    vec![
        one.email.to_string(),
        one.state.to_string(),
        one.variant.clone(),
        one.attempts.to_string(),
        one.code.map_or(String::new(), |code| code.to_string()),
        one.detail.clone().unwrap_or_default(),
        one.sent_at.map_or(String::new(), Timestamp::rfc3339),
    ]
}
