//! What every page that belongs to a campaign shares: its frame, its shades, and where its money goes.

use super::model::Campaign;
use super::overview::{self, CampaignProgram};
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::funds::{self, Policy, Share};
use crate::ids::ProgramId;
use crate::impact::{self, Figure, UnitCost};
use crate::kernel::Timestamp;
use crate::partners::{Partner, Program};
use crate::walls::Shades;
use crate::web::placeholder;
use crate::web::views::figures::{FigureView, UnitCostView};
use crate::web::views::palette::Accent;
use crate::web::views::rows::ProgramRow;
use crate::web::views::shell::{Link, Shell};

/// Where a campaign's money goes now.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// The programs that it pays for, in its order.
    pub programs: Vec<CampaignProgram>,
    /// How undesignated money is shared out.
    pub policy: Option<Policy>,
    /// The policy's shares, largest first.
    pub shares: Vec<Share>,
}

impl Destinations {
    /// Where the money of `campaign` goes, in three statements.
    ///
    /// # Errors
    /// The database's.
    pub fn of(conn: &mut Conn, campaign: &Campaign, now: Timestamp) -> AppResult<Self> {
        let policy = funds::policy_in_force(conn, campaign.id, now)?;
        let shares = match &policy {
            Some(policy) => funds::fund_shares(conn, policy.id)?,
            None => Vec::new(),
        };
        let programs = overview::programs_of(conn, campaign.id)?
            .into_iter()
            .map(|(program, partner)| CampaignProgram {
                basis_points: shares
                    .iter()
                    .filter(|share| share.program_id == Some(program.id))
                    .map(|share| share.basis_points)
                    .sum(),
                program,
                partner,
            })
            .collect();
        Ok(Self {
            programs,
            policy,
            shares,
        })
    }

    /// The ids of the programs.
    pub fn ids(&self) -> Vec<ProgramId> {
        self.programs.iter().map(|row| row.program.id).collect()
    }

    /// The shade of each program in the campaign's cloth.
    pub fn shades(&self) -> Shades {
        Shades::new(
            self.programs
                .iter()
                .map(|row| (row.program.id, row.program.name.as_str(), row.basis_points)),
        )
    }

    /// What amounts in the campaign's currency cover today, one statement.
    ///
    /// # Errors
    /// The database's.
    pub fn unit_costs(
        &self,
        conn: &mut Conn,
        campaign: &Campaign,
        now: Timestamp,
    ) -> AppResult<Vec<UnitCost>> {
        let Some(today) = campaign.time_zone.day_of(now) else {
            return Ok(Vec::new());
        };
        let mut costs = impact::unit_costs(conn, &self.ids(), today)?;
        costs.retain(|cost| cost.amount().currency() == campaign.currency);
        Ok(costs)
    }

    /// The programs that undesignated money goes to.
    pub fn undesignated(&self) -> Vec<Link> {
        self.programs
            .iter()
            .filter(|row| row.basis_points > 0)
            .map(|row| program_link(&row.program))
            .collect()
    }
}

/// A link to a program's page.
pub fn program_link(program: &Program) -> Link {
    Link::new(&program.name, &format!("/programs/{}", program.slug))
}

/// The frame of a page that belongs to `campaign`.
pub fn shell(
    config: &Config,
    nonce: &str,
    campaign: &Campaign,
    now: Timestamp,
    (title, description): (&str, &str),
) -> Shell {
    let mut shell = Shell::new(config, nonce, title, description).accent(campaign.accent.as_str());
    shell.nav = vec![
        Link::new("Campaign", &path(campaign)),
        Link::new("Leaderboard", &format!("{}/leaderboard", path(campaign))),
    ];
    shell.give_url = give_url(campaign, now, "");
    shell
}

/// Where the campaign's page is.
pub fn path(campaign: &Campaign) -> String {
    format!("/campaigns/{}", campaign.slug)
}

/// Where to give, with `query` (`?page=…`, or empty); `None` when gifts are not taken.
pub fn give_url(campaign: &Campaign, now: Timestamp, query: &str) -> Option<String> {
    campaign
        .is_giving_open(now)
        .then(|| format!("/give/{}{query}", campaign.slug))
}

/// A figure as pages show it.
pub fn figure(figure: &Figure) -> FigureView {
    FigureView {
        value: figure.count.to_string(),
        label: figure.label.clone(),
        period: figure.period.clone(),
        source: figure.source.clone(),
        source_url: figure.report_path.clone(),
        grade: figure.grade.as_str().to_owned(),
    }
}

/// A unit cost as pages show it.
pub fn unit_cost(cost: &UnitCost) -> UnitCostView {
    UnitCostView {
        amount: cost.amount().into(),
        covers: cost.covers.clone(),
        source: cost.source.clone(),
        valid_from: cost.valid_from.to_string(),
        valid_to: cost.valid_to.map(|day| day.to_string()),
    }
}

/// How many figures a program shows in a list.
const FOREMOST: usize = 3;

/// A program in a list, with its foremost `figures`.
pub fn program_row(
    program: &Program,
    partner: &Partner,
    figures: &[Figure],
    accent: &Accent,
) -> ProgramRow {
    ProgramRow {
        name: program.name.clone(),
        href: format!("/programs/{}", program.slug),
        partner: partner.name.clone(),
        country: program.country.clone(),
        summary: program.summary.clone(),
        cover_svg: placeholder::cover(program.slug.as_str(), accent),
        figures: figures
            .iter()
            .filter(|row| row.program_id == program.id)
            .take(FOREMOST)
            .map(figure)
            .collect(),
    }
}
