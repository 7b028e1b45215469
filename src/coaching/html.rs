//! `/pages/{slug}/coach`: the participant's home, and the forms of own milestones.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::Coach;
use super::form::Typed;
use super::model::MilestoneId;
use super::ops;
use super::screen::{Looked, Shown, view};
use crate::audit;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::pages::PageOwner;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// Mounts the pages.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/pages/{slug}/coach").route(web::get().to(coach)))
        .service(web::resource("/pages/{slug}/coach/promises").route(web::post().to(add)))
        .service(web::resource("/pages/{slug}/coach/promises/{id}").route(web::post().to(act)));
}

async fn coach(
    site: Data<Site>,
    coach: Data<Coach>,
    request: HttpRequest,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    show(&site, &coach, &request, owner, None).await
}

/// The page, or the page again with what was typed and what to mend.
async fn show(
    site: &Site,
    coach: &Coach,
    request: &HttpRequest,
    owner: PageOwner,
    shown: Option<Shown>,
) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let overview = owner.overview.clone();
    let looked = site
        .db
        .read(move |c| Looked::read(c, &overview, now))
        .await?;
    let off = (!owner.on_behalf).then(|| coach.off_links());
    let status = match &shown {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    site.form_page(request, "coach", status, |nonce, csrf| {
        let frame = (&*site.config, nonce.as_str(), csrf);
        Ok(view(
            frame,
            &owner.overview,
            &looked,
            off,
            shown.as_ref(),
            now,
        ))
    })
}

async fn add(
    site: Data<Site>,
    coach: Data<Coach>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (typed, id, now) = (form.0, MilestoneId::new(), site.clock.now());
    let (page, currency) = (owner.overview.page.id, owner.overview.campaign.currency);
    let done = match typed.promise(id, page, currency) {
        Ok(new) => {
            write(&site, &owner, "page.promise", move |c| {
                ops::add(c, &new, now)
            })
            .await
        }
        Err(faults) => Err(AppError::Invalid(faults)),
    };
    answer(&site, &coach, &request, owner, (None, typed), done).await
}

async fn act(
    site: Data<Site>,
    coach: Data<Coach>,
    request: HttpRequest,
    owner: PageOwner,
    path: Path<(String, String)>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let id: MilestoneId = path
        .0
        .1
        .parse()
        .map_err(|_| AppError::NotFound("this promise"))?;
    let (typed, now) = (form.0, site.clock.now());
    let (page, raised) = (owner.overview.page.id, owner.overview.total.raised());
    let done = match typed.act.as_str() {
        "keep" => {
            let keep = move |c: &mut Conn| ops::keep(c, page, id, raised, now);
            write(&site, &owner, "page.promise_kept", keep).await
        }
        "remove" => {
            let remove = move |c: &mut Conn| ops::remove(c, page, id);
            write(&site, &owner, "page.promise_removed", remove).await
        }
        _ => match typed.promise(id, page, owner.overview.campaign.currency) {
            Ok(new) => write(&site, &owner, "page.promise", move |c| ops::change(c, &new)).await,
            Err(faults) => Err(AppError::Invalid(faults)),
        },
    };
    answer(&site, &coach, &request, owner, (Some(id), typed), done).await
}

/// Does it in one transaction, with the deed on record when staff act for the owner; the page is drawn anew.
async fn write(
    site: &Site,
    owner: &PageOwner,
    action: &'static str,
    work: impl Fn(&mut Conn) -> AppResult<()> + Send + Sync + 'static,
) -> AppResult<()> {
    let (deed, now) = (owner.deed(action), site.clock.now());
    site.db
        .tx(move |c| {
            work(c)?;
            match &deed {
                Some(deed) => audit::record(c, deed, now),
                None => Ok(()),
            }
        })
        .await?;
    let id = owner.overview.page.id.to_string();
    site.views.changed("page", &id);
    Ok(())
}

/// Back to the page; or the page again, where something is to be mended.
async fn answer(
    site: &Site,
    coach: &Coach,
    request: &HttpRequest,
    owner: PageOwner,
    (at, typed): (Option<MilestoneId>, Typed),
    done: AppResult<()>,
) -> AppResult<HttpResponse> {
    let faults = match done {
        Ok(()) => {
            let slug = &owner.overview.page.slug;
            return Ok(see(&format!("/pages/{slug}/coach#promises")));
        }
        Err(AppError::Invalid(faults)) => faults,
        Err(AppError::Conflict { detail, .. }) => vec![FieldError::new("", detail)],
        Err(other) => return Err(other),
    };
    let shown = Shown { at, typed, faults };
    show(site, coach, request, owner, Some(shown)).await
}
