//! `/n/{token}/{link}` and `/n/{token}/open.gif`: a counted link leads on at once, a pixel is one grey dot nobody sees. Both answer the
//! same whether something is counted or not, and also while counting is off: links in mails that are out must go on leading
//! somewhere.

use actix_web::http::header;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use url::Url;

use super::judge::is_machine;
use super::record::{self, Hit};
use crate::error::{AppError, AppResult};
use crate::newsletters::NewsletterId;
use crate::subscribers::Subscribing;
use crate::subscribers::links::Counted;
use crate::web::Path;
use crate::web::gate::HeadAlone;
use crate::web::site::see;

/// A GIF of one transparent dot.
const DOT: &[u8] = &[
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0xff, 0xff, 0xff, 0, 0, 0, 0x21,
    0xf9, 4, 1, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b,
];

/// Mounts both.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/n/{token}/open.gif").route(web::get().to(opened)))
        .service(web::resource("/n/{token}/{link}").route(web::get().to(followed)));
}

fn counted(with: &Subscribing, token: &str) -> AppResult<(NewsletterId, Counted)> {
    let lost = || AppError::NotFound("this link");
    let counted = with.links.open_counted(token).ok_or_else(lost)?;
    let newsletter = counted.source.parse().map_err(|_| lost())?;
    Ok((newsletter, counted))
}

fn nobody_looks(request: &HttpRequest) -> bool {
    request.extensions().contains::<HeadAlone>() || is_machine(request.headers())
}

/// Counts, and hides from the reader when that fails: the mail must show and its links must lead.
async fn count(with: &Subscribing, hit: Hit) {
    let now = with.site.clock.now();
    if let Err(error) = with.site.db.tx(move |c| record::hit(c, &hit, now)).await {
        tracing::warn!(%error, "an opening or a click was not counted");
    }
}

async fn opened(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (newsletter, counted) = counted(&with, &path.0)?;
    let hit = Hit {
        newsletter,
        reader: counted.reader,
        link: None,
        is_machine: nobody_looks(&request),
    };
    count(&with, hit).await;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("image/gif")
        .body(DOT))
}

async fn followed(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<(String, i32)>,
) -> AppResult<HttpResponse> {
    let (token, link) = path.0;
    let (newsletter, counted) = counted(&with, &token)?;
    let target = with
        .site
        .db
        .read(move |c| record::target(c, newsletter, link))
        .await?
        .ok_or(AppError::NotFound("this link"))?;
    let hit = Hit {
        newsletter,
        reader: counted.reader,
        link: Some(link),
        is_machine: nobody_looks(&request),
    };
    count(&with, hit).await;
    Ok(see(&with_source(
        &target,
        &with.site.config.public_url(),
        newsletter,
    )))
}

/// A link to a page of ours says which newsletter it stood in, so that a gift can say it too; other sites are told nothing.
fn with_source(target: &str, own: &str, newsletter: NewsletterId) -> String {
    let (Ok(mut url), Ok(own)) = (Url::parse(target), Url::parse(own)) else {
        return target.to_owned();
    };
    let is_told = url.query_pairs().any(|(name, _)| name == "utm_source");
    if url.origin() != own.origin() || is_told {
        return target.to_owned();
    }
    url.query_pairs_mut()
        .append_pair("utm_source", &newsletter.to_string())
        .append_pair("utm_medium", "newsletter");
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_pages_hear_of_the_newsletter_and_nobody_else_does() {
        let id = NewsletterId::new();
        let own = "https://give.example.org";
        let told = |target| with_source(target, own, id);
        assert_eq!(
            told("https://give.example.org/give/dressember-2026?page=maya#amount"),
            format!(
                "https://give.example.org/give/dressember-2026?page=maya&utm_source={id}&utm_medium=newsletter#amount"
            )
        );
        for other in [
            "https://elsewhere.example/give",
            "https://give.example.org:8443/",
            "http://give.example.org/",
            "https://give.example.org/?utm_source=poster",
            "mailto:hello@give.example.org",
        ] {
            assert_eq!(told(other), other);
        }
    }
}
