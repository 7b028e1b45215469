//! What a season still lacks before it goes live.

use super::edit::program_ids;
use super::model::Campaign;
use super::ops::move_to;
use super::{CampaignId, CampaignStatus, model};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::funds;
use crate::kernel::Timestamp;

/// One thing that a season needs, or had better have.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Point {
    /// What it is.
    pub what: &'static str,
    /// How to get there.
    pub how: &'static str,
    /// Whether it is there.
    pub is_met: bool,
    /// Whether the season cannot go live without it.
    pub is_required: bool,
}

/// The list of what a season needs before it goes live.
///
/// # Errors
/// The database's.
pub fn checklist(conn: &mut Conn, campaign: &Campaign, now: Timestamp) -> AppResult<Vec<Point>> {
    let has_programs = !program_ids(conn, campaign.id)?.is_empty();
    let has_policy = funds::policy_in_force(conn, campaign.id, now)?.is_some();
    let today = campaign.time_zone.day_of(now);
    let is_ahead = today.is_some_and(|today| today <= campaign.giving_until);
    let point = |what, how, is_met, is_required| Point {
        what,
        how,
        is_met,
        is_required,
    };
    Ok(vec![
        point(
            "Programs",
            "Tick at least one program that this season pays for.",
            has_programs,
            true,
        ),
        point(
            "Allocation policy in force",
            "Say how undesignated money is shared out.",
            has_policy,
            true,
        ),
        point(
            "Days",
            "The last day of giving must not have passed.",
            is_ahead,
            true,
        ),
        point(
            "Story",
            "Pages without a story of their own show it.",
            !campaign.story.is_empty(),
            false,
        ),
        point(
            "Goal",
            "A season without a goal has no thermometer's end.",
            campaign.goal().minor() > 0,
            false,
        ),
        point(
            "Questions and answers",
            "What givers ask again and again.",
            !campaign.faq.0.is_empty(),
            false,
        ),
    ])
}

/// Lets a draft go live, when nothing that it needs is missing.
///
/// # Errors
/// [`AppError::Conflict`] `not_ready` names what is missing; those of [`move_to`].
pub fn go_live(conn: &mut Conn, id: CampaignId, now: Timestamp) -> AppResult<()> {
    let campaign = model::by_id(conn, id)?;
    let missing: Vec<&str> = checklist(conn, &campaign, now)?
        .into_iter()
        .filter(|point| point.is_required && !point.is_met)
        .map(|point| point.how)
        .collect();
    if campaign.status == CampaignStatus::Draft && !missing.is_empty() {
        return Err(AppError::Conflict {
            code: "not_ready",
            detail: missing.join(" "),
        });
    }
    move_to(conn, id, CampaignStatus::Live, now)
}
