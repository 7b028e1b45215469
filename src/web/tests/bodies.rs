//! F11, F13: bodies that are late, large or broken.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get, post};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::web::body::{JsonBody, Pace, RawBody, WEBHOOK_MAX};
use crate::web::params::{Limit, Path, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Amount {
    minor: i64,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Gift {
    campaign: String,
    amount: Amount,
    comment: Option<String>,
    #[serde(default)]
    anonymous: bool,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    limit: Limit,
}

async fn gift(_: JsonBody<Gift>) -> HttpResponse {
    HttpResponse::Created().finish()
}

async fn hook(body: RawBody<WEBHOOK_MAX>) -> HttpResponse {
    HttpResponse::Ok().body(body.0.len().to_string())
}

async fn list(Query(listing): Query<Listing>) -> HttpResponse {
    HttpResponse::Ok().body(listing.limit.get().to_string())
}

async fn numbered(Path(number): Path<u32>) -> HttpResponse {
    HttpResponse::Ok().body(number.to_string())
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/api/gifts", post().to(gift))
        .route("/webhooks/any", post().to(hook))
        .route("/api/list", get().to(list))
        .route("/api/numbered/{number}", get().to(numbered));
}

const GOOD: &str = r#"{"campaign":"dressember-2026","amount":{"minor":5000,"currency":"USD"},"comment":"For Maya \u2764"}"#;

async fn send(served: &Served, body: impl Into<reqwest::Body>) -> (u16, serde_json::Value) {
    let response = served
        .post("/api/gifts")
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_default())
}

#[actix_web::test]
async fn a_body_that_does_not_fit_is_told_field_by_field() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    assert_eq!(send(&served, GOOD).await.0, 201);
    for (from, to, status, field) in [
        (r#""minor":5000"#, r#""minor":"5000""#, 422, "amount.minor"),
        (r#""minor":5000"#, r#""minor":50.5"#, 422, "amount.minor"),
        (r#""minor":5000,"#, "", 422, "amount.minor"),
        (r#""currency""#, r#""cur""#, 422, "amount.cur"),
        (r#"{"campaign""#, r#"{"camp":1,"campaign""#, 422, "camp"),
        (
            r#"{"campaign""#,
            r#"{"campaign":"x","campaign""#,
            422,
            "campaign",
        ),
        (r#"{"minor":5000,"currency":"USD"}"#, "[1]", 422, "amount"),
        (r#"\u2764"#, r#"\u0000"#, 422, ""),
        (r#"\u2764"#, r#"\ud800"#, 400, ""),
        (r#"\u2764"#, r#"\\u0000"#, 201, ""),
        (r#"\u2764"}"#, r#"\u2764""#, 400, ""),
        (r#"\u2764"}"#, r#"\u2764"} trailing"#, 400, ""),
    ] {
        let body = GOOD.replacen(from, to, 1);
        let (got, problem) = send(&served, body.clone()).await;
        assert_eq!(got, status, "{body}: {problem}");
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
        }
    }
    let (_, problem) = send(&served, "{\n  nonsense").await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("line 2 column 3"), "{detail}");
    let form = served.post("/api/gifts").body(GOOD).send().await.unwrap();
    assert_eq!(form.status(), 415);
    assert_eq!(header(&form, "content-type"), "application/problem+json");
}

#[actix_web::test]
async fn deep_json_and_broken_text_are_refused_and_nothing_panics() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    for body in [
        format!("{}{}", "[".repeat(100), "]".repeat(100)).into_bytes(),
        format!(
            "{{\"campaign\":{}1{}}}",
            "[".repeat(5_000),
            "]".repeat(5_000)
        )
        .into_bytes(),
        b"{\"campaign\":\"\xff\xfe\"}".to_vec(),
        b"{\"campaign\":\"\xc0\xaf\"}".to_vec(),
        b"{\"campaign\":\"a\0b\"}".to_vec(),
        vec![],
    ] {
        let (status, _) = send(&served, body.clone()).await;
        assert!((400..500).contains(&status), "{status}");
    }
}

/// F13: 2,000 random mutations of a good body.
#[actix_web::test]
async fn mutated_bodies_are_never_our_fault() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let seed = u64::from(std::process::id()) ^ 0x9e37_79b9_7f4a_7c15;
    let mut state = seed | 1;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let pieces: [&[u8]; 8] = [
        b"\\u0000",
        b"\\ud83d",
        b"\xed\xa0\x80",
        b"{\"a\":",
        b"]]]]",
        b"1e999",
        b"\0",
        b"\"",
    ];
    for round in 0..2_000 {
        let mut body = GOOD.as_bytes().to_vec();
        for _ in 0..=random(4) {
            if body.is_empty() {
                break;
            }
            let at = random(body.len());
            match random(4) {
                0 => body[at] = u8::try_from(random(256)).unwrap(),
                1 => drop(body.remove(at)),
                2 => body.truncate(at.max(1)),
                _ => {
                    let piece = pieces[random(pieces.len())];
                    body.splice(at..at, piece.iter().copied());
                }
            }
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let (status, _) = send(&served, body).await;
        assert!(
            status == 201 || (400..500).contains(&status),
            "seed {seed}, round {round}: {status} for {text}"
        );
    }
}

#[actix_web::test]
async fn bodies_too_large_are_refused_declared_or_not() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    assert_eq!(send(&served, " ".repeat(70_000)).await.0, 413);
    let at_most = served.post("/webhooks/any").body(vec![b'x'; WEBHOOK_MAX]);
    let answer = at_most.send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), WEBHOOK_MAX.to_string());
    let mut raw = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    raw.write_all(b"POST /api/gifts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..5 {
        if raw.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = vec![0; 12];
    raw.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[actix_web::test]
async fn a_body_that_trickles_ends_by_our_own_time_out() {
    let pace = Pace {
        whole: Duration::from_millis(900),
        grace: Duration::from_millis(300),
        bytes_per_second: 1024,
    };
    let ground = ground_with(&[("limits.enabled", "false")], |site| site.pace = pace).await;
    let served = serve(&ground, routes);
    for (bytes, pause) in [(1usize, 50u64), (150, 100)] {
        let start = Instant::now();
        let raw = tokio::net::TcpStream::connect(served.address)
            .await
            .unwrap();
        let (mut read, mut write) = raw.into_split();
        write
            .write_all(b"POST /webhooks/any HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
            .await
            .unwrap();
        let dripping = tokio::spawn(async move {
            while write.write_all(&vec![b'x'; bytes]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        });
        let mut answer = vec![0; 12];
        read.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 408");
        assert!(start.elapsed() < Duration::from_secs(3));
        dripping.abort();
    }
}

#[actix_web::test]
async fn heads_are_bounded_and_addresses_are_read_strictly() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let large = served
        .get("/api/list")
        .header("x-large", "x".repeat(17_000));
    assert_eq!(large.send().await.unwrap().status(), 431);
    for (path, status, says) in [
        ("/api/list", 200, "20"),
        ("/api/list?limit=100", 200, "100"),
        ("/api/list?limit=0", 422, "limit"),
        ("/api/list?limit=101", 422, "limit"),
        ("/api/list?limit=x", 422, "limit"),
        ("/api/list?limit=1&limit=2", 422, "limit"),
        ("/api/list?limit=%00", 422, "nul"),
        ("/api/numbered/7", 200, "7"),
        ("/api/numbered/seven", 404, "not_found"),
        ("/api/numbered/%00", 404, "not_found"),
    ] {
        let answer = served.get(path).send().await.unwrap();
        let got = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert_eq!(got, status, "{path}: {text}");
        assert!(text.contains(says), "{path}: {text}");
    }
}
