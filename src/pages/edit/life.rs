//! `POST /pages/{slug}/edit/state`: putting a page away, showing it again, answering staff.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::form::Typed;
use super::html::show;
use super::view::Shown;
use crate::audit;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::pages::messages::NewMessage;
use crate::pages::photos::Followed;
use crate::pages::{PageOwner, ops, public, review};
use crate::web::site::see;
use crate::web::{CsrfForm, Site};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Act {
    /// `archive`, `unarchive` or `send_again`.
    r#do: String,
    message: String,
}

pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Act>,
) -> AppResult<HttpResponse> {
    let act = form.0;
    let page = &owner.overview.page;
    let place = format!("/pages/{}/edit", page.slug);
    let (id, by, now) = (page.id, owner.signed.user(), site.clock.now());
    let done = match act.r#do.as_str() {
        "archive" => {
            let deed = owner.deed("page.archive");
            tx(&site, deed, move |c| ops::archive(c, id, now)).await
        }
        "unarchive" => {
            let deed = owner.deed("page.unarchive");
            tx(&site, deed, move |c| ops::unarchive(c, id, now)).await
        }
        "send_again" => {
            let message = match act.message.trim() {
                "" => Ok(None),
                text => NewMessage::parse(text).map(Some),
            };
            match message {
                Ok(message) => {
                    let deed = owner.deed("page.send_again");
                    tx(&site, deed, move |c| {
                        review::send_again(c, id, by, message.as_ref(), now)?;
                        Ok(Followed::default())
                    })
                    .await
                }
                Err(error) => Err(error),
            }
        }
        _ => Err(AppError::field("do", "choose what to do with the page")),
    };
    match done {
        Ok(followed) if act.r#do == "archive" => {
            public::withdrawn(&site, page);
            followed.tell(&site);
        }
        Ok(followed) if act.r#do == "unarchive" => {
            public::shown(&site, page);
            followed.tell(&site);
        }
        Ok(_)
        // A second click finds it done.
        | Err(AppError::Conflict {
            code: "no_such_move",
            ..
        }) => {}
        Err(AppError::Invalid(faults)) => {
            let shown = Shown {
                typed: Typed::of(page, &owner.overview.campaign),
                faults,
                message: act.message,
                ..Shown::default()
            };
            return show(&site, &request, &owner, shown, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        Err(error) => return Err(error),
    }
    Ok(see(&place))
}

async fn tx<W>(site: &Site, deed: Option<audit::Deed>, work: W) -> AppResult<Followed>
where
    W: Fn(&mut Conn) -> AppResult<Followed> + Clone + Send + 'static,
{
    let now = site.clock.now();
    site.db
        .tx(move |c| {
            let followed = work(c)?;
            if let Some(deed) = &deed {
                audit::record(c, deed, now)?;
            }
            Ok(followed)
        })
        .await
}
