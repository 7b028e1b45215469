//! The share card: the picture that stands for a page when it is passed on (PNG, 1200 by 630).
//!
//! Set in Libertinus Serif from the `typst-assets` crate (OFL), with DejaVu Sans Mono behind it for
//! Cyrillic, Greek and Arabic. No crate carries a Bengali font, so a run of characters that neither
//! font has is left out of the title rather than drawn as empty boxes; when nothing is left, the card
//! speaks for the campaign, and the page's own cloth, which is drawn from its slug, still tells it apart.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};
use skrifa::instance::{LocationRef, Size as FontSize};
use skrifa::{FontRef, MetadataProvider};

use super::band::{Band, Size};
use super::placeholder;
use super::views::money::MoneyView;
use super::views::palette::{Accent, Palette};
use super::views::wording;

/// The card's size in pixels, as Open Graph consumers expect it.
pub const SIZE: (u32, u32) = (1200, 630);
const SERIF: &str = "Libertinus Serif";
const FALLBACK: &str = "DejaVu Sans Mono";
/// The title's column, in pixels: what the cloth at the right leaves.
const COLUMN: f32 = 800.0;

/// What a card says.
#[derive(Clone, Debug)]
pub struct CardFacts {
    /// The page's (or campaign's) slug: its cloth is drawn from it.
    pub slug: String,
    /// The page's title.
    pub title: String,
    /// The campaign's title.
    pub campaign: String,
    /// Raised so far.
    pub raised: MoneyView,
    /// The goal, if there is one.
    pub goal: Option<MoneyView>,
    /// Paid gifts.
    pub gifts: i64,
    /// Whole days until giving closes; `None` after it.
    pub days_left: Option<i64>,
    /// The campaign's accent, `#rrggbb`.
    pub accent: String,
    /// The woven band.
    pub band: Band,
}

/// Why a card could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The drawing is not well formed: a fault of this module.
    #[error("share card: {0}")]
    Drawing(String),
    /// The amounts cannot be written.
    #[error("share card: {0}")]
    Amount(String),
}

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in typst_assets::fonts() {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_serif_family(SERIF);
    fonts.set_monospace_family(FALLBACK);
    Arc::new(fonts)
});

/// Asks one face something; `None` if the face is not there.
fn ask<T>(
    family: &str,
    weight: fontdb::Weight,
    question: impl FnOnce(&FontRef<'_>) -> T,
) -> Option<T> {
    let query = fontdb::Query {
        families: &[fontdb::Family::Name(family)],
        weight,
        ..Default::default()
    };
    let id = FONTS.query(&query)?;
    FONTS.with_face_data(id, |data, index| {
        FontRef::from_index(data, index)
            .ok()
            .map(|font| question(&font))
    })?
}

/// `text` without the characters that no font here can draw, single spaces between what is left.
fn drawable(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| {
            [SERIF, FALLBACK].iter().any(|family| {
                ask(family, fontdb::Weight::NORMAL, |font| {
                    font.charmap().map(*c).is_some()
                })
                .unwrap_or(false)
            })
        })
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    // What is left of a name that could not be drawn may be bare punctuation.
    if kept.chars().any(char::is_alphanumeric) {
        words.join(" ")
    } else {
        String::new()
    }
}

/// The width of `text` in pixels in the title's face. Layout only; money never comes here.
fn width(text: &str, size: f32) -> f32 {
    ask(SERIF, fontdb::Weight::SEMIBOLD, |font| {
        let (charmap, metrics) = (
            font.charmap(),
            font.glyph_metrics(FontSize::new(size), LocationRef::default()),
        );
        text.chars()
            .map(|c| {
                charmap
                    .map(c)
                    .and_then(|glyph| metrics.advance_width(glyph))
                    .unwrap_or(size * 0.62)
            })
            .sum()
    })
    .unwrap_or(f32::MAX)
}

/// Breaks `text` into at most `most` lines; the last ends in an ellipsis if words are left.
fn lines(text: &str, size: f32, most: usize) -> (Vec<String>, bool) {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= COLUMN => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let mut whole = lines.iter().all(|line| width(line, size) <= COLUMN);
    if lines.len() > most {
        whole = false;
        lines.truncate(most);
    }
    for (at, line) in lines.iter_mut().enumerate() {
        let cut = (at + 1 == most && !whole) || width(line, size) > COLUMN;
        if cut {
            while !line.is_empty() && width(&format!("{line}…"), size) > COLUMN {
                line.pop();
            }
            *line = format!("{}…", line.trim_end());
        }
    }
    (lines, whole)
}

/// The largest of three sizes in which the title fits.
fn set_title(title: &str) -> (Vec<String>, f32) {
    for (size, most) in [(88.0, 2), (70.0, 3)] {
        let (set, whole) = lines(title, size, most);
        if whole {
            return (set, size);
        }
    }
    (lines(title, 58.0, 3).0, 58.0)
}

