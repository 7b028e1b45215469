//! `GET /start/{campaign}`: a welcome to strangers; everybody else goes on where they left.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::Step;
use super::setting::Setting;
use crate::auth::{MaybeSigned, Signed};
use crate::campaigns::{self, Campaign, frame};
use crate::error::{AppError, AppResult};
use crate::kernel::Slug;
use crate::pages::ops;
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Path, Site, placeholder};

/// Context of `start_begin`.
#[derive(Debug, Serialize)]
struct BeginView {
    shell: Shell,
    campaign: Link,
    appeal: String,
    starts_on: String,
    ends_on: String,
    cover_svg: String,
    csrf: String,
    /// Why no page can be made here.
    notice: Option<String>,
    /// Where strangers sign up and in.
    signup_url: Option<String>,
    login_url: Option<String>,
    /// Where the first step is.
    next_url: String,
    /// The person's pages of this season.
    pages: Vec<OwnPage>,
    /// Last season's page.
    last: Option<LastPage>,
}

#[derive(Debug, Serialize)]
struct OwnPage {
    title: String,
    href: String,
    state: String,
}

#[derive(Debug, Serialize)]
struct LastPage {
    title: String,
    raised: MoneyView,
    bring_url: String,
}

pub(super) fn campaign_slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the campaign"))
}

pub(super) async fn begin(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    who: MaybeSigned,
) -> AppResult<HttpResponse> {
    let slug = campaign_slug(&path.0)?;
    let Some(signed) = who.0 else {
        let campaign = site
            .db
            .read(move |c| campaigns::model::by_slug(c, &slug))
            .await?
            .campaign;
        let notice = ops::takes_pages(&campaign, false).err();
        return welcome(&site, &request, &campaign, notice);
    };
    let now = site.clock.now();
    let person = signed.clone();
    let setting = site
        .db
        .read(move |c| Setting::read(c, &slug, &person, now))
        .await?;
    if let Err(notice) = setting.is_open_to(&signed) {
        return show(&site, &request, &setting, &signed, Some(notice.to_string()));
    }
    if setting.draft.is_some() {
        return Ok(see(&setting.path(setting.left_at())));
    }
    if setting.pages.is_empty() && setting.last.is_none() {
        return Ok(see(&setting.path(Step::Name)));
    }
    show(&site, &request, &setting, &signed, None)
}

fn frame_of(site: &Site, nonce: &str, campaign: &Campaign) -> Shell {
    let title = format!("Take part in {}", campaign.title);
    let mut shell = frame::shell(
        &site.config,
        nonce,
        campaign,
        site.clock.now(),
        (&title, &campaign.appeal),
    );
    shell.give_url = None;
    shell
}

fn view(site: &Site, nonce: &str, csrf: String, campaign: &Campaign) -> BeginView {
    let shell = frame_of(site, nonce, campaign);
    BeginView {
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        appeal: campaign.appeal.clone(),
        starts_on: campaign.starts_on.to_string(),
        ends_on: campaign.ends_on.to_string(),
        cover_svg: placeholder::cover(campaign.slug.as_str(), &shell.accent),
        csrf,
        notice: None,
        signup_url: None,
        login_url: None,
        next_url: format!("/start/{}/{}", campaign.slug, Step::Name),
        pages: Vec::new(),
        last: None,
        shell,
    }
}

fn welcome(
    site: &Site,
    request: &HttpRequest,
    campaign: &Campaign,
    notice: Option<AppError>,
) -> AppResult<HttpResponse> {
    let open = notice.is_none();
    site.form_page(request, "start_begin", StatusCode::OK, |nonce, csrf| {
        let next = format!("?next=/start/{}", campaign.slug);
        let mut view = view(site, nonce.as_str(), csrf, campaign);
        view.notice = notice.map(|why| sentence(&why.to_string()));
        view.signup_url = open.then(|| format!("/signup{next}"));
        view.login_url = open.then(|| format!("/login{next}"));
        Ok(view)
    })
}

fn show(
    site: &Site,
    request: &HttpRequest,
    setting: &Setting,
    signed: &Signed,
    notice: Option<String>,
) -> AppResult<HttpResponse> {
    let campaign = &setting.campaign;
    site.form_page(request, "start_begin", StatusCode::OK, |nonce, csrf| {
        let mut view = view(site, nonce.as_str(), csrf, campaign);
        let closed = notice.is_some();
        view.notice = notice.map(|why| sentence(&why));
        view.pages = setting
            .pages
            .iter()
            .map(|page| OwnPage {
                title: page.title.clone(),
                href: format!("/pages/{}/edit", page.slug),
                state: page.status.words().to_owned(),
            })
            .collect();
        view.last = setting
            .last
            .as_ref()
            .filter(|_| !closed)
            .map(|(page, raised)| LastPage {
                title: page.title.clone(),
                raised: crate::kernel::Money::new(*raised, campaign.currency).into(),
                bring_url: format!("/start/{}/bring", campaign.slug),
            });
        view.shell.description = format!("{}: {}", signed.name(), campaign.title);
        Ok(view)
    })
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut whole: String = first.into_iter().flatten().chain(letters).collect();
    if !whole.ends_with(['.', '!', '?']) {
        whole.push('.');
    }
    whole
}
