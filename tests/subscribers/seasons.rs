//! Whoever runs single seasons sees their readers, and nobody else's (S9).

use diesel::prelude::*;
use selvedge::campaigns::CampaignId;
use selvedge::db::schema::{deliveries, lists, newsletters, users};
use selvedge::deliveries::DeliveryState;
use selvedge::each;
use selvedge::kernel::Json;
use selvedge::newsletters::{NewsletterId, NewsletterState};
use selvedge::segments::Audience;
use selvedge::subscribers::{ListId, Subscriber, SubscriptionState, ops, proofs};

use super::{OPEN, list, news, reader, stands};
use crate::harness::people::Visitor;
use crate::harness::world::{CAMPAIGN, World};

/// A list of a season.
async fn list_of(world: &World, name: &str, season: CampaignId) -> ListId {
    let id = list(world, name, true).await;
    let work = world.app.site.db.tx(move |c| {
        let one = lists::table.find(id);
        each!(c, c => diesel::update(one).set(lists::campaign_id.eq(season)).execute(c))?;
        Ok(())
    });
    work.await.unwrap();
    id
}

async fn invite(world: &World, staff: &Visitor, email: &str, to: ListId) {
    let to = to.to_string();
    let form = [("email", email), ("name", "Whoever"), ("to", to.as_str())];
    world.send(staff, "/console/subscribers", &form).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_opens_nobodys_record() {
    let world = World::with(OPEN).await;
    let season = world.season(CAMPAIGN).await;
    let letters = list_of(&world, "Letters", season).await;
    let maya = reader(&world, "maya@example.net", &[news(&world).await]).await;
    let ours = reader(&world, "ravi@example.net", &[letters]).await;
    let staff = world.coordinator_of("one@staff.example", season).await;
    let staff = world.visitor(Some(staff)).await;
    invite(&world, &staff, "maya@example.net", letters).await;
    invite(&world, &staff, "nobody@example.net", letters).await;
    let pending = Some(SubscriptionState::Pending);
    assert_eq!(stands(&world, "maya@example.net", letters).await, pending);
    for path in [
        "/console/subscribers".to_owned(),
        "/console/subscribers?standing=pending".to_owned(),
        "/console/subscribers?standing=suppressed".to_owned(),
        format!("/console/subscribers?list={letters}"),
        "/console/subscribers.csv".to_owned(),
    ] {
        let page = world.look(&staff, &path).await;
        assert!(!page.contains("maya@example.net"), "{path}: {page}");
        assert!(!page.contains("nobody@example.net"), "{path}: {page}");
    }
    let page = format!("/console/subscribers/{}", maya.id);
    assert_eq!(world.ask(&staff, "GET", &page, &[]).await.status, 404);
    let list = letters.to_string();
    let leave = [("act", "leave"), ("list", list.as_str())];
    assert_eq!(world.ask(&staff, "POST", &page, &leave).await.status, 404);
    // Their own word opens it: being on the list, and having left it.
    let page = format!("/console/subscribers/{}", ours.id);
    world.look(&staff, &page).await;
    let (id, now) = (ours.id, world.clock.now());
    let work = world.app.site.db.tx(move |c| {
        let said = proofs::Said::by(proofs::Door::Form);
        ops::leave_list(c, id, letters, &said, now)
    });
    assert!(work.await.unwrap());
    world.look(&staff, &page).await;
    world.done().await;
}

/// A newsletter of a season, or of none, that `to` got.
async fn got(world: &World, title: &'static str, season: Option<CampaignId>, to: &Subscriber) {
    let (id, to, now) = (NewsletterId::new(), to.id, world.clock.now());
    let work = world.app.site.db.tx(move |c| {
        let by: selvedge::auth::UserId = each!(c, c => users::table.select(users::id).first(c))?;
        let row = (
            (
                newsletters::id.eq(id),
                newsletters::campaign_id.eq(season),
                newsletters::slug.eq(title.to_lowercase()),
                newsletters::title.eq(title),
                newsletters::subject.eq(""),
                newsletters::preheader.eq(""),
                newsletters::layout.eq("letter"),
                newsletters::content.eq("{\"blocks\":[]}"),
            ),
            newsletters::audience.eq(Json(Audience::default())),
            newsletters::from_name.eq("S"),
            newsletters::state.eq(NewsletterState::Sent),
            newsletters::version.eq(1),
            newsletters::made_by.eq(by),
            newsletters::created_at.eq(now),
            newsletters::changed_at.eq(now),
        );
        each!(c, c => diesel::insert_into(newsletters::table).values(row).execute(c))?;
        let row = (
            deliveries::id.eq(id.to_string().replacen("nws_", "del_", 1)),
            deliveries::newsletter_id.eq(id.to_string()),
            deliveries::subscriber_id.eq(to),
            deliveries::variant.eq("a"),
            deliveries::domain.eq("example.net"),
            deliveries::state.eq(DeliveryState::Sent),
            deliveries::run_at.eq(now),
            deliveries::attempts.eq(1),
            deliveries::sent_at.eq(now),
            deliveries::changed_at.eq(now),
        );
        each!(c, c => diesel::insert_into(deliveries::table).values(row).execute(c))?;
        Ok(())
    });
    work.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn newsletters_of_other_seasons_are_neither_told_nor_asked_about() {
    let world = World::with(OPEN).await;
    let season = world.season(CAMPAIGN).await;
    let letters = list_of(&world, "Letters", season).await;
    let maya = reader(&world, "maya@example.net", &[letters]).await;
    let other = world.season("dressember-2025").await;
    got(&world, "Ours", Some(season), &maya).await;
    got(&world, "Theirs", Some(other), &maya).await;
    got(&world, "Everybodys", None, &maya).await;
    let staff = world.coordinator_of("one@staff.example", season).await;
    let staff = world.visitor(Some(staff)).await;
    let page = format!("/console/subscribers/{}", maya.id);
    let page = world.look(&staff, &page).await;
    assert!(page.contains("Ours"), "{page}");
    assert!(!page.contains("Theirs") && !page.contains("Everybodys"));
    for (slug, status) in [("ours", 303), ("theirs", 422), ("everybodys", 422)] {
        let form = [
            ("name", slug),
            ("campaign", CAMPAIGN),
            ("n.0.part", "all"),
            ("n.0.0.part", "opened"),
            ("n.0.0.newsletter", slug),
            ("do", "save"),
        ];
        let answer = world.ask(&staff, "POST", "/console/segments", &form).await;
        assert_eq!(answer.status, status, "{slug}: {}", answer.text);
    }
    world.done().await;
}
