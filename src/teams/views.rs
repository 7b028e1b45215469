//! `/teams/{slug}`.

use serde::Serialize;

use crate::web::views::figures::BandView;
use crate::web::views::rows::{GiftRow, PageRow, ShareView};
use crate::web::views::shell::{Link, Shell};

/// Context of `team`.
#[derive(Clone, Debug, Serialize)]
pub struct TeamView {
    /// The frame.
    pub shell: Shell,
    /// The team.
    pub name: String,
    /// The campaign it belongs to.
    pub campaign: Link,
    /// Who leads it.
    pub captain: Option<String>,
    /// What it says about itself, sanitised.
    pub story_html: String,
    /// Its drawn cloth.
    pub cover_svg: String,
    /// Raised by the team and its pages.
    pub band: BandView,
    /// Where to give to the team itself.
    pub give_url: Option<String>,
    /// Its pages, by raised.
    pub roster: Vec<PageRow>,
    /// The newest gifts to the team itself.
    pub wall: Vec<GiftRow>,
    /// Ways to share.
    pub share: ShareView,
}
