//! What is left of a deleted account: amounts, dates and ids.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use selvedge::auth::{self, UserId};
use selvedge::db::Conn;
use selvedge::kernel::{Line, Money};
use serde_json::json;

use super::PASSWORD;
use crate::harness::browser::{Browser, SESSION};
use crate::harness::world::{CAMPAIGN, PAGE, World};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    t: String,
    #[diesel(sql_type = Text)]
    c: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The columns of text in which `word` stands anywhere.
async fn columns_with(world: &World, word: &'static str) -> Vec<String> {
    world
        .app
        .site
        .db
        .read(move |conn| {
            let list = match conn {
                Conn::Sqlite(_) => {
                    "SELECT m.name AS t, p.name AS c FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.type = 'TEXT'"
                }
                Conn::Postgres(_) => {
                    "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text'"
                }
            };
            let columns: Vec<Column> =
                selvedge::each!(conn, c => diesel::sql_query(list).load(c))?;
            assert!(columns.len() > 100);
            let mut found = Vec::new();
            for Column { t, c: column } in columns {
                let count = format!(
                    "SELECT count(*) AS n FROM \"{t}\" WHERE lower(\"{column}\") LIKE '%{word}%'"
                );
                let count: Count =
                    selvedge::each!(conn, c => diesel::sql_query(&count).get_result(c))?;
                if count.n > 0 {
                    found.push(format!("{t}.{column}"));
                }
            }
            Ok(found)
        })
        .await
        .unwrap()
}

