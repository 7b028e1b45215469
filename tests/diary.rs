//! The style diary, conversations and sponsors of days, in the running program.

use std::sync::Mutex;

use chrono::DateTime;
use selvedge::auth::sessions::{self, NewSession};
use selvedge::auth::{NewToken, user_by_email};
use selvedge::kernel::secret::ExposeSecret;
use serde_json::{Value, json};

use crate::harness::world::{CAMPAIGN, PAGE, World};

/// Turns the clock to an instant.
fn turn_to(world: &World, instant: &str) {
    let to = DateTime::parse_from_rfc3339(instant).unwrap();
    let micros = to.timestamp_micros() - world.clock.now().micros();
    world.clock.advance(chrono::Duration::microseconds(micros));
}

/// A browser with its cookies.
struct Browser<'a> {
    world: &'a World,
    cookies: Mutex<Vec<String>>,
}

impl<'a> Browser<'a> {
    fn stranger(world: &'a World) -> Self {
        Self {
            world,
            cookies: Mutex::default(),
        }
    }

    /// Signed in from now on.
    async fn of(world: &'a World, address: &str) -> Self {
        let (address, now) = (address.parse().unwrap(), world.clock.now());
        let db = &world.app.site.db;
        let user = db
            .read(move |c| user_by_email(c, &address))
            .await
            .unwrap()
            .unwrap();
        let (new, secret) = NewSession::make(user.id, "a test").unwrap();
        db.tx(move |c| sessions::begin(c, &new, now)).await.unwrap();
        let cookie = format!("selvedge-session={}", secret.expose_secret());
        Self {
            world,
            cookies: Mutex::new(vec![cookie]),
        }
    }

    async fn owner(world: &'a World) -> Self {
        Self::of(world, &format!("{PAGE}@example.org")).await
    }

    fn cookie(&self) -> String {
        self.cookies.lock().unwrap().join("; ")
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = self.world.http.get(self.world.url(path));
        let answer = request
            .header("cookie", self.cookie())
            .send()
            .await
            .unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookies.lock().unwrap().push(pair.to_owned());
        }
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Fills in a form of the page `from` and sends it to `to`; answers status and where it leads or what it shows.
    async fn post(&self, from: &str, to: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let (status, html) = self.get(from).await;
        assert_eq!(status, 200, "{from}: {html}");
        let seal = hidden(&html, "csrf");
        self.send(to, &seal, fields).await
    }

    async fn send(&self, to: &str, seal: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", seal);
        body.extend_pairs(fields);
        let request = self.world.http.post(self.world.url(to));
        let answer = request
            .header("cookie", self.cookie())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        match answer.headers().get("location") {
            Some(place) => (status, place.to_str().unwrap().to_owned()),
            None => (status, answer.text().await.unwrap()),
        }
    }
}

fn hidden(html: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, after) = html.split_once(&field).unwrap_or_else(|| panic!("{html}"));
    after.split('"').next().unwrap().to_owned()
}

fn diary() -> String {
    format!("/pages/{PAGE}/diary")
}

async fn write(browser: &Browser<'_>, day: &str, note: &str, is_public: bool) -> (u16, String) {
    let form = format!("{}/{day}", diary());
    let mut fields = vec![("outfit", "dress"), ("note", note)];
    if is_public {
        fields.push(("is_public", "1"));
    }
    let (_, html) = browser.get(&diary()).await;
    browser.send(&form, &hidden(&html, "csrf"), &fields).await
}

async fn days_of(world: &World, path: &str) -> i64 {
    world.json(path).await["tally"]["days"].as_i64().unwrap()
}

async fn token(world: &World, address: &str, scope: &str) -> String {
    let (address, scopes) = (address.parse().unwrap(), vec![scope.parse().unwrap()]);
    let now = world.clock.now();
    let db = &world.app.site.db;
    let user = db
        .read(move |c| user_by_email(c, &address))
        .await
        .unwrap()
        .unwrap();
    let (new, secret) = NewToken::make(user.id, scopes).unwrap();
    db.tx(move |c| selvedge::auth::token::insert(c, &new, now))
        .await
        .unwrap();
    secret.expose_secret().to_owned()
}

