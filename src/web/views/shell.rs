//! What the layout around every page needs.

use serde::Serialize;

use super::palette::{Accent, DEFAULT_ACCENT};
use crate::config::Config;

/// A link with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

impl Link {
    /// A link that says `label` and leads to `href`.
    pub fn new(label: &str, href: &str) -> Self {
        Self {
            label: label.to_owned(),
            href: href.to_owned(),
        }
    }
}

/// Open Graph facts: what a message or a feed shows when the page is shared.
#[derive(Clone, Debug, Serialize)]
pub struct Og {
    /// `website`, `profile` or `article`.
    pub kind: String,
    /// The title in the preview.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// The page's absolute URL.
    pub url: String,
    /// The share card's absolute URL (1200 by 630), if there is one.
    pub image_url: Option<String>,
    /// What the card shows, in words.
    pub image_alt: String,
}

/// The frame of a page: head, header, footer.
#[derive(Clone, Debug, Serialize)]
pub struct Shell {
    /// BCP 47 language of the page.
    pub lang: String,
    /// The document title, without the site's name.
    pub title: String,
    /// The meta description.
    pub description: String,
    /// The site's name, from the settings.
    pub site_name: String,
    /// This answer's CSP nonce, for the one inline style that carries the accent.
    pub nonce: String,
    /// The campaign's accent worked out for both schemes.
    pub accent: Accent,
    /// Preview facts, on public pages.
    pub og: Option<Og>,
    /// Keeps private and finished pages out of search engines.
    pub noindex: bool,
    /// Look again after this many seconds (a payment that is still being confirmed): by a script that
    /// reloads only when something changed, and by a timed refresh where there is no JavaScript.
    pub refresh_seconds: Option<u32>,
    /// Links in the header.
    pub nav: Vec<Link>,
    /// Where the header's Give leads; `None` leaves it away (on the give page itself, or when closed).
    pub give_url: Option<String>,
    /// Links in the footer.
    pub footer: Vec<Link>,
    /// Who stands behind the site: one sentence with name and registration.
    pub imprint: String,
    /// No real money moves: says so at the top of every page.
    pub test_mode: bool,
}

impl Shell {
    /// A page's frame without links: `title` and `description` for its head.
    pub fn new(config: &Config, nonce: &str, title: &str, description: &str) -> Self {
        let name = &config.site.name;
        let test_mode = !config.is_live();
        Self {
            lang: "en".to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            site_name: name.clone(),
            nonce: nonce.to_owned(),
            accent: Accent::new(DEFAULT_ACCENT),
            og: None,
            noindex: false,
            refresh_seconds: None,
            nav: Vec::new(),
            give_url: None,
            footer: vec![
                Link::new("Newsletters", "/subscribe"),
                Link::new("For programs: the API", "/api/openapi.json"),
            ],
            imprint: if test_mode {
                format!("{name} in test mode: a demonstration, in which no money moves.")
            } else {
                format!("{name} shows the whole path of every gift.")
            },
            test_mode,
        }
    }

    /// With the accent of a campaign, `#rrggbb`.
    #[must_use]
    pub fn accent(mut self, accent: &str) -> Self {
        self.accent = Accent::new(accent);
        self
    }

    /// With preview facts for the page at `path`, and its share card, if it has one, at `image` (both from `/` on).
    #[must_use]
    pub fn og(mut self, config: &Config, kind: &str, path: &str, image: Option<&str>) -> Self {
        let public = config.public_url();
        self.og = Some(Og {
            kind: kind.to_owned(),
            title: self.title.clone(),
            description: self.description.clone(),
            url: format!("{public}{path}"),
            image_url: image.map(|image| format!("{public}{image}")),
            image_alt: format!("{}: what was raised, as a woven band", self.title),
        });
        self
    }

    /// A page for one reader alone: search engines stay away, and nothing is offered for sharing.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.noindex = true;
        self.og = None;
        self
    }
}
