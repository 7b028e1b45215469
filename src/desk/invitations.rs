//! `/desk/invitations/{token}`: a place at a partner's desk, offered by mail. GET asks, POST takes it (S7).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::auth::{MaybeSigned, Signed};
use crate::error::AppResult;
use crate::partners::staff;
use crate::web::headers::keep_address_private;
use crate::web::site::see;
use crate::web::typed::Typed;
use crate::web::views::shell::Shell;
use crate::web::{CsrfForm, Path, Site};

/// Context of `desk/invited`.
#[derive(Serialize)]
struct InvitedView {
    shell: Shell,
    csrf: String,
    partner: String,
    action: String,
    is_signed: bool,
    is_for_another: bool,
    sign_in: String,
    sign_up: String,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    signed: MaybeSigned,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (token, now) = (path.0, site.clock.now());
    let secret = token.clone();
    let (invitation, partner) = site.db.read(move |c| staff::peek(c, &secret, now)).await?;
    let action = format!("/desk/invitations/{token}");
    let next: String = url::form_urlencoded::byte_serialize(action.as_bytes()).collect();
    let mut response =
        site.form_page(&request, "desk/invited", StatusCode::OK, |nonce, csrf| {
            let title = format!("The desk of {}", partner.name);
            Ok(InvitedView {
                shell: Shell::new(&site.config, nonce.as_str(), &title, &title).private(),
                csrf,
                partner: partner.name.clone(),
                is_signed: signed.0.is_some(),
                is_for_another: signed
                    .0
                    .as_ref()
                    .is_some_and(|who| who.email().folded() != invitation.to_email.folded()),
                sign_in: format!("/login?next={next}"),
                sign_up: format!("/signup?next={next}"),
                action,
            })
        })?;
    keep_address_private(&mut response);
    Ok(response)
}

/// Takes the place.
pub(super) async fn accept(
    site: Data<Site>,
    signed: Signed,
    path: Path<String>,
    _form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (token, now) = (path.0, site.clock.now());
    let (user, email) = (signed.user(), signed.email().clone());
    site.db
        .tx(move |c| staff::accept(c, &token, (user, &email), now))
        .await?;
    Ok(see("/desk?done=seated"))
}
