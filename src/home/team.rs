//! `/teams/{slug}`: a team and its roster.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page_view::story;
use super::slug;
use super::views::TeamView;
use crate::campaigns::frame::{self, Destinations};
use crate::coaching;
use crate::coaching::views::BadgeView;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Cursor, Limit, Listed, Slug, Timestamp};
use crate::media::{self, Size};
use crate::teams::model::{self, Member, RosterPlace, TeamOverview};
use crate::teams::public::{Relations, TeamFacts, share, weave};
use crate::totals::{self, Tally};
use crate::walls::{self, Wall, WallGift, Weave};
use crate::web::headers::Nonce;
use crate::web::views::palette::Accent;
use crate::web::views::rows::PageRow;
use crate::web::views::shell::Link;
use crate::web::{Path, Query, Site, View, placeholder};

/// What a team's page tells.
struct PublicTeam {
    overview: TeamOverview,
    relations: Relations,
    weave: Weave,
    roster: Listed<Member>,
    /// How many members stand before those of `roster`.
    before: i64,
    wall: Vec<WallGift>,
    badges: Vec<BadgeView>,
    tally: Tally,
}

impl PublicTeam {
    fn read(
        conn: &mut Conn,
        slug: &Slug,
        after: Option<&RosterPlace>,
        now: Timestamp,
    ) -> AppResult<Self> {
        let overview = model::by_slug(conn, slug)?;
        let to = Destinations::of(conn, &overview.campaign, now)?;
        let id = overview.team.id;
        Ok(Self {
            weave: weave(conn, &overview, &to, None)?,
            roster: model::roster(conn, id, after, Limit::MOST)?,
            before: after.map_or(0, RosterPlace::seen),
            relations: Relations::of(conn, &overview.team)?,
            tally: totals::team_tally(conn, id)?,
            wall: walls::newest(conn, Wall::Team(id), None, Limit::default())?.items,
            badges: coaching::public::of_team(conn, id)?,
            overview,
        })
    }
}

/// What may stand behind `?`.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

pub(super) async fn team(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0, "the team")?;
    let after = query.0.after.as_deref();
    let after: Option<RosterPlace> = after.and_then(|text| Cursor::parse(text).ok());
    if after.is_some() {
        // Cursors are a stranger's to make up: they must not fill the cache.
        let (nonce, now) = (Nonce::fresh()?, site.clock.now());
        let read = site
            .db
            .read(move |c| PublicTeam::read(c, &slug, after.as_ref(), now))
            .await?;
        let view = view(&site.config, nonce.as_str(), &read, now)?;
        return site.page("team", &view, &nonce);
    }
    let key = format!("/teams/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site
                .db
                .read(move |c| PublicTeam::read(c, &slug, None, now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now)?;
            let id = read.overview.team.id.to_string();
            Ok(View::html(site.render("team", &view)?).depends_on("team", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublicTeam, now: Timestamp) -> AppResult<TeamView> {
    let TeamOverview { team, campaign, .. } = &read.overview;
    let here = format!("/teams/{}", team.slug);
    let description = format!("A team of {}. {}", campaign.title, campaign.appeal);
    let mut shell = frame::shell(config, nonce, campaign, now, (&team.name, &description))
        .og(config, "website", &here, None);
    let give_url =
        frame::give_url(campaign, now, &format!("?team={}", team.slug)).filter(|_| team.is_open());
    shell.give_url.clone_from(&give_url);
    let live_url = give_url.is_some().then(|| format!("{here}/events"));
    let band = read
        .weave
        .view(&shell.accent.light, campaign.days_left(now), live_url)?;
    let first = read.before.saturating_add(1);
    let roster = (first..).zip(&read.roster.items).map(|(rank, member)| {
        let role = read.relations.role(team, member);
        member_row(rank, member, role, &shell.accent)
    });
    let more = read.roster.next.as_ref();
    Ok(TeamView {
        name: team.name.clone(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        facts: TeamFacts::of(&read.overview, &read.relations),
        story_html: story(&team.story),
        cover_svg: placeholder::cover(team.slug.as_str(), &shell.accent),
        band,
        give_url,
        roster: roster.collect(),
        roster_more: more.map(|next| format!("{here}?after={}", next.as_str())),
        wall: read.wall.iter().map(WallGift::row).collect(),
        badges: read.badges.clone(),
        tally: read.tally,
        share: share(config, &read.overview),
        shell,
    })
}

fn member_row(rank: i64, member: &Member, role: Option<&'static str>, accent: &Accent) -> PageRow {
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
        role: role.map(ToOwned::to_owned),
    }
}
