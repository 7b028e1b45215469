//! `/console/participants`: the table of people. Whoever looks at addresses leaves a deed (S15).

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Room};
use super::listing::{self, Choice, ROWS};
use super::needle::Needle;
use super::people_table::{self, OwnPage, PeopleSort, PersonLine, PersonPlace, Whom};
use super::scope::{self, Scope, SeasonChoice};
use crate::audit::Deed;
use crate::auth::{Coordinator, Role, UserId};
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Listed, Timestamp};
use crate::web::query::value;
use crate::web::{Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) campaign: String,
    pub(super) q: String,
    pub(super) sort: String,
    pub(super) after: String,
    /// `staff` lists whoever may open the console, for owners.
    pub(super) who: String,
}

impl Asked {
    pub(super) fn sort(&self) -> AppResult<PeopleSort> {
        let given = Some(self.sort.as_str()).filter(|text| !text.is_empty());
        Ok(value("sort", given)?.unwrap_or(PeopleSort::Newest))
    }

    fn after(&self, sort: PeopleSort) -> AppResult<Option<PersonPlace>> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let place: Option<PersonPlace> = Cursor::parse(&self.after).ok();
        let place = place.filter(|place| {
            matches!(
                (place, sort),
                (PersonPlace::Newest(_), PeopleSort::Newest)
                    | (PersonPlace::Address(_), PeopleSort::Address)
            )
        });
        match place {
            Some(place) => Ok(Some(place)),
            None => Err(AppError::field(
                "after",
                "not a cursor that this list gave out",
            )),
        }
    }
}

#[derive(Serialize)]
struct PageLink {
    title: String,
    href: String,
    status: String,
}

#[derive(Serialize)]
struct RowView {
    href: String,
    name: String,
    email: String,
    roles: String,
    is_out: bool,
    pages: Vec<PageLink>,
    seen_at: Option<String>,
}

/// Context of `console/people`.
#[derive(Serialize)]
struct PeopleView {
    seasons: Vec<SeasonChoice>,
    sorts: Vec<Choice>,
    q: String,
    is_staff_list: bool,
    can_see_staff: bool,
    rows: Vec<RowView>,
    next_url: Option<String>,
    export_url: String,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Participants);
    let (scope, asked) = (Scope::of(&desk.signed), query.0);
    let is_staff_list = asked.who == "staff";
    let can_see_staff = desk.signed.is(Role::Owner);
    if is_staff_list && !can_see_staff {
        return Err(AppError::Forbidden("owners alone see who works here"));
    }
    let sort = asked.sort()?;
    let after = asked.after(sort)?;
    let wanted = asked.clone();
    let found = site
        .db
        .read(move |c| read(c, &scope, &wanted, sort, after.as_ref()))
        .await?;
    let subject = found
        .campaign
        .map_or_else(|| "staff".to_owned(), |id| id.to_string());
    let mut deed = Deed::new(desk.signed.user(), "people.view", ("people", subject))
        .saying(format!("{} addresses", found.listed.items.len()));
    deed.campaign = found.campaign;
    desk.note(deed).await?;
    let view = PeopleView {
        sorts: listing::choices(PeopleSort::ALL, sort.as_str()),
        q: asked.q,
        is_staff_list,
        can_see_staff,
        rows: found
            .listed
            .items
            .iter()
            .map(|one| row(one, &found))
            .collect(),
        next_url: listing::next(&request, &found.listed),
        export_url: listing::with_path("/console/participants.csv", &request, &[]),
        seasons: found.choices,
    };
    desk.page("people", "Participants", view)
}

/// A piece of the table with what stands beside its rows.
struct Found {
    campaign: Option<CampaignId>,
    choices: Vec<SeasonChoice>,
    listed: Listed<PersonLine>,
    pages: HashMap<UserId, Vec<OwnPage>>,
    seen: HashMap<UserId, Timestamp>,
    roles: HashMap<UserId, Vec<Role>>,
}

fn read(
    conn: &mut Conn,
    scope: &Scope,
    asked: &Asked,
    sort: PeopleSort,
    after: Option<&PersonPlace>,
) -> AppResult<Found> {
    let chosen = match asked.who.as_str() {
        "staff" => None,
        _ => Some(scope::chosen(conn, scope, &asked.campaign)?),
    };
    let campaign = chosen.as_ref().map(|chosen| chosen.campaign.id);
    let whom = campaign.map_or(Whom::Staff, Whom::Participants);
    let needle = Needle::parse(&asked.q);
    let most = ROWS.and_one();
    let rows = people_table::people(conn, &whom, needle.as_ref(), sort, after, most)?;
    let listed = Listed::cut(rows, ROWS, |row| row.place(sort));
    let ids: Vec<UserId> = listed.items.iter().map(|row| row.id).collect();
    Ok(Found {
        campaign,
        choices: chosen.map(|chosen| chosen.choices).unwrap_or_default(),
        pages: people_table::pages_of(conn, &ids, campaign)?,
        seen: people_table::last_seen(conn, &ids)?,
        roles: people_table::roles(conn, &ids)?,
        listed,
    })
}

fn row(person: &PersonLine, found: &Found) -> RowView {
    let link = |page: &OwnPage| PageLink {
        title: page.title.clone(),
        href: format!("/console/pages/{}", page.slug),
        status: page.status.to_string().replace('_', " "),
    };
    let pages = found.pages.get(&person.id).map(Vec::as_slice);
    RowView {
        href: format!("/console/people/{}", person.id),
        name: person.name.clone(),
        email: person.email.to_string(),
        roles: words(found.roles.get(&person.id)),
        is_out: person.disabled_at.is_some(),
        pages: pages.unwrap_or_default().iter().map(link).collect(),
        seen_at: found.seen.get(&person.id).map(|at| at.rfc3339()),
    }
}

/// The roles that say more than that somebody takes part.
pub(super) fn words(roles: Option<&Vec<Role>>) -> String {
    let roles = roles.map(Vec::as_slice).unwrap_or_default();
    let named: Vec<&str> = roles
        .iter()
        .filter(|role| **role != Role::Participant)
        .map(|role| role.as_str())
        .collect();
    named.join(", ")
}
