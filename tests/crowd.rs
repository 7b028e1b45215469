//! A crowd: a thousand people sign up and make their pages at once, in one season.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::StreamExt;
use selvedge::auth::Role;
use selvedge::db::schema::mails;
use selvedge::each;
use serde_json::{Value, json};

use crate::harness::world::{CAMPAIGN, World};

const PEOPLE: usize = 1_000;
/// Connections at the same time.
const AT_ONCE: usize = 64;

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

async fn post(
    world: &World,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> (u16, Value, Duration) {
    let start = Instant::now();
    let mut request = world.http.post(world.url(path)).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.json().await.unwrap_or(Value::Null);
    (status, body, start.elapsed())
}

/// A thousand people with a token each, as `selvedge user` makes them.
async fn tokens(world: &World) -> Vec<String> {
    let mut tokens = Vec::new();
    for n in 0..PEOPLE {
        let user = world
            .user(&format!("maker-{n:04}@example.org"), Role::Participant)
            .await;
        tokens.push(world.token(user, &["pages:write"]).await);
    }
    tokens
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_people_sign_up_and_make_pages_at_once() {
    let world = World::new().await;
    let sign_ups = (0..PEOPLE).map(|n| {
        let world = &world;
        async move {
            let body = json!({ "name": format!("Ada Crowd {}", n % 40), "email": format!("crowd-{n:04}@example.org") });
            post(world, "/api/v1/signup", None, &body).await
        }
    });
    let answers: Vec<_> = futures_util::stream::iter(sign_ups)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (status, body, _) in &answers {
        assert_eq!(*status, 202, "{body}");
    }
    world.work().await;
    let mailed: BTreeSet<String> = world
        .app
        .site
        .db
        .read(|c| {
            let query = mails::table
                .filter(mails::to_email.like("crowd-%"))
                .select(mails::to_email);
            Ok(each!(c, c => query.load::<String>(c))?)
        })
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(
        mailed.len(),
        PEOPLE,
        "everybody got a link, nobody's was lost"
    );
    let signing = p99(answers.into_iter().map(|(_, _, took)| took).collect());

    let tokens = tokens(&world).await;
    let pages = tokens.iter().enumerate().map(|(n, token)| {
        let world = &world;
        async move {
            // Forty names for a thousand people: their addresses clash, and must not.
            let body = json!({ "title": "One dress, thirty-one days", "participant": format!("Ada Crowd {}", n % 40) });
            let path = format!("/api/v1/campaigns/{CAMPAIGN}/pages");
            post(world, &path, Some(token), &body).await
        }
    });
    let answers: Vec<_> = futures_util::stream::iter(pages)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut slugs = Vec::new();
    for (status, body, _) in &answers {
        assert_eq!(*status, 201, "{body}");
        slugs.push(body["slug"].as_str().unwrap().to_owned());
    }
    let making = p99(answers.into_iter().map(|(_, _, took)| took).collect());
    assert_eq!(slugs.iter().collect::<BTreeSet<_>>().len(), PEOPLE);
    println!("1,000 sign-ups, p99 {signing:?}; 1,000 pages, p99 {making:?}; {AT_ONCE} at once");

    // Twelve gifts of falling amounts: the leaderboard has them in that order, then the others, none twice.
    let chosen: Vec<String> = slugs.iter().step_by(83).take(12).cloned().collect();
    for (n, slug) in chosen.iter().enumerate() {
        let mut gift = World::gift(12_000 - 500 * i64::try_from(n).unwrap());
        gift["page"] = json!(slug);
        let (_, checkout) = world.begin(&gift).await;
        assert_eq!(world.pay(&checkout, crate::harness::world::PAYS).await, 303);
    }
    world.settle().await;
    let mut board: Vec<String> = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/campaigns/{CAMPAIGN}/leaderboard?limit=100{after}");
        let list = world.json(&path).await;
        let items = list["items"].as_array().unwrap();
        board.extend(
            items
                .iter()
                .map(|item| item["slug"].as_str().unwrap().to_owned()),
        );
        match list["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(board[..12], chosen[..]);
    assert_eq!(board.iter().collect::<BTreeSet<_>>().len(), board.len());
    assert!(slugs.iter().all(|slug| board.contains(slug)));
    world.done().await;
}
