//! A season made from the one before: everything comes over, its days a year later, as a draft.

use chrono::Months;

use super::edit::{program_ids, set_rules};
use super::model::{Campaign, by_id};
use super::ops::{CreateCampaign, create};
use super::{CampaignId, CampaignStatus};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::funds::approval::enact_policy;
use crate::funds::ops::DraftPolicy;
use crate::funds::{self, FundId, PolicyId};
use crate::kernel::{Day, Line, Slug, Timestamp};
use crate::web::markdown::Story;

/// A season to be made from another.
#[derive(Debug, Clone)]
pub struct CloneSeason {
    /// The id, made by the caller.
    pub id: CampaignId,
    /// The id of its undesignated fund, made by the caller.
    pub fund: FundId,
    /// The id of its first policy, made by the caller.
    pub policy: PolicyId,
    /// The season that it is made from.
    pub of: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
}

/// Makes a draft from another season: texts, amounts, questions, programs, rules, and the newest approved allocation policy as
/// its version 1. The policy holds from now on, for no gift can be made while the season is a draft, and it must be in
/// force when the season goes live, which may be before its first day.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`; [`AppError::NotFound`]; [`AppError::Invalid`] when a year later is no day.
pub fn clone_season(conn: &mut Conn, new: &CloneSeason, now: Timestamp) -> AppResult<()> {
    let old = by_id(conn, new.of)?;
    let programs = program_ids(conn, old.id)?;
    let command = CreateCampaign {
        id: new.id,
        fund: new.fund,
        slug: new.slug.clone(),
        title: new.title.clone(),
        appeal: Line::parse(&old.appeal, 400).map_err(AppError::internal)?,
        story: Story::parse(&old.story).map_err(AppError::internal)?,
        time_zone: old.time_zone,
        starts_on: next_year(old.starts_on)?,
        ends_on: next_year(old.ends_on)?,
        giving_until: next_year(old.giving_until)?,
        goal: old.goal(),
        minimum: old.minimum(),
        suggested: old.suggested(),
        accent: old.accent.clone(),
        faq: old.faq.0.clone(),
        programs,
        previous: Some(old.id),
    };
    create(conn, &command, now)?;
    set_rules(conn, new.id, &old.rules.0)?;
    copy_policy(conn, &old, new, now)
}

/// The title that a season's successor begins with: its year, if it names one, counted on.
pub fn next_title(campaign: &Campaign) -> String {
    count_on(&campaign.title, campaign)
}

/// The slug that a season's successor begins with.
pub fn next_slug(campaign: &Campaign) -> String {
    let counted = count_on(campaign.slug.as_str(), campaign);
    if counted == campaign.slug.as_str() {
        format!("{counted}-again")
    } else {
        counted
    }
}

/// Whether this season is the kind that others are made from: not a draft of the future itself.
pub fn can_be_cloned(campaign: &Campaign) -> bool {
    campaign.status != CampaignStatus::Draft
}

fn count_on(text: &str, campaign: &Campaign) -> String {
    let year = campaign.starts_on.to_string();
    let Some(year) = year.get(..4).and_then(|year| year.parse::<i32>().ok()) else {
        return text.to_owned();
    };
    text.replace(&year.to_string(), &(year + 1).to_string())
}

/// The same day a year later; 29 February becomes the 28th.
fn next_year(day: Day) -> AppResult<Day> {
    day.date()
        .checked_add_months(Months::new(12))
        .and_then(|later| Day::try_from(later).ok())
        .ok_or_else(|| AppError::field("starts_on", "a year later is no day of the calendar"))
}

fn copy_policy(
    conn: &mut Conn,
    old: &Campaign,
    new: &CloneSeason,
    now: Timestamp,
) -> AppResult<()> {
    let Some(newest) = funds::model::newest_policy(conn, old.id)? else {
        return Ok(());
    };
    let own = funds::campaign_fund(conn, old.id)?.map(|fund| fund.id);
    let shares = funds::shares(conn, newest.id)?
        .into_iter()
        .map(|(fund, points)| {
            let fund = if Some(fund) == own { new.fund } else { fund };
            i32::try_from(points).map(|points| (fund, points))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(AppError::internal)?;
    let draft = DraftPolicy {
        id: new.policy,
        campaign: new.id,
        effective_from: now,
        note: Line::parse(&newest.note, 400).map_err(AppError::internal)?,
        shares,
    };
    enact_policy(conn, &draft, now).map(|_| ())
}
