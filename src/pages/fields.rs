//! From what people type into the forms of pages to what pages are made of, with words that say what to mend.

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::kernel::line::BadText;
use crate::kernel::{Currency, Line, Money, Slug};
use crate::web::markdown::Story;

/// Characters of a page's title at most.
pub const TITLE_MOST: usize = 120;

/// Characters of a participant's name at most.
pub const PARTICIPANT_MOST: usize = 80;

/// The largest goal, in whole units of a currency.
const GOAL_MOST: i64 = 100_000_000;

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
    if (0..=GOAL_MOST.saturating_mul(goal.currency().scale())).contains(&goal.minor()) {
        Ok(goal)
    } else {
        Err(FieldError::new(
            "goal",
            "name a goal between nothing and a hundred million",
        ))
    }
}

/// That a goal is one of the campaign's currency.
pub(super) fn in_currency(goal: Money, currency: Currency) -> Result<Money, FieldError> {
    if goal.currency() == currency {
        bounded(goal)
    } else {
        Err(FieldError::new(
            "goal",
            format!("name a goal in {currency}"),
        ))
    }
}

pub(super) fn slug(text: &str) -> Result<Slug, FieldError> {
    text.trim()
        .parse()
        .map_err(|bad| FieldError::new("slug", bad))
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
