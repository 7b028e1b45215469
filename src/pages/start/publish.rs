//! The end of the guided start: the page is shown, or handed to staff; and its other beginning, last season's page.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::Step;
use super::begin::campaign_slug;
use super::form::Typed;
use super::html::mend;
use super::setting::Setting;
use crate::auth::Signed;
use crate::campaigns::frame;
use crate::error::{AppError, AppResult};
use crate::kernel::Slug;
use crate::pages::making::{Begins, under_made_slug};
use crate::pages::model::{self, PageStatus};
use crate::pages::{PageId, PageOwner, ops, public, returning, slugs};
use crate::web::site::see;
use crate::web::views::rows::ShareView;
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Site};

/// Shows the draft. A second click finds it shown already and leads to the same place.
pub(super) async fn publish(
    site: &Site,
    request: &HttpRequest,
    setting: &Setting,
    signed: &Signed,
    typed: Typed,
) -> AppResult<HttpResponse> {
    let home = format!("/start/{}", setting.campaign.slug);
    let Ok(id) = typed.page.parse::<PageId>() else {
        return Ok(see(&home));
    };
    let Some(draft) = setting.draft.as_ref().filter(|draft| draft.id == id) else {
        let done = setting.pages.iter().find(|page| page.id == id);
        return Ok(see(
            &done.map_or(home, |page| started_path(page.slug.as_str()))
        ));
    };
    if !signed.is_verified() {
        let error = AppError::Conflict {
            code: "address_unverified",
            detail: "confirm your mail address first: open the link that we mailed you, then come back here; your draft waits".into(),
        };
        return mend(
            site,
            request,
            setting,
            Step::Preview,
            kept(setting, signed),
            error,
        );
    }
    let now = site.clock.now();
    match site.db.tx(move |c| ops::publish(c, id, now)).await {
        Ok(_)
        | Err(AppError::Conflict {
            code: "no_such_move",
            ..
        }) => {
            public::shown(site, draft);
            Ok(see(&started_path(draft.slug.as_str())))
        }
        Err(error @ AppError::Conflict { .. }) => mend(
            site,
            request,
            setting,
            Step::Preview,
            kept(setting, signed),
            error,
        ),
        Err(error) => Err(error),
    }
}

fn kept(setting: &Setting, signed: &Signed) -> Typed {
    Typed::of(setting, signed.name())
}

fn started_path(slug: &str) -> String {
    format!("/pages/{slug}/started")
}

/// The form of `POST /start/{campaign}/bring` has no fields of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// Makes a draft of last season's page, and goes to its preview: two taps from there.
pub(super) async fn bring(
    site: Data<Site>,
    path: Path<String>,
    signed: Signed,
    _: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let slug = campaign_slug(&path.0)?;
    let (person, now) = (signed.clone(), site.clock.now());
    let setting = site
        .db
        .read(move |c| Setting::read(c, &slug, &person, now))
        .await?;
    setting.is_open_to(&signed)?;
    let home = format!("/start/{}", setting.campaign.slug);
    let Some((old, raised)) = setting.last.clone() else {
        return Ok(see(&home));
    };
    let year = setting.campaign.starts_on.date().format("%Y");
    // A name without letters of a slug would leave the bare year.
    let named = match Slug::from_title(&old.participant) {
        Some(_) => format!("{} {year}", old.participant),
        None => old.participant.clone(),
    };
    let id = PageId::new();
    let season = &setting.campaign.slug;
    let first = slugs::candidate(&named, season, 0, 0);
    let new = returning::brought(&old, raised, &setting.campaign, (id, signed.user()), first)?;
    let with = move |c: &mut crate::db::Conn| returning::tie(c, id, &old, now);
    match under_made_slug(&site.db, new, (&named, season), &Begins::draft(), now, with).await {
        Ok(_)
        | Err(AppError::Conflict {
            code: "draft_exists",
            ..
        }) => Ok(see(&setting.path(Step::Preview))),
        Err(error) => Err(error),
    }
}

/// Context of `start_done`.
#[derive(Debug, Serialize)]
struct DoneView {
    shell: Shell,
    campaign: Link,
    title: String,
    href: String,
    is_live: bool,
    share: ShareView,
    /// What comes next, as the page's tools.
    next: Vec<Link>,
}

/// `GET /pages/{slug}/started`: what was done, and what comes next.
pub(super) async fn started(
    site: Data<Site>,
    request: HttpRequest,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let page = &owner.overview.page;
    let href = format!("/pages/{}", page.slug);
    match page.status {
        PageStatus::Draft => {
            let campaign = &owner.overview.campaign;
            return Ok(see(&format!("/start/{}", campaign.slug)));
        }
        PageStatus::Live | PageStatus::Submitted => {}
        PageStatus::NeedsInfo | PageStatus::Hidden | PageStatus::Archived => {
            return Ok(see(&format!("{href}/edit")));
        }
    }
    site.form_page(&request, "start_done", StatusCode::OK, |nonce, _| {
        Ok(done(&site, nonce.as_str(), &owner.overview))
    })
}

fn done(site: &Site, nonce: &str, overview: &model::PageOverview) -> DoneView {
    let (page, campaign) = (&overview.page, &overview.campaign);
    let now = site.clock.now();
    let href = format!("/pages/{}", page.slug);
    let is_live = page.status == PageStatus::Live;
    let title = if is_live {
        "Your page is live"
    } else {
        "Sent for approval"
    };
    let about = (title, campaign.appeal.as_str());
    let shell = frame::shell(&site.config, nonce, campaign, now, about).private();
    DoneView {
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        title: page.title.clone(),
        is_live,
        share: public::share(&site.config, overview, now),
        next: vec![
            Link::new("See what to do first", &format!("{href}/coach")),
            Link::new("Join or start a team", &format!("{href}/team")),
            Link::new(
                "Write the first day of your diary",
                &format!("{href}/diary"),
            ),
        ],
        href,
        shell,
    }
}
