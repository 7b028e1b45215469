//! What is searched for: folded, and fit for `LIKE`.

use diesel::sql_types::Text;

diesel::define_sql_function! {
    /// Small letters: all of them on PostgreSQL, those of ASCII on SQLite.
    fn lower(text: Text) -> Text;
}

/// A word to be found; `None` of an empty one.
#[derive(Debug, Clone)]
pub(super) struct Needle(String);

impl Needle {
    /// Parses what was typed into a search box: at most 80 characters count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let folded: String = text
            .trim()
            .chars()
            .take(80)
            .collect::<String>()
            .to_lowercase();
        let escaped = folded
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        (!escaped.is_empty()).then_some(Self(escaped))
    }

    /// At the beginning.
    pub(super) fn prefix(&self) -> String {
        format!("{}%", self.0)
    }

    /// Anywhere.
    pub(super) fn within(&self) -> String {
        format!("%{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Needle;

    #[test]
    fn signs_of_like_are_searched_for_as_they_are() {
        assert_eq!(
            Needle::parse(" 50%_A\\ ").unwrap().within(),
            "%50\\%\\_a\\\\%"
        );
        assert!(Needle::parse("  ").is_none());
    }
}
