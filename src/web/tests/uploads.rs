//! F11, S2: forms with files.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get, post};
use actix_web::{HttpRequest, web::Data};
use serde::Deserialize;

use super::*;
use crate::web::body::Pace;
use crate::web::{CsrfForm, UploadForm};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    name: String,
}

async fn seal(site: Data<Site>, request: HttpRequest) -> AppResult<HttpResponse> {
    let seal = site.csrf.token(&request)?;
    let mut response = HttpResponse::Ok();
    if let Some(cookie) = seal.cookie {
        response.cookie(cookie);
    }
    Ok(response.body(seal.value))
}

async fn send(mut form: UploadForm<Words>) -> HttpResponse {
    let size = form.files.take("photo").map(|bytes| bytes.len());
    HttpResponse::Ok().body(format!("{} {size:?}", form.fields.name))
}

async fn plain(CsrfForm(words): CsrfForm<Words>) -> HttpResponse {
    HttpResponse::Ok().body(words.name)
}

/// Keeps its files, and so its place, until it is told to go on.
async fn slow(form: UploadForm<Words>, gate: Data<tokio::sync::Semaphore>) -> HttpResponse {
    let turn = gate.acquire().await;
    drop((turn, form));
    HttpResponse::Ok().finish()
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/form", get().to(seal))
        .route("/form", post().to(send))
        .route("/plain", post().to(plain))
        .route("/slow", post().to(slow));
}

const BOUNDARY: &str = "threads-and-threads";

fn part(head: &str, value: &[u8]) -> Vec<u8> {
    let lead = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
    [lead.as_bytes(), value, b"\r\n"].concat()
}

fn body(seal: &str, photo: &[u8]) -> Vec<u8> {
    [
        part("name=\"name\"", "মীরা & co".as_bytes()),
        part("name=\"photo\"; filename=\"../../a.jpg\"", photo),
        part("name=\"csrf\"", seal.as_bytes()),
        format!("--{BOUNDARY}--\r\n").into_bytes(),
    ]
    .concat()
}

async fn sealed(served: &Served) -> (String, String) {
    let answer = served.get("/form").send().await.unwrap();
    let cookie = header(&answer, "set-cookie");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (cookie, answer.text().await.unwrap())
}

fn request(served: &Served, path: &str, cookie: &str) -> reqwest::RequestBuilder {
    served.post(path).header("cookie", cookie).header(
        "content-type",
        format!("multipart/form-data; boundary={BOUNDARY}"),
    )
}

#[actix_web::test]
async fn files_come_with_the_seal_or_not_at_all() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let (cookie, token) = sealed(&served).await;
    let ask = async |path: &str, cookie: &str, body: Vec<u8>| {
        let answer = request(&served, path, cookie)
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let photo = vec![7; 3 << 20];
    let good = ask("/form", &cookie, body(&token, &photo)).await;
    assert_eq!(good, (200, format!("মীরা & co Some({})", 3 << 20)));
    // No file chosen: browsers send an empty one.
    let empty = ask("/form", &cookie, body(&token, b"")).await;
    assert_eq!(empty, (200, "মীরা & co None".to_owned()));
    // A form that expects no file takes the words.
    assert_eq!(ask("/plain", &cookie, body(&token, b"x")).await.0, 200);
    // And one that expects files takes a form without.
    let bare = served
        .post("/form")
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={token}&name=a"));
    assert_eq!(bare.send().await.unwrap().text().await.unwrap(), "a None");
    assert_eq!(ask("/form", &cookie, body("0000", b"x")).await.0, 403);
    assert_eq!(ask("/form", "", body(&token, b"x")).await.0, 403);
    let large = vec![0; super::super::upload::UPLOAD_MAX];
    assert_eq!(ask("/form", &cookie, body(&token, &large)).await.0, 413);
    let foreign = request(&served, "/form", &cookie)
        .header("sec-fetch-site", "cross-site")
        .body(body(&token, b"x"));
    assert_eq!(foreign.send().await.unwrap().status(), 403);
}

#[actix_web::test]
async fn broken_forms_are_told_so() {
    let ground = ground(&[("limits.enabled", "false")]).await;
    let served = serve(&ground, routes);
    let (cookie, token) = sealed(&served).await;
    let whole = body(&token, &[0xff; 3_000]);
    let many: Vec<u8> = (0..80).flat_map(|_| part("name=\"a\"", b"b")).collect();
    let long = part("name=\"a\"", &vec![b'a'; 300 * 1024]);
    let table: [(&str, Vec<u8>); 7] = [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("no boundary", b"nothing of the kind\r\n".to_vec()),
        ("nothing", Vec::new()),
        ("nameless", part("filename=\"a\"", b"x")),
        ("not utf-8", part("name=\"name\"", &[0xc3, 0x28])),
        ("many", many),
        ("long", long),
    ];
    for (name, sent) in table {
        let answer = request(&served, "/form", &cookie)
            .body(sent)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        assert!([400, 403, 413].contains(&status), "{name}: {status}");
    }
    let strange = served
        .post("/form")
        .header("cookie", &cookie)
        .header("content-type", "multipart/form-data")
        .body(whole);
    assert_eq!(strange.send().await.unwrap().status(), 400);
}

#[actix_web::test]
async fn a_few_bodies_are_in_memory_at_a_time_and_the_next_one_waits() {
    let ground = ground_with(&[("limits.enabled", "false")], |site| {
        site.pace = Pace::default();
    })
    .await;
    let gate = Data::new(tokio::sync::Semaphore::new(0));
    let served = {
        let gate = gate.clone();
        serve(&ground, move |config: &mut ServiceConfig| {
            config.app_data(gate.clone());
            routes(config);
        })
    };
    let (cookie, token) = sealed(&served).await;
    let ask = |path: &str| {
        request(&served, path, &cookie)
            .body(body(&token, b"x"))
            .send()
    };
    let holding: Vec<_> = (0..4)
        .map(|_| tokio::task::spawn_local(ask("/slow")))
        .collect();
    // The fifth finds no place in time.
    loop {
        let answer = ask("/form").await.unwrap();
        if answer.status() == 503 {
            assert_eq!(header(&answer, "retry-after"), "5");
            break;
        }
    }
    gate.add_permits(4);
    for one in holding {
        assert_eq!(one.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(ask("/form").await.unwrap().status(), 200);
}
