//! S2, S5: who may post, and how often.

use actix_web::web::{Data, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::*;
use crate::web::csrf::CsrfForm;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
}

async fn show(site: Data<Site>, request: HttpRequest) -> AppResult<HttpResponse> {
    let seal = site.csrf.token(&request)?;
    let mut response = HttpResponse::Ok();
    if let Some(cookie) = seal.cookie {
        response.cookie(cookie);
    }
    Ok(response.body(seal.value))
}

async fn send(CsrfForm(wish): CsrfForm<Wish>) -> HttpResponse {
    HttpResponse::Ok().body(wish.name)
}

async fn free() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/form", get().to(show))
        .route("/form", post().to(send))
        .route("/forgetful", post().to(free))
        .route("/api/thing", post().to(free))
        .route("/unsubscribe/token", post().to(free))
        .route("/webhooks/any", post().to(free));
}

async fn seal(served: &Served) -> (String, String) {
    let answer = served.get("/form").send().await.unwrap();
    let cookie = header(&answer, "set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (cookie, answer.text().await.unwrap())
}

#[actix_web::test]
async fn only_a_page_of_this_site_can_post() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let (cookie, token) = seal(&served).await;
    let own = format!("http://{}", served.address);
    let own = own.as_str();
    let good = token.as_str();
    let kept = cookie.as_str();
    // (path, cookie, token, more headers, status)
    type Row<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], u16);
    let table: &[Row<'_>] = &[
        ("/form", kept, good, &[], 200),
        ("/form", kept, good, &[("origin", own)], 200),
        ("/form", kept, good, &[("origin", "null")], 200),
        (
            "/form",
            kept,
            good,
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            200,
        ),
        ("/form", kept, good, &[("sec-fetch-site", "none")], 200),
        (
            "/form",
            kept,
            good,
            &[("sec-fetch-site", "cross-site")],
            403,
        ),
        ("/form", kept, good, &[("sec-fetch-site", "same-site")], 403),
        (
            "/form",
            kept,
            good,
            &[("origin", "https://evil.example")],
            403,
        ),
        ("/form", kept, "", &[], 403),
        ("/form", kept, "0000", &[], 403),
        ("/form", "", good, &[], 403),
        (
            "/form",
            "selvedge-csrf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            good,
            &[],
            403,
        ),
        // A handler that asks for no form is guarded all the same, and so is what does not exist.
        ("/forgetful", "", "", &[], 403),
        ("/forgetful", kept, good, &[], 200),
        ("/nowhere", "", "", &[], 403),
        (
            "/webhooks/any",
            "",
            "",
            &[("sec-fetch-site", "cross-site")],
            200,
        ),
        (
            "/unsubscribe/token",
            "",
            "",
            &[("origin", "https://mail.example")],
            200,
        ),
        ("/api/thing", "", "", &[], 200),
        (
            "/api/thing",
            "",
            "",
            &[("sec-fetch-site", "cross-site")],
            403,
        ),
    ];
    for (path, cookie, token, more, status) in table {
        let mut request = served.post(path);
        if !cookie.is_empty() {
            request = request.header("cookie", format!("other=1; {cookie}"));
        }
        for (name, value) in *more {
            request = request.header(*name, *value);
        }
        let answer = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("name=Maya+R&csrf={token}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), *status, "{path} {cookie} {token} {more:?}");
    }
    let json = served.post("/form").header("cookie", kept).body("{}");
    assert_eq!(json.send().await.unwrap().status(), 403);
    let by_header = served.post("/forgetful").header("cookie", kept);
    let by_header = by_header.header("x-csrf-token", good).send().await.unwrap();
    assert_eq!(by_header.status(), 200);
    let large = format!("csrf={good}&name={}", "x".repeat(260 * 1024));
    let large = served.post("/form").header("cookie", kept).body(large);
    let large = large.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(large.send().await.unwrap().status(), 413);
    let strange = served.post("/form").header("cookie", kept);
    let strange = strange.header("content-type", "application/x-www-form-urlencoded");
    let strange = strange.body(format!("csrf={good}&name=a&role=owner"));
    assert_eq!(strange.send().await.unwrap().status(), 422);
}

#[actix_web::test]
async fn the_key_outlives_the_process_and_https_hardens_the_cookie() {
    let ground = ground(&[]).await;
    let mut settings = HashMap::new();
    let key = |db: Db| async move {
        let config = Config::load(None, &HashMap::new(), &[]).unwrap();
        let csrf = crate::web::csrf::Csrf::load(&db, &config).await.unwrap();
        let request = actix_web::test::TestRequest::default()
            .insert_header(("cookie", format!("selvedge-csrf={}", "a".repeat(43))))
            .to_http_request();
        csrf.token(&request).unwrap().value
    };
    assert_eq!(
        key(ground.site.db.clone()).await,
        key(ground.site.db.clone()).await
    );
    settings.insert(
        "SELVEDGE__SITE__PUBLIC_URL".to_owned(),
        "https://give.example".to_owned(),
    );
    let config = Config::load(None, &settings, &[]).unwrap();
    let csrf = crate::web::csrf::Csrf::load(&ground.site.db, &config)
        .await
        .unwrap();
    let request = actix_web::test::TestRequest::default().to_http_request();
    let cookie = csrf.token(&request).unwrap().cookie.unwrap();
    assert_eq!(cookie.name(), "__Host-selvedge-csrf");
    assert_eq!(cookie.secure(), Some(true));
    assert_eq!(cookie.domain(), None);
}

#[actix_web::test]
async fn an_address_that_asks_too_often_waits_and_cannot_pretend_to_be_another() {
    let few = [
        ("limits.read_burst", "5"),
        ("limits.read_per_minute", "6"),
        ("limits.write_burst", "2"),
    ];
    let ground = ground(&few).await;
    let served = serve(&ground, routes);
    let mut statuses = Vec::new();
    for turn in 0..7 {
        let spoofed = served
            .get("/form")
            .header("x-forwarded-for", format!("198.51.100.{turn}"));
        let answer = spoofed.send().await.unwrap();
        if answer.status() == 429 {
            let wait: u64 = header(&answer, "retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait));
        }
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    // Writing has a share of its own; webhooks and health have none to use up.
    let mut writes = Vec::new();
    for _ in 0..3 {
        writes.push(
            served
                .post("/api/thing")
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
        );
    }
    assert_eq!(writes, [200, 200, 429]);
    for _ in 0..20 {
        assert_eq!(
            served.post("/webhooks/any").send().await.unwrap().status(),
            200
        );
        assert_eq!(served.get("/livez").send().await.unwrap().status(), 200);
    }
    assert!(ground.site.limits.remembered() > 0);
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_share_and_a_64_is_one_client() {
    let ground = ground(&[
        ("limits.read_burst", "2"),
        ("limits.read_per_minute", "2"),
        ("http.trusted_proxies", "127.0.0.1"),
    ])
    .await;
    let served = serve(&ground, routes);
    let ask = async |client: &str| {
        let request = served.get("/form").header("x-forwarded-for", client);
        request.send().await.unwrap().status().as_u16()
    };
    for (client, status) in [
        ("198.51.100.1", 200),
        ("198.51.100.1", 200),
        ("203.0.113.5, 198.51.100.1", 429),
        ("198.51.100.2", 200),
        ("2001:db8::1", 200),
        ("2001:db8::ffff:2", 200),
        ("2001:db8::3", 429),
        ("2001:db8:0:1::3", 200),
    ] {
        assert_eq!(ask(client).await, status, "{client}");
    }
}
