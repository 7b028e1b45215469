//! `/console/simulator`: what one person would get in a span of days, and why.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::coach;
use crate::audit::Deed;
use crate::auth::Coordinator;
use crate::console::desk::{Desk, Mend, Room};
use crate::console::scope::Scope;
use crate::db::Conn;
use crate::db::schema::{pages, subscribers};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Day, Email, Timestamp};
use crate::sequences::simulate::{Asked as Question, simulate};
use crate::subscribers::SubscriberId;
use crate::web::{Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    who: String,
    from: String,
    until: String,
    supposing: String,
}

#[derive(Serialize)]
struct EventView {
    at: String,
    sequence: String,
    mail: Option<String>,
    why: String,
}

/// Context of `console/simulator`.
#[derive(Serialize)]
struct SimulatorView {
    who: String,
    from: String,
    until: String,
    supposing: String,
    was_asked: bool,
    events: Vec<EventView>,
    mails: usize,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// Days that one simulation spans, at most.
const MOST_DAYS: i64 = 400;

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let mut asked = query.0;
    let now = desk.now();
    let today = crate::kernel::Zone::UTC.day_of(now);
    if asked.from.is_empty() {
        asked.from = today.map(|day| day.to_string()).unwrap_or_default();
    }
    if asked.until.is_empty() {
        let month = crate::kernel::Zone::UTC.day_of(now.plus(chrono::Duration::days(31)));
        asked.until = month.map(|day| day.to_string()).unwrap_or_default();
    }
    let mut mend = Mend::none();
    let mut events = Vec::new();
    let was_asked = !asked.who.is_empty();
    if was_asked {
        match answered(&desk, &asked).await {
            Ok(found) => events = found,
            Err(error) => mend = Mend::of(error)?,
        }
    }
    let view = SimulatorView {
        mails: events.iter().filter(|event| event.mail.is_some()).count(),
        was_asked: was_asked && mend.faults.is_empty(),
        who: asked.who,
        from: asked.from,
        until: asked.until,
        supposing: asked.supposing,
        events,
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("simulator", "Simulator", mend.status, view)
}

fn instant(field: &str, text: &str) -> AppResult<(Day, Timestamp)> {
    let day: Day = text
        .trim()
        .parse()
        .map_err(|bad: crate::kernel::day::BadDay| AppError::field(field, bad))?;
    let at = day.date().and_hms_opt(0, 0, 0);
    let at = at.ok_or_else(|| AppError::field(field, "write a day"))?;
    Ok((day, Timestamp::from(at.and_utc())))
}

async fn answered(desk: &Desk, asked: &Asked) -> AppResult<Vec<EventView>> {
    let email: Email = asked
        .who
        .trim()
        .parse()
        .map_err(|_| AppError::field("who", "write their mail address"))?;
    let (first, from) = instant("from", &asked.from)?;
    let (last, until) = instant("until", &asked.until)?;
    if !(0..=MOST_DAYS).contains(&first.days_to(last)) {
        let word = format!("choose a last day that is at most {MOST_DAYS} days after the first");
        return Err(AppError::field("until", word));
    }
    let supposing = match asked.supposing.trim() {
        "" => None,
        text => Some(instant("supposing", text)?.1),
    };
    let scope = Scope::of(&desk.signed);
    let (person, events) = desk
        .site
        .db
        .read(move |c| {
            let person = person(c, &scope, &email)?;
            let until = until.plus(chrono::Duration::days(1));
            let question = Question {
                person,
                from,
                until,
                supposing,
                others: coach::tips(c, person, (from, until))?,
            };
            Ok((person, simulate(c, &question, scope.ids())?))
        })
        .await?;
    let who = ("subscriber", person.to_string());
    desk.note(Deed::new(desk.signed.user(), "sequence.simulate", who))
        .await?;
    let events = events.into_iter().map(|event| EventView {
        at: event.at.rfc3339(),
        sequence: event.sequence,
        mail: event.mail,
        why: event.why,
    });
    Ok(events.collect())
}

/// Somebody by their address; whoever runs single seasons finds those with a page in one of them.
fn person(conn: &mut Conn, scope: &Scope, email: &Email) -> AppResult<SubscriberId> {
    const NOBODY: &str = "nobody of this address can be written to";
    let query = subscribers::table
        .filter(subscribers::email_folded.eq(email.folded()))
        .select(subscribers::id);
    let found: Option<SubscriberId> = each!(conn, c => query.first(c).optional())?;
    let found = found.ok_or_else(|| AppError::field("who", NOBODY))?;
    if let Some(own) = scope.ids() {
        let query = pages::table
            .inner_join(subscribers::table.on(subscribers::user_id.eq(pages::owner_id)))
            .filter(subscribers::id.eq(found))
            .filter(pages::campaign_id.eq_any(own));
        if each!(conn, c => query.count().get_result::<i64>(c))? == 0 {
            return Err(AppError::field("who", NOBODY));
        }
    }
    Ok(found)
}
