//! Setting text in drawings: the fonts, what they can draw, and where lines break.
//!
//! Libertinus Serif from the `typst-assets` crate (OFL), with DejaVu Sans Mono behind it for Cyrillic, Greek and Arabic.
//! No crate carries a Bengali font, so a run of characters that neither font has is left out rather than drawn as empty
//! boxes.

use std::sync::{Arc, LazyLock};

use resvg::usvg::{self, fontdb};
use skrifa::instance::{LocationRef, Size as FontSize};
use skrifa::{FontRef, MetadataProvider};

/// The face of all text.
pub const SERIF: &str = "Libertinus Serif";
/// The face behind it.
pub const FALLBACK: &str = "DejaVu Sans Mono";

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
pub fn drawable(text: &str) -> String {
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

/// The width of `text` in the title's face, in the unit of `size`. Layout only; money never comes here.
pub fn width(text: &str, size: f32) -> f32 {
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

/// Breaks `text` into at most `most` lines of `column`; the last ends in an ellipsis if words are left. Answers whether all
/// of it is there.
pub fn lines(text: &str, size: f32, column: f32, most: usize) -> (Vec<String>, bool) {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= column => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let mut whole = lines.iter().all(|line| width(line, size) <= column);
    if lines.len() > most {
        whole = false;
        lines.truncate(most);
    }
    for (at, line) in lines.iter_mut().enumerate() {
        let cut = (at + 1 == most && !whole) || width(line, size) > column;
        if cut {
            while !line.is_empty() && width(&format!("{line}…"), size) > column {
                line.pop();
            }
            *line = format!("{}…", line.trim_end());
        }
    }
    (lines, whole)
}

/// Whether everything that can be read in `text` can be drawn.
pub fn is_drawable(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    drawable(text) == words.join(" ")
}

/// The first of `sizes` (with how many lines each may take) in which `text` fits whole, or the last one, cut.
pub fn fitting(text: &str, column: f32, sizes: &[(f32, usize)]) -> (Vec<String>, f32) {
    let mut set = (Vec::new(), 0.0);
    for (size, most) in sizes {
        let (broken, whole) = lines(text, *size, column, *most);
        set = (broken, *size);
        if whole {
            break;
        }
    }
    set
}

/// A drawing with its text set.
///
/// # Errors
/// What is not well formed: a fault of whoever drew it.
pub fn tree(svg: &str) -> Result<usvg::Tree, usvg::Error> {
    let options = usvg::Options {
        fontdb: Arc::clone(&FONTS),
        font_family: SERIF.to_owned(),
        ..Default::default()
    };
    usvg::Tree::from_str(svg, &options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_can_draw_is_left_out_not_boxed() {
        assert_eq!(drawable("মীরা সেন walks"), "walks");
        assert_eq!(drawable("মীরা সেন"), "");
        assert_eq!(drawable("(মীরা)"), "");
        assert_eq!(drawable("Zoë Łukasz"), "Zoë Łukasz");
        assert!(is_drawable(" Zoë  Łukasz ") && !is_drawable("মীরা"));
    }
}
