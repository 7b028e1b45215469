//! Rows of pages, and how they are found.

use diesel::prelude::*;

use super::PageId;
use crate::auth::UserId;
use crate::campaigns::{Campaign, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{campaigns, page_aliases, pages, teams, totals};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, TeamId};
use crate::kernel::{Currency, Limit, Listed, Money, Slug, Timestamp};
use crate::media::MediaId;
use crate::teams::Team;
use crate::totals::{Total, TotalScope};

crate::words! {
    /// The state of a page.
    pub enum PageStatus {
        /// Being written; its owner alone sees it.
        Draft = "draft",
        /// Waits for staff, where the season asks for their approval.
        Submitted = "submitted",
        /// Staff asked something; the owner answers and sends it again.
        NeedsInfo = "needs_info",
        /// Shown.
        Live = "live",
        /// Taken down by staff; its gifts stay.
        Hidden = "hidden",
        /// Put away by its owner; its gifts stay.
        Archived = "archived",
    }
}

impl PageStatus {
    /// The states from which a page may come into this one. Each verb of `ops` and `review` takes some of these moves:
    /// a page that staff hid comes back by staff alone.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Draft => &[],
            Self::Submitted => &[Self::Draft, Self::NeedsInfo],
            Self::NeedsInfo => &[Self::Submitted],
            Self::Live => &[Self::Draft, Self::Submitted, Self::Hidden, Self::Archived],
            Self::Hidden | Self::Archived => &[Self::Live],
        }
    }

    /// The state in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "waits for approval",
            Self::NeedsInfo => "a question for you",
            Self::Live => "live",
            Self::Hidden => "hidden",
            Self::Archived => "archived",
        }
    }
}

/// A participant's page.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pages)]
pub struct Page {
    /// The id.
    pub id: PageId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// In which team.
    pub team_id: Option<TeamId>,
    /// Whose it is.
    pub owner_id: Option<UserId>,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// How the participant is called in public.
    pub participant: String,
    /// Markdown; empty shows the campaign's story.
    pub story: String,
    goal: i64,
    /// The photograph's name, if there is one.
    pub photo: Option<String>,
    /// Its state.
    pub status: PageStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the photograph shows, in words.
    pub photo_alt: String,
    /// The same person's page of an earlier season.
    pub previous_id: Option<PageId>,
    /// When its words or state were last changed; `None` for pages older than this column.
    pub updated_at: Option<Timestamp>,
    /// When it was first shown.
    pub published_at: Option<Timestamp>,
    /// Why staff took it down.
    pub hidden_reason: Option<String>,
    /// Where the guided start of a draft was left.
    pub draft_step: Option<String>,
}

impl Page {
    /// The photograph, if there is one.
    pub fn photograph(&self) -> Option<MediaId> {
        self.photo.as_ref().and_then(|id| id.parse().ok())
    }

    /// Which version of the page this is: whoever changes an older one is told, instead of writing over the newer.
    pub fn version(&self) -> Timestamp {
        self.updated_at.unwrap_or(self.created_at)
    }

    /// How much it wants to raise, in its campaign's currency.
    pub fn goal(&self, currency: Currency) -> Money {
        Money::new(self.goal, currency)
    }
}

/// Everything that a page tells, but its gifts.
#[derive(Debug, Clone, Queryable)]
pub struct PageOverview {
    /// The page.
    pub page: Page,
    /// Its campaign.
    pub campaign: Campaign,
    /// What it raised.
    pub total: Total,
    /// Its team.
    pub team: Option<Team>,
}

impl PageOverview {
    /// The story to show: the page's own, or the campaign's.
    pub fn story(&self) -> &str {
        if self.page.story.is_empty() {
            &self.campaign.story
        } else {
            &self.page.story
        }
    }
}

/// A page in a list.
#[derive(Debug, Clone, Queryable)]
pub struct PageCard {
    /// The page.
    pub page: Page,
    /// The key that it is listed under by name.
    pub name_key: String,
    /// What it raised.
    pub total: Total,
    /// Its team.
    pub team: Option<Team>,
}

impl PageCard {
    /// How much it wants to raise.
    pub fn goal(&self) -> Money {
        self.page.goal(self.total.raised().currency())
    }
}

