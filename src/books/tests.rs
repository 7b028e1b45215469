#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::close::close;
use super::file::{BooksFile, prove};
use super::fold::{Fold, Layer, Movement, Sums};
use super::model::Books;
use super::{ClosedDay, Entry, Line, advance};
use crate::campaigns::model::by_id;
use crate::campaigns::testing::{at, new_season, season};
use crate::db::testing::fresh;
use crate::ids::{CampaignId, GrantId};
use crate::kernel::{Currency, Money, Zone};
use crate::ledger::{Account, Code, NewTransfer, Source, post};

fn movement(campaign: CampaignId, id: i64, step: (&str, &str, i64, &str)) -> Movement {
    let (debit, credit, amount, kind) = step;
    Movement {
        id,
        debit: debit.into(),
        credit: credit.into(),
        amount,
        source_kind: kind.into(),
        source_id: "tra_1".into(),
        created_at: at("2026-12-05T12:00:00Z"),
        campaign: Some(campaign),
        page: None,
        paid_at: Some(at("2026-12-01T12:00:00Z")),
    }
}

fn summed(steps: &[(&str, &str, i64, &str)], layers: impl Fn(CampaignId) -> Vec<Layer>) -> Books {
    let campaign = CampaignId::new();
    let zones = BTreeMap::from([(campaign, Zone::UTC)]);
    let layers = layers(campaign);
    let mut fold = Fold {
        zones: &zones,
        layers: &layers,
        sums: Sums::default(),
    };
    for (id, step) in (1..).zip(steps) {
        fold.add(&movement(campaign, id, *step)).unwrap();
    }
    books(fold.sums)
}

fn books(sums: Sums) -> Books {
    let entry = |((_, day, line, fund), amount)| Entry {
        day,
        line,
        fund,
        amount,
    };
    Books {
        entries: sums
            .campaigns
            .into_iter()
            .map(|(key, amount): ((CampaignId, _, _, _), i64)| entry((key, amount)))
            .collect(),
        funds: Vec::new(),
        pending: 0,
        currency: Currency::USD,
        transfer: 1,
        seal: None,
    }
}

#[test]
fn a_gift_its_fee_its_match_its_grant_and_its_refund_add_up() {
    let steps = [
        ("processor:stripe", "received:c", 5_000, "charge"),
        ("fees", "processor:stripe", 175, "balance_transaction"),
        ("received:c", "fund:a", 3_000, "charge"),
        ("received:c", "fund:b", 1_825, "charge"),
        ("match:p", "fund:a", 5_000, "match"),
        ("fund:a", "granted:g", 2_000, "grant_tranche"),
        ("partner:x", "bank", 2_000, "grant_tranche"),
        ("fund:a", "processor:stripe", 1_000, "refund"),
        ("reserve:c", "processor:stripe", 2_000, "refund"),
        ("fund:b", "processor:stripe", 1_825, "refund"),
        ("received:c", "processor:stripe", 175, "refund"),
        ("fund:a", "match:p", 5_000, "match_return"),
    ];
    let layers = |campaign| {
        vec![Layer {
            tranche: "tra_1".into(),
            grant: GrantId::new(),
            campaign,
            page: None,
            settled_at: at("2026-12-01T12:00:00Z"),
            amount: 2_000,
        }]
    };
    let books = summed(&steps, layers);
    let total = |line| books.total(line).minor();
    assert_eq!(total(Line::Raised), 5_000);
    assert_eq!(total(Line::Refunded), 5_000);
    assert_eq!(total(Line::Fees), 175);
    assert_eq!(total(Line::FeePart), 0, "the fee is a loss by now");
    assert_eq!(total(Line::Granted), 2_000);
    assert_eq!(total(Line::Carried), 2_000);
    assert_eq!(total(Line::Matched), 0);
    assert_eq!(total(Line::Held), 0);
    assert_eq!(books.difference(), 0);
}

#[test]
fn what_is_held_stands_under_the_day_of_the_gift_and_leaves_it_again() {
    let steps = [
        ("processor:stripe", "received:c", 1_000, "charge"),
        ("received:c", "fund:a", 1_000, "charge"),
        ("fund:a", "processor:stripe", 400, "refund"),
        ("processor:stripe", "fund:a", 400, "refund_failed"),
    ];
    let books = summed(&steps, |_| Vec::new());
    let held: Vec<(String, i64)> = books
        .entries
        .iter()
        .filter(|entry| entry.line == Line::Held)
        .map(|entry| (entry.day.to_string(), entry.amount))
        .collect();
    assert_eq!(held, [("2026-12-01".to_owned(), 1_000)]);
    assert_eq!(books.total(Line::Refunded).minor(), 0);
}

