//! The ledger by itself: append-only, balanced, guarded, sealed.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use selvedge::db::{Conn, Db};
use selvedge::each;
use selvedge::error::{AppError, AppResult};
use selvedge::kernel::{Clock, Currency, Money};
use selvedge::ledger::{Account, Code, NewTransfer, Source, balance, check, post, seals};

use crate::harness::database;

fn transfer(debit: Account, credit: Account, minor: i64, source: &str) -> NewTransfer {
    NewTransfer {
        debit,
        credit,
        amount: Money::new(minor, Currency::USD),
        code: Code::new("test"),
        source: Source {
            kind: "test",
            id: source.to_owned(),
        },
        donation: None,
        reverses: None,
    }
}

async fn post_one(db: &Db, one: NewTransfer) -> AppResult<()> {
    let now = Clock::system().now();
    db.tx(move |conn| post(conn, std::slice::from_ref(&one), now))
        .await
}

async fn holds(db: &Db, account: Account) -> i64 {
    db.read(move |conn| balance(conn, &account, Currency::USD))
        .await
        .unwrap()
        .minor()
}

async fn findings(db: &Db) -> Vec<String> {
    db.read(check::findings).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_stays() {
    let (db, _guard) = database::fresh().await;
    post_one(
        &db,
        transfer(Account::outside("gifts"), Account::fund("a"), 500, "1"),
    )
    .await
    .unwrap();
    for attack in [
        "UPDATE transfers SET amount = 1",
        "DELETE FROM transfers",
        "UPDATE transfers SET source_id = 'x' WHERE amount = 500",
    ] {
        assert!(
            db.tx(move |conn| conn.execute_batch(attack)).await.is_err(),
            "{attack}"
        );
    }
    assert!(findings(&db).await.is_empty());
    assert_eq!(holds(&db, Account::fund("a")).await, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_posts_once_and_zero_is_no_transfer() {
    let (db, _guard) = database::fresh().await;
    let one = || transfer(Account::outside("gifts"), Account::fund("a"), 500, "1");
    post_one(&db, one()).await.unwrap();
    let again = post_one(&db, one()).await;
    assert!(
        matches!(
            again,
            Err(AppError::Conflict {
                code: "already_posted",
                ..
            })
        ),
        "{again:?}"
    );
    post_one(
        &db,
        transfer(Account::outside("gifts"), Account::fund("a"), 0, "2"),
    )
    .await
    .unwrap();
    assert!(
        post_one(
            &db,
            transfer(Account::outside("gifts"), Account::fund("a"), -1, "3")
        )
        .await
        .is_err()
    );
    assert_eq!(holds(&db, Account::fund("a")).await, 500);
    assert!(findings(&db).await.is_empty());
}

/// L9: sixty-four parallel grants of 100 from a fund of 3,200: 32 succeed, none overdraws.
#[tokio::test(flavor = "multi_thread")]
async fn no_account_is_overdrawn_by_parallel_grants() {
    let (db, _guard) = database::fresh().await;
    post_one(
        &db,
        transfer(Account::outside("gifts"), Account::fund("a"), 3_200, "gift"),
    )
    .await
    .unwrap();
    let mut tasks = Vec::new();
    for number in 0..64 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            loop {
                let grant = transfer(
                    Account::fund("a"),
                    Account::outside("partner"),
                    100,
                    &format!("grant {number}"),
                );
                match post_one(&db, grant).await {
                    Ok(()) => return true,
                    Err(AppError::Conflict {
                        code: "account_overdrawn",
                        ..
                    }) => return false,
                    Err(AppError::Unavailable { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }));
    }
    let mut paid = 0;
    for task in tasks {
        paid += u32::from(task.await.unwrap());
    }
    assert_eq!(paid, 32);
    assert_eq!(holds(&db, Account::fund("a")).await, 0);
    assert!(findings(&db).await.is_empty());
}

async fn seal_all(db: &Db) -> i64 {
    let now = Clock::system().now();
    db.tx(move |conn| seals::seal(conn, now)).await.unwrap()
}

/// L11: whoever changes one byte of a sealed transfer, with the triggers away, is found.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_breaks_the_seal_that_covers_it() {
    let (db, _guard) = database::fresh().await;
    for number in 0..30 {
        post_one(
            &db,
            transfer(
                Account::outside("gifts"),
                Account::fund("a"),
                100 + number,
                &number.to_string(),
            ),
        )
        .await
        .unwrap();
        if number % 10 == 9 {
            assert_eq!(seal_all(&db).await, 10);
        }
    }
    assert_eq!(seal_all(&db).await, 0);
    assert!(findings(&db).await.is_empty());
    db.exclusive(|conn| {
        unlock(conn)?;
        conn.execute_batch(
            "UPDATE transfers SET code = 'tesT' WHERE id = (SELECT MIN(id) + 14 FROM transfers)",
        )
    })
    .await
    .unwrap();
    let found = findings(&db).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("seal 2 "), "{found:?}");
}

/// L11: nor can a seal be taken away, from the midst of the chain or from its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_was_taken_away_is_missed() {
    use selvedge::db::schema::schedules;
    let (db, _guard) = database::fresh().await;
    for number in 0..3 {
        let gift = transfer(
            Account::outside("gifts"),
            Account::fund("a"),
            100,
            &format!("{number}"),
        );
        post_one(&db, gift).await.unwrap();
        seal_all(&db).await;
    }
    // The schedule has just had its turn; nothing waits.
    let turned = |minutes| {
        let at = Clock::system()
            .now()
            .plus(chrono::Duration::minutes(minutes));
        db.tx(move |c| {
            let row = (
                schedules::name.eq(seals::SCHEDULE),
                schedules::every_seconds.eq(60_i64),
                schedules::next_at.eq(at),
                schedules::last_at.eq(Some(at)),
            );
            each!(c, c => diesel::delete(schedules::table).execute(c))?;
            each!(c, c => diesel::insert_into(schedules::table).values(row).execute(c))?;
            Ok(())
        })
    };
    turned(20).await.unwrap();
    assert!(findings(&db).await.is_empty());
    let gift = transfer(Account::outside("gifts"), Account::fund("a"), 100, "new");
    post_one(&db, gift).await.unwrap();
    turned(0).await.unwrap();
    assert!(findings(&db).await.is_empty(), "it has time");
    seal_all(&db).await;
    let take_away = |number: i64| {
        db.exclusive(move |conn| {
            let (unlock, lock) = if conn.is_sqlite() {
                (
                    "DROP TRIGGER seals_no_delete",
                    "CREATE TRIGGER seals_no_delete BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'no'); END",
                )
            } else {
                (
                    "ALTER TABLE seals DISABLE TRIGGER seals_no_change",
                    "ALTER TABLE seals ENABLE TRIGGER seals_no_change",
                )
            };
            conn.execute_batch(unlock)?;
            conn.execute_batch(&format!("DELETE FROM seals WHERE id = {number}"))?;
            conn.execute_batch(lock)
        })
    };
    take_away(4).await.unwrap();
    turned(20).await.unwrap();
    let found = findings(&db).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("under no seal"), "{found:?}");
    take_away(2).await.unwrap();
    let found = findings(&db).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("seal 2 is missing"), "{found:?}");
}

