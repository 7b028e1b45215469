//! Whether who was frozen into an audience may still be written to through it (N5).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::model::Audience;
use crate::db::Conn;
use crate::db::schema::{pages, subscribers};
use crate::each;
use crate::error::AppResult;
use crate::subscribers::SubscriberId;
use crate::subscribers::consent::{Why, on_no_list, refused_about};

/// Who of `people` must not get what is for `audience`, about `topic`, any more, and why. Beside
/// [`refused_about`], it knows that a season's participants are written to without a list.
///
/// # Errors
/// The database's.
pub fn refused(
    conn: &mut Conn,
    people: &[SubscriberId],
    audience: &Audience,
    topic: Option<&str>,
) -> AppResult<BTreeMap<SubscriberId, Why>> {
    let mut refused = refused_about(conn, people, &audience.lists, topic)?;
    // Whose money is in a grant is told of it while they are on any list: the same yes as `compile` asks for.
    let by_any_list = audience.grant.is_some() && audience.lists.is_empty();
    if by_any_list {
        for id in on_no_list(conn, people)? {
            refused.entry(id).or_insert(Why::LeftList);
        }
    }
    let Some(season) = audience.participants else {
        return Ok(refused);
    };
    let mut through = BTreeSet::new();
    for chunk in people.chunks(1_000) {
        let query = subscribers::table
            .inner_join(pages::table.on(pages::owner_id.eq(subscribers::user_id)))
            .filter(subscribers::id.eq_any(chunk))
            .filter(pages::campaign_id.eq(season))
            .filter(pages::status.eq("live"))
            .select(subscribers::id)
            .distinct();
        through.extend(each!(conn, c => query.load::<SubscriberId>(c))?);
    }
    for id in people {
        if through.contains(id) {
            if refused.get(id) == Some(&Why::LeftList) {
                refused.remove(id);
            }
        } else if audience.lists.is_empty() && !by_any_list {
            refused.entry(*id).or_insert(Why::LeftList);
        }
    }
    Ok(refused)
}
