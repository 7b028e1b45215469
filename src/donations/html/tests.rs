#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::form::Typed;
use crate::campaigns::Campaign;
use crate::campaigns::model;
use crate::campaigns::testing::{at, new_season, season};
use crate::db::testing::fresh;

async fn campaign() -> Campaign {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-02T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        model::by_id(c, ids.campaign)
    })
    .await
    .unwrap()
}

fn filled(campaign: &Campaign) -> Typed {
    Typed {
        name: "Mira Sen".into(),
        email: " mira@example.org ".into(),
        ..Typed::fresh(campaign)
    }
}

#[tokio::test]
async fn an_own_amount_counts_instead_of_the_chosen_one() {
    let campaign = campaign().await;
    let typed = filled(&campaign);
    assert_eq!(typed.request(&campaign).unwrap().amount.minor(), 5_000);
    let typed = Typed {
        amount_own: "$12.50".into(),
        ..typed
    };
    let request = typed.request(&campaign).unwrap();
    assert_eq!(request.amount.minor(), 1_250);
    assert!(request.parse().is_ok());
}

#[tokio::test]
async fn everything_to_mend_is_told_at_once() {
    let campaign = campaign().await;
    let typed = Typed {
        amount_own: "fifty".into(),
        name: String::new(),
        email: "mira@".into(),
        comment: "see https://example.org".into(),
        tribute_name: "Ruth".into(),
        ..filled(&campaign)
    };
    let faults = typed.request(&campaign).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "amount",
            "tribute.name",
            "donor.name",
            "donor.email",
            "comment"
        ]
    );
}

#[tokio::test]
async fn two_presses_are_one_request_and_a_changed_form_is_another() {
    let campaign = campaign().await;
    let typed = filled(&campaign);
    let hash = |typed: &Typed| {
        typed
            .request(&campaign)
            .unwrap()
            .parse()
            .unwrap()
            .request_hash
    };
    assert_eq!(hash(&typed), hash(&typed.clone()));
    let changed = Typed {
        cover_fees: "1".into(),
        ..typed.clone()
    };
    assert_ne!(hash(&typed), hash(&changed));
}
