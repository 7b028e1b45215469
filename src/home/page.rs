//! `/pages/{slug}`: a participant's page.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::slug;
use super::views::{PageNewsView, PageView};
use crate::campaigns::frame;
use crate::coaching;
use crate::coaching::views::PageCoachingView;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Cursor, Slug, Timestamp};
use crate::media::{self, Size};
use crate::pages::model::PageOverview;
use crate::pages::public::{self, Further, PublicPage};
use crate::pages::sharing::Source;
use crate::pages::updates::html::NewsView;
use crate::walls;
use crate::web::headers::Nonce;
use crate::web::views::shell::Link;
use crate::web::{Path, Query, Site, View, markdown, placeholder};

/// What may stand behind `?`; whatever else a link from elsewhere carries is left alone.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    /// Where the updates go on.
    news: Option<String>,
    /// Where the reader came from.
    utm_source: Option<String>,
}

/// A page with what the nouns above it say of it.
struct WholePage {
    page: PublicPage,
    coaching: PageCoachingView,
}

impl WholePage {
    fn read(conn: &mut Conn, slug: &Slug, further: &Further, now: Timestamp) -> AppResult<Self> {
        let page = PublicPage::read(conn, slug, further, now)?;
        Ok(Self {
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
    let further = Further {
        wall: cursor(query.0.after.as_deref()),
        news: cursor(query.0.news.as_deref()),
    };
    let source = Source::known(query.0.utm_source.as_deref());
    if further.wall.is_some() || further.news.is_some() {
        // Cursors are a stranger's to make up: they must not fill the cache.
        let nonce = Nonce::fresh()?;
        let read = site
            .db
            .read(move |c| WholePage::read(c, &slug, &further, now))
            .await?;
        return site.page(
            "page",
            &view(&site.config, nonce.as_str(), &read, source, now)?,
            &nonce,
        );
    }
    // A few known sources, so that what they show fits the cache; the script of the page carries any other on.
    let key = match source {
        Some(source) => format!("/pages/{slug}?utm_source={source}"),
        None => format!("/pages/{slug}"),
    };
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site
                .db
                .read(move |c| WholePage::read(c, &slug, &Further::default(), now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, source, now)?;
            let id = read.page.overview.page.id.to_string();
            Ok(View::html(site.render("page", &view)?).depends_on("page", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

/// Where a list goes on, if the text is a place of it.
fn cursor<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| Cursor::parse(text).ok())
}

/// A page's updates as its template wants them.
fn news(here: &str, read: &PublicPage) -> PageNewsView {
    let more = read.news.next.as_ref();
    PageNewsView {
        items: read.news.items.iter().map(NewsView::new).collect(),
        more_url: more.map(|cursor| format!("{here}?news={}#news", cursor.as_str())),
    }
}

/// The page as its template wants it; its links to give say that the reader came from `source`.
fn view(
    config: &Config,
    nonce: &str,
    whole: &WholePage,
    source: Option<Source>,
    now: Timestamp,
) -> AppResult<PageView> {
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
    let from = source.map_or_else(String::new, |source| format!("&utm_source={source}"));
    let give_url = frame::give_url(campaign, now, &format!("?page={}{from}", page.slug));
    let photo = media::named(page.photo.as_deref());
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
        photo_url: photo.map(|id| media::url(id, Size::Middle)),
        photo_large_url: photo.map(|id| media::url(id, Size::Large)),
        photo_alt: page.photo_alt.clone(),
        portrait_svg: placeholder::portrait(page.slug.as_str(), &page.participant, &shell.accent),
        story_html: story(read.overview.story()),
        band,
        give_url,
        giving_until: campaign.giving_until.to_string(),
        wall: read.wall.items.iter().map(walls::WallGift::row).collect(),
        wall_more_url: more.map(|cursor| format!("{here}?after={}", cursor.as_str())),
        unit_costs: read.costs.iter().map(frame::unit_cost).collect(),
        programs: read.to.undesignated(),
        coaching: whole.coaching.clone(),
        share: public::share(config, &read.overview, now),
        news: news(&here, read),
        report_url: format!("{here}/report"),
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
