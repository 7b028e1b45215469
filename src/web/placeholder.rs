//! Drawn portraits and covers for pages without a photograph: a cloth of their own.
//!
//! The sett (the order and width of the stripes) and the weave come from the slug alone, so a page
//! keeps its cloth for life and no two pages look alike; the dyes come from the campaign's accent.

use std::fmt::Write as _;

use super::views::palette::{Accent, Palette};

/// A deterministic stream of small numbers from a slug (FNV-1a, then xorshift). Not for secrets.
struct Draw(u64);

impl Draw {
    fn new(slug: &str) -> Self {
        let hash = slug.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash | 1)
    }

    /// The next number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}

/// A stripe of a sett: start, width, colour.
struct Stripe<'p>(u64, u64, &'p str);

/// A mirrored sett over `length` pixels, as a tartan has one.
fn sett<'p>(draw: &mut Draw, palette: &'p Palette, length: u64) -> Vec<Stripe<'p>> {
    let dyes = &palette.dyes;
    let colour = |n: u64| -> &'p str {
        usize::try_from(n)
            .ok()
            .and_then(|n| dyes.get(n))
            .map_or(palette.undyed.as_str(), String::as_str)
    };
    let half = length / 2;
    let mut stripes = Vec::new();
    let mut at = draw.below(12);
    while at < half {
        let wide = [3, 5, 8, 14, 22, 34]
            .get(usize::try_from(draw.below(6)).unwrap_or(0))
            .copied()
            .unwrap_or(8);
        // One draw in three leaves the ground bare, so that the cloth can breathe.
        if draw.below(3) > 0 {
            let dye = colour(draw.below(6));
            stripes.push(Stripe(at, wide, dye));
            stripes.push(Stripe(length.saturating_sub(at + wide), wide, dye));
        }
        at += wide + 2 + draw.below(9);
    }
    stripes
}

/// The weave's relief, as the lines that are laid over the stripes.
fn weave(kind: u64) -> &'static str {
    match kind {
        // plain
        0 => "M0 1h3v2H0zM3 4h3v2H3z",
        // twill
        1 => "M0 0h3v1.5H0zM1.5 1.5h3V3h-3zM3 3h3v1.5H3zM4.5 4.5H6V6H4.5zM0 4.5h1.5V6H0z",
        // basket
        _ => "M0 0h1.2v3H0zM1.8 0H3v3H1.8zM3 3h3v1.2H3zM3 4.8h3V6H3z",
    }
}

/// The cloth of `slug`, `width` by `height`.
fn cloth(slug: &str, palette: &Palette, width: u64, height: u64) -> String {
    let mut draw = Draw::new(slug);
    let id = format!("c{:08x}{width}", draw.0 >> 32);
    let kind = draw.below(3);
    let ground = if draw.below(2) == 0 {
        palette.dyes.first().unwrap_or(&palette.accent)
    } else {
        &palette.undyed
    };
    let mut out = format!(
        "<defs><pattern id=\"{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path d=\"{}\" fill=\"{}\" opacity=\".26\"/><path d=\"M0 0v6M3 0v6\" stroke=\"{}\" stroke-width=\".6\" opacity=\".14\"/></pattern></defs><rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>",
        weave(kind),
        palette.paper,
        palette.ink
    );
    let repeat = 160 + draw.below(80);
    let stripes = sett(&mut draw, palette, repeat);
    for Stripe(at, wide, dye) in &stripes {
        let path: String = (0..width.div_ceil(repeat))
            .map(|n| format!("M{} 0h{wide}v{height}h-{wide}z", n * repeat + at))
            .collect();
        write!(out, "<path d=\"{path}\" fill=\"{dye}\"/>").unwrap_or_default();
    }
    for Stripe(at, wide, dye) in &stripes {
        let path: String = (0..height.div_ceil(repeat))
            .map(|n| format!("M0 {}h{width}v{wide}H0z", n * repeat + at))
            .collect();
        write!(out, "<path d=\"{path}\" fill=\"{dye}\" opacity=\".55\"/>").unwrap_or_default();
    }
    write!(
        out,
        "<rect width=\"{width}\" height=\"{height}\" fill=\"url(#{id})\"/>"
    )
    .unwrap_or_default();
    out
}

/// Up to two initials of a name, whole characters of any script.
fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter(|w| w.chars().any(char::is_alphanumeric));
    let first = words
        .next()
        .and_then(|w| w.chars().find(|c| c.is_alphanumeric()));
    let last = words
        .next_back()
        .and_then(|w| w.chars().find(|c| c.is_alphanumeric()));
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

/// A square portrait, 320 by 320: the slug's cloth with a sewn-on label that carries the initials.
///
/// Decorative (`aria-hidden`): the name always stands beside it as text.
pub fn portrait(slug: &str, name: &str, accent: &Accent) -> String {
    let palette = &accent.light;
    let initials = initials(name);
    let mut out = format!(
        "<svg class=\"cloth portrait\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 320 320\" preserveAspectRatio=\"xMidYMid slice\" aria-hidden=\"true\" focusable=\"false\">{}",
        cloth(slug, palette, 320, 320)
    );
    if !initials.is_empty() {
        write!(
            out,
            "<g class=\"label\"><rect x=\"92\" y=\"112\" width=\"136\" height=\"96\" fill=\"{paper}\"/><rect x=\"99\" y=\"119\" width=\"122\" height=\"82\" fill=\"none\" stroke=\"{accent}\" stroke-width=\"1.5\"/><text x=\"160\" y=\"178\" text-anchor=\"middle\" font-family=\"Georgia, serif\" font-size=\"52\" letter-spacing=\"2\" fill=\"{ink}\">{initials}</text></g>",
            paper = palette.paper, accent = palette.accent, ink = palette.ink,
            initials = handlebars::html_escape(&initials),
        )
        .unwrap_or_default();
    }
    out.push_str("</svg>");
    out
}

/// A wide cover, 1200 by 360, for a campaign, a program or a partner without a photograph.
pub fn cover(slug: &str, accent: &Accent) -> String {
    format!(
        "<svg class=\"cloth cover\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 360\" preserveAspectRatio=\"xMidYMid slice\" aria-hidden=\"true\" focusable=\"false\">{}</svg>",
        cloth(slug, &accent.light, 1200, 360)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_slug_keeps_its_cloth_and_shares_it_with_nobody() {
        let accent = Accent::new("#9c2a3c");
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..500 {
            let slug = format!("page-{n}");
            let drawn = portrait(&slug, "Mira Sen", &accent);
            assert_eq!(drawn, portrait(&slug, "Mira Sen", &accent));
            assert!(drawn.len() < 12_000, "{} bytes", drawn.len());
            assert!(seen.insert(drawn));
        }
        assert!(cover("kolkata", &accent).len() < 20_000);
    }

    #[test]
    fn initials_are_of_any_script_and_escaped() {
        assert_eq!(initials("Mira  Sen-Roy"), "MS");
        assert_eq!(initials("মীরা সেন"), "মস");
        assert_eq!(initials("<>"), "");
        assert_eq!(initials("Prince"), "P");
    }
}
