//! S8, F9, quality 2: headers, error pages, and views kept for a moment.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};

use super::*;
use crate::error::AppError;
use crate::web::headers::{self, Nonce, SecurityHeaders};
use crate::web::view_cache::{View, ViewCache};

/// What the handlers below show, and how often they were asked to.
#[derive(Default)]
struct Story {
    renderings: AtomicU32,
    raised: AtomicU32,
    away: AtomicU32,
}

async fn page(
    site: Data<Site>,
    story: Data<Story>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let story = story.into_inner();
    let render = |nonce: Nonce| async move {
        story.renderings.fetch_add(1, Ordering::SeqCst);
        let raised = story.raised.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(30)).await;
        if story.away.load(Ordering::SeqCst) == 1 {
            return Err(AppError::database_away());
        }
        let body = "<p>So much was given for so many. ".repeat(100);
        let body = format!(
            "<script nonce=\"{}\"></script><b>{raised}</b>{body}",
            nonce.as_str()
        );
        Ok(View::html(body).depends_on("campaign", "cam_1"))
    };
    site.views
        .respond(&request, request.path(), &[("page", "pag_1")], render)
        .await
}

async fn wrong() -> AppResult<HttpResponse> {
    Err(AppError::internal("secret cause"))
}

async fn panics() -> HttpResponse {
    panic!("on purpose")
}

async fn private(site: Data<Site>) -> AppResult<HttpResponse> {
    let nonce = Nonce::fresh()?;
    let problem = AppError::NotFound("the page").problem();
    let context = crate::web::views::error::ErrorView::of(
        &site.config,
        &problem,
        nonce.as_str(),
        &crate::web::error_pages::Visit::default(),
    );
    let mut response = site.page("error", &context, &nonce)?;
    headers::keep_address_private(&mut response);
    Ok(response)
}

fn routes(story: Data<Story>) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config
            .app_data(story.clone())
            .route("/page", get().to(page))
            .route("/wrong", get().to(wrong))
            .route("/api/wrong", get().to(wrong))
            .route("/panics", get().to(panics))
            .route("/private", get().to(private));
    }
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let https = [
        ("site.public_url", "https://give.example"),
        ("limits.enabled", "false"),
    ];
    let ground = ground(&https).await;
    let served = serve(&ground, routes(Data::default()));
    for (path, status) in [
        ("/page", 200),
        ("/private", 200),
        ("/livez", 200),
        ("/nowhere", 404),
        ("/api/nowhere", 404),
        ("/wrong", 500),
        ("/api/wrong", 500),
        ("/panics", 500),
    ] {
        for accept in ["text/html", "application/json"] {
            let answer = served
                .get(path)
                .header("accept", accept)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), status, "{path}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("cross-origin-opener-policy", "same-origin"),
                ("strict-transport-security", "max-age=31536000"),
            ] {
                assert_eq!(header(&answer, name), value, "{path} {name}");
            }
            let policy = header(&answer, "content-security-policy").to_owned();
            for part in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            let referrer = if path == "/private" {
                "no-referrer"
            } else {
                "strict-origin-when-cross-origin"
            };
            assert_eq!(header(&answer, "referrer-policy"), referrer);
            assert!(!header(&answer, "x-request-id").is_empty());
            assert!(!header(&answer, "permissions-policy").is_empty());
            let kind = header(&answer, "content-type").to_owned();
            let body = answer.text().await.unwrap();
            if kind.starts_with("text/html") {
                let nonce = body
                    .split("nonce=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap();
                assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}'")));
                assert!(policy.contains("form-action 'self' https://checkout.stripe.com"));
            }
            if status >= 400 {
                let page = accept == "text/html" && !path.starts_with("/api/");
                let expected = if page {
                    "text/html; charset=utf-8"
                } else {
                    "application/problem+json"
                };
                assert_eq!(kind, expected, "{path} {accept}");
                assert!(!body.contains("secret cause"), "{body}");
            }
        }
    }
}

#[actix_web::test]
async fn unanswered_methods_and_heads_are_answered_as_http_wants() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes(Data::default()));
    for (path, allow) in [("/api/wrong", ""), ("/livez", "GET")] {
        let other = served.client.patch(served.url(&format!("{path}?x")));
        let other = if path == "/livez" {
            served
                .client
                .request(reqwest::Method::OPTIONS, served.url(path))
        } else {
            other
        };
        let other = other.send().await.unwrap();
        assert_eq!(other.status(), 405, "{path}");
        assert_eq!(header(&other, "allow"), allow);
        assert_eq!(header(&other, "content-type"), "application/problem+json");
        assert!(other.text().await.unwrap().contains("method_not_allowed"));
    }
    let head = served
        .client
        .head(served.url("/page"))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert!(header(&head, "content-length").parse::<usize>().unwrap() > 3_000);
    assert_eq!(head.text().await.unwrap(), "");
}

