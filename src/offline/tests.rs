#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::model::{self, Kind, OfflineGiftId, OfflineState, unconfirmed};
use super::ops::{Entry, On, decline, enter, mend, withdraw};
use crate::auth::UserId;
use crate::auth::model::{NewUser, insert_user};
use crate::campaigns::testing::{at, line, new_season, season, usd};
use crate::db::testing::fresh;
use crate::error::AppError;
use crate::ids::PageId;
use crate::kernel::{Currency, Limit};
use crate::pages::ops::CreatePage;

fn entry(dollars: i64) -> Entry {
    Entry {
        kind: Kind::Cash,
        amount: usd(dollars),
        donor_name: line("Uncle Tobias"),
        donor_email: None,
        anonymous: false,
        received_on: "2026-12-05".parse().unwrap(),
        note: String::new(),
    }
}

#[tokio::test]
async fn only_what_is_pending_counts_as_unconfirmed_and_a_decision_stays() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-06T00:00:00Z"));
    let (owner, page) = (UserId::new(), PageId::new());
    let made: Vec<OfflineGiftId> = (0..4).map(|_| OfflineGiftId::new()).collect();
    let all = made.clone();
    db.tx(move |c| {
        season(c, &ids, now);
        let person = NewUser {
            id: owner,
            email: "o@example.org".parse().unwrap(),
            name: line("O"),
            password_hash: None,
            roles: vec![],
        };
        insert_user(c, &person, now)?;
        let new = CreatePage {
            id: page,
            campaign: ids.campaign,
            team: None,
            owner: Some(owner),
            slug: "o".parse().unwrap(),
            title: line("O"),
            participant: line("O"),
            story: Default::default(),
            goal: usd(10),
            photo: None,
        };
        crate::pages::ops::create(c, &new, now)?;
        for (id, dollars) in all.iter().zip([10, 20, 30, 40]) {
            let on = On {
                id: *id,
                page,
                campaign: ids.campaign,
                by: owner,
            };
            enter(c, on, &entry(dollars), now)?;
            enter(c, on, &entry(999), now)?;
        }
        assert_eq!(unconfirmed(c, page, Currency::USD)?, usd(100));
        mend(c, all[0], page, &entry(11))?;
        withdraw(c, all[1], page, owner, now)?;
        assert_eq!(
            decline(c, all[2], owner, &line("no such cheque"), now)?,
            Some(page)
        );
        assert_eq!(unconfirmed(c, page, Currency::USD)?, usd(51));
        let pending =
            model::of_campaign(c, ids.campaign, OfflineState::Pending, None, Limit::MOST)?;
        assert_eq!(pending.items.len(), 2);
        assert_eq!(model::of_page(c, page, None, Limit::MOST)?.items.len(), 3);
        Ok(())
    })
    .await
    .unwrap();
    for id in [made[1], made[2]] {
        let (again, other) = (
            db.tx(move |c| withdraw(c, id, page, owner, now)).await,
            db.tx(move |c| mend(c, id, page, &entry(1))).await,
        );
        assert!(matches!(again, Err(AppError::Conflict { .. })));
        assert!(matches!(other, Err(AppError::Conflict { .. })));
    }
    let foreign = db
        .tx({
            let id = made[0];
            move |c| withdraw(c, id, PageId::new(), owner, now)
        })
        .await;
    assert!(matches!(foreign, Err(AppError::Conflict { .. })));
}
