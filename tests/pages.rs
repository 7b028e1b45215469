//! The life of a page: begun, shown, changed, thanked for, put away, handed on.

use diesel::prelude::*;
use futures_util::future::join_all;
use selvedge::auth::{Role, UserId};
use selvedge::campaigns::rules::SeasonRules;
use selvedge::db::schema::{campaigns, pages, users};
use selvedge::each;
use selvedge::kernel::{Json, Line};
use selvedge::pages::messages::NewMessage;
use selvedge::pages::model::{self, Page, PageStatus};
use selvedge::pages::{PageId, PageMails, review};
use serde_json::{Value, json};

use crate::harness::people::{Visitor, fields_of};
use crate::harness::world::{CAMPAIGN, PAGE, World};

/// The demo's own participant behind the page that gifts go to.
const OWNER: &str = "maya-roy@example.org";

impl World {
    /// Somebody whose address is confirmed, at a browser.
    async fn verified(&self, email: &str) -> (UserId, Visitor) {
        let (user, now) = (self.user(email, Role::Participant).await, self.clock.now());
        self.app
            .site
            .db
            .tx(move |c| {
                let target = users::table.find(user);
                each!(c, c => diesel::update(target)
                    .set(users::verified_at.eq(now))
                    .execute(c))?;
                Ok(())
            })
            .await
            .unwrap();
        (user, self.visitor(Some(user)).await)
    }

    async fn rules(&self, rules: SeasonRules) {
        self.app
            .site
            .db
            .tx(move |c| {
                let target = campaigns::table.filter(campaigns::slug.eq(CAMPAIGN));
                let rules = Json(rules.clone());
                each!(c, c => diesel::update(target)
                    .set(campaigns::rules.eq(rules))
                    .execute(c))?;
                Ok(())
            })
            .await
            .unwrap();
    }

    async fn page_of(&self, slug: &str) -> Page {
        let slug = slug.parse().unwrap();
        let db = &self.app.site.db;
        let found = db.read(move |c| model::any_by_slug(c, &slug)).await;
        found.unwrap().unwrap().page
    }

    fn page_mails(&self) -> PageMails {
        PageMails::new(self.app.giving.mails.clone(), &self.app.site.config)
    }

