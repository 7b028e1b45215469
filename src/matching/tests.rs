#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::model::{Basis, Pool, PoolId, PoolState, TargetKind};
use super::pick::{Given, LivePool, Span, take};
use crate::auth::UserId;
use crate::campaigns::testing::{at, usd};
use crate::ids::{CampaignId, PageId};
use crate::kernel::Currency;

fn pool(campaign: CampaignId, holds: i64) -> LivePool {
    LivePool {
        pool: Pool {
            id: PoolId::new(),
            campaign_id: campaign,
            sponsor: "Weavers' Guild".into(),
            sponsor_email: None,
            basis: Basis::Gift,
            currency: Currency::USD,
            amount: holds,
            ratio: 10_000,
            cap: None,
            starts_at: at("2026-12-01T00:00:00Z"),
            ends_at: at("2026-12-02T00:00:00Z"),
            state: PoolState::Live,
            note: String::new(),
            made_by: UserId::new(),
            created_at: at("2026-11-01T00:00:00Z"),
            confirmed_by: None,
            confirmed_at: None,
            closed_at: None,
            token: None,
        },
        targets: Vec::new(),
        holds,
    }
}

fn gift(campaign: CampaignId, dollars: i64) -> Given {
    Given {
        campaign,
        page: None,
        program: None,
        amount: usd(dollars),
        when: Span::at(at("2026-12-01T12:00:00Z")),
    }
}

#[test]
fn the_oldest_pool_that_holds_its_share_adds_it_and_a_rest_goes_to_whom_it_covers() {
    let campaign = CampaignId::new();
    let mut pools = [pool(campaign, 6_000), pool(campaign, 10_000)];
    let ids = [pools[0].pool.id, pools[1].pool.id];
    for (dollars, by, added) in [
        (50, 0, 5_000),
        (50, 1, 5_000),
        (10, 0, 1_000),
        (80, 1, 5_000),
    ] {
        let taken = take(&mut pools, &gift(campaign, dollars));
        assert_eq!(taken, Some((ids[by], added)), "{dollars}");
    }
    assert_eq!(take(&mut pools, &gift(campaign, 50)), None);
    let mut pools = [pool(campaign, 6_000)];
    assert_eq!(take(&mut pools, &gift(CampaignId::new(), 50)), None);
}

#[test]
fn a_pool_with_a_cent_left_or_nothing_to_add_robs_no_gift_of_a_fuller_one() {
    let campaign = CampaignId::new();
    let mut pools = [
        pool(campaign, 1),
        pool(campaign, 3_000),
        pool(campaign, 2_000),
    ];
    let ids = [pools[0].pool.id, pools[1].pool.id];
    // None holds all of it: the one that adds most.
    let taken = take(&mut pools, &gift(campaign, 50));
    assert_eq!(taken, Some((ids[1], 3_000)));
    // A ratio under which a small gift gets nothing.
    let mut pools = [pool(campaign, 9_000), pool(campaign, 9_000)];
    pools[0].pool.ratio = 1;
    let second = pools[1].pool.id;
    let taken = take(&mut pools, &gift(campaign, 50));
    assert_eq!(taken, Some((second, 5_000)));
    // A cap is the whole of what a pool promises.
    let mut pools = [pool(campaign, 2_000), pool(campaign, 9_000)];
    pools[0].pool.cap = Some(1_500);
    let first = pools[0].pool.id;
    let taken = take(&mut pools, &gift(campaign, 50));
    assert_eq!(taken, Some((first, 1_500)));
}

#[test]
fn ratio_cap_window_and_target_narrow_what_is_added() {
    let (campaign, page) = (CampaignId::new(), PageId::new());
    let mut one = pool(campaign, 100_000);
    one.pool.ratio = 5_000;
    one.pool.cap = Some(2_000);
    assert_eq!(
        take(&mut [one.clone()], &gift(campaign, 30)).unwrap().1,
        1_500
    );
    assert_eq!(
        take(&mut [one.clone()], &gift(campaign, 300)).unwrap().1,
        2_000
    );
    one.targets = vec![(TargetKind::Page, page.to_string())];
    assert_eq!(take(&mut [one.clone()], &gift(campaign, 30)), None);
    let on_page = Given {
        page: Some(page),
        ..gift(campaign, 30)
    };
    assert!(take(&mut [one.clone()], &on_page).is_some());
    for (from, to, fits) in [
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", true),
        ("2026-12-02T00:00:00Z", "2026-12-02T00:00:00Z", false),
        ("2026-11-30T08:00:00Z", "2026-12-01T08:00:00Z", true),
        ("2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z", false),
        ("2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z", false),
    ] {
        let when = Span {
            from: at(from),
            to: at(to),
        };
        let given = Given { when, ..on_page };
        assert_eq!(take(&mut [one.clone()], &given).is_some(), fits, "{from}");
    }
}
