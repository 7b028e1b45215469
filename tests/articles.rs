//! Stories and the vault of consents, through the whole program (S10, S15, S17).

use std::collections::BTreeSet;

use diesel::prelude::*;
use image::{ImageFormat, Rgb, RgbImage};
use selvedge::auth::{Role, UserId};
use selvedge::consent_vault::{Channel, ConsentId};
use selvedge::db::schema::{audit_log, stories, vault_consents, vault_people};
use selvedge::demo;
use selvedge::each;
use selvedge::kernel::Line;
use selvedge::stories::{StoryId, copies};

use super::harness::people::{Visitor, fields_of};
use super::harness::world::{CAMPAIGN, World};

const KOLKATA: &str = "/stories/hope-for-kolkata";

/// A world with the demo's stories and its two signers.
struct Stage {
    world: World,
    signers: [UserId; 2],
}

impl Stage {
    async fn open() -> Self {
        let world = World::with(&[("auth.staff_second_factor", "false")]).await;
        let signers = [
            world.user("ines@staff.example", Role::Owner).await,
            world.user("noor@staff.example", Role::Coordinator).await,
        ];
        demo::stories(&world.app.site, &world.app.safe, signers)
            .await
            .unwrap();
        Self { world, signers }
    }

    async fn staff(&self) -> Visitor {
        self.world.visitor(Some(self.signers[1])).await
    }

    async fn story(&self, slug: &'static str) -> (StoryId, String) {
        let query = stories::table
            .filter(stories::slug.eq(slug))
            .select((stories::id, stories::status));
        let read = self.world.app.site.db.read(move |c| {
            let found: (StoryId, String) = each!(c, c => query.first(c))?;
            Ok(found)
        });
        read.await.unwrap()
    }

    async fn consent(&self) -> ConsentId {
        let query = vault_consents::table
            .order(vault_consents::created_at)
            .select(vault_consents::id);
        let read = self.world.app.site.db.read(move |c| {
            let id: ConsentId = each!(c, c => query.first(c))?;
            Ok(id)
        });
        read.await.unwrap()
    }

    async fn deeds(&self, action: &'static str) -> Vec<String> {
        let query = audit_log::table
            .filter(audit_log::action.eq(action))
            .order(audit_log::id)
            .select(audit_log::detail);
        let read = self.world.app.site.db.read(move |c| {
            let all: Vec<String> = each!(c, c => query.load(c))?;
            Ok(all)
        });
        read.await.unwrap()
    }

    fn today(&self, days: i64) -> String {
        let at = self.world.clock.now().plus(chrono::Duration::days(days));
        at.naive().date().to_string()
    }

