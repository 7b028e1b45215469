//! Tables taken along as CSV: what is being looked at, read and sent in pieces, and a deed each time (S13, S15).

use std::collections::HashMap;
use std::future::Future;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::try_unfold;

use super::needle::Needle;
use super::pages_table::{self, PagePlace};
use super::people_table::{self, PeopleSort, PersonPlace, Whom};
use super::scope::{self, Scope};
use super::{pages, people, record, teams};
use crate::audit::{self, Deed};
use crate::auth::{Coordinator, Role, Signed};
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::ids::TeamId;
use crate::kernel::Timestamp;
use crate::web::csv::Csv;
use crate::web::query::query;
use crate::web::{Query, Site};

/// Rows that are read at once.
pub(super) const PIECE: i64 = 500;

/// Rows of a piece, and where the next one begins.
pub(super) type Piece<P> = (Vec<Vec<String>>, Option<P>);

/// Sends a table in pieces; `piece` reads the one after a place.
pub(super) fn send<P, F, W>(name: &str, columns: &[&str], piece: F) -> HttpResponse
where
    P: 'static,
    F: Fn(Option<P>) -> W + 'static,
    W: Future<Output = AppResult<Piece<P>>> + 'static,
{
    let begin = (Csv::new(columns), None::<P>, false);
    let piece = std::rc::Rc::new(piece);
    let body = try_unfold(begin, move |(mut csv, place, is_done)| {
        let piece = std::rc::Rc::clone(&piece);
        async move {
            if is_done {
                return Ok::<_, AppError>(None);
            }
            let (rows, next) = piece(place).await?;
            for row in &rows {
                csv.row(row);
            }
            let is_last = next.is_none();
            let bytes = Bytes::from(csv.take());
            Ok(Some((bytes, (csv, next, is_last))))
        }
    });
    Csv::stream(name, body)
}

/// Whether the table goes on: it was read to the last row that was asked for.
pub(super) fn goes_on<T, P>(rows: &[T], place: impl Fn(&T) -> P) -> Option<P> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= PIECE);
    rows.last().filter(|_| is_full).map(place)
}

pub(super) fn note(
    conn: &mut Conn,
    signed: &Signed,
    action: &'static str,
    campaign: Option<CampaignId>,
    now: Timestamp,
) -> AppResult<()> {
    let subject = campaign.map_or_else(|| "all".to_owned(), |id| id.to_string());
    let mut deed = Deed::new(signed.user(), action, ("export", subject));
    deed.campaign = campaign;
    audit::record(conn, &deed, now)
}

pub(super) async fn pages_csv(
    site: Data<Site>,
    staff: Coordinator,
    asked: Query<pages::Asked>,
) -> AppResult<HttpResponse> {
    let (scope, signed, now) = (Scope::of(&staff.0), staff.0, site.clock.now());
    let asked = asked.0;
    let filter = site
        .db
        .tx(move |c| {
            let campaign = scope::chosen(c, &scope, &asked.campaign)?.campaign.id;
            note(c, &signed, "page.export", Some(campaign), now)?;
            asked.filter(campaign)
        })
        .await?;
    let columns = [
        "address",
        "title",
        "participant",
        "team",
        "state",
        "made",
        "raised",
        "goal",
        "currency",
        "gifts",
        "donors",
    ];
    let db = site.db.clone();
    Ok(send(
        "pages.csv",
        &columns,
        move |after: Option<PagePlace>| {
            let (db, filter) = (db.clone(), filter.clone());
            async move {
                let sort = filter.sort;
                let rows = db
                    .read(move |c| pages_table::pages(c, &filter, after.as_ref(), PIECE))
                    .await?;
                let next = goes_on(&rows, |row| row.place(sort));
                Ok((rows.iter().map(page_row).collect(), next))
            }
        },
    ))
}

fn page_row(line: &pages_table::PageLine) -> Vec<String> {
    let (page, raised) = (&line.page, line.total.raised());
    vec![
        page.slug.to_string(),
        page.title.clone(),
        page.participant.clone(),
        line.team.clone().unwrap_or_default(),
        page.status.to_string(),
        page.created_at.rfc3339(),
        raised.decimal(),
        page.goal(raised.currency()).decimal(),
        raised.currency().to_string(),
        line.total.donations.to_string(),
        line.total.donors.to_string(),
    ]
}

/// The table of people holds addresses: it asks for a fresh proof of who takes them along (S6).
pub(super) async fn people_csv(
    site: Data<Site>,
    staff: Coordinator,
    asked: Query<people::Asked>,
) -> AppResult<HttpResponse> {
    let (scope, signed, now) = (Scope::of(&staff.0), staff.0, site.clock.now());
    signed.proved_lately(now)?;
    let asked = asked.0;
    if asked.who == "staff" && !signed.is(Role::Owner) {
        return Err(AppError::Forbidden("owners alone see who works here"));
    }
    let (sort, needle) = (asked.sort()?, Needle::parse(&asked.q));
    let campaign = site
        .db
        .tx(move |c| {
            let campaign = if asked.who == "staff" {
                None
            } else {
                Some(scope::chosen(c, &scope, &asked.campaign)?.campaign.id)
            };
            note(c, &signed, "people.export", campaign, now)?;
            Ok(campaign)
        })
        .await?;
    let columns = [
        "name",
        "address",
        "roles",
        "pages",
        "here since",
        "last seen",
        "kept out",
    ];
    let db = site.db.clone();
    Ok(send(
        "people.csv",
        &columns,
        move |after: Option<PersonPlace>| {
            let (db, needle) = (db.clone(), needle.clone());
            async move {
                db.read(move |c| people_piece(c, campaign, needle.as_ref(), sort, after.as_ref()))
                    .await
            }
        },
    ))
}

