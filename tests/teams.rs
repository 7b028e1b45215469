//! Teams: the five ways in and each refusal, who leads, what a captain writes, and what stays with a team.

use chrono::Duration;
use reqwest::Method;
use selvedge::auth::mutes::{MailKind, mute};
use selvedge::auth::{Role, UserId};
use selvedge::campaigns;
use selvedge::ids::PageId;
use selvedge::kernel::{Line, Slug};
use selvedge::pages;
use selvedge::teams::groups::{CreateGroup, GroupId, GroupKind};
use selvedge::teams::{JoinPolicy, groups};
use selvedge::web::markdown::Story;
use serde_json::{Value, json};

use crate::harness::visitor::{Answer, Visitor, ask};
use crate::harness::world::{CAMPAIGN, World};

/// A team of the demo, its captain's page, and pages in no team.
const TEAM: &str = "the-tuesday-seams";
const CAPTAIN: &str = "maya-roy";
const MEMBERS: [&str; 2] = ["johanna-lindqvist", "abena-owusu"];
const FREE: [&str; 3] = ["sam-okafor", "greta-and-the-book-club", "hannah-weiss"];

fn line(text: &str) -> Line {
    Line::parse(text, 200).unwrap()
}

async fn team(world: &World, slug: &str) -> Value {
    world.json(&format!("/api/v1/teams/{slug}?limit=100")).await
}

async fn roster(world: &World, slug: &str) -> Vec<String> {
    let team = team(world, slug).await;
    let items = team["roster"]["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["slug"].as_str().unwrap().to_owned())
        .collect()
}

async fn is_in(world: &World, page: &str, team: &str) -> bool {
    let page = world.json(&format!("/api/v1/pages/{page}")).await;
    page["team"]["slug"] == team
}

async fn set_policy(captain: &Visitor, policy: JoinPolicy, password: &str) -> Answer {
    let fields = [
        ("name", "The Tuesday Seams"),
        ("story", "We mend."),
        ("goal", "6000"),
        ("policy", policy.as_str()),
        ("password", password),
    ];
    captain
        .post(&format!("/teams/{TEAM}/manage/edit"), &fields)
        .await
}

fn join(page: &str) -> String {
    format!("/pages/{page}/team/join/{TEAM}")
}

/// The mails to `address` whose subject holds `word`: the coach writes to the same people.
async fn about(world: &World, address: &str, word: &str) -> Vec<Value> {
    let mut all = world.mails_to(address).await;
    all.retain(|mail| mail["subject"].as_str().unwrap().contains(word));
    all
}

/// What stands between `before` and the next quote in a page.
fn part<'a>(text: &'a str, before: &str) -> &'a str {
    let rest = text
        .split(before)
        .nth(1)
        .unwrap_or_else(|| panic!("no {before}"));
    rest.split('"').next().unwrap()
}

