#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::approval::enact_policy;
use super::ops::{DraftPolicy, FundOf, OpenFund, open_fund};
use super::*;
use crate::campaigns::testing::{at, line, new_season, season};
use crate::db::testing::fresh;
use crate::error::AppError;
use crate::ids::CampaignId;
use crate::kernel::{Currency, Timestamp};

fn policy(campaign: CampaignId, from: Timestamp, shares: &[(FundId, i32)]) -> DraftPolicy {
    DraftPolicy {
        id: PolicyId::new(),
        campaign,
        effective_from: from,
        note: line("Because."),
        shares: shares.to_vec(),
    }
}

#[tokio::test]
async fn a_gift_falls_under_the_newest_version_that_is_effective() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    let later = at("2026-12-01T00:00:00Z");
    let half = policy(
        ids.campaign,
        later,
        &[(ids.funds[0], 5_000), (ids.funds[1], 5_000)],
    );
    let second = half.id;
    db.tx(move |c| {
        season(c, &ids, now);
        assert_eq!(enact_policy(c, &half, now)?, 2);
        Ok(())
    })
    .await
    .unwrap();
    let in_force = |at: Timestamp| {
        let db = db.clone();
        async move {
            db.read(move |c| policy_in_force(c, ids.campaign, at))
                .await
                .unwrap()
        }
    };
    assert!(in_force(at("2026-10-31T23:59:59.999999Z")).await.is_none());
    assert_eq!(in_force(now).await.unwrap().id, ids.policy);
    assert_eq!(
        in_force(at("2026-11-30T23:59:59.999999Z"))
            .await
            .unwrap()
            .version,
        1
    );
    assert_eq!(in_force(later).await.unwrap().id, second);
    let first: Vec<(FundId, i64)> = db.read(move |c| shares(c, ids.policy)).await.unwrap();
    assert_eq!(first, [(ids.funds[0], 7_000), (ids.funds[1], 3_000)]);
    assert!(first.is_sorted());
    let named = db.read(move |c| fund_shares(c, second)).await.unwrap();
    assert_eq!(
        named.iter().map(|s| s.basis_points).sum::<i32>(),
        ops::WHOLE
    );
    assert_eq!(named[0].program_id, Some(ids.programs[0]));
}

#[tokio::test]
async fn policies_that_do_not_add_up_are_refused() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    let (euros, other, others) = (FundId::new(), new_season(), FundId::new());
    db.tx(move |c| {
        season(c, &ids, now);
        let fund = OpenFund {
            id: euros,
            of: FundOf::Program(ids.programs[0]),
            currency: "EUR".parse().unwrap(),
            name: line("euros"),
        };
        open_fund(c, &fund, now)?;
        let mut new = crate::campaigns::testing::command("other");
        (new.id, new.fund) = (other.campaign, others);
        crate::campaigns::ops::create(c, &new, now)
    })
    .await
    .unwrap();
    let refused = |from: Timestamp, shares: Vec<(FundId, i32)>| {
        let db = db.clone();
        async move {
            let new = policy(ids.campaign, from, &shares);
            match db.tx(move |c| enact_policy(c, &new, now)).await {
                Err(AppError::Invalid(fields)) => fields[0].field.clone(),
                other => panic!("{other:?}"),
            }
        }
    };
    let [a, b] = ids.funds;
    assert_eq!(refused(now, vec![]).await, "shares");
    assert_eq!(refused(now, vec![(a, 9_999)]).await, "shares");
    assert_eq!(refused(now, vec![(a, 10_001)]).await, "shares");
    assert_eq!(refused(now, vec![(a, 11_000), (b, -1_000)]).await, "shares");
    assert_eq!(refused(now, vec![(a, 5_000), (a, 5_000)]).await, "shares");
    assert_eq!(
        refused(now, vec![(a, i32::MAX), (b, i32::MAX)]).await,
        "shares"
    );
    assert_eq!(refused(now, vec![(euros, 10_000)]).await, "shares");
    assert_eq!(refused(now, vec![(others, 10_000)]).await, "shares");
    assert_eq!(refused(now, vec![(FundId::new(), 10_000)]).await, "shares");
    let past = at("2026-10-31T23:59:59Z");
    assert_eq!(refused(past, vec![(a, 10_000)]).await, "effective_from");

    let own = policy(ids.campaign, now, &[(a, 4_000), (b, 0), (ids.fund, 6_000)]);
    assert_eq!(db.tx(move |c| enact_policy(c, &own, now)).await.unwrap(), 2);
}

#[tokio::test]
async fn a_program_has_one_fund_a_currency() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        Ok(())
    })
    .await
    .unwrap();
    let again = OpenFund {
        id: FundId::new(),
        of: FundOf::Program(ids.programs[0]),
        currency: Currency::USD,
        name: line("again"),
    };
    let refused = db.tx(move |c| open_fund(c, &again, now)).await;
    assert!(matches!(
        refused,
        Err(AppError::Conflict {
            code: "fund_exists",
            ..
        })
    ));
    let (of_program, none, own) = db
        .read(move |c| {
            Ok((
                fund_of_program(c, ids.programs[0], Currency::USD)?,
                fund_of_program(c, ids.programs[0], "EUR".parse().unwrap())?,
                campaign_fund(c, ids.campaign)?,
            ))
        })
        .await
        .unwrap();
    let of_program = of_program.unwrap();
    assert_eq!(
        (of_program.id, of_program.kind),
        (ids.funds[0], FundKind::Program)
    );
    assert!(none.is_none());
    let own = own.unwrap();
    assert_eq!((own.id, own.kind), (ids.fund, FundKind::Undesignated));
}
