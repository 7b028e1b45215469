//! Making campaigns and moving them from state to state.

use diesel::prelude::*;

use super::model::{Accent, CampaignStatus, Question};
use super::{CampaignId, model};
use crate::db::Conn;
use crate::db::schema::{campaign_programs, campaigns};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::funds::ops::{FundOf, OpenFund, open_fund};
use crate::funds::{self, FundId};
use crate::kernel::{Day, Json, Line, Money, Slug, Timestamp, Zone};
use crate::partners::ProgramId;
use crate::totals::{self, TotalScope};
use crate::web::markdown::Story;

/// A campaign to be made, as a draft.
#[derive(Debug, Clone)]
pub struct CreateCampaign {
    /// The id, made by the caller.
    pub id: CampaignId,
    /// The id of its undesignated fund, made by the caller.
    pub fund: FundId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// What it asks for, in one or two sentences.
    pub appeal: Line,
    /// What it is about.
    pub story: Story,
    /// Where its days begin and end.
    pub time_zone: Zone,
    /// First day of the challenge.
    pub starts_on: Day,
    /// Last day of the challenge.
    pub ends_on: Day,
    /// Last day of giving.
    pub giving_until: Day,
    /// How much it wants to raise; its currency is the campaign's.
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
    /// The season before.
    pub previous: Option<CampaignId>,
}

/// The days and amounts of a season, as they must fit each other.
pub(super) struct Bounds<'a> {
    /// First and last day of the challenge, last day of giving.
    pub(super) days: [Day; 3],
    /// How much it wants to raise.
    pub(super) goal: Money,
    /// The smallest gift.
    pub(super) minimum: Money,
    /// The amounts it suggests.
    pub(super) suggested: &'a [Money],
}

impl Bounds<'_> {
    /// What does not fit, field by field.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        let currency = self.goal.currency();
        let [starts_on, ends_on, giving_until] = self.days;
        let mut faults = Vec::new();
        let mut expect = |holds: bool, field: &str, message: &str| {
            if !holds {
                faults.push(FieldError::new(field, message));
            }
        };
        expect(
            starts_on <= ends_on,
            "ends_on",
            "the challenge ends before it starts",
        );
        expect(
            ends_on <= giving_until,
            "giving_until",
            "giving ends before the challenge does",
        );
        expect(self.goal.minor() >= 0, "goal", "a goal is not negative");
        expect(
            self.minimum.minor() > 0 && self.minimum.currency() == currency,
            "minimum",
            "name an amount above zero in the goal's currency",
        );
        let least = Some(self.minimum.minor());
        let amounts: Vec<Option<i64>> = self
            .suggested
            .iter()
            .map(|money| (money.currency() == currency).then_some(money.minor()))
            .collect();
        let ascends = amounts.iter().all(|amount| *amount >= least)
            && amounts.is_sorted_by(|a, b| a < b)
            && amounts.len() <= 8;
        expect(
            ascends,
            "suggested",
            "suggest up to eight rising amounts in the goal's currency, none below the minimum",
        );
        faults
    }
}

/// Makes a campaign as a draft, with its undesignated fund and its total.
///
/// # Errors
/// [`AppError::Invalid`] names what to mend; [`AppError::Conflict`] `slug_taken`.
pub fn create(conn: &mut Conn, new: &CreateCampaign, now: Timestamp) -> AppResult<()> {
    let bounds = Bounds {
        days: [new.starts_on, new.ends_on, new.giving_until],
        goal: new.goal,
        minimum: new.minimum,
        suggested: &new.suggested,
    };
    let faults = bounds.faults();
    if !faults.is_empty() {
        return Err(AppError::Invalid(faults));
    }
    let taken = campaigns::table.filter(campaigns::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(AppError::Conflict {
            code: "slug_taken",
            detail: format!("the address “{}” is taken; choose another", new.slug),
        });
    }
    let currency = new.goal.currency();
    let suggested: Vec<i64> = new.suggested.iter().map(|money| money.minor()).collect();
    let row = (
        campaigns::id.eq(new.id),
        campaigns::slug.eq(&new.slug),
        campaigns::title.eq(new.title.as_str()),
        campaigns::appeal.eq(new.appeal.as_str()),
        campaigns::story.eq(new.story.as_str()),
        campaigns::status.eq(CampaignStatus::Draft),
        campaigns::currency.eq(currency),
        campaigns::time_zone.eq(new.time_zone),
        campaigns::starts_on.eq(new.starts_on),
        campaigns::ends_on.eq(new.ends_on),
        campaigns::giving_until.eq(new.giving_until),
        campaigns::goal.eq(new.goal.minor()),
        campaigns::minimum.eq(new.minimum.minor()),
        campaigns::suggested.eq(Json(suggested)),
        campaigns::accent.eq(&new.accent),
        (
            campaigns::faq.eq(Json(new.faq.clone())),
            campaigns::previous_id.eq(new.previous),
            campaigns::created_at.eq(now),
        ),
    );
    each!(conn, c => diesel::insert_into(campaigns::table).values(row).execute(c))?;
    name_programs(conn, new.id, &new.programs)?;
    totals::ops::open(
        conn,
        TotalScope::Campaign,
        &new.id.to_string(),
        new.id,
        currency,
        now,
    )?;
    let fund = OpenFund {
        id: new.fund,
        of: FundOf::Campaign(new.id),
        currency,
        name: new.title.clone(),
    };
    open_fund(conn, &fund, now)
}

/// Writes which programs a campaign pays for, in this order.
pub(super) fn name_programs(
    conn: &mut Conn,
    campaign: CampaignId,
    programs: &[ProgramId],
) -> AppResult<()> {
    let rows: Vec<_> = (0..)
        .zip(programs)
        .map(|(position, program)| {
            (
                campaign_programs::campaign_id.eq(campaign),
                campaign_programs::program_id.eq(*program),
                campaign_programs::position.eq(position),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(campaign_programs::table).values(rows).execute(c))?;
    Ok(())
}

/// Moves a campaign to another state, in one guarded statement.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is not in a state that leads there, `no_policy` when it would go live
/// without an allocation policy in force; [`AppError::NotFound`].
pub fn move_to(
    conn: &mut Conn,
    campaign: CampaignId,
    to: CampaignStatus,
    now: Timestamp,
) -> AppResult<()> {
    if to == CampaignStatus::Live && funds::policy_in_force(conn, campaign, now)?.is_none() {
        return Err(AppError::Conflict {
            code: "no_policy",
            detail: "say first how undesignated money is shared out".into(),
        });
    }
    let target = campaigns::table
        .filter(campaigns::id.eq(campaign))
        .filter(campaigns::status.eq_any(to.comes_from()));
    let moved = each!(conn, c => diesel::update(target)
        .set(campaigns::status.eq(to))
        .execute(c))?;
    if moved == 1 {
        return Ok(());
    }
    let is = model::by_id(conn, campaign)?.status;
    Err(AppError::Conflict {
        code: "no_such_move",
        detail: format!("a campaign that is {is} cannot become {to}"),
    })
}