/// A campaign with one gift a day for three days, two of them closed.
async fn kept() -> (String, Vec<ClosedDay>) {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-01T20:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        Ok(())
    })
    .await
    .unwrap();
    for day in 1..=3 {
        let now = at(&format!("2026-12-0{day}T20:00:00Z"));
        db.tx(move |c| {
            let gift = NewTransfer {
                debit: Account::processor("stripe"),
                credit: Account::received(ids.campaign),
                amount: Money::new(1_000 * day, Currency::USD),
                code: Code::new(Code::GIFT),
                source: Source {
                    kind: "charge",
                    id: format!("ch_{day}"),
                },
                donation: None,
                reverses: None,
            };
            post(c, &[gift], now)?;
            // A step of the sums, and a tail that is not in them yet.
            if day < 3 {
                advance(c, now).map(|_| ())
            } else {
                Ok(())
            }
        })
        .await
        .unwrap();
    }
    let now = at("2026-12-03T21:00:00Z");
    db.tx(move |c| {
        let campaign = by_id(c, ids.campaign)?;
        let books = super::read(c, &campaign, now)?;
        assert_eq!(books.total(Line::Raised).minor(), 6_000);
        assert_eq!(close(c, &campaign, &books, now)?, 2);
        assert_eq!(close(c, &campaign, &books, now)?, 0, "a day is closed once");
        assert_eq!(super::check::findings(c)?, Vec::<String>::new());
        let closed = super::close::closed(c, ids.campaign)?;
        let text = BooksFile::of(&campaign, &books, &closed, now)?.text()?;
        Ok((text, closed))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_copy_of_the_books_holds_and_any_changed_byte_of_it_is_found() {
    let (text, closed) = kept().await;
    let proved = prove(&text).unwrap();
    assert_eq!(proved.days, 2);
    assert_eq!(proved.last_hash, closed[1].hash);
    let bytes = text.as_bytes();
    let (mut named, mut missed) = (0, Vec::new());
    for place in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else {
            continue;
        };
        match prove(&changed) {
            Ok(_) => missed.push(place),
            Err(why) => named += usize::from(why.contains("day 2026-12-0")),
        }
    }
    assert_eq!(missed, Vec::<usize>::new());
    assert!(named > 100, "the first bad day is named: {named}");
    let amount = text.replacen("\"amount\": 2000", "\"amount\": 2001", 1);
    assert_eq!(
        prove(&amount).unwrap_err(),
        "day 2026-12-02 (number 2) is not what its hash was made of"
    );
}

#[tokio::test]
async fn a_day_that_was_changed_after_it_was_closed_is_named() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-01T20:00:00Z"));
    let later = at("2026-12-03T21:00:00Z");
    db.tx(move |c| {
        season(c, &ids, now);
        let gift = NewTransfer {
            debit: Account::processor("stripe"),
            credit: Account::received(ids.campaign),
            amount: Money::new(1_000, Currency::USD),
            code: Code::new(Code::GIFT),
            source: Source {
                kind: "charge",
                id: "ch_1".into(),
            },
            donation: None,
            reverses: None,
        };
        post(c, &[gift], now)?;
        advance(c, now)?;
        let campaign = by_id(c, ids.campaign)?;
        let books = super::read(c, &campaign, later)?;
        close(c, &campaign, &books, later)?;
        assert_eq!(super::check::findings(c)?, Vec::<String>::new());
        c.execute_batch("UPDATE book_sums SET amount = 999 WHERE line = 'raised'")?;
        let found = super::check::findings(c)?;
        assert!(found[0].contains("raised"), "{found:?}");
        assert!(
            found
                .iter()
                .any(|line| line.contains("day 2026-12-01 (number 1) of winter")),
            "{found:?}"
        );
        let refused = c.execute_batch("UPDATE book_days SET hash = 'x'");
        assert!(refused.is_err(), "closed days are append-only");
        Err::<(), _>(crate::error::AppError::internal("done"))
    })
    .await
    .unwrap_err();
}

proptest! {
    /// Whatever happens between the accounts that a campaign's money can be in, the books add up.
    #[test]
    fn the_books_add_up_after_any_transfers(
        steps in prop::collection::vec((0usize..16, 1i64..100_000), 1..60)
    ) {
        const PAIRS: [(&str, &str, &str); 16] = [
            ("processor:stripe", "received:c", "charge"),
            ("in_hand:c", "received:c", "offline"),
            ("fees", "processor:stripe", "balance_transaction"),
            ("received:c", "fund:a", "charge"),
            ("received:c", "fund:b", "charge"),
            ("fund:a", "received:c", "balance_transaction"),
            ("reserve:c", "received:c", "balance_transaction"),
            ("match:p", "fund:a", "match"),
            ("fund:a", "match:p", "match_return"),
            ("fund:a", "processor:stripe", "refund"),
            ("received:c", "processor:stripe", "refund"),
            ("reserve:c", "processor:stripe", "refund"),
            ("processor:stripe", "fund:a", "refund_failed"),
            ("processor:stripe", "reserve:c", "refund_failed"),
            ("processor:stripe", "received:c", "refund_failed"),
            ("reserve:c", "match:p", "match_return"),
        ];
        let steps: Vec<(&str, &str, i64, &str)> = steps
            .iter()
            .map(|(pair, amount)| (PAIRS[*pair].0, PAIRS[*pair].1, *amount, PAIRS[*pair].2))
            .collect();
        prop_assert_eq!(summed(&steps, |_| Vec::new()).difference(), 0);
    }
}
