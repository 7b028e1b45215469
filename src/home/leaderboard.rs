//! `/campaigns/{slug}/leaderboard`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::views::LeaderboardView;
use super::{page_row, team_row};
use crate::campaigns::frame;
use crate::campaigns::model::{self, Campaign};
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Cursor, Limit, Listed, Slug, Timestamp};
use crate::pages::PageCard;
use crate::pages::leaderboard::{self, Board, Ranked, Standing};
use crate::teams::TeamCard;
use crate::web::headers::Nonce;
use crate::web::views::shell::Link;
use crate::web::{Path, Query, Site, View};

/// Pages and teams on one screen of the leaderboard.
const LENGTH: &str = "50";

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

struct PublicBoard {
    campaign: Campaign,
    pages: Listed<Ranked<PageCard>>,
    teams: Vec<Ranked<TeamCard>>,
}

impl PublicBoard {
    fn read(conn: &mut Conn, slug: &Slug, after: Option<&Standing>) -> AppResult<Self> {
        let campaign = model::by_slug(conn, slug)?.campaign;
        let length: Limit = LENGTH.parse().unwrap_or_default();
        let teams = match after {
            None => leaderboard::teams(conn, campaign.id, None, length)?.items,
            Some(_) => Vec::new(),
        };
        Ok(Self {
            pages: leaderboard::pages(conn, campaign.id, after, length)?,
            teams,
            campaign,
        })
    }
}

pub(super) async fn board(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0, "the campaign")?;
    let after = query
        .0
        .after
        .as_deref()
        .and_then(|text| Cursor::parse(text).ok());
    let after: Option<Standing> =
        after.filter(|standing: &Standing| standing.board == Board::Pages);
    let now = site.clock.now();
    if after.is_some() {
        // Cursors are a stranger's to make up: they must not fill the cache.
        let nonce = Nonce::fresh()?;
        let read = site
            .db
            .read(move |c| PublicBoard::read(c, &slug, after.as_ref()))
            .await?;
        return site.page(
            "leaderboard",
            &view(&site.config, nonce.as_str(), &read, now),
            &nonce,
        );
    }
    let key = format!("/campaigns/{slug}/leaderboard");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site
                .db
                .read(move |c| PublicBoard::read(c, &slug, None))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now);
            let id = read.campaign.id.to_string();
            Ok(View::html(site.render("leaderboard", &view)?).depends_on("campaign", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublicBoard, now: Timestamp) -> LeaderboardView {
    let campaign = &read.campaign;
    let here = format!("{}/leaderboard", frame::path(campaign));
    let title = format!("Leaderboard of {}", campaign.title);
    let shell = frame::shell(config, nonce, campaign, now, (&title, &campaign.appeal))
        .og(config, "website", &here, None);
    let next = read.pages.next.as_ref();
    LeaderboardView {
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        pages: read
            .pages
            .items
            .iter()
            .map(|row| page_row(row, &shell.accent))
            .collect(),
        teams: read
            .teams
            .iter()
            .map(|row| team_row(row, &shell.accent))
            .collect(),
        next_url: next.map(|cursor| format!("{here}?after={}", cursor.as_str())),
        shell,
    }
}