/// What an intruder with every right would do first.
fn unlock(conn: &mut Conn) -> AppResult<()> {
    if conn.is_sqlite() {
        conn.execute_batch("DROP TRIGGER transfers_no_update; DROP TRIGGER transfers_no_delete")
    } else {
        conn.execute_batch("ALTER TABLE transfers DISABLE TRIGGER transfers_no_change")
    }
}

/// The running sums are proved against the transfers: an account that was written by hand shows.
#[tokio::test(flavor = "multi_thread")]
async fn a_cooked_balance_is_found() {
    let (db, _guard) = database::fresh().await;
    post_one(
        &db,
        transfer(Account::outside("gifts"), Account::fund("a"), 500, "1"),
    )
    .await
    .unwrap();
    db.tx(|conn| {
        conn.execute_batch("UPDATE accounts SET credits = credits + 1 WHERE name = 'fund:a'")
    })
    .await
    .unwrap();
    let found = findings(&db).await;
    assert!(
        found.iter().any(|line| line.contains("fund:a is off by")),
        "{found:?}"
    );
}

/// L13: sixty-four writers of one pair of accounts lose nothing.
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_post_to_the_same_accounts() {
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let (db, _guard) = database::fresh().await;
    let mut tasks = Vec::new();
    for writer in 0..64 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            for turn in 0..5 {
                loop {
                    let one = transfer(
                        Account::outside("gifts"),
                        Account::fund("a"),
                        1,
                        &format!("{writer}/{turn}"),
                    );
                    match post_one(&db, one).await {
                        Ok(()) => break,
                        Err(AppError::Unavailable { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let sum: Sum = db
        .read(|conn| {
            let query = "SELECT CAST(SUM(amount) AS BIGINT) AS total FROM transfers";
            Ok(each!(conn, c => diesel::sql_query(query).get_result(c))?)
        })
        .await
        .unwrap();
    assert_eq!(
        (sum.total, holds(&db, Account::fund("a")).await),
        (320, 320)
    );
    assert!(findings(&db).await.is_empty());
}
