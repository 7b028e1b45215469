//! What runs by itself for the diary.

use actix_web::web::Data;
use diesel::prelude::*;

use super::sponsors;
use crate::db::Conn;
use crate::db::schema::{pages, tallies};
use crate::each;
use crate::error::AppResult;
use crate::ids::PageId;
use crate::jobs::Registry;
use crate::mail::Mails;
use crate::pages::PageStatus;
use crate::totals::TallyScope;
use crate::totals::tallies::count_page;
use crate::web::Site;

/// Registers the jobs and their schedules.
pub fn jobs(registry: &mut Registry, site: &Data<Site>, mails: &Mails) {
    let (asking, with) = (site.clone(), mails.clone());
    registry.on("ask_day_sponsors", move |_| {
        let (site, mails) = (asking.clone(), with.clone());
        async move { sponsors::jobs::ask_all(&site, &mails).await }
    });
    let counting = site.clone();
    registry.on("count_shown_pages", move |_| {
        let site = counting.clone();
        async move { site.db.tx(|c| count_shown_pages(c).map(|_| ())).await }
    });
    registry.every("ask_day_sponsors", 3_600, "ask_day_sponsors");
    registry.every("count_shown_pages", 900, "count_shown_pages");
}

/// Pages mended by one run at most.
const MOST: i64 = 500;

/// Whoever shows or hides a page takes its counts along ([`count_page`]); this mends what was forgotten. Answers how many pages
/// were.
///
/// # Errors
/// The database's.
pub fn count_shown_pages(conn: &mut Conn) -> AppResult<usize> {
    let mut mended = 0;
    for is_shown in [true, false] {
        macro_rules! load {
            ($condition:expr) => {
                each!(conn, c => tallies::table
                    .inner_join(pages::table.on(pages::id.eq(tallies::scope_id)))
                    .filter(tallies::scope.eq(TallyScope::Page))
                    .filter(tallies::is_counted.eq(!is_shown))
                    .filter($condition)
                    .select(pages::id)
                    .limit(MOST)
                    .load(c))
            };
        }
        let wrong: Vec<PageId> = if is_shown {
            load!(pages::status.eq(PageStatus::Live))?
        } else {
            load!(pages::status.ne(PageStatus::Live))?
        };
        for page in wrong {
            mended += usize::from(count_page(conn, page, is_shown)?);
        }
    }
    Ok(mended)
}
