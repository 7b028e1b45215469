//! What a page tells in public, read in few statements whatever the season's size.

use super::model::{self, Page, PageOverview};
use super::updates::{self, News, UpdateId};
use crate::campaigns::frame::Destinations;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::UnitCost;
use crate::kernel::{Limit, Listed, Money, Slug, Timestamp};
use crate::offline;
use crate::walls::{self, Place, Wall, WallGift, Weave};
use crate::web::Site;
use crate::web::card::CardFacts;
use crate::web::views::rows::ShareView;

/// A page with its cloth, its newest gifts and where its money goes.
#[derive(Debug, Clone)]
pub struct PublicPage {
    /// The page, its campaign, its total and its team.
    pub overview: PageOverview,
    /// Where undesignated gifts on it go.
    pub to: Destinations,
    /// What amounts cover today.
    pub costs: Vec<UnitCost>,
    /// Its cloth.
    pub weave: Weave,
    /// Its newest gifts.
    pub wall: Listed<WallGift>,
    /// Gifts in cash and by cheque that staff have not confirmed: in no total.
    pub unconfirmed: Money,
    /// Its newest updates.
    pub news: Listed<News>,
}

/// Updates that a page shows at once.
const NEWS: &str = "3";

/// Where the lists of a page go on.
#[derive(Debug, Clone, Default)]
pub struct Further {
    /// Its wall.
    pub wall: Option<Place>,
    /// Its updates.
    pub news: Option<UpdateId>,
}

impl PublicPage {
    /// The page at `slug`, its lists going on after `further`: nine statements.
    ///
    /// # Errors
    /// [`crate::error::AppError::NotFound`] for a page that is not shown.
    pub fn read(
        conn: &mut Conn,
        slug: &Slug,
        further: &Further,
        now: Timestamp,
    ) -> AppResult<Self> {
        let overview = model::by_slug(conn, slug)?;
        Self::of(conn, overview, further, now)
    }

    /// The same of a page that was found, in whatever state.
    ///
    /// # Errors
    /// The database's.
    pub fn of(
        conn: &mut Conn,
        overview: PageOverview,
        further: &Further,
        now: Timestamp,
    ) -> AppResult<Self> {
        let (id, currency) = (overview.page.id, overview.campaign.currency);
        let unconfirmed = offline::unconfirmed(conn, id, currency)?;
        let to = Destinations::of(conn, &overview.campaign, now)?;
        let costs = to.unit_costs(conn, &overview.campaign, now)?;
        let weave = weave(conn, &overview, &to, None)?;
        let after = further.wall.as_ref();
        let wall = walls::newest(conn, Wall::Page(id), after, Limit::default())?;
        let some = NEWS.parse().unwrap_or_default();
        let news = updates::newest(conn, id, further.news, some)?;
        Ok(Self {
            overview,
            to,
            costs,
            weave,
            wall,
            unconfirmed,
            news,
        })
    }
}

/// A page's cloth; `own` (a gift's id) is highlighted.
///
/// # Errors
/// The database's.
pub fn weave(
    conn: &mut Conn,
    overview: &PageOverview,
    to: &Destinations,
    own: Option<&str>,
) -> AppResult<Weave> {
    let goal = overview.page.goal(overview.campaign.currency);
    let wall = Wall::Page(overview.page.id);
    Weave::of(conn, wall, (overview.total, goal), &to.shades(), own)
}

/// Changes whenever the share card does: what it says, in sixteen hexadecimal digits.
pub fn card_version(overview: &PageOverview, now: Timestamp) -> String {
    let PageOverview {
        page,
        campaign,
        total,
        ..
    } = overview;
    let said = format!(
        "{}\n{:?}\n{}\n{}\n{}\n{}\n{}\n{:?}",
        page.title,
        page.photo,
        campaign.title,
        campaign.accent,
        total.raised().minor(),
        total.donations,
        page.goal(campaign.currency).minor(),
        campaign.days_left(now),
    );
    let hash = crate::kernel::secret::sha256_hex(said);
    hash.get(..16).unwrap_or(&hash).to_owned()
}

/// Where a page's share card is, from `/` on; its version makes it a new address after each gift.
pub fn card_path(overview: &PageOverview, now: Timestamp) -> String {
    let version = card_version(overview, now);
    format!("/pages/{}/card.png?v={version}", overview.page.slug)
}

/// What the share card says; the photograph's bytes come from [`crate::media::shown_bytes`].
pub fn card_facts(overview: &PageOverview, weave: &Weave, now: Timestamp) -> CardFacts {
    let PageOverview {
        page,
        campaign,
        total,
        ..
    } = overview;
    let goal = page.goal(campaign.currency);
    CardFacts {
        slug: page.slug.to_string(),
        title: page.title.clone(),
        campaign: campaign.title.clone(),
        raised: total.raised().into(),
        goal: (goal.minor() > 0).then(|| goal.into()),
        gifts: total.donations,
        days_left: campaign.days_left(now),
        accent: campaign.accent.to_string(),
        band: weave.band.clone(),
        photo: None,
    }
}

/// Ways to share a page.
pub fn share(config: &Config, overview: &PageOverview, now: Timestamp) -> ShareView {
    let url = format!("{}/pages/{}", config.public_url(), overview.page.slug);
    let text = format!("{}: {}", overview.page.participant, overview.page.title);
    ShareView::new(&url, &text, Some(card_path(overview, now)))
}

/// After the commit that took a page out of sight: no view of it stands in even while the database is away. Its photographs
/// are [`super::photos::Followed::tell`]'s.
pub fn withdrawn(site: &Site, page: &Page) {
    site.views.withdrawn("page", &page.id.to_string());
    site.views
        .changed("campaign", &page.campaign_id.to_string());
    if let Some(team) = page.team_id {
        site.views.changed("team", &team.to_string());
    }
}

/// After the commit that shows a page again, or for the first time.
pub fn shown(site: &Site, page: &Page) {
    site.views.changed("page", &page.id.to_string());
    site.views
        .changed("campaign", &page.campaign_id.to_string());
    if let Some(team) = page.team_id {
        site.views.changed("team", &team.to_string());
    }
}
