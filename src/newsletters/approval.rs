//! A second person's word: above so many recipients nothing goes out on one person's word alone (N20).
//!
//! An approval is for what stood there, told by its digest: any later change, be it of a segment's rule, asks for a new one. It
//! is given by somebody else than whoever wrote last, or by the writer who types to how many people it goes.

use diesel::prelude::*;

use super::audience;
use super::model::{Newsletter, NewsletterId, NewsletterState, by_id, digest_of};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{newsletter_approvals, newsletter_settings, segments};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::segments::SegmentId;

/// Above so many recipients a second person is asked, unless staff say otherwise.
pub const ABOVE: i64 = 500;

const SETTING: &str = "approval_above";

/// Above how many recipients a second person is asked.
///
/// # Errors
/// The database's.
pub fn above(conn: &mut Conn) -> AppResult<i64> {
    let query = newsletter_settings::table
        .find(SETTING)
        .select(newsletter_settings::value);
    let kept: Option<i64> = each!(conn, c => query.first(c).optional())?;
    Ok(kept.unwrap_or(ABOVE))
}

/// Sets [`above`].
///
/// # Errors
/// [`AppError::Invalid`] of `above`.
pub fn set_above(conn: &mut Conn, above: i64, by: UserId, now: Timestamp) -> AppResult<()> {
    if !(0..=1_000_000).contains(&above) {
        return Err(AppError::field(
            "above",
            "write a whole number from 0 to 1,000,000",
        ));
    }
    let row = (
        newsletter_settings::name.eq(SETTING),
        newsletter_settings::value.eq(above),
    );
    each!(conn, c => diesel::insert_into(newsletter_settings::table)
        .values(row)
        .on_conflict(newsletter_settings::name)
        .do_update()
        .set(newsletter_settings::value.eq(above))
        .execute(c))?;
    let deed = Deed::new(
        by,
        "newsletter.approval_above",
        ("installation", SETTING.into()),
    );
    audit::record(conn, &deed.saying(above.to_string()), now)
}

/// An approval.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = newsletter_approvals)]
pub struct Approval {
    /// Who.
    pub user_id: UserId,
    /// To how many it would have gone then.
    pub recipients: i64,
    /// Whether they typed that number.
    pub is_typed: bool,
    /// When.
    pub approved_at: Timestamp,
}

/// What an approval is for: [`Newsletter::digest`], and what the segments say that it names.
///
/// # Errors
/// The database's.
pub fn digest(conn: &mut Conn, newsletter: &Newsletter) -> AppResult<String> {
    let audience = &newsletter.audience.0;
    let both = [audience.segment, audience.without];
    let both: Vec<SegmentId> = both.into_iter().flatten().collect();
    let query = segments::table
        .filter(segments::id.eq_any(both))
        .order(segments::id)
        .select((segments::id, segments::campaign_id, segments::rule));
    let named: Vec<(String, Option<String>, String)> = each!(conn, c => query.load(c))?;
    let own = newsletter.digest();
    let mut parts = vec![own.as_str()];
    for (id, season, rule) in &named {
        // Conditions that name no season are about the segment's own.
        parts.extend([
            id.as_str(),
            season.as_deref().unwrap_or_default(),
            rule.as_str(),
        ]);
    }
    Ok(digest_of(&parts))
}

/// The approvals of what stands there now.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, newsletter: &Newsletter) -> AppResult<Vec<Approval>> {
    let digest = digest(conn, newsletter)?;
    let query = newsletter_approvals::table
        .filter(newsletter_approvals::newsletter_id.eq(newsletter.id))
        .filter(newsletter_approvals::digest.eq(digest))
        .order(newsletter_approvals::approved_at);
    Ok(each!(conn, c => query.select(Approval::as_select()).load(c))?)
}

/// Whether what stands there may go to `recipients`.
///
/// # Errors
/// The database's.
pub fn suffices(conn: &mut Conn, newsletter: &Newsletter, recipients: i64) -> AppResult<bool> {
    let limit = above(conn)?;
    if recipients <= limit {
        return Ok(true);
    }
    // An audience may grow a little until it goes out; one that doubled is another one.
    let fits = |one: &Approval| recipients <= one.recipients.saturating_mul(2).max(limit);
    Ok(of(conn, newsletter)?.iter().any(fits))
}

/// Approves what stands there; `typed` is the number of recipients as the writer typed it.
///
/// # Errors
/// [`AppError::Conflict`] `edited_meanwhile`, `wrong_state`; [`AppError::Invalid`] of `count`.
pub fn approve(
    conn: &mut Conn,
    id: NewsletterId,
    (digest, typed): (&str, Option<i64>),
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let newsletter = by_id(conn, id)?;
    if newsletter.state != NewsletterState::Draft && newsletter.state != NewsletterState::Scheduled
    {
        return Err(AppError::Conflict {
            code: "wrong_state",
            detail: "It is on its way already, or over.".into(),
        });
    }
    if self::digest(conn, &newsletter)? != digest {
        return Err(AppError::Conflict {
            code: "edited_meanwhile",
            detail: "It was changed while you read it. Read it again before you approve.".into(),
        });
    }
    let recipients = audience::count(conn, &newsletter.audience.0, now)?;
    let wrote = newsletter.changed_by.unwrap_or(newsletter.made_by) == by;
    if wrote && typed.is_none() {
        return Err(AppError::field(
            "count",
            "You wrote it: a second person approves it, or you type to how many people it goes",
        ));
    }
    if typed.is_some_and(|typed| typed != recipients) {
        return Err(AppError::field(
            "count",
            format!("It does not go to so many people now: it goes to {recipients}"),
        ));
    }
    let row = (
        newsletter_approvals::newsletter_id.eq(id),
        newsletter_approvals::digest.eq(digest),
        newsletter_approvals::user_id.eq(by),
        newsletter_approvals::recipients.eq(recipients),
        newsletter_approvals::is_typed.eq(typed.is_some()),
        newsletter_approvals::approved_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(newsletter_approvals::table)
        .values(row)
        .on_conflict((
            newsletter_approvals::newsletter_id,
            newsletter_approvals::digest,
            newsletter_approvals::user_id,
        ))
        .do_update()
        .set((
            newsletter_approvals::recipients.eq(recipients),
            newsletter_approvals::is_typed.eq(typed.is_some()),
            newsletter_approvals::approved_at.eq(now),
        ))
        .execute(c))?;
    let deed = Deed::new(by, "newsletter.approve", ("newsletter", id.to_string()))
        .saying(format!("to {recipients}"));
    audit::record(conn, &of_season(deed, &newsletter), now)
}

/// A deed in the newsletter's season, if it has one.
pub(super) fn of_season(deed: Deed, newsletter: &Newsletter) -> Deed {
    match newsletter.campaign_id {
        Some(campaign) => deed.of(campaign),
        None => deed,
    }
}
