//! Editing a season: everything but its address, its currency and its time zone, which stand for good.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::model::{Accent, Campaign, Question};
use super::ops::{Bounds, name_programs};
use super::rules::{SeasonRules, TipRule};
use super::{CampaignId, model};
use crate::db::Conn;
use crate::db::schema::{campaign_programs, campaigns};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::funds;
use crate::ids::ProgramId;
use crate::kernel::{Day, Json, Line, Money, Timestamp};
use crate::web::markdown::Story;

/// What a season shall be from now on.
#[derive(Debug, Clone)]
pub struct EditCampaign {
    /// Which one.
    pub id: CampaignId,
    /// The [`Campaign::version`] that the form was made from.
    pub version: i32,
    /// Its title.
    pub title: Line,
    /// What it asks for, in one or two sentences.
    pub appeal: Line,
    /// What it is about.
    pub story: Story,
    /// First day of the challenge.
    pub starts_on: Day,
    /// Last day of the challenge.
    pub ends_on: Day,
    /// Last day of giving.
    pub giving_until: Day,
    /// How much it wants to raise, in its own currency.
    pub goal: Money,
    /// The smallest gift it takes.
    pub minimum: Money,
    /// The amounts it suggests, ascending.
    pub suggested: Vec<Money>,
    /// The colour of its cloth.
    pub accent: Accent,
    /// Questions and answers.
    pub faq: Vec<Question>,
    /// The programs that it pays for, in its order.
    pub programs: Vec<ProgramId>,
    /// How it is run.
    pub rules: SeasonRules,
}

/// Edits a season in one guarded statement and answers what stood before and what stands after, for the record.
///
/// # Errors
/// [`AppError::Invalid`] names what to mend; [`AppError::Conflict`] `edited_meanwhile` when somebody else edited it since
/// the form was made; [`AppError::NotFound`].
pub fn edit(conn: &mut Conn, new: &EditCampaign, now: Timestamp) -> AppResult<(String, String)> {
    let before = model::by_id(conn, new.id)?;
    check(conn, &before, new, now)?;
    let programs_before = program_ids(conn, new.id)?;
    let suggested: Vec<i64> = new.suggested.iter().map(|money| money.minor()).collect();
    let target = campaigns::table
        .filter(campaigns::id.eq(new.id))
        .filter(campaigns::version.eq(new.version));
    let changed = each!(conn, c => diesel::update(target)
        .set((
            campaigns::title.eq(new.title.as_str()),
            campaigns::appeal.eq(new.appeal.as_str()),
            campaigns::story.eq(new.story.as_str()),
            campaigns::starts_on.eq(new.starts_on),
            campaigns::ends_on.eq(new.ends_on),
            campaigns::giving_until.eq(new.giving_until),
            campaigns::goal.eq(new.goal.minor()),
            campaigns::minimum.eq(new.minimum.minor()),
            campaigns::suggested.eq(Json(suggested.clone())),
            campaigns::accent.eq(&new.accent),
            campaigns::faq.eq(Json(new.faq.clone())),
            campaigns::rules.eq(Json(new.rules.clone())),
            campaigns::version.eq(new.version + 1),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(AppError::Conflict {
            code: "edited_meanwhile",
            detail: "somebody else saved this season since you opened it".into(),
        });
    }
    if programs_before != new.programs {
        let old = campaign_programs::table.filter(campaign_programs::campaign_id.eq(new.id));
        each!(conn, c => diesel::delete(old).execute(c))?;
        name_programs(conn, new.id, &new.programs)?;
    }
    let after = model::by_id(conn, new.id)?;
    Ok((
        facts(&before, &programs_before)?,
        facts(&after, &new.programs)?,
    ))
}

/// Sets how a season is run, right after it was made.
///
/// # Errors
/// The database's.
pub fn set_rules(conn: &mut Conn, id: CampaignId, rules: &SeasonRules) -> AppResult<()> {
    let target = campaigns::table.filter(campaigns::id.eq(id));
    each!(conn, c => diesel::update(target)
        .set(campaigns::rules.eq(Json(rules.clone())))
        .execute(c))?;
    Ok(())
}

/// Gives a season its own series of tips, or (`None`) the built-in one again. Answers what stood before and what stands after,
/// for the record.
///
/// # Errors
/// As [`edit`].
pub fn set_tips(
    conn: &mut Conn,
    id: CampaignId,
    version: i32,
    tips: Option<&[TipRule]>,
) -> AppResult<(String, String)> {
    let before = model::by_id(conn, id)?;
    let mut rules = before.rules.0.clone();
    rules.coaching.tips = tips.map(<[TipRule]>::to_vec);
    let target = campaigns::table
        .filter(campaigns::id.eq(id))
        .filter(campaigns::version.eq(version));
    let changed = each!(conn, c => diesel::update(target)
        .set((
            campaigns::rules.eq(Json(rules)),
            campaigns::version.eq(version + 1),
        ))
        .execute(c))?;
    if changed == 0 {
        return Err(AppError::Conflict {
            code: "edited_meanwhile",
            detail: "somebody else saved this season since you opened it".into(),
        });
    }
    let programs = program_ids(conn, id)?;
    let after = model::by_id(conn, id)?;
    Ok((facts(&before, &programs)?, facts(&after, &programs)?))
}

/// The ids of the programs that a campaign pays for, in its order.
///
/// # Errors
/// The database's.
pub fn program_ids(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<ProgramId>> {
    let query = campaign_programs::table
        .filter(campaign_programs::campaign_id.eq(campaign))
        .order((campaign_programs::position, campaign_programs::program_id))
        .select(campaign_programs::program_id);
    Ok(each!(conn, c => query.load(c))?)
}

fn check(conn: &mut Conn, before: &Campaign, new: &EditCampaign, now: Timestamp) -> AppResult<()> {
    let bounds = Bounds {
        days: [new.starts_on, new.ends_on, new.giving_until],
        goal: new.goal,
        minimum: new.minimum,
        suggested: &new.suggested,
    };
    let mut faults = bounds.faults();
    if new.goal.currency() != before.currency {
        faults.push(FieldError::new(
            "goal",
            format!("name a goal in {}", before.currency),
        ));
    }
    let named: BTreeSet<ProgramId> = new.programs.iter().copied().collect();
    if named.len() != new.programs.len() {
        faults.push(FieldError::new("programs", "name each program once"));
    }
    let fed = funds::model::programs_fed(conn, new.id, now)?;
    if fed.iter().any(|program| !named.contains(program)) {
        faults.push(FieldError::new(
            "programs",
            "a program that shares in undesignated money, now or under a version to come, cannot be left out; share that money out anew first",
        ));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(AppError::Invalid(faults))
    }
}

/// Everything that an edit can change, in one text.
fn facts(campaign: &Campaign, programs: &[ProgramId]) -> AppResult<String> {
    let suggested: Vec<i64> = campaign.suggested().iter().map(|m| m.minor()).collect();
    let facts = serde_json::json!({
        "title": campaign.title,
        "appeal": campaign.appeal,
        "story": campaign.story,
        "days": [campaign.starts_on, campaign.ends_on, campaign.giving_until],
        "goal": campaign.goal(),
        "minimum": campaign.minimum(),
        "suggested": suggested,
        "accent": campaign.accent.as_str(),
        "faq": campaign.faq.0,
        "programs": programs,
        "rules": campaign.rules.0,
    });
    Ok(serde_json::to_string(&facts)?)
}
