//! Codes, recovery codes, and who must have them (S6).

use selvedge::auth::{self, Role, totp};

use super::{PASSWORD, person};
use crate::harness::browser::{Browser, SESSION, address};
use crate::harness::world::World;

/// The secret and its code as an app would have them from the page.
fn secret_on(page: &str) -> String {
    let shown = page.split_once("class=\"secret\">").unwrap().1;
    shown.split_once('<').unwrap().0.replace(' ', "")
}

fn recovery_codes_on(page: &str) -> Vec<String> {
    page.split("<li><code>")
        .skip(1)
        .map(|part| part.split_once('<').unwrap().0.to_owned())
        .collect()
}

/// Switches codes on; answers the secret and the recovery codes.
async fn with_codes(world: &World, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    browser
        .post_from("/account/security", "/account/second-factor/begin", &[])
        .await
        .leads_to("/account/security#codes");
    let page = browser.get("/account/security").await.text;
    assert!(page.contains("<svg xmlns"), "the QR code is drawn");
    let secret = secret_on(&page);
    let place = "/account/second-factor/confirm";
    let wrong = browser
        .post_from("/account/security", place, &[("code", "000 00")])
        .await;
    assert_eq!(wrong.status, 422);
    let code = totp::code_at(&secret, world.clock.now()).unwrap();
    let done = browser
        .post_from("/account/security", place, &[("code", &code)])
        .await;
    let codes = recovery_codes_on(&done.text);
    assert_eq!((done.status, codes.len()), (200, 10), "{}", done.text);
    assert!(recovery_codes_on(&browser.get("/account/security").await.text).is_empty());
    (secret, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_once_a_recovery_code_too_and_a_reset_skips_neither() {
    let world = World::new().await;
    let email = address();
    let id = person(&world, &email, &[]).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&email, PASSWORD).await.leads_to("/account");
    let (secret, recovery) = with_codes(&world, &mut browser).await;
    let sealed = world
        .app
        .site
        .db
        .read(move |c| auth::model::user_by_id(c, id))
        .await
        .unwrap()
        .totp_secret
        .unwrap();
    assert!(!sealed.contains(&secret));

    let factor = "/login/second-factor";
    let mut other = Browser::new(&world);
    other.sign_in(&email, PASSWORD).await.leads_to(factor);
    assert_eq!(other.get("/account").await.status, 403);
    let half = other.cookies[SESSION].clone();
    // The code that switched it on has been taken; so has the one shown now, after its first use.
    let taken = totp::code_at(&secret, world.clock.now()).unwrap();
    assert_eq!(other.post(factor, &[("code", &taken)]).await.status, 401);
    world.clock.advance(chrono::Duration::seconds(60));
    let code = totp::code_at(&secret, world.clock.now()).unwrap();
    other
        .post(factor, &[("code", &code)])
        .await
        .leads_to("/account");
    assert_ne!(
        other.cookies[SESSION], half,
        "a new session with the factor"
    );
    assert_eq!(other.get("/account").await.status, 200);
    let mut replay = Browser::new(&world);
    replay.sign_in(&email, PASSWORD).await;
    assert_eq!(replay.post(factor, &[("code", &code)]).await.status, 401);
    replay
        .post(factor, &[("code", &recovery[0].to_lowercase())])
        .await
        .leads_to("/account");
    let mut thief = Browser::new(&world);
    thief.sign_in(&email, PASSWORD).await;
    assert_eq!(
        thief.post(factor, &[("code", &recovery[0])]).await.status,
        401
    );

    // Whoever reads the mail sets a password, and stands before the second factor.
    thief.post("/reset", &[("email", &email)]).await;
    let link = thief.mailed_link(&email, "/reset").await;
    let chosen = [("password", "seven copper kettles")];
    thief.post(&link, &chosen).await.leads_to(factor);
    assert_eq!(thief.get("/account").await.status, 403);
    assert_eq!(
        other.get("/account").await.status,
        401,
        "others were signed out"
    );
    let mut late = Browser::new(&world);
    assert_eq!(late.sign_in(&email, PASSWORD).await.status, 401);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_works_here_is_sent_to_set_a_second_factor_up_and_keeps_it() {
    let world = World::new().await;
    let email = address();
    person(&world, &email, &[Role::Coordinator]).await;
    let mut browser = Browser::new(&world);
    browser
        .sign_in(&email, PASSWORD)
        .await
        .leads_to("/account/security");
    with_codes(&world, &mut browser).await;
    let off = browser
        .post_from("/account/security", "/account/second-factor/off", &[])
        .await;
    assert_eq!(off.status, 409);
    world.done().await;
}
