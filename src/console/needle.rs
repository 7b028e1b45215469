//! What is searched for: folded, and fit for `LIKE`.
//!
//! Columns with a folded twin (`name_key`, `email_folded`) are searched by that. For the others there is `lower`, which knows the
//! letters of ASCII alone on SQLite: there an `É` stays an `É`. So they are searched for three spellings ([`holds`]): all in
//! small letters, as typed, and with each word's first letter large. A name in large letters throughout is found when it is
//! typed so.

use diesel::sql_types::Text;

diesel::define_sql_function! {
    /// Small letters: all of them on PostgreSQL, those of ASCII on SQLite.
    fn lower(text: Text) -> Text;
}

/// That `column` holds the needle anywhere, whatever the case of its letters: see the module.
macro_rules! holds {
    ($column:expr, $needle:expr) => {{
        let [small, typed, large] = $needle.spellings();
        lower($column)
            .like(small)
            .escape('\\')
            .or(lower($column).like(typed).escape('\\'))
            .or(lower($column).like(large).escape('\\'))
    }};
}
pub(super) use holds;

/// A word to be found; `None` of an empty one.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    folded: String,
    /// As typed, but for the letters of ASCII, which are small.
    typed: String,
    /// The same with each word's first letter large.
    large: String,
}

impl Needle {
    /// Parses what was typed into a search box: at most 80 characters count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let typed: String = text.trim().chars().take(80).collect();
        let typed = typed
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        let folded = typed.to_lowercase();
        (!folded.is_empty()).then(|| Self {
            typed: typed.to_ascii_lowercase(),
            large: large(&folded).to_ascii_lowercase(),
            folded,
        })
    }

    /// At the beginning.
    pub(super) fn prefix(&self) -> String {
        format!("{}%", self.folded)
    }

    /// Anywhere.
    pub(super) fn within(&self) -> String {
        format!("%{}%", self.folded)
    }

    /// Anywhere, in each spelling of columns that have no folded twin.
    pub(super) fn spellings(&self) -> [String; 3] {
        [&self.folded, &self.typed, &self.large].map(|spelling| format!("%{spelling}%"))
    }
}

/// The words of `folded`, each with its first letter large.
fn large(folded: &str) -> String {
    let mut at_start = true;
    let mut out = String::with_capacity(folded.len());
    for letter in folded.chars() {
        if at_start {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
        at_start = !letter.is_alphanumeric();
    }
    out
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
