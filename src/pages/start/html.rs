//! `GET` and `POST /start/{campaign}/{step}`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::Step;
use super::begin::{campaign_slug, sentence};
use super::form::Typed;
use super::publish;
use super::setting::Setting;
use super::view::{Shown, StepView};
use crate::auth::Signed;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Money, Slug, Timestamp};
use crate::pages::changes::{self, Changes};
use crate::pages::making::{Begins, under_made_slug};
use crate::pages::model::Page;
use crate::pages::ops::CreatePage;
use crate::pages::{PageId, photo, slugs};
use crate::web::markdown::Story;
use crate::web::site::see;
use crate::web::upload::{Files, UploadForm};
use crate::web::{Path, Site};

async fn read(site: &Site, campaign: Slug, signed: &Signed) -> AppResult<Setting> {
    let (signed, now) = (signed.clone(), site.clock.now());
    site.db
        .read(move |c| Setting::read(c, &campaign, &signed, now))
        .await
}

fn parse(path: &(String, String)) -> AppResult<(Slug, Step)> {
    let step = path
        .1
        .parse()
        .map_err(|_| AppError::NotFound("this step"))?;
    Ok((campaign_slug(&path.0)?, step))
}

pub(super) async fn step(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
    signed: Signed,
) -> AppResult<HttpResponse> {
    let (campaign, step) = parse(&path.0)?;
    let setting = read(&site, campaign, &signed).await?;
    if setting.is_open_to(&signed).is_err() || (setting.draft.is_none() && step != Step::Name) {
        return Ok(see(&format!("/start/{}", setting.campaign.slug)));
    }
    let shown = Shown {
        typed: Typed::of(&setting, signed.name()),
        ..Shown::default()
    };
    show(&site, &request, &setting, step, shown, StatusCode::OK)
}

pub(super) fn show(
    site: &Site,
    request: &HttpRequest,
    setting: &Setting,
    step: Step,
    shown: Shown,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    site.form_page(request, "start", status, |nonce, csrf| {
        Ok(StepView::new(
            site,
            nonce.as_str(),
            csrf,
            setting,
            step,
            shown,
        ))
    })
}

pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
    signed: Signed,
    form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let (campaign, step) = parse(&path.0)?;
    let (typed, files) = (form.fields, form.files);
    let setting = read(&site, campaign, &signed).await?;
    let home = format!("/start/{}", setting.campaign.slug);
    let saved = match (&setting.draft, step) {
        (_, Step::Preview) => {
            return publish::publish(&site, &request, &setting, &signed, typed).await;
        }
        (Some(draft), Step::Address) => address(&site, draft, &typed).await,
        (Some(draft), _) => change(&site, &setting, draft, step, &typed, files).await,
        // The page was shown meanwhile, or the form is of another day: look where things stand.
        (None, Step::Name) if typed.having == setting.pages.len().to_string() => {
            begin(&site, &setting, &signed, &typed).await
        }
        (None, _) => return Ok(see(&home)),
    };
    match saved {
        Ok(()) if !typed.keep.is_empty() => Ok(HttpResponse::NoContent().finish()),
        Ok(()) => Ok(see(&step.next().map_or(home, |next| setting.path(next)))),
        Err(error) => mend(&site, &request, &setting, step, typed, error),
    }
}

/// The step again, with everything that was typed.
pub(super) fn mend(
    site: &Site,
    request: &HttpRequest,
    setting: &Setting,
    step: Step,
    typed: Typed,
    error: AppError,
) -> AppResult<HttpResponse> {
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
        AppError::Conflict { detail, .. } => shown.notice = Some(sentence(&detail)),
        AppError::Unavailable { what, .. } => shown.notice = Some(what),
        other => return Err(other),
    }
    show(site, request, setting, step, shown, status)
}

/// The first step makes the draft. A second click that comes at the same moment finds it made.
async fn begin(site: &Site, setting: &Setting, signed: &Signed, typed: &Typed) -> AppResult<()> {
    setting.is_open_to(signed)?;
    let (participant, title) = typed.names(setting).map_err(AppError::Invalid)?;
    let rules = &setting.campaign.rules.0;
    let name = participant.as_str().to_owned();
    let id = PageId::new();
    let new = CreatePage {
        id,
        campaign: setting.campaign.id,
        team: None,
        owner: Some(signed.user()),
        slug: slugs::candidate(&name, &setting.campaign.slug, 0, 0),
        title,
        participant,
        story: Story::parse(&rules.page_story).unwrap_or_default(),
        goal: Money::new(rules.page_goal.max(0), setting.campaign.currency),
        photo: None,
    };
    let now = site.clock.now();
    let named = (name.as_str(), &setting.campaign.slug);
    let made = under_made_slug(&site.db, new, named, &Begins::draft(), now, |_| Ok(())).await;
    match made {
        Ok(_) => Ok(()),
        Err(AppError::Conflict {
            code: "draft_exists",
            ..
        }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn change(
    site: &Site,
    setting: &Setting,
    draft: &Page,
    step: Step,
    typed: &Typed,
    files: Files,
) -> AppResult<()> {
    let mut changes = typed.changes(step, setting).map_err(AppError::Invalid)?;
    let mut photo = None;
    if step == Step::Photo
        && let Some(owner) = draft.owner_id
    {
        let about = photo::AboutPhoto {
            alt: &typed.photo_alt,
            crop: &typed.photo_crop,
            remove: !typed.photo_remove.is_empty(),
        };
        let mut faults = Vec::new();
        photo = photo::take(site, owner, files, about, &mut changes, &mut faults).await?;
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
    }
    if !typed.keep.is_empty() {
        changes.step = None;
    }
    furthest(&mut changes, setting);
    let (page, now) = (draft.id, site.clock.now());
    let done = site
        .db
        .tx(move |c| {
            photo::insert(c, photo.as_ref(), now)?;
            changes::change(c, page, &changes, None, now)
        })
        .await?;
    done.tell(site, page);
    Ok(())
}

/// Going back to mend a step does not lose how far one came.
fn furthest(changes: &mut Changes, setting: &Setting) {
    let reached = setting.left_at();
    let goes_on = changes.step.and_then(|step| step.parse::<Step>().ok());
    if goes_on.is_some_and(|step| step < reached) {
        changes.step = None;
    }
}

async fn address(site: &Site, draft: &Page, typed: &Typed) -> AppResult<()> {
    let slug = typed.address()?;
    let (page, now): (PageId, Timestamp) = (draft.id, site.clock.now());
    let changes = Changes {
        step: Some(Step::Preview.as_str()),
        ..Changes::default()
    };
    site.db
        .tx(move |c| {
            slugs::change(c, page, &slug, now)?;
            changes::change(c, page, &changes, None, now)
        })
        .await?
        .tell(site, page);
    Ok(())
}
