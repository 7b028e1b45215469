//! `/pages/{slug}`: a participant's page.

use serde::Serialize;

use crate::web::views::figures::{BandView, UnitCostView};
use crate::web::views::rows::{GiftRow, ShareView};
use crate::web::views::shell::{Link, Shell};

/// Context of `page`.
#[derive(Clone, Debug, Serialize)]
pub struct PageView {
    /// The frame.
    pub shell: Shell,
    /// The page's title.
    pub title: String,
    /// The participant.
    pub participant: String,
    /// The campaign it belongs to.
    pub campaign: Link,
    /// The team, if any.
    pub team: Option<Link>,
    /// A photograph, if there is one.
    pub photo_url: Option<String>,
    /// What the photograph shows.
    pub photo_alt: String,
    /// The drawn portrait that stands in for it.
    pub portrait_svg: String,
    /// The story, sanitised; empty shows the campaign's words.
    pub story_html: String,
    /// Raised, matched, goal.
    pub band: BandView,
    /// Where to give; `None` when gifts are not taken.
    pub give_url: Option<String>,
    /// Last day on which gifts are taken (YYYY-MM-DD).
    pub giving_until: String,
    /// The newest gifts.
    pub wall: Vec<GiftRow>,
    /// More gifts, if there are more.
    pub wall_more_url: Option<String>,
    /// What amounts cover.
    pub unit_costs: Vec<UnitCostView>,
    /// Where undesignated gifts on this page go: the programs.
    pub programs: Vec<Link>,
    /// Ways to share.
    pub share: ShareView,
}
