//! Cursors: where a list goes on, opaque to whoever holds one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The place after the last item of a page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// The text is not a cursor that this list gave out.
#[derive(Debug, thiserror::Error)]
#[error("not a cursor that this list gave out")]
pub struct BadCursor;

impl Cursor {
    /// A cursor that carries `place` (the sort key of the last item given).
    pub fn at(place: &impl Serialize) -> Self {
        let json = serde_json::to_vec(place).unwrap_or_default();
        Self(URL_SAFE_NO_PAD.encode(json))
    }

    /// The place that a cursor's text carries.
    ///
    /// # Errors
    /// [`BadCursor`] when the text was not made by [`Cursor::at`] for such a place.
    pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, BadCursor> {
        if text.len() > 1024 {
            return Err(BadCursor);
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        serde_json::from_slice(&json).map_err(|_| BadCursor)
    }

    /// The opaque text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_gives_back_its_place(number in any::<i64>(), text in ".{0,40}") {
            let cursor = Cursor::at(&(number, text.clone()));
            let place: (i64, String) = Cursor::parse(cursor.as_str()).unwrap();
            prop_assert_eq!(place, (number, text));
        }

        #[test]
        fn nonsense_is_refused(text in "\\PC{0,60}") {
            let parsed: Result<(i64, String), _> = Cursor::parse(&text);
            prop_assert!(parsed.is_err());
        }
    }
}
