//! Which lists and segments somebody may write a newsletter to: those of their seasons (S9), and what whoever runs all of them
//! had chosen for it before.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::super::scope::Scope;
use crate::db::Conn;
use crate::db::schema::{lists, segments};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::newsletters::Newsletter;
use crate::segments::{Audience, SegmentId};
use crate::subscribers::ListId;

/// So many are offered.
const MOST: i64 = 200;

/// What a select offers of `$table` for a newsletter: what is in use of its season and, to whoever runs every season, of none;
/// and what is chosen already, lest saving drops it.
macro_rules! offered {
    ($conn:expr, $scope:expr, $one:expr, $table:ident, $chosen:expr) => {{
        let (season, is_whole, chosen) = ($one.campaign_id, $scope.is_whole(), $chosen);
        let rows: Vec<(String, String)> = each!($conn, c: Db => {
            let query = $table::table
                .order($table::name)
                .limit(MOST)
                .select(($table::id, $table::name))
                .filter($table::archived_at.is_null())
                .into_boxed::<Db>();
            let query = if is_whole {
                query.filter($table::campaign_id.is_null().or($table::campaign_id.eq(season)))
            } else {
                query.filter($table::campaign_id.eq(season))
            };
            query.or_filter($table::id.eq_any(chosen)).load(c)
        })?;
        rows
    }};
}

/// The lists to choose from, by name.
///
/// # Errors
/// The database's.
pub(super) fn lists_for(
    conn: &mut Conn,
    scope: &Scope,
    one: &Newsletter,
) -> AppResult<Vec<(String, String)>> {
    let chosen: Vec<ListId> = one.audience.0.lists.clone();
    Ok(offered!(conn, scope, one, lists, chosen))
}

/// The segments to choose from, by name.
///
/// # Errors
/// The database's.
pub(super) fn segments_for(
    conn: &mut Conn,
    scope: &Scope,
    one: &Newsletter,
) -> AppResult<Vec<(String, String)>> {
    Ok(offered!(
        conn,
        scope,
        one,
        segments,
        segments_of(&one.audience.0)
    ))
}

fn segments_of(audience: &Audience) -> Vec<SegmentId> {
    let both = [audience.segment, audience.without];
    both.into_iter().flatten().collect()
}

/// That somebody of this scope may write to `wanted`, where `saved` is whom the newsletter is for now.
///
/// # Errors
/// [`AppError::Invalid`] of `audience`.
pub(super) fn check(
    conn: &mut Conn,
    scope: &Scope,
    saved: &Audience,
    wanted: &Audience,
) -> AppResult<()> {
    let Some(own) = scope.ids() else {
        return Ok(());
    };
    let mine = lists::table
        .filter(lists::id.eq_any(&wanted.lists))
        .filter(lists::campaign_id.eq_any(own))
        .select(lists::id);
    let mine: Vec<ListId> = each!(conn, c => mine.load(c))?;
    let elsewhere: Vec<&ListId> = wanted
        .lists
        .iter()
        .filter(|id| !mine.contains(id))
        .collect();
    let new: BTreeSet<SegmentId> = segments_of(wanted)
        .into_iter()
        .filter(|id| !segments_of(saved).contains(id))
        .collect();
    let known = segments::table
        .filter(segments::id.eq_any(&new))
        .filter(segments::campaign_id.eq_any(own))
        .count();
    let known: i64 = each!(conn, c => known.get_result(c))?;
    let is_new = |id: &&ListId| !saved.lists.contains(*id);
    if elsewhere.iter().any(is_new) || usize::try_from(known).ok() != Some(new.len()) {
        return Err(AppError::field(
            "audience",
            "choose lists and segments of your own seasons",
        ));
    }
    // Without its segment a list of everybody would be written to as a whole.
    if !elsewhere.is_empty() && (wanted.segment, wanted.without) != (saved.segment, saved.without) {
        return Err(AppError::field(
            "audience",
            "it goes to a list that is not of your seasons: leave its segments as they are, or take the list out",
        ));
    }
    Ok(())
}