/// How names are compared when pages are listed by name: without regard to case, then by code point, on both engines.
pub fn name_key(participant: &str) -> String {
    participant.to_lowercase()
}

macro_rules! with_total {
    () => {
        pages::table.inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Page)
                .and(totals::scope_id.eq(pages::id))),
        )
    };
}

macro_rules! load_cards {
    ($conn:expr, $query:expr) => {
        each!($conn, c => $query
            .left_join(teams::table.on(teams::id.nullable().eq(pages::team_id)))
            .select((
                Page::as_select(),
                pages::name_key,
                Total::as_select(),
                Option::<Team>::as_select(),
            ))
            .load(c))
    };
}

macro_rules! load_overview {
    ($conn:expr, $($condition:expr),+) => {{
        let query = with_total!()
            .inner_join(campaigns::table.on(campaigns::id.eq(pages::campaign_id)))
            .left_join(teams::table.on(teams::id.nullable().eq(pages::team_id)))
            $(.filter($condition))+;
        each!($conn, c => query
            .select((
                Page::as_select(),
                Campaign::as_select(),
                Total::as_select(),
                Option::<Team>::as_select(),
            ))
            .first(c)
            .optional())
    }};
}

/// The page at a slug, with its campaign, total and team, in one statement. A hidden page and one of a draft campaign
/// are not found.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<PageOverview> {
    let found: Option<PageOverview> = load_overview!(
        conn,
        pages::slug.eq(slug),
        pages::status.eq(PageStatus::Live),
        campaigns::status.ne(CampaignStatus::Draft)
    )?;
    found.ok_or(AppError::NotFound("the page"))
}

macro_rules! load_any {
    ($conn:expr, $condition:expr) => {{
        let query = pages::table
            .left_join(
                totals::table.on(totals::scope
                    .eq(TotalScope::Page)
                    .and(totals::scope_id.eq(pages::id))),
            )
            .inner_join(campaigns::table.on(campaigns::id.eq(pages::campaign_id)))
            .left_join(teams::table.on(teams::id.nullable().eq(pages::team_id)))
            .filter($condition);
        let found: Option<(Page, Campaign, Option<Total>, Option<Team>)> = each!($conn, c => query
            .select((
                Page::as_select(),
                Campaign::as_select(),
                Option::<Total>::as_select(),
                Option::<Team>::as_select(),
            ))
            .first(c)
            .optional())?;
        // A page has its total from the day it is shown; before, nothing can have come to it.
        Ok(found.map(|(page, campaign, total, team)| PageOverview {
            total: total.unwrap_or(Total::nothing(campaign.currency, page.created_at)),
            page,
            campaign,
            team,
        }))
    }};
}

/// The page at a slug in whatever state, for its owner and staff.
///
/// # Errors
/// The database's.
pub fn any_by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<Option<PageOverview>> {
    load_any!(conn, pages::slug.eq(slug))
}

/// The page of an id in whatever state, for its owner and staff.
///
/// # Errors
/// The database's.
pub fn any_by_id(conn: &mut Conn, id: PageId) -> AppResult<Option<PageOverview>> {
    load_any!(conn, pages::id.eq(id))
}

/// A person's pages in whatever state, each with its campaign, newest first.
///
/// # Errors
/// The database's.
pub fn of_owner(conn: &mut Conn, owner: UserId) -> AppResult<Vec<(Page, Campaign)>> {
    let query = pages::table
        .inner_join(campaigns::table.on(campaigns::id.eq(pages::campaign_id)))
        .filter(pages::owner_id.eq(owner))
        .order(pages::id.desc())
        .limit(100);
    Ok(each!(conn, c => query.select((Page::as_select(), Campaign::as_select())).load(c))?)
}

/// A person's pages of one season in whatever state, newest first.
///
/// # Errors
/// The database's.
pub fn of_owner_in(conn: &mut Conn, owner: UserId, campaign: CampaignId) -> AppResult<Vec<Page>> {
    let query = pages::table
        .filter(pages::owner_id.eq(owner))
        .filter(pages::campaign_id.eq(campaign))
        .order(pages::id.desc())
        .limit(20);
    Ok(each!(conn, c => query.select(Page::as_select()).load(c))?)
}

