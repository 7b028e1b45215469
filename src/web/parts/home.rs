//! `/`: the live campaigns and the one idea.

use serde::Serialize;

use super::figures::BandView;
use super::rows::ProgramRow;
use super::shell::Shell;

/// Context of `home`.
#[derive(Clone, Debug, Serialize)]
pub struct HomeView {
    /// The frame.
    pub shell: Shell,
    /// Campaigns that take gifts now, the newest first.
    pub campaigns: Vec<CampaignRow>,
    /// Programs that the campaigns pay for.
    pub programs: Vec<ProgramRow>,
}

/// A live campaign on the home page.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignRow {
    /// Its title.
    pub title: String,
    /// Its page.
    pub href: String,
    /// One sentence.
    pub tagline: String,
    /// Where to give.
    pub give_url: String,
    /// First day of the challenge (YYYY-MM-DD).
    pub starts_on: String,
    /// Last day of the challenge.
    pub ends_on: String,
    /// Its band.
    pub band: BandView,
}
