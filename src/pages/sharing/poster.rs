//! The poster: one page to hang up where people pass, A4 or US Letter.
//!
//! The cloth as far as it is woven runs in from the left edge, as on the page; below it the code, and at the foot the
//! dashed selvedge. What the fonts cannot draw is left out, as on the share card.

use std::fmt::Write as _;

use super::qr;
use crate::error::{AppError, AppResult};
use crate::web::band::Size;
use crate::web::card::CardFacts;
use crate::web::lettering::{self, FALLBACK, SERIF, drawable};
use crate::web::placeholder;
use crate::web::print::{self, Placed};
use crate::web::views::palette::{Accent, Palette};
use crate::web::views::wording;

crate::words! {
    /// The paper.
    pub enum Paper {
        /// 210 by 297 mm.
        A4 = "a4",
        /// 8.5 by 11 in.
        Letter = "letter",
    }
}

impl Paper {
    /// Width and height in points.
    fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.28, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// What a poster says, besides what the share card says.
#[derive(Debug, Clone)]
pub(super) struct PosterFacts {
    pub card: CardFacts,
    pub participant: String,
    pub appeal: String,
    /// Where the code leads.
    pub scan_url: String,
    /// The address to type.
    pub shown_url: String,
    /// Until when gifts are taken, in words.
    pub until: Option<String>,
}

/// The margin, in points.
const MARGIN: f32 = 46.0;
/// The photograph's side, in points.
const PHOTO: f32 = 214.0;
/// The code's side, in points: 5 cm, read from two metres.
const CODE: f32 = 150.0;
/// The band's height, in points.
const BAND: f32 = 84.0;

/// The poster as PDF. CPU-bound for some tens of milliseconds: call it on a blocking thread and keep the answer.
///
/// # Errors
/// When an amount cannot be written, or the drawing is not well formed.
pub(super) fn pdf(facts: &PosterFacts, paper: Paper) -> AppResult<Vec<u8>> {
    let (svg, photo_y) = drawing(facts, paper)?;
    let photo = facts.card.photo.clone().map(|jpeg| Placed {
        jpeg,
        x: MARGIN,
        y: photo_y,
        side: PHOTO,
    });
    let title = format!("{} · {}", facts.card.title, facts.card.campaign);
    print::pdf(paper.size(), &svg, photo, &title).map_err(AppError::internal)
}

/// One line of text.
struct Text<'a> {
    at: (f32, f32),
    size: f32,
    weight: u32,
    colour: &'a str,
}

impl Text<'_> {
    fn write(&self, out: &mut String, text: &str) {
        let Self {
            at: (x, y),
            size,
            weight,
            colour,
        } = self;
        // Writing to a String cannot fail.
        write!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{colour}\">{}</text>",
            handlebars::html_escape(text)
        )
        .unwrap_or_default();
    }
}

/// The drawing, and how far down its photograph stands.
fn drawing(facts: &PosterFacts, paper: Paper) -> AppResult<(String, f32)> {
    let (width, height) = paper.size();
    let accent = Accent::new(&facts.card.accent);
    let palette = &accent.light;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\"><rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/><g font-family=\"{SERIF}, {FALLBACK}\">",
        palette.paper
    );
    let below = head(&mut out, facts, palette, width);
    let photo_y = below + 18.0;
    middle(&mut out, facts, &accent, (width, photo_y))?;
    let band_y = photo_y + PHOTO + 26.0;
    band(&mut out, facts, palette, (width, band_y));
    scan(&mut out, facts, palette, (width, band_y + BAND + 24.0))?;
    let edge = height - 30.0;
    write!(
        out,
        "<path d=\"M0 {edge}H{width}\" stroke=\"{}\" stroke-width=\"2.4\" stroke-dasharray=\"10 6\" fill=\"none\"/></g></svg>",
        palette.ink
    )
    .unwrap_or_default();
    Ok((out, photo_y))
}

/// Campaign, title, participant; answers where they end.
fn head(out: &mut String, facts: &PosterFacts, palette: &Palette, width: f32) -> f32 {
    let campaign = drawable(&facts.card.campaign);
    let title = match drawable(&facts.card.title) {
        title if title.is_empty() => format!("A page for {campaign}"),
        title => title,
    };
    let text = |at, size, weight, colour| Text {
        at,
        size,
        weight,
        colour,
    };
    text((MARGIN, 62.0), 17.0, 400, &palette.accent).write(out, &campaign);
    let sizes = [(46.0, 2), (38.0, 3), (30.0, 3)];
    let (lines, size_of_title) = lettering::fitting(&title, width - 2.0 * MARGIN, &sizes);
    let mut y = 62.0 + 12.0 + size_of_title;
    for line in &lines {
        text((MARGIN, y), size_of_title, 600, &palette.ink).write(out, line);
        y += size_of_title * 1.02;
    }
    let participant = drawable(&facts.participant);
    if participant.is_empty() {
        return y - size_of_title * 0.7;
    }
    let by = format!("A page by {participant}");
    let (lines, size) = lettering::fitting(
        &by,
        width - 2.0 * MARGIN,
        &[(16.0, 1), (13.0, 1), (11.0, 1)],
    );
    // Under the last line of the title, whatever its size.
    y += 30.0 - size_of_title * 1.02;
    for line in &lines {
        text((MARGIN, y), size, 400, &palette.muted).write(out, line);
    }
    y + 4.0
}

