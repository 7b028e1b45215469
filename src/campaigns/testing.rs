//! A small season for tests: one partner, two programs with funds, and a campaign that is live under a 70/30 policy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::CampaignId;
use super::model::CampaignStatus;
use super::ops::{CreateCampaign, create, move_to};
use crate::db::Conn;
use crate::funds::approval::enact_policy;
use crate::funds::ops::{DraftPolicy, FundOf, OpenFund, open_fund};
use crate::funds::{FundId, PolicyId};
use crate::ids::{PartnerId, ProgramId};
use crate::kernel::{Currency, Line, Money, Timestamp};
use crate::partners::ops::{CreatePartner, CreateProgram, create_partner, create_program};
use crate::web::markdown::Story;

/// What [`season`] makes.
#[derive(Debug, Clone, Copy)]
pub struct Season {
    /// `winter`, live, in Los Angeles, giving until 2027-01-31.
    pub campaign: CampaignId,
    /// Its undesignated fund.
    pub fund: FundId,
    /// `rescue` and `school`.
    pub programs: [ProgramId; 2],
    /// Their funds, of 7,000 and 3,000 basis points.
    pub funds: [FundId; 2],
    /// Version 1.
    pub policy: PolicyId,
}

/// A line, known to be one.
pub fn line(text: &str) -> Line {
    Line::parse(text, 200).unwrap()
}

/// Whole dollars.
pub fn usd(dollars: i64) -> Money {
    Money::new(dollars * 100, Currency::USD)
}

/// An instant as RFC 3339 writes it.
pub fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .to_utc()
        .into()
}

/// A campaign command that passes, to be altered by tests.
pub fn command(slug: &str) -> CreateCampaign {
    CreateCampaign {
        id: CampaignId::new(),
        fund: FundId::new(),
        slug: slug.parse().unwrap(),
        title: line("Winter"),
        appeal: line("Wear it."),
        story: Story::parse("We *wear* it.").unwrap(),
        time_zone: "America/Los_Angeles".parse().unwrap(),
        starts_on: "2026-12-01".parse().unwrap(),
        ends_on: "2026-12-31".parse().unwrap(),
        giving_until: "2027-01-31".parse().unwrap(),
        goal: usd(10_000),
        minimum: usd(5),
        suggested: vec![usd(25), usd(50)],
        accent: "#9B2335".parse().unwrap(),
        faq: Vec::new(),
        programs: Vec::new(),
        previous: None,
    }
}

/// New ids for a season.
pub fn new_season() -> Season {
    Season {
        campaign: CampaignId::new(),
        fund: FundId::new(),
        programs: [ProgramId::new(), ProgramId::new()],
        funds: [FundId::new(), FundId::new()],
        policy: PolicyId::new(),
    }
}

/// Writes a season.
pub fn season(conn: &mut Conn, ids: &Season, now: Timestamp) {
    let partner = PartnerId::new();
    let new = CreatePartner {
        id: partner,
        slug: "allies".parse().unwrap(),
        name: line("Allies"),
        country: line("India"),
        summary: line("They help."),
        story: Story::default(),
        contact_email: None,
    };
    create_partner(conn, &new, now).unwrap();
    for (slug, (id, fund)) in ["rescue", "school"]
        .iter()
        .zip(ids.programs.iter().zip(ids.funds))
    {
        let new = CreateProgram {
            id: *id,
            partner,
            slug: slug.parse().unwrap(),
            name: line(slug),
            country: line("India"),
            region: line("Kolkata"),
            since_year: Some(2006),
            summary: line("It works."),
            story: Story::parse("# Work\n\n<script>alert(1)</script>").unwrap(),
            take_part: vec![line("Give.")],
            more: Vec::new(),
        };
        create_program(conn, &new, now).unwrap();
        let new = OpenFund {
            id: fund,
            of: FundOf::Program(*id),
            currency: Currency::USD,
            name: line(slug),
        };
        open_fund(conn, &new, now).unwrap();
    }
    let new = CreateCampaign {
        id: ids.campaign,
        fund: ids.fund,
        programs: ids.programs.to_vec(),
        ..command("winter")
    };
    create(conn, &new, now).unwrap();
    let new = DraftPolicy {
        id: ids.policy,
        campaign: ids.campaign,
        effective_from: now,
        note: line("Most to rescue."),
        shares: vec![(ids.funds[0], 7_000), (ids.funds[1], 3_000)],
    };
    assert_eq!(enact_policy(conn, &new, now).unwrap(), 1);
    move_to(conn, ids.campaign, CampaignStatus::Live, now).unwrap();
}
