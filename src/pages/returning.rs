//! Who comes back: last season's page brought over, with a goal one step higher.

use diesel::prelude::*;

use super::PageId;
use super::changes::{self, Changes};
use super::model::{Page, PageStatus};
use super::ops::CreatePage;
use crate::auth::UserId;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{pages, totals};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Money, Timestamp};
use crate::totals::TotalScope;
use crate::web::markdown::Story;

/// A person's page of the season before, and what it raised.
///
/// # Errors
/// The database's.
pub fn last_page(
    conn: &mut Conn,
    owner: UserId,
    campaign: &Campaign,
) -> AppResult<Option<(Page, i64)>> {
    let Some(previous) = campaign.previous_id else {
        return Ok(None);
    };
    let query = pages::table
        .inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Page)
                .and(totals::scope_id.eq(pages::id))),
        )
        .filter(pages::owner_id.eq(owner))
        .filter(pages::campaign_id.eq(previous))
        .filter(pages::status.eq_any([PageStatus::Live, PageStatus::Archived]))
        .order(pages::id.desc());
    Ok(each!(conn, c => query
        .select((Page::as_select(), totals::raised))
        .first(c)
        .optional())?)
}

/// The next round goal above both the last goal and what came of it: half a digit's step, 310 to 350, 1,500 to 2,000.
/// Minor units, of a currency of `scale`.
pub fn next_goal(goal: i64, raised: i64, scale: i64) -> i64 {
    let scale = scale.max(1);
    let units = goal.max(raised).max(0) / scale;
    let mut step = 1;
    while units / step >= 10 {
        step *= 10;
    }
    let step = if step == 1 { 5 } else { step / 2 };
    ((units / step + 1) * step).saturating_mul(scale)
}

/// The draft that is made of last season's page, but its slug.
///
/// # Errors
/// When the old page's texts would not be taken today.
pub(super) fn brought(
    old: &Page,
    raised: i64,
    campaign: &Campaign,
    (id, owner): (PageId, UserId),
    slug: crate::kernel::Slug,
) -> AppResult<CreatePage> {
    let text = |text: &str, most| Line::parse(text, most).map_err(AppError::internal);
    let currency = campaign.currency;
    let goal = match old.goal(currency).minor() {
        0 => campaign.rules.0.page_goal,
        goal => next_goal(goal, raised, currency.scale()),
    };
    Ok(CreatePage {
        id,
        campaign: campaign.id,
        team: None,
        owner: Some(owner),
        slug,
        title: text(&old.title, 400)?,
        participant: text(&old.participant, 400)?,
        story: Story::parse(&old.story).map_err(AppError::internal)?,
        goal: Money::new(goal, currency),
        photo: old.photo.clone(),
    })
}

/// Ties a draft to the page that it was made of.
pub(super) fn tie(conn: &mut Conn, draft: PageId, old: &Page, now: Timestamp) -> AppResult<()> {
    let changes = Changes {
        photo_alt: Some(old.photo_alt.clone()),
        previous: Some(old.id),
        step: Some("preview"),
        ..Changes::default()
    };
    changes::change(conn, draft, &changes, None, now).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::next_goal;

    #[test]
    fn the_next_goal_is_round_and_higher_than_goal_and_raised() {
        for (goal, raised, expected) in [
            (500, 0, 1_000),
            (31_000, 0, 35_000),
            (150_000, 0, 200_000),
            (150_000, 231_000, 250_000),
            (100_000, 100_000, 150_000),
            (980_000, 0, 1_000_000),
        ] {
            assert_eq!(next_goal(goal, raised, 100), expected, "{goal} {raised}");
        }
        assert_eq!(next_goal(30_000, 0, 1), 35_000);
    }
}
