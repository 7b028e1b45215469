//! Handing a page on: `POST /pages/{slug}/edit/transfer`, and the mailed link `/pages/transfer/{token}`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::form::Typed;
use super::html::show;
use super::view::Shown;
use crate::audit;
use crate::auth::{MaybeSigned, Signed};
use crate::campaigns::frame;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Email;
use crate::pages::model;
use crate::pages::transfers::{self, NewTransfer};
use crate::pages::{PageMails, PageOwner};
use crate::web::headers::keep_address_private;
use crate::web::site::see;
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Site};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Offer {
    email: String,
    /// `withdraw` ends the open offer.
    r#do: String,
}

pub(super) async fn offer(
    site: Data<Site>,
    mails: Data<PageMails>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Offer>,
) -> AppResult<HttpResponse> {
    let page = &owner.overview.page;
    let place = format!("/pages/{}/edit", page.slug);
    let (id, now, typed) = (page.id, site.clock.now(), form.0);
    if typed.r#do == "withdraw" {
        let deed = owner.deed("page.withdraw_offer");
        site.db
            .tx(move |c| {
                transfers::withdraw(c, id, now)?;
                deed.iter().try_for_each(|deed| audit::record(c, deed, now))
            })
            .await?;
        return Ok(see(&place));
    }
    let to: Result<Email, _> = typed.email.trim().parse();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let mut fault = match &to {
        Err(bad) => Some(FieldError::new("email", bad)),
        Ok(to) if to.folded() == owner.signed.email().folded() && !owner.on_behalf => {
            Some(FieldError::new("email", "that is your own address"))
        }
        Ok(_) => None,
    };
    if let (None, Ok(to)) = (&fault, to) {
        let new = NewTransfer::make(to)?;
        let (mails, deed) = (mails.get_ref().clone(), owner.deed("page.offer"));
        let done = site
            .db
            .tx(move |c| {
                transfers::offer(c, &mails, id, &new, now)?;
                match &deed {
                    Some(deed) => audit::record(c, deed, now),
                    None => Ok(()),
                }
            })
            .await;
        match done {
            Ok(()) => return Ok(see(&place)),
            Err(AppError::Conflict {
                code: "too_many_offers",
                detail,
            }) => {
                status = StatusCode::CONFLICT;
                fault = Some(FieldError::new("email", detail));
            }
            Err(other) => return Err(other),
        }
    }
    let shown = Shown {
        typed: Typed::of(page, &owner.overview.campaign),
        faults: fault.into_iter().collect(),
        transfer_email: typed.email,
        ..Shown::default()
    };
    show(&site, &request, &owner, shown, status).await
}

/// Context of `page_transfer`.
#[derive(Debug, Serialize)]
struct TransferView {
    shell: Shell,
    campaign: Link,
    title: String,
    participant: String,
    href: String,
    to: String,
    action: String,
    csrf: String,
    /// Where strangers sign up and in.
    signup_url: Option<String>,
    login_url: Option<String>,
    /// Signed in, but as somebody else.
    wrong_address: bool,
    unverified: bool,
}

pub(super) async fn look(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    who: MaybeSigned,
) -> AppResult<HttpResponse> {
    let (token, now) = (path.0, site.clock.now());
    let asked = token.clone();
    let (offer, overview) = site
        .db
        .read(move |c| {
            let offer = transfers::by_token(c, &asked, now)?;
            let overview = model::any_by_id(c, offer.page_id)?;
            Ok((offer, overview.ok_or(AppError::NotFound("the page"))?))
        })
        .await?;
    let (page, campaign) = (&overview.page, &overview.campaign);
    let mut response =
        site.form_page(&request, "page_transfer", StatusCode::OK, |nonce, csrf| {
            let about = ("A page is offered to you", campaign.appeal.as_str());
            let mut shell =
                frame::shell(&site.config, nonce.as_str(), campaign, now, about).private();
            shell.give_url = None;
            let next = format!("?next=/pages/transfer/{token}");
            let signed = who.0.as_ref();
            Ok(TransferView {
                campaign: Link::new(&campaign.title, &frame::path(campaign)),
                title: page.title.clone(),
                participant: page.participant.clone(),
                href: format!("/pages/{}", page.slug),
                to: offer.to_email.to_string(),
                action: format!("/pages/transfer/{token}"),
                csrf,
                signup_url: signed.is_none().then(|| format!("/signup{next}")),
                login_url: signed.is_none().then(|| format!("/login{next}")),
                wrong_address: signed.is_some_and(|who| !offer.is_to(who.email())),
                unverified: signed.is_some_and(|who| !who.is_verified()),
                shell,
            })
        })?;
    keep_address_private(&mut response);
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    /// `yes` takes the page, anything else declines it.
    answer: String,
}

pub(super) async fn decide(
    site: Data<Site>,
    path: Path<String>,
    signed: Signed,
    form: CsrfForm<Answer>,
) -> AppResult<HttpResponse> {
    let (token, yes) = (path.0, form.0.answer == "yes");
    let (by, now) = (signed.user(), site.clock.now());
    let page = site
        .db
        .tx(move |c| {
            let page = transfers::answer(c, &token, by, yes, now)?;
            Ok(model::any_by_id(c, page)?.map(|found| found.page))
        })
        .await?;
    match page {
        Some(page) if yes => {
            site.views.changed("page", &page.id.to_string());
            Ok(see(&format!("/pages/{}/edit", page.slug)))
        }
        _ => Ok(see("/")),
    }
}
