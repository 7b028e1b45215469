//! The form of an own milestone: from what was typed to a [`Promise`], and back to the form with what to mend.

use serde::Deserialize;

use super::model::MilestoneId;
use super::ops::Promise;
use crate::error::FieldError;
use crate::kernel::{Currency, Line, Money};
use crate::pages::PageId;

/// Characters of a promise at most.
const WORDS_MOST: usize = 160;
/// The largest amount that can be promised for, in whole units.
const AMOUNT_MOST: i64 = 10_000_000;

/// The fields as text: what does not fit is shown again, not refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub amount: String,
    pub words: String,
    /// What is to be done with a milestone that is there: `change`, `keep` or `remove`.
    pub act: String,
}

impl Typed {
    /// What was typed, as a promise; or every field to mend.
    pub(super) fn promise(
        &self,
        id: MilestoneId,
        page: PageId,
        currency: Currency,
    ) -> Result<Promise, Vec<FieldError>> {
        let amount = Money::parse_typed(&self.amount, currency)
            .map_err(|error| error.to_string())
            .and_then(|amount| {
                let most = Money::new(AMOUNT_MOST * currency.scale(), currency);
                match amount.minor() {
                    minor if minor < 1 => Err("name an amount above nothing".to_owned()),
                    minor if minor > most.minor() => Err(format!("name at most {most}")),
                    _ => Ok(amount),
                }
            });
        match (amount, Line::parse(self.sentence(), WORDS_MOST)) {
            (Ok(amount), Ok(words)) => Ok(Promise {
                id,
                page,
                amount,
                words,
            }),
            (amount, words) => {
                let amount = amount.err().map(|why| FieldError::new("amount", why));
                let words = words
                    .err()
                    .map(|why| FieldError::new("words", why.to_string()));
                Err(amount.into_iter().chain(words).collect())
            }
        }
    }

    /// The promise without the "I will" that the page says itself.
    fn sentence(&self) -> &str {
        let text = self.words.trim();
        match text.get(..7) {
            Some(start) if start.eq_ignore_ascii_case("i will ") => text.get(7..).unwrap_or(text),
            _ => text,
        }
    }
}
