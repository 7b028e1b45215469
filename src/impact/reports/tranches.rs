//! Tranches of grants as a partner sees them: what was planned, paid, and is to be reported.

use diesel::prelude::*;

use super::ReportId;
use super::model::ReportState;
use crate::db::Conn;
use crate::db::schema::{campaigns, grant_tranches, grants, impact_reports, programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, GrantId, TrancheId};
use crate::kernel::{Currency, Day, Money, Slug};
use crate::partners::{PartnerId, PartnerStaff, ProgramId};

/// States of a tranche that was paid and is still to be reported.
pub const OWES: [&str; 2] = ["paid", "report_due"];

/// A tranche of a grant, without the people who planned and paid it.
#[derive(Debug, Clone)]
pub struct Tranche {
    /// The id.
    pub id: TrancheId,
    /// Of which grant.
    pub grant: GrantId,
    /// The grant's number.
    pub grant_number: String,
    /// What the grant is for.
    pub purpose: String,
    /// To whom.
    pub partner: PartnerId,
    /// For which program.
    pub program: ProgramId,
    /// Its name.
    pub program_name: String,
    /// Out of which campaign.
    pub campaign: CampaignId,
    /// Its title.
    pub campaign_title: String,
    /// Its place in URLs.
    pub campaign_slug: Slug,
    /// Its place in the grant, from 1 on.
    pub position: i32,
    /// How much.
    pub amount: Money,
    /// Where it stands, as the grants' tables say.
    pub state: String,
    /// When it was to be paid.
    pub planned_on: Day,
    /// When the report is due.
    pub due_on: Day,
    /// When it was paid.
    pub paid_on: Option<Day>,
}

impl Tranche {
    /// Whether a report is still to come.
    pub fn owes_report(&self) -> bool {
        OWES.contains(&self.state.as_str())
    }
}

type Row = (
    (
        TrancheId,
        GrantId,
        String,
        String,
        PartnerId,
        ProgramId,
        String,
    ),
    (CampaignId, String, Slug),
    (i32, i64, Currency, String, Day, Day, Option<Day>),
);

fn of_row((grant, campaign, own): Row) -> Tranche {
    let (id, grant, grant_number, purpose, partner, program, program_name) = grant;
    let (campaign, campaign_title, campaign_slug) = campaign;
    let (position, amount, currency, state, planned_on, due_on, paid_on) = own;
    Tranche {
        id,
        grant,
        grant_number,
        purpose,
        partner,
        program,
        program_name,
        campaign,
        campaign_title,
        campaign_slug,
        position,
        amount: Money::new(amount, currency),
        state,
        planned_on,
        due_on,
        paid_on,
    }
}

/// Tranches with their grants, that fulfil a condition, whose report is due first at the head.
macro_rules! load {
    ($conn:expr, $condition:expr) => {{
        let query = grant_tranches::table
            .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
            .inner_join(programs::table.on(programs::id.eq(grants::program_id)))
            .inner_join(campaigns::table.on(campaigns::id.eq(grants::campaign_id)))
            .filter($condition)
            .order((grant_tranches::report_due_on, grant_tranches::id))
            .limit(500)
            .select((
                (
                    grant_tranches::id,
                    grants::id,
                    grants::number,
                    grants::purpose,
                    grants::partner_id,
                    grants::program_id,
                    programs::name,
                ),
                (campaigns::id, campaigns::title, campaigns::slug),
                (
                    grant_tranches::position,
                    grant_tranches::amount,
                    grants::currency,
                    grant_tranches::state,
                    grant_tranches::planned_on,
                    grant_tranches::report_due_on,
                    grant_tranches::paid_on,
                ),
            ));
        let rows: Vec<Row> = each!($conn, c => query.load(c))?;
        rows.into_iter().map(of_row).collect::<Vec<_>>()
    }};
}

/// A tranche.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: TrancheId) -> AppResult<Tranche> {
    load!(conn, grant_tranches::id.eq(id))
        .pop()
        .ok_or(AppError::NotFound("the tranche"))
}

/// Several tranches.
///
/// # Errors
/// The database's.
pub fn by_ids(conn: &mut Conn, ids: &[TrancheId]) -> AppResult<Vec<Tranche>> {
    Ok(load!(conn, grant_tranches::id.eq_any(ids)))
}

/// The tranches of one's own partners' grants, but of those that were only planned (S9).
///
/// # Errors
/// The database's.
pub fn own(conn: &mut Conn, staff: &PartnerStaff) -> AppResult<Vec<Tranche>> {
    Ok(load!(
        conn,
        grants::partner_id
            .eq_any(staff.partners())
            .and(grants::state.ne("planned"))
    ))
}

/// The tranches whose report is due on `day` or before and did not come.
///
/// # Errors
/// The database's.
pub fn due_until(conn: &mut Conn, day: Day) -> AppResult<Vec<Tranche>> {
    Ok(load!(
        conn,
        grant_tranches::state
            .eq_any(OWES)
            .and(grant_tranches::report_due_on.le(day))
    ))
}

/// The report on each of these tranches, if one was begun; withdrawn ones do not count.
///
/// # Errors
/// The database's.
pub fn reports_on(
    conn: &mut Conn,
    tranches: &[TrancheId],
) -> AppResult<Vec<(TrancheId, ReportId, ReportState)>> {
    let query = impact_reports::table
        .filter(impact_reports::tranche_id.eq_any(tranches.iter().copied().map(Some)))
        .filter(impact_reports::state.ne(ReportState::Withdrawn))
        .select((
            impact_reports::tranche_id.assume_not_null(),
            impact_reports::id,
            impact_reports::state,
        ));
    Ok(each!(conn, c => query.load(c))?)
}
