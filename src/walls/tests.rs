#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use diesel::prelude::*;

use super::model::GONE;
use super::{Place, Shades, Wall, Weave, newest};
use crate::campaigns::testing::{Season, at, new_season, season, usd};
use crate::db::Conn;
use crate::db::schema::{donations, supporters};
use crate::db::testing::fresh;
use crate::donations::model::Donation;
use crate::donations::{DonationId, DonationStatus, SupporterId};
use crate::each;
use crate::error::AppResult;
use crate::ids::ProgramId;
use crate::kernel::{Currency, Cursor, Limit, Timestamp};
use crate::totals::{self, TotalScope};

/// A paid gift of ten dollars to the campaign.
fn gift(ids: &Season, supporter: SupporterId, number: i64, paid_at: Timestamp) -> Donation {
    let id = DonationId::new();
    Donation {
        id,
        campaign_id: ids.campaign,
        page_id: None,
        team_id: None,
        program_id: None,
        policy_id: ids.policy,
        supporter_id: supporter,
        status: DonationStatus::Paid,
        currency: Currency::USD,
        amount: 1_000,
        fee_cover: 0,
        charged: 1_000,
        fee: Some(59),
        refunded: 0,
        donor_name: format!("Giver {number}"),
        anonymous: false,
        hide_amount: false,
        comment: None,
        tribute_kind: None,
        tribute_name: None,
        tribute_email: None,
        source: None,
        token: format!("token-{id}"),
        session_id: None,
        checkout_url: None,
        payment_intent_id: None,
        charge_id: None,
        failure: None,
        created_at: paid_at,
        checked_at: paid_at,
        paid_at: Some(paid_at),
        receipt: None,
        method: crate::donations::model::Method::Online,
    }
}

fn insert(conn: &mut Conn, gifts: &[Donation]) -> AppResult<()> {
    for gift in gifts {
        each!(conn, c => diesel::insert_into(donations::table).values(gift).execute(c))?;
    }
    Ok(())
}

fn supporter(conn: &mut Conn, now: Timestamp) -> AppResult<SupporterId> {
    let id = SupporterId::new();
    let row = (
        supporters::id.eq(id),
        supporters::email.eq("giver@example.org"),
        supporters::email_folded.eq("giver@example.org"),
        supporters::name.eq("Giver"),
        supporters::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(supporters::table).values(row).execute(c))?;
    Ok(id)
}

#[test]
fn the_word_for_nothing_left_is_the_gifts_own() {
    assert_eq!(GONE, DonationStatus::Refunded.as_str());
}

#[tokio::test]
async fn names_and_amounts_that_the_giver_hides_do_not_come_out() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-02T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        let giver = supporter(c, now)?;
        let mut anonymous = gift(&ids, giver, 1, now);
        anonymous.anonymous = true;
        anonymous.donor_name = "Nobody Must Know".into();
        let mut hidden = gift(&ids, giver, 2, now.plus(chrono::Duration::seconds(1)));
        hidden.hide_amount = true;
        hidden.charged = 777_777;
        insert(c, &[anonymous, hidden])
    })
    .await
    .unwrap();
    let wall = db
        .read(move |c| newest(c, Wall::Campaign(ids.campaign), None, Limit::MOST))
        .await
        .unwrap();
    let shown = format!(
        "{wall:?}{:?}",
        wall.items
            .iter()
            .map(super::WallGift::row)
            .collect::<Vec<_>>()
    );
    assert!(!shown.contains("Nobody Must Know"), "{shown}");
    assert!(!shown.contains("777777"), "{shown}");
    assert_eq!(wall.items[0].donor.as_deref(), Some("Giver 2"));
    assert_eq!(wall.items[1].donor, None);
}

#[tokio::test]
async fn a_wall_read_in_pieces_shows_each_gift_once_and_none_that_went_back() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-02T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        let giver = supporter(c, now)?;
        let mut gifts: Vec<Donation> = (0..40)
            // Four instants only, so that many gifts stand at the same one.
            .map(|n| gift(&ids, giver, n, now.plus(chrono::Duration::seconds(n % 4))))
            .collect();
        gifts[7].status = DonationStatus::Refunded;
        gifts[7].refunded = 1_000;
        gifts[8].status = DonationStatus::Pending;
        gifts[8].paid_at = None;
        insert(c, &gifts)
    })
    .await
    .unwrap();
    let read = |after: Option<Place>| {
        let limit: Limit = "7".parse().unwrap();
        db.read(move |c| newest(c, Wall::Campaign(ids.campaign), after.as_ref(), limit))
    };
    let mut seen: Vec<(Timestamp, String)> = Vec::new();
    let mut after = None;
    loop {
        let piece = read(after).await.unwrap();
        seen.extend(
            piece
                .items
                .iter()
                .map(|g| (g.paid_at, g.donor.clone().unwrap())),
        );
        match piece.next {
            Some(cursor) => after = Some(Cursor::parse(cursor.as_str()).unwrap()),
            None => break,
        }
    }
    assert_eq!(seen.len(), 38);
    assert!(seen.windows(2).all(|pair| pair[0].0 >= pair[1].0));
    let mut names: Vec<&String> = seen.iter().map(|(_, name)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 38);
    assert!(
        names
            .iter()
            .all(|name| *name != "Giver 7" && *name != "Giver 8")
    );
}

#[tokio::test]
async fn a_band_shows_what_is_left_of_each_gift_in_its_programs_shade() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-02T00:00:00Z"));
    let weave = db
        .tx(move |c| {
            season(c, &ids, now);
            let giver = supporter(c, now)?;
            let later = |n| now.plus(chrono::Duration::seconds(n));
            let mut gifts: Vec<Donation> = (0..4).map(|n| gift(&ids, giver, n, later(n))).collect();
            gifts[1].program_id = Some(ids.programs[1]);
            gifts[2].refunded = 400;
            gifts[2].status = DonationStatus::PartiallyRefunded;
            gifts[3].anonymous = true;
            gifts[3].fee = None;
            insert(c, &gifts)?;
            let total = totals::of(c, TotalScope::Campaign, &ids.campaign.to_string())?.unwrap();
            let shades = Shades::new(
                [
                    (ids.programs[1], "School", 3_000),
                    (ids.programs[0], "Rescue", 7_000),
                ]
                .into_iter(),
            );
            let own = gifts[1].id.to_string();
            Weave::of(
                c,
                Wall::Campaign(ids.campaign),
                (total, usd(100)),
                &shades,
                Some(&own),
            )
        })
        .await
        .unwrap();
    let threads = &weave.band.threads;
    assert_eq!(
        threads.iter().map(|t| t.minor).collect::<Vec<_>>(),
        [1_000, 1_000, 600, 1_000]
    );
    assert_eq!(
        threads.iter().map(|t| t.shade).collect::<Vec<_>>(),
        [1, 0, 1, 1]
    );
    assert_eq!(
        threads.iter().map(|t| t.own).collect::<Vec<_>>(),
        [false, true, false, false]
    );
    assert!(threads[3].anonymous && !threads[3].verified && threads[0].verified);
}

#[test]
fn a_program_that_is_not_paid_for_any_more_looks_like_undesignated_money() {
    let (one, two) = (ProgramId::new(), ProgramId::new());
    let shades = Shades::new([(one, "One", 2_000), (two, "Two", 8_000)].into_iter());
    assert_eq!(
        (
            shades.of(Some(one)),
            shades.of(None),
            shades.of(Some(ProgramId::new()))
        ),
        (0, 1, 1)
    );
}
