#![allow(clippy::unwrap_used)]

use super::model::Place;
use super::*;
use crate::campaigns::testing::{at, new_season, season, usd};
use crate::db::testing::fresh;
use crate::kernel::Limit;

#[tokio::test]
async fn a_total_begins_at_nothing_on_the_day_its_thing_is_made() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        Ok(())
    })
    .await
    .unwrap();
    let (own, none) = db
        .read(move |c| {
            let id = ids.campaign.to_string();
            Ok((
                of(c, TotalScope::Campaign, &id)?.unwrap(),
                of(c, TotalScope::Page, &id)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(own.raised(), usd(0));
    assert_eq!((own.donations, own.donors, own.reached_at), (0, 0, now));
    assert!(none.is_none());
}

/// A cursor can be forged; the ranking still answers something, without an error.
#[tokio::test]
async fn a_place_nobody_gave_out_is_answered_all_the_same() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        ops::open(
            c,
            TotalScope::Page,
            "pag_x",
            ids.campaign,
            "USD".parse().unwrap(),
            now,
        )
    })
    .await
    .unwrap();
    for json in [
        r#"{"raised":9223372036854775807,"reached_at":9223372036854775807,"scope_id":""}"#,
        r#"{"raised":1,"reached_at":-9223372036854775808,"scope_id":"'; DROP TABLE totals"}"#,
        r#"{"raised":0,"reached_at":0,"scope_id":"x"}"#,
    ] {
        let place: Place = serde_json::from_str(json).unwrap();
        let page = db
            .read(move |c| ranked(c, ids.campaign, TotalScope::Page, Some(&place), Limit::MOST))
            .await
            .unwrap();
        assert_eq!(page.items.len(), 1, "{json}");
    }
}