    /// Everything that is reached from the front by links, pictures and the API: address, status and text.
    async fn crawl(&self) -> Vec<(String, u16, String)> {
        let mut waiting: Vec<String> = [
            "/",
            "/feed.xml",
            "/api/v1/stories",
            "/api/v1/campaigns",
            "/api/v1/programs",
            "/api/openapi.json",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
        let mut all = Vec::new();
        while let Some(path) = waiting.pop() {
            let answer = self
                .world
                .http
                .get(self.world.url(&path))
                .send()
                .await
                .unwrap();
            let status = answer.status().as_u16();
            let bytes = answer.bytes().await.unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for sign in [
                "href=\"",
                "src=\"",
                "srcset=\"",
                "\"url\":\"",
                "\"slug\":\"",
            ] {
                for part in text.split(sign).skip(1) {
                    let place = part.split(['"', ' ', '#']).next().unwrap();
                    let place = place.replace("&amp;", "&").replace("&#x3D;", "=");
                    let place = place.strip_prefix(&self.world.base).unwrap_or(&place);
                    let place = match sign {
                        "\"slug\":\"" if path == "/api/v1/stories" => {
                            format!("/api/v1/stories/{place}")
                        }
                        "\"slug\":\"" => continue,
                        _ => place.to_owned(),
                    };
                    let skipped = ["/assets/", "/give/", "/login", "/start"];
                    let is_ours = place.starts_with('/')
                        && !skipped.iter().any(|start| place.starts_with(start))
                        && !place.ends_with("/events");
                    if is_ours && seen.len() < 400 && seen.insert(place.clone()) {
                        waiting.push(place);
                    }
                }
            }
            all.push((path, status, text));
        }
        all
    }
}

/// The addresses of a crawl that show the story or one of its pictures.
fn showing(crawl: &[(String, u16, String)]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let page = crawl
        .iter()
        .find(|(path, ..)| path == KOLKATA)
        .expect("the crawl finds the story");
    let mut pictures = BTreeSet::new();
    for part in page.2.split("/media/").skip(1) {
        let id = part.split('/').next().unwrap();
        for size in ["1280", "640", "160"] {
            pictures.insert(format!("/media/{id}/{size}.jpg"));
        }
    }
    let own = vec![KOLKATA.to_owned(), format!("/api/v1{KOLKATA}")];
    let lists = crawl
        .iter()
        .filter(|(path, _, text)| !own.contains(path) && text.contains(TITLE_LINK))
        .map(|(path, ..)| path.clone())
        .collect();
    (own, pictures.into_iter().collect(), lists)
}

/// What only a list of the story holds: the season's own title has the same words in it.
const TITLE_LINK: &str = "/stories/hope-for-kolkata";

async fn gone_everywhere(stage: &Stage, own: &[String], pictures: &[String], lists: &[String]) {
    for path in own.iter().chain(pictures) {
        let (status, text) = stage.world.get(path).await;
        assert_eq!(status, 410, "{path}: {text}");
        assert!(!text.contains("Grace"), "{path}");
    }
    for path in lists {
        let (status, text) = stage.world.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!text.contains(TITLE_LINK), "{path}");
    }
    for (path, status, text) in stage.crawl().await {
        assert!(status < 500, "{path}: {status}");
        assert!(!text.contains(TITLE_LINK), "{path} still leads there");
        assert!(!text.contains("By Grace"), "{path} still names its author");
        for picture in pictures {
            assert!(!text.contains(picture.as_str()), "{path} shows {picture}");
        }
    }
    let answer = stage
        .world
        .http
        .get(stage.world.url(KOLKATA))
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 410);
    let text = answer.text().await.unwrap();
    assert!(text.contains("This was taken down."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_consent_takes_its_story_down_everywhere() {
    let stage = Stage::open().await;
    let (own, pictures, lists) = showing(&stage.crawl().await);
    assert_eq!(pictures.len(), 6, "two pictures in three sizes");
    for path in own.iter().chain(&pictures) {
        assert_eq!(stage.world.get(path).await.0, 200, "{path}");
    }
    let campaign_list = format!("/campaigns/{CAMPAIGN}/stories");
    for list in [
        campaign_list.as_str(),
        "/feed.xml",
        "/api/v1/stories",
        "/programs/ijm-kolkata",
        &format!("/campaigns/{CAMPAIGN}"),
    ] {
        assert!(lists.iter().any(|path| path == list), "{list}: {lists:?}");
    }
    let (story, _) = stage.story(demo::KOLKATA).await;
    let now = stage.world.clock.now();
    let noted = stage.world.app.site.db.tx(move |c| {
        let leave = copies::may_leave(c, story, Channel::Mail, now)?;
        let sending = Line::parse("newsletter nov-2026", 80).unwrap();
        copies::note(c, &leave, &sending, 40, now)?;
        copies::note(c, &leave, &sending, 2, now)
    });
    noted.await.unwrap();

    let (consent, staff) = (stage.consent().await, stage.staff().await);
    let place = format!("/console/consents/{consent}");
    let revoke = format!("{place}/revoke");
    let later = stage.today(3);
    let answer = stage
        .world
        .ask(
            &staff,
            "POST",
            &revoke,
            &[("revoked_on", &later), ("because", "She asked for it.")],
        )
        .await;
    assert_eq!(answer.status, 422, "a day to come");
    let today = stage.today(0);
    let fields = [
        ("revoked_on", today.as_str()),
        ("because", "She asked for it."),
    ];
    stage.world.send(&staff, &revoke, &fields).await;

    gone_everywhere(&stage, &own, &pictures, &lists).await;
    let feed = stage.world.get("/feed.xml").await.1;
    assert!(feed.contains(&format!("deleted-entry ref=\"urn:selvedge:story:{story}\"")));
    // What was mailed cannot be called back: it is listed, and nothing more may leave.
    let told = stage.world.look(&staff, &place).await;
    assert!(
        told.contains("newsletter nov-2026") && told.contains(">42<"),
        "{told}"
    );
    let asked = stage
        .world
        .app
        .site
        .db
        .read(move |c| copies::may_leave(c, story, Channel::Mail, now));
    assert!(asked.await.is_err());
    assert_eq!(stage.deeds("consent.revoke").await.len(), 1);
    assert_eq!(
        stage.deeds("story.withdraw").await,
        ["a consent was revoked"]
    );
    // Nobody can publish it on that consent again.
    let state = format!("/console/stories/{story}/state");
    let answer = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "publish")])
        .await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("was revoked"));
    assert_eq!(
        stage
            .world
            .get("/stories/thirty-one-mornings-in-one-dress")
            .await
            .0,
        200
    );
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ends_takes_its_story_down_by_the_clock() {
    let stage = Stage::open().await;
    let (own, pictures, lists) = showing(&stage.crawl().await);
    let ends: String = {
        let query = vault_consents::table.select(vault_consents::expires_on);
        let read = stage.world.app.site.db.read(move |c| {
            let day: String = each!(c, c => query.first(c))?;
            Ok(day)
        });
        read.await.unwrap()
    };
    super::harness::world::turn(&stage.world.clock, &format!("{ends}T23:59:30Z"));
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(
        stage.world.get(KOLKATA).await.0,
        200,
        "its last day is whole"
    );
    stage.world.clock.advance(chrono::Duration::seconds(31));
    // Views live for a second of the machine's own time.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(stage.world.get(KOLKATA).await.0, 410, "before any job ran");
    stage.world.clock.advance(chrono::Duration::seconds(90));
    stage.world.work().await;
    let lists: Vec<String> = lists
        .into_iter()
        .filter(|path| !path.starts_with("/api/v1/p"))
        .collect();
    gone_everywhere(&stage, &own, &pictures, &lists).await;
    assert_eq!(stage.story(demo::KOLKATA).await.1, "withdrawn");
    assert_eq!(
        stage.deeds("story.withdraw").await,
        ["a consent came to its end"]
    );
    stage.world.done().await;
}

