//! What a reader chooses in the preference centre.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::model::{SubscriberId, SubscriptionState, all_lists, all_topics, standings};
use super::proofs::Said;
use super::topics;
use super::{counted, ops};
use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Line, Timestamp, Zone};
use crate::web::typed::Typed;

/// What a tick in the preference centre says; kept with the proof.
pub const PREFERENCES_WORDING: &str =
    "[2026-11] Ticked in the preference centre: this list, until it is unticked or left.";

/// The languages to choose from: what is sent, what it says.
pub const LANGUAGES: &[(&str, &str)] = &[
    ("", "not known"),
    ("en", "English"),
    ("es", "Español"),
    ("bn", "বাংলা"),
    ("hi", "हिन्दी"),
    ("fr", "Français"),
    ("de", "Deutsch"),
];

/// The whole form: what is not ticked is off.
#[derive(Debug, Clone)]
pub struct Choices {
    name: String,
    language: String,
    time_zone: Option<String>,
    lists: BTreeSet<String>,
    topics: BTreeSet<String>,
    counted: bool,
}

impl Choices {
    /// Reads the form.
    ///
    /// # Errors
    /// [`AppError::Invalid`], by field.
    pub fn parse(typed: &Typed) -> AppResult<Self> {
        let mut faults = Vec::new();
        let name = match typed.text("name").trim() {
            "" => Ok(String::new()),
            text => Line::parse(text, super::joining::NAME_MOST).map(Line::into_string),
        };
        let name = name.unwrap_or_else(|bad| {
            faults.push(FieldError::new("name", bad));
            String::new()
        });
        let language = typed.text("language").trim().to_owned();
        if !is_language(&language) {
            faults.push(FieldError::new("language", "choose a language of the list"));
        }
        let zone = match typed.text("time_zone").trim() {
            "" => Ok(None),
            text => text.parse::<Zone>().map(|zone| Some(zone.to_string())),
        };
        let time_zone = zone.unwrap_or_else(|bad| {
            faults.push(FieldError::new("time_zone", bad));
            None
        });
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        let set = |name| typed.all(name).map(str::to_owned).collect();
        Ok(Self {
            name,
            language,
            time_zone,
            lists: set("list"),
            topics: set("topic"),
            counted: typed.ticked("counted"),
        })
    }
}

/// Whether a text is a language tag in form (BCP 47), or nothing.
pub fn is_language(text: &str) -> bool {
    let fits = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    text.is_empty()
        || (text.len() <= 35
            && text.split('-').all(fits)
            && text.split('-').next().is_some_and(|first| {
                (2..=3).contains(&first.len()) && !first.bytes().any(|b| b.is_ascii_digit())
            }))
}

/// Does what the form says: settings, lists joined and left, topics on and off. A list that is not public can be left here,
/// never joined.
///
/// # Errors
/// The database's.
pub fn keep(
    conn: &mut Conn,
    reader: SubscriberId,
    choices: &Choices,
    said: &Said,
    now: Timestamp,
) -> AppResult<()> {
    each!(conn, c => diesel::update(subscribers::table.find(reader))
        .set((
            subscribers::name.eq(&choices.name),
            subscribers::language.eq(&choices.language),
            subscribers::time_zone.eq(choices.time_zone.as_deref()),
        ))
        .execute(c))?;
    counted::keep(conn, reader, choices.counted, said, now)?;
    let own = standings(conn, reader)?;
    for list in all_lists(conn, false)? {
        let is_on = own
            .iter()
            .any(|one| one.list.id == list.id && one.state == SubscriptionState::Confirmed);
        let wants = choices.lists.contains(list.slug.as_str());
        if is_on && !wants {
            ops::leave_list(conn, reader, list.id, said, now)?;
        } else if wants && !is_on && list.is_public {
            let said = said.clone().in_words(PREFERENCES_WORDING);
            ops::agree(conn, reader, list.id, &said, now)?;
        }
    }
    for topic in all_topics(conn, false)? {
        if choices.topics.contains(&topic.slug) {
            topics::switch_on(conn, reader, &topic.slug)?;
        } else {
            topics::switch_off(conn, reader, &topic.slug, now)?;
        }
    }
    Ok(())
}
