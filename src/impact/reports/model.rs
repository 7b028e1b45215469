//! Rows of reports, their states and moves, and how they are found.

use diesel::prelude::*;

use super::ReportId;
use super::tranches::{self, Tranche};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{impact_reports, partners, programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::TrancheId;
use crate::kernel::{Currency, Timestamp};
use crate::partners::{Partner, PartnerId, PartnerStaff, Program, ProgramId};

crate::words! {
    /// Where a report stands.
    pub enum ReportState {
        /// The partner writes it.
        Draft = "draft",
        /// Staff read it.
        InReview = "in_review",
        /// Staff asked for more, and the partner writes again.
        NeedsInfo = "needs_info",
        /// Staff took it; nothing of it is public.
        Accepted = "accepted",
        /// Its plain-language part and its figures are public.
        Published = "published",
        /// The partner took it back.
        Withdrawn = "withdrawn",
    }
}

impl ReportState {
    /// Whether the partner can write.
    pub fn is_with_partner(self) -> bool {
        matches!(self, Self::Draft | Self::NeedsInfo)
    }

    /// Whether staff can grade its figures.
    pub fn is_with_staff(self) -> bool {
        matches!(self, Self::InReview | Self::Accepted | Self::Published)
    }

    /// In words, as people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in review",
            Self::NeedsInfo => "needs more information",
            Self::Accepted => "accepted",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What becomes of a report. No state changes but by one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The partner sends it in.
    Submit,
    /// Staff ask for more.
    Ask,
    /// Staff accept it.
    Accept,
    /// Staff publish it.
    Publish,
    /// Staff take what they published down.
    TakeDown,
    /// The partner takes it back.
    Withdraw,
}

impl Move {
    /// Every move.
    pub const ALL: [Self; 6] = [
        Self::Submit,
        Self::Ask,
        Self::Accept,
        Self::Publish,
        Self::TakeDown,
        Self::Withdraw,
    ];

    /// The states in which it may be made.
    pub fn from(self) -> &'static [ReportState] {
        use ReportState as S;
        match self {
            Self::Submit => &[S::Draft, S::NeedsInfo],
            Self::Ask | Self::Accept => &[S::InReview],
            Self::Publish => &[S::Accepted],
            Self::TakeDown => &[S::Published],
            Self::Withdraw => &[S::Draft, S::InReview, S::NeedsInfo],
        }
    }

    /// The state that it leads to.
    pub fn to(self) -> ReportState {
        match self {
            Self::Submit => ReportState::InReview,
            Self::Ask => ReportState::NeedsInfo,
            Self::Accept | Self::TakeDown => ReportState::Accepted,
            Self::Publish => ReportState::Published,
            Self::Withdraw => ReportState::Withdrawn,
        }
    }
}

/// A partner's report.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = impact_reports)]
pub struct Report {
    /// The id.
    pub id: ReportId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which program.
    pub program_id: ProgramId,
    /// On which tranche of a grant; `None` for a report on a year.
    pub tranche_id: Option<TrancheId>,
    /// Its number among the program's published reports.
    pub number: Option<i32>,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: ReportState,
    /// The currency of its budget.
    pub currency: Currency,
    /// See [`super::Question`].
    pub scope: String,
    /// See [`super::Question`].
    pub progress: String,
    /// See [`super::Question`].
    pub measurement: String,
    /// See [`super::Question`].
    pub challenges: String,
    /// See [`super::Question`].
    pub sustainability: String,
    /// Title of the plain-language part.
    pub plain_title: String,
    /// The plain-language part: Markdown.
    pub plain: String,
    /// Who began it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last written to.
    pub updated_at: Timestamp,
    /// When it was last sent in.
    pub submitted_at: Option<Timestamp>,
    /// Who accepted it.
    pub accepted_by: Option<UserId>,
    /// When.
    pub accepted_at: Option<Timestamp>,
    /// Who published it.
    pub published_by: Option<UserId>,
    /// When.
    pub published_at: Option<Timestamp>,
}