    async fn api(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let mut request = self
            .http
            .request(method.parse().unwrap(), self.url(path))
            .bearer_auth(token);
        if method != "GET" {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    async fn owner(&self) -> Visitor {
        self.visitor(Some(self.user_of(OWNER).await)).await
    }
}

fn start(step: &str) -> String {
    format!("/start/{CAMPAIGN}/{step}")
}

#[tokio::test(flavor = "multi_thread")]
async fn six_steps_make_a_live_page_and_every_step_is_kept() {
    let world = World::new().await;
    let stranger = world.visitor(None).await;
    let welcome = world.look(&stranger, &format!("/start/{CAMPAIGN}")).await;
    assert!(
        welcome.contains(&format!("/signup?next&#x3D;/start/{CAMPAIGN}"))
            || welcome.contains(&format!("/signup?next=/start/{CAMPAIGN}"))
    );
    let (user, me) = world.verified("nadia@example.org").await;
    let home = format!("/start/{CAMPAIGN}");
    assert_eq!(world.ask(&me, "GET", &home, &[]).await.place, start("name"));
    assert_eq!(world.ask(&me, "GET", &start("goal"), &[]).await.place, home);

    let refused = world
        .ask(
            &me,
            "POST",
            &start("name"),
            &[
                ("participant", "a\u{202e}b"),
                ("title", "Mine"),
                ("having", "0"),
            ],
        )
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("aria-invalid") && refused.text.contains("value=\"Mine\""));
    let names = [
        ("participant", "মায়া 🧵 مريم"),
        ("title", ""),
        ("having", "0"),
    ];
    for _ in 0..2 {
        assert_eq!(world.send(&me, &start("name"), &names).await, start("why"));
    }
    assert_eq!(
        world.ask(&me, "GET", &home, &[]).await.place,
        start("why"),
        "left here"
    );

    let deep = ">".repeat(32 * 1024);
    let refused = world
        .ask(&me, "POST", &start("why"), &[("story", &deep)])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("story-error"));
    let kept = world
        .ask(
            &me,
            "POST",
            &start("why"),
            &[("story", "I wear"), ("keep", "1")],
        )
        .await;
    assert_eq!(kept.status, 204);
    assert_eq!(
        world.ask(&me, "GET", &home, &[]).await.place,
        start("why"),
        "keeping is no step"
    );
    assert!(
        world
            .look(&me, &start("why"))
            .await
            .contains("I wear</textarea>")
    );
    assert_eq!(
        world
            .send(&me, &start("why"), &[("story", "I wear **it**.")])
            .await,
        start("goal")
    );
    let refused = world
        .ask(&me, "POST", &start("goal"), &[("goal_own", "1.2.3")])
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        world
            .send(&me, &start("goal"), &[("goal_own", "750")])
            .await,
        start("photo")
    );
    assert_eq!(
        world.send(&me, &start("photo"), &[]).await,
        start("address")
    );
    let refused = world
        .ask(&me, "POST", &start("address"), &[("slug", PAGE)])
        .await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("is taken"));
    let look = world
        .ask(&me, "GET", "/start/slug?slug=maya-roy", &[])
        .await;
    assert!(look.text.contains("\"free\":false"), "{}", look.text);
    assert_eq!(
        world
            .send(&me, &start("address"), &[("slug", "nadia-wears")])
            .await,
        start("preview")
    );
    // Back to an earlier step, and on: nothing is lost.
    world
        .send(
            &me,
            &start("name"),
            &[("participant", "Nadia"), ("title", "Mine"), ("having", "0")],
        )
        .await;
    assert_eq!(
        world.ask(&me, "GET", &home, &[]).await.place,
        start("preview")
    );

    assert_eq!(
        world.get("/pages/nadia-wears").await.0,
        404,
        "a draft is its owner's"
    );
    assert!(
        world
            .look(&me, "/pages/nadia-wears")
            .await
            .contains("Only you")
    );
    assert_eq!(world.get("/api/v1/pages/nadia-wears").await.0, 404);
    let preview = world.look(&me, &start("preview")).await;
    assert!(preview.contains("<strong>it</strong>"));
    let page = fields_of(&preview, &start("preview"))["page"][0].clone();
    for _ in 0..2 {
        let place = world.send(&me, &start("preview"), &[("page", &page)]).await;
        assert_eq!(place, "/pages/nadia-wears/started");
    }
    assert!(
        world
            .look(&me, "/pages/nadia-wears/started")
            .await
            .contains("Your page is live")
    );
    let shown = world.json("/api/v1/pages/nadia-wears").await;
    assert_eq!(
        (&shown["status"], &shown["goal"]["minor"]),
        (&json!("live"), &json!(75_000))
    );
    // The back button after the end, an old form sent again: nothing is made.
    assert_eq!(world.send(&me, &start("name"), &names).await, home);
    assert_eq!(
        world.send(&me, &start("why"), &[("story", "old")]).await,
        home
    );
    assert!(
        world
            .look(&me, &home)
            .await
            .contains("/pages/nadia-wears/edit")
    );
    let db = &world.app.site.db;
    let campaign = world.page_of("nadia-wears").await.campaign_id;
    let mine = db
        .read(move |c| model::of_owner_in(c, user, campaign))
        .await
        .unwrap();
    assert_eq!(mine.len(), 1);
    // A second page by intent.
    let second = [("participant", "Nadia's son"), ("having", "1")];
    assert_eq!(world.send(&me, &start("name"), &second).await, start("why"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_season_that_approves_pages_asks_back_and_forth() {
    let world = World::new().await;
    world
        .rules(SeasonRules {
            approve_pages: true,
            ..SeasonRules::default()
        })
        .await;
    let (_, me) = world.verified("omar@example.org").await;
    let staff = world.user("noor@staff.example", Role::Coordinator).await;
    world
        .send(
            &me,
            &start("name"),
            &[("participant", "Omar"), ("having", "0")],
        )
        .await;
    let page = world.page_of("omar").await;
    let id = page.id;
    world
        .send(&me, &start("preview"), &[("page", &id.to_string())])
        .await;
    assert_eq!(world.page_of("omar").await.status, PageStatus::Submitted);
    assert!(
        world
            .look(&me, "/pages/omar/started")
            .await
            .contains("Sent for approval")
    );
    assert_eq!(world.get("/pages/omar").await.0, 404);

    let (db, now) = (&world.app.site.db, world.clock.now());
    let (mails, message) = (
        world.page_mails(),
        NewMessage::parse("Which school?").unwrap(),
    );
    let asked = message.clone();
    db.tx(move |c| review::ask_for_more(c, &mails, id, staff, &asked, now))
        .await
        .unwrap();
    let editor = world.look(&me, "/pages/omar/edit").await;
    assert!(editor.contains("Which school?") && editor.contains("Answer and send again"));
    let answer = [("do", "send_again"), ("message", "The one on the hill.")];
    world.send(&me, "/pages/omar/edit/state", &answer).await;
    world.send(&me, "/pages/omar/edit/state", &answer).await;
    assert_eq!(world.page_of("omar").await.status, PageStatus::Submitted);
    let mails = world.page_mails();
    db.tx(move |c| review::approve(c, &mails, id, staff, now))
        .await
        .unwrap();
    let mails = world.page_mails();
    let twice = db
        .tx(move |c| review::approve(c, &mails, id, staff, now))
        .await;
    assert!(twice.is_err());
    assert_eq!(world.get("/pages/omar").await.0, 200);
    world.work().await;
    let subjects: Vec<String> = world
        .mails_to("omar@example.org")
        .await
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");

    let (mails, reason) = (
        world.page_mails(),
        Line::parse("A name that is not yours", 200).unwrap(),
    );
    let followed = db
        .tx(move |c| review::hide(c, &mails, id, staff, &reason, now))
        .await
        .unwrap();
    selvedge::pages::public::withdrawn(&world.app.site, &page);
    followed.tell(&world.app.site);
    assert_eq!(world.get("/pages/omar").await.0, 404);
    assert!(
        world
            .look(&me, "/pages/omar/edit")
            .await
            .contains("A name that is not yours")
    );
    // What staff hid, its owner cannot show.
    world
        .send(&me, "/pages/omar/edit/state", &[("do", "unarchive")])
        .await;
    assert_eq!(world.page_of("omar").await.status, PageStatus::Hidden);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_pages_made_at_once_have_two_hundred_addresses() {
    let world = World::new().await;
    let user = world.user("many@example.org", Role::Participant).await;
    let token = world.token(user, &["pages:write", "pages:read"]).await;
    let path = format!("/api/v1/campaigns/{CAMPAIGN}/pages");
    let body = json!({ "title": "At once", "participant": "Lena Brook" });
    let made = join_all((0..200).map(|_| world.api("POST", &path, &token, &body))).await;
    let mut slugs = Vec::new();
    for (status, page) in made {
        assert_eq!(status, 201, "{page}");
        slugs.push(page["slug"].as_str().unwrap().to_owned());
    }
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 200);
    assert!(slugs.contains(&"lena-brook".to_owned()));
    let body = json!({ "title": "At once", "slug": "the-one" });
    let made = join_all((0..50).map(|_| world.api("POST", &path, &token, &body))).await;
    let won = made.iter().filter(|(status, _)| *status == 201).count();
    let lost = made
        .iter()
        .filter(|(status, page)| *status == 409 && page["code"] == "slug_taken")
        .count();
    assert_eq!((won, lost), (1, 49));
    // One draft, however many ask for it.
    let body = json!({ "title": "Draft", "draft": true });
    let made = join_all((0..20).map(|_| world.api("POST", &path, &token, &body))).await;
    let won = made.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(won, 1);
    assert!(
        made.iter()
            .all(|(status, page)| *status == 201 || page["code"] == "draft_exists")
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_makes_and_changes_pages_for_those_who_may() {
    let world = World::new().await;
    let user = world.user("api@example.org", Role::Participant).await;
    let token = world.token(user, &["pages:write", "pages:read"]).await;
    let path = format!("/api/v1/campaigns/{CAMPAIGN}/pages");
    for name in ["মায়া রায়", "مريم", "👩🏽‍🎓 Ana", "李小龙"] {
        let (status, page) = world
            .api(
                "POST",
                &path,
                &token,
                &json!({ "title": name, "participant": name }),
            )
            .await;
        assert_eq!(status, 201, "{page}");
        assert_eq!(page["participant"], name);
    }
    let wrong = [
        (json!({ "title": "a\u{0007}" }), "title"),
        (
            json!({ "title": "x", "participant": "a\u{202e}b" }),
            "participant",
        ),
        (json!({ "title": "x", "slug": "Not A Slug" }), "slug"),
        (
            json!({ "title": "x", "goal": { "minor": -1, "currency": "USD" } }),
            "goal",
        ),
        (
            json!({ "title": "x", "story": "> ".repeat(16_000) }),
            "story",
        ),
        (json!({ "title": "x", "team": "no-such-team" }), "team"),
        (json!({ "title": "x", "previous": PAGE }), "previous"),
        (json!({ "title": "x", "owner": "me" }), "owner"),
    ];
    let euros = json!({ "title": "x", "goal": { "minor": 1, "currency": "EUR" } });
    let (status, answer) = world.api("POST", &path, &token, &euros).await;
    assert_eq!(
        (status, &answer["errors"][0]["field"]),
        (409, &json!("goal"))
    );
    // Well written, but it names nothing that is there.
    let fits_not = |field| ["team", "previous"].contains(&field);
    for (body, field) in wrong {
        let (status, answer) = world.api("POST", &path, &token, &body).await;
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (if fits_not(field) { 409 } else { 422 }, &json!(field)),
            "{answer}"
        );
    }
    let keyed = || async {
        let answer = world
            .http
            .post(world.url(&path))
            .bearer_auth(&token)
            .header("idempotency-key", "once")
            .json(&json!({ "title": "Once" }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 201);
        answer.json::<Value>().await.unwrap()["id"].clone()
    };
    assert_eq!(keyed().await, keyed().await);

    let draft = json!({ "title": "Quiet", "slug": "quiet", "draft": true });
    let (status, page) = world.api("POST", &path, &token, &draft).await;
    assert_eq!((status, &page["status"]), (201, &json!("draft")));
    let here = "/api/v1/pages/quiet";
    assert_eq!(world.get(here).await.0, 404);
    let (status, seen) = world.api("GET", here, &token, &Value::Null).await;
    assert_eq!(
        (status, &seen["url"]),
        (
            200,
            &json!(world.app.site.config.public_url() + "/pages/quiet")
        )
    );
    let other = world.user("other@example.org", Role::Participant).await;
    let stranger = world.token(other, &["pages:write", "pages:read"]).await;
    assert_eq!(world.api("GET", here, &stranger, &Value::Null).await.0, 404);
    assert_eq!(
        world
            .api("PATCH", here, &stranger, &json!({ "title": "Mine" }))
            .await
            .0,
        404
    );
    let (status, live) = world
        .api(
            "PATCH",
            here,
            &token,
            &json!({ "status": "live", "title": "Loud", "slug": "loud" }),
        )
        .await;
    assert_eq!(
        (status, &live["status"], &live["title"]),
        (200, &json!("live"), &json!("Loud")),
        "{live}"
    );
    let theirs = world
        .api(
            "PATCH",
            "/api/v1/pages/loud",
            &stranger,
            &json!({ "title": "Mine" }),
        )
        .await;
    assert_eq!(theirs.0, 403);
    let readonly = world.token(user, &["pages:read"]).await;
    assert_eq!(
        world
            .api("PATCH", "/api/v1/pages/loud", &readonly, &json!({}))
            .await
            .0,
        403
    );

    let answer = world
        .http
        .get(world.url("/api/v1/pages/loud"))
        .send()
        .await
        .unwrap();
    let version = answer.headers()["etag"].to_str().unwrap().to_owned();
    let patch = |title: &'static str| {
        let request = world
            .http
            .patch(world.url("/api/v1/pages/loud"))
            .bearer_auth(&token)
            .header("if-match", &version)
            .json(&json!({ "title": title }));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((patch("First").await, patch("Second").await), (200, 409));
    assert_eq!(world.json("/api/v1/pages/loud").await["title"], "First");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_windows_older_text_does_not_overwrite_and_old_addresses_lead_on() {
    let world = World::new().await;
    let me = world.owner().await;
    let here = format!("/pages/{PAGE}/edit");
    let form = fields_of(&world.look(&me, &here).await, &here);
    let filled = |story: &'static str, slug: &'static str| {
        let mut fields: Vec<(&str, &str)> = vec![("story", story), ("slug", slug)];
        for name in ["title", "participant", "goal", "photo_alt", "version"] {
            fields.push((name, form[name][0].as_str()));
        }
        fields
    };
    let place = world.send(&me, &here, &filled("The new story", PAGE)).await;
    assert_eq!(place, format!("{here}?saved=1"));
    let clash = world
        .ask(&me, "POST", &here, &filled("The other story", PAGE))
        .await;
    assert_eq!(clash.status, 409);
    assert!(clash.text.contains("The new story") && clash.text.contains("The other story"));
    assert_eq!(world.page_of(PAGE).await.story, "The new story");
    let now = fields_of(&clash.text, &here)["version"][0].clone();
    let mut fields = filled("The other story", "maya-wears");
    fields.retain(|(name, _)| *name != "version");
    fields.push(("version", &now));
    world.send(&me, &here, &fields).await;
    let page = world.page_of("maya-wears").await;
    assert_eq!(page.story, "The other story");

    let old = world.ask(&me, "GET", &format!("/pages/{PAGE}"), &[]).await;
    assert_eq!((old.status, old.place.as_str()), (301, "/pages/maya-wears"));
    // Nobody else may take the address that she had; she may.
    let (_, other) = world.verified("late@example.org").await;
    world
        .send(
            &other,
            &start("name"),
            &[("participant", "Late"), ("having", "0")],
        )
        .await;
    let refused = world
        .ask(&other, "POST", &start("address"), &[("slug", PAGE)])
        .await;
    assert_eq!(refused.status, 409);
    let preview = world
        .ask(
            &me,
            "POST",
            "/pages/maya-wears/edit",
            &[
                ("do", "preview"),
                ("title", "T"),
                ("participant", "M"),
                ("story", "**y** and <script>x</script>"),
                ("slug", "maya-wears"),
            ],
        )
        .await;
    assert!(preview.text.contains("<strong>y</strong>") && !preview.text.contains("<script>x"));
    assert_eq!(world.page_of("maya-wears").await.story, "The other story");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_put_away_takes_no_gifts_and_comes_back() {
    let world = World::new().await;
    let me = world.owner().await;
    let (_, begun) = world.begin(&World::gift(5_000)).await;
    let state = format!("/pages/{PAGE}/edit/state");
    world.send(&me, &state, &[("do", "archive")]).await;
    assert_eq!(world.get(&format!("/pages/{PAGE}")).await.0, 404);
    assert_eq!(
        world.get(&format!("/give/{CAMPAIGN}?page={PAGE}")).await.0,
        404
    );
    assert_eq!(world.post_gift("late", &World::gift(5_000)).await.0, 409);
    let board = world
        .json(&format!(
            "/api/v1/campaigns/{CAMPAIGN}/leaderboard?limit=100"
        ))
        .await;
    let on_board = |board: &Value| {
        board["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["slug"] == PAGE)
    };
    assert!(!on_board(&board));
    // What was begun before arrives.
    assert_eq!(world.pay(&begun, crate::harness::world::PAYS).await, 303);
    world.settle().await;
    world.send(&me, &state, &[("do", "unarchive")]).await;
    assert_eq!(world.page_totals(PAGE).await, (5_000, 1, 1));
    let board = world
        .json(&format!(
            "/api/v1/campaigns/{CAMPAIGN}/leaderboard?limit=100"
        ))
        .await;
    assert!(on_board(&board));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_changes_hands_by_a_mailed_link_and_by_that_address_alone() {
    let world = World::new().await;
    let me = world.owner().await;
    let offer = format!("/pages/{PAGE}/edit/transfer");
    assert_eq!(
        world
            .ask(&me, "POST", &offer, &[("email", "nobody")])
            .await
            .status,
        422
    );
    world
        .send(&me, &offer, &[("email", "heir@example.org")])
        .await;
    world.work().await;
    let mail = world.mails_to("heir@example.org").await.remove(0);
    let text = mail["text"].as_str().unwrap();
    let link = text.split("/pages/transfer/").nth(1).unwrap();
    let link = format!(
        "/pages/transfer/{}",
        link.split_whitespace().next().unwrap()
    );
    let stranger = world.visitor(None).await;
    assert!(world.look(&stranger, &link).await.contains("/login?next"));
    let (_, wrong) = world.verified("wrong@example.org").await;
    assert_eq!(
        world
            .ask(&wrong, "POST", &link, &[("answer", "yes")])
            .await
            .status,
        403
    );
    let (heir, hers) = world.verified("Heir@Example.org").await;
    assert!(world.look(&hers, &link).await.contains("it is mine now"));
    let place = world.send(&hers, &link, &[("answer", "yes")]).await;
    assert_eq!(place, format!("/pages/{PAGE}/edit"));
    assert_eq!(world.page_of(PAGE).await.owner_id, Some(heir));
    assert_eq!(world.ask(&me, "GET", &place, &[]).await.status, 403);
    assert_eq!(
        world
            .ask(&hers, "POST", &link, &[("answer", "yes")])
            .await
            .status,
        404
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_offered_five_times_a_day_at_most() {
    let world = World::new().await;
    let me = world.owner().await;
    let offer = format!("/pages/{PAGE}/edit/transfer");
    for n in 0..6 {
        let to = format!("heir-{n}@example.org");
        let answer = world.ask(&me, "POST", &offer, &[("email", &to)]).await;
        assert_eq!(answer.status, if n < 5 { 303 } else { 409 }, "{n}");
    }
    world.work().await;
    assert_eq!(world.mails_to("heir-5@example.org").await.len(), 0);
    world.clock.advance(chrono::Duration::hours(25));
    let me = world.owner().await;
    world
        .send(&me, &offer, &[("email", "heir-5@example.org")])
        .await;
    world.done().await;
}

#[derive(QueryableByName, Debug)]
struct Said {
    #[diesel(sql_type = diesel::sql_types::Text)]
    said: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_takes_along_what_is_public_and_leaves_what_was_private() {
    let world = World::new().await;
    let me = world.owner().await;
    let page = world.page_of(PAGE).await;
    let other = world.page_of("sam-okafor").await.id;
    let (id, giver, campaign) = (page.id, page.owner_id.unwrap(), page.campaign_id);
    let at = world.clock.now().rfc3339();
    let at = at.trim_end_matches('Z').replace('T', " ");
    let med = |n: u8| format!("med_{n:032}");
    let mut statements: Vec<String> = [(1, "page"), (2, "page_update"), (3, "diary_entry"), (4, "diary_entry")]
        .into_iter()
        .map(|(n, used)| format!("INSERT INTO media (id, owner_id, used_for, width, height, bytes, created_at) VALUES ('{}', '{giver}', '{used}', 10, 10, 10, '{at}')", med(n)))
        .collect();
    statements.push(format!("UPDATE pages SET photo = '{}', previous_id = '{other}', is_diary_public = TRUE WHERE id = '{id}'", med(1)));
    statements.push(format!("INSERT INTO page_updates (id, page_id, body, photo, photo_alt, created_at) VALUES ('upd_00000000000000000000000000000001', '{id}', 'News', '{}', '', '{at}')", med(2)));
    for (n, note, is_public) in [(3, "open note", "TRUE"), (4, "private note", "FALSE")] {
        statements.push(format!("INSERT INTO diary_entries (id, page_id, day, outfit, note, photo, photo_alt, is_public, is_backfill, created_at, updated_at) VALUES ('dia_{n:032}', '{id}', '2026-12-0{n}', 'dress', '{note}', '{}', 'alt {note}', {is_public}, FALSE, '{at}', '{at}')", med(n)));
    }
    statements.push(format!("INSERT INTO conversations (id, page_id, day, who, learned, signed, gave, note, created_at) VALUES ('tlk_00000000000000000000000000000001', '{id}', '2026-12-03', 'friend', TRUE, FALSE, FALSE, 'whom I told', '{at}')"));
    let done = world.app.site.db.tx(move |c| {
        for statement in &statements {
            each!(c, c => diesel::sql_query(statement).execute(c))?;
        }
        let counted = selvedge::totals::tallies::Counted {
            page: id,
            campaign,
            is_shown: true,
        };
        let tally = selvedge::totals::Tally {
            days: 2,
            conversations: 1,
            learned: 1,
            signed: 0,
            gave: 0,
        };
        selvedge::totals::tallies::add(c, counted, tally)
    });
    done.await.unwrap();
    let edit = world.look(&me, &format!("/pages/{PAGE}/edit")).await;
    assert!(edit.contains("Private days of your diary"), "{edit}");
    let offer = format!("/pages/{PAGE}/edit/transfer");
    world
        .send(&me, &offer, &[("email", "heir@example.org")])
        .await;
    world.work().await;
    let mail = world.mails_to("heir@example.org").await.remove(0);
    let text = mail["text"].as_str().unwrap();
    let link = text.split("/pages/transfer/").nth(1).unwrap();
    let link = link.split_whitespace().next().unwrap();
    let link = format!("/pages/transfer/{link}");
    let (heir, hers) = world.verified("heir@example.org").await;
    let asked = world.look(&hers, &link).await;
    assert!(asked.contains("is yours to change"), "{asked}");
    world.send(&hers, &link, &[("answer", "yes")]).await;
    let said = async |query: String| {
        let db = &world.app.site.db;
        let read = db.read(move |c| {
            let rows: Vec<Said> = each!(c, c => diesel::sql_query(&query).load(c))?;
            Ok(rows.into_iter().map(|row| row.said).collect::<Vec<_>>())
        });
        read.await.unwrap()
    };
    let heir = heir.to_string();
    let owners = said(format!(
        "SELECT owner_id AS said FROM media WHERE removed_at IS NULL AND id <= '{}' ORDER BY id",
        med(4)
    ))
    .await;
    assert_eq!(owners, vec![heir.clone(); 3]);
    let kept = said(format!(
        "SELECT owner_id AS said FROM media WHERE id = '{}'",
        med(4)
    ));
    assert_eq!(kept.await, vec![giver.to_string()]);
    let notes = said(format!(
        "SELECT note || '|' || photo_alt || '|' || COALESCE(photo, '-') AS said FROM diary_entries WHERE page_id = '{id}' AND id IN ('dia_{:032}', 'dia_{:032}') ORDER BY day",
        3, 4
    ));
    assert_eq!(
        notes.await,
        vec![format!("open note|alt open note|{}", med(3)), "||-".into()]
    );
    let talks = said(format!(
        "SELECT note AS said FROM conversations WHERE page_id = '{id}' AND note <> ''"
    ));
    assert_eq!(talks.await, Vec::<String>::new());
    assert_eq!(world.page_of(PAGE).await.previous_id, None);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thanks_go_once_and_an_anonymous_giver_stays_unknown_to_the_owner() {
    const MARK: &str = "Xanthippe Marker";
    let world = World::new().await;
    let me = world.owner().await;
    let mut secret = World::gift(4_200);
    secret["donor"] = json!({ "name": MARK, "email": "xanthippe.marker@example.org" });
    secret["anonymous"] = json!(true);
    let unknown = world.paid(&secret).await;
    let mut named = World::gift(3_000);
    named["comment"] = json!("=1+cmd(A1)");
    let known = world.paid(&named).await;
    let here = format!("/pages/{PAGE}/gifts");
    let csv = format!("{here}.csv");
    let (_, other) = world.verified("curious@example.org").await;
    for path in [&here, &csv] {
        assert_eq!(world.ask(&other, "GET", path, &[]).await.status, 403);
    }
    let public = [
        format!("/pages/{PAGE}"),
        format!("/api/v1/pages/{PAGE}"),
        format!("/api/v1/pages/{PAGE}/donations"),
        format!("/campaigns/{CAMPAIGN}"),
    ];
    let mut seen = Vec::new();
    for path in [
        &here,
        &csv,
        &format!("/pages/{PAGE}/asks"),
        &format!("/pages/{PAGE}/edit"),
    ]
    .into_iter()
    .chain(&public)
    {
        seen.push((path.clone(), world.look(&me, path).await));
    }
    for (path, text) in &seen {
        for mark in ["Xanthippe", "xanthippe"] {
            assert!(!text.contains(mark), "{path} tells of {mark}");
        }
    }
    assert!(seen[0].1.contains("Asha Verma") && seen[0].1.contains("Anonymous"));
    assert!(seen[1].1.contains("\"'=1+cmd("), "{}", seen[1].1);
    assert!(!seen[0].1.contains("asha@example.org"));

    let thanks = format!("{here}/thanks");
    let fields = [
        ("gift", unknown.as_str()),
        ("words", "Whoever you are:\nthank you."),
    ];
    let answers = join_all((0..20).map(|_| world.ask(&me, "POST", &thanks, &fields))).await;
    assert!(answers.iter().all(|answer| answer.status == 303));
    let counted = answers
        .iter()
        .filter(|answer| answer.place.contains("thanked=1"))
        .count();
    assert_eq!(counted, 1);
    let all = world.send(&me, &format!("{thanks}/all"), &[]).await;
    assert!(all.contains("thanked=1"), "{all}");
    let none = world.send(&me, &format!("{thanks}/all"), &[]).await;
    assert!(none.contains("thanked=0"), "{none}");
    assert_eq!(
        world
            .ask(&me, "POST", &thanks, &[("gift", "don_x")])
            .await
            .status,
        404
    );
    world.work().await;
    let thanked = |mails: Vec<Value>| {
        mails
            .iter()
            .filter(|mail| mail["subject"].as_str().unwrap().contains("Thank you from"))
            .count()
    };
    assert_eq!(
        thanked(world.mails_to("xanthippe.marker@example.org").await),
        1
    );
    assert_eq!(thanked(world.mails_to("asha@example.org").await), 1);
    assert!(world.look(&me, &here).await.contains("Thanked on"));
    assert_ne!(known, unknown);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_outside_the_program_stands_beside_the_total_and_never_in_it() {
    let world = World::new().await;
    let me = world.owner().await;
    let here = format!("/pages/{PAGE}/gifts");
    let action = format!("{here}/offline");
    let form = fields_of(&world.look(&me, &here).await, &action);
    let id = form["id"][0].clone();
    let today = form["received_on"][0].clone();
    let entry = |amount: &'static str, name: &'static str| {
        [
            ("id", id.clone()),
            ("kind", "cash".to_owned()),
            ("amount", amount.to_owned()),
            ("donor_name", name.to_owned()),
            ("received_on", today.clone()),
            ("anonymous", "1".to_owned()),
        ]
    };
    async fn post(
        world: &World,
        me: &Visitor,
        path: &str,
        fields: &[(&str, String)],
    ) -> (u16, String) {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = world.ask(me, "POST", path, &fields).await;
        (answer.status, answer.text)
    }
    let (status, text) = post(&world, &me, &action, &entry("nothing", "Tobias")).await;
    assert_eq!(status, 422);
    assert!(text.contains("amount-error") && text.contains("value=\"Tobias\""));
    for _ in 0..2 {
        assert_eq!(
            post(&world, &me, &action, &entry("40", "Uncle Tobias"))
                .await
                .0,
            303
        );
    }
    let page = world.json(&format!("/api/v1/pages/{PAGE}")).await;
    assert_eq!(
        page["unconfirmed"],
        json!({ "minor": 4_000, "currency": "USD" })
    );
    assert_eq!(page["raised"]["minor"], 0);
    let (_, public) = world.get(&format!("/pages/{PAGE}")).await;
    assert!(public.contains("$40 in cash") && !public.contains("Tobias"));
    let own = format!("{action}/{id}");
    assert_eq!(
        post(&world, &me, &own, &entry("45", "Uncle Tobias"))
            .await
            .0,
        303
    );
    assert_eq!(
        world.json(&format!("/api/v1/pages/{PAGE}")).await["unconfirmed"]["minor"],
        4_500
    );
    for _ in 0..2 {
        world.send(&me, &format!("{own}/withdraw"), &[]).await;
    }
    assert_eq!(
        world.json(&format!("/api/v1/pages/{PAGE}")).await["unconfirmed"]["minor"],
        0
    );
    assert_eq!(world.ask(&me, "GET", &own, &[]).await.status, 404);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_brings_the_page_over_and_asks_those_who_can_be_named() {
    let world = World::new().await;
    let user = world.user_of(OWNER).await;
    let me = world.visitor(Some(user)).await;
    // Five open gifts of one person, an open and an anonymous one of another, an anonymous one of a third.
    for (name, email, anonymous) in [
        ("Asha Verma", "asha@example.org", false),
        ("Asha Verma", "asha@example.org", false),
        ("Ben Okri", "ben@example.org", false),
        ("Ben Hidden", "ben@example.org", true),
        ("Hidden Third", "third@example.org", true),
    ] {
        let mut gift = World::gift(2_500);
        gift["donor"] = json!({ "name": name, "email": email });
        gift["anonymous"] = json!(anonymous);
        world.paid(&gift).await;
    }
    // The season that ran so far becomes the one before a new one.
    let old = world.page_of(PAGE).await;
    let (db, now) = (&world.app.site.db, world.clock.now());
    let next = selvedge::campaigns::CampaignId::new();
    db.tx(move |c| {
        let source = selvedge::campaigns::model::by_id(c, old.campaign_id)?;
        let new = selvedge::campaigns::ops::CreateCampaign {
            id: next,
            fund: selvedge::ids::FundId::new(),
            slug: "next-season".parse().unwrap(),
            title: Line::parse("Next season", 80).unwrap(),
            appeal: Line::parse("Again.", 80).unwrap(),
            story: Default::default(),
            time_zone: source.time_zone,
            starts_on: "2027-12-01".parse().unwrap(),
            ends_on: "2027-12-31".parse().unwrap(),
            giving_until: "2028-01-31".parse().unwrap(),
            goal: source.goal(),
            minimum: source.minimum(),
            suggested: source.suggested(),
            accent: "#2f5d62".parse().unwrap(),
            faq: Vec::new(),
            programs: Vec::new(),
            previous: Some(source.id),
        };
        selvedge::campaigns::ops::create(c, &new, now)?;
        let target = campaigns::table.find(next);
        each!(c, c => diesel::update(target)
            .set(campaigns::status.eq(selvedge::campaigns::CampaignStatus::Live))
            .execute(c))?;
        let target = users::table.find(user);
        each!(c, c => diesel::update(target).set(users::verified_at.eq(now)).execute(c))?;
        Ok(())
    })
    .await
    .unwrap();
    assert!(
        world
            .look(&me, "/start/next-season")
            .await
            .contains("Bring last year")
    );
    for _ in 0..2 {
        world.send(&me, "/start/next-season/bring", &[]).await;
    }
    let drafts: Vec<Page> = db
        .read(move |c| model::of_owner_in(c, user, next))
        .await
        .unwrap();
    assert_eq!(drafts.len(), 1);
    let (draft, old) = (drafts[0].clone(), world.page_of(PAGE).await);
    assert_eq!(
        (&draft.title, draft.previous_id),
        (&old.title, Some(old.id))
    );
    assert_eq!(draft.goal(selvedge::kernel::Currency::USD).minor(), 200_000);
    let asks = format!("/pages/{}/asks", draft.slug);
    let list = world.look(&me, &asks).await;
    assert!(list.contains("Asha Verma") && list.contains("2 gifts") && list.contains("Ben Okri"));
    assert!(!list.contains("Hidden"), "{list}");
    assert!(list.contains("1 person who gave anonymously"));
    let rows = list.matches("not asked yet").count();
    assert_eq!(rows, 2);
    let supporter = fields_of(&list, &asks)["supporter"][0].clone();
    for _ in 0..2 {
        world
            .send(&me, &asks, &[("supporter", &supporter), ("asked", "1")])
            .await;
    }
    assert_eq!(
        world
            .look(&me, &asks)
            .await
            .matches("not asked yet")
            .count(),
        1
    );
    assert_eq!(
        world
            .ask(
                &me,
                "POST",
                &asks,
                &[("supporter", "sup_none"), ("asked", "1")]
            )
            .await
            .status,
        404
    );
    world.done().await;
}

/// Every pair of states: what no verb allows cannot happen, whoever calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_moves_as_its_states_say_and_no_other_way() {
    use selvedge::pages::ops;
    let world = World::new().await;
    let id: PageId = world.page_of(PAGE).await.id;
    let staff = world.user("noor@staff.example", Role::Coordinator).await;
    let (db, now, mails) = (&world.app.site.db, world.clock.now(), world.page_mails());
    for from in PageStatus::ALL.iter().copied() {
        for verb in [
            "publish",
            "archive",
            "unarchive",
            "approve",
            "ask",
            "hide",
            "show",
            "again",
        ] {
            let mails = mails.clone();
            let moved = db
                .tx(move |c| {
                    let target = pages::table.find(id);
                    each!(c, c => diesel::update(target).set(pages::status.eq(from)).execute(c))?;
                    let message = NewMessage {
                        id: selvedge::pages::messages::MessageId::new(),
                        body: "x".into(),
                    };
                    let reason = Line::parse("x", 9).unwrap();
                    let done = match verb {
                        "publish" => ops::publish(c, id, now).map(|_| ()),
                        "archive" => ops::archive(c, id, now).map(|_| ()),
                        "unarchive" => ops::unarchive(c, id, now).map(|_| ()),
                        "approve" => review::approve(c, &mails, id, staff, now),
                        "ask" => review::ask_for_more(c, &mails, id, staff, &message, now),
                        "hide" => review::hide(c, &mails, id, staff, &reason, now).map(|_| ()),
                        "show" => review::show(c, &mails, id, staff, now).map(|_| ()),
                        _ => review::send_again(c, id, staff, None, now),
                    };
                    let query = pages::table.find(id).select(pages::status);
                    let to: PageStatus = each!(c, c => query.first(c))?;
                    Ok((done.is_ok(), to))
                })
                .await
                .unwrap();
            let allowed = match verb {
                "publish" => from == PageStatus::Draft,
                "archive" | "hide" => from == PageStatus::Live,
                "unarchive" => from == PageStatus::Archived,
                "approve" | "ask" => from == PageStatus::Submitted,
                "show" => from == PageStatus::Hidden,
                _ => from == PageStatus::NeedsInfo,
            };
            assert_eq!(moved.0, allowed, "{verb} from {from}");
            if allowed {
                assert!(moved.1.comes_from().contains(&from), "{verb} from {from}");
            } else {
                assert_eq!(moved.1, from, "{verb} from {from}");
            }
        }
    }
    world.done().await;
}
