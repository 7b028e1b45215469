//! The public front: pages that read several nouns at once and own no rows.
//!
//! `/` · `/campaigns/{slug}` with its leaderboard and live screen · `/pages/{slug}` · `/teams/{slug}` · `/groups/{slug}` · `/programs/{slug}` with
//! the reports on it · `/partners/{slug}`. They stand
//! above the nouns they show: a campaign's page lists pages and teams, which know their campaign, and a program's page
//! offers the campaigns that pay for it, which know their programs.

mod campaign;
mod front;
mod group;
mod leaderboard;
mod live;
mod page;
mod page_view;
mod partner;
mod program;
mod report;
mod team;
pub mod views;

use std::collections::BTreeSet;

use actix_web::web::{self, ServiceConfig};

use crate::error::{AppError, AppResult};
use crate::kernel::Slug;
use crate::media::{self, Size};
use crate::pages::PageCard;
use crate::pages::leaderboard::Ranked;
use crate::teams::TeamCard;
use crate::web::placeholder;
use crate::web::views::palette::Accent;
use crate::web::views::rows::{PageRow, TeamRow};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/").route(web::get().to(front::home)))
        .service(web::resource("/campaigns/{slug}").route(web::get().to(campaign::campaign)))
        .service(
            web::resource("/campaigns/{slug}/leaderboard").route(web::get().to(leaderboard::board)),
        )
        .service(web::resource("/campaigns/{slug}/live").route(web::get().to(live::screen)))
        .service(web::resource("/campaigns/{slug}/events").route(web::get().to(live::events)))
        .service(web::resource("/pages/{slug}").route(web::get().to(page::page)))
        .service(web::resource("/teams/{slug}").route(web::get().to(team::team)))
        .service(web::resource("/groups/{slug}").route(web::get().to(group::group)))
        .service(web::resource("/programs/{slug}").route(web::get().to(program::program)))
        .service(
            web::resource("/programs/{slug}/reports/{number}").route(web::get().to(report::report)),
        )
        .service(web::resource("/partners/{slug}").route(web::get().to(partner::partner)));
}

fn slug(text: &str, what: &'static str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound(what))
}

/// A page at its place.
fn page_row(ranked: &Ranked<PageCard>, accent: &Accent) -> PageRow {
    let PageCard {
        page, total, team, ..
    } = &ranked.item;
    let goal = ranked.item.goal();
    PageRow {
        rank: ranked.rank,
        participant: page.participant.clone(),
        title: page.title.clone(),
        href: format!("/pages/{}", page.slug),
        team: team.as_ref().map(|team| team.name.clone()),
        photo_url: media::named(page.photo.as_deref()).map(|id| media::url(id, Size::Small)),
        portrait_svg: placeholder::portrait(page.slug.as_str(), &page.participant, accent),
        raised: total.raised().into(),
        goal: (goal.minor() > 0).then(|| goal.into()),
        gifts: total.donations,
        role: None,
    }
}

/// A team at its place.
fn team_row(ranked: &Ranked<TeamCard>, accent: &Accent) -> TeamRow {
    let TeamCard {
        team,
        total,
        members,
    } = &ranked.item;
    let goal = ranked.item.goal();
    TeamRow {
        rank: ranked.rank,
        name: team.name.clone(),
        href: format!("/teams/{}", team.slug),
        portrait_svg: placeholder::portrait(team.slug.as_str(), &team.name, accent),
        raised: total.raised().into(),
        goal: (goal.minor() > 0).then(|| goal.into()),
        pages: *members,
    }
}

/// `items` without those whose key came before.
fn once<T, K: Ord>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(key(item)))
        .collect()
}

#[cfg(test)]
mod samples;