/// The card as SVG, before it becomes pixels.
fn drawing(facts: &CardFacts) -> Result<String, CardError> {
    let accent = Accent::new(&facts.accent);
    let palette = &accent.light;
    let amount = |money: &MoneyView| {
        wording::amount(money.minor, &money.currency).map_err(CardError::Amount)
    };
    let campaign = drawable(&facts.campaign);
    let title = match drawable(&facts.title) {
        title if title.is_empty() => format!("A page for {campaign}"),
        title => title,
    };
    let raised = amount(&facts.raised)?;
    let of = match &facts.goal {
        Some(goal) => format!("raised of {}", amount(goal)?),
        None => "raised".to_owned(),
    };
    let count = |n: i64, one: &str, many: &str| {
        wording::plural(&n.into(), one, many).map_err(CardError::Amount)
    };
    let mut facts_line = count(facts.gifts, "gift", "gifts")?;
    match facts.days_left {
        Some(0) => facts_line.push_str(" · last day to give"),
        Some(days) => {
            facts_line.push_str(" · ");
            facts_line.push_str(&count(days, "day left", "days left")?);
        }
        None => {}
    }
    let (set, size) = set_title(&title);
    let mut out = frame(facts, &accent, palette);
    write_text(&mut out, palette, &campaign, &set, size);
    let raised_width = width(&raised, 76.0);
    let Palette { ink, muted, .. } = palette;
    write!(
        out,
        "<text x=\"72\" y=\"572\" font-size=\"76\" font-weight=\"600\" fill=\"{ink}\">{raised}</text><text x=\"{:.0}\" y=\"572\" font-size=\"36\" fill=\"{muted}\">{of}</text><text x=\"1128\" y=\"572\" font-size=\"36\" text-anchor=\"end\" fill=\"{ink}\">{facts_line}</text></g></svg>",
        72.0 + raised_width + 20.0
    )
    .unwrap_or_default();
    Ok(out)
}

/// Paper, the page's own cloth and the band.
fn frame(facts: &CardFacts, accent: &Accent, palette: &Palette) -> String {
    let cloth = placeholder::portrait(&facts.slug, "", accent);
    let band = facts.band.svg(Size::Wide, palette, "");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"630\" viewBox=\"0 0 1200 630\"><rect width=\"1200\" height=\"630\" fill=\"{paper}\"/><svg x=\"928\" y=\"0\" width=\"200\" height=\"272\" viewBox=\"0 0 235 320\" preserveAspectRatio=\"xMidYMid slice\">{cloth}</svg><svg x=\"0\" y=\"338\" width=\"1128\" height=\"148\" viewBox=\"0 0 1200 104\" preserveAspectRatio=\"none\">{band}</svg><g font-family=\"{SERIF}, {FALLBACK}\">",
        paper = palette.paper
    )
}

fn write_text(out: &mut String, palette: &Palette, campaign: &str, title: &[String], size: f32) {
    let escape = handlebars::html_escape;
    write!(
        out,
        "<text x=\"72\" y=\"92\" font-size=\"34\" fill=\"{}\">{}</text>",
        palette.accent,
        escape(campaign)
    )
    .unwrap_or_default();
    let mut y = 92.0 + 24.0 + size;
    for line in title {
        write!(
            out,
            "<text x=\"72\" y=\"{y:.0}\" font-size=\"{size}\" font-weight=\"600\" letter-spacing=\"-.5\" fill=\"{}\">{}</text>",
            palette.ink, escape(line)
        )
        .unwrap_or_default();
        y += size * 0.98;
    }
}

/// Draws the card. CPU-bound for some tens of milliseconds: call it on a blocking thread and keep the answer.
pub fn png(facts: &CardFacts) -> Result<Vec<u8>, CardError> {
    let wrong = |cause: &dyn std::fmt::Display| CardError::Drawing(cause.to_string());
    let svg = drawing(facts)?;
    let options = usvg::Options {
        fontdb: Arc::clone(&FONTS),
        font_family: SERIF.to_owned(),
        ..Default::default()
    };
    let tree = usvg::Tree::from_str(&svg, &options).map_err(|error| wrong(&error))?;
    let mut pixels = Pixmap::new(SIZE.0, SIZE.1).ok_or_else(|| wrong(&"no canvas"))?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::super::band::Thread;
    use super::*;

    fn facts(title: &str) -> CardFacts {
        let threads: Vec<Thread> = (0..31)
            .map(|n| Thread {
                minor: 1_500 + (n * 7_919) % 9_000,
                shade: (n % 2) as u8,
                anonymous: n % 6 == 0,
                own: false,
                verified: n < 22,
            })
            .collect();
        let raised = threads.iter().map(|t| t.minor).sum();
        CardFacts {
            slug: "mira-sen".to_owned(),
            title: title.to_owned(),
            campaign: "Dressember 2026".to_owned(),
            raised: MoneyView::new(raised, "USD"),
            goal: Some(MoneyView::new(250_000, "USD")),
            gifts: 31,
            days_left: Some(9),
            accent: "#9c2a3c".to_owned(),
            band: Band {
                threads,
                raised,
                matched: 25_000,
                goal: 250_000,
            },
        }
    }

    #[test]
    fn cards_are_drawn_for_long_foreign_and_hostile_titles() {
        for (name, title) in [
            ("card", "Thirty-one days in one green dress"),
            (
                "card-long",
                "I am wearing the same secondhand dress every single day because nobody should be for sale anywhere, ever again, and here is why",
            ),
            ("card-bengali", "মীরা সেন"),
            ("card-mixed", "মীরা সেন walks for Kolkata <b>&"),
            ("card-cyrillic", "Платье на каждый день"),
            (
                "card-word",
                "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
            ),
        ] {
            let png = png(&facts(title)).unwrap();
            assert_eq!(&png[1..4], b"PNG");
            assert!(png.len() < 400_000, "{} bytes", png.len());
            if let Ok(folder) = std::env::var("SELVEDGE_RENDER_DIR") {
                std::fs::write(format!("{folder}/{name}.png"), &png).unwrap();
            }
        }
    }

    #[test]
    fn what_no_font_can_draw_is_left_out_not_boxed() {
        assert_eq!(drawable("মীরা সেন walks"), "walks");
        assert_eq!(drawable("মীরা সেন"), "");
        assert_eq!(drawable("(মীরা)"), "");
        assert_eq!(drawable("Zoë Łukasz"), "Zoë Łukasz");
        assert!(drawing(&facts("মীরা সেন")).unwrap().contains(">A page for"));
    }
}
