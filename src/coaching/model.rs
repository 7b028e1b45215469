//! Rows of the coach: badges earned, what was said, and what participants promised.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::prelude::*;

use super::rules::badges::{Badge, TeamBadge};
use crate::auth::UserId;
use crate::auth::mutes::MailKind;
use crate::db::Conn;
use crate::db::schema::{badges, coaching_mails, own_milestones};
use crate::each;
use crate::error::AppResult;
use crate::ids::TeamId;
use crate::kernel::Timestamp;
use crate::pages::PageId;

crate::id!(
    /// A participant's own milestone.
    pub MilestoneId,
    "own"
);

crate::words! {
    /// Who earns a badge.
    pub enum BadgeScope {
        /// A page.
        Page = "page",
        /// A team.
        Team = "team",
    }
}

/// "At $500 I will …"
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = own_milestones)]
pub struct OwnMilestone {
    /// The id.
    pub id: MilestoneId,
    /// On which page.
    pub page_id: PageId,
    /// Minor units of the campaign's currency.
    pub amount: i64,
    /// What is promised, as it goes on after "I will".
    pub promise: String,
    /// When it was reached; later refunds change nothing.
    pub reached_at: Option<Timestamp>,
    /// When the participant said that it was kept.
    pub kept_at: Option<Timestamp>,
}

impl OwnMilestone {
    /// Whether it was reached, as far as `raised` minor units tell.
    pub fn is_reached(&self, raised: i64) -> bool {
        self.reached_at.is_some() || raised >= self.amount
    }
}

/// Something that the coach said, or passed over for good.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = coaching_mails, treat_none_as_default_value = false)]
pub struct Told {
    /// About which page.
    pub page_id: PageId,
    /// Of which kind.
    pub kind: MailKind,
    /// Of what: unique for page and kind.
    pub key: String,
    /// To whom.
    pub user_id: UserId,
    /// When.
    pub decided_at: Timestamp,
    /// A mail of its own went out; otherwise it was told with another one or dropped.
    pub is_mailed: bool,
}

/// How long what was said is remembered: a season is over by then.
const REMEMBERED: Duration = Duration::days(400);

/// What was said to these people on all their pages, in the last 400 days.
///
/// # Errors
/// The database's.
pub fn told_to(conn: &mut Conn, users: &[UserId], now: Timestamp) -> AppResult<Vec<Told>> {
    let query = coaching_mails::table
        .filter(coaching_mails::user_id.eq_any(users))
        .filter(coaching_mails::decided_at.gt(now.minus(REMEMBERED)));
    Ok(each!(conn, c => query.select(Told::as_select()).load(c))?)
}

/// The badges of these pages, the first earned first. A badge that this program no longer knows is left out.
///
/// # Errors
/// The database's.
pub fn badges_of(
    conn: &mut Conn,
    pages: &[PageId],
) -> AppResult<BTreeMap<PageId, Vec<(Badge, Timestamp)>>> {
    let rows = badge_rows(conn, BadgeScope::Page, pages)?;
    let mut earned: BTreeMap<PageId, Vec<(Badge, Timestamp)>> = BTreeMap::new();
    for (id, badge, at) in rows {
        if let (Ok(page), Ok(badge)) = (id.parse(), badge.parse()) {
            earned.entry(page).or_default().push((badge, at));
        }
    }
    Ok(earned)
}

/// The badges of these teams, the first earned first.
///
/// # Errors
/// The database's.
pub fn team_badges_of(
    conn: &mut Conn,
    teams: &[TeamId],
) -> AppResult<BTreeMap<TeamId, Vec<TeamBadge>>> {
    let rows = badge_rows(conn, BadgeScope::Team, teams)?;
    let mut earned: BTreeMap<TeamId, Vec<TeamBadge>> = BTreeMap::new();
    for (id, badge, _) in rows {
        if let (Ok(team), Ok(badge)) = (id.parse(), badge.parse()) {
            earned.entry(team).or_default().push(badge);
        }
    }
    Ok(earned)
}

fn badge_rows(
    conn: &mut Conn,
    scope: BadgeScope,
    ids: &[impl ToString],
) -> AppResult<Vec<(String, String, Timestamp)>> {
    let query = badges::table
        .filter(badges::scope.eq(scope))
        .filter(badges::scope_id.eq_any(ids.iter().map(ToString::to_string)))
        .order((badges::earned_at, badges::badge))
        .select((badges::scope_id, badges::badge, badges::earned_at));
    Ok(each!(conn, c => query.load(c))?)
}

/// The own milestones of these pages, by amount.
///
/// # Errors
/// The database's.
pub fn own_of(conn: &mut Conn, pages: &[PageId]) -> AppResult<BTreeMap<PageId, Vec<OwnMilestone>>> {
    let query = own_milestones::table
        .filter(own_milestones::page_id.eq_any(pages))
        .order((own_milestones::page_id, own_milestones::amount));
    let rows: Vec<OwnMilestone> =
        each!(conn, c => query.select(OwnMilestone::as_select()).load(c))?;
    let mut own: BTreeMap<PageId, Vec<OwnMilestone>> = BTreeMap::new();
    for row in rows {
        own.entry(row.page_id).or_default().push(row);
    }
    Ok(own)
}
