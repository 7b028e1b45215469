//! What the templates `story`, `stories` and the partial `story_rows` are given.

use serde::Serialize;

use super::pictures::{Shown, Where};
use crate::media::{Size, url};
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};

/// A picture as a template shows it, its place on the page kept while it loads.
#[derive(Debug, Clone, Serialize)]
pub struct PictureView {
    /// 640 pixels across at most.
    pub url: String,
    /// 1280 pixels across at most.
    pub large_url: String,
    /// 160 pixels across at most.
    pub small_url: String,
    /// Pixels across, of the proportion.
    pub width: i32,
    /// Pixels down, of the proportion.
    pub height: i32,
    /// What it shows.
    pub alt: String,
    /// What stands below it; may be empty.
    pub caption: String,
}

impl PictureView {
    /// The view of a picture.
    pub fn of(shown: &Shown) -> Self {
        let id = shown.picture.media_id;
        Self {
            url: url(id, Size::Middle),
            large_url: url(id, Size::Large),
            small_url: url(id, Size::Small),
            width: shown.width,
            height: shown.height,
            alt: shown.picture.alt.clone(),
            caption: shown.picture.caption.clone(),
        }
    }
}

/// The pictures of a story, by where they stand.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pictures {
    /// Above the text.
    pub lead: Option<PictureView>,
    /// Beside the words about the author.
    pub author: Option<PictureView>,
    /// Below the text.
    pub body: Vec<PictureView>,
}

impl Pictures {
    /// The first picture for the top, the first for the author; all others stand below the text.
    pub fn of(all: &[Shown]) -> Self {
        let mut pictures = Self::default();
        for shown in all {
            let view = PictureView::of(shown);
            match shown.picture.place {
                Where::Lead if pictures.lead.is_none() => pictures.lead = Some(view),
                Where::Author if pictures.author.is_none() => pictures.author = Some(view),
                _ => pictures.body.push(view),
            }
        }
        pictures
    }
}

/// What an amount covers, with the way to give it.
#[derive(Debug, Clone, Serialize)]
pub struct CostView {
    /// How much.
    pub amount: MoneyView,
    /// What it covers.
    pub covers: String,
    /// Who says so.
    pub source: String,
    /// Where to give just that.
    pub href: String,
}

/// The strip that offers to give to a program of the story.
#[derive(Debug, Clone, Serialize)]
pub struct StripView {
    /// The program.
    pub program: Link,
    /// Where to give to it; `None` when no season takes gifts for it now.
    pub give_url: Option<String>,
    /// What amounts cover there today.
    pub costs: Vec<CostView>,
}

/// The text of a story, as its page and the editor's preview draw it (`partials/story_text`).
#[derive(Debug, Clone, Serialize)]
pub struct TextView {
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// When it was published first (RFC 3339); `None` in a preview.
    pub published_at: Option<String>,
    /// What readers should know before they read; may be empty.
    pub content_note: String,
    /// The text, sanitised.
    pub body_html: String,
    /// Who wrote it.
    pub author: String,
    /// About the author; may be empty.
    pub author_about: String,
    /// Its pictures.
    pub pictures: Pictures,
    /// The programs that it is about.
    pub programs: Vec<Link>,
    /// Ways to take part.
    pub take_part: Vec<String>,
    /// "For more".
    pub more: Vec<Link>,
}

/// Context of `story`.
#[derive(Debug, Clone, Serialize)]
pub struct StoryView {
    /// The frame.
    pub shell: Shell,
    /// Where "Leave this page" leads.
    pub exit_url: String,
    /// The campaigns whose lists hold it.
    pub campaigns: Vec<Link>,
    /// Ways to give.
    pub strips: Vec<StripView>,
    /// Title, text, author, pictures.
    #[serde(flatten)]
    pub text: TextView,
}

/// A story in a list (`partials/story_row`).
#[derive(Debug, Clone, Serialize)]
pub struct StoryRow {
    /// Its title.
    pub title: String,
    /// Its page.
    pub href: String,
    /// One or two sentences.
    pub summary: String,
    /// Who wrote it.
    pub author: String,
    /// When it was published first (RFC 3339).
    pub published_at: String,
    /// Whether a content note comes first.
    pub has_note: bool,
    /// The picture above its text.
    pub picture: Option<PictureView>,
}

/// Context of `partials/stories`: the part of another noun's page.
#[derive(Debug, Clone, Serialize)]
pub struct StoriesPart {
    /// The newest.
    pub rows: Vec<StoryRow>,
    /// Where all of them are.
    pub all_url: Option<String>,
}

impl StoriesPart {
    /// The part, unless there is nothing to show.
    pub fn of(rows: Vec<StoryRow>, all_url: Option<String>) -> Option<Self> {
        (!rows.is_empty()).then_some(Self { rows, all_url })
    }
}

/// Context of `stories`.
#[derive(Debug, Clone, Serialize)]
pub struct StoriesView {
    /// The frame.
    pub shell: Shell,
    /// The campaign.
    pub campaign: Link,
    /// Its stories, newest first.
    pub rows: Vec<StoryRow>,
    /// Older ones, if there are any.
    pub next_url: Option<String>,
}
