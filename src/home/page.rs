//! `/pages/{slug}`: a participant's page.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::slug;
use super::views::PageView;
use crate::auth::{MaybeSigned, Role};
use crate::campaigns::frame;
use crate::coaching;
use crate::coaching::views::PageCoachingView;
use crate::config::Config;
use crate::db::Conn;
use crate::diary::public::PublicDiary;
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Slug, Timestamp};
use crate::media;
use crate::pages::{self, model::PageOverview};
use crate::pages::public::{self, PublicPage};
use crate::walls::{self, Place};
use crate::web::headers::Nonce;
use crate::web::views::shell::Link;
use crate::web::{Path, Query, Site, View, markdown, placeholder};

/// What may stand behind `?`; whatever else a link from elsewhere carries is left alone.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

/// A page with what the nouns above it say of it.
struct WholePage {
    page: PublicPage,
    diary: PublicDiary,
    coaching: PageCoachingView,
}

impl WholePage {
    fn read(
        conn: &mut Conn,
        slug: &Slug,
        after: Option<&Place>,
        now: Timestamp,
    ) -> AppResult<Self> {
        let page = PublicPage::read(conn, slug, after, now)?;
        Ok(Self {
            diary: PublicDiary::read(conn, &page.overview, now)?,
            coaching: coaching::public::of_page(conn, &page.overview, now)?,
            page,
        })
    }
}

pub(super) async fn page(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let slug = slug(&path.0, "the page")?;
    let now = site.clock.now();
    let after: Option<Place> = query
        .0
        .after
        .as_deref()
        .and_then(|text| Cursor::parse(text).ok());
    if after.is_some() {
        // Cursors are a stranger's to make up: they must not fill the cache.
        let nonce = Nonce::fresh()?;
        let read = site
            .db
            .read(move |c| WholePage::read(c, &slug, after.as_ref(), now))
            .await?;
        return site.page(
            "page",
            &view(&site.config, nonce.as_str(), &read, now)?,
            &nonce,
        );
    }
    let key = format!("/pages/{slug}");
    let wanted = slug.clone();
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site
                .db
                .read(move |c| WholePage::read(c, &slug, None, now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now)?;
            let id = read.page.overview.page.id.to_string();
            Ok(View::html(site.render("page", &view)?).depends_on("page", &id))
        }
    };
    match site.views.respond(&request, &key, &[], render).await {
        Err(AppError::NotFound(_)) => elsewhere(&site, &request, wanted, now).await,
        other => other,
    }
}

/// Where no page is shown: one may have been here before, or its owner looks at what others do not see yet.
async fn elsewhere(
    site: &Site,
    request: &HttpRequest,
    slug: Slug,
    now: Timestamp,
) -> AppResult<HttpResponse> {
    let asked = slug.clone();
    let moved = site
        .db
        .read(move |c| pages::model::moved_from(c, &asked))
        .await?;
    if let Some(to) = moved {
        // Kept for a minute only: the page may move back.
        return Ok(HttpResponse::MovedPermanently()
            .insert_header((header::LOCATION, format!("/pages/{to}")))
            .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
            .finish());
    }
    let missing = || AppError::NotFound("the page");
    let MaybeSigned(Some(signed)) = MaybeSigned::extract(request).await? else {
        return Err(missing());
    };
    let overview = site
        .db
        .read(move |c| pages::model::any_by_slug(c, &slug))
        .await?
        .ok_or_else(missing)?;
    let page = &overview.page;
    if page.owner_id != Some(signed.user()) && !signed.may_run(Role::Coordinator, page.campaign_id)
    {
        return Err(missing());
    }
    let state = page.status.words();
    let read = site
        .db
        .read(move |c| PublicPage::of(c, overview, None, now))
        .await?;
    let nonce = Nonce::fresh()?;
    let mut view = view(&site.config, nonce.as_str(), &read, now)?;
    view.private_note = Some(format!("Only you and the people who run this campaign see this page: {state}."));
    view.give_url = None;
    view.shell.give_url = None;
    view.shell = view.shell.private();
    site.page("page", &view, &nonce)
}

/// The page as its template wants it.
fn view(config: &Config, nonce: &str, whole: &WholePage, now: Timestamp) -> AppResult<PageView> {
    let read = &whole.page;
    let PageOverview {
        page,
        campaign,
        team,
        ..
    } = &read.overview;
    let here = format!("/pages/{}", page.slug);
    let description = format!(
        "{} takes part in {}. {}",
        page.participant, campaign.title, campaign.appeal
    );
    let card = public::card_path(&read.overview, now);
    let mut shell = frame::shell(config, nonce, campaign, now, (&page.title, &description)).og(
        config,
        "profile",
        &here,
        Some(&card),
    );
    let give_url = frame::give_url(campaign, now, &format!("?page={}", page.slug));
    shell.give_url.clone_from(&give_url);
    let live_url = give_url.is_some().then(|| format!("{here}/events"));
    let band = read
        .weave
        .view(&shell.accent.light, campaign.days_left(now), live_url)?;
    let more = read.wall.next.as_ref();
    Ok(PageView {
        title: page.title.clone(),
        participant: page.participant.clone(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        team: team
            .as_ref()
            .map(|team| Link::new(&team.name, &format!("/teams/{}", team.slug))),
        photo_url: page.photograph().map(|id| media::url(id, media::Size::Middle)),
        photo_alt: page.photo_alt.clone(),
        private_note: None,
        unconfirmed: (read.unconfirmed.minor() > 0).then(|| read.unconfirmed.into()),
        portrait_svg: placeholder::portrait(page.slug.as_str(), &page.participant, &shell.accent),
        story_html: story(read.overview.story()),
        band,
        give_url,
        giving_until: campaign.giving_until.to_string(),
        wall: read.wall.items.iter().map(walls::WallGift::row).collect(),
        wall_more_url: more.map(|cursor| format!("{here}?after={}", cursor.as_str())),
        unit_costs: read.costs.iter().map(frame::unit_cost).collect(),
        programs: read.to.undesignated(),
        tally: whole.diary.tally,
        diary: whole.diary.part(),
        coaching: whole.coaching.clone(),
        share: public::share(config, &read.overview, now),
        shell,
    })
}

/// A story as markup; nothing for an empty one, so that the template can say that it is missing.
pub(super) fn story(markdown: &str) -> String {
    if markdown.trim().is_empty() {
        String::new()
    } else {
        markdown::html(markdown).into_string()
    }
}
