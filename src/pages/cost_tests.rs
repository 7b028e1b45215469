#![allow(clippy::unwrap_used)]
//! What a leaderboard costs, read from the engines' own plans.

use diesel::prelude::*;

use super::PageId;
use crate::campaigns::testing::{at, new_season, season};
use crate::db::Conn;
use crate::db::schema::totals;
use crate::db::testing::fresh;
use crate::each;
use crate::kernel::Currency;

/// A statement asked for its plan instead of its rows.
#[derive(Debug, Clone, Copy)]
struct Explain<Q>(&'static str, Q);

impl<Q> diesel::query_builder::QueryId for Explain<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, DB: diesel::backend::Backend> diesel::query_builder::QueryFragment<DB> for Explain<Q>
where
    Q: diesel::query_builder::QueryFragment<DB>,
{
    fn walk_ast<'b>(
        &'b self,
        mut out: diesel::query_builder::AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(self.0);
        self.1.walk_ast(out)
    }
}

#[derive(Debug, Clone, Copy)]
struct PlanOf<Q, T>(Explain<Q>, std::marker::PhantomData<T>);

impl<Q, T> diesel::query_builder::QueryId for PlanOf<Q, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, T> diesel::query_builder::Query for PlanOf<Q, T> {
    type SqlType = T;
}

impl<Q, T, DB: diesel::backend::Backend> diesel::query_builder::QueryFragment<DB> for PlanOf<Q, T>
where
    Explain<Q>: diesel::query_builder::QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: diesel::query_builder::AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<Q, T> diesel::RunQueryDsl<diesel::SqliteConnection> for PlanOf<Q, T> {}

impl<Q, T> diesel::RunQueryDsl<crate::db::PgConn> for PlanOf<Q, T> {}

/// The plan of a query, one line a step.
macro_rules! plan {
    ($conn:expr, $query:expr) => {{
        use diesel::sql_types::{Integer, Text};
        match $conn {
            Conn::Sqlite(c) => {
                let explain = Explain("EXPLAIN QUERY PLAN ", $query);
                let rows: Vec<(i32, i32, i32, String)> =
                    PlanOf::<_, (Integer, Integer, Integer, Text)>(
                        explain,
                        std::marker::PhantomData,
                    )
                    .load(c)
                    .unwrap();
                rows.into_iter()
                    .map(|row| row.3)
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            Conn::Postgres(c) => {
                let explain = Explain("EXPLAIN (ANALYZE, TIMING OFF) ", $query);
                let rows: Vec<String> = PlanOf::<_, Text>(explain, std::marker::PhantomData)
                    .load(c)
                    .unwrap();
                rows.join("\n")
            }
        }
    }};
}

/// Reading 21 places of 5,000 touches 21 rows of the index and sorts nothing, at the top as in the middle of a tie.
#[tokio::test]
async fn the_leaderboards_cost_does_not_grow_with_the_season() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-12-01T00:00:00Z"));
    db.tx(move |c| {
        season(c, &ids, now);
        for chunk in 0..50 {
            let rows: Vec<_> = (0..100)
                .map(|n| {
                    (
                        totals::scope.eq("page"),
                        totals::scope_id.eq(PageId::new().to_string()),
                        totals::campaign_id.eq(ids.campaign),
                        totals::currency.eq(Currency::USD),
                        totals::raised.eq(i64::from(chunk % 5) * 100),
                        totals::donations.eq(0),
                        totals::donors.eq(0),
                        totals::reached_at.eq(now.plus(chrono::Duration::microseconds(n % 3))),
                    )
                })
                .collect();
            each!(c, c => diesel::insert_into(totals::table).values(rows).execute(c))?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db.exclusive(|c| c.execute_batch("ANALYZE totals"))
        .await
        .unwrap();
    let campaign = ids.campaign;
    let plans = db
        .read(move |c| {
            macro_rules! ranking {
                ($($condition:expr),*) => {
                    plan!(&mut *c, crate::totals::model::ranking!(campaign, crate::totals::TotalScope::Page $(, $condition)*)
                        .limit(21)
                        .select(crate::totals::Ranked::as_select()))
                };
            }
            let later = now.plus(chrono::Duration::microseconds(1));
            Ok([
                ranking!(),
                ranking!(totals::raised.eq(200), totals::reached_at.eq(later), totals::scope_id.gt("pag_0")),
                ranking!(totals::raised.eq(200), totals::reached_at.gt(now)),
                ranking!(totals::raised.lt(300)),
            ])
        })
        .await
        .unwrap();
    for plan in plans {
        println!("{plan}\n");
        assert!(plan.contains("totals_ranked"), "{plan}");
        for costly in [
            "SCAN",
            "TEMP B-TREE",
            "Seq Scan",
            "Sort",
            "Rows Removed",
            "Bitmap",
        ] {
            assert!(!plan.contains(costly), "{costly}: {plan}");
        }
        if plan.contains("actual") {
            assert!(
                plan.lines()
                    .filter(|l| l.contains("Scan"))
                    .all(|l| l.contains("rows=21 loops=1")),
                "{plan}"
            );
        }
    }
}
