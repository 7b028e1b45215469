//! Entering, mending and taking back gifts outside the program.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::entry::Typed;
use super::html::show;
use super::view::{EntryView, Shown};
use crate::audit;
use crate::error::{AppError, AppResult, FieldError};
use crate::offline::model::by_id;
use crate::offline::ops::{self, On};
use crate::offline::{OfflineGift, OfflineGiftId, OfflineState};
use crate::pages::PageOwner;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

fn place(owner: &PageOwner) -> String {
    format!("/pages/{}/gifts", owner.overview.page.slug)
}

fn changed(site: &Site, owner: &PageOwner) {
    site.views
        .changed("page", &owner.overview.page.id.to_string());
}

pub(super) async fn enter(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (typed, now) = (form.0, site.clock.now());
    let overview = &owner.overview;
    let parsed = typed.parse(&overview.campaign, now);
    let done = match parsed {
        Ok(entry) => {
            let on = On {
                id: typed.id.parse().unwrap_or_else(|_| OfflineGiftId::new()),
                page: overview.page.id,
                campaign: overview.campaign.id,
                by: owner.signed.user(),
            };
            let deed = owner.deed("offline_gift.enter");
            site.db
                .tx(move |c| {
                    ops::enter(c, on, &entry, now)?;
                    match &deed {
                        Some(deed) => audit::record(c, deed, now),
                        None => Ok(()),
                    }
                })
                .await
        }
        Err(faults) => Err(AppError::Invalid(faults)),
    };
    let (faults, notice, status) = match done {
        Ok(()) => {
            changed(&site, &owner);
            return Ok(see(&format!("{}?entered=1#offline", place(&owner))));
        }
        Err(AppError::Invalid(faults)) => (faults, None, StatusCode::UNPROCESSABLE_ENTITY),
        Err(AppError::Conflict { detail, .. }) => (Vec::new(), Some(detail), StatusCode::CONFLICT),
        Err(error) => return Err(error),
    };
    let shown = Shown {
        typed,
        faults,
        notice,
        ..Shown::default()
    };
    show(&site, &request, &owner, shown, status).await
}

/// The second part of the path.
#[derive(Debug, Deserialize)]
pub(super) struct At {
    id: String,
}

/// The entry of the path, if it is this page's and still waits.
async fn pending(site: &Site, owner: &PageOwner, at: &At) -> AppResult<OfflineGift> {
    let missing = || AppError::NotFound("this entry");
    let id: OfflineGiftId = at.id.parse().map_err(|_| missing())?;
    let found = site.db.read(move |c| by_id(c, id)).await?;
    if found.page_id == Some(owner.overview.page.id) && found.state == OfflineState::Pending {
        Ok(found)
    } else {
        Err(missing())
    }
}

pub(super) async fn form(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<At>,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let found = pending(&site, &owner, &path.0).await?;
    entry_page(&site, &request, &owner, Typed::of(&found), Vec::new())
}

fn entry_page(
    site: &Site,
    request: &HttpRequest,
    owner: &PageOwner,
    typed: Typed,
    faults: Vec<FieldError>,
) -> AppResult<HttpResponse> {
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    site.form_page(request, "page_offline", status, |nonce, csrf| {
        Ok(EntryView::new(
            site,
            nonce.as_str(),
            csrf,
            owner,
            typed,
            faults,
        ))
    })
}

pub(super) async fn mend(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<At>,
    owner: PageOwner,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let found = pending(&site, &owner, &path.0).await?;
    let (mut typed, now) = (form.0, site.clock.now());
    typed.id = found.id.to_string();
    let entry = match typed.parse(&owner.overview.campaign, now) {
        Ok(entry) => entry,
        Err(faults) => return entry_page(&site, &request, &owner, typed, faults),
    };
    let (id, page) = (found.id, owner.overview.page.id);
    let deed = owner.deed("offline_gift.mend");
    site.db
        .tx(move |c| {
            ops::mend(c, id, page, &entry)?;
            match &deed {
                Some(deed) => audit::record(c, deed, now),
                None => Ok(()),
            }
        })
        .await?;
    changed(&site, &owner);
    Ok(see(&format!("{}#offline", place(&owner))))
}

/// The form has no fields of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn withdraw(
    site: Data<Site>,
    path: Path<At>,
    owner: PageOwner,
    _: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let id: OfflineGiftId = path
        .0
        .id
        .parse()
        .map_err(|_| AppError::NotFound("this entry"))?;
    let (page, by, now) = (
        owner.overview.page.id,
        owner.signed.user(),
        site.clock.now(),
    );
    let deed = owner.deed("offline_gift.withdraw");
    let done = site
        .db
        .tx(move |c| {
            ops::withdraw(c, id, page, by, now)?;
            match &deed {
                Some(deed) => audit::record(c, deed, now),
                None => Ok(()),
            }
        })
        .await;
    match done {
        // A second click finds it done.
        Ok(()) | Err(AppError::Conflict { .. }) => {
            changed(&site, &owner);
            Ok(see(&format!("{}#offline", place(&owner))))
        }
        Err(error) => Err(error),
    }
}
