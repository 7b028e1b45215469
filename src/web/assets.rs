//! Static files embedded in the binary, served under a URL that carries their content's hash.
//!
//! Because the hash is part of the name, a browser may keep a file for a year: a changed file has
//! another URL. A request with a stale or missing hash is answered with the current content, but
//! is not marked immutable.

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

/// How many hex digits of the SHA-256 go into the URL: 48 bits, enough to tell versions apart.
const HASH_DIGITS: usize = 12;

/// The stylesheet that every page loads, and the folder whose sheets (one a noun) are joined to it.
const STYLES: &str = "selvedge.css";
/// See [`STYLES`].
const SHEETS: &str = "css/";

/// The joined stylesheet.
static JOINED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut sheets: Vec<_> = Embedded::iter()
        .filter(|name| name.starts_with(SHEETS))
        .collect();
    sheets.sort();
    let names = std::iter::once(STYLES.into()).chain(sheets);
    let mut all = Vec::new();
    for file in names.filter_map(|name| Embedded::get(&name)) {
        all.extend_from_slice(&file.data);
        all.push(b'\n');
    }
    all
});

/// An asset's content.
fn content(name: &str) -> Option<Cow<'static, [u8]>> {
    match name {
        STYLES => Some(Cow::Borrowed(JOINED.as_slice())),
        name if name.starts_with(SHEETS) => None,
        name => Embedded::get(name).map(|file| file.data),
    }
}

/// The hash of `name`'s content as it stands in the URL, or `None` if there is no such asset.
fn short_hash(name: &str) -> Option<String> {
    static JOINED_HASH: LazyLock<String> = LazyLock::new(|| hex::encode(Sha256::digest(&*JOINED)));
    let mut hash = match name {
        STYLES => JOINED_HASH.clone(),
        name if name.starts_with(SHEETS) => return None,
        name => hex::encode(Embedded::get(name)?.metadata.sha256_hash()),
    };
    hash.truncate(HASH_DIGITS);
    Some(hash)
}

/// The URL of an embedded asset: `selvedge.css` becomes `/assets/selvedge.<hash>.css`.
///
/// `None` if no asset has that name.
pub fn url(name: &str) -> Option<String> {
    let hash = short_hash(name)?;
    let (stem, extension) = name.rsplit_once('.')?;
    Some(format!("/assets/{stem}.{hash}.{extension}"))
}

/// Every embedded asset's name, for tests and for warming caches.
pub fn names() -> impl Iterator<Item = String> {
    Embedded::iter()
        .map(|name| name.into_owned())
        .filter(|name| !name.starts_with(SHEETS))
}

/// Splits `selvedge.<hash>.css` into (`selvedge.css`, Some(hash)); a name without a hash stays whole.
fn parse(path: &str) -> (String, Option<String>) {
    if let Some((rest, extension)) = path.rsplit_once('.')
        && let Some((stem, hash)) = rest.rsplit_once('.')
        && hash.len() == HASH_DIGITS
        && hash.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return (format!("{stem}.{extension}"), Some(hash.to_owned()));
    }
    (path.to_owned(), None)
}

/// The media type by extension; only the kinds that this folder holds.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// `GET /assets/{path}`.
async fn serve(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let (name, asked) = parse(&path);
    let (Some(data), Some(hash)) = (content(&name), short_hash(&name)) else {
        return HttpResponse::NotFound().finish();
    };
    let etag = format!("\"{hash}\"");
    let cache = if asked.as_deref() == Some(hash.as_str()) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=60"
    };
    let unchanged = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == etag)
        });
    let mut response = if unchanged {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::ETAG, etag))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if unchanged {
        return response.finish();
    }
    response
        .insert_header((header::CONTENT_TYPE, media_type(&name)))
        .body(data.into_owned())
}

/// Mounts `/assets/{path}` (GET and HEAD).
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/assets/{path:.*}")
            .route(web::get().to(serve))
            .route(web::head().to(serve)),
    )
    // Browsers ask here for pages that name no icon: the sandbox's pay page, a JSON answer.
    .service(web::resource("/favicon.ico").route(web::get().to(favicon)));
}

async fn favicon() -> HttpResponse {
    match url("icon.svg") {
        Some(place) => HttpResponse::PermanentRedirect()
            .insert_header((header::LOCATION, place))
            .finish(),
        None => HttpResponse::NotFound().finish(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;
    use actix_web::{App, http::StatusCode, test};

    #[actix_web::test]
    async fn a_hashed_url_is_immutable_and_revalidates() {
        let app = test::init_service(App::new().configure(routes)).await;
        for name in names() {
            let url = url(&name).expect("every asset has a URL");
            let answer =
                test::call_service(&app, test::TestRequest::get().uri(&url).to_request()).await;
            assert_eq!(answer.status(), StatusCode::OK, "{url}");
            assert_ne!(
                answer.headers().get(header::CONTENT_TYPE).unwrap(),
                "application/octet-stream"
            );
            assert_eq!(
                answer.headers().get(header::CACHE_CONTROL).unwrap(),
                "public, max-age=31536000, immutable"
            );
            let etag = answer.headers().get(header::ETAG).unwrap().clone();
            let again = test::TestRequest::get()
                .uri(&url)
                .insert_header((header::IF_NONE_MATCH, etag))
                .to_request();
            assert_eq!(
                test::call_service(&app, again).await.status(),
                StatusCode::NOT_MODIFIED
            );
        }
    }

    #[actix_web::test]
    async fn a_stale_hash_is_served_briefly_and_an_unknown_name_is_not_found() {
        let app = test::init_service(App::new().configure(routes)).await;
        let stale = test::TestRequest::get()
            .uri("/assets/selvedge.000000000000.css")
            .to_request();
        let answer = test::call_service(&app, stale).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            answer.headers().get(header::CACHE_CONTROL).unwrap(),
            "public, max-age=60"
        );
        let unknown = test::TestRequest::get()
            .uri("/assets/../Cargo.toml")
            .to_request();
        assert_eq!(
            test::call_service(&app, unknown).await.status(),
            StatusCode::NOT_FOUND
        );
    }
}
