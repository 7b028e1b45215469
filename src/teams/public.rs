//! What others show of a team: its cloth, who leads it and whom it belongs to, the way in, and the ways to share it.

use serde::Serialize;

use super::captains::{self, Leader};
use super::finding;
use super::groups::{self, Group};
use super::model::{Member, Team, TeamOverview};
use crate::campaigns::CampaignStatus;
use crate::campaigns::frame::Destinations;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::walls::{Wall, Weave};
use crate::web::views::rows::ShareView;
use crate::web::views::shell::Link;

/// A team's cloth; `own` (a gift's id) is highlighted.
///
/// # Errors
/// The database's.
pub fn weave(
    conn: &mut Conn,
    overview: &TeamOverview,
    to: &Destinations,
    own: Option<&str>,
) -> AppResult<Weave> {
    let goal = overview.team.goal(overview.campaign.currency);
    let wall = Wall::Team(overview.team.id);
    Weave::of(conn, wall, (overview.total, goal), &to.shades(), own)
}

/// Ways to share a team's page.
pub fn share(config: &Config, overview: &TeamOverview) -> ShareView {
    let url = format!("{}/teams/{}", config.public_url(), overview.team.slug);
    let text = format!(
        "{}, a team of {}",
        overview.team.name, overview.campaign.title
    );
    ShareView::new(&url, &text, None)
}

/// Whom a team is led by and belongs to.
#[derive(Debug, Clone)]
pub struct Relations {
    /// Its co-captains.
    pub co_captains: Vec<Leader>,
    /// The group that it counts for.
    pub group: Option<Group>,
    /// The same team in the season before.
    pub previous: Option<Team>,
}

impl Relations {
    /// Those of `team`: one statement, and one for each of group and earlier team that it has.
    ///
    /// # Errors
    /// The database's.
    pub fn of(conn: &mut Conn, team: &Team) -> AppResult<Self> {
        Ok(Self {
            co_captains: captains::co_captains(conn, team.id)?,
            group: match team.group_id {
                Some(id) => Some(groups::by_id(conn, id)?),
                None => None,
            },
            previous: match team.previous_id {
                Some(id) => finding::team(conn, id)?,
                None => None,
            },
        })
    }

    /// What a member is in the team, in a word; `None` for most.
    pub fn role(&self, team: &Team, member: &Member) -> Option<&'static str> {
        let owner = member.owner_id?;
        if team.captain_id == Some(owner) {
            return Some("captain");
        }
        let is_co = self.co_captains.iter().any(|leader| leader.user == owner);
        is_co.then_some("co-captain")
    }
}

/// Context of `partials/team_facts` and `partials/team_way_in`.
#[derive(Clone, Debug, Serialize)]
pub struct TeamFacts {
    /// Who leads it.
    pub captain: Option<String>,
    /// Who helps.
    pub co_captains: Vec<String>,
    /// The group that it counts for.
    pub group: Option<Link>,
    /// The same team in the season before.
    pub previous: Option<Link>,
    /// Whether it has been laid to rest.
    pub archived: bool,
    /// The button that leads in; `None` where joining takes an invitation or staff, or is over.
    pub join: Option<Link>,
    /// What will happen; `None` when joining is over.
    pub tells: Option<String>,
    /// Where those who lead it go.
    pub manage_href: String,
}

impl TeamFacts {
    /// What the page of a team tells about it.
    pub fn of(overview: &TeamOverview, relations: &Relations) -> Self {
        let TeamOverview { team, campaign, .. } = overview;
        let takes = team.is_open() && campaign.status != CampaignStatus::Closed;
        let policy = Some(team.join_policy).filter(|_| takes);
        let link = |name: &str, place: &str, slug: &crate::kernel::Slug| {
            Link::new(name, &format!("/{place}/{slug}"))
        };
        Self {
            captain: overview.captain.clone(),
            co_captains: relations
                .co_captains
                .iter()
                .map(|leader| leader.name.clone())
                .collect(),
            group: relations
                .group
                .as_ref()
                .map(|group| link(&group.name, "groups", &group.slug)),
            previous: relations
                .previous
                .as_ref()
                .map(|team| link(&team.name, "teams", &team.slug)),
            archived: !team.is_open(),
            join: policy
                .and_then(|policy| policy.button())
                .map(|label| Link::new(label, &format!("/teams/{}/join", team.slug))),
            tells: policy.map(|policy| policy.tells().to_owned()),
            manage_href: format!("/teams/{}/manage", team.slug),
        }
    }
}
