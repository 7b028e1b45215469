//! One accent per campaign: every colour of a page is derived from it here, once.
//!
//! The accent that a campaign chooses is moved towards black or white until it reads against the
//! paper (WCAG 2.2, 1.4.3: 4.5:1, in light and in dark), so that no choice of a coordinator can make
//! a page unreadable. Cloth shades (one per program) are the accent mixed with ink or paper.

use serde::Serialize;

/// The paper and ink of the light scheme.
const LIGHT: (Rgb, Rgb) = (Rgb(0xfb, 0xf8, 0xf2), Rgb(0x1f, 0x1b, 0x18));
/// The paper and ink of the dark scheme.
const DARK: (Rgb, Rgb) = (Rgb(0x16, 0x14, 0x12), Rgb(0xf0, 0xea, 0xdf));
/// The accent used when a campaign's own is missing or not a colour: madder red.
pub const DEFAULT_ACCENT: &str = "#9c2a3c";
/// How many shades a band can tell apart; a program's index is taken modulo this.
pub const SHADES: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl Rgb {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        let [_, r, g, b] = value.to_be_bytes();
        Some(Self(r, g, b))
    }

    fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// This colour with `percent` of `other` in it.
    fn mix(self, other: Self, percent: u32) -> Self {
        let channel = |a: u8, b: u8| -> u8 {
            let mixed = (u32::from(a) * (100 - percent) + u32::from(b) * percent + 50) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self(
            channel(self.0, other.0),
            channel(self.1, other.1),
            channel(self.2, other.2),
        )
    }

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// The contrast ratio as WCAG 2.2 defines it: 1 to 21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The nearest colour that reads on `paper`, on the way to `vivid` and from there to `end`. A little
    /// above 4.5 so that the tinted grounds of the stylesheet keep their contrast too.
    fn readable_on(self, paper: Self, vivid: Self, end: Self) -> Self {
        let steps = || (0..=20).map(|step| step * 5);
        steps()
            .map(|percent| self.mix(vivid, percent))
            .chain(steps().map(|percent| vivid.mix(end, percent)))
            .find(|colour| colour.contrast(paper) >= 5.4)
            .unwrap_or(end)
    }

    /// The same hue, bright: mixing with cream alone would turn every accent to a dull pastel on dark paper.
    fn bright(self) -> Self {
        let most = u32::from(self.0.max(self.1).max(self.2)).max(1);
        let scale = |channel: u8| u8::try_from(u32::from(channel) * 255 / most).unwrap_or(u8::MAX);
        Self(scale(self.0), scale(self.1), scale(self.2)).mix(Self(255, 255, 255), 32)
    }
}

/// The colours of one scheme as `#rrggbb`; also what a drawing outside a page (mail, PNG) is painted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Palette {
    /// The ground.
    pub paper: String,
    /// Text.
    pub ink: String,
    /// Secondary text; reads on paper.
    pub muted: String,
    /// The campaign's accent; reads on paper, and paper reads on it.
    pub accent: String,
    /// Bare warp: what is still to be woven.
    pub warp: String,
    /// An anonymous gift's thread.
    pub undyed: String,
    /// The thread of the gift that is being looked at.
    pub own: String,
    /// The shade of each program, by index.
    pub dyes: Vec<String>,
}

/// A campaign's accent worked out for both schemes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Accent {
    /// On light paper; also print, mail and the share card.
    pub light: Palette,
    /// On dark paper.
    pub dark: Palette,
}

impl Accent {
    /// Works out both schemes from `#rrggbb`; anything else gives [`DEFAULT_ACCENT`].
    pub fn new(accent: &str) -> Self {
        let base = Rgb::parse(accent)
            .or_else(|| Rgb::parse(DEFAULT_ACCENT))
            .unwrap_or(LIGHT.1);
        Self {
            light: Self::scheme(base, LIGHT.0, LIGHT.1),
            dark: Self::scheme(base, DARK.0, DARK.1),
        }
    }

    fn scheme(base: Rgb, paper: Rgb, ink: Rgb) -> Palette {
        let dark = paper == DARK.0;
        let accent = base.readable_on(paper, if dark { base.bright() } else { ink }, ink);
        let dyes = [
            accent,
            accent.mix(paper, 40),
            accent.mix(ink, 42),
            accent.mix(paper, 62),
            accent.mix(ink, 68),
        ];
        Palette {
            paper: paper.hex(),
            ink: ink.hex(),
            muted: ink.mix(paper, if dark { 32 } else { 34 }).hex(),
            accent: accent.hex(),
            warp: ink.mix(paper, if dark { 72 } else { 76 }).hex(),
            undyed: if dark {
                Rgb(0xb9, 0xa9, 0x8b)
            } else {
                Rgb(0xd8, 0xc7, 0xa6)
            }
            .hex(),
            own: if dark {
                Rgb(0xf2, 0xb8, 0x3c)
            } else {
                Rgb(0xe0, 0x9a, 0x12)
            }
            .hex(),
            dyes: dyes.iter().map(|dye| dye.hex()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn any_accent_reads_on_paper_in_both_schemes() {
        for accent in [
            "#ffffff", "#000000", "#ffee00", "#9c2a3c", "#00ff88", "#123456",
        ] {
            let both = Accent::new(accent);
            for palette in [&both.light, &both.dark] {
                let paper = Rgb::parse(&palette.paper).unwrap();
                for colour in [&palette.accent, &palette.muted, &palette.ink] {
                    let ratio = Rgb::parse(colour).unwrap().contrast(paper);
                    assert!(
                        ratio >= 4.5,
                        "{accent}: {colour} on {}: {ratio}",
                        palette.paper
                    );
                }
                assert_eq!(palette.dyes.len(), SHADES);
            }
        }
    }

    #[test]
    fn what_is_not_a_colour_becomes_the_default() {
        assert_eq!(Accent::new("red;}body{"), Accent::new(DEFAULT_ACCENT));
    }
}
