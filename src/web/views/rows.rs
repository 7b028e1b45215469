//! Pages, teams, programs and gifts as rows of a list.

use serde::Serialize;

use super::figures::FigureView;
use super::money::MoneyView;

/// A participant's page in a list.
#[derive(Clone, Debug, Serialize)]
pub struct PageRow {
    /// Its place by raised; of equal amounts, whoever got there first stands first.
    pub rank: i64,
    /// The participant.
    pub participant: String,
    /// The page's title.
    pub title: String,
    /// The page.
    pub href: String,
    /// The team's name, if any.
    pub team: Option<String>,
    /// A photograph, if there is one.
    pub photo_url: Option<String>,
    /// The drawn portrait that stands in for it.
    pub portrait_svg: String,
    /// Raised so far.
    pub raised: MoneyView,
    /// The page's goal.
    pub goal: Option<MoneyView>,
    /// Paid gifts.
    pub gifts: i64,
    /// "co-captain", "captain" in a team's roster.
    pub role: Option<String>,
}

/// A team in a list.
#[derive(Clone, Debug, Serialize)]
pub struct TeamRow {
    /// Its place by raised.
    pub rank: i64,
    /// The team.
    pub name: String,
    /// Its page.
    pub href: String,
    /// The drawn cloth of the team.
    pub portrait_svg: String,
    /// Raised by the team and its pages.
    pub raised: MoneyView,
    /// The team's goal.
    pub goal: Option<MoneyView>,
    /// How many pages belong to it.
    pub pages: i64,
}

/// A program in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramRow {
    /// The program.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Who runs it.
    pub partner: String,
    /// The country.
    pub country: String,
    /// One or two sentences.
    pub summary: String,
    /// The drawn cover.
    pub cover_svg: String,
    /// Its foremost figures.
    pub figures: Vec<FigureView>,
}

/// A gift on a donor wall.
#[derive(Clone, Debug, Serialize)]
pub struct GiftRow {
    /// The giver; `None` shows "Anonymous". The name of an anonymous giver must never get here (S18).
    pub donor: Option<String>,
    /// The amount; `None` when the giver hides it.
    pub amount: Option<MoneyView>,
    /// When it was paid (RFC 3339).
    pub paid_at: String,
    /// The giver's words.
    pub comment: Option<String>,
    /// "in honour of …", "in memory of …".
    pub tribute: Option<String>,
}

/// Ways to share a page: plain links, nothing to copy by hand.
#[derive(Clone, Debug, Serialize)]
pub struct ShareView {
    /// The page's absolute URL.
    pub url: String,
    /// `mailto:` with subject and text.
    pub mail_url: String,
    /// `sms:` with text.
    pub sms_url: String,
    /// WhatsApp's share link.
    pub whatsapp_url: String,
    /// Facebook's share link.
    pub facebook_url: String,
    /// The share card (PNG), if drawn.
    pub card_url: Option<String>,
}
