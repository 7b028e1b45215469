//! The screen's words: a built-in list, and what staff changed of it.
//!
//! Staff edit them in the console, not in a file: those who meet the words are editors, and they have no shell on the
//! server. Only the difference to the built-in list is kept, so a newer program's new words come, and theirs stay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use diesel::prelude::*;

use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::harm_words;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Timestamp};

crate::words! {
    /// What a list of words is about.
    pub enum WordList {
        /// Places.
        Place = "place",
        /// Dates.
        Date = "date",
        /// People under age.
        Minor = "minor",
        /// Court cases.
        Court = "court",
        /// What was done to somebody.
        Graphic = "graphic",
        /// The helper as the hero.
        Saviour = "saviour",
        /// No names, though with a capital letter.
        NoName = "no_name",
    }
}

impl WordList {
    /// What the list is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Place => "Places",
            Self::Date => "Dates",
            Self::Minor => "People under age",
            Self::Court => "Open cases",
            Self::Graphic => "Graphic wording",
            Self::Saviour => "Saviour wording",
            Self::NoName => "Nobody’s name, though with a capital letter",
        }
    }
}

type Lists = BTreeMap<WordList, BTreeSet<String>>;

/// The built-in file; a test reads it.
const FILE: &str = include_str!("../../../config/harm_words.toml");

static BUILT_IN: LazyLock<Lists> = LazyLock::new(|| built_in().unwrap_or_default());

pub(super) fn built_in() -> AppResult<Lists> {
    let file = config::File::from_str(FILE, config::FileFormat::Toml);
    let read = config::Config::builder()
        .add_source(file)
        .build()
        .and_then(config::Config::try_deserialize::<BTreeMap<String, BTreeSet<String>>>)
        .map_err(AppError::internal)?;
    read.into_iter()
        .map(|(name, words)| {
            let list: WordList = name.parse().map_err(AppError::internal)?;
            Ok((list, words))
        })
        .collect()
}

/// Characters of a word or phrase at most.
const MOST: usize = 60;
/// Words that one list holds at most.
const MOST_WORDS: usize = 1_000;

/// The words in force.
#[derive(Debug, Clone)]
pub struct Words(Lists);

impl Words {
    /// The built-in words alone.
    pub fn built_in() -> Self {
        Self(BUILT_IN.clone())
    }

    /// The words in force.
    ///
    /// # Errors
    /// The database's.
    pub fn load(conn: &mut Conn) -> AppResult<Self> {
        let query =
            harm_words::table.select((harm_words::list, harm_words::word, harm_words::is_on));
        let changes: Vec<(WordList, String, bool)> = each!(conn, c => query.load(c))?;
        let mut lists = BUILT_IN.clone();
        for (list, word, is_on) in changes {
            let words = lists.entry(list).or_default();
            if is_on {
                words.insert(word);
            } else {
                words.remove(&word);
            }
        }
        Ok(Self(lists))
    }

    /// The words of a list, by the alphabet.
    pub fn of(&self, list: WordList) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.0.get(&list).unwrap_or(&NONE)
    }

    pub(super) fn holds(&self, list: WordList, word: &str) -> bool {
        self.of(list).contains(word)
    }
}

/// Parses the words of one list, one a line, without regard to case.
///
/// # Errors
/// 422 of the list's name.
pub fn parse(list: WordList, text: &str) -> AppResult<BTreeSet<String>> {
    let wrong = |error: &dyn std::fmt::Display| AppError::field(list.as_str(), error);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let words: BTreeSet<String> = lines
        .map(|line| Line::parse(line, MOST).map(|line| line.as_str().to_lowercase()))
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&format!("one of the words: {error}")))?;
    if words.len() > MOST_WORDS {
        return Err(wrong(&format!("keep to {MOST_WORDS} words")));
    }
    Ok(words)
}

/// Sets the words of a list, and puts on record how many came and went.
///
/// # Errors
/// The database's.
pub fn set(
    conn: &mut Conn,
    list: WordList,
    wanted: &BTreeSet<String>,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let current = Words::load(conn)?;
    let (added, removed) = (
        wanted.difference(current.of(list)).count(),
        current.of(list).difference(wanted).count(),
    );
    if added + removed == 0 {
        return Ok(());
    }
    let none = BTreeSet::new();
    let base = BUILT_IN.get(&list).unwrap_or(&none);
    let row = |word: &String, is_on: bool| {
        (
            harm_words::list.eq(list),
            harm_words::word.eq(word.clone()),
            harm_words::is_on.eq(is_on),
            harm_words::changed_by.eq(by),
            harm_words::changed_at.eq(now),
        )
    };
    let ours = wanted.difference(base).map(|word| row(word, true));
    let without = base.difference(wanted).map(|word| row(word, false));
    let rows: Vec<_> = ours.chain(without).collect();
    let old = harm_words::table.filter(harm_words::list.eq(list));
    each!(conn, c => diesel::delete(old).execute(c))?;
    for some in rows.chunks(500) {
        each!(conn, c => diesel::insert_into(harm_words::table).values(some.to_vec()).execute(c))?;
    }
    let said = format!("{added} added, {removed} taken out");
    let deed = Deed::new(by, "harm_words.edit", ("harm_words", list.to_string())).saying(said);
    audit::record(conn, &deed, now)
}
