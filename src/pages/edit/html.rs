//! `GET` and `POST /pages/{slug}/edit`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Deserialize;

use super::form::{Typed, said};
use super::view::{Around, EditView, Shown, is_draft};
use crate::audit;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Slug;
use crate::pages::changes::{self, Changes};
use crate::pages::model::{self, Page};
use crate::pages::{PageOwner, messages, photo, slugs, transfers};
use crate::web::site::see;
use crate::web::upload::{Files, UploadForm};
use crate::web::{Query, Site};

/// What may stand behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    saved: String,
}

pub(super) async fn form(
    site: Data<Site>,
    request: HttpRequest,
    query: Query<Asked>,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let (page, campaign) = (&owner.overview.page, &owner.overview.campaign);
    if is_draft(page) && !owner.on_behalf {
        return Ok(see(&format!("/start/{}", campaign.slug)));
    }
    let shown = Shown {
        typed: Typed::of(page, campaign),
        saved: !query.0.saved.is_empty(),
        ..Shown::default()
    };
    show(&site, &request, &owner, shown, StatusCode::OK).await
}

pub(super) async fn show(
    site: &Site,
    request: &HttpRequest,
    owner: &PageOwner,
    shown: Shown,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let (page, now) = (owner.overview.page.id, site.clock.now());
    let around = site
        .db
        .read(move |c| {
            Ok(Around {
                messages: messages::of_page(c, page)?,
                offered_to: transfers::open_of(c, page, now)?.map(|email| email.to_string()),
            })
        })
        .await?;
    site.form_page(request, "page_edit", status, |nonce, csrf| {
        Ok(EditView::new(
            site,
            nonce.as_str(),
            csrf,
            owner,
            around,
            shown,
        ))
    })
}

pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    mut owner: PageOwner,
    form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let (typed, files) = (form.fields, form.files);
    if typed.r#do == "preview" {
        let parsed = typed.parse(&owner.overview.campaign);
        let (faults, status) = match parsed {
            Ok(_) => (Vec::new(), StatusCode::OK),
            Err(faults) => (faults, StatusCode::UNPROCESSABLE_ENTITY),
        };
        let shown = Shown {
            preview: faults.is_empty(),
            typed,
            faults,
            ..Shown::default()
        };
        return show(&site, &request, &owner, shown, status).await;
    }
    match store(&site, &owner, &typed, files).await {
        Ok(slug) => Ok(see(&format!("/pages/{slug}/edit?saved=1"))),
        Err(error) => {
            let status = error.status_code();
            let mut shown = Shown {
                typed,
                ..Shown::default()
            };
            match error {
                AppError::Invalid(faults) => shown.faults = faults,
                AppError::Conflict {
                    code: "slug_taken",
                    detail,
                } => shown.faults = vec![FieldError::new("slug", detail)],
                AppError::Conflict {
                    code: "changed_meanwhile",
                    ..
                } => {
                    // What stands there now, not what stood there when the request came in.
                    let id = owner.overview.page.id;
                    let fresh = site.db.read(move |c| model::any_by_id(c, id)).await?;
                    owner.overview = fresh.ok_or(AppError::NotFound("the page"))?;
                    shown.clashes = true;
                }
                AppError::Unavailable { what, .. } => shown.notice = Some(what),
                other => return Err(other),
            }
            show(&site, &request, &owner, shown, status).await
        }
    }
}

/// Stores everything in one transaction; answers where the page is from now on.
async fn store(site: &Site, owner: &PageOwner, typed: &Typed, files: Files) -> AppResult<Slug> {
    let overview = &owner.overview;
    let (mut changes, slug, mut faults) = match typed.parse(&overview.campaign) {
        Ok((changes, slug)) => (changes, slug, Vec::new()),
        Err(faults) => (Changes::default(), overview.page.slug.clone(), faults),
    };
    let about = photo::AboutPhoto {
        alt: &typed.photo_alt,
        crop: &typed.photo_crop,
        remove: !typed.photo_remove.is_empty(),
    };
    let photographer = overview.page.owner_id.unwrap_or(owner.signed.user());
    let new = photo::take(site, photographer, files, about, &mut changes, &mut faults).await?;
    if !faults.is_empty() {
        return Err(AppError::Invalid(faults));
    }
    let (id, base, now) = (overview.page.id, typed.base(), site.clock.now());
    let (deed, before) = (
        owner.deed("page.edit"),
        said(&overview.page, &overview.campaign),
    );
    let (campaign, to) = (overview.campaign.clone(), slug.clone());
    let moved = slug != overview.page.slug;
    let changed = site
        .db
        .tx(move |c| {
            photo::insert(c, new.as_ref(), now)?;
            let changed = changes::change(c, id, &changes, Some(base), now)?;
            if moved {
                slugs::change(c, id, &to, now)?;
            }
            if let Some(deed) = &deed {
                let after: Option<Page> = model::any_by_id(c, id)?.map(|found| found.page);
                let after = after.map(|page| said(&page, &campaign)).unwrap_or_default();
                audit::record(c, &deed.clone().edited(before.clone(), after), now)?;
            }
            Ok(changed)
        })
        .await?;
    changed.tell(site, id);
    site.views
        .changed("campaign", &overview.campaign.id.to_string());
    if let Some(team) = overview.page.team_id {
        site.views.changed("team", &team.to_string());
    }
    Ok(slug)
}
