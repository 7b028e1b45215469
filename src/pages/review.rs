//! What staff do to pages, and the owner's answers. Each deed is one guarded move with its line in the record and its
//! mail to the owner, in one transaction. Whether `by` may do it, the handler's guard says.
//!
//! Callers tell the views afterwards: [`super::public::shown`], and [`super::public::withdrawn`] after [`hide`]; and
//! [`Followed::tell`].

use diesel::prelude::*;

use super::PageId;
use super::mails::{PageMails, Verdict};
use super::messages::{self, NewMessage};
use super::model::PageStatus;
use super::ops::{campaign_of, first_shown, step};
use super::photos::Followed;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::pages;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Line, Timestamp};

fn record(
    conn: &mut Conn,
    (page, campaign): (PageId, &Campaign),
    by: UserId,
    action: &'static str,
    now: Timestamp,
) -> AppResult<()> {
    let deed = Deed::new(by, action, ("page", page.to_string())).of(campaign.id);
    audit::record(conn, &deed, now)
}

/// Shows a page that waits for approval.
///
/// # Errors
/// [`crate::error::AppError::Conflict`] `no_such_move` when it does not wait (any more).
pub fn approve(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let campaign = campaign_of(conn, page)?;
    // What waits for approval has neither news nor days, and its photograph is shown already.
    drop(step(
        conn,
        page,
        &[PageStatus::Submitted],
        PageStatus::Live,
        now,
    )?);
    first_shown(conn, page, &campaign, now)?;
    record(conn, (page, &campaign), by, "page.approve", now)?;
    mails.verdict(conn, page, Verdict::Approved, None, now)
}

/// Asks the owner of a page that waits for approval for more; the page waits for their answer.
///
/// # Errors
/// As [`approve`].
pub fn ask_for_more(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    by: UserId,
    message: &NewMessage,
    now: Timestamp,
) -> AppResult<()> {
    let campaign = campaign_of(conn, page)?;
    drop(step(
        conn,
        page,
        &[PageStatus::Submitted],
        PageStatus::NeedsInfo,
        now,
    )?);
    messages::write(conn, page, (by, true), message, now)?;
    record(conn, (page, &campaign), by, "page.ask_for_more", now)?;
    mails.verdict(conn, page, Verdict::Asked, Some(&message.body), now)
}

/// Writes to the owner of a page that is shown: somebody reported it, say. Its state stays; the owner gets the words.
///
/// # Errors
/// [`crate::error::AppError::Conflict`] `no_such_move` when it is not live.
pub fn ask_owner(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    by: UserId,
    message: &NewMessage,
    now: Timestamp,
) -> AppResult<()> {
    let campaign = campaign_of(conn, page)?;
    let shown = pages::table
        .filter(pages::id.eq(page))
        .filter(pages::status.eq(PageStatus::Live))
        .count();
    if each!(conn, c => shown.get_result::<i64>(c))? == 0 {
        return Err(crate::error::AppError::Conflict {
            code: "no_such_move",
            detail: "this page is not shown, so its owner has nothing to change on it".into(),
        });
    }
    messages::write(conn, page, (by, true), message, now)?;
    record(conn, (page, &campaign), by, "page.ask_owner", now)?;
    mails.verdict(conn, page, Verdict::Questioned, Some(&message.body), now)
}

/// Takes a live page down; its owner is told why, nobody else.
///
/// # Errors
/// `no_such_move` when it is not live.
pub fn hide(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    by: UserId,
    reason: &Line,
    now: Timestamp,
) -> AppResult<Followed> {
    let campaign = campaign_of(conn, page)?;
    let followed = step(conn, page, &[PageStatus::Live], PageStatus::Hidden, now)?;
    keep_reason(conn, page, Some(reason.as_str()))?;
    record(conn, (page, &campaign), by, "page.hide", now)?;
    mails.verdict(conn, page, Verdict::Hidden, Some(reason.as_str()), now)?;
    Ok(followed)
}

/// Shows a page again that was taken down.
///
/// # Errors
/// `no_such_move` when it is not hidden.
pub fn show(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    by: UserId,
    now: Timestamp,
) -> AppResult<Followed> {
    let campaign = campaign_of(conn, page)?;
    let followed = step(conn, page, &[PageStatus::Hidden], PageStatus::Live, now)?;
    keep_reason(conn, page, None)?;
    record(conn, (page, &campaign), by, "page.show", now)?;
    mails.verdict(conn, page, Verdict::Shown, None, now)?;
    Ok(followed)
}

/// The owner answers, and sends the page to staff again.
///
/// # Errors
/// `no_such_move` when staff asked nothing.
pub fn send_again(
    conn: &mut Conn,
    page: PageId,
    by: UserId,
    message: Option<&NewMessage>,
    now: Timestamp,
) -> AppResult<()> {
    drop(step(
        conn,
        page,
        &[PageStatus::NeedsInfo],
        PageStatus::Submitted,
        now,
    )?);
    match message {
        Some(message) => messages::write(conn, page, (by, false), message, now),
        None => Ok(()),
    }
}

fn keep_reason(conn: &mut Conn, page: PageId, reason: Option<&str>) -> AppResult<()> {
    let target = pages::table.find(page);
    each!(conn, c => diesel::update(target)
        .set(pages::hidden_reason.eq(reason))
        .execute(c))?;
    Ok(())
}
