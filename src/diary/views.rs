//! What the templates of the diary are given.

use serde::Serialize;

use super::forms::Faults;
use crate::media::PhotoField;
use crate::pages::tools::PageTools;
use crate::totals::Tally;
use crate::web::views::shell::{Link, Shell};

/// One field of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellView {
    /// What stands in it: `14`, or `1 Jan` where a month begins; empty for a field outside the season.
    pub number: String,
    /// The day as people read it, and what is known of it, for those who do not see the calendar.
    pub said: String,
    /// `logged`, `bare` (over, or a stranger's today), `open` (its owner may write it), `ahead`, or `outside` the season.
    pub state: &'static str,
    /// The word of what was worn; empty without an entry.
    pub outfit: &'static str,
    /// It is today in the campaign's time zone.
    pub is_today: bool,
    /// Written after its day.
    pub is_backfill: bool,
    /// Its owner alone sees it.
    pub is_private: bool,
    /// Where it leads: the owner's form, or the entry below.
    pub href: Option<String>,
}

/// The season as weeks of seven fields, Monday first.
#[derive(Debug, Clone, Serialize)]
pub struct CalendarView {
    /// What the table is.
    pub caption: String,
    /// Its weeks.
    pub weeks: Vec<Vec<CellView>>,
}

/// The photograph of a day.
#[derive(Debug, Clone, Serialize)]
pub struct DayPhotoView {
    /// Small enough for a list.
    pub small_url: String,
    /// As large as the page is wide.
    pub url: String,
    /// What it shows.
    pub alt: String,
}

/// An entry in the list under the calendar.
#[derive(Debug, Clone, Serialize)]
pub struct EntryView {
    /// The day (YYYY-MM-DD).
    pub day: String,
    /// The word of what was worn.
    pub outfit: &'static str,
    /// As people read it.
    pub outfit_label: &'static str,
    /// In the participant's words; may be empty.
    pub note: String,
    /// The photograph, if there is one.
    pub photo: Option<DayPhotoView>,
    /// Written after its day.
    pub is_backfill: bool,
    /// Its owner alone sees it.
    pub is_private: bool,
    /// The owner's form.
    pub edit_url: Option<String>,
}

/// Days in a row.
#[derive(Debug, Clone, Serialize)]
pub struct StreakView {
    /// Until now.
    pub current: i64,
    /// The longest.
    pub longest: i64,
    /// Days that may still be missed; told to the owner alone.
    pub freezes_left: Option<i64>,
}

/// Who sponsors the days of a page.
#[derive(Debug, Clone, Serialize)]
pub struct SponsorsView {
    /// How many have confirmed.
    pub sponsors: i64,
    /// Those of them who are shown by name.
    pub names: Vec<String>,
    /// Whether these are all.
    pub all_named: bool,
    /// Where to become one; `None` when it is too late or the season has none.
    pub href: Option<String>,
}

/// The diary as a part of the public page.
#[derive(Debug, Clone, Serialize)]
pub struct PageDiaryView {
    /// Where the whole of it is.
    pub href: String,
    /// The calendar; `None` for a private diary.
    pub calendar: Option<CalendarView>,
    /// Days in a row; `None` for a private diary.
    pub streak: Option<StreakView>,
    /// Who sponsors its days.
    pub sponsors: SponsorsView,
}

/// What the owner can do on the diary's page.
#[derive(Debug, Clone, Serialize)]
pub struct OwnDiaryView {
    /// The tabs.
    pub tools: PageTools,
    /// Anti-forgery token.
    pub csrf: String,
    /// Today (YYYY-MM-DD), while it can be written and is not.
    pub write_today: Option<String>,
    /// The form of today.
    pub today_url: String,
    /// Where the one tap posts.
    pub again_url: String,
    /// Where the switch posts.
    pub visibility_url: String,
    /// Whether strangers see the diary.
    pub is_public: bool,
    /// Why nothing can be added now, if that is so.
    pub closed: Option<String>,
    /// What each sponsor promised.
    pub promises: Vec<super::sponsors::views::PromiseView>,
}

/// Context of `diary`.
#[derive(Debug, Clone, Serialize)]
pub struct DiaryView {
    /// The frame.
    pub shell: Shell,
    /// The participant.
    pub participant: String,
    /// The page.
    pub page: Link,
    /// The campaign.
    pub campaign: Link,
    /// Days worn, conversations and what came of them.
    pub tally: Tally,
    /// Days that are counted and not shown.
    pub unseen: i64,
    /// The calendar, entries and streak; `None` for a stranger at a private diary.
    pub shown: Option<ShownView>,
    /// Who sponsors its days.
    pub sponsors: SponsorsView,
    /// Where to give.
    pub give_url: Option<String>,
    /// The owner's tools.
    pub own: Option<OwnDiaryView>,
}

/// What is seen of a diary.
#[derive(Debug, Clone, Serialize)]
pub struct ShownView {
    /// The calendar.
    pub calendar: CalendarView,
    /// Entries, newest day first.
    pub entries: Vec<EntryView>,
    /// Days in a row.
    pub streak: StreakView,
}

/// One thing to choose in a form.
#[derive(Debug, Clone, Serialize)]
pub struct ChoiceView {
    /// Its word.
    pub value: &'static str,
    /// As people read it.
    pub label: &'static str,
    /// It is chosen.
    pub checked: bool,
}

/// Context of `diary_day`: the form of one day.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DayView {
    pub shell: Shell,
    pub tools: PageTools,
    /// The day (YYYY-MM-DD).
    pub day: String,
    /// Whether there is an entry.
    pub is_written: bool,
    /// Whether it is or would be a backfill.
    pub is_backfill: bool,
    pub action: String,
    pub remove_url: String,
    pub diary_url: String,
    pub outfits: Vec<ChoiceView>,
    pub note: String,
    pub photo: PhotoField,
    pub is_public: bool,
    /// The page's switch hides all days.
    pub diary_is_private: bool,
    pub faults: Faults,
    pub csrf: String,
}
