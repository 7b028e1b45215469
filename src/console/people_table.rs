//! The table of people: participants of a season, or staff.

use std::collections::HashMap;

use diesel::dsl::{exists, max};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::needle::{Needle, holds, lower};
use crate::auth::{Role, UserId};
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{pages, sessions, user_roles, users};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Slug, Timestamp};
use crate::pages::model::PageStatus;

crate::words! {
    /// In which order people are listed.
    pub enum PeopleSort {
        /// Newest account first.
        Newest = "newest",
        /// By mail address.
        Address = "address",
    }
}

/// Where the table goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum PersonPlace {
    /// After this account.
    Newest(UserId),
    /// After this address.
    Address(String),
}

/// Who is listed.
#[derive(Debug, Clone)]
pub(super) enum Whom {
    /// Owners of pages of a season.
    Participants(CampaignId),
    /// Everybody who may open the console.
    Staff,
}

/// A person in the table.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct PersonLine {
    /// The id.
    pub(super) id: UserId,
    /// How the person is called.
    pub(super) name: String,
    /// Where mail goes.
    pub(super) email: Email,
    email_folded: String,
    /// When the person came.
    pub(super) created_at: Timestamp,
    /// Since when the person is kept out.
    pub(super) disabled_at: Option<Timestamp>,
}

impl PersonLine {
    /// The place after this row.
    pub(super) fn place(&self, sort: PeopleSort) -> PersonPlace {
        match sort {
            PeopleSort::Newest => PersonPlace::Newest(self.id),
            PeopleSort::Address => PersonPlace::Address(self.email_folded.clone()),
        }
    }
}

/// Up to `most` people after a place.
///
/// # Errors
/// The database's.
pub(super) fn people(
    conn: &mut Conn,
    whom: &Whom,
    needle: Option<&Needle>,
    sort: PeopleSort,
    after: Option<&PersonPlace>,
    most: i64,
) -> AppResult<Vec<PersonLine>> {
    Ok(each!(conn, c: Db => {
        let mut query = users::table
            .select(PersonLine::as_select())
            .limit(most)
            .into_boxed::<Db>();
        query = match whom {
            Whom::Participants(campaign) => query.filter(exists(
                pages::table
                    .filter(pages::owner_id.eq(users::id.nullable()))
                    .filter(pages::campaign_id.eq(*campaign)),
            )),
            Whom::Staff => query.filter(exists(
                user_roles::table
                    .filter(user_roles::user_id.eq(users::id))
                    .filter(user_roles::role.eq_any(STAFF)),
            )),
        };
        if let Some(needle) = needle {
            query = query.filter(
                users::email_folded
                    .like(needle.prefix())
                    .escape('\\')
                    .or(holds!(users::name, needle)),
            );
        }
        query = match sort {
            PeopleSort::Newest => query.order(users::id.desc()),
            PeopleSort::Address => query.order(users::email_folded.asc()),
        };
        query = match after {
            None => query,
            Some(PersonPlace::Newest(id)) => query.filter(users::id.lt(*id)),
            Some(PersonPlace::Address(address)) => query.filter(users::email_folded.gt(address)),
        };
        query.load(c)
    })?)
}

/// The roles that open the console.
const STAFF: [Role; 3] = [Role::Owner, Role::Coordinator, Role::Finance];

/// A page of a person.
#[derive(Debug, Clone, Queryable)]
pub(super) struct OwnPage {
    owner_id: Option<UserId>,
    /// Its place in URLs.
    pub(super) slug: Slug,
    /// Its title.
    pub(super) title: String,
    /// Its state.
    pub(super) status: PageStatus,
    /// Of which season.
    pub(super) campaign_id: CampaignId,
}

/// The pages of these people by person, newest first, of one season or of all.
///
/// # Errors
/// The database's.
pub(super) fn pages_of(
    conn: &mut Conn,
    people: &[UserId],
    campaign: Option<CampaignId>,
) -> AppResult<HashMap<UserId, Vec<OwnPage>>> {
    let found: Vec<OwnPage> = each!(conn, c: Db => {
        let mut query = pages::table
            .filter(pages::owner_id.eq_any(people.iter().copied().map(Some)))
            .select((
                pages::owner_id,
                pages::slug,
                pages::title,
                pages::status,
                pages::campaign_id,
            ))
            .order(pages::id.desc())
            .limit(2_000)
            .into_boxed::<Db>();
        if let Some(campaign) = campaign {
            query = query.filter(pages::campaign_id.eq(campaign));
        }
        query.load(c)
    })?;
    let mut by_person: HashMap<UserId, Vec<OwnPage>> = HashMap::new();
    for page in found {
        if let Some(owner) = page.owner_id {
            by_person.entry(owner).or_default().push(page);
        }
    }
    Ok(by_person)
}

/// When these people were last here.
///
/// # Errors
/// The database's.
pub(super) fn last_seen(
    conn: &mut Conn,
    people: &[UserId],
) -> AppResult<HashMap<UserId, Timestamp>> {
    let query = sessions::table
        .filter(sessions::user_id.eq_any(people))
        .group_by(sessions::user_id)
        .select((sessions::user_id, max(sessions::seen_at)));
    let rows: Vec<(UserId, Option<Timestamp>)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(user, at)| at.map(|at| (user, at)))
        .collect())
}

/// What these people may do.
///
/// # Errors
/// The database's.
pub(super) fn roles(conn: &mut Conn, people: &[UserId]) -> AppResult<HashMap<UserId, Vec<Role>>> {
    let query = user_roles::table
        .filter(user_roles::user_id.eq_any(people))
        .order((user_roles::user_id, user_roles::role))
        .select((user_roles::user_id, user_roles::role));
    let rows: Vec<(UserId, Role)> = each!(conn, c => query.load(c))?;
    let mut by_person: HashMap<UserId, Vec<Role>> = HashMap::new();
    for (user, role) in rows {
        by_person.entry(user).or_default().push(role);
    }
    Ok(by_person)
}
