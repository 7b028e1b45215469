//! Readers of newsletters: joining by double opt-in (N20), leaving (N7), choosing, importing, being one person (N19).

mod imports;
mod joining;
mod leaving;
mod one_person;
mod seasons;
mod staff;

use diesel::prelude::*;
use selvedge::db::schema::{lists, subscribers, subscription_proofs, subscriptions};
use selvedge::each;
use selvedge::subscribers::model::by_email;
use selvedge::subscribers::ops::{self, Fresh, Known};
use selvedge::subscribers::proofs::{Door, Said};
use selvedge::subscribers::{ListId, Subscriber, SubscriptionState};

use crate::harness::world::World;

/// Staff without a second factor.
pub const OPEN: &[(&str, &str)] = &[("auth.staff_second_factor", "false")];

/// The list that every installation begins with: public, and joined by donors' ticks.
pub async fn news(world: &World) -> ListId {
    world
        .app
        .site
        .db
        .read(|c| {
            let query = lists::table
                .filter(lists::slug.eq("news"))
                .select(lists::id);
            Ok(each!(c, c => query.first(c))?)
        })
        .await
        .unwrap()
}

/// A list of its own.
pub async fn list(world: &World, name: &str, is_public: bool) -> ListId {
    let id = ListId::new();
    let row = (
        lists::id.eq(id),
        lists::slug.eq(name.to_lowercase()),
        lists::name.eq(name.to_owned()),
        lists::about.eq(""),
        lists::is_public.eq(is_public),
        lists::created_at.eq(world.clock.now()),
    );
    world
        .app
        .site
        .db
        .tx(move |c| {
            let row = row.clone();
            each!(c, c => diesel::insert_into(lists::table).values(row).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    id
}

/// Somebody on these lists.
pub async fn reader(world: &World, email: &str, on: &[ListId]) -> Subscriber {
    let (email, on) = (email.parse().unwrap(), on.to_vec());
    let (fresh, now) = (Fresh::new().unwrap(), world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |c| {
            let person = ops::ensure(c, &email, &Known::default(), &fresh, now)?;
            for list in &on {
                ops::agree(c, person.id, *list, &Said::by(Door::Form), now)?;
            }
            Ok(person)
        })
        .await
        .unwrap()
}

/// The subscriber of an address.
pub async fn found(world: &World, email: &str) -> Option<Subscriber> {
    let email = email.parse().unwrap();
    world
        .app
        .site
        .db
        .read(move |c| by_email(c, &email))
        .await
        .unwrap()
}

/// How the owner of an address stands to a list.
pub async fn stands(world: &World, email: &str, list: ListId) -> Option<SubscriptionState> {
    let person = found(world, email).await?.id;
    world
        .app
        .site
        .db
        .read(move |c| {
            let query = subscriptions::table
                .find((list, person))
                .select(subscriptions::state);
            Ok(each!(c, c => query.first(c).optional())?)
        })
        .await
        .unwrap()
}

/// How many subscribers and proofs there are.
pub async fn rows(world: &World) -> (i64, i64) {
    world
        .app
        .site
        .db
        .read(|c| {
            // Participants are known too, without having said anything.
            let said =
                subscribers::table
                    .filter(subscribers::id.eq_any(
                        subscription_proofs::table.select(subscription_proofs::subscriber_id),
                    ))
                    .count();
            let people = each!(c, c => said.get_result(c))?;
            let proofs = each!(c, c => subscription_proofs::table.count().get_result(c))?;
            Ok((people, proofs))
        })
        .await
        .unwrap()
}
