//! Lists in pages: how many items at once, and where the list goes on.

use std::str::FromStr;

use serde::Serialize;

use super::Cursor;

/// How many items one page of a list holds: 1 to 100, 20 unless asked otherwise (S19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u8);

/// The text is no such number.
#[derive(Debug, thiserror::Error)]
#[error("ask for 1 to 100 items")]
pub struct BadLimit;

impl Limit {
    /// The most that one page holds.
    pub const MOST: Self = Self(100);

    /// How many.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }

    /// One more than asked, which shows whether the list goes on.
    pub fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl FromStr for Limit {
    type Err = BadLimit;

    fn from_str(text: &str) -> Result<Self, BadLimit> {
        match text.parse::<u8>() {
            Ok(number @ 1..=100) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(number)),
            _ => Err(BadLimit),
        }
    }
}

/// One page of a list, as the API answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Ask again with `after=` this for what comes next; `null` at the end.
    #[schema(value_type = Option<String>)]
    pub next: Option<Cursor>,
}

impl<T> Listed<T> {
    /// A page from `rows`, read with [`Limit::and_one`]: the row too many becomes the cursor of the last one shown.
    pub fn cut<P: Serialize>(mut rows: Vec<T>, limit: Limit, place: impl Fn(&T) -> P) -> Self {
        let goes_on = rows.len() > limit.get();
        rows.truncate(limit.get());
        let next = rows
            .last()
            .filter(|_| goes_on)
            .map(|last| Cursor::at(&place(last)));
        Self { items: rows, next }
    }

    /// The same page with every item turned into another type.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            items: self.items.into_iter().map(turn).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_1_to_100() {
        assert_eq!("1".parse::<Limit>().unwrap().get(), 1);
        assert_eq!("100".parse::<Limit>().unwrap(), Limit::MOST);
        for text in ["", "0", "101", "-1", "+5", "1e1", "99999999999"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_row_too_many_makes_a_cursor_and_is_not_shown() {
        let limit: Limit = "2".parse().unwrap();
        let page = Listed::cut(vec![1, 2, 3], limit, |n| *n);
        assert_eq!(page.items, [1, 2]);
        let place: i32 = Cursor::parse(page.next.unwrap().as_str()).unwrap();
        assert_eq!(place, 2);
        assert!(Listed::cut(vec![1, 2], limit, |n| *n).next.is_none());
    }
}