/// The multipart body of a form, as browsers send one with a file.
/// Whoever runs the campaigns has a month, and a week, to ask anew.
#[tokio::test(flavor = "multi_thread")]
async fn mails_go_out_before_a_consent_ends_each_once() {
    let stage = Stage::open().await;
    let world = &stage.world;
    let id = stage.consent().await;
    let query = vault_consents::table
        .find(id)
        .select(vault_consents::expires_on);
    let last: selvedge::kernel::Day = world
        .app
        .site
        .db
        .read(move |c| Ok(each!(c, c => query.first(c))?))
        .await
        .unwrap();
    let told = async || {
        let mails = world.mails_to("noor@staff.example").await;
        let about = mails.iter().filter(|mail| {
            let text = mail["text"].as_str().unwrap();
            text.contains(&format!("/console/consents/{id}"))
        });
        about.count()
    };
    let today = |days: i64| {
        let at = world.clock.now().plus(chrono::Duration::days(days));
        selvedge::kernel::Day::try_from(at.naive().date()).unwrap()
    };
    let left = today(0).days_to(last);
    world.work().await;
    for (before, wanted) in [(32, 0), (29, 1), (20, 1), (6, 2), (1, 2)] {
        let now = left - today(0).days_to(last);
        let by = left - before - now;
        assert!(by >= 0, "the demo's consent holds for months");
        world.clock.advance(chrono::Duration::days(by));
        world.work().await;
        assert_eq!(told().await, wanted, "{before} days before");
    }
    let now = world.clock.now();
    let db = &world.app.site.db;
    let waiting = db.read(move |c| selvedge::stories::consents_waiting(c, now));
    assert!(
        waiting.await.unwrap().1 >= 1,
        "counted on the console's home"
    );
    stage.world.done().await;
}

