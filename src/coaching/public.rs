//! What the public pages show of coaching: badges earned, and promises with their exact gap.

use std::collections::BTreeMap;

use super::cloth;
use super::model::{self, OwnMilestone};
use super::rules::badges::{Badge, TeamBadge};
use super::views::{BadgeView, PageCoachingView, PromiseView};
use crate::campaigns::{Campaign, frame};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::TeamId;
use crate::kernel::{Money, Slug, Timestamp};
use crate::pages::model::PageOverview;

/// What a page shows of coaching, in two statements.
///
/// # Errors
/// The database's.
pub fn of_page(
    conn: &mut Conn,
    overview: &PageOverview,
    now: Timestamp,
) -> AppResult<PageCoachingView> {
    let PageOverview {
        page,
        campaign,
        total,
        ..
    } = overview;
    let mut badges: BTreeMap<_, Vec<(Badge, Timestamp)>> = model::badges_of(conn, &[page.id])?;
    let mut own = model::own_of(conn, &[page.id])?;
    let raised = total.raised().minor();
    Ok(PageCoachingView {
        promises: own
            .remove(&page.id)
            .unwrap_or_default()
            .iter()
            .map(|own| promise(own, campaign, &page.slug, raised, now))
            .collect(),
        badges: badges
            .remove(&page.id)
            .unwrap_or_default()
            .into_iter()
            .map(|(badge, _)| badge_view(badge, None, true))
            .collect(),
    })
}

/// The badges that a team earned, the first earned first, in one statement.
///
/// # Errors
/// The database's.
pub fn of_team(conn: &mut Conn, team: TeamId) -> AppResult<Vec<BadgeView>> {
    let mut badges = model::team_badges_of(conn, &[team])?;
    let earned = badges.remove(&team).unwrap_or_default();
    Ok(earned
        .into_iter()
        .map(|badge| team_badge_view(badge, None, true))
        .collect())
}

fn promise(
    own: &OwnMilestone,
    campaign: &Campaign,
    page: &Slug,
    raised: i64,
    now: Timestamp,
) -> PromiseView {
    let is_reached = own.is_reached(raised);
    let gap = (!is_reached).then(|| Money::new(own.amount - raised, campaign.currency));
    PromiseView {
        amount: Money::new(own.amount, campaign.currency).into(),
        words: own.promise.clone(),
        is_reached,
        is_kept: own.kept_at.is_some(),
        give_url: gap.and_then(|gap| give_url(campaign, page, gap, now)),
        gap: gap.map(Into::into),
    }
}

/// Where to give just `gap` to a page; the smallest gift that the season takes, where the gap is smaller.
fn give_url(campaign: &Campaign, page: &Slug, gap: Money, now: Timestamp) -> Option<String> {
    let least = campaign.minimum();
    let amount = if gap.minor() < least.minor() {
        least
    } else {
        gap
    };
    let query = format!("?page={page}&amount={}", amount.decimal());
    frame::give_url(campaign, now, &query)
}

pub(super) fn badge_view(badge: Badge, missing: Option<String>, is_earned: bool) -> BadgeView {
    BadgeView {
        name: badge.name().to_owned(),
        words: badge.words().to_owned(),
        mark_svg: cloth::mark(badge, is_earned),
        missing,
    }
}

pub(super) fn team_badge_view(
    badge: TeamBadge,
    missing: Option<String>,
    is_earned: bool,
) -> BadgeView {
    BadgeView {
        name: badge.name().to_owned(),
        words: badge.words().to_owned(),
        mark_svg: cloth::team_mark(badge, is_earned),
        missing,
    }
}
