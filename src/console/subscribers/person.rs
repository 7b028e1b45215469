//! `/console/subscribers/{id}`: one reader: lists, proofs, mails they got; leaving on request, suppressing, merging.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Serialize;

use super::super::desk::{Desk, Mend, Room};
use super::super::record::{self, DeedView};
use super::super::scope::Scope;
use super::list::state_word;
use super::narrowed;
use super::table::OWN_WORD;
use crate::audit::{self, Deed, Recorded};
use crate::auth::{Coordinator, UserId};
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletters, suppressions};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::Timestamp;
use crate::subscribers::merge;
use crate::subscribers::model::{self, Standing, by_id, topics_off};
use crate::subscribers::proofs::{self, Proof};
use crate::subscribers::{Subscriber, SubscriberId, SubscriptionState, SuppressionReason};
use crate::web::{Path, Site};

/// So many proofs and mails stand on the page.
const MOST: i64 = 50;

type Got = (String, String, String, Option<i32>, Option<Timestamp>);

struct Found {
    person: Subscriber,
    standings: Vec<Standing>,
    proofs: Vec<Proof>,
    off: Vec<String>,
    got: Vec<Got>,
    suppressed: Option<(SuppressionReason, String, Timestamp)>,
    namesakes: Vec<Subscriber>,
    deeds: Vec<Recorded>,
    names: std::collections::HashMap<UserId, String>,
}

#[derive(Serialize)]
struct ListRow {
    id: String,
    name: String,
    state: &'static str,
    since: String,
    can_leave: bool,
}

#[derive(Serialize)]
struct ProofRow {
    at: String,
    what: String,
    list: String,
    door: String,
    source: String,
    wording: String,
    network: String,
}

#[derive(Serialize)]
struct MailRow {
    newsletter: String,
    href: String,
    state: String,
    code: String,
    at: Option<String>,
}

#[derive(Serialize)]
struct Other {
    email: String,
    href: String,
}

/// Context of `console/subscriber`.
#[derive(Serialize)]
struct View {
    id: String,
    title: String,
    email: String,
    language: String,
    country: String,
    time_zone: String,
    came_at: String,
    donor: bool,
    account_url: Option<String>,
    out_since: Option<String>,
    merged_url: Option<String>,
    is_erased: bool,
    suppressed: Option<String>,
    suppressed_at: Option<String>,
    lists: Vec<ListRow>,
    topics_off: Vec<String>,
    proofs: Vec<ProofRow>,
    mails: Vec<MailRow>,
    namesakes: Vec<Other>,
    is_whole: bool,
    other: String,
    other_error: Option<String>,
    deeds: Vec<DeedView>,
    errors: Vec<crate::error::FieldError>,
    notice: Option<String>,
}

pub(super) fn id_of(text: &str) -> AppResult<SubscriberId> {
    text.parse()
        .map_err(|_| AppError::NotFound("this subscriber"))
}

/// The person, if the reader may know of them: whose role holds for single seasons sees who is on their lists, or left them,
/// by their own word.
pub(super) fn seen(conn: &mut Conn, scope: &Scope, id: SubscriberId) -> AppResult<Subscriber> {
    let person = by_id(conn, id)?;
    if let Some(lists) = narrowed(conn, scope)? {
        let own = model::standings(conn, id)?;
        let is_seen =
            |one: &Standing| lists.contains(&one.list.id) && OWN_WORD.contains(&one.state);
        if !own.iter().any(is_seen) {
            return Err(AppError::NotFound("this subscriber"));
        }
    }
    Ok(person)
}

fn find(conn: &mut Conn, scope: &Scope, id: SubscriberId) -> AppResult<Found> {
    let person = seen(conn, scope, id)?;
    let lists = narrowed(conn, scope)?;
    let is_seen = |list| lists.as_ref().is_none_or(|seen| seen.contains(&list));
    let mut standings = model::standings(conn, id)?;
    standings.retain(|one| is_seen(one.list.id));
    let mut proofs = proofs::of_subscriber(conn, id, MOST)?;
    proofs.retain(|one| one.list_id.is_none_or(is_seen));
    let suppressed = suppressions::table.find(&person.email_folded).select((
        suppressions::reason,
        suppressions::detail,
        suppressions::created_at,
    ));
    let namesakes = match scope.is_whole() {
        true => merge::namesakes(conn, &person, 5)?,
        false => Vec::new(),
    };
    let deeds = audit::of_subject(conn, "subscriber", &id.to_string(), 20)?;
    Ok(Found {
        off: topics_off(conn, id)?,
        got: got(conn, scope, id)?,
        suppressed: each!(conn, c => suppressed.first(c).optional())?,
        names: record::names(conn, &deeds)?,
        person,
        standings,
        proofs,
        namesakes,
        deeds,
    })
}