async fn send_file(
    stage: &Stage,
    visitor: &Visitor,
    path: &str,
    fields: &[(&str, &str)],
    (name, bytes): (&str, &[u8]),
) -> (u16, String, String) {
    let mut body = Vec::new();
    let mut part = |head: &str, value: &[u8]| {
        let lead = format!("--cloth\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        body.extend_from_slice(lead.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    };
    for (field, value) in fields {
        part(&format!("name=\"{field}\""), value.as_bytes());
    }
    part("name=\"csrf\"", visitor.seal().as_bytes());
    part(&format!("name=\"{name}\"; filename=\"a\""), bytes);
    body.extend_from_slice(b"--cloth--\r\n");
    let answer = stage
        .world
        .http
        .post(stage.world.url(path))
        .header("cookie", visitor.cookies())
        .header("accept", "text/html")
        .header("content-type", "multipart/form-data; boundary=cloth")
        .body(body)
        .send()
        .await
        .unwrap();
    let place = answer.headers().get("location");
    let place = place.map_or_else(String::new, |place| place.to_str().unwrap().to_owned());
    (
        answer.status().as_u16(),
        place,
        answer.text().await.unwrap(),
    )
}

const PDF: &[u8] = b"%PDF-1.4\n% a paper of a test\n%%EOF\n";

#[tokio::test(flavor = "multi_thread")]
async fn consents_keep_to_the_rules_and_are_signed_by_two() {
    let stage = Stage::open().await;
    let staff = stage.staff().await;
    let (today, ends, out) = (stage.today(0), stage.today(700), stage.today(-800));
    let good: Vec<(&str, &str)> = vec![
        ("pseudonym", "Mira"),
        ("real_name", "Zuleikha Marker"),
        ("giver", "own"),
        ("guardian_name", ""),
        ("signed_on", &today),
        ("expires_on", &ends),
        ("out_of_care_since", &out),
        ("covers_web", "1"),
        ("image_rule", "none"),
    ];
    let with = |field: &'static str, value: &str| {
        let mut fields: Vec<(&str, String)> = good
            .iter()
            .map(|(key, old)| (*key, (*old).to_owned()))
            .collect();
        fields.retain(|(key, _)| *key != field);
        fields.push((field, value.to_owned()));
        fields
    };
    let cases = [
        (
            with("expires_on", &stage.today(1_100)),
            "three years at most",
        ),
        (
            with("expires_on", &stage.today(-1)),
            "ends before it was signed",
        ),
        (
            with("out_of_care_since", &stage.today(-300)),
            "out of care for a year",
        ),
        (with("signed_on", &stage.today(2)), "has not come yet"),
        (with("covers_web", ""), "at least one place"),
        (with("giver", "guardian"), "fill this in"),
        (with("guardian_name", "Somebody"), "leave this empty"),
    ];
    for (fields, said) in cases {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let file = ("paper", PDF);
        let (status, _, text) = send_file(&stage, &staff, "/console/consents", &fields, file).await;
        assert_eq!(status, 422, "{said}");
        assert!(text.contains(said), "{said}");
        assert!(text.contains("Zuleikha Marker"), "nothing typed is lost");
    }
    for (bytes, said) in [
        (&b""[..], "add the signed paper"),
        (&b"<html>"[..], "choose a PDF"),
    ] {
        let (status, _, text) =
            send_file(&stage, &staff, "/console/consents", &good, ("paper", bytes)).await;
        assert_eq!(status, 422);
        assert!(text.contains(said), "{said}");
    }
    let (status, place, text) =
        send_file(&stage, &staff, "/console/consents", &good, ("paper", PDF)).await;
    assert_eq!(status, 303, "{text}");
    let place = place.split('?').next().unwrap().to_owned();

    // Sealed: neither page nor row holds the name, until somebody asks, on record.
    assert!(!stage.world.look(&staff, &place).await.contains("Zuleikha"));
    let query = vault_people::table.select(vault_people::sealed_name);
    let read = stage.world.app.site.db.read(move |c| {
        let all: Vec<String> = each!(c, c => query.load(c))?;
        Ok(all)
    });
    assert!(
        read.await
            .unwrap()
            .iter()
            .all(|name| !name.contains("Zuleikha"))
    );
    assert!(stage.deeds("consent.see_name").await.is_empty());
    let shown = stage
        .world
        .ask(&staff, "POST", &format!("{place}/name"), &[])
        .await;
    assert!(shown.status == 200 && shown.text.contains("Zuleikha Marker"));
    assert_eq!(stage.deeds("consent.see_name").await.len(), 1);
    let paper = stage
        .world
        .ask(&staff, "POST", &format!("{place}/paper"), &[])
        .await;
    assert_eq!(paper.text.as_bytes(), PDF);
    assert_eq!(stage.deeds("consent.see_paper").await.len(), 1);

    // One person is not two.
    let sign = format!("{place}/sign");
    stage.world.send(&staff, &sign, &[]).await;
    let again = stage.world.ask(&staff, "POST", &sign, &[]).await;
    assert_eq!(again.status, 409);
    assert!(again.text.contains("must be somebody else"));
    let (story, consent) = (
        fresh_story(&stage, &staff, "survivor").await,
        place.rsplit('/').next().unwrap(),
    );
    let consents = format!("/console/stories/{story}/consents");
    stage
        .world
        .send(&staff, &consents, &[("do", "link"), ("consent", consent)])
        .await;
    let state = format!("/console/stories/{story}/state");
    stage.world.send(&staff, &state, &[("do", "submit")]).await;
    let refused = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "publish")])
        .await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("signed off by one person"));
    let other = stage.world.visitor(Some(stage.signers[0])).await;
    stage.world.send(&other, &sign, &[]).await;
    stage.world.send(&staff, &state, &[("do", "publish")]).await;
    assert_eq!(stage.world.get("/stories/a-new-one").await.0, 200);
    stage.world.done().await;
}

