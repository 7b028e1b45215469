//! `/console/participants`: the table of people. Whoever looks at addresses leaves a deed (S15).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Room};
use super::listing::{self, Choice, ROWS};
use super::needle::Needle;
use super::people_table::{self, PeopleSort, PersonPlace, Whom};
use super::scope::{self, Scope, SeasonChoice};
use crate::audit::{self, Deed};
use crate::auth::{Coordinator, Role};
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Listed};
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
    let (scope, asked, now) = (Scope::of(&desk.signed), query.0, desk.now());
    let is_staff_list = asked.who == "staff";
    let can_see_staff = desk.signed.is(Role::Owner);
    if is_staff_list && !can_see_staff {
        return Err(AppError::Forbidden("owners alone see who works here"));
    }
    let sort = asked.sort()?;
    let after = asked.after(sort)?;
    let (wanted, actor) = (asked.clone(), desk.signed.user());
    let (choices, listed, pages, seen, roles) = site
        .db
        .tx(move |c| {
            let chosen = if is_staff_list {
                None
            } else {
                Some(scope::chosen(c, &scope, &wanted.campaign)?)
            };
            let campaign = chosen.as_ref().map(|chosen| chosen.campaign.id);
            let whom = campaign.map_or(Whom::Staff, Whom::Participants);
            let needle = Needle::parse(&wanted.q);
            let rows = people_table::people(
                c,
                &whom,
                needle.as_ref(),
                sort,
                after.as_ref(),
                ROWS.and_one(),
            )?;
            let listed = Listed::cut(rows, ROWS, |row| row.place(sort));
            let ids: Vec<_> = listed.items.iter().map(|row| row.id).collect();
            let pages = people_table::pages_of(c, &ids, campaign)?;
            let seen = people_table::last_seen(c, &ids)?;
            let roles = people_table::roles(c, &ids)?;
            let subject = campaign.map_or_else(|| "staff".to_owned(), |id| id.to_string());
            let mut deed = Deed::new(actor, "people.view", ("people", subject))
                .saying(format!("{} addresses", ids.len()));
            deed.campaign = campaign;
            audit::record(c, &deed, now)?;
            let choices = chosen.map(|chosen| chosen.choices).unwrap_or_default();
            Ok((choices, listed, pages, seen, roles))
        })
        .await?;
    let rows = listed.items.iter().map(|person| RowView {
        href: format!("/console/people/{}", person.id),
        name: person.name.clone(),
        email: person.email.to_string(),
        roles: words(roles.get(&person.id)),
        is_out: person.disabled_at.is_some(),
        pages: pages.get(&person.id).map_or_else(Vec::new, |pages| {
            let link = |page: &people_table::OwnPage| PageLink {
                title: page.title.clone(),
                href: format!("/console/pages/{}", page.slug),
                status: page.status.to_string().replace('_', " "),
            };
            pages.iter().map(link).collect()
        }),
        seen_at: seen.get(&person.id).map(|at| at.rfc3339()),
    });
    let view = PeopleView {
        seasons: choices,
        sorts: listing::choices(PeopleSort::ALL, sort.as_str()),
        q: asked.q,
        is_staff_list,
        can_see_staff,
        rows: rows.collect(),
        next_url: listing::next(&request, &listed),
        export_url: listing::with_path("/console/participants.csv", &request, &[]),
    };
    desk.page("people", "Participants", view)
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