/// The photograph's place with the cloth under it, and beside it what was raised and what it is for.
fn middle(
    out: &mut String,
    facts: &PosterFacts,
    accent: &Accent,
    (width, y): (f32, f32),
) -> AppResult<()> {
    let palette = &accent.light;
    if facts.card.photo.is_none() {
        let cloth = placeholder::portrait(&facts.card.slug, &drawable(&facts.participant), accent);
        write!(
            out,
            "<svg x=\"{MARGIN}\" y=\"{y:.1}\" width=\"{PHOTO}\" height=\"{PHOTO}\" viewBox=\"0 0 320 320\">{cloth}</svg>"
        )
        .unwrap_or_default();
    }
    let x = MARGIN + PHOTO + 28.0;
    let column = width - MARGIN - x;
    let amount = |money: &crate::web::views::money::MoneyView| {
        wording::amount(money.minor, &money.currency).map_err(AppError::internal)
    };
    // Before the first gift the goal speaks, not a nought.
    let (lead, told) = match &facts.card.goal {
        Some(goal) if facts.card.raised.minor <= 0 => (
            amount(goal)?,
            "is the goal; be the first to give".to_owned(),
        ),
        goal => {
            let gifts = wording::plural(&facts.card.gifts.into(), "gift", "gifts");
            let gifts = gifts.map_err(AppError::internal)?;
            let of = match goal {
                Some(goal) => format!("raised of {}", amount(goal)?),
                None => "raised".to_owned(),
            };
            (amount(&facts.card.raised)?, format!("{of} · {gifts}"))
        }
    };
    let (lines, size) = lettering::fitting(&lead, column, &[(56.0, 1), (44.0, 1), (32.0, 1)]);
    let mut at = y + size * 0.78;
    let text = |at, size, weight, colour| Text {
        at,
        size,
        weight,
        colour,
    };
    for line in &lines {
        text((x, at), size, 600, &palette.ink).write(out, line);
    }
    at += 24.0;
    text((x, at), 17.0, 400, &palette.muted).write(out, &told);
    at += 34.0;
    let (lines, size) = lettering::fitting(
        &drawable(&facts.appeal),
        column,
        &[(17.0, 5), (14.5, 7), (13.0, 8)],
    );
    for line in &lines {
        text((x, at), size, 400, &palette.ink).write(out, line);
        at += size * 1.36;
    }
    Ok(())
}

/// The cloth, from the left edge to the goal.
fn band(out: &mut String, facts: &PosterFacts, palette: &Palette, (width, y): (f32, f32)) {
    let cloth = facts.card.band.svg(Size::Wide, palette, "");
    write!(
        out,
        "<svg x=\"0\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAND}\" viewBox=\"0 0 1200 104\" preserveAspectRatio=\"none\">{cloth}</svg>",
        width - MARGIN
    )
    .unwrap_or_default();
}

/// The code, and what scanning it is good for.
fn scan(
    out: &mut String,
    facts: &PosterFacts,
    palette: &Palette,
    (width, y): (f32, f32),
) -> AppResult<()> {
    let qr::Code { side, path } = qr::code(&facts.scan_url)?;
    write!(
        out,
        "<svg x=\"{MARGIN}\" y=\"{y:.1}\" width=\"{CODE}\" height=\"{CODE}\" viewBox=\"0 0 {side} {side}\"><rect width=\"{side}\" height=\"{side}\" fill=\"#ffffff\"/><path d=\"{path}\" fill=\"#1f1b18\"/></svg>"
    )
    .unwrap_or_default();
    let x = MARGIN + CODE + 24.0;
    let column = width - MARGIN - x;
    let mut line = |dy: f32, size: f32, weight, colour: &str, text: &str| {
        let smaller = [
            (size, 1),
            (size * 0.85, 1),
            (size * 0.72, 1),
            (size * 0.6, 1),
        ];
        let (parts, size) = lettering::fitting(text, column, &smaller);
        for part in parts {
            Text {
                at: (x, y + dy),
                size,
                weight,
                colour,
            }
            .write(out, &part);
        }
    };
    line(40.0, 30.0, 600, &palette.ink, "Scan, and give in a minute");
    line(
        68.0,
        16.0,
        400,
        &palette.muted,
        "No account. A receipt, and a page that follows your gift.",
    );
    if let Some(until) = &facts.until {
        line(
            92.0,
            16.0,
            400,
            &palette.muted,
            &format!("Gifts are taken until {until}."),
        );
    }
    line(130.0, 16.0, 600, &palette.accent, &facts.shown_url);
    Ok(())
}
