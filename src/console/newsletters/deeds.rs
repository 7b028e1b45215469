//! What is done to a newsletter beside writing it: a test to oneself, approval, a copy, putting it away, the archive.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::Typed;
use super::super::scope::Scope;
use super::editor::draw;
use super::newsletter_of;
use super::preview::rendered;
use crate::auth::Coordinator;
use crate::donations::Giving;
use crate::error::{AppError, AppResult};
use crate::mail::{MailId, ReadyMail};
use crate::newsletters::{House, Newsletter, NewsletterId, approval, audience, changed, ops};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

async fn found(desk: &Desk, id: &str) -> AppResult<Newsletter> {
    let (scope, asked) = (Scope::of(&desk.signed), id.to_owned());
    desk.site
        .db
        .read(move |c| newsletter_of(c, &scope, &asked))
        .await
}

/// Back to the editor: with the deed's word, or with what is to be mended.
async fn back(
    desk: &Desk,
    id: NewsletterId,
    typed: Typed,
    done: AppResult<&'static str>,
) -> AppResult<HttpResponse> {
    match done {
        Ok(word) => Ok(see(&format!("/console/newsletters/{id}?done={word}"))),
        Err(error) => draw(desk, &id.to_string(), Some(typed), Mend::of(error)?).await,
    }
}

/// Sends it to the writer's own address (N20): as they would get it if they are a reader, else as somebody of whom nothing is
/// known. No other reader's facts leave by it.
pub(super) async fn test(
    giving: Data<Giving>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let site = &giving.site;
    let desk = Desk::new(site, &request, staff.0, Room::Newsletters);
    let newsletter = found(&desk, &path.0).await?;
    let (id, house, now) = (newsletter.id, House::of(&site.config), desk.now());
    let (mails, mail_id) = (giving.mails.clone(), MailId::new());
    let (to, name) = (desk.signed.email().clone(), desk.signed.name().to_owned());
    let variant = form.0.text("variant").to_owned();
    let address = to.clone();
    let read = site.db.read(move |c| {
        let own = audience::by_email(c, &address)?;
        rendered(c, newsletter, own, (&house, &variant), now)
    });
    let done = match read.await {
        Err(error) => Err(error),
        Ok(mail) => {
            let ready = ReadyMail {
                id: mail_id,
                kind: "newsletter_test",
                source_id: mail_id.to_string(),
                to,
                to_name: Some(name),
                subject: format!("[Test] {}", mail.subject),
                html: mail.html,
                text: mail.text,
            };
            let work = site.db.tx(move |c| mails.queue_ready(c, &ready, now));
            work.await
        }
    };
    back(&desk, id, form.0, done.map(|()| "newsletter-test")).await
}

/// A second person's word, or the writer's typed number: fields `digest` and `count`.
pub(super) async fn approve(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let id = found(&desk, &path.0).await?.id;
    let (by, now) = (desk.signed.user(), desk.now());
    let digest = form.0.text("digest").to_owned();
    let count: String = form.0.text("count").trim().replace(',', "");
    let typed = match count.as_str() {
        "" => Ok(None),
        text => text
            .parse::<i64>()
            .map(Some)
            .map_err(|_| AppError::field("count", "write a whole number")),
    };
    let done = match typed {
        Err(error) => Err(error),
        Ok(typed) => {
            let work = site
                .db
                .tx(move |c| approval::approve(c, id, (&digest, typed), by, now));
            work.await
        }
    };
    back(&desk, id, form.0, done.map(|()| "newsletter-approved")).await
}

/// Field `do`: `copy`, `discard`, `show`, `hide`.
pub(super) async fn state(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let id = found(&desk, &path.0).await?.id;
    let (by, now, db) = (desk.signed.user(), desk.now(), &site.db);
    match form.0.text("do") {
        "copy" => {
            let new = NewsletterId::new();
            db.tx(move |c| ops::copy(c, id, new, by, now)).await?;
            Ok(see(&format!(
                "/console/newsletters/{new}?done=newsletter-copied"
            )))
        }
        "discard" => match db.tx(move |c| ops::discard(c, id, by, now)).await {
            Ok(()) => Ok(see("/console/newsletters?done=newsletter-discarded")),
            Err(error) => back(&desk, id, form.0, Err(error)).await,
        },
        word @ ("show" | "hide") => {
            let is_public = word == "show";
            let done = db
                .tx(move |c| ops::set_public(c, id, is_public, by, now))
                .await;
            if done.is_ok() {
                changed(&site, id);
            }
            back(&desk, id, form.0, done.map(|()| "saved")).await
        }
        _ => Err(AppError::BadRequest("choose what to do".into())),
    }
}
