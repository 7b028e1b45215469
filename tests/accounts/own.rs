//! Changes of one's own account, mail that one switches off, and the API.

use diesel::prelude::*;
use selvedge::auth::{self, MailKind, NewToken, Role, mutes};
use serde_json::json;

use super::{PASSWORD, person};
use crate::harness::browser::{Browser, address};
use crate::harness::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn delicate_changes_need_a_fresh_proof_and_are_told_by_mail() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[]).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&email, PASSWORD).await;
    world.clock.advance(chrono::Duration::minutes(16));
    let new = [("email", "moved@example.org")];
    let asked = browser
        .post_from("/account/settings", "/account/address", &new)
        .await;
    asked.leads_to("/login/again?next=%2Faccount%2Fsettings");
    let again = "/login/again?next=%2Faccount%2Fsettings";
    let wrong = [
        ("password", "not my password"),
        ("next", "/account/settings"),
    ];
    assert_eq!(
        browser
            .post_from(again, "/login/again", &wrong)
            .await
            .status,
        401
    );
    let right = [("password", PASSWORD), ("next", "/account/settings")];
    browser
        .post_from(again, "/login/again", &right)
        .await
        .leads_to("/account/settings");
    browser
        .post_from("/account/settings", "/account/address", &new)
        .await
        .leads_to("/account/settings?done=address");
    let link = browser
        .mailed_link("moved@example.org", "/account/address")
        .await;
    assert_eq!(
        world.mails_to(&email).await.len(),
        1,
        "the old address is told"
    );
    assert!(browser.get("/account").await.text.contains(&email));
    assert_eq!(browser.post(&link, &[]).await.status, 200);
    assert!(
        browser
            .get("/account")
            .await
            .text
            .contains("moved@example.org")
    );
    assert_eq!(
        Browser::new(&world).sign_in(&email, PASSWORD).await.status,
        401
    );
    Browser::new(&world)
        .sign_in("moved@example.org", PASSWORD)
        .await
        .leads_to("/account");
    world.work().await;
    assert_eq!(world.mails_to(&email).await.len(), 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_mail_is_switched_off_by_its_link_and_get_changes_nothing() {
    let world = World::new().await;
    let email = address();
    let id = person(&world, &email, &[]).await;
    let url = world.app.accounts.off_links.url(id, MailKind::Tips);
    let path = url.strip_prefix(&world.base).unwrap().to_owned();
    let muted = || {
        let db = world.app.site.db.clone();
        async move { db.read(move |c| mutes::muted_by(c, id)).await.unwrap() }
    };
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get(&path).await.status, 200);
    assert!(muted().await.is_empty());
    // As a mail program's one click: no cookie, no seal.
    let one_click = world
        .http
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click")
        .send()
        .await
        .unwrap();
    assert_eq!(one_click.status().as_u16(), 200);
    assert_eq!(muted().await, [MailKind::Tips]);
    let other = path.replace("/tips/", "/nudges/");
    assert_eq!(
        browser.get(&other).await.status,
        404,
        "it is bound to its kind"
    );
    browser.sign_in(&email, PASSWORD).await;
    browser
        .post_from(
            "/account/settings",
            "/account/mail",
            &[("tips", "1"), ("badges", "1")],
        )
        .await
        .leads_to("/account/settings?done=mail");
    let off = muted().await;
    assert!(off.contains(&MailKind::PageGifts));
    assert!(!off.contains(&MailKind::Tips) && off.contains(&MailKind::Nudges));
    assert_eq!(off.len(), MailKind::ALL.len() - 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_sign_people_up_and_ask_who_they_are() {
    let world = World::new().await;
    person(&world, "known@example.org", &[Role::Participant]).await;
    let post = |body: serde_json::Value| {
        let request = world.http.post(world.url("/api/v1/signup")).json(&body);
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<serde_json::Value>().await.unwrap())
        }
    };
    for email in ["known@example.org", "new@example.org"] {
        let (status, body) = post(json!({ "name": "Mira", "email": email })).await;
        assert_eq!((status, body), (202, json!({ "status": "mailed" })));
    }
    let (status, body) = post(json!({ "name": " ", "email": "x" })).await;
    assert_eq!(status, 422);
    let fields: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["name", "email"]);
    assert_eq!(
        post(json!({ "name": "M", "email": "a@b.org", "password": "a stranger chose this" }))
            .await
            .0,
        422
    );
    let mut browser = Browser::new(&world);
    let link = browser.mailed_link("new@example.org", "/verify").await;
    browser.post(&link, &[]).await.leads_to("/account");

    assert_eq!(world.get("/api/v1/me").await.0, 401);
    let user = world
        .app
        .site
        .db
        .read(|c| auth::user_by_email(c, &"new@example.org".parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let (token, secret) = NewToken::make(user.id, vec!["pages:write".parse().unwrap()]).unwrap();
    let now = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| auth::token::insert(c, &token, now))
        .await
        .unwrap();
    let me: serde_json::Value = world
        .http
        .get(world.url("/api/v1/me"))
        .bearer_auth(selvedge::kernel::secret::ExposeSecret::expose_secret(
            &secret,
        ))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        me,
        json!({ "id": user.id.to_string(), "name": "Mira", "roles": ["participant"], "scopes": ["pages:write"] })
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captain_passes_the_team_on_before_leaving() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let email = address();
    let id = person(&world, &email, &[Role::Participant]).await;
    world
        .app
        .site
        .db
        .tx(move |c| {
            use selvedge::db::schema::{pages, teams};
            let with_members = pages::table
                .filter(pages::team_id.is_not_null())
                .select(pages::team_id.assume_not_null());
            let team: selvedge::teams::TeamId = selvedge::each!(c, c => with_members.first(c))?;
            selvedge::each!(c, c => diesel::update(teams::table.find(team))
                .set(teams::captain_id.eq(id))
                .execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    browser.sign_in(&email, PASSWORD).await;
    let shown = browser.get("/account/data").await.text;
    assert!(shown.contains("pass the captaincy on first"));
    let refused = browser
        .post_from("/account", "/account/delete", &[("email", &email)])
        .await;
    assert_eq!(refused.status, 409);
    assert_eq!(browser.get("/account").await.status, 200);
    world.done().await;
}
