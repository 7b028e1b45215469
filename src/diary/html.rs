//! `/pages/{slug}/diary` and the forms of its days.

mod day;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::calendar::{Reader, to_write};
use super::model::{self, Entry, EntryId};
use super::public::{self, PublicDiary};
use super::rules::Season;
use super::sponsors::{self, model::Promise};
use super::views::{DiaryView, OwnDiaryView, SponsorsView};
use super::{ops, sponsors::views::PromiseView};
use crate::audit;
use crate::campaigns::frame;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Slug, Timestamp};
use crate::pages::model::PageOverview;
use crate::pages::tools::{PageTools, Tool};
use crate::pages::{self, PageOwner};
use crate::web::headers::Nonce;
use crate::web::site::see;
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Site, View};

/// Mounts the pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/pages/{slug}/diary").route(web::get().to(diary)))
        .service(web::resource("/pages/{slug}/diary/again").route(web::post().to(again)))
        .service(web::resource("/pages/{slug}/diary/visibility").route(web::post().to(visibility)))
        .service(
            web::resource("/pages/{slug}/diary/{day}")
                .route(web::get().to(day::form))
                .route(web::post().to(day::save)),
        )
        .service(
            web::resource("/pages/{slug}/diary/{day}/remove").route(web::post().to(day::remove)),
        );
}

/// Where a page's diary is.
pub(super) fn diary_url(of: &PageOverview) -> String {
    format!("/pages/{}/diary", of.page.slug)
}

/// Says that what a page shows has changed; `vanish`: something must not be seen any more.
pub(super) fn changed(site: &Site, of: &PageOverview, vanish: bool) {
    let page = of.page.id.to_string();
    if vanish {
        site.views.withdrawn("page", &page);
    } else {
        site.views.changed("page", &page);
    }
    site.views.changed("campaign", &of.campaign.id.to_string());
    if let Some(team) = &of.team {
        site.views.changed("team", &team.id.to_string());
    }
}

/// The frame of an owner's tool.
pub(super) fn own_shell(
    site: &Site,
    nonce: &Nonce,
    of: &PageOverview,
    title: &str,
    now: Timestamp,
) -> Shell {
    let words = (title, of.campaign.appeal.as_str());
    frame::shell(&site.config, nonce.as_str(), &of.campaign, now, words).private()
}

/// The owner sees all of it with the tools; everybody else what is public, from the shared view.
async fn diary(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    owner: Result<PageOwner, AppError>,
) -> AppResult<HttpResponse> {
    let slug: Slug = path.0.parse().map_err(|_| AppError::NotFound("the page"))?;
    match owner {
        Ok(owner) => own(&site, &request, &owner.overview).await,
        Err(_) => for_all(site, request, slug).await,
    }
}