/// The newest mails that a reader got, of the seasons that may be seen.
fn got(conn: &mut Conn, scope: &Scope, id: SubscriberId) -> AppResult<Vec<Got>> {
    Ok(each!(conn, c: Db => {
        let mut query = deliveries::table
            .inner_join(newsletters::table.on(newsletters::id.eq(deliveries::newsletter_id)))
            .filter(deliveries::subscriber_id.eq(id))
            .order(deliveries::sent_at.desc())
            .limit(MOST)
            .select((
                newsletters::id,
                newsletters::title,
                deliveries::state,
                deliveries::code,
                deliveries::sent_at,
            ))
            .into_boxed::<Db>();
        if let Some(own) = scope.ids() {
            let own: Vec<Option<CampaignId>> = own.iter().copied().map(Some).collect();
            query = query.filter(newsletters::campaign_id.eq_any(own));
        }
        query.load(c)
    })?)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    draw(&desk, id_of(&path.0)?, "", Mend::none()).await
}

pub(super) async fn draw(
    desk: &Desk,
    id: SubscriberId,
    other: &str,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let is_whole = scope.is_whole();
    let found = desk.site.db.read(move |c| find(c, &scope, id)).await?;
    let subject = ("subscriber", id.to_string());
    desk.note(Deed::new(desk.signed.user(), "subscriber.view", subject))
        .await?;
    let mut view = view(&found, is_whole);
    other.clone_into(&mut view.other);
    view.other_error = mend.at("other");
    view.notice = mend.notice;
    let status = mend.status;
    desk.show("subscriber", "A subscriber", status, view)
}

fn view(found: &Found, is_whole: bool) -> View {
    let person = &found.person;
    let title = match person.name.as_str() {
        "" => person.email.to_string(),
        name => name.to_owned(),
    };
    let list_name = |one: &Proof| {
        let list = found
            .standings
            .iter()
            .find(|s| Some(s.list.id) == one.list_id);
        match (list, one.list_id) {
            (Some(list), _) => list.list.name.clone(),
            (None, None) => "everything".to_owned(),
            (None, Some(_)) => "another list".to_owned(),
        }
    };
    View {
        id: person.id.to_string(),
        title,
        email: person.email.to_string(),
        language: person.language.clone(),
        country: person.country.clone(),
        time_zone: person.time_zone.clone().unwrap_or_default(),
        came_at: person.created_at.rfc3339(),
        donor: person.supporter_id.is_some(),
        account_url: person.user_id.map(|id| format!("/console/people/{id}")),
        out_since: person.left_all_at.map(Timestamp::rfc3339),
        merged_url: person
            .merged_into
            .map(|id| format!("/console/subscribers/{id}")),
        is_erased: person.erased_at.is_some(),
        suppressed: found.suppressed.as_ref().map(|(reason, detail, _)| {
            format!("{} {detail}", reason.to_string().replace('_', " "))
        }),
        suppressed_at: found.suppressed.as_ref().map(|(.., at)| at.rfc3339()),
        lists: found
            .standings
            .iter()
            .map(|one| ListRow {
                id: one.list.id.to_string(),
                name: one.list.name.clone(),
                state: state_word(one.state),
                since: one.since.rfc3339(),
                can_leave: one.state != SubscriptionState::Left,
            })
            .collect(),
        topics_off: found.off.clone(),
        proofs: found
            .proofs
            .iter()
            .map(|one| ProofRow {
                at: one.at.rfc3339(),
                what: one.act.to_string().replace('_', " "),
                list: list_name(one),
                door: one.door.to_string().replace('_', " "),
                source: one.source_id.clone().unwrap_or_default(),
                wording: one.wording.clone(),
                network: one
                    .ip_hash
                    .as_deref()
                    .and_then(|digest| digest.get(..12))
                    .unwrap_or_default()
                    .to_owned(),
            })
            .collect(),
        mails: found.got.iter().map(mail).collect(),
        namesakes: found
            .namesakes
            .iter()
            .map(|one| Other {
                email: one.email.to_string(),
                href: format!("/console/subscribers/{}", one.id),
            })
            .collect(),
        is_whole,
        other: String::new(),
        other_error: None,
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        errors: Vec::new(),
        notice: None,
    }
}

fn mail((id, title, state, code, at): &Got) -> MailRow {
    MailRow {
        newsletter: title.clone(),
        href: format!("/console/newsletters/{id}"),
        state: state.clone(),
        code: code.map(|code| code.to_string()).unwrap_or_default(),
        at: at.map(Timestamp::rfc3339),
    }
}
