//! The designed layouts: MJML in the campaign's colours, made HTML once a newsletter, never per reader.
//!
//! What people write never meets the MJML parser: the layout gets a word in its place (a slot), and the finished HTML gets
//! the text. So nothing that was typed can be an element of the layout.

use super::marks::Marks;
use super::shape::escaped;
use crate::error::{AppError, AppResult};
use crate::web::views::palette::{Accent, Palette};

crate::words! {
    /// A designed layout.
    pub enum Layout {
        /// Quiet: a band, a title, words.
        Letter = "letter",
        /// A coloured head, for news of several kinds.
        Bulletin = "bulletin",
        /// Everything in the middle and large figures, for results.
        Proof = "proof",
    }
}

impl Layout {
    /// What it is for.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Letter => "Letter: a band, a title, words",
            Self::Bulletin => "Bulletin: a coloured head, for several news",
            Self::Proof => "Proof: large figures, for results",
        }
    }

    /// The layout of a column's word; an unknown one is a letter.
    pub fn named(word: &str) -> Self {
        word.parse().unwrap_or(Self::Letter)
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Letter => include_str!("../../templates/newsletters/letter.mjml"),
            Self::Bulletin => include_str!("../../templates/newsletters/bulletin.mjml"),
            Self::Proof => include_str!("../../templates/newsletters/proof.mjml"),
        }
    }
}

/// Texts that stand in the layout's place for them once it is HTML.
#[derive(Debug)]
pub struct Slots {
    key: String,
    all: Vec<String>,
}

impl Slots {
    /// Slots beside `marks`, whose key no text contains.
    pub fn new(marks: &Marks) -> Self {
        Self {
            key: format!("{}s", marks.key()),
            all: Vec::new(),
        }
    }

    /// The word in whose place `html` will stand.
    pub fn hold(&mut self, html: String) -> String {
        let word = format!("{}{}z", self.key, self.all.len());
        self.all.push(html);
        word
    }

    /// The same for text that is no HTML.
    pub fn hold_text(&mut self, text: &str) -> String {
        self.hold(escaped(text).into_owned())
    }

    fn fill(&self, html: &str) -> AppResult<String> {
        let mut out = String::with_capacity(html.len() * 2);
        let mut parts = html.split(self.key.as_str());
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (number, rest) = part
                .split_once('z')
                .ok_or_else(|| AppError::internal("a slot of a layout was cut"))?;
            let held = number.parse().ok().and_then(|n: usize| self.all.get(n));
            out.push_str(held.ok_or_else(|| AppError::internal("a slot of a layout was lost"))?);
            out.push_str(rest);
        }
        Ok(out)
    }
}

/// What the layout itself says, as words of slots.
pub struct Frame {
    /// The newsletter's title.
    pub title: String,
    /// What mail programs show beside the subject.
    pub preheader: String,
    /// Above the title.
    pub kicker: String,
    /// The blocks' MJML.
    pub blocks: String,
    /// Why it came and how to leave.
    pub footer: String,
}

/// The HTML of a layout.
///
/// # Errors
/// When the layout is no MJML: a fault of this program, not of what people wrote.
pub fn html(layout: Layout, accent: &Accent, frame: &Frame, slots: &Slots) -> AppResult<String> {
    let mjml = layout
        .source()
        .replace("[[accent]]", &accent.light.accent)
        .replace("[[accent_dark]]", &accent.dark.accent)
        .replace("[[band]]", &band(&accent.light))
        .replace("[[title]]", &frame.title)
        .replace("[[preheader]]", &frame.preheader)
        .replace("[[kicker]]", &frame.kicker)
        .replace("[[footer]]", &frame.footer)
        .replace("[[blocks]]", &frame.blocks);
    let parsed = mrml::parse(&mjml).map_err(AppError::internal)?;
    let options = mrml::prelude::render::RenderOptions {
        disable_comments: true,
        social_icon_origin: None,
        fonts: std::collections::HashMap::default(),
    };
    let html = parsed
        .element
        .render(&options)
        .map_err(AppError::internal)?;
    slots.fill(&html)
}

/// Widths of the band's threads in per cent, and their dye: a woven edge, the same in every mail of a campaign.
const THREADS: &[(u32, usize)] = &[
    (7, 0),
    (2, 3),
    (5, 1),
    (9, 0),
    (3, 2),
    (4, 4),
    (8, 0),
    (2, 1),
    (6, 3),
    (10, 0),
    (3, 4),
    (5, 1),
    (7, 2),
    (2, 3),
    (9, 0),
    (4, 1),
    (6, 4),
    (8, 0),
];

/// The cells of the woven band.
fn band(palette: &Palette) -> String {
    let cell = |(width, dye): &(u32, usize)| {
        let colour = palette.dyes.get(*dye).unwrap_or(&palette.accent);
        format!(
            "<td width=\"{width}%\" height=\"30\" style=\"width:{width}%;height:30px;line-height:30px;font-size:0;background-color:{colour}\">&#160;</td>"
        )
    };
    THREADS.iter().map(cell).collect()
}

/// The cells of a thermometer: threads up to `percent`, bare warp beyond.
pub fn thermometer(palette: &Palette, percent: u32) -> String {
    let percent = percent.min(100);
    let mut cells = String::new();
    let mut at = 0;
    for (width, dye) in THREADS {
        let width = (*width).min(percent.saturating_sub(at));
        if width == 0 {
            break;
        }
        at += width;
        let colour = palette.dyes.get(*dye).unwrap_or(&palette.accent);
        cells.push_str(&format!("<td width=\"{width}%\" height=\"18\" style=\"width:{width}%;height:18px;line-height:18px;font-size:0;background-color:{colour}\">&#160;</td>"));
    }
    let rest = 100 - at;
    if rest > 0 {
        cells.push_str(&format!("<td class=\"bare\" width=\"{rest}%\" height=\"18\" style=\"width:{rest}%;height:18px;line-height:18px;font-size:0;background-color:{}\">&#160;</td>", palette.warp));
    }
    cells
}