fn gift_to(page: &str, minor: i64) -> Value {
    let mut gift = World::gift(minor);
    gift["page"] = json!(page);
    gift
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_team_is_joined_at_once_and_money_stays_where_it_was_given() {
    let world = World::new().await;
    let page = FREE[0];
    let sam = Visitor::owner_of(&world, page).await;
    world.paid(&gift_to(page, 1_000)).await;
    let shown = sam.get(&format!("/pages/{page}/team?q=TUESDAY")).await;
    assert!(shown.text.contains(&join(page)), "{}", shown.said());
    assert!(!shown.text.contains("eastside-ties"));
    assert_eq!(sam.get(&join(page)).await.status, 200);
    assert!(!is_in(&world, page, TEAM).await, "GET changes nothing");
    let joined = sam.post(&join(page), &[]).await;
    assert_eq!(joined.to(), format!("/pages/{page}/team?done=joined"));
    assert!(is_in(&world, page, TEAM).await);
    assert!(roster(&world, TEAM).await.contains(&page.to_owned()));
    assert_eq!(team(&world, TEAM).await["raised"]["minor"], 0);
    world.paid(&gift_to(page, 2_000)).await;
    assert_eq!(team(&world, TEAM).await["raised"]["minor"], 2_000);
    // Moving is leaving and joining.
    let moved = sam
        .post(&format!("/pages/{page}/team/join/eastside-ties"), &[])
        .await;
    moved.to();
    world.paid(&gift_to(page, 4_000)).await;
    assert_eq!(team(&world, TEAM).await["raised"]["minor"], 2_000);
    assert_eq!(
        team(&world, "eastside-ties").await["raised"]["minor"],
        4_000
    );
    assert_eq!(world.page_totals(page).await.0, 7_000);
    let again = sam
        .post(&format!("/pages/{page}/team/join/eastside-ties"), &[])
        .await;
    assert_eq!(again.status, 409, "it is in it already");
    sam.post(&format!("/pages/{page}/team/leave"), &[("yes", "1")])
        .await
        .to();
    assert!(
        !roster(&world, "eastside-ties")
            .await
            .contains(&page.to_owned())
    );
    let twice = sam
        .post(&format!("/pages/{page}/team/leave"), &[("yes", "1")])
        .await;
    assert_eq!(twice.status, 409);
    let other = Visitor::owner_of(&world, FREE[1]).await;
    assert_eq!(other.post(&join(page), &[]).await.status, 403);
    assert_eq!(other.get(&format!("/pages/{page}/team")).await.status, 403);
    let stranger = world.get(&format!("/pages/{page}/team")).await;
    assert_eq!(stranger.0, 401);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captain_who_confirms_is_asked_by_mail_and_answers_once() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    assert!(
        set_policy(&captain, JoinPolicy::Confirm, "")
            .await
            .to()
            .ends_with("done=edited")
    );
    let page = FREE[0];
    let sam = Visitor::owner_of(&world, page).await;
    let asked = sam
        .post(&join(page), &[("words", "I sew.\nOn Tuesdays.")])
        .await;
    assert!(asked.to().ends_with("done=asked"));
    assert_eq!(
        sam.post(&join(page), &[]).await.status,
        409,
        "asked already"
    );
    let bad = sam.post(&join(page), &[("words", "a\u{202e}b")]).await;
    assert_eq!(bad.status, 422);
    assert!(bad.text.contains("words-error"));
    assert!(!is_in(&world, page, TEAM).await);
    world.work().await;
    let mails = about(&world, "maya-roy@example.org", "asks to join").await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0]["text"].as_str().unwrap().contains("On Tuesdays."));
    assert!(
        mails[0]["text"]
            .as_str()
            .unwrap()
            .contains("/mail/team_news/off/")
    );

    // Yes and no at once: one of the two is told that it was answered.
    let room = captain.get(&format!("/teams/{TEAM}/manage")).await;
    let request = part(&room.text, "name=\"request\" value=\"").to_owned();
    let path = format!("/teams/{TEAM}/manage/request");
    let yes = [("request", request.as_str()), ("accept", "1")];
    let no = [("request", request.as_str())];
    let (yes, no) = tokio::join!(captain.post(&path, &yes), captain.post(&path, &no));
    let mut statuses = [yes.status, no.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(is_in(&world, page, TEAM).await, yes.status == 303);
    world.work().await;
    let mails = about(&world, "sam-okafor@example.org", "The Tuesday Seams").await;
    assert_eq!(mails.len(), 1);
    let accepted = mails[0]["subject"]
        .as_str()
        .unwrap()
        .starts_with("You are in");
    assert_eq!(accepted, yes.status == 303);

    // Taken back by its owner, it cannot be answered any more.
    let (page, greta) = (FREE[1], Visitor::owner_of(&world, FREE[1]).await);
    greta.post(&join(page), &[]).await.to();
    let tab = greta.get(&format!("/pages/{page}/team")).await;
    let request = part(&tab.text, "name=\"request\" value=\"").to_owned();
    let fields = [("request", request.as_str())];
    assert_eq!(
        sam.post(&format!("/pages/{page}/team/withdraw"), &fields)
            .await
            .status,
        403
    );
    greta
        .post(&format!("/pages/{page}/team/withdraw"), &fields)
        .await
        .to();
    let late = captain
        .post(&path, &[("request", request.as_str()), ("accept", "1")])
        .await;
    assert_eq!(late.status, 409);
    assert!(!is_in(&world, page, TEAM).await);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_with_a_password_takes_who_knows_it() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let missing = set_policy(&captain, JoinPolicy::Password, "").await;
    assert_eq!(missing.status, 422);
    assert!(missing.text.contains("password-error"));
    let short = set_policy(&captain, JoinPolicy::Password, "short").await;
    assert_eq!(short.status, 422);
    set_policy(&captain, JoinPolicy::Password, "needle and green thread")
        .await
        .to();
    // Saved again without one, it keeps the one that it has.
    set_policy(&captain, JoinPolicy::Password, "").await.to();
    let (page, sam) = (FREE[0], Visitor::owner_of(&world, FREE[0]).await);
    for wrong in ["", "needle", "needle and red thread"] {
        let refused = sam.post(&join(page), &[("password", wrong)]).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.text.contains("password-error"));
        assert!(
            wrong.is_empty() || !refused.text.contains(wrong),
            "never shown again"
        );
    }
    let right = [("password", "needle and green thread")];
    assert!(
        sam.post(&join(page), &right)
            .await
            .to()
            .ends_with("done=joined")
    );
    // Under another policy the old password opens nothing.
    set_policy(&captain, JoinPolicy::Invite, "").await.to();
    let greta = Visitor::owner_of(&world, FREE[1]).await;
    assert_eq!(greta.post(&join(FREE[1]), &right).await.status, 409);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_at_a_teams_password_are_counted() {
    let world = World::with(&[("limits.enabled", "true")]).await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    set_policy(&captain, JoinPolicy::Password, "needle and green thread")
        .await
        .to();
    let sam = Visitor::owner_of(&world, FREE[0]).await;
    let mut last = 0;
    for _ in 0..40 {
        last = sam
            .post(&join(FREE[0]), &[("password", "a guess of words")])
            .await
            .status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    world.done().await;
}

async fn invite(captain: &Visitor) -> String {
    let made = captain
        .post(&format!("/teams/{TEAM}/manage/invite"), &[])
        .await;
    assert_eq!(made.status, 200, "{}", made.said());
    let link = part(&made.text, "readonly value=\"").to_owned();
    link.split_once("/teams/")
        .map(|(_, rest)| format!("/teams/{rest}"))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_good_once_for_seven_days_and_for_its_address() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    set_policy(&captain, JoinPolicy::Invite, "").await.to();
    let (page, sam) = (FREE[0], Visitor::owner_of(&world, FREE[0]).await);
    assert_eq!(sam.post(&join(page), &[]).await.status, 409);
    assert!(
        !world
            .get(&format!("/teams/{TEAM}"))
            .await
            .1
            .contains(">Join this team<")
    );

    let link = invite(&captain).await;
    let signed_out = world.get(&link).await;
    assert_eq!(signed_out.0, 200);
    assert!(signed_out.1.contains("/login?next"));
    for _ in 0..3 {
        assert_eq!(sam.get(&link).await.status, 200);
    }
    assert!(!is_in(&world, page, TEAM).await, "GET changes nothing");
    let others = sam.post(&link, &[("page", FREE[1])]).await;
    assert_eq!(others.status, 422, "somebody else's page");
    sam.post(&link, &[("page", page)]).await.to();
    assert!(is_in(&world, page, TEAM).await);
    let greta = Visitor::owner_of(&world, FREE[1]).await;
    assert_eq!(greta.get(&link).await.status, 410);
    assert_eq!(greta.post(&link, &[("page", FREE[1])]).await.status, 410);

    // Taken back.
    let link = invite(&captain).await;
    let room = captain.get(&format!("/teams/{TEAM}/manage")).await;
    let id = part(&room.text, "name=\"invitation\" value=\"").to_owned();
    let path = format!("/teams/{TEAM}/manage/revoke");
    captain.post(&path, &[("invitation", &id)]).await.to();
    assert_eq!(
        captain.post(&path, &[("invitation", &id)]).await.status,
        409
    );
    assert_eq!(greta.post(&link, &[("page", FREE[1])]).await.status, 410);

    // By address.
    let path = format!("/teams/{TEAM}/manage/invite");
    assert_eq!(
        captain.post(&path, &[("email", "nobody")]).await.status,
        422
    );
    captain
        .post(&path, &[("email", "Hannah-Weiss@example.org")])
        .await
        .to();
    world.work().await;
    let mails = about(&world, "Hannah-Weiss@example.org", "invites you").await;
    assert_eq!(mails.len(), 1);
    let text = mails[0]["text"].as_str().unwrap();
    let link = text
        .split_whitespace()
        .find(|word| word.contains("/teams/join/"))
        .unwrap();
    let link = link
        .split_once("/teams/")
        .map(|(_, rest)| format!("/teams/{rest}"))
        .unwrap();
    assert_eq!(greta.post(&link, &[("page", FREE[1])]).await.status, 403);
    let hannah = Visitor::owner_of(&world, FREE[2]).await;
    hannah.post(&link, &[("page", FREE[2])]).await.to();
    assert!(is_in(&world, FREE[2], TEAM).await);

    // Too old.
    let link = invite(&captain).await;
    world
        .clock
        .advance(Duration::days(7) + Duration::minutes(1));
    assert_eq!(world.get(&link).await.0, 410);
    world.done().await;
}

async fn campaign(world: &World) -> selvedge::ids::CampaignId {
    let slug: Slug = CAMPAIGN.parse().unwrap();
    let db = &world.app.site.db;
    db.read(move |c| campaigns::model::by_slug(c, &slug))
        .await
        .unwrap()
        .campaign
        .id
}

async fn new_page(world: &World, slug: &str, owner: UserId, draft: bool) -> PageId {
    let new = pages::ops::CreatePage {
        id: PageId::new(),
        campaign: campaign(world).await,
        team: None,
        owner: Some(owner),
        slug: slug.parse().unwrap(),
        title: line("I wear it"),
        participant: line(slug),
        story: Story::default(),
        goal: selvedge::kernel::Money::new(10_000, selvedge::kernel::Currency::USD),
        photo: None,
    };
    let (id, now) = (new.id, world.clock.now());
    let made = world.app.site.db.tx(move |c| {
        if draft {
            pages::ops::draft(c, &new, now)
        } else {
            pages::ops::create(c, &new, now)
        }
    });
    made.await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_who_use_one_invitation_at_once_one_joins() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let link = invite(&captain).await;
    let mut people = Vec::new();
    for n in 0..20 {
        let email = format!("racer-{n}@example.org");
        let person = Visitor::new(&world, "Racer", &email, Role::Participant).await;
        let page = format!("racer-{n}");
        new_page(&world, &page, person.user, false).await;
        people.push((person, page));
    }
    let posts = people.iter().map(|(person, page)| {
        let link = link.clone();
        async move { person.post(&link, &[("page", page.as_str())]).await.status }
    });
    let mut statuses = futures_util::future::join_all(posts).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303);
    assert!(
        statuses[1..].iter().all(|status| *status == 410),
        "{statuses:?}"
    );
    let racers = roster(&world, TEAM).await;
    let racers = racers.iter().filter(|slug| slug.starts_with("racer-"));
    assert_eq!(racers.count(), 1);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn into_a_team_of_staff_only_staff_put_pages_and_it_is_recorded() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    set_policy(&captain, JoinPolicy::Staff, "").await.to();
    let (page, sam) = (FREE[0], Visitor::owner_of(&world, FREE[0]).await);
    assert_eq!(sam.post(&join(page), &[]).await.status, 409);
    let refused = captain
        .post(&format!("/teams/{TEAM}/manage/invite"), &[])
        .await;
    assert_eq!(refused.status, 409, "nor does the captain invite");
    let noor = Visitor::new(&world, "Noor", "noor@example.org", Role::Coordinator).await;
    noor.post(&join(page), &[]).await.to();
    assert!(is_in(&world, page, TEAM).await);
    let remove = format!("/teams/{TEAM}/manage/remove");
    noor.post(&remove, &[("page", page)]).await.to();
    assert!(!is_in(&world, page, TEAM).await);
    let db = &world.app.site.db;
    let id = world.json(&format!("/api/v1/pages/{page}")).await["id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let of_page = move |c: &mut selvedge::db::Conn| selvedge::audit::of_subject(c, "page", &id, 10);
    let deeds = db.read(of_page).await.unwrap();
    assert_eq!(deeds[0].action, "page.join_team");
    assert_eq!(deeds[0].actor_id, Some(noor.user));
    let id = team(&world, TEAM).await["id"].as_str().unwrap().to_owned();
    let of_team = move |c: &mut selvedge::db::Conn| selvedge::audit::of_subject(c, "team", &id, 10);
    let deeds = db.read(of_team).await.unwrap();
    assert_eq!(deeds[0].action, "team.remove_member");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captain_hands_on_before_leaving_and_of_two_hands_one_counts() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let leave = captain
        .post(&format!("/pages/{CAPTAIN}/team/leave"), &[("yes", "1")])
        .await;
    assert_eq!(leave.status, 409);
    assert!(leave.text.contains("hand the captaincy on"));
    let elsewhere = format!("/pages/{CAPTAIN}/team/join/eastside-ties");
    assert_eq!(captain.post(&elsewhere, &[]).await.status, 409);
    let archive = captain
        .post(&format!("/teams/{TEAM}/manage/archive"), &[("yes", "1")])
        .await;
    assert_eq!(archive.status, 409, "others are in it");

    let path = format!("/teams/{TEAM}/manage/captain");
    let nobody = captain.post(&path, &[("page", FREE[0])]).await;
    assert_eq!(nobody.status, 404, "not a member");
    let to = |page: &'static str| {
        let (captain, path) = (&captain, &path);
        async move {
            captain
                .post(path, &[("page", page), ("yes", "1")])
                .await
                .status
        }
    };
    let (one, two) = tokio::join!(to(MEMBERS[0]), to(MEMBERS[1]));
    let (mut statuses, first) = ([one, two], one == 303);
    statuses.sort_unstable();
    // The second may come so late that the guard knows already that its sender leads no more.
    assert!(
        statuses[0] == 303 && [403, 409].contains(&statuses[1]),
        "{statuses:?}"
    );
    let now = team(&world, TEAM).await;
    let expected = if first {
        "Johanna Lindqvist"
    } else {
        "Abena Owusu"
    };
    assert_eq!(now["captain"], expected);
    assert_eq!(now["co_captains"], json!(["Maya Roy"]));
    world.work().await;
    let heir = if first { MEMBERS[0] } else { MEMBERS[1] };
    assert_eq!(
        about(&world, &format!("{heir}@example.org"), "You lead")
            .await
            .len(),
        1
    );

    // A co-captain leads, but does not decide.
    let co = captain;
    assert_eq!(co.get(&format!("/teams/{TEAM}/manage")).await.status, 200);
    let decide = co.post(&path, &[("page", CAPTAIN)]).await;
    assert_eq!(decide.status, 403);
    let promote = format!("/teams/{TEAM}/manage/co-captain");
    assert_eq!(
        co.post(&promote, &[("page", heir), ("yes", "1")])
            .await
            .status,
        403
    );
    let remove = format!("/teams/{TEAM}/manage/remove");
    assert_eq!(co.post(&remove, &[("page", heir)]).await.status, 403);
    co.post(&format!("/pages/{CAPTAIN}/team/leave"), &[("yes", "1")])
        .await
        .to();
    assert_eq!(co.get(&format!("/teams/{TEAM}/manage")).await.status, 403);

    // The last member archives; no gift and no page goes there any more, and what was given stays.
    let last = Visitor::owner_of(&world, heir).await;
    let other = if first { MEMBERS[1] } else { MEMBERS[0] };
    last.post(&remove, &[("page", other)]).await.to();
    let mut gift = World::gift(5_000);
    gift["page"] = Value::Null;
    gift["team"] = json!(TEAM);
    world.paid(&gift).await;
    last.post(&format!("/teams/{TEAM}/manage/archive"), &[("yes", "1")])
        .await
        .to();
    assert_eq!(
        last.post(&format!("/teams/{TEAM}/manage/archive"), &[("yes", "1")])
            .await
            .status,
        409
    );
    assert_eq!(world.post_gift("to-an-archived-team", &gift).await.0, 409);
    assert_eq!(
        world.get(&format!("/give/{CAMPAIGN}?team={TEAM}")).await.0,
        404
    );
    let sam = Visitor::owner_of(&world, FREE[0]).await;
    assert_eq!(sam.post(&join(FREE[0]), &[]).await.status, 409);
    let now = team(&world, TEAM).await;
    assert_eq!(
        (&now["archived"], &now["raised"]["minor"]),
        (&json!(true), &json!(5_000))
    );
    assert!(
        world
            .get(&format!("/teams/{TEAM}"))
            .await
            .1
            .contains("has been archived")
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captain_writes_once_a_day_and_three_times_a_week_to_who_wants_it() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let johanna = Visitor::owner_of(&world, MEMBERS[0]).await;
    let write = format!("/teams/{TEAM}/manage/message");
    let words = [
        ("subject", "Day ten"),
        ("body", "Well worn!\n\nOn Sunday we meet."),
    ];
    assert_eq!(
        johanna.post(&write, &words).await.status,
        403,
        "a member does not"
    );
    let empty = captain
        .post(&write, &[("subject", "Day ten"), ("body", "")])
        .await;
    assert_eq!(empty.status, 422);
    assert!(
        empty.text.contains("value=\"Day ten\""),
        "what was typed stays"
    );
    let header = captain
        .post(&write, &[("subject", "a\r\nBcc: x@y.org"), ("body", "b")])
        .await;
    assert_eq!(header.status, 422);

    // Two at once are one.
    let (one, two) = tokio::join!(captain.post(&write, &words), captain.post(&write, &words));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    world.work().await;
    let mut links = std::collections::BTreeSet::new();
    for member in MEMBERS {
        let mails = about(&world, &format!("{member}@example.org"), "Day ten").await;
        assert_eq!(mails.len(), 1, "{member}");
        assert_eq!(mails[0]["subject"], "The Tuesday Seams: Day ten");
        let text = mails[0]["text"].as_str().unwrap();
        assert!(text.contains("On Sunday we meet.") && text.contains("Maya Roy, captain of"));
        let link = text.split_whitespace().find(|word| word.contains("/off/"));
        links.insert(link.unwrap().to_owned());
    }
    assert_eq!(links.len(), 2, "each their own link");
    assert!(
        about(&world, "maya-roy@example.org", "Day ten")
            .await
            .is_empty(),
        "not to oneself"
    );

    let (user, now) = (johanna.user, world.clock.now());
    let muted = move |c: &mut selvedge::db::Conn| mute(c, user, MailKind::TeamMessages, now);
    world.app.site.db.tx(muted).await.unwrap();
    for (hours, status) in [(23, 409), (2, 303), (25, 303), (25, 409), (5 * 24, 303)] {
        world.clock.advance(Duration::hours(hours));
        // Sessions end after two weeks at most, and this test takes eight days.
        let sent = captain.post(&write, &words).await;
        assert_eq!(sent.status, status, "after {hours} h: {}", sent.said());
    }
    world.work().await;
    assert_eq!(
        about(&world, "johanna-lindqvist@example.org", "Day ten")
            .await
            .len(),
        1,
        "switched off"
    );
    assert_eq!(
        about(&world, "abena-owusu@example.org", "Day ten")
            .await
            .len(),
        4
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_many_goes_out_in_pieces_to_confirmed_addresses_of_live_pages() {
    use diesel::prelude::*;
    use selvedge::db::schema::{mails, pages, totals, users};
    use selvedge::each;
    let world = World::new().await;
    let now = world.clock.now();
    let filled = world.app.site.db.tx(move |c| {
        let query = pages::table.filter(pages::slug.eq(CAPTAIN));
        let query = query.select((pages::campaign_id, pages::team_id.assume_not_null()));
        let (campaign, team): (String, String) = each!(c, c => query.first(c))?;
        for n in 0..450_i64 {
            let (user, status) = (
                format!("usr_{n:032}"),
                if n == 1 { "draft" } else { "live" },
            );
            let email = format!("member-{n}@example.org");
            let row = (
                users::id.eq(&user),
                users::email.eq(&email),
                users::email_folded.eq(&email),
                users::name.eq("Member"),
                users::created_at.eq(now),
                users::verified_at.eq((n != 0).then_some(now)),
            );
            each!(c, c => diesel::insert_into(users::table).values(row).execute(c))?;
            let row = (
                pages::id.eq(format!("pag_{n:032}")),
                pages::campaign_id.eq(&campaign),
                pages::team_id.eq(Some(&team)),
                pages::owner_id.eq(Some(&user)),
                pages::slug.eq(format!("member-{n}")),
                pages::title.eq("I wear it"),
                pages::participant.eq("Member"),
                pages::name_key.eq("member"),
                pages::story.eq(""),
                pages::goal.eq(100),
                pages::status.eq(status),
                pages::created_at.eq(now),
            );
            each!(c, c => diesel::insert_into(pages::table).values(row).execute(c))?;
            let row = (
                totals::scope.eq("page"),
                totals::scope_id.eq(format!("pag_{n:032}")),
                totals::campaign_id.eq(&campaign),
                totals::currency.eq("USD"),
                totals::raised.eq(0),
                totals::donations.eq(0),
                totals::donors.eq(0),
                totals::reached_at.eq(now),
            );
            each!(c, c => diesel::insert_into(totals::table).values(row).execute(c))?;
        }
        Ok(())
    });
    filled.await.unwrap();
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let write = format!("/teams/{TEAM}/manage/message");
    let words = [("subject", "Day ten"), ("body", "Well worn!")];
    captain.post(&write, &words).await.to();
    let written = async || {
        let read = world.app.site.db.read(|c| {
            let query = mails::table.filter(mails::kind.eq("team_message"));
            let query = query.select(mails::to_email);
            let all: Vec<String> = each!(c, c => query.load(c))?;
            Ok(all)
        });
        read.await.unwrap()
    };
    assert_eq!(written().await.len(), 0, "the form waits for none of them");
    world.work().await;
    let all = written().await;
    assert_eq!(all.len(), 448 + MEMBERS.len());
    for kept_out in ["member-0@example.org", "member-1@example.org"] {
        assert!(!all.contains(&kept_out.to_owned()), "{kept_out}");
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_lead_take_members_out_and_strangers_do_nothing() {
    let world = World::new().await;
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let promote = format!("/teams/{TEAM}/manage/co-captain");
    captain
        .post(&promote, &[("page", MEMBERS[0]), ("yes", "1")])
        .await
        .to();
    let page = world.get(&format!("/teams/{TEAM}")).await.1;
    assert!(
        page.contains("Captain: Maya Roy · with Johanna Lindqvist"),
        "{page}"
    );
    let remove = format!("/teams/{TEAM}/manage/remove");
    let co = Visitor::owner_of(&world, MEMBERS[0]).await;
    assert_eq!(co.post(&remove, &[("page", CAPTAIN)]).await.status, 403);
    co.post(&remove, &[("page", MEMBERS[1])]).await.to();
    assert_eq!(roster(&world, TEAM).await.len(), 2);
    assert_eq!(co.post(&remove, &[("page", MEMBERS[1])]).await.status, 404);
    let stranger = Visitor::owner_of(&world, FREE[0]).await;
    assert_eq!(
        stranger.get(&format!("/teams/{TEAM}/manage")).await.status,
        403
    );
    for deed in [
        "edit",
        "remove",
        "co-captain",
        "captain",
        "invite",
        "message",
        "archive",
    ] {
        let path = format!("/teams/{TEAM}/manage/{deed}");
        assert_eq!(
            stranger.post(&path, &[("page", MEMBERS[0])]).await.status,
            403,
            "{deed}"
        );
    }
    assert_eq!(world.get(&format!("/teams/{TEAM}/manage")).await.0, 401);
    // Who leaves is no co-captain any more, and does not become one by coming back.
    co.post(
        &format!("/pages/{}/team/leave", MEMBERS[0]),
        &[("yes", "1")],
    )
    .await
    .to();
    co.post(&join(MEMBERS[0]), &[]).await.to();
    assert_eq!(team(&world, TEAM).await["co_captains"], json!([]));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_shown_is_a_member_but_not_on_the_roster() {
    let world = World::new().await;
    let person = Visitor::new(&world, "Draft", "draft@example.org", Role::Participant).await;
    new_page(&world, "a-draft", person.user, true).await;
    let joined = person.post(&join("a-draft"), &[]).await;
    joined.to();
    assert!(!roster(&world, TEAM).await.contains(&"a-draft".to_owned()));
    assert!(
        !world
            .get(&format!("/teams/{TEAM}"))
            .await
            .1
            .contains("a-draft")
    );
    let captain = Visitor::owner_of(&world, CAPTAIN).await;
    let room = captain.get(&format!("/teams/{TEAM}/manage")).await;
    assert!(
        room.text.contains("a-draft"),
        "those who lead the team see it"
    );
    let db = &world.app.site.db;
    let (slug, now): (Slug, _) = (MEMBERS[0].parse().unwrap(), world.clock.now());
    let followed = db.tx(move |c| {
        let page = pages::model::by_slug(c, &slug)?.page.id;
        pages::ops::archive(c, page, now)
    });
    followed.await.unwrap().tell(&world.app.site);
    let seen = roster(&world, TEAM).await;
    assert_eq!(seen.len(), 2, "{seen:?}");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_started_in_one_form_and_brings_its_founders_page() {
    let world = World::new().await;
    let sam = Visitor::owner_of(&world, FREE[0]).await;
    let path = format!("/start-team/{CAMPAIGN}");
    assert_eq!(world.get(&path).await.0, 401);
    let form = sam.get(&path).await;
    assert!(
        form.text
            .contains(&format!("value=\"{}\" selected", FREE[0]))
    );
    let bad = [
        ("name", "a\u{202e}b"),
        ("story", "We <b>run</b>."),
        ("goal", "much"),
        ("policy", "maybe"),
        ("page", MEMBERS[0]),
    ];
    let refused = sam.post(&path, &bad).await;
    assert_eq!(refused.status, 422);
    for id in ["name-error", "goal-error", "policy-error"] {
        assert!(refused.text.contains(id), "{id}");
    }
    assert!(
        refused.text.contains("We &lt;b&gt;run&lt;/b&gt;."),
        "what was typed stays"
    );
    let good = [
        ("name", "কলকাতার দল"),
        ("story", "We run."),
        ("goal", "3,100.50"),
        ("policy", "open"),
        ("page", FREE[0]),
    ];
    let made = sam.post(&path, &good).await;
    let slug = made.to().split('/').nth(2).unwrap().to_owned();
    assert_eq!(slug, "team");
    let now = team(&world, &slug).await;
    assert_eq!(now["name"], "কলকাতার দল");
    assert_eq!(now["goal"]["minor"], 310_050);
    assert_eq!(now["captain"], "Sam Okafor");
    assert_eq!(now["roster"]["items"][0]["captain"], true);
    // A slug that is taken gets a tail; the word `join` is the site's own.
    let mut again = good;
    again[4] = ("page", "");
    let second = sam.post(&path, &again).await;
    assert!(second.to().starts_with("/teams/team-"));
    again[0] = ("name", "Join");
    let third = sam.post(&path, &again).await;
    assert!(third.to().starts_with("/teams/join-"), "{}", third.location);
    assert_eq!(
        sam.post(&path, &again).await.status,
        409,
        "three are enough"
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_adds_its_teams_up() {
    let world = World::new().await;
    let (now, group) = (world.clock.now(), GroupId::new());
    let new = CreateGroup {
        id: group,
        campaign: campaign(&world).await,
        slug: "northgate".parse().unwrap(),
        name: line("Northgate College"),
        kind: GroupKind::College,
        story: Story::parse("Three houses.").unwrap(),
    };
    let made = world.app.site.db.tx(move |c| groups::create(c, &new, now));
    made.await.unwrap();
    for captain in [CAPTAIN, "tomas-brandt"] {
        let captain = Visitor::owner_of(&world, captain).await;
        let slug = if captain.get(&format!("/teams/{TEAM}/manage")).await.status == 200 {
            TEAM
        } else {
            "eastside-ties"
        };
        let fields = [
            ("name", slug),
            ("goal", "100"),
            ("policy", "open"),
            ("group", "northgate"),
        ];
        captain
            .post(&format!("/teams/{slug}/manage/edit"), &fields)
            .await
            .to();
    }
    world.paid(&gift_to(CAPTAIN, 2_000)).await;
    world.paid(&gift_to("tomas-brandt", 3_000)).await;
    world.paid(&gift_to("maya-sen", 7_000)).await;
    let (status, page) = world.get("/groups/northgate").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("raised of $200") && page.contains("$50"),
        "{page}"
    );
    assert!(page.find("/teams/eastside-ties") < page.find("/teams/the-tuesday-seams"));
    assert_eq!(team(&world, TEAM).await["group"]["slug"], "northgate");
    assert!(
        world
            .get(&format!("/campaigns/{CAMPAIGN}"))
            .await
            .1
            .contains("/groups/northgate")
    );
    assert_eq!(world.get("/groups/nowhere").await.0, 404);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_start_join_and_leave_with_their_scope() {
    let world = World::new().await;
    let sam = Visitor::owner_of(&world, FREE[0]).await;
    let greta = Visitor::owner_of(&world, FREE[1]).await;
    let token = sam.token(&world, &["teams:write"]).await;
    let greta_token = greta.token(&world, &["teams:write"]).await;
    let reading = sam.token(&world, &["teams:read"]).await;
    let teams = format!("/api/v1/campaigns/{CAMPAIGN}/teams");
    let body = json!({ "name": "Runners", "join_policy": "confirm" });
    let post = |path: String, token: String, body: Value| {
        let world = &world;
        async move { ask(world, Method::POST, &path, (&token, Some(body))).await }
    };
    assert_eq!(
        post(teams.clone(), "nonsense".into(), body.clone()).await.0,
        401
    );
    assert_eq!(post(teams.clone(), reading, body.clone()).await.0, 403);
    let nowhere = "/api/v1/campaigns/nowhere/teams".to_owned();
    assert_eq!(post(nowhere, token.clone(), body.clone()).await.0, 404);
    for (field, wrong) in [
        ("name", json!({ "name": "" })),
        ("surprise", json!({ "name": "x", "surprise": 1 })),
        ("captain", json!({ "name": "x", "captain": "usr_1" })),
        (
            "goal",
            json!({ "name": "x", "goal": { "minor": 5, "currency": "EUR" } }),
        ),
        ("group", json!({ "name": "x", "group": "none" })),
        ("page", json!({ "name": "x", "page": CAPTAIN })),
        ("previous", json!({ "name": "x", "previous": TEAM })),
        (
            "password",
            json!({ "name": "x", "join_policy": "password" }),
        ),
        (
            "join_policy",
            json!({ "name": "x", "join_policy": "maybe" }),
        ),
    ] {
        let (status, answer) = post(teams.clone(), token.clone(), wrong).await;
        // Well written, but it fits nothing that is there.
        let fits_not = ["goal", "group", "page", "previous", "password"].contains(&field);
        let expected = if fits_not { 409 } else { 422 };
        assert_eq!(status, expected, "{field}: {answer}");
        assert_eq!(answer["errors"][0]["field"], field, "{answer}");
    }
    let (status, made) = post(teams, token.clone(), body).await;
    assert_eq!((status, &made["slug"]), (201, &json!("runners")));
    assert_eq!(made["join_policy"], "confirm");
    assert_eq!(made["roster"]["items"][0]["slug"], FREE[0]);

    let into = "/api/v1/teams/runners/join".to_owned();
    let greets = json!({ "page": FREE[1], "words": "May I?" });
    let (status, asked) = post(into.clone(), greta_token.clone(), greets.clone()).await;
    assert_eq!((status, &asked["state"]), (202, &json!("asked")));
    assert_eq!(post(into.clone(), greta_token.clone(), greets).await.0, 409);
    let foreign = json!({ "page": FREE[0] });
    assert_eq!(post(into, greta_token.clone(), foreign).await.0, 403);
    let open = format!("/api/v1/teams/{TEAM}/join");
    let (status, joined) = post(open, greta_token.clone(), json!({ "page": FREE[1] })).await;
    assert_eq!((status, &joined["state"]), (200, &json!("joined")));

    let delete = |path: String, token: String| {
        let world = &world;
        async move { ask(world, Method::DELETE, &path, (&token, None)).await.0 }
    };
    let member = format!("/api/v1/teams/{TEAM}/members/{}", FREE[1]);
    assert_eq!(
        delete(member.clone(), token.clone()).await,
        403,
        "neither page nor team"
    );
    assert_eq!(delete(member.clone(), greta_token.clone()).await, 204);
    assert_eq!(
        delete(member, greta_token.clone()).await,
        403,
        "and who left leads nothing"
    );
    let own = format!("/api/v1/teams/runners/members/{}", FREE[0]);
    assert_eq!(delete(own, token).await, 409, "the captain hands on first");
    world.work().await;
    world.done().await;
}
