//! A donor who wishes to stay unseen (S18): a crawl of everything that strangers and the page's owner can open, for the
//! marker of a name and address.

use std::collections::{BTreeSet, VecDeque};

use serde_json::json;

use crate::harness::people::Visitor;
use crate::harness::world::{CAMPAIGN, PAGE, World};

const NAME: &str = "Xanthippe Quillmarker";
const ADDRESS: &str = "xanthippe.quillmarker@example.net";

/// The local addresses that a text names, without their fragments.
fn links(base: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(['"', '\'', '<', '>', ' ', '\n']) {
        let part = part.strip_prefix(base).unwrap_or(part);
        if part.starts_with('/') && !part.starts_with("//") && part.len() < 400 {
            let path = part.split('#').next().unwrap_or_default();
            found.push(path.replace("&amp;", "&").replace("&#x3D;", "="));
        }
    }
    found
}

/// What is not crawled: the sandbox, which is the processor's and the mailbox; streams, which do not end; signing out.
fn is_left_out(path: &str) -> bool {
    ["/sandbox", "/logout"]
        .iter()
        .any(|lead| path.starts_with(lead))
        || path.contains("/events")
}

async fn crawl(world: &World, reader: &Visitor, starts: &[String]) -> (usize, Vec<String>) {
    let mut queue: VecDeque<String> = starts.iter().cloned().collect();
    let mut seen: BTreeSet<String> = starts.iter().cloned().collect();
    let (mut read, mut marked) = (0, Vec::new());
    while let Some(path) = queue.pop_front() {
        assert!(read < 3_000, "the crawl does not end: {path}");
        let answer = world.ask(reader, "GET", &path, &[]).await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        read += 1;
        queue_new(&world.base, &answer.place, &mut seen, &mut queue);
        let text = answer.text;
        if text.contains("Quillmarker") || text.contains("quillmarker") {
            marked.push(path.clone());
        }
        for link in links(&world.base, &text) {
            queue_new(&world.base, &link, &mut seen, &mut queue);
        }
    }
    (read, marked)
}

fn queue_new(base: &str, link: &str, seen: &mut BTreeSet<String>, queue: &mut VecDeque<String>) {
    let link = link.strip_prefix(base).unwrap_or(link);
    if link.starts_with('/') && !is_left_out(link) && seen.insert(link.to_owned()) {
        queue.push_back(link.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_donor_is_seen_nowhere() {
    let world = World::new().await;
    let mut gift = World::gift(7_700);
    gift["donor"] = json!({ "name": NAME, "email": ADDRESS });
    gift["anonymous"] = json!(true);
    gift["comment"] = json!("Keep going, all of you.");
    world.paid(&gift).await;
    // One who is shown, so that the crawl proves that it can find a name at all.
    world.paid(&World::gift(2_000)).await;

    let starts: Vec<String> = [
        "/".to_owned(),
        format!("/pages/{PAGE}"),
        format!("/pages/{PAGE}/diary"),
        format!("/campaigns/{CAMPAIGN}"),
        "/feed.xml".to_owned(),
        format!("/api/v1/campaigns/{CAMPAIGN}"),
        format!("/api/v1/campaigns/{CAMPAIGN}/pages"),
        format!("/api/v1/campaigns/{CAMPAIGN}/leaderboard"),
        format!("/api/v1/pages/{PAGE}"),
        format!("/api/v1/pages/{PAGE}/donations"),
        format!("/api/v1/pages/{PAGE}/diary"),
    ]
    .into();
    let stranger = world.visitor(None).await;
    let (read, marked) = crawl(&world, &stranger, &starts).await;
    assert_eq!(marked, Vec::<String>::new());
    assert!(read > 60, "only {read} answers were read");
    let (_, wall) = world.get(&format!("/pages/{PAGE}")).await;
    assert!(wall.contains("Asha Verma"));

    let owner = world.user_of(&format!("{PAGE}@example.org")).await;
    let owner = world.visitor(Some(owner)).await;
    let own: Vec<String> = [
        "coach",
        "edit",
        "updates",
        "diary",
        "talks",
        "gifts",
        "gifts.csv",
        "asks",
        "share",
        "team",
    ]
    .iter()
    .map(|tool| format!("/pages/{PAGE}/{tool}"))
    .chain(["/account".to_owned()])
    .collect();
    let (_, marked) = crawl(&world, &owner, &own).await;
    assert_eq!(marked, Vec::<String>::new());
    // Nor in what was mailed to the participant.
    for mail in world.mails_to(&format!("{PAGE}@example.org")).await {
        let text = mail.to_string();
        assert!(
            !text.contains("Quillmarker") && !text.contains("quillmarker"),
            "{}",
            mail["subject"]
        );
    }
    world.done().await;
}
