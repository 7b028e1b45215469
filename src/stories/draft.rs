//! What editors write, parsed.

use super::model::{About, StoryId};
use crate::auth::UserId;
use crate::campaigns::CampaignId;
use crate::kernel::{Line, Slug};
use crate::partners::{FurtherLink, ProgramId};
use crate::web::markdown;

/// A story to be made, as a draft.
#[derive(Debug, Clone)]
pub struct CreateStory {
    /// The id, made by the caller.
    pub id: StoryId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// Whose story it is.
    pub about: About,
    /// The campaigns whose lists hold it.
    pub campaigns: Vec<CampaignId>,
    /// Who makes it.
    pub by: UserId,
}

/// An edit of a story.
#[derive(Debug, Clone)]
pub struct EditStory {
    /// Which one.
    pub id: StoryId,
    /// The version that the editor saw.
    pub version: i32,
    /// Its place in URLs; it stands for good once the story was public.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// One or two sentences; may be empty in a draft.
    pub summary: String,
    /// The text.
    pub body: markdown::Story,
    /// Whose story it is.
    pub about: About,
    /// The author's name or pseudonym; may be empty in a draft.
    pub author_name: String,
    /// A sentence or two about the author.
    pub author_about: String,
    /// What readers should know before they read.
    pub content_note: String,
    /// Ways to take part.
    pub take_part: Vec<Line>,
    /// "For more": `https:` and `mailto:` alone.
    pub more: Vec<FurtherLink>,
    /// Whether search engines may list it.
    pub is_indexed: bool,
    /// The programs that it is about, in this order.
    pub programs: Vec<ProgramId>,
    /// The campaigns whose lists hold it.
    pub campaigns: Vec<CampaignId>,
    /// Who edits.
    pub by: UserId,
}