fn people_piece(
    conn: &mut Conn,
    campaign: Option<CampaignId>,
    needle: Option<&Needle>,
    sort: PeopleSort,
    after: Option<&PersonPlace>,
) -> AppResult<Piece<PersonPlace>> {
    let whom = campaign.map_or(Whom::Staff, Whom::Participants);
    let rows = people_table::people(conn, &whom, needle, sort, after, PIECE)?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let pages = people_table::pages_of(conn, &ids, campaign)?;
    let seen = people_table::last_seen(conn, &ids)?;
    let roles = people_table::roles(conn, &ids)?;
    let next = goes_on(&rows, |row| row.place(sort));
    let cells = rows.iter().map(|row| {
        let own = pages.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<&str> = own.iter().map(|page| page.slug.as_str()).collect();
        vec![
            row.name.clone(),
            row.email.to_string(),
            people::words(roles.get(&row.id)),
            own.join(" "),
            row.created_at.rfc3339(),
            seen.get(&row.id).map(|at| at.rfc3339()).unwrap_or_default(),
            row.disabled_at.map(Timestamp::rfc3339).unwrap_or_default(),
        ]
    });
    Ok((cells.collect(), next))
}

pub(super) async fn teams_csv(
    site: Data<Site>,
    staff: Coordinator,
    asked: Query<teams::Asked>,
) -> AppResult<HttpResponse> {
    let (scope, signed, now) = (Scope::of(&staff.0), staff.0, site.clock.now());
    let (asked, needle) = (asked.0.clone(), Needle::parse(&asked.0.q));
    let campaign = site
        .db
        .tx(move |c| {
            let campaign = scope::chosen(c, &scope, &asked.campaign)?.campaign.id;
            note(c, &signed, "team.export", Some(campaign), now)?;
            Ok(campaign)
        })
        .await?;
    let columns = [
        "address", "name", "captain", "group", "pages", "raised", "goal", "currency",
    ];
    let db = site.db.clone();
    Ok(send("teams.csv", &columns, move |after: Option<TeamId>| {
        let (db, needle) = (db.clone(), needle.clone());
        async move {
            db.read(move |c| {
                let rows = teams::teams_of(c, campaign, needle.as_ref(), after, PIECE)?;
                let ids: Vec<TeamId> = rows.iter().map(|row| row.team.id).collect();
                let members = teams::members(c, &ids)?;
                let next = goes_on(&rows, |row| row.team.id);
                Ok((
                    rows.iter().map(|row| team_row(row, &members)).collect(),
                    next,
                ))
            })
            .await
        }
    }))
}

fn team_row(line: &teams::TeamLine, members: &HashMap<TeamId, i64>) -> Vec<String> {
    let raised = line.total.raised();
    vec![
        line.team.slug.to_string(),
        line.team.name.clone(),
        line.captain.clone().unwrap_or_default(),
        line.group.clone().unwrap_or_default(),
        members.get(&line.team.id).copied().unwrap_or(0).to_string(),
        raised.decimal(),
        line.team.goal(raised.currency()).decimal(),
        raised.currency().to_string(),
    ]
}

pub(super) async fn audit_csv(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let (signed, now) = (staff.0, site.clock.now());
    let asked: record::Asked = query(&request)?;
    let (filter, slugs) = site
        .db
        .tx(move |c| {
            let filter = asked.filter(c, &signed)?;
            note(c, &signed, "audit.export", None, now)?;
            Ok((filter, record::slugs(c)?))
        })
        .await?;
    let columns = [
        "number",
        "at",
        "actor",
        "via",
        "action",
        "subject kind",
        "subject",
        "season",
        "words",
        "before",
        "after",
    ];
    let db = site.db.clone();
    Ok(send("audit.csv", &columns, move |before: Option<i64>| {
        let (db, filter, slugs) = (db.clone(), filter.clone(), slugs.clone());
        async move {
            let rows = db
                .read(move |c| record::deeds(c, &filter, before, PIECE))
                .await?;
            let next = goes_on(&rows, |deed| deed.id);
            Ok((
                rows.iter().map(|deed| deed_row(deed, &slugs)).collect(),
                next,
            ))
        }
    }))
}

fn deed_row(deed: &audit::Recorded, slugs: &HashMap<CampaignId, String>) -> Vec<String> {
    let season = deed.campaign_id.and_then(|id| slugs.get(&id).cloned());
    vec![
        deed.id.to_string(),
        deed.at.rfc3339(),
        deed.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        deed.via.to_string(),
        deed.action.clone(),
        deed.subject_kind.clone(),
        deed.subject_id.clone(),
        season.unwrap_or_default(),
        deed.detail.clone(),
        deed.before_hash.clone().unwrap_or_default(),
        deed.after_hash.clone().unwrap_or_default(),
    ]
}
