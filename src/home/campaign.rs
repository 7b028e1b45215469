//! `/campaigns/{slug}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::views::{CampaignView, QuestionView};
use super::{page_row, team_row};
use crate::campaigns::frame::{self, Destinations};
use crate::campaigns::model::{self, Campaign, CampaignTotal};
use crate::campaigns::public;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::{self, Figure, UnitCost};
use crate::kernel::{Limit, Slug, Timestamp};
use crate::pages::PageCard;
use crate::pages::leaderboard::{self, Ranked};
use crate::stories::public as stories;
use crate::stories::views::{StoriesPart, StoryRow};
use crate::teams::TeamCard;
use crate::teams::groups::{self, Group};
use crate::totals::{self, Tally, TallyScope};
use crate::walls::Weave;
use crate::web::headers::Nonce;
use crate::web::views::figures::ShareView;
use crate::web::views::shell::Link;
use crate::web::{Path, Site, View, markdown};

/// Pages and teams that head the campaign's page.
const FOREMOST: &str = "5";

/// What a campaign's page tells.
struct PublicCampaign {
    row: CampaignTotal,
    to: Destinations,
    costs: Vec<UnitCost>,
    figures: Vec<Figure>,
    weave: Weave,
    pages: Vec<Ranked<PageCard>>,
    teams: Vec<Ranked<TeamCard>>,
    tally: Tally,
    groups: Vec<Group>,
    stories: Vec<StoryRow>,
}

impl PublicCampaign {
    /// A dozen statements, none of which grows with the season.
    fn read(conn: &mut Conn, slug: &Slug, now: Timestamp) -> AppResult<Self> {
        let row = model::by_slug(conn, slug)?;
        let to = Destinations::of(conn, &row.campaign, now)?;
        let few: Limit = FOREMOST.parse().unwrap_or_default();
        Ok(Self {
            tally: totals::tally(conn, TallyScope::Campaign, &row.campaign.id.to_string())?,
            costs: to.unit_costs(conn, &row.campaign, now)?,
            figures: impact::figures_of(conn, &to.ids())?,
            weave: public::weave(conn, &row, &to, None)?,
            pages: leaderboard::pages(conn, row.campaign.id, None, few)?.items,
            teams: leaderboard::teams(conn, row.campaign.id, None, few)?.items,
            groups: groups::of_campaign(conn, row.campaign.id)?,
            stories: stories::of_campaign(conn, row.campaign.id, now)?,
            row,
            to,
        })
    }
}

pub(super) async fn campaign(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0, "the campaign")?;
    let key = format!("/campaigns/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site
                .db
                .read(move |c| PublicCampaign::read(c, &slug, now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now)?;
            let id = read.row.campaign.id.to_string();
            Ok(View::html(site.render("campaign", &view)?).depends_on("campaign", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(
    config: &Config,
    nonce: &str,
    read: &PublicCampaign,
    now: Timestamp,
) -> AppResult<CampaignView> {
    let campaign = &read.row.campaign;
    let here = frame::path(campaign);
    let mut shell = frame::shell(
        config,
        nonce,
        campaign,
        now,
        (&campaign.title, &campaign.appeal),
    )
    .og(config, "website", &here, None);
    shell.nav.extend(
        read.to
            .programs
            .first()
            .map(|row| frame::program_link(&row.program)),
    );
    shell
        .nav
        .push(Link::new("Open books", &format!("{here}/books")));
    let give_url = frame::give_url(campaign, now, "");
    let live_url = give_url.is_some().then(|| format!("{here}/events"));
    let policy = read.to.policy.as_ref();
    let since = policy.and_then(|policy| campaign.time_zone.day_of(policy.effective_from));
    let program_row = |row: &crate::campaigns::overview::CampaignProgram| {
        frame::program_row(&row.program, &row.partner, &read.figures, &shell.accent)
    };
    Ok(CampaignView {
        title: campaign.title.clone(),
        tagline: campaign.appeal.clone(),
        appeal_html: markdown::html(&campaign.story).into_string(),
        phase: if give_url.is_some() { "live" } else { "closed" }.to_owned(),
        starts_on: campaign.starts_on.to_string(),
        ends_on: campaign.ends_on.to_string(),
        giving_until: campaign.giving_until.to_string(),
        band: read
            .weave
            .view(&shell.accent.light, campaign.days_left(now), live_url)?,
        give_url,
        signup_url: crate::pages::ops::takes_pages(campaign, false)
            .is_ok()
            .then(|| format!("/start/{}", campaign.slug)),
        leaderboard_url: format!("{here}/leaderboard"),
        pages: read
            .pages
            .iter()
            .map(|row| page_row(row, &shell.accent))
            .collect(),
        teams: read
            .teams
            .iter()
            .map(|row| team_row(row, &shell.accent))
            .collect(),
        team_groups: read
            .groups
            .iter()
            .map(|group| Link::new(&group.name, &format!("/groups/{}", group.slug)))
            .collect(),
        start_team: crate::teams::ops::may_start(campaign, false)
            .is_ok()
            .then(|| format!("/start-team/{}", campaign.slug)),
        programs: read.to.programs.iter().map(program_row).collect(),
        shares: shares(campaign, &read.to),
        policy_version: policy.map_or(0, |policy| i64::from(policy.version)),
        policy_since: since.unwrap_or(campaign.starts_on).to_string(),
        unit_costs: read.costs.iter().map(frame::unit_cost).collect(),
        tally: read.tally,
        faq: campaign
            .faq
            .0
            .iter()
            .map(|question| QuestionView {
                question: question.question.clone(),
                answer_html: markdown::html(&question.answer).into_string(),
            })
            .collect(),
        stories: StoriesPart::of(read.stories.clone(), Some(format!("{here}/stories"))),
        shell,
    })
}

/// How undesignated money is divided, each share with its program's shade; the campaign's own fund leads to itself.
fn shares(campaign: &Campaign, to: &Destinations) -> Vec<ShareView> {
    let shades = to.shades();
    to.shares
        .iter()
        .map(|share| {
            let row = to
                .programs
                .iter()
                .find(|row| Some(row.program.id) == share.program_id);
            let (program, href) = match row {
                Some(row) => (
                    row.program.name.clone(),
                    format!("/programs/{}", row.program.slug),
                ),
                None => (share.name.clone(), frame::path(campaign)),
            };
            ShareView {
                program,
                href,
                basis_points: i64::from(share.basis_points),
                percent: percent(share.basis_points),
                shade: shades.of(share.program_id),
            }
        })
        .collect()
}

/// Basis points in words: `62.5 %`, `25 %`, `33.33 %`.
fn percent(basis_points: i32) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match rest {
        0 => format!("{whole}\u{a0}%"),
        rest if rest % 10 == 0 => format!("{whole}.{}\u{a0}%", rest / 10),
        rest => format!("{whole}.{rest:02}\u{a0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basis_points_lose_nothing_in_words() {
        let words = [0, 5, 50, 6_250, 3_333, 10_000].map(percent);
        let expected = ["0", "0.05", "0.5", "62.5", "33.33", "100"];
        assert_eq!(words, expected.map(|number| format!("{number}\u{a0}%")));
    }
}
