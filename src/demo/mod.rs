//! The demo season: a campaign with everything that a first look needs, and no gift yet.
//!
//! The facts about IJM Kolkata are the partner's own; the two other partners, all people, pages and teams are invented.
//! No text here tells of a real case.

mod books;
mod diaries;
mod givers;
mod grants;
mod logins;
mod newsletters;
mod participants;
mod partners;
mod readers;
mod reports;
mod season;
mod segments;
mod stories;

use crate::auth::{Role, UserId, model as users};
use crate::campaigns::{CampaignId, CampaignStatus};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::funds::{FundId, PolicyId};
use crate::ids::{PageId, PartnerId, ProgramId, TeamId};
use crate::impact::{FigureId, UnitCostId};
use crate::kernel::{Email, Line, Slug, Timestamp};
use crate::web::markdown::Story;

pub use diaries::{DiarySeed, diaries};
pub use givers::givers;
pub use grants::first_grant;
pub use logins::{logins, welcome};
pub use newsletters::{LetterSeed, letters};
pub use readers::{ReaderSeed, readers};
pub use reports::{ReportSeed, reports};
pub use segments::{SegmentSeed, segments};
pub use stories::{KOLKATA, MORNINGS, signers, stories};

/// The slug of the season that is live.
pub const SEASON: &str = "dressember-2026";
/// The slug of the season before.
pub const LAST_SEASON: &str = "dressember-2025";
/// The slug of the season that is being prepared.
pub const NEXT_SEASON: &str = "dressember-2027";

/// One person who can sign in to the demo, besides the owners of pages.
#[derive(Debug, Clone)]
pub struct DemoLogin {
    /// What the person may do.
    pub role: Role,
    /// How the person is called.
    pub name: Line,
    /// Where mail goes; also what is typed to sign in.
    pub email: Email,
    /// The PHC string of the password ([`crate::auth::Password::hash`]).
    pub password_hash: String,
}

/// What the seed needs from outside, since a transaction may run twice: one login per role, and every new id.
#[derive(Debug, Clone)]
pub struct DemoSeed {
    logins: Vec<(UserId, DemoLogin)>,
    owners: [UserId; participants::PAGES.len()],
    partners: [PartnerId; 3],
    programs: [ProgramId; 3],
    program_funds: [FundId; 3],
    figures: [FigureId; 7],
    unit_costs: [UnitCostId; 8],
    campaigns: [CampaignId; 3],
    campaign_funds: [FundId; 3],
    policies: [PolicyId; 2],
    teams: [TeamId; participants::TEAMS.len()],
    pages: [PageId; participants::PAGES.len()],
}

/// An array of new ids, in the order of their making.
fn ids<T, const N: usize>(make: fn() -> T) -> [T; N] {
    std::array::from_fn(|_| make())
}

impl DemoSeed {
    /// A seed with these logins, one for each role.
    pub fn new(logins: Vec<DemoLogin>) -> Self {
        Self {
            logins: logins
                .into_iter()
                .map(|login| (UserId::new(), login))
                .collect(),
            owners: ids(UserId::new),
            partners: ids(PartnerId::new),
            programs: ids(ProgramId::new),
            program_funds: ids(FundId::new),
            figures: ids(FigureId::new),
            unit_costs: ids(UnitCostId::new),
            campaigns: ids(CampaignId::new),
            campaign_funds: ids(FundId::new),
            policies: ids(PolicyId::new),
            teams: ids(TeamId::new),
            pages: ids(PageId::new),
        }
    }
}

/// Loads the demo season in the caller's transaction; does nothing, and answers `false`, when it is there already.
///
/// # Errors
/// The database's. Mistakes in the seed's own texts are unforeseen errors, which the tests find.
pub fn seed(conn: &mut Conn, seed: &DemoSeed, now: Timestamp) -> AppResult<bool> {
    if season::is_there(conn)? {
        return Ok(false);
    }
    for (id, login) in &seed.logins {
        let user = users::NewUser {
            id: *id,
            email: login.email.clone(),
            name: login.name.clone(),
            password_hash: Some(login.password_hash.clone()),
            roles: vec![login.role],
        };
        users::insert_user(conn, &user, now)?;
    }
    partners::seed(conn, seed, now)?;
    season::seed(conn, seed, now)?;
    participants::seed(conn, seed, now)?;
    season::go_live(conn, seed, now)?;
    Ok(true)
}

fn line(text: &str) -> AppResult<Line> {
    Line::parse(text, 400).map_err(|error| mistake(text, &error))
}

fn story(text: &str) -> AppResult<Story> {
    Story::parse(text).map_err(|error| mistake(text, &error))
}

fn slug(text: &str) -> AppResult<Slug> {
    parsed(text)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> AppResult<T> {
    text.parse().map_err(|error: T::Err| mistake(text, &error))
}

fn mistake(text: &str, error: &dyn std::fmt::Display) -> AppError {
    AppError::internal(format!("demo text {text:?}: {error}"))
}

fn end_at(conn: &mut Conn, id: CampaignId, now: Timestamp) -> AppResult<()> {
    crate::campaigns::ops::move_to(conn, id, CampaignStatus::Live, now)?;
    crate::campaigns::ops::move_to(conn, id, CampaignStatus::Closed, now)
}

#[cfg(test)]
mod tests;
