//! `/campaigns/{slug}`.

use serde::Serialize;

use super::figures::{BandView, ShareView as PolicyShare, UnitCostView};
use super::rows::{PageRow, ProgramRow, TeamRow};
use super::shell::Shell;

/// Context of `campaign`.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignView {
    /// The frame.
    pub shell: Shell,
    /// The campaign's title.
    pub title: String,
    /// One sentence under the title.
    pub tagline: String,
    /// The appeal, sanitised.
    pub appeal_html: String,
    /// `upcoming`, `live` or `closed`.
    pub phase: String,
    /// First day of the challenge (YYYY-MM-DD).
    pub starts_on: String,
    /// Last day of the challenge.
    pub ends_on: String,
    /// Last day on which gifts are taken.
    pub giving_until: String,
    /// Raised, matched, goal.
    pub band: BandView,
    /// Where to give; `None` when gifts are not taken.
    pub give_url: Option<String>,
    /// Where to make a page; `None` until sign-up exists or when closed.
    pub signup_url: Option<String>,
    /// The whole leaderboard.
    pub leaderboard_url: String,
    /// The first pages of the leaderboard.
    pub pages: Vec<PageRow>,
    /// The first teams.
    pub teams: Vec<TeamRow>,
    /// The programs that it pays for, with graded figures.
    pub programs: Vec<ProgramRow>,
    /// How undesignated money is divided.
    pub shares: Vec<PolicyShare>,
    /// Which version of the policy is in force.
    pub policy_version: i64,
    /// Since which day (YYYY-MM-DD).
    pub policy_since: String,
    /// What amounts cover.
    pub unit_costs: Vec<UnitCostView>,
    /// Questions and answers.
    pub faq: Vec<QuestionView>,
}

/// One question of the FAQ.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionView {
    /// The question.
    pub question: String,
    /// The answer, sanitised.
    pub answer_html: String,
}
