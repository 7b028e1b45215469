//! One line of text that a person typed: a name, a title, a subject (N10).

use std::fmt;

/// Trimmed text without line breaks, controls or signs that turn the direction of writing.
#[derive(Clone, PartialEq, Eq)]
pub struct Line(String);

/// Why a text cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Nothing but white space.
    #[error("fill this in")]
    Empty,
    /// More characters than the field holds.
    #[error("use at most {0} characters")]
    TooLong(usize),
    /// A control character or a sign that turns the direction of writing.
    #[error("remove the hidden control characters")]
    Control,
}

impl Line {
    /// Parses one line of at most `most` characters.
    ///
    /// # Errors
    /// [`BadText`] says what to mend.
    pub fn parse(text: &str, most: usize) -> Result<Self, BadText> {
        let text = text.trim();
        if text.chars().any(is_hostile) {
            return Err(BadText::Control);
        }
        if text.is_empty() {
            return Err(BadText::Empty);
        }
        if text.chars().count() > most {
            return Err(BadText::TooLong(most));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The owned text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Parses text of several lines, at most `most` characters: line breaks and tabs stay, other controls are refused.
///
/// # Errors
/// [`BadText`] says what to mend.
pub fn parse_lines(text: &str, most: usize) -> Result<String, BadText> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() {
        return Err(BadText::Empty);
    }
    if text
        .chars()
        .any(|c| is_hostile(c) && c != '\n' && c != '\t')
    {
        return Err(BadText::Control);
    }
    if text.chars().count() > most {
        return Err(BadText::TooLong(most));
    }
    Ok(text)
}

/// C0 and C1 controls, line and paragraph separators, and bidi overrides and isolates (N10).
fn is_hostile(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Line(…)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_world_pass() {
        for name in ["মায়া রায়", "Zoë O'Neill-Šimić", "مريم", "👩🏽‍🎓 Ana", "李小龙"]
        {
            assert_eq!(Line::parse(name, 80).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_would_break_a_header_or_mislead_an_eye_is_refused() {
        for name in [
            "E\r\nBcc: x@y.org",
            "a\0b",
            "a\u{202e}b",
            "x\u{2028}y",
            "\u{85}",
        ] {
            assert!(Line::parse(name, 80).is_err(), "{name:?}");
        }
        assert_eq!(Line::parse("  ", 80), Err(BadText::Empty));
        assert_eq!(Line::parse("aaa", 2), Err(BadText::TooLong(2)));
    }
}
