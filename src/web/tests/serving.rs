//! F10, F11, F18: starting, being ready, crowds, streams and stopping.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::web::live::Live;

async fn slow() -> HttpResponse {
    tokio::time::sleep(Duration::from_millis(700)).await;
    HttpResponse::Ok().body("done")
}

async fn watch(site: Data<Site>) -> AppResult<HttpResponse> {
    Ok(site
        .live
        .watch("page", "pag_1")?
        .begin(Some("{\"raised\":0}")))
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/slow", get().to(slow))
        .route("/live", get().to(watch));
}

async fn readiness(served: &Served) -> (u16, serde_json::Value) {
    let answer = served.get("/readyz").send().await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
    )
}

#[actix_web::test]
async fn readiness_gives_its_reasons() {
    let ground = ground(&[]).await;
    let served = serve(&ground, routes);
    let (status, body) = readiness(&served).await;
    assert_eq!((status, &body["ready"]), (200, &true.into()), "{body}");
    ground.site.add_readiness("payments", || {
        Box::pin(async { Err("the key and the webhook secret are of two modes".to_owned()) })
    });
    ground
        .site
        .add_readiness("hanging", || Box::pin(std::future::pending()));
    ground
        .site
        .db
        .exclusive(|conn| migrations::down(conn, 1))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let start = Instant::now();
    let (status, body) = readiness(&served).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(status, 503);
    let failed: Vec<&str> = body["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["check"].as_str().unwrap())
        .collect();
    assert!(failed.contains(&"migrations"), "{body}");
    assert!(failed.ends_with(&["payments", "hanging"]), "{body}");
    assert_eq!(served.get("/livez").send().await.unwrap().status(), 200);
}

#[actix_web::test]
async fn a_taken_port_is_said_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ground = ground(&[("http.port", &port)]).await;
    let error = Bound::new(&ground.site.config).err().unwrap().to_string();
    assert!(
        error.contains(&port) && error.contains("http.port"),
        "{error}"
    );
}

#[actix_web::test]
async fn one_address_holds_so_many_connections_and_no_more() {
    let ground = ground(&[("http.connections_per_ip", "5")]).await;
    let served = serve(&ground, routes);
    let open = async || {
        tokio::net::TcpStream::connect(served.address)
            .await
            .unwrap()
    };
    let ask = async |stream: &mut tokio::net::TcpStream| {
        let head = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
        let mut answer = vec![0; 12];
        if stream.write_all(head).await.is_err() || stream.read_exact(&mut answer).await.is_err() {
            return "shut".to_owned();
        }
        String::from_utf8(answer).unwrap()
    };
    let mut kept = Vec::new();
    for _ in 0..5 {
        let mut stream = open().await;
        assert_eq!(ask(&mut stream).await, "HTTP/1.1 200");
        kept.push(stream);
    }
    let refused = ask(&mut open().await).await;
    assert!(refused == "HTTP/1.1 503" || refused == "shut", "{refused}");
    kept.clear();
    // Places come back, also after many connections.
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(ask(&mut open().await).await, "HTTP/1.1 200");
    }
}

#[actix_web::test]
async fn watchers_hear_what_is_published_and_a_full_hub_says_so() {
    let small = |site: &mut Site| {
        site.live = Live::with(site.stopping.clone(), 2, Duration::from_millis(100));
    };
    let ground = ground_with(&[("limits.enabled", "false")], small).await;
    let served = serve(&ground, routes);
    let mut watcher = served.get("/live").send().await.unwrap();
    assert_eq!(header(&watcher, "content-type"), "text/event-stream");
    assert_eq!(header(&watcher, "x-content-type-options"), "nosniff");
    let second = served.get("/live").send().await.unwrap();
    assert_eq!(served.get("/live").send().await.unwrap().status(), 503);
    let head = served.client.head(served.url("/live")).send();
    assert!(
        tokio::time::timeout(Duration::from_secs(2), head)
            .await
            .is_ok()
    );
    let mut heard = String::new();
    let mut published = false;
    while !(heard.contains("{\"raised\":50}") && heard.contains(": still here")) {
        let chunk = tokio::time::timeout(Duration::from_secs(5), watcher.chunk())
            .await
            .unwrap();
        heard.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        if !published {
            ground.site.live.publish("page", "pag_2", "{\"raised\":1}");
            ground.site.live.publish("page", "pag_1", "{\"raised\":50}");
            published = true;
        }
    }
    assert!(
        heard.starts_with("retry: 5000\n\ndata: {\"raised\":0}\n\n"),
        "{heard}"
    );
    assert!(!heard.contains("\"raised\":1"), "{heard}");
    drop((watcher, second));
    for _ in 0..100 {
        if ground.site.live.watchers() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("watchers that left are still counted");
}

#[actix_web::test]
async fn stopping_finishes_what_is_in_flight_and_ends_streams() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let mut watcher = served.get("/live").send().await.unwrap();
    let in_flight = tokio::task::spawn_local(served.get("/slow").send());
    // An idle kept-alive connection must not hold the stop up.
    let mut idle = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    served.stop.ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let reasons = crate::web::health::reasons(&ground.site).await;
    assert_eq!(reasons[0].check, "stopping");
    assert_eq!(
        in_flight.await.unwrap().unwrap().text().await.unwrap(),
        "done"
    );
    while let Ok(Some(_)) = watcher.chunk().await {}
    served.ended.await.unwrap().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert!(
        served
            .client
            .get(format!("http://{}/livez", served.address))
            .send()
            .await
            .is_err()
    );
}

#[actix_web::test]
async fn a_second_wish_to_stop_ends_now() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let mut stuck = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    stuck
        .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    served.stop.ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    served.stop.ask();
    served.ended.await.unwrap().unwrap();
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    assert!(ground.folder.path().exists());
}
