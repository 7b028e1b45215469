//! Making, changing, keeping and withdrawing own milestones; and writing down what the walk decided.

use diesel::prelude::*;

use super::model::{BadgeScope, MilestoneId, OwnMilestone, Told};
use super::rules::badges::{Badge, TeamBadge};
use crate::db::Conn;
use crate::db::schema::{badges, coaching_mails, own_milestones};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::TeamId;
use crate::kernel::{Line, Money, Timestamp};
use crate::pages::PageId;

/// Own milestones of one page at most: a page is no shop.
pub const MOST: i64 = 12;

/// "At `amount` I will `promise`", to be made or to replace what stands.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The id: a new one, or that of the milestone to change.
    pub id: MilestoneId,
    /// On which page.
    pub page: PageId,
    /// In the campaign's currency, more than nothing.
    pub amount: Money,
    /// How it goes on after "I will".
    pub words: Line,
}

/// Makes an own milestone.
///
/// # Errors
/// [`AppError::Invalid`] for an amount that has one already or is not more than nothing; [`AppError::Conflict`]
/// `too_many` beyond [`MOST`].
pub fn add(conn: &mut Conn, new: &Promise, now: Timestamp) -> AppResult<()> {
    check_amount(conn, new)?;
    let all = own_milestones::table.filter(own_milestones::page_id.eq(new.page));
    if each!(conn, c => all.count().get_result::<i64>(c))? >= MOST {
        return Err(AppError::Conflict {
            code: "too_many",
            detail: format!("a page holds at most {MOST} promises; remove one first"),
        });
    }
    let row = (
        own_milestones::id.eq(new.id),
        own_milestones::page_id.eq(new.page),
        own_milestones::amount.eq(new.amount.minor()),
        own_milestones::promise.eq(new.words.as_str()),
        own_milestones::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(own_milestones::table).values(row).execute(c))?;
    Ok(())
}

/// Changes amount and words of a milestone that was not reached yet: what people gave for is not rewritten.
///
/// # Errors
/// As [`add`]; [`AppError::Conflict`] `reached` when it was reached; [`AppError::NotFound`] on another page.
pub fn change(conn: &mut Conn, new: &Promise) -> AppResult<()> {
    check_amount(conn, new)?;
    let target = one(new.page, new.id).filter(own_milestones::reached_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set((
            own_milestones::amount.eq(new.amount.minor()),
            own_milestones::promise.eq(new.words.as_str()),
        ))
        .execute(c))?;
    moved(
        conn,
        changed,
        new.page,
        new.id,
        "it was reached, so it stays as people read it",
    )
}

/// Notes that a promise was kept.
///
/// # Errors
/// [`AppError::Conflict`] `not_reached` while less than its amount was `raised`; [`AppError::NotFound`] on another page.
pub fn keep(
    conn: &mut Conn,
    page: PageId,
    id: MilestoneId,
    raised: Money,
    now: Timestamp,
) -> AppResult<()> {
    let reached = own_milestones::reached_at
        .is_not_null()
        .or(own_milestones::amount.le(raised.minor()));
    let target = one(page, id).filter(reached);
    let kept = each!(conn, c => diesel::update(target)
        .set(own_milestones::kept_at.eq(now))
        .execute(c))?;
    moved(conn, kept, page, id, "its amount was not reached yet")
}

/// Withdraws a milestone. Who has done so already hears no complaint.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, page: PageId, id: MilestoneId) -> AppResult<()> {
    each!(conn, c => diesel::delete(one(page, id)).execute(c))?;
    Ok(())
}

type One = diesel::dsl::Filter<
    diesel::dsl::Find<own_milestones::table, MilestoneId>,
    diesel::dsl::Eq<own_milestones::page_id, PageId>,
>;

fn one(page: PageId, id: MilestoneId) -> One {
    own_milestones::table
        .find(id)
        .filter(own_milestones::page_id.eq(page))
}

fn check_amount(conn: &mut Conn, new: &Promise) -> AppResult<()> {
    if new.amount.minor() < 1 {
        return Err(AppError::field("amount", "name an amount above nothing"));
    }
    let same = own_milestones::table
        .filter(own_milestones::page_id.eq(new.page))
        .filter(own_milestones::amount.eq(new.amount.minor()))
        .filter(own_milestones::id.ne(new.id));
    if each!(conn, c => same.count().get_result::<i64>(c))? > 0 {
        let message = format!("there is a promise at {} already", new.amount);
        return Err(AppError::field("amount", message));
    }
    Ok(())
}

/// One row moved, or why none did.
fn moved(conn: &mut Conn, rows: usize, page: PageId, id: MilestoneId, why: &str) -> AppResult<()> {
    if rows == 1 {
        return Ok(());
    }
    if each!(conn, c => one(page, id).count().get_result::<i64>(c))? == 0 {
        return Err(AppError::NotFound("this promise"));
    }
    Err(AppError::Conflict {
        code: "no_such_move",
        detail: format!("this promise cannot be changed: {why}"),
    })
}

/// Rows of one statement at most: SQLite binds 32,766 values in one.
const ROWS: usize = 1_000;

/// Writes down badges of pages; one that is there keeps its time.
///
/// # Errors
/// The database's.
pub fn earn(conn: &mut Conn, earned: &[(PageId, Badge)], now: Timestamp) -> AppResult<()> {
    let rows = earned
        .iter()
        .map(|(page, badge)| (BadgeScope::Page, page.to_string(), badge.as_str()));
    write_badges(conn, rows.collect(), now)
}

/// Writes down badges of teams; one that is there keeps its time.
///
/// # Errors
/// The database's.
pub fn earn_together(
    conn: &mut Conn,
    earned: &[(TeamId, TeamBadge)],
    now: Timestamp,
) -> AppResult<()> {
    let rows = earned
        .iter()
        .map(|(team, badge)| (BadgeScope::Team, team.to_string(), badge.as_str()));
    write_badges(conn, rows.collect(), now)
}

fn write_badges(
    conn: &mut Conn,
    rows: Vec<(BadgeScope, String, &'static str)>,
    now: Timestamp,
) -> AppResult<()> {
    for chunk in rows.chunks(ROWS) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(scope, id, badge)| {
                (
                    badges::scope.eq(*scope),
                    badges::scope_id.eq(id),
                    badges::badge.eq(*badge),
                    badges::earned_at.eq(now),
                )
            })
            .collect();
        each!(conn, c => diesel::insert_into(badges::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Notes that these own milestones were reached; one that was keeps its time.
///
/// # Errors
/// The database's.
pub fn reach(conn: &mut Conn, own: &[MilestoneId], now: Timestamp) -> AppResult<()> {
    for chunk in own.chunks(ROWS) {
        let target = own_milestones::table
            .filter(own_milestones::id.eq_any(chunk))
            .filter(own_milestones::reached_at.is_null());
        each!(conn, c => diesel::update(target)
            .set(own_milestones::reached_at.eq(now))
            .execute(c))?;
    }
    Ok(())
}

/// Writes down what was said and what was passed over.
///
/// # Errors
/// The database's; a word that was said before is an error, so that it is not mailed again.
pub fn tell(conn: &mut Conn, told: &[Told]) -> AppResult<()> {
    for chunk in told.chunks(ROWS) {
        each!(conn, c => diesel::insert_into(coaching_mails::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// The own milestones of a page that `raised` minor units reach and that are not marked so.
pub fn newly_reached(own: &[OwnMilestone], raised: i64) -> impl Iterator<Item = MilestoneId> {
    own.iter()
        .filter(move |own| own.reached_at.is_none() && raised >= own.amount)
        .map(|own| own.id)
}