/// A page, a team, a diary day and words of a person, all of which hold the name.
async fn leave_traces(world: &World, user: UserId) -> (selvedge::pages::PageId, String) {
    let page = selvedge::pages::PageId::new();
    let now = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| {
            let campaign = selvedge::campaigns::model::by_slug(c, &CAMPAIGN.parse().unwrap())?;
            let campaign = campaign.campaign;
            let line = |text: &str| Line::parse(text, 120).unwrap();
            let new = selvedge::pages::ops::CreatePage {
                id: page,
                campaign: campaign.id,
                team: None,
                owner: Some(user),
                slug: "quillan-farthing".parse().unwrap(),
                title: line("Quillan wears a tie"),
                participant: line("Quillan Farthing"),
                story: selvedge::web::markdown::Story::parse("I am Quillan.").unwrap(),
                goal: Money::new(50_000, campaign.currency),
                photo: None,
            };
            selvedge::pages::ops::create(c, &new, now)?;
            let other = selvedge::pages::by_slug(c, &PAGE.parse().unwrap())?.page;
            let (other, staff) = (other.id, other.owner_id.unwrap());
            let (of, currency) = (campaign.id, campaign.currency);
            let team: String = selvedge::each!(c, c => selvedge::db::schema::teams::table
                .select(selvedge::db::schema::teams::id).first(c))?;
            let at = now.rfc3339();
            let at = at.trim_end_matches('Z').replace('T', " ");
            for statement in [
                format!("INSERT INTO page_updates (id, page_id, body, photo_alt, created_at) VALUES ('upd_00000000000000000000000000000001', '{page}', 'Quillan here', 'Quillan', '{at}')"),
                format!("INSERT INTO page_aliases (slug, page_id, created_at) VALUES ('quillan', '{page}', '{at}')"),
                format!("INSERT INTO diary_entries (id, page_id, day, outfit, note, photo_alt, is_public, is_backfill, created_at, updated_at) VALUES ('dia_00000000000000000000000000000001', '{page}', '2026-12-01', 'dress', 'Quillan in blue', 'Quillan', TRUE, FALSE, '{at}', '{at}')"),
                format!("INSERT INTO page_messages (id, page_id, author_id, from_staff, body, created_at) VALUES ('msg_00000000000000000000000000000001', '{page}', '{user}', FALSE, 'Yours, Quillan', '{at}')"),
                format!("INSERT INTO media (id, owner_id, used_for, width, height, bytes, created_at) VALUES ('med_00000000000000000000000000000001', '{user}', 'page', 10, 10, 10, '{at}')"),
                format!("INSERT INTO conversations (id, page_id, day, who, learned, signed, gave, note, created_at) VALUES ('con_00000000000000000000000000000001', '{page}', '2026-12-01', 'friend', TRUE, FALSE, FALSE, 'Told them I am Quillan', '{at}')"),
                format!("INSERT INTO own_milestones (id, page_id, amount, promise, created_at) VALUES ('own_00000000000000000000000000000001', '{page}', 50000, 'Quillan shaves', '{at}')"),
                format!("INSERT INTO team_requests (id, team_id, page_id, words, state, created_at) VALUES ('trq_00000000000000000000000000000001', '{team}', '{page}', 'Quillan asks', 'open', '{at}')"),
                format!("INSERT INTO team_messages (id, team_id, author_id, subject, body, recipients, sent_at) VALUES ('tms_00000000000000000000000000000001', '{team}', '{user}', 'From Quillan', 'Quillan writes', 1, '{at}')"),
                format!("INSERT INTO day_sponsors (id, page_id, name, email, email_folded, currency, per_day, cap, is_named, state, token_hash, created_at, asks) VALUES ('spo_00000000000000000000000000000001', '{other}', 'Quillan Farthing', 'Quillan.Farthing@example.org', 'quillan.farthing@example.org', '{currency}', 100, 3100, TRUE, 'confirmed', 'x', '{at}', 1)"),
                format!("INSERT INTO page_reports (id, page_id, reason, words, reporter_email, state, created_at, outcome) VALUES ('rep_00000000000000000000000000000001', '{other}', 'other', 'Quillan minds', 'Quillan.Farthing@Example.org', 'open', '{at}', '')"),
                format!("INSERT INTO page_reports (id, page_id, reason, words, state, created_at, outcome) VALUES ('rep_00000000000000000000000000000002', '{page}', 'other', 'Quillan is no Quillan', 'open', '{at}', '')"),
                format!("INSERT INTO offline_gifts (id, page_id, campaign_id, entered_by, kind, currency, amount, donor_name, donor_email, anonymous, received_on, note, state, created_at, reason) VALUES ('off_00000000000000000000000000000001', '{page}', '{of}', '{user}', 'cash', '{currency}', 2000, 'Aunt Quillana', 'aunt.quillana@example.org', FALSE, '2026-12-01', 'for Quillan', 'pending', '{at}', '')"),
                format!("INSERT INTO offline_gifts (id, page_id, campaign_id, entered_by, kind, currency, amount, donor_name, donor_email, anonymous, received_on, note, state, created_at, reason) VALUES ('off_00000000000000000000000000000002', '{other}', '{of}', '{staff}', 'cash', '{currency}', 3000, 'Quillan Farthing', 'Quillan.Farthing@Example.org', FALSE, '2026-12-01', 'Quillan’s tenner', 'pending', '{at}', '')"),
            ] {
                selvedge::each!(c, c => diesel::sql_query(&statement).execute(c))?;
            }
            let counted = selvedge::totals::tallies::Counted {
                page,
                campaign: campaign.id,
                is_shown: true,
            };
            selvedge::totals::tallies::add(c, counted, selvedge::totals::Tally::DAY)?;
            let talk = selvedge::totals::Tally {
                conversations: 1,
                learned: 1,
                ..selvedge::totals::Tally::default()
            };
            selvedge::totals::tallies::add(c, counted, talk)?;
            Ok(())
        })
        .await
        .unwrap();
    (page, "quillan-farthing".to_owned())
}

