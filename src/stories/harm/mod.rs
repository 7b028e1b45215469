//! The editor's harm screen: what in a story could lead somebody to a person, or make one small (S17).
//!
//! It reads, and never decides: each find names the passage, says why it matters and what to do, and asks the editor for an
//! answer in words. A story is not submitted while a find is unanswered; the answer is in the record. It errs on the side of
//! asking, and knows words of the lists ([`words`]) and the shapes of ages, dates and names.

mod read;
pub mod words;

#[cfg(test)]
mod tests;

use self::read::{Sentence, sentences};
use self::words::{WordList, Words};
use crate::kernel::secret::sha256_hex;

crate::words! {
    /// What the screen looks for.
    pub enum Rule {
        /// A place, an age and a date in one paragraph.
        Locates = "locates",
        /// A place, an age and a date, apart from each other.
        LocatesAcross = "locates_across",
        /// An age under 18.
        MinorAge = "minor_age",
        /// A name beside a word for somebody under age.
        MinorNamed = "minor_named",
        /// A case that may be open.
        OpenCase = "open_case",
        /// What was done to somebody, shown.
        Graphic = "graphic",
        /// The helper as the hero.
        Saviour = "saviour",
    }
}

impl Rule {
    /// What was found, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Locates => "Place, age and date together",
            Self::LocatesAcross => "Place, age and date in one story",
            Self::MinorAge => "Somebody under 18",
            Self::MinorNamed => "A name beside a child",
            Self::OpenCase => "A case that may be open",
            Self::Graphic => "Graphic wording",
            Self::Saviour => "Saviour wording",
        }
    }

    /// Why it matters.
    pub fn why(self) -> &'static str {
        match self {
            Self::Locates | Self::LocatesAcross => {
                "Whoever looks for a person finds her by these three together, even under another name."
            }
            Self::MinorAge => {
                "A child can be found and shamed by a story for the rest of a life, and could not agree to it alone."
            }
            Self::MinorNamed => {
                "A child must not be known by name, nor by the name of a school or a family."
            }
            Self::OpenCase => {
                "A published account can be used against a witness in court, and tells the accused who speaks."
            }
            Self::Graphic => {
                "It shows what was done to somebody instead of who somebody is, and can wound readers who lived through it."
            }
            Self::Saviour => {
                "It makes the helper the hero and the survivor a thing that things are done to."
            }
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Locates | Self::LocatesAcross => {
                "Leave one of the three away: name the region instead of the place, “some years ago” instead of the date."
            }
            Self::MinorAge => "Leave the age away, or say “when she was young”.",
            Self::MinorNamed => "Leave the name away; say in the answer if it names no child.",
            Self::OpenCase => {
                "Ask the partner whether the case is closed; if it is not, leave it away. Say in the answer what they said."
            }
            Self::Graphic => "Say that it was violence, and go on with what she did and does.",
            Self::Saviour => {
                "Let her do what the sentence tells: she left, she decided, she studies."
            }
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// By which rule.
    pub rule: Rule,
    /// In which part of the story.
    pub part: &'static str,
    /// The passage.
    pub passage: String,
}

impl Warning {
    /// What an answer belongs to: the same passage under the same rule, wherever it stands.
    pub fn key(&self) -> String {
        let mut key = sha256_hex(format!("{}\n{}", self.rule, self.passage));
        key.truncate(32);
        key
    }
}

/// A part of a story: what it is called, and its text.
pub type Part<'a> = (&'static str, &'a str);

/// Reads every part; what is found is in the order of the story, each passage once a rule.
pub fn screen(words: &Words, parts: &[Part<'_>]) -> Vec<Warning> {
    let mut found: Vec<Warning> = Vec::new();
    let mut add = |rule: Rule, part: &'static str, passage: &str| {
        let warning = Warning {
            rule,
            part,
            passage: passage.to_owned(),
        };
        let known = |one: &Warning| one.rule == rule && one.passage == warning.passage;
        if !found.iter().any(known) {
            found.push(warning);
        }
    };
    let mut whole = Traces::default();
    let mut located = false;
    for (part, text) in parts {
        for paragraph in text.split("\n\n") {
            let mut here = Traces::default();
            for sentence in sentences(paragraph) {
                sentence_rules(words, &sentence, |rule| add(rule, part, &sentence.text));
                here.read(words, &sentence);
            }
            if let Some(passage) = here.all() {
                add(Rule::Locates, part, &passage);
                located = true;
            }
            whole.join(here);
        }
    }
    if let Some(passage) = whole.all().filter(|_| !located) {
        add(Rule::LocatesAcross, "The whole story", &passage);
    }
    found
}

fn sentence_rules(words: &Words, sentence: &Sentence, mut add: impl FnMut(Rule)) {
    let age = sentence.age();
    if age.is_some_and(|age| age < 18) {
        add(Rule::MinorAge);
    }
    if sentence.has_any(words.of(WordList::Minor)) && sentence.name(words).is_some() {
        add(Rule::MinorNamed);
    }
    for (list, rule) in [
        (WordList::Court, Rule::OpenCase),
        (WordList::Graphic, Rule::Graphic),
        (WordList::Saviour, Rule::Saviour),
    ] {
        if sentence.has_any(words.of(list)) {
            add(rule);
        }
    }
}

/// The sentences in which a place, an age and a date stand.
#[derive(Default)]
struct Traces {
    place: Option<String>,
    age: Option<String>,
    date: Option<String>,
}

impl Traces {
    fn read(&mut self, words: &Words, sentence: &Sentence) {
        let here = |is: bool| is.then(|| sentence.text.clone());
        let place = self.place.take();
        self.place = place.or_else(|| here(sentence.has_place(words)));
        let age = self.age.take();
        self.age = age.or_else(|| here(sentence.age().is_some()));
        let date = self.date.take();
        self.date = date.or_else(|| here(sentence.has_date(words)));
    }

    fn join(&mut self, other: Self) {
        self.place = self.place.take().or(other.place);
        self.age = self.age.take().or(other.age);
        self.date = self.date.take().or(other.date);
    }

    /// The sentences, each once, when all three are there.
    fn all(&self) -> Option<String> {
        let (place, age, date) = (
            self.place.as_ref()?,
            self.age.as_ref()?,
            self.date.as_ref()?,
        );
        let mut told = vec![place];
        for one in [age, date] {
            if !told.contains(&one) {
                told.push(one);
            }
        }
        let told: Vec<&str> = told.into_iter().map(String::as_str).collect();
        Some(told.join(" … "))
    }
}