/// The page that a request's key stands for.
pub(super) fn by_request(conn: &mut Conn, key: &str) -> AppResult<Option<PageId>> {
    let query = pages::table
        .filter(pages::request_key.eq(key))
        .select(pages::id);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// A person's draft in a season, if one was begun.
///
/// # Errors
/// The database's.
pub fn draft_of(conn: &mut Conn, owner: UserId, campaign: CampaignId) -> AppResult<Option<Page>> {
    let query = pages::table
        .filter(pages::owner_id.eq(owner))
        .filter(pages::campaign_id.eq(campaign))
        .filter(pages::status.eq(PageStatus::Draft));
    Ok(each!(conn, c => query.select(Page::as_select()).first(c).optional())?)
}

/// The slug under which a page is found now that was once at `old`; `None` when no page was.
///
/// # Errors
/// The database's.
pub fn moved_from(conn: &mut Conn, old: &Slug) -> AppResult<Option<Slug>> {
    let query = page_aliases::table
        .inner_join(pages::table.on(pages::id.eq(page_aliases::page_id)))
        .filter(page_aliases::slug.eq(old))
        .filter(pages::status.eq(PageStatus::Live))
        .select(pages::slug);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// The page of an id as [`by_slug`] answers it; `None` when it is not shown.
///
/// # Errors
/// The database's.
pub fn shown_by_id(conn: &mut Conn, id: PageId) -> AppResult<Option<PageOverview>> {
    Ok(load_overview!(
        conn,
        pages::id.eq(id),
        pages::status.eq(PageStatus::Live),
        campaigns::status.ne(CampaignStatus::Draft)
    )?)
}

/// A campaign's pages, newest first, going on after a page; its cost is that of `limit` rows.
///
/// # Errors
/// The database's.
pub fn newest(
    conn: &mut Conn,
    campaign: CampaignId,
    after: Option<PageId>,
    limit: Limit,
) -> AppResult<Listed<PageCard>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            load_cards!(conn, with_total!()
                .filter(pages::campaign_id.eq(campaign))
                .filter(pages::status.eq(PageStatus::Live))
                $(.filter($condition))?
                .order(pages::id.desc())
                .limit(limit.and_one()))
        };
    }
    let rows: Vec<PageCard> = match after {
        None => load!(),
        Some(id) => load!(pages::id.lt(id)),
    }?;
    Ok(Listed::cut(rows, limit, |card| card.page.id))
}

/// Where a list by name goes on.
pub type NamePlace = (String, PageId);

/// A campaign's pages by the participant's name, then by id; its cost is that of `limit` rows. As in
/// [`crate::totals::ranked`], the place is reached by ranges of one index.
///
/// # Errors
/// The database's.
pub fn by_name(
    conn: &mut Conn,
    campaign: CampaignId,
    after: Option<&NamePlace>,
    limit: Limit,
) -> AppResult<Listed<PageCard>> {
    macro_rules! load {
        ($most:expr $(, $condition:expr)*) => {
            load_cards!(conn, with_total!()
                .filter(pages::campaign_id.eq(campaign))
                .filter(pages::status.eq(PageStatus::Live))
                $(.filter($condition))*
                .order((pages::name_key.asc(), pages::id.asc()))
                .limit($most))
        };
    }
    let rows: Vec<PageCard> = match after {
        None => load!(limit.and_one())?,
        Some((key, id)) => {
            let mut rows: Vec<PageCard> =
                load!(limit.and_one(), pages::name_key.eq(key), pages::id.gt(id))?;
            let missing = limit.and_one() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if missing > 0 {
                let more: Vec<PageCard> = load!(missing, pages::name_key.gt(key))?;
                rows.extend(more);
            }
            rows
        }
    };
    Ok(Listed::cut(rows, limit, |card| {
        (card.name_key.clone(), card.page.id)
    }))
}

/// The pages of these ids that are shown, in no order.
///
/// # Errors
/// The database's.
pub fn cards(conn: &mut Conn, ids: &[PageId]) -> AppResult<Vec<PageCard>> {
    Ok(load_cards!(
        conn,
        with_total!()
            .filter(pages::id.eq_any(ids))
            .filter(pages::status.eq(PageStatus::Live))
    )?)
}
