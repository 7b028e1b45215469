//! `/groups/{slug}`: the teams of a college, a church, a company, counted together.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::page_view::story;
use super::views::GroupView;
use super::{slug, team_row};
use crate::campaigns::{Campaign, frame};
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Slug, Timestamp};
use crate::pages::leaderboard::Ranked;
use crate::teams::TeamCard;
use crate::teams::groups::{self, Group, GroupKind, RollUp};
use crate::teams::model;
use crate::web::headers::Nonce;
use crate::web::views::shell::Link;
use crate::web::{Path, Site, View, placeholder};

/// What a group's page tells.
struct PublicGroup {
    group: Group,
    campaign: Campaign,
    sums: RollUp,
    teams: Vec<Ranked<TeamCard>>,
}

impl PublicGroup {
    /// Three statements over at most [`groups::TEAMS`] teams.
    fn read(conn: &mut Conn, slug: &Slug) -> AppResult<Self> {
        let (group, campaign) = groups::by_slug(conn, slug)?;
        let teams = groups::teams_of(conn, group.id)?;
        let sums = RollUp::of(&campaign, &teams)?;
        let ids: Vec<_> = teams.iter().map(|(team, _)| team.id).collect();
        let members = model::members(conn, &ids)?;
        let cards = (1..).zip(teams).map(|(rank, (team, total))| Ranked {
            rank,
            item: TeamCard {
                members: members
                    .iter()
                    .find(|(id, _)| *id == team.id)
                    .map_or(0, |(_, members)| *members),
                team,
                total,
            },
        });
        Ok(Self {
            teams: cards.collect(),
            group,
            campaign,
            sums,
        })
    }
}

pub(super) async fn group(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0, "the group")?;
    let key = format!("/groups/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site.db.read(move |c| PublicGroup::read(c, &slug)).await?;
            let view = view(&site.config, nonce.as_str(), &read, now);
            let campaign = read.campaign.id.to_string();
            Ok(View::html(site.render("group", &view)?).depends_on("campaign", &campaign))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn kind(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::College => "College",
        GroupKind::School => "School",
        GroupKind::Church => "Church",
        GroupKind::Company => "Company",
        GroupKind::Other => "Group",
    }
}

fn view(config: &Config, nonce: &str, read: &PublicGroup, now: Timestamp) -> GroupView {
    let (group, campaign) = (&read.group, &read.campaign);
    let here = format!("/groups/{}", group.slug);
    let description = format!("Teams of {} in {}.", group.name, campaign.title);
    let shell = frame::shell(config, nonce, campaign, now, (&group.name, &description))
        .og(config, "website", &here, None);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    GroupView {
        name: group.name.clone(),
        kind: kind(group.kind).to_owned(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        story_html: story(&group.story),
        cover_svg: placeholder::cover(group.slug.as_str(), &shell.accent),
        raised: read.sums.raised.into(),
        goal: (read.sums.goal.minor() > 0).then(|| read.sums.goal.into()),
        gifts: read.sums.gifts,
        teams_count: count(read.teams.len()),
        pages_count: read.teams.iter().map(|ranked| ranked.item.members).sum(),
        teams: read
            .teams
            .iter()
            .map(|ranked| team_row(ranked, &shell.accent))
            .collect(),
        shell,
    }
}
