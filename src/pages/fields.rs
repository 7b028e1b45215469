//! From what people type into the forms of pages to what pages are made of, with words that say what to mend.

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::kernel::line::BadText;
use crate::kernel::shape::{Amount, LineOrNothing, Lines, OneLine};
use crate::kernel::{Currency, Line, Money, Slug};
use crate::media::ALT_MAX;
use crate::web::markdown::Story;

/// Characters of a page's title at most.
pub const TITLE_MOST: usize = 120;

/// Characters of a participant's name at most.
pub const PARTICIPANT_MOST: usize = 80;

/// The largest goal, in whole units of a currency.
const GOAL_MOST: i64 = 100_000_000;

/// The shapes of these fields in the API document; that of a goal has the bound of a currency of two decimals.
pub(super) type TitleText = OneLine<TITLE_MOST>;
/// See [`TitleText`].
pub(super) type NameText = OneLine<PARTICIPANT_MOST>;
/// See [`TitleText`].
pub(super) type StoryText = Lines<0>;
/// See [`TitleText`].
pub(super) type AltText = LineOrNothing<ALT_MAX>;
/// See [`TitleText`].
pub(super) type Goal = Amount<0, { GOAL_MOST * 100 }>;

pub(super) fn title(text: &str) -> Result<Line, FieldError> {
    Line::parse(text, TITLE_MOST).map_err(|bad| FieldError::new("title", bad))
}

pub(super) fn participant(text: &str) -> Result<Line, FieldError> {
    Line::parse(text, PARTICIPANT_MOST).map_err(|bad| match bad {
        BadText::Empty => FieldError::new("participant", "write the name that the page shall show"),
        bad => FieldError::new("participant", bad),
    })
}

pub(super) fn story(text: &str) -> Result<Story, FieldError> {
    Story::parse(text).map_err(|bad| FieldError::new("story", bad))
}

/// A goal as people type it; nothing typed is no goal.
pub(super) fn goal(text: &str, currency: Currency) -> Result<Money, FieldError> {
    if text.trim().is_empty() {
        return Ok(Money::zero(currency));
    }
    let goal = Money::parse_typed(text, currency).map_err(|bad| FieldError::new("goal", bad))?;
    bounded(goal)
}

/// That a goal can be one.
pub(super) fn bounded(goal: Money) -> Result<Money, FieldError> {
    // Where money has no cents a hundred times as many are as much.
    let scale = goal.currency().scale().max(100);
    if (0..=GOAL_MOST.saturating_mul(scale)).contains(&goal.minor()) {
        Ok(goal)
    } else {
        Err(FieldError::new(
            "goal",
            "name a goal between nothing and a hundred million",
        ))
    }
}

pub(super) fn slug(text: &str) -> Result<Slug, FieldError> {
    exact_slug(text.trim())
}

/// A slug as programs send it.
pub(super) fn exact_slug(text: &str) -> Result<Slug, FieldError> {
    text.parse().map_err(|bad| FieldError::new("slug", bad))
}

/// The faults by field, `null` for each of `fields` without one: templates are strict.
pub(super) fn by_field(faults: &[FieldError], fields: &[&str]) -> Value {
    let mut map = Map::new();
    for field in fields {
        let fault = faults.iter().find(|fault| fault.field == *field);
        let message = fault.map_or(Value::Null, |fault| Value::String(fault.message.clone()));
        map.insert((*field).to_owned(), message);
    }
    Value::Object(map)
}
