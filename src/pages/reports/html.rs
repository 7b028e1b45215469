//! `/pages/{slug}/report`: anybody says what is wrong with a page.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::{NewReport, Reason, ReportId, WORDS_MAX, report};
use crate::campaigns::frame;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Email, Slug};
use crate::pages::PageMails;
use crate::pages::model::{self, PageOverview};
use crate::web::site::see;
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Query, Site};

/// Mounts the form. How often one address may send it, the gate says.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/pages/{slug}/report")
            .route(web::get().to(form))
            .route(web::post().to(send)),
    );
}

/// The form's fields as text. `website` is for machines: people do not see it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    reason: String,
    words: String,
    email: String,
    website: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    sent: String,
}

#[derive(Debug, Serialize)]
struct ReasonView {
    word: &'static str,
    words: &'static str,
    checked: bool,
}

/// Context of `page_report`.
#[derive(Debug, Serialize)]
struct ReportView {
    shell: Shell,
    csrf: String,
    action: String,
    page: Link,
    participant: String,
    sent: bool,
    reasons: Vec<ReasonView>,
    words: String,
    email: String,
    errors: Vec<FieldError>,
    reason_error: Option<String>,
    words_error: Option<String>,
    email_error: Option<String>,
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the page"))
}

async fn page_of(site: &Site, text: &str) -> AppResult<PageOverview> {
    let slug = slug(text)?;
    site.db.read(move |c| model::by_slug(c, &slug)).await
}

async fn form(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let overview = page_of(&site, &path.0).await?;
    let (typed, sent) = (Typed::default(), !query.0.sent.is_empty());
    draw(
        &site,
        &request,
        &overview,
        sent,
        (typed, Vec::new()),
        StatusCode::OK,
    )
}

fn draw(
    site: &Site,
    request: &HttpRequest,
    overview: &PageOverview,
    sent: bool,
    (typed, faults): (Typed, Vec<FieldError>),
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let PageOverview { page, campaign, .. } = overview;
    let of = |field: &str| {
        let fault = faults.iter().find(|fault| fault.field == field);
        fault.map(|fault| fault.message.clone())
    };
    let (reason_error, words_error, email_error) = (of("reason"), of("words"), of("email"));
    let now = site.clock.now();
    site.form_page(request, "page_report", status, |nonce, csrf| {
        let head = ("Report this page", "Tell us what is wrong with a page.");
        let shell = frame::shell(&site.config, nonce.as_str(), campaign, now, head).private();
        let reasons = Reason::ALL.iter().map(|reason| ReasonView {
            word: reason.as_str(),
            words: reason.words(),
            checked: reason.as_str() == typed.reason,
        });
        Ok(ReportView {
            shell,
            csrf,
            action: format!("/pages/{}/report", page.slug),
            page: Link::new(&page.title, &format!("/pages/{}", page.slug)),
            participant: page.participant.clone(),
            sent,
            reasons: reasons.collect(),
            words: typed.words,
            email: typed.email,
            errors: faults,
            reason_error,
            words_error,
            email_error,
        })
    })
}

/// What was typed, parsed; or everything to mend.
fn parse(typed: &Typed) -> Result<(Reason, String, Option<Email>), Vec<FieldError>> {
    let mut faults = Vec::new();
    let reason = typed.reason.parse::<Reason>().map_err(|_| {
        faults.push(FieldError::new("reason", "choose what is wrong"));
    });
    let words = match parse_lines(&typed.words, WORDS_MAX) {
        Ok(words) => words,
        Err(BadText::Empty) => String::new(),
        Err(bad) => {
            faults.push(FieldError::new("words", bad));
            String::new()
        }
    };
    if reason == Ok(Reason::Other) && words.is_empty() && faults.is_empty() {
        faults.push(FieldError::new("words", "say in a few words what is wrong"));
    }
    let email = match typed.email.trim() {
        "" => None,
        text => match text.parse::<Email>() {
            Ok(email) => Some(email),
            Err(bad) => {
                faults.push(FieldError::new("email", bad));
                None
            }
        },
    };
    match reason {
        Ok(reason) if faults.is_empty() => Ok((reason, words, email)),
        _ => Err(faults),
    }
}

async fn send(
    site: Data<Site>,
    mails: Data<PageMails>,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (overview, typed) = (page_of(&site, &path.0).await?, form.0);
    let thanks = format!("/pages/{}/report?sent=1", overview.page.slug);
    if !typed.website.is_empty() {
        // A machine filled in what people do not see. It learns nothing from the answer.
        return Ok(see(&thanks));
    }
    let (reason, words, email) = match parse(&typed) {
        Ok(parsed) => parsed,
        Err(faults) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return draw(&site, &request, &overview, false, (typed, faults), status);
        }
    };
    let new = NewReport {
        id: ReportId::new(),
        page: overview.page.id,
        campaign: overview.campaign.id,
        reason,
        words,
        email,
    };
    let (mails, now) = (mails.get_ref().clone(), site.clock.now());
    site.db.tx(move |c| report(c, &mails, &new, now)).await?;
    Ok(see(&thanks))
}
