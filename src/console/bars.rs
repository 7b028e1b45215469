//! A bar of several parts lying on its side, drawn as SVG; its numbers stand in words beside it.

use std::fmt::Write as _;

/// The drawing's size in its own units.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 18;

/// A bar: each part its class and its size; `whole` fills the width.
pub(super) fn lying(parts: &[(&str, i64)], whole: i64) -> String {
    let whole = whole.max(1);
    let mut drawn = format!(
        "<svg class=\"lying\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">"
    );
    let mut at = 0;
    for (class, size) in parts.iter().filter(|(_, size)| *size > 0) {
        let wide = size
            .saturating_mul(WIDTH)
            .checked_div(whole)
            .unwrap_or(0)
            .clamp(2, WIDTH);
        // Writing to a String cannot fail.
        let written = write!(
            drawn,
            "<rect class=\"{class}\" x=\"{at}\" width=\"{wide}\" height=\"{HEIGHT}\"/>"
        );
        if written.is_err() {
            break;
        }
        at += wide;
    }
    drawn.push_str("</svg>");
    drawn
}

#[cfg(test)]
mod tests {
    use super::lying;

    #[test]
    fn a_small_part_is_seen_and_none_is_not_drawn() {
        let drawn = lying(&[("a", 1), ("b", 0), ("c", 99_999_999)], 100_000_000);
        assert!(drawn.contains("class=\"a\" x=\"0\" width=\"2\""), "{drawn}");
        assert!(!drawn.contains("class=\"b\""), "{drawn}");
        assert_eq!(lying(&[], 0).matches("<rect").count(), 0);
    }
}
