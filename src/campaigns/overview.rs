//! A campaign with its programs and the policy in force: what its own page tells.

use diesel::prelude::*;

use super::CampaignId;
use super::frame::Destinations;
use super::model::{Campaign, CampaignStatus, CampaignTotal, by_slug};
use crate::db::Conn;
use crate::db::schema::{campaign_programs, campaigns, partners, programs};
use crate::each;
use crate::error::AppResult;
use crate::funds::{Policy, Share};
use crate::kernel::{Slug, Timestamp};
use crate::partners::{Partner, Program};
use crate::totals::Total;

/// A program that a campaign pays for.
#[derive(Debug, Clone)]
pub struct CampaignProgram {
    /// The program.
    pub program: Program,
    /// Whose it is.
    pub partner: Partner,
    /// Its share of undesignated money under the policy in force, in basis points.
    pub basis_points: i32,
}

/// The season that a campaign follows.
#[derive(Debug, Clone, Queryable)]
pub struct Season {
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
}

/// Everything that a campaign's own page tells.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The campaign.
    pub campaign: Campaign,
    /// What it raised.
    pub total: Total,
    /// The programs that it pays for, in its order.
    pub programs: Vec<CampaignProgram>,
    /// How undesignated money is shared out now.
    pub policy: Option<Policy>,
    /// The policy's shares, largest first.
    pub shares: Vec<Share>,
    /// The season before, unless it is a draft.
    pub previous: Option<Season>,
}

/// Everything that a campaign's own page tells, in five statements.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn overview(conn: &mut Conn, slug: &Slug, now: Timestamp) -> AppResult<Overview> {
    let CampaignTotal { campaign, total } = by_slug(conn, slug)?;
    let Destinations {
        programs,
        policy,
        shares,
    } = Destinations::of(conn, &campaign, now)?;
    Ok(Overview {
        previous: previous(conn, &campaign)?,
        campaign,
        total,
        programs,
        policy,
        shares,
    })
}

/// The programs that a campaign pays for, in its order.
///
/// # Errors
/// The database's.
pub fn programs_of(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<(Program, Partner)>> {
    let query = campaign_programs::table
        .inner_join(programs::table.on(programs::id.eq(campaign_programs::program_id)))
        .inner_join(partners::table.on(partners::id.eq(programs::partner_id)))
        .filter(campaign_programs::campaign_id.eq(campaign))
        .order((campaign_programs::position, programs::id));
    Ok(each!(conn, c => query
        .select((Program::as_select(), Partner::as_select()))
        .load(c))?)
}

fn previous(conn: &mut Conn, campaign: &Campaign) -> AppResult<Option<Season>> {
    let Some(id) = campaign.previous_id else {
        return Ok(None);
    };
    let query = campaigns::table
        .filter(campaigns::id.eq(id))
        .filter(campaigns::status.ne(CampaignStatus::Draft))
        .select((campaigns::slug, campaigns::title));
    Ok(each!(conn, c => query.first(c).optional())?)
}
