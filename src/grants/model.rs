//! Rows, states and finders.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{grant_approvals, grant_tranches, grants, partners, programs};
use crate::documents::DocumentId;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, FundId, GrantId, PartnerId, ProgramId, TrancheId};
use crate::kernel::{Currency, Day, Limit, Listed, Money, Slug, Timestamp};

crate::words! {
    /// How a grant stands.
    pub enum GrantState {
        /// Written down; nobody is bound.
        Planned = "planned",
        /// Promised: its money is kept for it.
        Approved = "approved",
        /// At least one tranche is with the partner, and no report is due.
        Paid = "paid",
        /// A report is due, or overdue.
        ReportDue = "report_due",
        /// Everything that was paid is reported.
        Reported = "reported",
        /// Done.
        Closed = "closed",
        /// Nothing was paid, and nothing will be.
        Cancelled = "cancelled",
    }
}

impl GrantState {
    /// From where a grant can come into this state.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Planned => &[],
            // The last two: the only tranche that was paid came back.
            Self::Approved => &[Self::Planned, Self::Paid, Self::ReportDue],
            Self::Paid => &[Self::Approved, Self::ReportDue, Self::Reported],
            Self::ReportDue => &[Self::Paid],
            Self::Reported => &[Self::Paid, Self::ReportDue],
            Self::Closed => &[Self::Reported],
            Self::Cancelled => &[Self::Planned, Self::Approved],
        }
    }

    /// How a grant that was approved stands, told from its tranches.
    pub fn of(tranches: &[TrancheState]) -> Self {
        let any = |state| tranches.contains(&state);
        if any(TrancheState::ReportDue) {
            Self::ReportDue
        } else if any(TrancheState::Paid) {
            Self::Paid
        } else if any(TrancheState::Reported) {
            Self::Reported
        } else if any(TrancheState::Planned) {
            Self::Approved
        } else {
            Self::Cancelled
        }
    }
}

crate::words! {
    /// How a tranche stands.
    pub enum TrancheState {
        /// Not paid.
        Planned = "planned",
        /// With the partner.
        Paid = "paid",
        /// Its report is due; after that day it is overdue.
        ReportDue = "report_due",
        /// Its report was accepted.
        Reported = "reported",
        /// It will not be paid.
        Cancelled = "cancelled",
        /// It was paid and came back from the partner's bank.
        Returned = "returned",
    }
}

impl TrancheState {
    /// From where a tranche can come into this state.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Planned => &[],
            Self::Paid | Self::Cancelled => &[Self::Planned],
            Self::ReportDue => &[Self::Paid],
            Self::Reported | Self::Returned => &[Self::Paid, Self::ReportDue],
        }
    }

    /// Whether its money is with the partner.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::ReportDue | Self::Reported)
    }

    /// The states in which a report is still owed.
    pub const OWES: &'static [Self] = &[Self::Paid, Self::ReportDue];
}

/// A grant.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = grants)]
pub struct Grant {
    /// The id.
    pub id: GrantId,
    /// `G-2026-001`: without gaps within a year.
    pub number: String,
    /// Who is paid.
    pub partner_id: PartnerId,
    /// For which program.
    pub program_id: ProgramId,
    /// The season in whose name it is made.
    pub campaign_id: CampaignId,
    /// Out of which fund.
    pub fund_id: FundId,
    /// Of which currency.
    pub currency: Currency,
    /// The sum of its tranches, minor units.
    pub amount: i64,
    /// What it is for, for everybody to read.
    pub purpose: String,
    /// How it stands.
    pub state: GrantState,
    /// Who planned it.
    pub planned_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When it was closed or cancelled.
    pub closed_at: Option<Timestamp>,
    /// Why the rest was cancelled; empty when it was not.
    pub reason: String,
}

impl Grant {
    /// How much.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// A part of a grant.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = grant_tranches)]
pub struct Tranche {
    /// The id.
    pub id: TrancheId,
    /// Of which grant.
    pub grant_id: GrantId,
    /// 1, 2, 3 …
    pub position: i32,
    /// Minor units of the grant's currency.
    pub amount: i64,
    /// How it stands.
    pub state: TrancheState,
    /// When it shall be paid.
    pub planned_on: Day,
    /// When its report is due.
    pub report_due_on: Day,
    /// The day of the bank's slip.
    pub paid_on: Option<Day>,
    /// When it was booked.
    pub paid_at: Option<Timestamp>,
    /// Who booked it.
    pub paid_by: Option<UserId>,
    /// The bank's own words for it.
    pub bank_reference: Option<String>,
    /// The bank's slip.
    pub document_id: Option<DocumentId>,
    /// When its report was accepted.
    pub reported_at: Option<Timestamp>,
}

impl Tranche {
    /// Whether its report was due before `today` and is not there.
    pub fn is_overdue(&self, today: Day) -> bool {
        TrancheState::OWES.contains(&self.state) && self.report_due_on < today
    }
}

/// A grant with the names around it.
#[derive(Debug, Clone, Queryable)]
pub struct NamedGrant {
    /// The grant.
    pub grant: Grant,
    /// The partner's name.
    pub partner: String,
    /// The partner's place in URLs.
    pub partner_slug: Slug,
    /// The program's name.
    pub program: String,
    /// The program's place in URLs.
    pub program_slug: Slug,
}

/// A grant by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: GrantId) -> AppResult<Grant> {
    let query = grants::table.find(id);
    each!(conn, c => query.select(Grant::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this grant"))
}

/// A grant by its number, with names.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_number(conn: &mut Conn, number: &str) -> AppResult<NamedGrant> {
    let query = grants::table
        .inner_join(partners::table.on(partners::id.eq(grants::partner_id)))
        .inner_join(programs::table.on(programs::id.eq(grants::program_id)))
        .filter(grants::number.eq(number));
    each!(conn, c => query
        .select((Grant::as_select(), partners::name, partners::slug, programs::name, programs::slug))
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("this grant"))
}

/// Which grants are listed.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// Of this season; `None`: of all in `mine`.
    pub campaign: Option<CampaignId>,
    /// Where the reader's role holds for single seasons: those.
    pub mine: Option<Vec<CampaignId>>,
    /// To this partner.
    pub partner: Option<PartnerId>,
    /// In this state.
    pub state: Option<GrantState>,
}