/// A story that lacks nothing but what it stands on; answers its id.
async fn fresh_story(stage: &Stage, staff: &Visitor, about: &str) -> String {
    let new = [
        ("title", "A new one"),
        ("slug", "a-new-one"),
        ("about", about),
        ("campaign", CAMPAIGN),
    ];
    let place = stage.world.send(staff, "/console/stories", &new).await;
    let place = place.split('?').next().unwrap().to_owned();
    let id = place.rsplit('/').next().unwrap().to_owned();
    write(stage, staff, &id, "She sews.\n\nShe studies.").await;
    id
}

/// Sends the editor's form with this text.
async fn write(stage: &Stage, staff: &Visitor, id: &str, body: &str) {
    let place = format!("/console/stories/{id}");
    let html = stage.world.look(staff, &place).await;
    let mut fields = fields_of(&html, &place);
    for (field, value) in [
        ("body", body),
        ("summary", "What she does now."),
        ("author_name", "Mira"),
    ] {
        fields.insert(field.to_owned(), vec![value.to_owned()]);
    }
    let about = if html.contains("value=\"survivor\" selected") {
        "survivor"
    } else {
        "work"
    };
    fields.insert("about".into(), vec![about.into()]);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .flat_map(|(key, all)| all.iter().map(|value| (key.as_str(), value.as_str())))
        .collect();
    stage.world.send(staff, &place, &fields).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survivors_story_is_not_published_without_a_consent() {
    let stage = Stage::open().await;
    let staff = stage.staff().await;
    let story = fresh_story(&stage, &staff, "survivor").await;
    let state = format!("/console/stories/{story}/state");
    stage.world.send(&staff, &state, &[("do", "submit")]).await;
    let refused = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "publish")])
        .await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("needs a consent from the vault"));
    assert_eq!(
        stage.world.get("/stories/a-new-one").await.0,
        404,
        "it never was public"
    );
    // Nor by a detour over its state.
    let archived = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "archive")])
        .await;
    assert_eq!(archived.status, 409);
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_somebody_needs_a_consent_that_covers_it_and_words() {
    let stage = Stage::open().await;
    let staff = stage.staff().await;
    let story = fresh_story(&stage, &staff, "work").await;
    let mut jpeg = std::io::Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(80, 60, Rgb([90, 120, 60]));
    picture.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let place = format!("/console/stories/{story}/pictures");
    let fields = [
        ("place", "lead"),
        ("shows", "face"),
        ("caption", ""),
        ("photo_alt", ""),
    ];
    let file = ("photo", jpeg.get_ref().as_slice());
    let (status, _, text) = send_file(&stage, &staff, &place, &fields, file).await;
    assert_eq!(status, 422);
    assert!(text.contains("say what the picture shows"));
    let fields = [
        ("place", "lead"),
        ("shows", "face"),
        ("caption", ""),
        ("photo_alt", "A woman at a loom"),
    ];
    assert_eq!(
        send_file(&stage, &staff, &place, &fields, file).await.0,
        303
    );
    let html = stage
        .world
        .look(&staff, &format!("/console/stories/{story}"))
        .await;
    let url = html
        .split("/media/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let url = format!("/media/{url}");
    assert_eq!(stage.world.get(&url).await.0, 404, "not public yet");
    assert_eq!(stage.world.ask(&staff, "GET", &url, &[]).await.status, 200);
    let state = format!("/console/stories/{story}/state");
    stage.world.send(&staff, &state, &[("do", "submit")]).await;
    let refused = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "publish")])
        .await;
    assert!(refused.status == 409 && refused.text.contains("picture of somebody"));
    // Grace's consent covers no picture of her.
    let consent = stage.consent().await.to_string();
    let consents = format!("/console/stories/{story}/consents");
    stage
        .world
        .send(&staff, &consents, &[("do", "link"), ("consent", &consent)])
        .await;
    let refused = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "publish")])
        .await;
    assert!(refused.status == 409 && refused.text.contains("shows more of somebody"));
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_answered_on_record_before_review() {
    let stage = Stage::open().await;
    let staff = stage.staff().await;
    let story = fresh_story(&stage, &staff, "work").await;
    let place = format!("/console/stories/{story}");
    write(
        &stage,
        &staff,
        &story,
        "They were beaten.\n\nShe came from Asansol. She was 24 years old in 2019.",
    )
    .await;
    let state = format!("{place}/state");
    let refused = stage
        .world
        .ask(&staff, "POST", &state, &[("do", "submit")])
        .await;
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .text
            .contains("2 warnings of the harm screen without an answer")
    );
    let html = stage.world.look(&staff, &place).await;
    assert!(html.contains("They were beaten.") && html.contains("can wound readers"));
    let keys: Vec<&str> = html
        .split("name=\"warning\" value=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap())
        .collect();
    assert_eq!(keys.len(), 2);
    let answer = format!("{place}/answer");
    let empty = stage
        .world
        .ask(
            &staff,
            "POST",
            &answer,
            &[("warning", keys[0]), ("answer", " ")],
        )
        .await;
    assert_eq!(empty.status, 422);
    for key in keys {
        stage
            .world
            .send(
                &staff,
                &answer,
                &[("warning", key), ("answer", "The partner read it.")],
            )
            .await;
    }
    let deeds = stage.deeds("story.answer_warning").await;
    assert!(
        deeds
            .iter()
            .any(|said| said == "graphic: The partner read it."),
        "{deeds:?}"
    );
    stage.world.send(&staff, &state, &[("do", "submit")]).await;
    stage.world.send(&staff, &state, &[("do", "publish")]).await;
    // Another passage asks anew, also of a public story.
    let html = stage.world.look(&staff, &place).await;
    let mut fields = fields_of(&html, &place);
    fields.insert("body".into(), vec!["They were tortured.".into()]);
    fields.insert("about".into(), vec!["work".into()]);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .flat_map(|(key, all)| all.iter().map(|value| (key.as_str(), value.as_str())))
        .collect();
    let refused = stage.world.ask(&staff, "POST", &place, &fields).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("1 warning of the harm screen"));
    assert!(
        refused.text.contains("They were tortured."),
        "nothing typed is lost"
    );
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_staff_change_count_and_survive_a_newer_list() {
    let stage = Stage::open().await;
    let staff = stage.staff().await;
    let html = stage.world.look(&staff, "/console/harm-words").await;
    let fields = fields_of(&html, "/console/harm-words");
    let graphic = fields["graphic"][0].replace("beaten\n", "") + "\nshattered";
    stage
        .world
        .send(&staff, "/console/harm-words", &[("graphic", &graphic)])
        .await;
    assert_eq!(
        stage.deeds("harm_words.edit").await,
        ["1 added, 1 taken out"]
    );
    let story = fresh_story(&stage, &staff, "work").await;
    write(
        &stage,
        &staff,
        &story,
        "They were beaten.\n\nShe was shattered.",
    )
    .await;
    let html = stage
        .world
        .look(&staff, &format!("/console/stories/{story}"))
        .await;
    assert_eq!(html.matches("name=\"warning\" value=\"").count(), 1);
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_markdown_stays_text() {
    let stage = Stage::open().await;
    let staff = stage.staff().await;
    let story = fresh_story(&stage, &staff, "work").await;
    let body = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) ![b](http://169.254.169.254/x)\n\n\
                <a href=\"https://x\" style=\"position:fixed\" onclick=\"x()\">c</a>";
    write(&stage, &staff, &story, body).await;
    let state = format!("/console/stories/{story}/state");
    stage.world.send(&staff, &state, &[("do", "submit")]).await;
    stage.world.send(&staff, &state, &[("do", "publish")]).await;
    for path in ["/stories/a-new-one", "/feed.xml"] {
        let (status, text) = stage.world.get(path).await;
        assert_eq!(status, 200);
        for bad in [
            "<script>alert",
            "<img src=x",
            "href=\"javascript:",
            "src=\"http://169.254",
            "<a href=\"https://x\" style",
        ] {
            assert!(!text.contains(bad), "{path}: {bad}");
        }
    }
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_of_another_season_sees_neither_story_nor_vault() {
    let stage = Stage::open().await;
    let (story, _) = stage.story(demo::KOLKATA).await;
    let elsewhere = stage
        .world
        .user("elsewhere@staff.example", Role::Coordinator)
        .await;
    let now = stage.world.clock.now();
    let narrowed = stage.world.app.site.db.tx(move |c| {
        let last = selvedge::campaigns::model::by_slug(c, &demo::LAST_SEASON.parse().unwrap())?;
        let new = selvedge::auth::roles::SetRole {
            user: elsewhere,
            role: Role::Coordinator,
            has: true,
            campaigns: vec![last.campaign.id],
        };
        selvedge::auth::roles::set_role(c, &new, now)
    });
    narrowed.await.unwrap();
    let visitor = stage.world.visitor(Some(elsewhere)).await;
    for (path, status) in [
        ("/console/consents".to_owned(), 403),
        (format!("/console/consents/{}", stage.consent().await), 403),
        (format!("/console/stories/{story}"), 403),
        ("/console/harm-words".to_owned(), 403),
        ("/console/stories".to_owned(), 200),
    ] {
        let answer = stage.world.ask(&visitor, "GET", &path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(!answer.text.contains(TITLE_LINK), "{path}");
    }
    stage.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_has_a_way_out_a_note_and_ways_to_give() {
    let stage = Stage::open().await;
    let answer = stage
        .world
        .http
        .get(stage.world.url(KOLKATA))
        .send()
        .await
        .unwrap();
    assert!(
        answer.headers()["x-robots-tag"]
            .to_str()
            .unwrap()
            .contains("noindex")
    );
    let text = answer.text().await.unwrap();
    for part in [
        "<meta name=\"robots\" content=\"noindex\">",
        "rel=\"noreferrer noopener nofollow\" data-exit>Leave this page",
        "Before you read:",
        "By Grace",
        "/give/dressember-2026?program&#x3D;ijm-kolkata",
        "covers a therapy session",
        "partner-reported",
        "alt=\"Drawn: a river city",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        !text.contains("og:title"),
        "no preview elsewhere without consent"
    );
    let other = stage
        .world
        .get("/stories/thirty-one-mornings-in-one-dress")
        .await
        .1;
    assert!(other.contains("og:title") && !other.contains("noindex"));
    let api = stage.world.json(&format!("/api/v1{KOLKATA}")).await;
    assert_eq!(api["author"], "Grace");
    assert_eq!(api["noindex"], true);
    assert_eq!(api["pictures"].as_array().unwrap().len(), 2);
    let list = stage
        .world
        .json("/api/v1/stories?program=ijm-kolkata&limit=1")
        .await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(stage.world.get("/stories/nothing").await.0, 404);
    assert_eq!(stage.world.get("/api/v1/stories?x=1").await.0, 422);
    stage.world.done().await;
}
