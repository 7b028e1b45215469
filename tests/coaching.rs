//! The participant's home: the next step, promises with their exact gap, badges, and who may see it.

use secrecy::ExposeSecret;
use selvedge::auth::sessions::{NewSession, begin};
use selvedge::auth::{Role, UserId, grant_role, user_by_email};
use serde_json::json;

use crate::harness::world::{PAGE, World};

/// A browser that is signed in, with the seal of its forms.
struct Browser<'a> {
    world: &'a World,
    cookies: String,
    seal: String,
}

impl<'a> Browser<'a> {
    /// Signs in the owner of the address and opens a page with a form on it.
    async fn of(world: &'a World, email: &str, form: &str) -> Browser<'a> {
        let (email, now) = (email.parse().unwrap(), world.clock.now());
        let user = world
            .app
            .site
            .db
            .read(move |c| user_by_email(c, &email))
            .await
            .unwrap()
            .unwrap()
            .id;
        Self::as_user(world, user, form, now).await
    }

    async fn as_user(
        world: &'a World,
        user: UserId,
        form: &str,
        now: selvedge::kernel::Timestamp,
    ) -> Browser<'a> {
        let (session, secret) = NewSession::make(user, "test").unwrap();
        world
            .app
            .site
            .db
            .tx(move |c| begin(c, &session, now))
            .await
            .unwrap();
        let session = format!("selvedge-session={}", secret.expose_secret());
        let mut browser = Browser {
            world,
            cookies: session,
            seal: String::new(),
        };
        let answer = world
            .http
            .get(world.url(form))
            .header("cookie", &browser.cookies)
            .send()
            .await
            .unwrap();
        let set = answer
            .headers()
            .get("set-cookie")
            .map(|value| value.to_str().unwrap().to_owned());
        let html = answer.text().await.unwrap();
        if let Some(set) = set {
            browser.cookies = format!("{}; {}", browser.cookies, set.split(';').next().unwrap());
        }
        if let Some((_, rest)) = html.split_once("name=\"csrf\" value=\"") {
            browser.seal = rest.split('"').next().unwrap().to_owned();
        }
        browser
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self
            .world
            .http
            .get(self.world.url(path))
            .header("cookie", &self.cookies)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &self.seal).extend_pairs(fields);
        let answer = self
            .world
            .http
            .post(self.world.url(path))
            .header("cookie", &self.cookies)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The addresses to which the forms of promises on the page are sent.
    async fn promises(&self) -> Vec<String> {
        let (_, html) = self.get(&coach()).await;
        let mut all: Vec<String> = html
            .split("action=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .filter(|action| action.contains("/promises/"))
            .collect();
        all.dedup();
        all
    }
}

fn coach() -> String {
    format!("/pages/{PAGE}/coach")
}

fn promises() -> String {
    format!("/pages/{PAGE}/coach/promises")
}

const OWNER: &str = "maya-roy@example.org";

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_and_the_coordinator_see_the_next_steps() {
    let world = World::new().await;
    assert_eq!(world.get(&coach()).await.0, 401);
    let other = Browser::of(&world, "sam-okafor@example.org", "/").await;
    assert_eq!(other.get(&coach()).await.0, 403);
    let owner = Browser::of(&world, OWNER, &coach()).await;
    let (status, html) = owner.get(&coach()).await;
    assert_eq!(status, 200);
    for words in [
        "Next step",
        "Your page has no face yet",
        "To begin with",
        "of 7 done",
        "/mail/tips/off/",
        "7 days more",
    ] {
        assert!(html.contains(words), "{words} is missing in\n{html}");
    }
    assert_eq!(owner.get("/pages/nobody/coach").await.0, 404);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_shows_the_exact_gap_until_it_is_reached() {
    let world = World::new().await;
    let owner = Browser::of(&world, OWNER, &coach()).await;
    world.paid(&World::gift(4_250)).await;
    let words = "নাচব 💃 in the office";
    assert_eq!(
        owner
            .post(
                &promises(),
                &[("amount", "$100"), ("words", &format!("I will {words}"))]
            )
            .await
            .0,
        303
    );
    let (_, page) = world.get(&format!("/pages/{PAGE}")).await;
    assert!(page.contains(&format!("I will {words}")), "{page}");
    let gap = format!("/give/dressember-2026?page&#x3D;{PAGE}&amp;amount&#x3D;57.50");
    assert!(
        page.contains(&gap) || page.contains(&gap.replace("&#x3D;", "=")),
        "{page}"
    );
    assert!(page.contains("$57.50 to go"), "{page}");
    world.paid(&World::gift(5_750)).await;
    let (_, page) = world.get(&format!("/pages/{PAGE}")).await;
    assert!(
        page.contains("Reached.") && !page.contains("to go."),
        "{page}"
    );
    let mine = owner.promises().await;
    assert_eq!(owner.post(&mine[0], &[("act", "keep")]).await.0, 303);
    assert!(
        world
            .get(&format!("/pages/{PAGE}"))
            .await
            .1
            .contains("Reached, and kept.")
    );
    assert_eq!(owner.post(&mine[0], &[("act", "remove")]).await.0, 303);
    assert!(!world.get(&format!("/pages/{PAGE}")).await.1.contains(words));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_promised_is_shown_again_with_what_to_mend() {
    let world = World::new().await;
    let owner = Browser::of(&world, OWNER, &coach()).await;
    let long = "x".repeat(161);
    for (amount, words, says) in [
        ("fifty", "sing", "write an amount like 50 or 50.25"),
        ("0", "sing", "name an amount above nothing"),
        ("10.123", "sing", "this currency has 2 decimals"),
        ("99999999999", "sing", "name at most"),
        ("50", "", "fill this in"),
        ("50", "si\u{202e}ng", "remove the hidden control characters"),
        ("50", long.as_str(), "use at most 160 characters"),
    ] {
        let (status, html) = owner
            .post(&promises(), &[("amount", amount), ("words", words)])
            .await;
        assert_eq!(status, 422, "{amount} {words}");
        assert!(
            html.contains(says) && html.contains("role=\"alert\""),
            "{says} is missing in\n{html}"
        );
        assert!(
            html.contains(&format!("value=\"{amount}\"")),
            "{amount} was lost"
        );
    }
    for amount in 1..=12 {
        let amount = amount.to_string();
        assert_eq!(
            owner
                .post(&promises(), &[("amount", &amount), ("words", "sing")])
                .await
                .0,
            303
        );
    }
    let (status, html) = owner
        .post(&promises(), &[("amount", "5"), ("words", "dance")])
        .await;
    assert_eq!(status, 422);
    assert!(html.contains("there is a promise at $5 already"), "{html}");
    let (status, html) = owner
        .post(&promises(), &[("amount", "77"), ("words", "dance")])
        .await;
    assert_eq!(status, 422);
    assert!(html.contains("a page holds at most 12 promises"), "{html}");
    // Another's promise is not found on one's own page.
    let other = Browser::of(&world, "sam-okafor@example.org", "/pages/sam-okafor/coach").await;
    let mine = owner.promises().await;
    let foreign = mine[0].replace(PAGE, "sam-okafor");
    assert_eq!(other.post(&foreign, &[("act", "keep")]).await.0, 404);
    assert_eq!(other.post(&mine[0], &[("act", "remove")]).await.0, 403);
    assert_eq!(owner.promises().await.len(), 12);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_acts_on_the_record_and_sees_no_switches() {
    let world = World::with(&[("auth.staff_second_factor", "false")]).await;
    let now = world.clock.now();
    let user = UserId::new();
    world
        .app
        .site
        .db
        .tx(move |c| {
            let new = selvedge::auth::NewUser {
                id: user,
                email: "coordinator@example.org".parse().unwrap(),
                name: selvedge::kernel::Line::parse("Co", 80).unwrap(),
                password_hash: None,
                roles: vec![],
            };
            selvedge::auth::insert_user(c, &new, now)?;
            grant_role(c, user, Role::Coordinator, now)
        })
        .await
        .unwrap();
    let staff = Browser::as_user(&world, user, &coach(), now).await;
    let (status, html) = staff.get(&coach()).await;
    assert_eq!(status, 200);
    assert!(
        !html.contains("/mail/"),
        "the owner's switches are not for staff"
    );
    assert_eq!(
        staff
            .post(&promises(), &[("amount", "50"), ("words", "sing")])
            .await
            .0,
        303
    );
    let page = world.json(&format!("/api/v1/pages/{PAGE}")).await;
    let id = page["id"].as_str().unwrap().to_owned();
    let deeds = world
        .app
        .site
        .db
        .read(move |c| selvedge::audit::of_subject(c, "page", &id, 10))
        .await
        .unwrap();
    assert_eq!(deeds[0].action, "page.promise");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn earned_badges_stand_on_the_page_and_the_next_step_begins_with_thanks() {
    let world = World::new().await;
    let gift = json!({
        "campaign": "dressember-2026", "page": PAGE, "amount": { "minor": 2_000, "currency": "USD" },
        "donor": { "name": "Maya Roy", "email": OWNER }
    });
    world.paid(&gift).await;
    world.app.coach.walk().await.unwrap();
    let (_, page) = world.get(&format!("/pages/{PAGE}")).await;
    for words in [
        "Earned on the way",
        "First thread",
        "Own thread",
        "A voice",
        "In company",
    ] {
        assert!(page.contains(words), "{words} is missing in\n{page}");
    }
    let owner = Browser::of(&world, OWNER, &coach()).await;
    let (_, html) = owner.get(&coach()).await;
    assert!(
        html.contains("One gift waits for a word of thanks."),
        "{html}"
    );
    assert!(html.contains(&format!("/pages/{PAGE}/gifts")));
    world.done().await;
}
