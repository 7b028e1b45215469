//! Writing a grant down.

use diesel::prelude::*;

use super::model::{GrantState, TrancheState};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{
    campaign_programs, funds, grant_tranches, grants, programs, receipt_series,
};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::Fund;
use crate::ids::{CampaignId, FundId, GrantId, PartnerId, ProgramId, TrancheId};
use crate::kernel::{Day, Line, Money, Timestamp};

/// Tranches of a grant at most.
pub const TRANCHES_MAX: usize = 12;

/// A tranche to be planned.
#[derive(Debug, Clone)]
pub struct PlanTranche {
    /// The id, made by the caller.
    pub id: TrancheId,
    /// How much, in the fund's currency.
    pub amount: Money,
    /// When it shall be paid.
    pub planned_on: Day,
    /// When its report is due; later than that.
    pub report_due_on: Day,
}

/// A grant to be planned.
#[derive(Debug, Clone)]
pub struct PlanGrant {
    /// The id, made by the caller.
    pub id: GrantId,
    /// The season in whose name it is made.
    pub campaign: CampaignId,
    /// For which program; its partner is paid.
    pub program: ProgramId,
    /// Out of which fund: the program's own, or the season's undesignated one.
    pub fund: FundId,
    /// What it is for, for everybody to read.
    pub purpose: Line,
    /// In the order in which they are paid.
    pub tranches: Vec<PlanTranche>,
    /// Who plans it.
    pub by: UserId,
}

/// Writes a grant down and answers its number. Nobody is bound by it, and the fund may hold less.
///
/// # Errors
/// [`AppError::Invalid`] on `tranches`, `fund` or `program` (which the season must name); [`AppError::NotFound`] without such
/// a program or fund.
pub fn plan(conn: &mut Conn, new: &PlanGrant, now: Timestamp) -> AppResult<String> {
    let program = programs::table
        .find(new.program)
        .select(programs::partner_id);
    let partner: PartnerId =
        each!(conn, c => program.first(c).optional())?.ok_or(AppError::NotFound("the program"))?;
    // Whoever plans in the name of a season may reach into no fund that the season has nothing to do with.
    let named = campaign_programs::table.find((new.campaign, new.program));
    let named = diesel::select(diesel::dsl::exists(named));
    if !each!(conn, c => named.get_result::<bool>(c))? {
        let say = "this season does not pay for that program; choose one that it names";
        return Err(AppError::field("program", say));
    }
    let fund = funds::table.find(new.fund);
    let fund: Fund = each!(conn, c => fund.select(Fund::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the fund"))?;
    if fund.program_id != Some(new.program) && fund.campaign_id != Some(new.campaign) {
        let say = "choose the program's own fund, or the season's undesignated one";
        return Err(AppError::field("fund", say));
    }
    let amount = sum(&new.tranches, Money::zero(fund.currency))?;
    let number = take_number(conn, now)?;
    let row = (
        grants::id.eq(new.id),
        grants::number.eq(&number),
        grants::partner_id.eq(partner),
        grants::program_id.eq(new.program),
        grants::campaign_id.eq(new.campaign),
        grants::fund_id.eq(new.fund),
        grants::currency.eq(fund.currency),
        grants::amount.eq(amount.minor()),
        grants::purpose.eq(new.purpose.as_str()),
        grants::state.eq(GrantState::Planned),
        grants::planned_by.eq(new.by),
        grants::created_at.eq(now),
        grants::reason.eq(""),
    );
    each!(conn, c => diesel::insert_into(grants::table).values(row).execute(c))?;
    let rows: Vec<_> = (1..)
        .zip(&new.tranches)
        .map(|(position, tranche)| planned(new.id, position, tranche))
        .collect();
    each!(conn, c => diesel::insert_into(grant_tranches::table).values(rows).execute(c))?;
    let deed = Deed::new(new.by, "grant.plan", ("grant", new.id.to_string()))
        .of(new.campaign)
        .saying(format!(
            "{number}: {amount} in {} tranches",
            new.tranches.len()
        ));
    audit::record(conn, &deed, now)?;
    Ok(number)
}

type TrancheRow = (
    diesel::dsl::Eq<grant_tranches::id, TrancheId>,
    diesel::dsl::Eq<grant_tranches::grant_id, GrantId>,
    diesel::dsl::Eq<grant_tranches::position, i32>,
    diesel::dsl::Eq<grant_tranches::amount, i64>,
    diesel::dsl::Eq<grant_tranches::state, TrancheState>,
    diesel::dsl::Eq<grant_tranches::planned_on, Day>,
    diesel::dsl::Eq<grant_tranches::report_due_on, Day>,
);

/// The row of a tranche that is not paid.
pub(super) fn planned(grant: GrantId, position: i32, tranche: &PlanTranche) -> TrancheRow {
    (
        grant_tranches::id.eq(tranche.id),
        grant_tranches::grant_id.eq(grant),
        grant_tranches::position.eq(position),
        grant_tranches::amount.eq(tranche.amount.minor()),
        grant_tranches::state.eq(TrancheState::Planned),
        grant_tranches::planned_on.eq(tranche.planned_on),
        grant_tranches::report_due_on.eq(tranche.report_due_on),
    )
}

fn sum(tranches: &[PlanTranche], zero: Money) -> AppResult<Money> {
    let refuse = |say: &str| Err(AppError::field("tranches", say));
    if tranches.is_empty() || tranches.len() > TRANCHES_MAX {
        return refuse(&format!("name 1 to {TRANCHES_MAX} tranches"));
    }
    let mut whole = zero;
    let mut before = None;
    for tranche in tranches {
        if tranche.amount.minor() <= 0 {
            return refuse("a tranche is more than nothing");
        }
        if tranche.report_due_on <= tranche.planned_on {
            return refuse("a report is due after its tranche is paid");
        }
        if before.is_some_and(|before| tranche.planned_on < before) {
            return refuse("write the tranches in the order in which they are paid");
        }
        before = Some(tranche.planned_on);
        whole = whole
            .plus(tranche.amount)
            .map_err(|error| AppError::field("tranches", error))?;
    }
    Ok(whole)
}

/// `G-2026-001`: given in the planning transaction, so one that is undone gives its number back.
fn take_number(conn: &mut Conn, now: Timestamp) -> AppResult<String> {
    let series = now.naive().format("G-%Y").to_string();
    let last: i64 = each!(conn, c => diesel::insert_into(receipt_series::table)
        .values((receipt_series::series.eq(&series), receipt_series::last.eq(1_i64)))
        .on_conflict(receipt_series::series)
        .do_update()
        .set(receipt_series::last.eq(receipt_series::last + 1))
        .returning(receipt_series::last)
        .get_result(c))?;
    Ok(format!("{series}-{last:03}"))
}