/// A report with what it is about.
#[derive(Debug, Clone)]
pub struct ReportOverview {
    /// The report.
    pub report: Report,
    /// Its program.
    pub program: Program,
    /// Whose it is.
    pub partner: Partner,
    /// The tranche that it reports on.
    pub tranche: Option<Tranche>,
}

impl ReportOverview {
    /// The campaign whose grant it reports on.
    pub fn campaign(&self) -> Option<crate::ids::CampaignId> {
        self.tranche.as_ref().map(|tranche| tranche.campaign)
    }
}

/// A report, for staff who may read all.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: ReportId) -> AppResult<ReportOverview> {
    let query = impact_reports::table
        .inner_join(programs::table.on(programs::id.eq(impact_reports::program_id)))
        .inner_join(partners::table.on(partners::id.eq(impact_reports::partner_id)))
        .filter(impact_reports::id.eq(id));
    let found: Option<(Report, Program, Partner)> = each!(conn, c => query
        .select((Report::as_select(), Program::as_select(), Partner::as_select()))
        .first(c)
        .optional())?;
    let (report, program, partner) = found.ok_or(AppError::NotFound("the report"))?;
    let tranche = match report.tranche_id {
        Some(tranche) => Some(tranches::by_id(conn, tranche)?),
        None => None,
    };
    Ok(ReportOverview {
        report,
        program,
        partner,
        tranche,
    })
}

/// A report of one's own partner (S9).
///
/// # Errors
/// [`AppError::NotFound`], also for another partner's.
pub fn of_staff(conn: &mut Conn, staff: &PartnerStaff, id: ReportId) -> AppResult<ReportOverview> {
    let found = by_id(conn, id)?;
    staff.check(found.report.partner_id, "the report")?;
    Ok(found)
}

/// A report in a list.
pub type Listing = (Report, Program, Partner);

/// The reports of one's own partners, the newest first, at most 200; withdrawn ones last seen here.
///
/// # Errors
/// The database's.
pub fn own(conn: &mut Conn, staff: &PartnerStaff) -> AppResult<Vec<Listing>> {
    let query = impact_reports::table
        .inner_join(programs::table.on(programs::id.eq(impact_reports::program_id)))
        .inner_join(partners::table.on(partners::id.eq(impact_reports::partner_id)))
        .filter(impact_reports::partner_id.eq_any(staff.partners()))
        .order(impact_reports::id.desc())
        .limit(200);
    Ok(each!(conn, c => query
        .select((Report::as_select(), Program::as_select(), Partner::as_select()))
        .load(c))?)
}

/// The reports in one state, whose turn came first at the head, at most 200.
///
/// # Errors
/// The database's.
pub fn in_state(conn: &mut Conn, state: ReportState) -> AppResult<Vec<Listing>> {
    let query = impact_reports::table
        .inner_join(programs::table.on(programs::id.eq(impact_reports::program_id)))
        .inner_join(partners::table.on(partners::id.eq(impact_reports::partner_id)))
        .filter(impact_reports::state.eq(state))
        .order(impact_reports::id)
        .limit(200);
    Ok(each!(conn, c => query
        .select((Report::as_select(), Program::as_select(), Partner::as_select()))
        .load(c))?)
}

/// Makes a move: one guarded statement.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` from a state in which it may not be made.
pub(super) fn advance(conn: &mut Conn, id: ReportId, step: Move, now: Timestamp) -> AppResult<()> {
    let target = impact_reports::table
        .find(id)
        .filter(impact_reports::state.eq_any(step.from()));
    let moved = each!(conn, c => diesel::update(target)
        .set((
            impact_reports::state.eq(step.to()),
            impact_reports::updated_at.eq(now),
        ))
        .execute(c))?;
    if moved == 0 {
        return Err(no_such_move());
    }
    Ok(())
}

pub(super) fn no_such_move() -> AppError {
    AppError::Conflict {
        code: "no_such_move",
        detail: "The report is not where this could be done; look at it again.".into(),
    }
}
