//! `/mail/{kind}/off/{token}`: switching a kind of mail off without signing in. GET asks, POST acts, as a mail program's
//! one-click request does (RFC 8058).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::form::{Note, Question, note, question};
use crate::accounts::Accounts;
use crate::auth::{MailKind, UserId, mutes};
use crate::error::{AppError, AppResult};
use crate::web::Path;
use crate::web::views::shell::Link;

fn open(accounts: &Accounts, kind: &str, token: &str) -> AppResult<(MailKind, UserId)> {
    let nothing = AppError::NotFound("this link");
    let Ok(kind) = kind.parse::<MailKind>() else {
        return Err(nothing);
    };
    let user = accounts.off_links.open(kind, token).ok_or(nothing)?;
    Ok((kind, user))
}

pub(super) async fn ask(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (kind_word, token) = path.0;
    let (kind, _) = open(&accounts, &kind_word, &token)?;
    question(
        &accounts,
        &request,
        Question {
            kicker: "Your mail".into(),
            title: "Shall this mail stop?".into(),
            lines: vec![
                format!("“{}” comes when {}.", kind.label(), kind.why()),
                "Everything else goes on as before, and you can switch it on again in your account.".into(),
            ],
            action: format!("/mail/{kind}/off/{token}"),
            button: "Yes, stop it".into(),
        },
    )
}

pub(super) async fn switch_off(
    accounts: Data<Accounts>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (kind, user) = open(&accounts, &path.0.0, &path.0.1)?;
    let now = accounts.site.clock.now();
    accounts
        .site
        .db
        .tx(move |c| mutes::mute(c, user, kind, now))
        .await?;
    note(
        &accounts,
        &request,
        StatusCode::OK,
        Note {
            kicker: "Your mail".into(),
            title: "It has stopped.".into(),
            lines: vec![format!("“{}” comes no more.", kind.label())],
            ways: vec![Link::new("All kinds of mail", "/account/settings#mail")],
        },
    )
}
