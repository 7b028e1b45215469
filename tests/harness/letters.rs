//! Newsletters, lists and readers for tests that are about sending them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use selvedge::auth::UserId;
use selvedge::db::schema::{deliveries, lists, newsletters, subscribers, subscriptions, users};
use selvedge::db::{Conn, Db};
use selvedge::deliveries::DeliveryState;
use selvedge::deliveries::ops::{self, Plan};
use selvedge::each;
use selvedge::error::AppResult;
use selvedge::kernel::{Email, Json, Timestamp};
use selvedge::newsletters::{NewsletterId, NewsletterState, approval};
use selvedge::segments::Audience;
use selvedge::subscribers::{ListId, SubscriberId, SubscriptionState};

/// A newsletter to a list, as a test has it.
#[derive(Clone)]
pub struct Letter {
    pub db: Db,
    pub id: NewsletterId,
    pub list: ListId,
    pub by: UserId,
}

/// The content of a newsletter of one sentence.
const CONTENT: &str = r#"{"blocks":[{"kind":"text","words":"Good morning, {{first_name|friend}}: this is what your gifts did."}]}"#;

/// A draft to a list.
fn draft(
    conn: &mut Conn,
    (id, list, by): (NewsletterId, ListId, UserId),
    now: Timestamp,
) -> AppResult<()> {
    let audience = Audience {
        lists: vec![list],
        ..Audience::default()
    };
    let row = (
        (
            newsletters::id.eq(id),
            newsletters::slug.eq(format!("letter-{}", &id.to_string()[28..])),
            newsletters::title.eq("A letter"),
            newsletters::subject.eq("What your gifts did"),
            newsletters::preheader.eq(""),
            newsletters::layout.eq("letter"),
            newsletters::content.eq(CONTENT),
        ),
        newsletters::audience.eq(Json(audience)),
        newsletters::from_name.eq("Selvedge campaign"),
        newsletters::state.eq(NewsletterState::Draft),
        newsletters::version.eq(1),
        newsletters::made_by.eq(by),
        newsletters::created_at.eq(now),
        newsletters::changed_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(newsletters::table).values(row).execute(c))?;
    Ok(())
}

impl Letter {
    /// A list with these readers, who agreed, and a draft to it.
    pub async fn to(db: &Db, addresses: Vec<String>, now: Timestamp) -> Self {
        let (id, list) = (NewsletterId::new(), ListId::new());
        let by = db
            .tx(move |conn| {
                let by: UserId = each!(conn, c => users::table.select(users::id).first(c))?;
                let row = (
                    lists::id.eq(list),
                    lists::slug.eq(format!("news-{}", &list.to_string()[28..])),
                    lists::name.eq("News"),
                    lists::about.eq("What happens"),
                    lists::is_public.eq(true),
                    lists::created_at.eq(now),
                );
                each!(conn, c => diesel::insert_into(lists::table).values(row).execute(c))?;
                draft(conn, (id, list, by), now)?;
                // Approval is the writing room's story (N20).
                approval::set_above(conn, 1_000_000, by, now)?;
                Ok(by)
            })
            .await
            .unwrap();
        let letter = Self {
            db: db.clone(),
            id,
            list,
            by,
        };
        letter.add(addresses, now).await;
        letter
    }

    /// Another newsletter to the same list.
    pub async fn another(&self, now: Timestamp) -> Self {
        let (id, list, by) = (NewsletterId::new(), self.list, self.by);
        self.db
            .tx(move |conn| draft(conn, (id, list, by), now))
            .await
            .unwrap();
        Self { id, ..self.clone() }
    }

    /// More readers of the list.
    pub async fn add(&self, addresses: Vec<String>, now: Timestamp) {
        let list = self.list;
        for chunk in addresses.chunks(2_000) {
            let people: Vec<(SubscriberId, Email)> = chunk
                .iter()
                .map(|address| (SubscriberId::new(), address.parse().unwrap()))
                .collect();
            self.db
                .tx(move |conn| {
                    let rows: Vec<_> = people
                        .iter()
                        .map(|(id, email)| {
                            (
                                subscribers::id.eq(*id),
                                subscribers::email.eq(email),
                                subscribers::email_folded.eq(email.folded()),
                                subscribers::name.eq("Asha"),
                                subscribers::language.eq(""),
                                subscribers::country.eq(""),
                                subscribers::token.eq(format!("token-{id}")),
                                subscribers::created_at.eq(now),
                            )
                        })
                        .collect();
                    each!(conn, c => diesel::insert_into(subscribers::table).values(&rows).execute(c))?;
                    let rows: Vec<_> = people
                        .iter()
                        .map(|(id, _)| {
                            (
                                subscriptions::list_id.eq(list),
                                subscriptions::subscriber_id.eq(*id),
                                subscriptions::state.eq(SubscriptionState::Confirmed),
                                subscriptions::changed_at.eq(now),
                            )
                        })
                        .collect();
                    each!(conn, c => diesel::insert_into(subscriptions::table).values(&rows).execute(c))?;
                    Ok(())
                })
                .await
                .unwrap();
        }
    }

    pub fn plan(&self) -> Plan {
        Plan {
            newsletter: self.id,
            by: self.by,
            reader_time: false,
            test_percent: 0,
            test_minutes: 0,
        }
    }

    pub async fn start(&self, now: Timestamp) -> bool {
        let plan = self.plan();
        self.db
            .tx(move |conn| ops::start(conn, &plan, now))
            .await
            .unwrap()
    }

    pub async fn state(&self) -> NewsletterState {
        let id = self.id;
        self.db
            .read(move |conn| Ok(selvedge::newsletters::model::by_id(conn, id)?.state))
            .await
            .unwrap()
    }

    /// How many recipients stand how.
    pub async fn counts(&self) -> BTreeMap<DeliveryState, i64> {
        let id = self.id;
        self.db
            .read(move |conn| selvedge::deliveries::model::counts(conn, id))
            .await
            .unwrap()
    }

    pub async fn count(&self, state: DeliveryState) -> i64 {
        self.counts().await.get(&state).copied().unwrap_or(0)
    }

    /// A recipient's state, code, words and tries.
    pub async fn of(&self, address: &str) -> (DeliveryState, Option<i32>, String, i32) {
        let (id, folded) = (self.id, address.to_lowercase());
        self.db
            .read(move |conn| {
                let row: (DeliveryState, Option<i32>, Option<String>, i32) = each!(conn, c => deliveries::table
                    .inner_join(subscribers::table.on(subscribers::id.eq(deliveries::subscriber_id)))
                    .filter(deliveries::newsletter_id.eq(id))
                    .filter(subscribers::email_folded.eq(folded))
                    .select((deliveries::state, deliveries::code, deliveries::detail, deliveries::attempts))
                    .first(c))?;
                Ok((row.0, row.1, row.2.unwrap_or_default(), row.3))
            })
            .await
            .unwrap()
    }
}

/// `n` addresses over some domains.
pub fn readers(n: usize, domains: &[&str]) -> Vec<String> {
    (0..n)
        .map(|number| format!("reader{number}@{}", domains[number % domains.len()]))
        .collect()
}
