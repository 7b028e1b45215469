//! Entering, mending, taking back and declining.

use diesel::prelude::*;

use super::model::{Kind, OfflineGiftId, OfflineState};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::offline_gifts;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId};
use crate::kernel::{Day, Email, Line, Money, Timestamp};

/// Pending entries of one page at most: whoever has more hands them in first.
pub const PENDING_MOST: i64 = 500;

/// What an entry says.
#[derive(Debug, Clone)]
pub struct Entry {
    /// How the money came.
    pub kind: Kind,
    /// How much it is, in the campaign's currency; more than nothing.
    pub amount: Money,
    /// Who gave it.
    pub donor_name: Line,
    /// Where a receipt goes.
    pub donor_email: Option<Email>,
    /// Whether the giver wants to stay unknown.
    pub anonymous: bool,
    /// On which day it was given.
    pub received_on: Day,
    /// What else there is to know; may be empty.
    pub note: String,
}

/// Where an entry stands, and who makes it.
#[derive(Debug, Clone, Copy)]
pub struct On {
    /// The id, made by the caller.
    pub id: OfflineGiftId,
    /// The page.
    pub page: PageId,
    /// The page's campaign.
    pub campaign: CampaignId,
    /// Who enters it.
    pub by: UserId,
}

/// Enters a gift; the same id twice is one entry, so a form sent twice does no harm.
///
/// # Errors
/// [`AppError::Invalid`] for an amount that is none; [`AppError::Conflict`] `too_many_pending`.
pub fn enter(conn: &mut Conn, on: On, entry: &Entry, now: Timestamp) -> AppResult<()> {
    positive(entry.amount)?;
    let waiting = offline_gifts::table
        .filter(offline_gifts::page_id.eq(on.page))
        .filter(offline_gifts::state.eq(OfflineState::Pending))
        .count();
    if each!(conn, c => waiting.get_result::<i64>(c))? >= PENDING_MOST {
        return Err(AppError::Conflict {
            code: "too_many_pending",
            detail: format!("this page has {PENDING_MOST} entries that wait; hand those in first"),
        });
    }
    let row = (
        offline_gifts::id.eq(on.id),
        offline_gifts::page_id.eq(on.page),
        offline_gifts::campaign_id.eq(on.campaign),
        offline_gifts::entered_by.eq(on.by),
        offline_gifts::kind.eq(entry.kind),
        offline_gifts::currency.eq(entry.amount.currency()),
        offline_gifts::amount.eq(entry.amount.minor()),
        offline_gifts::donor_name.eq(entry.donor_name.as_str()),
        offline_gifts::donor_email.eq(entry.donor_email.as_ref()),
        offline_gifts::anonymous.eq(entry.anonymous),
        offline_gifts::received_on.eq(entry.received_on),
        offline_gifts::note.eq(&entry.note),
        offline_gifts::state.eq(OfflineState::Pending),
        offline_gifts::created_at.eq(now),
        offline_gifts::reason.eq(""),
    );
    each!(conn, c => diesel::insert_into(offline_gifts::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

pub(super) fn positive(amount: Money) -> AppResult<()> {
    if amount.minor() > 0 {
        Ok(())
    } else {
        Err(AppError::field("amount", "write how much was given"))
    }
}

/// Mends a pending entry of `page`.
///
/// # Errors
/// [`AppError::Invalid`] for an amount that is none; [`AppError::Conflict`] `no_such_move` when it is decided, or of
/// another page.
pub fn mend(conn: &mut Conn, id: OfflineGiftId, page: PageId, entry: &Entry) -> AppResult<()> {
    positive(entry.amount)?;
    let target = offline_gifts::table
        .filter(offline_gifts::id.eq(id))
        .filter(offline_gifts::page_id.eq(page))
        .filter(offline_gifts::state.eq(OfflineState::Pending));
    moved(each!(conn, c => diesel::update(target)
        .set((
            offline_gifts::kind.eq(entry.kind),
            offline_gifts::currency.eq(entry.amount.currency()),
            offline_gifts::amount.eq(entry.amount.minor()),
            offline_gifts::donor_name.eq(entry.donor_name.as_str()),
            offline_gifts::donor_email.eq(entry.donor_email.as_ref()),
            offline_gifts::anonymous.eq(entry.anonymous),
            offline_gifts::received_on.eq(entry.received_on),
            offline_gifts::note.eq(&entry.note),
        ))
        .execute(c))?)
}

/// Takes a pending entry of `page` back.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is decided, or of another page.
pub fn withdraw(
    conn: &mut Conn,
    id: OfflineGiftId,
    page: PageId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let target = offline_gifts::table
        .filter(offline_gifts::id.eq(id))
        .filter(offline_gifts::page_id.eq(page))
        .filter(offline_gifts::state.eq_any(OfflineState::Withdrawn.comes_from()));
    moved(each!(conn, c => diesel::update(target)
        .set((
            offline_gifts::state.eq(OfflineState::Withdrawn),
            offline_gifts::decided_by.eq(by),
            offline_gifts::decided_at.eq(now),
        ))
        .execute(c))?)
}

/// Declines a pending entry: staff looked, and the money is not there. Its owner sees why. Answers its page.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is decided; [`AppError::NotFound`].
pub fn decline(
    conn: &mut Conn,
    id: OfflineGiftId,
    by: UserId,
    reason: &Line,
    now: Timestamp,
) -> AppResult<Option<PageId>> {
    let found = super::model::by_id(conn, id)?;
    let target = offline_gifts::table
        .filter(offline_gifts::id.eq(id))
        .filter(offline_gifts::state.eq_any(OfflineState::Declined.comes_from()));
    moved(each!(conn, c => diesel::update(target)
        .set((
            offline_gifts::state.eq(OfflineState::Declined),
            offline_gifts::decided_by.eq(by),
            offline_gifts::decided_at.eq(now),
            offline_gifts::reason.eq(reason.as_str()),
        ))
        .execute(c))?)?;
    let deed = Deed::new(by, "offline_gift.decline", ("offline_gift", id.to_string()))
        .of(found.campaign_id);
    audit::record(conn, &deed, now)?;
    Ok(found.page_id)
}

pub(super) fn moved(rows: usize) -> AppResult<()> {
    if rows == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "no_such_move",
        detail: "this entry does not wait any more; what was decided stays".into(),
    })
}
