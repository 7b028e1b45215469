//! The table of pages: one season, filtered, sorted, in pieces.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::needle::{Needle, holds, lower};
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{pages, teams, totals, users};
use crate::each;
use crate::error::AppResult;
use crate::ids::PageId;
use crate::kernel::{Cursor, Timestamp};
use crate::pages::model::{Page, PageStatus};
use crate::totals::{Total, TotalScope};

crate::words! {
    /// In which order pages are listed.
    pub enum PageSort {
        /// Newest first.
        Newest = "newest",
        /// By the participant's name.
        Name = "name",
        /// Most raised first.
        Raised = "raised",
    }
}

/// Where the table goes on, in each order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum PagePlace {
    /// After this page.
    Newest(PageId),
    /// After this name and page.
    Name(String, PageId),
    /// After this sum, reached then, by that page.
    Raised(i64, Timestamp, PageId),
}

/// What is listed.
#[derive(Debug, Clone)]
pub(super) struct PageFilter {
    /// Of which season.
    pub(super) campaign: CampaignId,
    /// In which state; `None`: in any.
    pub(super) status: Option<PageStatus>,
    /// Found in name, title, slug or the owner's address.
    pub(super) needle: Option<Needle>,
    /// In which order.
    pub(super) sort: PageSort,
}

/// A row of the table.
#[derive(Debug, Clone, Queryable)]
pub(super) struct PageLine {
    /// The page.
    pub(super) page: Page,
    /// Its key by name.
    name_key: String,
    /// What it raised.
    pub(super) total: Total,
    reached_at: Timestamp,
    /// Its team's name.
    pub(super) team: Option<String>,
}

impl PageLine {
    /// The place after this row.
    pub(super) fn place(&self, sort: PageSort) -> PagePlace {
        match sort {
            PageSort::Newest => PagePlace::Newest(self.page.id),
            PageSort::Name => PagePlace::Name(self.name_key.clone(), self.page.id),
            PageSort::Raised => {
                let raised = self.total.raised().minor();
                PagePlace::Raised(raised, self.reached_at, self.page.id)
            }
        }
    }
}

/// Up to `most` rows after a place; an index leads to each order, a search looks through the season.
///
/// # Errors
/// The database's.
pub(super) fn pages(
    conn: &mut Conn,
    filter: &PageFilter,
    after: Option<&PagePlace>,
    most: i64,
) -> AppResult<Vec<PageLine>> {
    Ok(each!(conn, c: Db => {
        let mut query = pages::table
            .inner_join(totals::table.on(totals::scope
                .eq(TotalScope::Page)
                .and(totals::scope_id.eq(pages::id))))
            .left_join(teams::table.on(teams::id.nullable().eq(pages::team_id)))
            .left_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
            .filter(pages::campaign_id.eq(filter.campaign))
            .select((
                Page::as_select(),
                pages::name_key,
                Total::as_select(),
                totals::reached_at,
                teams::name.nullable(),
            ))
            .limit(most)
            .into_boxed::<Db>();
        if let Some(status) = filter.status {
            query = query.filter(pages::status.eq(status));
        }
        if let Some(needle) = &filter.needle {
            query = query.filter(
                pages::name_key
                    .like(needle.within())
                    .escape('\\')
                    .or(holds!(pages::title, needle))
                    .or(pages::slug.like(needle.prefix()).escape('\\'))
                    .or(pages::owner_id.is_not_null().and(
                        users::email_folded.nullable().assume_not_null().like(needle.prefix()).escape('\\'),
                    )),
            );
        }
        query = match filter.sort {
            PageSort::Newest => query.order(pages::id.desc()),
            PageSort::Name => query.order((pages::name_key.asc(), pages::id.asc())),
            PageSort::Raised => query.filter(totals::campaign_id.eq(filter.campaign)).order((
                totals::raised.desc(),
                totals::reached_at.asc(),
                totals::scope_id.asc(),
            )),
        };
        query = match after {
            None => query,
            Some(PagePlace::Newest(id)) => query.filter(pages::id.lt(*id)),
            Some(PagePlace::Name(name, id)) => query.filter(
                pages::name_key
                    .gt(name)
                    .or(pages::name_key.eq(name).and(pages::id.gt(*id))),
            ),
            Some(PagePlace::Raised(raised, at, id)) => query.filter(
                totals::raised.lt(*raised).or(totals::raised.eq(*raised).and(
                    totals::reached_at
                        .gt(*at)
                        .or(totals::reached_at.eq(*at).and(totals::scope_id.gt(id.to_string()))),
                )),
            ),
        };
        query.load(c)
    })?)
}

/// The place that a cursor names, if it is one of this order.
pub(super) fn place(sort: PageSort, text: &str) -> Option<PagePlace> {
    let place: PagePlace = Cursor::parse(text).ok()?;
    let fits = matches!(
        (&place, sort),
        (PagePlace::Newest(_), PageSort::Newest)
            | (PagePlace::Name(..), PageSort::Name)
            | (PagePlace::Raised(..), PageSort::Raised)
    );
    fits.then_some(place)
}
