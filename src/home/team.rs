//! `/teams/{slug}`: a team and its roster.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::page::story;
use super::slug;
use super::views::TeamView;
use crate::campaigns::frame::{self, Destinations};
use crate::coaching;
use crate::coaching::views::BadgeView;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Limit, Slug, Timestamp};
use crate::media::{self, Size};
use crate::teams::model::{self, Member, TeamOverview};
use crate::teams::public::{share, weave};
use crate::walls::{self, Wall, WallGift, Weave};
use crate::web::headers::Nonce;
use crate::web::views::palette::Accent;
use crate::web::views::rows::PageRow;
use crate::web::views::shell::Link;
use crate::web::{Path, Site, View, placeholder};

/// What a team's page tells.
struct PublicTeam {
    overview: TeamOverview,
    weave: Weave,
    roster: Vec<Member>,
    wall: Vec<WallGift>,
    badges: Vec<BadgeView>,
}

impl PublicTeam {
    fn read(conn: &mut Conn, slug: &Slug, now: Timestamp) -> AppResult<Self> {
        let overview = model::by_slug(conn, slug)?;
        let to = Destinations::of(conn, &overview.campaign, now)?;
        let id = overview.team.id;
        Ok(Self {
            weave: weave(conn, &overview, &to, None)?,
            roster: model::roster(conn, id, None, Limit::MOST)?.items,
            wall: walls::newest(conn, Wall::Team(id), None, Limit::default())?.items,
            badges: coaching::public::of_team(conn, id)?,
            overview,
        })
    }
}

pub(super) async fn team(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0, "the team")?;
    let key = format!("/teams/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site
                .db
                .read(move |c| PublicTeam::read(c, &slug, now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now)?;
            let id = read.overview.team.id.to_string();
            Ok(View::html(site.render("team", &view)?).depends_on("team", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublicTeam, now: Timestamp) -> AppResult<TeamView> {
    let TeamOverview {
        team,
        campaign,
        captain,
        ..
    } = &read.overview;
    let here = format!("/teams/{}", team.slug);
    let description = format!("A team of {}. {}", campaign.title, campaign.appeal);
    let mut shell = frame::shell(config, nonce, campaign, now, (&team.name, &description))
        .og(config, "website", &here, None);
    let give_url = frame::give_url(campaign, now, &format!("?team={}", team.slug));
    shell.give_url.clone_from(&give_url);
    let live_url = give_url.is_some().then(|| format!("{here}/events"));
    let band = read
        .weave
        .view(&shell.accent.light, campaign.days_left(now), live_url)?;
    let is_captain =
        |member: &Member| member.owner_id.is_some() && member.owner_id == team.captain_id;
    let roster = (1..)
        .zip(&read.roster)
        .map(|(rank, member)| member_row(rank, member, is_captain(member), &shell.accent));
    Ok(TeamView {
        name: team.name.clone(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        captain: captain.clone(),
        story_html: story(&team.story),
        cover_svg: placeholder::cover(team.slug.as_str(), &shell.accent),
        band,
        give_url,
        roster: roster.collect(),
        wall: read.wall.iter().map(WallGift::row).collect(),
        badges: read.badges.clone(),
        share: share(config, &read.overview),
        shell,
    })
}

fn member_row(rank: i64, member: &Member, is_captain: bool, accent: &Accent) -> PageRow {
    let goal = member.goal();
    PageRow {
        rank,
        participant: member.participant.clone(),
        title: member.title.clone(),
        href: format!("/pages/{}", member.slug),
        team: None,
        photo_url: media::named(member.photo.as_deref()).map(|id| media::url(id, Size::Small)),
        portrait_svg: placeholder::portrait(member.slug.as_str(), &member.participant, accent),
        raised: member.total.raised().into(),
        goal: (goal.minor() > 0).then(|| goal.into()),
        gifts: member.total.donations,
        role: is_captain.then(|| "captain".to_owned()),
    }
}