/// Grants with names, newest first, before a grant.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    filter: &GrantFilter,
    before: Option<GrantId>,
    limit: Limit,
) -> AppResult<Listed<NamedGrant>> {
    let rows: Vec<NamedGrant> = each!(conn, c: Db => {
        let mut query = grants::table
            .inner_join(partners::table.on(partners::id.eq(grants::partner_id)))
            .inner_join(programs::table.on(programs::id.eq(grants::program_id)))
            .select((Grant::as_select(), partners::name, partners::slug, programs::name, programs::slug))
            .order(grants::id.desc())
            .limit(limit.and_one())
            .into_boxed::<Db>();
        if let Some(before) = before {
            query = query.filter(grants::id.lt(before));
        }
        if let Some(campaign) = filter.campaign {
            query = query.filter(grants::campaign_id.eq(campaign));
        }
        if let Some(mine) = &filter.mine {
            query = query.filter(grants::campaign_id.eq_any(mine.clone()));
        }
        if let Some(partner) = filter.partner {
            query = query.filter(grants::partner_id.eq(partner));
        }
        if let Some(state) = filter.state {
            query = query.filter(grants::state.eq(state));
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |row| row.grant.id))
}

/// A tranche by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn tranche(conn: &mut Conn, id: TrancheId) -> AppResult<Tranche> {
    let query = grant_tranches::table.find(id);
    each!(conn, c => query.select(Tranche::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this tranche"))
}

/// The tranches of a grant, in order.
///
/// # Errors
/// The database's.
pub fn tranches_of(conn: &mut Conn, grant: GrantId) -> AppResult<Vec<Tranche>> {
    let query = grant_tranches::table
        .filter(grant_tranches::grant_id.eq(grant))
        .order(grant_tranches::position);
    Ok(each!(conn, c => query.select(Tranche::as_select()).load(c))?)
}

/// Who approved a grant, in order.
///
/// # Errors
/// The database's.
pub fn approvals_of(conn: &mut Conn, grant: GrantId) -> AppResult<Vec<(UserId, Timestamp)>> {
    let query = grant_approvals::table
        .filter(grant_approvals::grant_id.eq(grant))
        .order((grant_approvals::approved_at, grant_approvals::user_id))
        .select((grant_approvals::user_id, grant_approvals::approved_at));
    Ok(each!(conn, c => query.load(c))?)
}

/// A grant and one of its tranches that owes a report.
#[derive(Debug, Clone, Queryable)]
pub struct Owed {
    /// The grant's number.
    pub number: String,
    /// Its season.
    pub campaign_id: CampaignId,
    /// Of which currency.
    pub currency: Currency,
    /// The partner's name.
    pub partner: String,
    /// The program's name.
    pub program: String,
    /// The tranche.
    pub tranche: Tranche,
}

/// Tranches whose report is due until a day, the longest due first, up to `most`; of these seasons, or of all.
///
/// # Errors
/// The database's.
pub fn owed(
    conn: &mut Conn,
    mine: Option<&[CampaignId]>,
    until: Day,
    most: i64,
) -> AppResult<Vec<Owed>> {
    Ok(each!(conn, c: Db => {
        let mut query = grant_tranches::table
            .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
            .inner_join(partners::table.on(partners::id.eq(grants::partner_id)))
            .inner_join(programs::table.on(programs::id.eq(grants::program_id)))
            .filter(grant_tranches::state.eq_any(TrancheState::OWES))
            .filter(grant_tranches::report_due_on.le(until))
            .order((grant_tranches::report_due_on, grant_tranches::id))
            .limit(most)
            .select((
                grants::number,
                grants::campaign_id,
                grants::currency,
                partners::name,
                programs::name,
                Tranche::as_select(),
            ))
            .into_boxed::<Db>();
        if let Some(mine) = mine {
            query = query.filter(grants::campaign_id.eq_any(mine.to_vec()));
        }
        query.load(c)
    })?)
}
