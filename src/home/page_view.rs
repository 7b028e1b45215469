//! A participant's page as its template wants it: what its own noun tells, and the nouns above.

use super::views::{PageNewsView, PagePaidView, PageView, PaidGrantView};
use crate::books::{self, PagePaid};
use crate::campaigns::frame;
use crate::coaching;
use crate::coaching::views::PageCoachingView;
use crate::config::Config;
use crate::db::Conn;
use crate::diary::public::PublicDiary;
use crate::error::AppResult;
use crate::kernel::{Slug, Timestamp};
use crate::media::{self, Size};
use crate::pages::model::{self, PageOverview};
use crate::pages::public::{self, Further, PublicPage};
use crate::pages::sharing::Source;
use crate::pages::updates::NewsView;
use crate::walls;
use crate::web::views::shell::Link;
use crate::web::{markdown, placeholder};

/// A page with what the nouns above it say of it.
pub(super) struct WholePage {
    pub(super) page: PublicPage,
    diary: PublicDiary,
    coaching: PageCoachingView,
    paid: Vec<PagePaid>,
}

impl WholePage {
    /// The page at `slug`, its lists going on after `further`.
    pub(super) fn read(
        conn: &mut Conn,
        slug: &Slug,
        further: &Further,
        now: Timestamp,
    ) -> AppResult<Self> {
        let overview = model::by_slug(conn, slug)?;
        Self::of(conn, overview, further, now)
    }

    /// The same for a page that has been found, whatever its state.
    pub(super) fn of(
        conn: &mut Conn,
        overview: PageOverview,
        further: &Further,
        now: Timestamp,
    ) -> AppResult<Self> {
        let page = PublicPage::of(conn, overview, further, now)?;
        Ok(Self {
            diary: PublicDiary::read(conn, &page.overview, now)?,
            coaching: coaching::public::of_page(conn, &page.overview, now)?,
            paid: books::paid_by_page(
                conn,
                page.overview.page.id,
                page.overview.campaign.currency,
            )?,
            page,
        })
    }
}

/// A page's updates as its template wants them.
fn news(here: &str, read: &PublicPage) -> PageNewsView {
    let more = read.news.next.as_ref();
    PageNewsView {
        items: read.news.items.iter().map(NewsView::new).collect(),
        more_url: more.map(|cursor| format!("{here}?news={}#news", cursor.as_str())),
    }
}

/// "What this page has paid for" as its template wants it: nothing before the first grant that took of its gifts.
fn paid(campaign: &str, paid: &[PagePaid]) -> Vec<PagePaidView> {
    let granted = paid.iter().filter(|row| row.granted.minor() > 0);
    granted
        .map(|row| PagePaidView {
            name: row
                .program
                .as_ref()
                .map_or_else(|| row.fund.clone(), |(_, _, name)| name.clone()),
            href: row.program.as_ref().map_or_else(
                || campaign.to_owned(),
                |(_, slug, _)| format!("/programs/{slug}"),
            ),
            granted: row.granted.into(),
            held: row.held.into(),
            grants: row
                .grants
                .iter()
                .map(|(number, amount)| PaidGrantView {
                    number: number.clone(),
                    href: format!("{campaign}/books#{number}"),
                    amount: (*amount).into(),
                })
                .collect(),
        })
        .collect()
}

/// The page as its template wants it; its links to give say that the reader came from `source`.
pub(super) fn view(
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
        share: public::share(config, &read.overview, now),
        tally: whole.diary.tally,
        diary: whole.diary.part(),
        coaching: whole.coaching.clone(),
        paid: paid(&frame::path(campaign), &whole.paid),
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
