//! The share card: the picture that stands for a page when it is passed on (PNG, 1200 by 630).
//!
//! A title that no font here can draw (see [`lettering`]) leaves the card speaking for the campaign; the page's photograph, or
//! its own cloth, which is drawn from its slug, still tells it apart.

use std::fmt::Write as _;

use image::{ImageFormat, ImageReader};
use resvg::tiny_skia::{FilterQuality, IntSize, Pixmap, PixmapPaint, Transform};

use super::band::{Band, Size};
use super::lettering::{self, FALLBACK, SERIF, drawable, width};
use super::placeholder;
use super::views::money::MoneyView;
use super::views::palette::{Accent, Palette};
use super::views::wording;

/// The card's size in pixels, as Open Graph consumers expect it.
pub const SIZE: (u32, u32) = (1200, 630);
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
    /// The page's photograph (JPEG); without one, its cloth stands there.
    pub photo: Option<Vec<u8>>,
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

/// The sizes of a title, and how many lines each may take.
const TITLE: [(f32, usize); 3] = [(88.0, 2), (70.0, 3), (58.0, 3)];

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
    let (set, size) = lettering::fitting(&title, COLUMN, &TITLE);
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
    let tree = lettering::tree(&svg).map_err(|error| wrong(&error))?;
    let mut pixels = Pixmap::new(SIZE.0, SIZE.1).ok_or_else(|| wrong(&"no canvas"))?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    if let Some(photo) = facts.photo.as_deref().and_then(photograph) {
        let (x, y) = PHOTO_AT;
        let paint = PixmapPaint {
            quality: FilterQuality::Nearest,
            ..PixmapPaint::default()
        };
        pixels.draw_pixmap(x, y, photo.as_ref(), &paint, Transform::identity(), None);
    }
    pixels.encode_png().map_err(|error| wrong(&error))
}

/// Where the photograph's corner stands, and its size: over the cloth.
const PHOTO_AT: (i32, i32) = (928, 0);
/// See [`PHOTO_AT`].
const PHOTO_SIZE: (u32, u32) = (200, 272);

/// The photograph, filling its place; `None` when it cannot be read: then the cloth shows.
fn photograph(jpeg: &[u8]) -> Option<Pixmap> {
    let reader = ImageReader::with_format(std::io::Cursor::new(jpeg), ImageFormat::Jpeg);
    let (wide, high) = PHOTO_SIZE;
    let filter = image::imageops::FilterType::CatmullRom;
    let filled = reader.decode().ok()?.resize_to_fill(wide, high, filter);
    // Opaque, so that plain and premultiplied pixels are the same.
    let pixels = filled.into_rgb8();
    let rgba = pixels.pixels().flat_map(|pixel| {
        let [red, green, blue] = pixel.0;
        [red, green, blue, 255]
    });
    Pixmap::from_vec(rgba.collect(), IntSize::from_wh(wide, high)?)
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
            photo: None,
        }
    }

    #[test]
    fn a_photograph_stands_where_the_cloth_was_and_a_broken_one_leaves_the_cloth() {
        let red = image::RgbImage::from_pixel(640, 640, image::Rgb([200, 30, 30]));
        let mut jpeg = std::io::Cursor::new(Vec::new());
        red.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let at = |photo: Option<Vec<u8>>| {
            let card = CardFacts {
                photo,
                ..facts("One green dress")
            };
            let drawn = Pixmap::decode_png(&png(&card).unwrap()).unwrap();
            let pixel = drawn.pixel(1_030, 140).unwrap();
            (pixel.red(), pixel.green(), pixel.blue())
        };
        let (red, green, _) = at(Some(jpeg.into_inner()));
        assert!(red > 180 && green < 60);
        assert_eq!(at(Some(b"nothing".to_vec())), at(None));
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
    fn a_title_that_cannot_be_drawn_leaves_the_campaign() {
        assert!(drawing(&facts("মীরা সেন")).unwrap().contains(">A page for"));
    }
}
