//! What everybody may see of a diary, in few statements whatever the season's size.

use std::collections::BTreeSet;

use super::calendar::{Reader, calendar};
use super::model::{self, Entry};
use super::rules::Season;
use super::sponsors;
use super::views::{DayPhotoView, EntryView};
use super::views::{PageDiaryView, ShownView, SponsorsView, StreakView};
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Day, Timestamp};
use crate::media::{self, Size};
use crate::pages::model::PageOverview;
use crate::totals::{self, Tally, TallyScope};

/// A page's diary as strangers see it.
#[derive(Debug, Clone)]
pub struct PublicDiary {
    /// The public entries of a public diary, in the order of days.
    pub entries: Vec<Entry>,
    /// Whether strangers see the diary at all.
    pub is_public: bool,
    /// All counts, private days included.
    pub tally: Tally,
    /// How many confirmed sponsors there are, and those who are shown by name.
    pub sponsors: (i64, Vec<String>),
    season: Season,
    today: Option<Day>,
    slug: String,
    is_shown: bool,
}

impl PublicDiary {
    /// Reads it: five statements at most.
    ///
    /// # Errors
    /// The database's.
    pub fn read(conn: &mut Conn, of: &PageOverview, now: Timestamp) -> AppResult<Self> {
        let page = of.page.id;
        let season = Season::of(&of.campaign);
        let is_public = model::is_public(conn, page)?;
        Ok(Self {
            entries: if is_public {
                model::public_of(conn, page)?
            } else {
                Vec::new()
            },
            is_public,
            tally: totals::tally(conn, TallyScope::Page, &page.to_string())?,
            sponsors: sponsors::model::shown(conn, page)?,
            today: season.today(now),
            season,
            slug: of.page.slug.to_string(),
            is_shown: of.page.status == crate::pages::PageStatus::Live,
        })
    }

    /// Whether the season has a diary or there is something to show of one.
    pub fn is_there(&self) -> bool {
        self.season.rules.is_on || !self.tally.is_empty()
    }

    fn href(&self) -> String {
        format!("/pages/{}/diary", self.slug)
    }

    /// The diary as a part of the page; `None` where the season has none.
    pub fn part(&self) -> Option<PageDiaryView> {
        self.is_there().then(|| {
            let href = self.href();
            let shown = self.seen_from(&href);
            PageDiaryView {
                href,
                streak: shown.as_ref().map(|shown| shown.streak.clone()),
                calendar: shown.map(|shown| shown.calendar),
                sponsors: self.sponsors_view(),
            }
        })
    }

    /// Who sponsors its days.
    pub fn sponsors_view(&self) -> SponsorsView {
        let open = self.is_shown && sponsors::rules::is_open(&self.season, self.today).is_ok();
        SponsorsView {
            sponsors: self.sponsors.0,
            all_named: i64::try_from(self.sponsors.1.len()) == Ok(self.sponsors.0),
            names: self.sponsors.1.clone(),
            href: open.then(|| format!("/pages/{}/sponsor", self.slug)),
        }
    }

    /// What strangers see; `None` for a private diary.
    pub fn shown(&self) -> Option<ShownView> {
        self.seen_from("")
    }

    /// The same, days leading to their entries on the page at `list`.
    fn seen_from(&self, list: &str) -> Option<ShownView> {
        self.is_public.then(|| {
            let reader = Reader::Stranger(list);
            shown(&self.season, &self.entries, self.today, reader)
        })
    }
}

/// Calendar, list and streak of `entries`, for `reader`.
pub(super) fn shown(
    season: &Season,
    entries: &[Entry],
    today: Option<Day>,
    reader: Reader<'_>,
) -> ShownView {
    let logged: BTreeSet<Day> = entries.iter().map(|entry| entry.day).collect();
    let streak = today.map(|today| season.streak(&logged, today));
    let streak = streak.unwrap_or_default();
    let base = match reader {
        Reader::Owner(base) => Some(base),
        Reader::Stranger(_) => None,
    };
    ShownView {
        calendar: calendar(season, entries, today, reader),
        entries: entries
            .iter()
            .rev()
            .map(|entry| entry_view(entry, base))
            .collect(),
        streak: StreakView {
            current: streak.current,
            longest: streak.longest,
            freezes_left: base.map(|_| streak.freezes_left),
        },
    }
}

fn entry_view(entry: &Entry, base: Option<&str>) -> EntryView {
    EntryView {
        day: entry.day.to_string(),
        outfit: entry.outfit.as_str(),
        outfit_label: entry.outfit.label(),
        note: entry.note.clone(),
        photo: entry.photo.map(|id| DayPhotoView {
            small_url: media::url(id, Size::Small),
            url: media::url(id, Size::Middle),
            alt: if entry.photo_alt.is_empty() {
                format!("What was worn on {}", entry.day.date().format("%-d %B"))
            } else {
                entry.photo_alt.clone()
            },
        }),
        is_backfill: entry.is_backfill,
        is_private: !entry.is_public,
        edit_url: base.map(|base| format!("{base}/{}", entry.day)),
    }
}