/// Mails to somebody else about what the person did, each kind sent and waiting; answers how many.
async fn leave_mails(world: &World, user: UserId, page: selvedge::pages::PageId) -> usize {
    const TWO: &str = "00000000000000000000000000000002";
    let at = world.clock.now().rfc3339();
    let at = at.trim_end_matches('Z').replace('T', " ");
    let team = "(SELECT id FROM teams WHERE slug = 'the-tuesday-seams')";
    let gift = "(SELECT id FROM donations LIMIT 1)";
    let mut statements = vec![
        format!(
            "INSERT INTO team_messages (id, team_id, author_id, subject, body, recipients, sent_at) VALUES ('tms_{TWO}', {team}, '{user}', 'Quillan', 'Quillan', 1, '{at}')"
        ),
        format!(
            "INSERT INTO team_requests (id, team_id, page_id, words, state, created_at) VALUES ('trq_{TWO}', {team}, '{page}', 'Quillan', 'declined', '{at}')"
        ),
        format!(
            "INSERT INTO team_invitations (id, team_id, token_hash, to_email, invited_by, created_at, expires_at) VALUES ('inv_{TWO}', {team}, 'h', 'x@example.org', '{user}', '{at}', '{at}')"
        ),
        format!(
            "INSERT INTO page_transfers (id, page_id, from_user, to_email, to_email_folded, token_hash, state, created_at) VALUES ('trf_{TWO}', '{page}', '{user}', 'x@example.org', 'x@example.org', 'h', 'withdrawn', '{at}')"
        ),
        format!(
            "INSERT INTO gift_thanks (donation_id, page_id, user_id, words, thanked_at) VALUES ({gift}, '{page}', '{user}', 'Yours, Quillan', '{at}')"
        ),
        format!(
            "INSERT INTO day_sponsors (id, page_id, name, email, email_folded, currency, per_day, cap, is_named, state, token_hash, created_at, asks) VALUES ('spo_{TWO}', '{page}', 'S', 'x@example.org', 'x@example.org', 'USD', 1, 1, TRUE, 'cancelled', 'h', '{at}', 2)"
        ),
    ];
    let kinds = [
        ("team_message", format!("'tms_{TWO}:usr_1'")),
        ("team_request", format!("'trq_{TWO}:usr_1'")),
        ("team_answer", format!("'trq_{TWO}'")),
        ("team_invitation", format!("'inv_{TWO}'")),
        ("team_captaincy", "'tea_1:usr_1:1'".to_owned()),
        ("page_transfer", format!("'trf_{TWO}'")),
        ("gift_thanks", gift.to_owned()),
        ("day_sponsor_confirm", format!("'spo_{TWO}-2'")),
        ("day_sponsor_new", format!("'spo_{TWO}'")),
        ("day_sponsor_request", format!("'spo_{TWO}'")),
    ];
    for (n, (kind, source)) in kinds.iter().enumerate() {
        // Those that wait do so until tomorrow.
        let state = if n % 2 == 0 { "sent" } else { "queued" };
        statements.push(format!("INSERT INTO mails (id, kind, source_id, to_email, subject, html, text, message_id, state, attempts, run_at, created_at) VALUES ('mail_{n:032}', '{kind}', {source}, 'x@example.org', 'Quillan', 'Quillan', 'Quillan Farthing', '<{n}@x>', '{state}', 0, '2099-01-01 00:00:00', '{at}')"));
    }
    let done = world.app.site.db.tx(move |c| {
        for statement in &statements {
            selvedge::each!(c, c => diesel::sql_query(statement).execute(c))?;
        }
        Ok(())
    });
    done.await.unwrap();
    kinds.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_another_address_that_ends_alike_stay() {
    use selvedge::auth::Role;
    use selvedge::auth::mailed::{self, NewMailed, Purpose};
    let world = World::new().await;
    let gone = world.user("n@x.org", Role::Participant).await;
    let other = world.user("other@x.org", Role::Participant).await;
    let of = |email: &str| json!({ "name": "N", "email": email, "next": "/" }).to_string();
    let links: Vec<NewMailed> = [
        (Purpose::ChangeAddress, Some(other), "ann@x.org".to_owned()),
        (Purpose::Verify, None, of("ann@x.org")),
        (Purpose::ChangeAddress, Some(other), "n@x.org".to_owned()),
        (Purpose::Verify, None, of("N@x.org")),
        (Purpose::SignIn, Some(gone), "/".to_owned()),
    ]
    .into_iter()
    .map(|(purpose, user, payload)| NewMailed::make(purpose, user, &payload).unwrap().0)
    .collect();
    let (ids, now): (Vec<_>, _) = (
        links.iter().map(|link| link.id).collect(),
        world.clock.now(),
    );
    let left = world.app.site.db.tx(move |c| {
        for link in &links {
            mailed::insert(c, link, now)?;
        }
        mailed::remove_all(c, gone, "n@x.org")?;
        use selvedge::db::schema::mailed_tokens;
        let query = mailed_tokens::table
            .select(mailed_tokens::id)
            .order(mailed_tokens::id);
        let left: Vec<mailed::MailedId> = selvedge::each!(c, c => query.load(c))?;
        Ok(left)
    });
    let mut kept = ids[..2].to_vec();
    kept.sort_unstable();
    assert_eq!(left.await.unwrap(), kept);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_neither_name_nor_address_anywhere() {
    let world = World::new().await;
    let email = "quillan.farthing@example.org";
    let mut browser = Browser::new(&world);
    browser.join("Quillan Farthing", email, PASSWORD).await;
    let found = world
        .app
        .site
        .db
        .read(move |c| auth::user_by_email(c, &email.parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let (page, slug) = leave_traces(&world, found.id).await;
    // Also a donor, on somebody else's page, under the same address.
    let mut gift = World::gift(5_000);
    gift["donor"] = json!({ "name": "Quillan Farthing", "email": email });
    gift["comment"] = json!("From Quillan with love");
    world.paid(&gift).await;
    let mails = leave_mails(&world, found.id, page).await;
    assert_eq!(world.get(&format!("/pages/{slug}")).await.0, 200);
    assert!(columns_with(&world, "quillan").await.len() > 10);

    let export = browser
        .post_from("/account/data", "/account/export", &[])
        .await;
    assert_eq!(export.status, 200);
    let all: serde_json::Value = serde_json::from_str(&export.text).unwrap();
    assert_eq!(all["account"]["email"], email);
    assert_eq!(all["pages"][0]["slug"], slug);
    assert_eq!(all["diary"]["days"][0]["note"], "Quillan in blue");
    assert_eq!(all["gifts"][0]["amount"]["minor"], 5_000);
    assert_eq!(all["own_milestones"][0]["promise"], "Quillan shaves");
    assert_eq!(all["days_sponsored"][0]["page"], PAGE);
    assert_eq!(
        all["written"]["messages_to_captains"][0]["words"],
        "Quillan asks"
    );
    let entered = &all["offline_gifts_entered"];
    assert_eq!(entered.as_array().unwrap().len(), 1);
    assert_eq!(entered[0]["giver"], "Aunt Quillana");

    let slip = browser
        .post_from("/account/data", "/account/delete", &[("email", "quillan")])
        .await;
    assert_eq!(slip.status, 422);
    let old = browser.cookies.clone();
    let gone = browser
        .post_from("/account/data", "/account/delete", &[("email", email)])
        .await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    assert!(!browser.cookies.contains_key(SESSION));
    browser.cookies = old;
    assert_eq!(browser.get("/account").await.status, 401);
    let refused = Browser::new(&world).sign_in(email, PASSWORD).await;
    assert_eq!(refused.status, 401);
    assert_eq!(world.get(&format!("/pages/{slug}")).await.0, 404);
    let shown = world.get("/pages/maya-roy").await.1;
    assert!(!shown.contains("Quillan"), "the wall of another page");
    world.work().await;
    // What the processor and its sandbox sent is kept as it came until its own retention ends.
    let left: Vec<String> = columns_with(&world, "quillan")
        .await
        .into_iter()
        .filter(|column| !column.starts_with("processor_"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    let waits = world.app.site.db.read(|c| {
        use selvedge::db::schema::mails;
        let query = mails::table.filter(mails::to_email.eq("x@example.org"));
        let all: Vec<String> = selvedge::each!(c, c => query.select(mails::state).load(c))?;
        Ok(all)
    });
    let waits = waits.await.unwrap();
    assert_eq!(waits.len(), mails);
    assert!(!waits.contains(&"queued".to_owned()), "{waits:?}");
    let removed = world
        .app
        .site
        .db
        .read(move |c| {
            use selvedge::db::schema::{media, pages};
            let status = pages::table.find(page).select(pages::status);
            let status: String = selvedge::each!(c, c => status.first(c))?;
            let media = media::table.select(media::removed_at.is_not_null());
            let media: bool = selvedge::each!(c, c => media.first(c))?;
            Ok((status, media))
        })
        .await
        .unwrap();
    assert_eq!(removed, ("hidden".to_owned(), true));
    // The address is free again, and the books hold: `done` proves them.
    let mut anew = Browser::new(&world);
    assert_eq!(
        anew.join("Somebody Else", email, PASSWORD).await,
        "/account"
    );
    world.done().await;
}
