//! The code that leads to a page, drawn as runs of dark squares.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use crate::error::{AppError, AppResult};

/// Light squares around the code, as ISO/IEC 18004 asks.
pub(super) const QUIET: usize = 4;

/// A code: squares along a side, quiet zone included, and the dark ones as an SVG path in squares.
#[derive(Debug)]
pub(super) struct Code {
    pub side: usize,
    pub path: String,
}

/// The code of `text`; a quarter of it may be smudged.
///
/// # Errors
/// When the text is too long for any code.
pub(super) fn code(text: &str) -> AppResult<Code> {
    let code = QrCode::with_error_correction_level(text, EcLevel::Q).map_err(AppError::internal)?;
    let (width, colours) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (row, line) in colours.chunks(width.max(1)).enumerate() {
        let mut at = 0;
        // Neighbours are drawn as one: no hairlines between squares, and a smaller file.
        for run in line.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (x, y, wide) = (at + QUIET, row + QUIET, run.len());
                write!(path, "M{x} {y}h{wide}v1h-{wide}z").map_err(AppError::internal)?;
            }
            at += run.len();
        }
    }
    Ok(Code {
        side: width + 2 * QUIET,
        path,
    })
}

/// The code of `text` as a picture: ink on white, whatever the scheme, since readers want contrast.
///
/// # Errors
/// As [`code`].
pub(super) fn svg(text: &str) -> AppResult<String> {
    let Code { side, path } = code(text)?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"480\" height=\"480\" shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#ffffff\"/><path d=\"{path}\" fill=\"#1f1b18\"/></svg>"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_quiet_zone_and_its_three_finders() {
        let Code { side, path } =
            code("https://give.example.org/pages/maya-roy?utm_source=qr").unwrap();
        let (near, far) = (QUIET, side - QUIET - 7);
        for (x, y) in [(near, near), (far, near), (near, far)] {
            assert!(path.contains(&format!("M{x} {y}h7v1h-7z")), "{x} {y}");
        }
        let starts = path.split('M').skip(1).map(|run| {
            let mut numbers = run
                .split(['h', ' '])
                .map(|n| n.parse::<usize>().unwrap_or(0));
            (numbers.next().unwrap(), numbers.next().unwrap())
        });
        for (x, y) in starts {
            assert!(x >= QUIET && y >= QUIET && y < side - QUIET);
        }
        assert!(code(&"x".repeat(4_000)).is_err());
    }
}