#[actix_web::test]
async fn a_panic_ends_one_request_and_is_counted() {
    let admin = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let admin_port = admin.to_string();
    let ground = ground(&[("limits.enabled", "false"), ("admin.port", &admin_port)]).await;
    let served = serve(&ground, routes(Data::default()));
    let answer = served.get("/panics").send().await.unwrap();
    assert_eq!(answer.status(), 500);
    let problem: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(problem["error_id"].is_string(), "{problem}");
    assert_eq!(served.get("/page").send().await.unwrap().status(), 200);
    let numbers = served
        .client
        .get(format!("http://127.0.0.1:{admin}/metrics"));
    let numbers = numbers.send().await.unwrap().text().await.unwrap();
    let count = numbers
        .lines()
        .find(|line| line.starts_with("selvedge_panics_total"));
    let count: u64 = count.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    assert!(count >= 1);
    assert!(
        numbers.contains("selvedge_http_requests_total{method=\"GET\",status=\"2xx\"}"),
        "{numbers}"
    );
    assert_eq!(served.get("/metrics").send().await.unwrap().status(), 404);
}

#[actix_web::test]
async fn an_unchanged_view_is_sent_once_and_compressed_when_asked_for_again() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes(Data::default()));
    let first = served.get("/page").send().await.unwrap();
    let tag = header(&first, "etag").to_owned();
    let plain = first.text().await.unwrap();
    let again = served
        .get("/page")
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(header(&again, "etag"), tag);
    assert!(!header(&again, "content-security-policy").is_empty());
    assert_eq!(again.text().await.unwrap(), "");
    let encoded = async |coding: &str| {
        for _ in 0..100 {
            let answer = served
                .get("/page")
                .header("accept-encoding", coding)
                .send()
                .await
                .unwrap();
            if !header(&answer, "content-encoding").is_empty() {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never compressed");
    };
    let small = encoded("gzip, deflate, br").await;
    assert_eq!(header(&small, "content-encoding"), "br");
    assert_eq!(header(&small, "vary"), "accept-encoding");
    let small_tag = header(&small, "etag").to_owned();
    assert_ne!(small_tag, tag);
    let bytes = small.bytes().await.unwrap();
    assert!(bytes.len() < plain.len() / 5);
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut bytes.as_ref(), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.as_bytes());
    assert_eq!(
        header(&encoded("gzip;q=1, br;q=0").await, "content-encoding"),
        "gzip"
    );
    // Equal content rendered later is the same content: tag and compressed forms are kept.
    tokio::time::sleep(ViewCache::TTL).await;
    let later = served
        .get("/page")
        .header("if-none-match", &small_tag)
        .header("accept-encoding", "br");
    let later = later.send().await.unwrap();
    assert_eq!(later.status(), 304);
    assert_eq!(header(&later, "etag"), small_tag);
}

#[actix_web::test]
async fn a_change_shows_at_once_and_a_crowd_renders_once() {
    let long = |site: &mut Site| {
        site.views = ViewCache::with_ttl(SecurityHeaders::new(false), Duration::from_secs(600));
    };
    let ground = ground_with(&[("limits.enabled", "false")], long).await;
    let story = Data::new(Story::default());
    let served = serve(&ground, routes(story.clone()));
    let ask = async || {
        served
            .get("/page")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let crowd = futures_util::future::join_all((0..100).map(|_| ask())).await;
    assert!(crowd.iter().all(|text| text.contains("<b>0</b>")));
    assert_eq!(story.renderings.load(Ordering::SeqCst), 1);
    for (raised, kind, id) in [(50, "page", "pag_1"), (90, "campaign", "cam_1")] {
        story.raised.store(raised, Ordering::SeqCst);
        ground.site.views.changed("page", "pag_2");
        assert!(!ask().await.contains(&format!("<b>{raised}</b>")));
        ground.site.views.changed(kind, id);
        assert!(ask().await.contains(&format!("<b>{raised}</b>")));
    }
    assert_eq!(story.renderings.load(Ordering::SeqCst), 3);
    // A change during a rendering: who asks after it does not get the view begun before it.
    ground.site.views.changed("page", "pag_1");
    let early = async {
        let _ = ask().await;
    };
    let late = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        story.raised.store(140, Ordering::SeqCst);
        ground.site.views.changed("campaign", "cam_1");
        ask().await
    };
    let ((), late) = tokio::join!(early, late);
    assert!(late.contains("<b>140</b>"));
}

#[actix_web::test]
async fn while_the_database_is_away_an_old_view_serves_unless_withdrawn() {
    let short = |site: &mut Site| {
        site.views = ViewCache::with_ttl(SecurityHeaders::new(false), Duration::from_millis(50));
    };
    let ground = ground_with(&[("limits.enabled", "false")], short).await;
    let story = Data::new(Story::default());
    let served = serve(&ground, routes(story.clone()));
    assert_eq!(served.get("/page").send().await.unwrap().status(), 200);
    story.away.store(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(served.get("/page").send().await.unwrap().status(), 200);
    ground.site.views.changed("page", "pag_1");
    assert_eq!(served.get("/page").send().await.unwrap().status(), 200);
    ground.site.views.withdrawn("page", "pag_1");
    let gone = served.get("/page").send().await.unwrap();
    assert_eq!(gone.status(), 503);
    assert_eq!(header(&gone, "retry-after"), "5");
    // A crowd that meets the fault asks the database once, not a hundred times in a row.
    let before = story.renderings.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(60)).await;
    let crowd = (0..100).map(|_| served.get("/page").send());
    for answer in futures_util::future::join_all(crowd).await {
        assert_eq!(answer.unwrap().status(), 503);
    }
    assert!(story.renderings.load(Ordering::SeqCst) - before < 10);
    story.away.store(0, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(served.get("/page").send().await.unwrap().status(), 200);
}