async fn api_write(world: &World, token: Option<&str>, body: &Value) -> (u16, Value) {
    let url = world.url(&format!("/api/v1/pages/{PAGE}/diary"));
    let mut request = world.http.post(url).json(body);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_written_from_midnight_of_the_campaigns_zone() {
    let world = World::new().await;
    // One minute to midnight in Los Angeles.
    turn_to(&world, "2026-12-06T07:59:00Z");
    let owner = Browser::owner(&world).await;
    let (status, page) = write(&owner, "2026-12-06", "too early", true).await;
    assert_eq!(status, 422, "{page}");
    assert!(page.contains("This day has not begun yet."), "{page}");
    assert!(page.contains("too early"), "what was typed is shown again");
    assert_eq!(owner.get(&format!("{}/2026-12-06", diary())).await.0, 409);
    assert_eq!(owner.get(&format!("{}/2026-11-30", diary())).await.0, 404);
    assert_eq!(owner.get(&format!("{}/2026-02-30", diary())).await.0, 404);
    let (status, _) = write(&owner, "2026-12-05", "the evening before", true).await;
    assert_eq!(status, 303);
    turn_to(&world, "2026-12-06T08:00:00Z");
    // One tap, twice: one day.
    for _ in 0..2 {
        let again = format!("{}/again", diary());
        let (status, place) = owner.post(&diary(), &again, &[]).await;
        assert_eq!((status, place.as_str()), (303, diary().as_str()));
    }
    assert_eq!(days_of(&world, &format!("/api/v1/pages/{PAGE}")).await, 2);
    let (_, html) = Browser::stranger(&world).get(&diary()).await;
    assert!(html.contains("the evening before"), "{html}");
    assert!(html.contains("Same again"), "{html}");
    assert!(html.contains("<strong>2 days in a row</strong>"), "{html}");
    assert!(!html.contains("written later</span>"), "{html}");
    let (status, _) = write(&owner, "2026-12-03", "from memory", true).await;
    assert_eq!(status, 303);
    let (_, html) = Browser::stranger(&world).get(&diary()).await;
    assert!(html.contains("written later</span>"), "{html}");
    let (_, html) = Browser::stranger(&world)
        .get(&format!("/pages/{PAGE}"))
        .await;
    assert!(html.contains("3 December: dress, written later"), "{html}");
    let leads = format!("href=\"{}#d-2026-12-03\"", diary());
    assert!(html.contains(&leads), "{html}");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_posts_of_one_day_are_one_day_by_browser_and_by_api() {
    let world = World::new().await;
    turn_to(&world, "2026-12-04T20:00:00Z");
    let owner = Browser::owner(&world).await;
    let (_, html) = owner.get(&diary()).await;
    let (seal, form) = (hidden(&html, "csrf"), format!("{}/2026-12-04", diary()));
    let key = token(&world, &format!("{PAGE}@example.org"), "pages:write").await;
    let body = json!({ "day": "2026-12-04", "outfit": "tie" });
    let fields = [("outfit", "dress"), ("is_public", "1")];
    let by_browser = (0..10).map(|_| owner.send(&form, &seal, &fields));
    let by_api = (0..10).map(|_| api_write(&world, Some(&key), &body));
    let (browsers, programs) = tokio::join!(
        futures_util::future::join_all(by_browser),
        futures_util::future::join_all(by_api)
    );
    assert!(browsers.iter().all(|(status, _)| *status == 303));
    let new = programs.iter().filter(|(status, _)| *status == 201).count();
    assert!(
        new <= 1
            && programs
                .iter()
                .all(|(status, _)| [200, 201].contains(status))
    );
    let listed = world.json(&format!("/api/v1/pages/{PAGE}/diary")).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for path in [
        format!("/api/v1/pages/{PAGE}"),
        format!("/api/v1/campaigns/{CAMPAIGN}"),
    ] {
        assert_eq!(days_of(&world, &path).await, 1, "{path}");
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_day_is_counted_and_nothing_public_tells_which_it_is() {
    let world = World::new().await;
    turn_to(&world, "2026-12-09T20:00:00Z");
    let owner = Browser::owner(&world).await;
    write(&owner, "2026-12-05", "seen by all", true).await;
    write(&owner, "2026-12-07", "MARKER-OF-A-PRIVATE-DAY", false).await;
    let stranger = Browser::stranger(&world);
    let places = [
        diary(),
        format!("/pages/{PAGE}"),
        "/teams/the-tuesday-seams".to_owned(),
        format!("/campaigns/{CAMPAIGN}"),
        format!("/api/v1/pages/{PAGE}/diary"),
        format!("/api/v1/pages/{PAGE}"),
    ];
    for place in &places {
        let (status, text) = stranger.get(place).await;
        assert_eq!(status, 200, "{place}");
        assert!(!text.contains("MARKER"), "{place}");
        assert!(!text.contains("2026-12-07"), "{place}");
        assert!(!text.contains("7 December: dress"), "{place}");
    }
    let (_, html) = stranger.get(&diary()).await;
    assert!(html.contains("1 more day logged in private."), "{html}");
    // The day looks as the day before it, on which nothing was worn.
    assert!(html.contains("6 December: nothing shown"), "{html}");
    assert!(html.contains("7 December: nothing shown"), "{html}");
    // Two days with one between them would be a streak of two: strangers see one.
    assert!(html.contains("1 day in a row at the longest"), "{html}");
    assert_eq!(days_of(&world, &places[5]).await, 2);
    let (_, html) = owner.get(&diary()).await;
    assert!(html.contains("MARKER-OF-A-PRIVATE-DAY"), "{html}");
    // The whole diary in private.
    let switch = format!("{}/visibility", diary());
    let (status, _) = owner.post(&diary(), &switch, &[("is_public", "0")]).await;
    assert_eq!(status, 303);
    for place in &places {
        let (_, text) = stranger.get(place).await;
        assert!(!text.contains("seen by all"), "{place}");
        assert!(!text.contains("2026-12-05"), "{place}");
    }
    let listed = world.json(&places[4]).await;
    assert_eq!(listed["items"], json!([]));
    assert_eq!(days_of(&world, &places[5]).await, 2);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_owner_writes() {
    let world = World::new().await;
    turn_to(&world, "2026-12-04T20:00:00Z");
    let day = format!("{}/2026-12-04", diary());
    let talks = format!("/pages/{PAGE}/talks");
    let stranger = Browser::stranger(&world);
    assert_eq!(stranger.get(&day).await.0, 401);
    assert_eq!(stranger.get(&talks).await.0, 401);
    let other = Browser::of(&world, "johanna-lindqvist@example.org").await;
    assert_eq!(other.get(&day).await.0, 403);
    assert_eq!(other.get(&talks).await.0, 403);
    let (status, html) = other.get(&diary()).await;
    assert_eq!(status, 200);
    assert!(!html.contains("Your diary"), "{html}");
    let body = json!({ "day": "2026-12-04", "outfit": "sport" });
    assert_eq!(api_write(&world, None, &body).await.0, 401);
    let own = format!("{PAGE}@example.org");
    let reads = token(&world, &own, "pages:read").await;
    assert_eq!(api_write(&world, Some(&reads), &body).await.0, 403);
    let theirs = token(&world, "johanna-lindqvist@example.org", "pages:write").await;
    assert_eq!(api_write(&world, Some(&theirs), &body).await.0, 403);
    let writes = token(&world, &own, "pages:write").await;
    for (body, field) in [
        (json!({ "day": "2026-12-04", "outfit": "cape" }), "outfit"),
        (json!({ "day": "2026-12-32", "outfit": "tie" }), "day"),
        (
            json!({ "day": "2026-12-04", "outfit": "tie", "note": "a\u{202e}b" }),
            "note",
        ),
    ] {
        let (status, answer) = api_write(&world, Some(&writes), &body).await;
        assert_eq!(
            (status, answer["errors"][0]["field"].as_str()),
            (422, Some(field)),
            "{answer}"
        );
    }
    let tomorrow = json!({ "day": "2026-12-05", "outfit": "tie" });
    let (status, answer) = api_write(&world, Some(&writes), &tomorrow).await;
    assert_eq!(
        (status, answer["errors"][0]["field"].as_str()),
        (409, Some("day"))
    );
    let unknown = json!({ "day": "2026-12-04", "outfit": "tie", "photo": "x" });
    assert_eq!(api_write(&world, Some(&writes), &unknown).await.0, 422);
    let (status, answer) = api_write(&world, Some(&writes), &body).await;
    assert_eq!((status, &answer["outfit"]), (201, &json!("sport")));
    // What is left out stays.
    let private = json!({ "day": "2026-12-04", "outfit": "tie", "note": "n", "public": false });
    assert_eq!(api_write(&world, Some(&writes), &private).await.0, 200);
    let (_, answer) = api_write(&world, Some(&writes), &body).await;
    assert_eq!(
        (&answer["note"], &answer["public"]),
        (&json!("n"), &json!(false))
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_takes_one_tap_and_counts_everywhere() {
    let world = World::new().await;
    turn_to(&world, "2026-12-04T20:00:00Z");
    let owner = Browser::owner(&world).await;
    let talks = format!("/pages/{PAGE}/talks");
    let (_, html) = owner.get(&talks).await;
    let (seal, once) = (hidden(&html, "csrf"), hidden(&html, "once"));
    let tap = [
        ("once", once.as_str()),
        ("who", "stranger"),
        ("learned", "1"),
    ];
    for _ in 0..2 {
        assert_eq!(owner.send(&talks, &seal, &tap).await.0, 303);
    }
    let note = [("who", "family"), ("gave", "1"), ("note", "PRIVATE-NOTE")];
    assert_eq!(owner.send(&talks, &seal, &note).await.0, 303);
    let (status, html) = owner.send(&talks, &seal, &[("note", "kept")]).await;
    assert_eq!(status, 422);
    assert!(html.contains("Say who asked.") && html.contains("kept"));
    let (status, _) = owner
        .send(&talks, &seal, &[("who", "family"), ("day", "2026-12-05")])
        .await;
    assert_eq!(status, 422, "tomorrow has not been");
    let counted = json!({ "days": 0, "conversations": 2, "learned": 1, "signed": 0, "gave": 1 });
    for path in [
        format!("/api/v1/pages/{PAGE}"),
        format!("/api/v1/campaigns/{CAMPAIGN}"),
    ] {
        assert_eq!(world.json(&path).await["tally"], counted, "{path}");
    }
    for place in [
        format!("/pages/{PAGE}"),
        "/teams/the-tuesday-seams".into(),
        format!("/campaigns/{CAMPAIGN}"),
    ] {
        let (_, html) = Browser::stranger(&world).get(&place).await;
        assert!(html.contains("<dt>conversations</dt><dd>2</dd>"), "{place}");
        assert!(!html.contains("PRIVATE-NOTE"), "{place}");
    }
    let (_, html) = owner.get(&talks).await;
    let edit = html.split("class=\"talk-edit\" href=\"").nth(1).unwrap();
    let edit = edit.split('"').next().unwrap();
    let (status, _) = owner
        .post(edit, edit, &[("who", "class"), ("day", "2026-12-02")])
        .await;
    assert_eq!(status, 303);
    let remove = format!("{edit}/remove");
    assert_eq!(owner.post(edit, &remove, &[]).await.0, 303);
    assert_eq!(owner.send(&remove, &seal, &[]).await.0, 303);
    let tally = &world.json(&format!("/api/v1/pages/{PAGE}")).await["tally"];
    assert_eq!(tally["conversations"], 1);
    world.done().await;
}

/// Promises on the page's form, and answers the path that the mail leads to.
async fn promise(world: &World, address: &str, per_day: &str, cap: &str) -> String {
    let stranger = Browser::stranger(world);
    let form = format!("/pages/{PAGE}/sponsor");
    let fields = [
        ("name", "Asha Verma"),
        ("email", address),
        ("per_day", per_day),
        ("cap", cap),
        ("is_named", "1"),
    ];
    let (status, place) = stranger.post(&form, &form, &fields).await;
    assert_eq!((status, place), (303, format!("{form}/sent")));
    world.work().await;
    let mails = world.mails_to(address).await;
    let text = mails[0]["text"].as_str().unwrap();
    let link = text
        .split_whitespace()
        .find(|word| word.contains("/sponsor/"));
    let link = link.unwrap();
    link[link.find("/sponsor/").unwrap()..].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sponsor_promises_confirms_and_is_asked_once_when_the_season_is_over() {
    let world = World::new().await;
    turn_to(&world, "2026-12-01T20:00:00Z");
    let path = promise(&world, "asha@example.org", "2", "").await;
    let stranger = Browser::stranger(&world);
    // Looking does nothing; a promise that is not confirmed is not shown.
    let (status, html) = stranger.get(&path).await;
    assert_eq!(status, 200);
    assert!(
        html.contains("Shall it hold?") && html.contains("$62"),
        "{html}"
    );
    assert!(!stranger.get(&diary()).await.1.contains("Asha Verma"));
    for _ in 0..2 {
        let (status, place) = stranger.post(&path, &format!("{path}/confirm"), &[]).await;
        assert_eq!((status, place.as_str()), (303, path.as_str()));
    }
    world.work().await;
    let told = world.mails_to(&format!("{PAGE}@example.org")).await;
    assert_eq!(told.len(), 1, "the owner is told once");
    assert!(told[0]["text"].as_str().unwrap().contains("Asha Verma"));
    assert!(stranger.get(&diary()).await.1.contains("Asha Verma"));
    let capped = promise(&world, "ben@example.org", "20", "30").await;
    stranger
        .post(&capped, &format!("{capped}/confirm"), &[])
        .await;
    let gone = promise(&world, "cleo@example.org", "1", "").await;
    stranger.post(&gone, &format!("{gone}/confirm"), &[]).await;
    let (status, _) = stranger.post(&gone, &format!("{gone}/cancel"), &[]).await;
    assert_eq!(status, 303);
    let open = promise(&world, "dora@example.org", "1", "").await;
    turn_to(&world, "2026-12-04T20:00:00Z");
    let owner = Browser::owner(&world).await;
    for day in ["2026-12-01", "2026-12-02", "2026-12-04"] {
        assert_eq!(write(&owner, day, "", day != "2026-12-02").await.0, 303);
    }
    // Two days of grace: nothing yet at the end of 2 January in Los Angeles.
    turn_to(&world, "2027-01-03T07:30:00Z");
    world.work().await;
    assert_eq!(world.mails_to("asha@example.org").await.len(), 1);
    turn_to(&world, "2027-01-03T09:30:00Z");
    world.work().await;
    // Whatever runs again asks nobody twice.
    for _ in 0..2 {
        selvedge::diary::sponsors::jobs::ask_all(&world.app.site, &world.app.giving.mails)
            .await
            .unwrap();
        world.work().await;
    }
    let asked = world.mails_to("asha@example.org").await;
    assert_eq!(asked.len(), 2);
    let text = asked[0]["text"].as_str().unwrap();
    assert!(
        text.contains("logged 3 days") && text.contains("comes to $6"),
        "{text}"
    );
    let link = text.split_whitespace().find(|word| word.contains("/give/"));
    let link = link.unwrap();
    let (status, form) = stranger.get(&link[link.find("/give/").unwrap()..]).await;
    assert_eq!(status, 200);
    assert!(
        form.contains("name=\"amount_own\"") && form.contains("value=\"6.00\""),
        "{form}"
    );
    assert!(
        form.contains("name=\"source\" value=\"day_sponsor\""),
        "{form}"
    );
    let asked = world.mails_to("ben@example.org").await;
    assert_eq!(asked.len(), 2);
    let text = asked[0]["text"].as_str().unwrap();
    assert!(text.contains("comes to $30, which is the most"), "{text}");
    assert_eq!(world.mails_to("cleo@example.org").await.len(), 1);
    assert_eq!(world.mails_to("dora@example.org").await.len(), 1);
    assert_eq!(
        world.page_totals(PAGE).await,
        (0, 0, 0),
        "a promise is no gift"
    );
    // Too late to confirm, to promise, and to take back.
    assert_eq!(
        stranger.get(&open).await.0,
        404,
        "forgotten, as nobody confirmed it"
    );
    let give = format!("/give/{CAMPAIGN}");
    let (status, _) = stranger.post(&give, &format!("{path}/cancel"), &[]).await;
    assert_eq!(status, 409);
    let form = format!("/pages/{PAGE}/sponsor");
    assert!(
        stranger
            .get(&form)
            .await
            .1
            .contains("not possible any more")
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sponsor_of_no_days_gets_one_kind_mail_without_a_request() {
    let world = World::new().await;
    turn_to(&world, "2026-12-01T20:00:00Z");
    let path = promise(&world, "asha@example.org", "2", "10").await;
    let stranger = Browser::stranger(&world);
    stranger.post(&path, &format!("{path}/confirm"), &[]).await;
    turn_to(&world, "2027-01-05T20:00:00Z");
    world.work().await;
    world.work().await;
    let mails = world.mails_to("asha@example.org").await;
    assert_eq!(mails.len(), 2);
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("no day was logged"), "{text}");
    assert!(!text.contains("/give/"), "{text}");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_promises_bother_nobody_and_tell_nothing() {
    let world = World::new().await;
    turn_to(&world, "2026-12-01T20:00:00Z");
    let first = promise(&world, "asha@example.org", "2", "10").await;
    // Anew: another link; the first holds on, whoever asked again. Mails pause after three.
    let second = promise(&world, "asha@example.org", "3", "10").await;
    let stranger = Browser::stranger(&world);
    assert_eq!(stranger.get(&first).await.0, 200);
    assert_eq!(stranger.get(&second).await.0, 200);
    for _ in 0..3 {
        promise(&world, "ASHA@example.org", "4", "10").await;
    }
    let mails = world.mails().await;
    let to_her = |mail: &&Value| {
        mail["to"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("asha@")
    };
    assert_eq!(mails.iter().filter(to_her).count(), 3);
    let pages = [
        "johanna-lindqvist",
        "abena-owusu",
        "tomas-brandt",
        "priya-nair",
        "dewi-hughes",
    ];
    let mut last = 0;
    for page in pages {
        let form = format!("/pages/{page}/sponsor");
        let fields = [
            ("name", "A"),
            ("email", "asha@example.org"),
            ("per_day", "1"),
        ];
        last = stranger.post(&form, &form, &fields).await.0;
    }
    assert_eq!(last, 429, "five promises wait already");
    let form = format!("/pages/{PAGE}/sponsor");
    let fields = [
        ("name", "A"),
        ("email", "asha@example.org"),
        ("per_day", "1"),
    ];
    let (here, _) = stranger.post(&form, &form, &fields).await;
    assert_eq!(here, 429, "as on a page on which nothing was promised");
    let wrong = [
        ("name", " "),
        ("email", "nobody"),
        ("per_day", "0"),
        ("cap", "x"),
    ];
    let (status, html) = stranger.post(&form, &form, &wrong).await;
    assert_eq!(status, 422);
    for field in ["name", "email", "per_day", "cap"] {
        assert!(
            html.contains(&format!("id=\"{field}-error\"")),
            "{field}: {html}"
        );
    }
    assert!(html.contains("value=\"nobody\""));
    world.work().await;
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_link_confirms_after_a_stranger_asked_again_and_mails_come_again_after_a_while() {
    let world = World::new().await;
    turn_to(&world, "2026-12-01T20:00:00Z");
    let first = promise(&world, "asha@example.org", "2", "10").await;
    for _ in 0..4 {
        promise(&world, "asha@example.org", "4", "10").await;
    }
    assert_eq!(world.mails_to("asha@example.org").await.len(), 3);
    turn_to(&world, "2026-12-05T20:00:00Z");
    let last = promise(&world, "asha@example.org", "2", "10").await;
    assert_eq!(world.mails_to("asha@example.org").await.len(), 4);
    let stranger = Browser::stranger(&world);
    let (status, place) = stranger
        .post(&first, &format!("{first}/confirm"), &[])
        .await;
    assert_eq!(status, 303, "{place}");
    assert_eq!(stranger.get(&first).await.0, 200);
    assert_eq!(stranger.get(&last).await.0, 404, "one link is left");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_that_nobody_confirms_keep_no_place_from_others() {
    use diesel::prelude::*;
    use selvedge::db::schema::{day_sponsors, pages};
    let world = World::new().await;
    turn_to(&world, "2026-12-01T20:00:00Z");
    let made_up = |first: i64, many: i64, state: &'static str, minutes: i64| {
        let at = world.clock.now().minus(chrono::Duration::minutes(minutes));
        world.app.site.db.tx(move |c| {
            let page = pages::table.filter(pages::slug.eq(PAGE)).select(pages::id);
            let page: String = selvedge::each!(c, c => page.first(c))?;
            for n in first..first + many {
                let row = (
                    day_sponsors::id.eq(format!("spo_{n:032}")),
                    day_sponsors::page_id.eq(&page),
                    day_sponsors::name.eq("M"),
                    day_sponsors::email.eq(format!("made-up-{n}@example.org")),
                    day_sponsors::email_folded.eq(format!("made-up-{n}@example.org")),
                    day_sponsors::currency.eq("USD"),
                    day_sponsors::per_day.eq(100),
                    day_sponsors::cap.eq(100),
                    day_sponsors::is_named.eq(false),
                    day_sponsors::state.eq(state),
                    day_sponsors::token_hash.eq(format!("{n:064}")),
                    day_sponsors::created_at.eq(at),
                    day_sponsors::asks.eq(1),
                );
                selvedge::each!(c, c => diesel::insert_into(day_sponsors::table)
                    .values(row)
                    .execute(c))?;
            }
            Ok(())
        })
    };
    made_up(0, 1, "open", 9).await.unwrap();
    made_up(1, 199, "open", 5).await.unwrap();
    let real = promise(&world, "asha@example.org", "2", "10").await;
    let oldest = world.app.site.db.read(|c| {
        let query = day_sponsors::table.find(format!("spo_{:032}", 0)).count();
        let oldest: i64 = selvedge::each!(c, c => query.get_result(c))?;
        let query = day_sponsors::table.filter(day_sponsors::state.eq("open"));
        let open: i64 = selvedge::each!(c, c => query.count().get_result(c))?;
        Ok((oldest, open))
    });
    assert_eq!(oldest.await.unwrap(), (0, 200), "the oldest made room");
    // What holds fills the page, for those who promise and for those who would confirm.
    made_up(1_000, 200, "confirmed", 1).await.unwrap();
    let stranger = Browser::stranger(&world);
    let (status, html) = stranger.post(&real, &format!("{real}/confirm"), &[]).await;
    assert_eq!(status, 409, "{html}");
    let form = format!("/pages/{PAGE}/sponsor");
    let fields = [
        ("name", "A"),
        ("email", "ben@example.org"),
        ("per_day", "1"),
    ];
    assert_eq!(stranger.post(&form, &form, &fields).await.0, 409);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sponsors_of_a_page_that_was_put_away_are_asked_all_the_same() {
    let world = World::new().await;
    turn_to(&world, "2026-12-01T20:00:00Z");
    let path = promise(&world, "asha@example.org", "7", "").await;
    let stranger = Browser::stranger(&world);
    stranger.post(&path, &format!("{path}/confirm"), &[]).await;
    let owner = Browser::owner(&world).await;
    assert_eq!(write(&owner, "2026-12-01", "", true).await.0, 303);
    let edit = format!("/pages/{PAGE}/edit");
    let (status, _) = owner
        .post(&edit, &format!("{edit}/state"), &[("do", "archive")])
        .await;
    assert_eq!(status, 303);
    turn_to(&world, "2027-01-05T20:00:00Z");
    for _ in 0..2 {
        selvedge::diary::sponsors::jobs::ask_all(&world.app.site, &world.app.giving.mails)
            .await
            .unwrap();
        world.work().await;
    }
    let asked = world.mails_to("asha@example.org").await;
    assert_eq!(asked.len(), 2);
    let text = asked[0]["text"].as_str().unwrap();
    assert!(text.contains("comes to $7"), "{text}");
    let link = text.split_whitespace().find(|word| word.contains("/give/"));
    let link = link.unwrap();
    let (status, form) = stranger.get(&link[link.find("/give/").unwrap()..]).await;
    assert_eq!(status, 200, "the page takes none, its season does: {form}");
    assert!(!text.contains(&format!("/pages/{PAGE}")), "{text}");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_the_hidden_photos_of_their_season_and_no_private_days() {
    use diesel::prelude::*;
    use selvedge::auth::Role;
    use selvedge::auth::roles::{SetRole, set_role};
    use selvedge::db::schema::{campaigns, diary_entries};
    use selvedge::media::{self, MediaId, Size};
    let world = World::with(&[("auth.staff_second_factor", "false")]).await;
    turn_to(&world, "2026-12-04T20:00:00Z");
    let owner = Browser::owner(&world).await;
    assert_eq!(send_photo(&owner, "2026-12-02", true).await, 303);
    assert_eq!(send_photo(&owner, "2026-12-03", false).await, 303);
    world.user("noor@staff.example", Role::Coordinator).await;
    let user = world.user("ines@staff.example", Role::Coordinator).await;
    let now = world.clock.now();
    let done = world.app.site.db.tx(move |c| {
        let last = campaigns::table
            .filter(campaigns::slug.eq(selvedge::demo::LAST_SEASON))
            .select(campaigns::id);
        let narrow = SetRole {
            user,
            role: Role::Coordinator,
            has: true,
            campaigns: vec![selvedge::each!(c, c => last.first(c))?],
        };
        set_role(c, &narrow, now)?;
        let query = diary_entries::table
            .filter(diary_entries::photo.is_not_null())
            .order(diary_entries::day)
            .select(diary_entries::photo.assume_not_null());
        let photos: Vec<MediaId> = selvedge::each!(c, c => query.load(c))?;
        media::hide(c, photos[0], now)?;
        Ok(photos)
    });
    let photos = done.await.unwrap();
    media::withdrawn(&world.app.site, photos[0]);
    let noor = Browser::of(&world, "noor@staff.example").await;
    let ines = Browser::of(&world, "ines@staff.example").await;
    let (public, private) = (
        media::url(photos[0], Size::Small),
        media::url(photos[1], Size::Small),
    );
    for (browser, path, status) in [
        (&owner, &public, 200),
        (&owner, &private, 200),
        (&noor, &public, 200),
        (&noor, &private, 404),
        (&ines, &public, 404),
        (&ines, &private, 404),
    ] {
        let request = world.http.get(world.url(path));
        let answer = request.header("cookie", browser.cookie()).send().await;
        assert_eq!(answer.unwrap().status().as_u16(), status, "{path}");
    }
    world.done().await;
}

/// A small picture as a phone would send it.
fn picture() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 30, image::Rgb([20, 90, 60]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    png.into_inner()
}

async fn send_photo(browser: &Browser<'_>, day: &str, is_public: bool) -> u16 {
    let (_, html) = browser.get(&diary()).await;
    let mut body = Vec::new();
    let mut fields = vec![("csrf", hidden(&html, "csrf")), ("outfit", "tie".into())];
    if is_public {
        fields.push(("is_public", "1".into()));
    }
    for (name, value) in fields {
        let part =
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
    body.extend(head.as_bytes());
    body.extend(picture());
    body.extend(b"\r\n--b--\r\n");
    let url = browser.world.url(&format!("{}/{day}", diary()));
    let request = browser.world.http.post(url).body(body);
    let answer = request
        .header("cookie", browser.cookie())
        .header("content-type", "multipart/form-data; boundary=b")
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_is_seen_while_its_day_is() {
    let world = World::new().await;
    turn_to(&world, "2026-12-04T20:00:00Z");
    let owner = Browser::owner(&world).await;
    let stranger = Browser::stranger(&world);
    assert_eq!(send_photo(&owner, "2026-12-04", true).await, 303);
    let (_, html) = stranger.get(&diary()).await;
    let photo = html.split("class=\"day-photo\" href=\"").nth(1).unwrap();
    let photo = photo.split('"').next().unwrap();
    assert!(
        html.contains("alt=\"What was worn on 4 December\""),
        "{html}"
    );
    let seen = async || {
        world
            .http
            .get(world.url(photo))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(seen().await, 200);
    // The day, then the diary, then the page is hidden; each takes the photograph along, and brings it back.
    assert_eq!(write(&owner, "2026-12-04", "", false).await.0, 303);
    assert_eq!(seen().await, 404);
    assert_eq!(owner.get(photo).await.0, 200, "its owner sees it");
    assert_eq!(write(&owner, "2026-12-04", "", true).await.0, 303);
    assert_eq!(seen().await, 200);
    let switch = format!("{}/visibility", diary());
    owner.post(&diary(), &switch, &[("is_public", "0")]).await;
    assert_eq!(seen().await, 404);
    owner.post(&diary(), &switch, &[("is_public", "1")]).await;
    assert_eq!(seen().await, 200);
    let (slug, now) = (PAGE.parse().unwrap(), world.clock.now());
    let db = &world.app.site.db;
    let followed = db.tx(move |c| {
        let page = selvedge::pages::by_slug(c, &slug)?.page.id;
        selvedge::pages::ops::archive(c, page, now)
    });
    followed.await.unwrap().tell(&world.app.site);
    assert_eq!(seen().await, 404);
    // A day that is taken out takes its photograph along for good.
    let remove = format!("{}/2026-12-04/remove", diary());
    assert_eq!(owner.post(&diary(), &remove, &[]).await.0, 303);
    assert_eq!(owner.get(photo).await.0, 410);
    world.done().await;
}