async fn for_all(site: Data<Site>, request: HttpRequest, slug: Slug) -> AppResult<HttpResponse> {
    let key = format!("/pages/{slug}/diary");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let (of, read) = site
                .db
                .read(move |c| {
                    let of = pages::by_slug(c, &slug)?;
                    let read = PublicDiary::read(c, &of, now)?;
                    Ok((of, read))
                })
                .await?;
            if !read.is_there() {
                return Err(AppError::NotFound("the diary"));
            }
            let words = (
                format!("The diary of {}", of.page.participant),
                format!(
                    "{} takes part in {}.",
                    of.page.participant, of.campaign.title
                ),
            );
            let words = (words.0.as_str(), words.1.as_str());
            let mut shell = frame::shell(&site.config, nonce.as_str(), &of.campaign, now, words)
                .og(&site.config, "profile", &diary_url(&of), None);
            let give_url = frame::give_url(&of.campaign, now, &format!("?page={}", of.page.slug));
            shell.give_url.clone_from(&give_url);
            let sponsors = read.sponsors_view();
            let shown = read.shown();
            let view = DiaryView {
                unseen: read.tally.days - i64::try_from(read.entries.len()).unwrap_or_default(),
                tally: read.tally,
                shown,
                give_url,
                own: None,
                ..view(&of, shell, sponsors)
            };
            let id = of.page.id.to_string();
            Ok(View::html(site.render("diary", &view)?).depends_on("page", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(of: &PageOverview, shell: Shell, sponsors: SponsorsView) -> DiaryView {
    DiaryView {
        participant: of.page.participant.clone(),
        page: Link::new(&of.page.title, &format!("/pages/{}", of.page.slug)),
        campaign: Link::new(&of.campaign.title, &frame::path(&of.campaign)),
        tally: Default::default(),
        unseen: 0,
        shown: None,
        sponsors,
        give_url: None,
        own: None,
        shell,
    }
}

/// What the owner's diary is made of.
struct OwnDiary {
    public: PublicDiary,
    entries: Vec<Entry>,
    promises: Vec<Promise>,
}

impl OwnDiary {
    fn read(conn: &mut Conn, of: &PageOverview, now: Timestamp) -> AppResult<Self> {
        Ok(Self {
            public: PublicDiary::read(conn, of, now)?,
            entries: model::all_of(conn, of.page.id)?,
            promises: sponsors::model::promises(conn, of.page.id)?,
        })
    }
}

async fn own(site: &Site, request: &HttpRequest, of: &PageOverview) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let asked = of.clone();
    let read = site
        .db
        .read(move |c| OwnDiary::read(c, &asked, now))
        .await?;
    site.form_page(request, "diary", StatusCode::OK, |nonce, csrf| {
        let season = Season::of(&of.campaign);
        let today = season.today(now);
        let here = diary_url(of);
        let open = season.is_open(today);
        let write_today = today.filter(|today| {
            let open = to_write(&season, &read.entries, *today);
            open.first() == Some(today)
        });
        let shell = own_shell(site, nonce, of, "Your diary", now);
        let own = OwnDiaryView {
            tools: PageTools::new(&of.page, Some(Tool::Diary)),
            csrf,
            write_today: write_today.map(|day| day.to_string()),
            today_url: write_today.map_or(here.clone(), |day| format!("{here}/{day}")),
            again_url: format!("{here}/again"),
            visibility_url: format!("{here}/visibility"),
            is_public: read.public.is_public,
            closed: open.err().map(|why| why.to_string()),
            promises: read.promises.iter().map(PromiseView::of).collect(),
        };
        Ok(DiaryView {
            tally: read.public.tally,
            shown: Some(public::shown(
                &season,
                &read.entries,
                today,
                Reader::Owner(&here),
            )),
            own: Some(own),
            ..view(of, shell, read.public.sponsors_view())
        })
    })
}

#[derive(Debug, Deserialize)]
struct Nothing {}

/// The one tap.
async fn again(
    site: Data<Site>,
    owner: PageOwner,
    _form: CsrfForm<Nothing>,
) -> AppResult<HttpResponse> {
    let (now, id, deed) = (site.clock.now(), EntryId::new(), owner.deed("diary.write"));
    let of = owner.overview.clone();
    site.db
        .tx(move |c| {
            let is_new = ops::same_again(c, &of, id, now)?;
            match &deed {
                Some(deed) if is_new => audit::record(c, deed, now),
                _ => Ok(()),
            }
        })
        .await
        .map_err(told)?;
    changed(&site, &owner.overview, false);
    Ok(see(&diary_url(&owner.overview)))
}

/// A day that cannot be written is no field of the one-tap form: the error page says why.
fn told(error: AppError) -> AppError {
    match error {
        AppError::Invalid(faults) => AppError::Conflict {
            code: "day_closed",
            detail: faults
                .first()
                .map(|fault| fault.message.clone())
                .unwrap_or_default(),
        },
        other => other,
    }
}

#[derive(Debug, Deserialize)]
struct Visibility {
    is_public: String,
}

async fn visibility(
    site: Data<Site>,
    owner: PageOwner,
    form: CsrfForm<Visibility>,
) -> AppResult<HttpResponse> {
    let is_public = form.0.is_public == "1";
    let (now, deed) = (site.clock.now(), owner.deed("diary.visibility"));
    let page = owner.overview.page.id;
    site.db
        .tx(move |c| {
            ops::set_public(c, page, is_public)?;
            deed.iter().try_for_each(|deed| audit::record(c, deed, now))
        })
        .await?;
    changed(&site, &owner.overview, !is_public);
    Ok(see(&diary_url(&owner.overview)))
}
