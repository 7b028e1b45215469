//! The photographs of a page's diary are seen while their days are: by everybody on a live page with a public diary, a
//! hidden page's by the owner and staff of the campaign alone, a private day's by the owner alone (S17).
//!
//! It stands here, below the diary, since a page that is hidden takes its diary's photographs along.

use diesel::prelude::*;

use super::PageId;
use super::model::PageStatus;
use crate::db::Conn;
use crate::db::schema::{diary_entries, media, pages};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::media::MediaId;

/// Hides and shows the photographs of a page's diary as its days, its diary and itself are now. Answers those that were hidden:
/// call [`crate::media::withdrawn`] with them after the commit.
///
/// # Errors
/// The database's.
pub fn follow(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<Vec<MediaId>> {
    // Written out twice: a part of a statement cannot be used again in another.
    macro_rules! seen {
        () => {
            diary_entries::table
                .inner_join(pages::table.on(pages::id.eq(diary_entries::page_id)))
                .filter(diary_entries::page_id.eq(page))
                .filter(diary_entries::photo.is_not_null())
                .filter(diary_entries::is_public.eq(true))
                .filter(pages::is_diary_public.eq(true))
                .filter(pages::status.eq(PageStatus::Live))
                .select(diary_entries::photo.assume_not_null())
        };
    }
    let all = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::photo.is_not_null())
        .select(diary_entries::photo.assume_not_null());
    let unseen = media::table
        .filter(media::id.eq_any(all))
        .filter(media::id.ne_all(seen!()))
        .filter(media::removed_at.is_null())
        .filter(media::hidden_at.is_null());
    let hidden: Vec<MediaId> = each!(conn, c => diesel::update(unseen)
        .set(media::hidden_at.eq(Some(now)))
        .returning(media::id)
        .get_results(c))?;
    let shown = media::table
        .filter(media::id.eq_any(seen!()))
        .filter(media::removed_at.is_null())
        .filter(media::hidden_at.is_not_null());
    each!(conn, c => diesel::update(shown)
        .set(media::hidden_at.eq(None::<Timestamp>))
        .execute(c))?;
    Ok(hidden)
}
