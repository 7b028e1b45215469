//! `/unsubscribe/{token}` (N7, RFC 8058): GET shows and changes nothing, since scanners fetch links; POST acts at once, without
//! cookie, login or seal, whatever form its body has, and answers 200 also when it comes again.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::frame::{Note, note, render};
use crate::error::{AppError, AppResult};
use crate::subscribers::model::{SubscriptionState, standing_for, standings};
use crate::subscribers::proofs::{Door, Said};
use crate::subscribers::{Leave, Subscribing, ops};
use crate::web::Path;
use crate::web::body::RawBody;
use crate::web::typed::Mend;
use crate::web::views::shell::Link;

/// A form of two words, or what a mail program sends.
const BODY: usize = 16 * 1024;

/// Context of `unsubscribe`.
#[derive(Serialize)]
struct View {
    lists: Vec<String>,
    is_out: bool,
    token: String,
}

fn open(with: &Subscribing, token: &str) -> AppResult<Leave> {
    with.links
        .open(token)
        .ok_or(AppError::NotFound("this link"))
}

pub(super) async fn show(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let leave = open(&with, &path.0)?;
    let (lists, is_out) = with
        .site
        .db
        .read(move |c| {
            let person = standing_for(c, leave.subscriber).map_err(nobody)?;
            let all = standings(c, person.id)?;
            let on: Vec<String> = all
                .into_iter()
                .filter(|one| leave.lists.contains(&one.list.id))
                .filter(|one| one.state != SubscriptionState::Left)
                .map(|one| one.list.name)
                .collect();
            Ok((on, person.left_all_at.is_some()))
        })
        .await?;
    let view = View {
        lists,
        is_out,
        token: path.0,
    };
    let title = ("unsubscribe", "Leave");
    render(&with.site, &request, title, Mend::none(), view)
}

/// Whoever the link belongs to is gone: the link leads nowhere, like a wrong one.
fn nobody(error: AppError) -> AppError {
    match error {
        AppError::NotFound(_) => AppError::NotFound("this link"),
        other => other,
    }
}

/// What the body asks for. Only our own page says `everything`; all else is a mail program, which leaves what the mail came
/// through.
fn asks(headers: &HeaderMap, body: &[u8]) -> (Door, bool) {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return (Door::OneClick, false);
    }
    let said = url::form_urlencoded::parse(body).find(|(key, _)| key == "what");
    match said.as_ref().map(|(_, value)| &**value) {
        Some("everything") => (Door::LeavePage, true),
        Some(_) => (Door::LeavePage, false),
        None => (Door::OneClick, false),
    }
}

pub(super) async fn act(
    with: Data<Subscribing>,
    request: HttpRequest,
    path: Path<String>,
    body: RawBody<BODY>,
) -> AppResult<HttpResponse> {
    let leave = open(&with, &path.0)?;
    let (door, everything) = asks(request.headers(), &body.0);
    let network = with
        .links
        .network_digest(with.site.limits.client_key(&request));
    let said = Said::by(door).from_network(network);
    let (site, now) = (&with.site, with.site.clock.now());
    let everything = everything || leave.lists.is_empty();
    let token = site
        .db
        .tx(move |c| {
            ops::leave(c, &leave, everything, &said, now).map_err(nobody)?;
            let person = standing_for(c, leave.subscriber)?;
            Ok(person.erased_at.is_none().then_some(person.token))
        })
        .await?;
    if door == Door::OneClick {
        return Ok(HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body("You have left. Nothing more comes.\n"));
    }
    let left = if everything {
        "Nothing more comes from us, neither news nor anything else that is sent to many. Receipts and what you ask for still reach you."
    } else {
        "This newsletter comes no more. If you are on other lists, those go on."
    };
    let choose =
        token.map(|token| Link::new("Choose what comes", &format!("/preferences/{token}")));
    note(
        site,
        &request,
        StatusCode::OK,
        Note {
            kicker: "Your mail".into(),
            title: "You have left.".into(),
            lines: vec![left.into()],
            ways: choose.into_iter().collect(),
        },
    )
}
