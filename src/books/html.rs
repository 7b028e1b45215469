//! `/campaigns/{slug}/books`, its table as CSV, a copy to keep, and the page that proves a copy.

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::close::{self, ClosedDay};
use super::file::{self, BooksFile};
use super::model::{self, Books};
use super::view::{self, Reading, Verdict};
use crate::campaigns::Campaign;
use crate::campaigns::model::by_slug;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Slug, Timestamp};
use crate::web::csv::Csv;
use crate::web::headers::Nonce;
use crate::web::{Path, Site, UploadForm, View};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    super::api::routes(cfg);
    cfg.service(web::resource("/campaigns/{slug}/books").route(web::get().to(books)))
        .service(web::resource("/campaigns/{slug}/books.csv").route(web::get().to(csv)))
        .service(web::resource("/campaigns/{slug}/books/copy.json").route(web::get().to(copy)))
        .service(
            web::resource("/campaigns/{slug}/books/verify")
                .route(web::get().to(ask))
                .route(web::post().to(verify)),
        );
}

pub(super) fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the campaign"))
}

/// A campaign's books with its closed days, from one snapshot.
pub(super) fn whole(
    conn: &mut Conn,
    slug: &Slug,
    now: Timestamp,
) -> AppResult<(Campaign, Books, Vec<ClosedDay>)> {
    let campaign = by_slug(conn, slug)?.campaign;
    let books = model::read(conn, &campaign, now)?;
    let closed = close::closed(conn, campaign.id)?;
    Ok((campaign, books, closed))
}

async fn books(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0)?;
    let key = format!("/campaigns/{slug}/books");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site.db.read(move |c| Reading::read(c, &slug, now)).await?;
            let view = view::books(&site.config, nonce.as_str(), &read, now)?;
            let id = read.campaign.id.to_string();
            Ok(View::html(site.render("books", &view)?).depends_on("campaign", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

/// Day, line, program and amount, then the position in the ledger (L14).
async fn csv(site: Data<Site>, path: Path<String>) -> AppResult<HttpResponse> {
    let (slug, now) = (slug(&path.0)?, site.clock.now());
    let name = format!("{slug}-books.csv");
    let (campaign, books, _) = site.db.read(move |c| whole(c, &slug, now)).await?;
    let mut csv = Csv::new(&["day", "line", "fund", "program", "amount_minor", "currency"]);
    for entry in &books.entries {
        let fund = books
            .funds
            .iter()
            .find(|fund| fund.fund.to_string() == entry.fund);
        let program = fund.and_then(|fund| fund.program.as_ref());
        csv.row(&[
            entry.day.to_string(),
            entry.line.to_string(),
            fund.map_or_else(String::new, |fund| fund.name.clone()),
            program.map_or_else(String::new, |(_, slug)| slug.to_string()),
            entry.amount.to_string(),
            campaign.currency.to_string(),
        ]);
    }
    let (seal, hash) = books
        .seal
        .as_ref()
        .map_or((0, String::new()), |seal| (seal.id, seal.hash.clone()));
    let position = format!("transfer {}, seal {seal} {hash}", books.transfer);
    csv.row(&["", "position", "", "", &position, ""]);
    Ok(csv.respond(&name))
}

/// The copy that `selvedge check --books` proves.
async fn copy(site: Data<Site>, path: Path<String>) -> AppResult<HttpResponse> {
    let (slug, now) = (slug(&path.0)?, site.clock.now());
    let name = format!("{slug}-books.json");
    let (campaign, books, closed) = site.db.read(move |c| whole(c, &slug, now)).await?;
    let text = BooksFile::of(&campaign, &books, &closed, now)?.text()?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text))
}

/// The form of `/campaigns/{slug}/books/verify`: a file `copy`.
#[derive(Debug, Deserialize)]
struct Nothing {}

async fn ask(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    draw(&site, &request, slug(&path.0)?, None).await
}

async fn verify(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    form: UploadForm<Nothing>,
) -> AppResult<HttpResponse> {
    let UploadForm { mut files, .. } = form;
    let slug = slug(&path.0)?;
    let Some(bytes) = files.take("copy") else {
        let verdict = Verdict::missing("Choose the file that you downloaded from these books.");
        return draw(&site, &request, slug, Some(verdict)).await;
    };
    let asked = slug.clone();
    let now = site.clock.now();
    let (_, _, closed) = site.db.read(move |c| whole(c, &asked, now)).await?;
    let verdict = judge(&bytes, &closed);
    draw(&site, &request, slug, Some(verdict)).await
}

/// Whether the copy holds in itself, and whether its last closed day is one of ours.
fn judge(bytes: &Bytes, closed: &[ClosedDay]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Verdict::broken("This file is no text, so it is no copy of these books.");
    };
    match file::prove(text) {
        Err(why) => Verdict::broken(&format!("The first thing that does not hold: {why}.")),
        Ok(proved) => {
            let is_ours = proved.days == 0 || closed.iter().any(|day| day.hash == proved.last_hash);
            Verdict::holds(&proved, is_ours)
        }
    }
}

async fn draw(
    site: &Site,
    request: &HttpRequest,
    slug: Slug,
    verdict: Option<Verdict>,
) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let (campaign, books, closed) = site.db.read(move |c| whole(c, &slug, now)).await?;
    let status = match &verdict {
        Some(verdict) if !verdict.is_good() => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    site.form_page(request, "books_verify", status, |nonce, seal| {
        Ok(view::verify(
            &site.config,
            nonce.as_str(),
            &campaign,
            (&books, &closed),
            verdict,
            seal,
            now,
        ))
    })
}
