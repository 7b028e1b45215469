//! Reading a sentence: its words, and the shapes of ages, dates, places and names.

use super::words::{WordList, Words};

/// A passage is shown up to so many characters.
const SHOWN: usize = 240;

/// Numbers that ages are written with.
const NUMBERS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// What stands before the name of a place.
const BEFORE_PLACES: [&str; 7] = ["in", "at", "from", "near", "to", "outside", "around"];

/// A sentence and its words.
pub(super) struct Sentence {
    /// As it is shown.
    pub(super) text: String,
    /// Small letters, signs turned into single blanks, with a blank at either end.
    plain: String,
    /// As written, without the signs around them.
    tokens: Vec<String>,
}

/// The sentences of a paragraph, Markdown's signs taken out.
pub(super) fn sentences(paragraph: &str) -> Vec<Sentence> {
    let text: String = paragraph
        .chars()
        .filter(|c| !matches!(c, '*' | '_' | '`' | '#' | '>'))
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    let mut all = Vec::new();
    let mut begin = 0;
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let ends = matches!(sign, '.' | '!' | '?' | '।' | '؟' | '。');
        let is_last = signs.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends && is_last {
            let end = at + sign.len_utf8();
            all.extend(text.get(begin..end).and_then(Sentence::of));
            begin = end;
        }
    }
    all.extend(text.get(begin..).and_then(Sentence::of));
    all
}

impl Sentence {
    fn of(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let tokens: Vec<String> = text
            .split(' ')
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        if tokens.is_empty() {
            return None;
        }
        let plain: String = text
            .to_lowercase()
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || c == '-' {
                    c
                } else {
                    ' '
                }
            })
            .collect();
        let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Self {
            text: match text.char_indices().nth(SHOWN) {
                Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
                None => text,
            },
            plain: format!(" {plain} "),
            tokens,
        })
    }

    fn has(&self, word: &str) -> bool {
        // The apostrophe of a possessive is a blank here: "girl's" is "girl s".
        self.plain.contains(&format!(" {word} ")) || self.plain.contains(&format!(" {word}s "))
    }

    /// Whether one of these words, or a plural of it, stands here.
    pub(super) fn has_any<'a>(&self, words: impl IntoIterator<Item = &'a String>) -> bool {
        words.into_iter().any(|word| self.has(word))
    }

    /// An age that is told here; the youngest, if there are several.
    pub(super) fn age(&self) -> Option<u32> {
        let words: Vec<&str> = self.plain.split_whitespace().collect();
        let at = |place: usize| words.get(place).copied().unwrap_or_default();
        let before = |place: usize, back: usize| place.checked_sub(back).map_or("", at);
        let mut ages = Vec::new();
        for (place, word) in words.iter().enumerate() {
            if let Some((number, _)) = word
                .split_once("-year-old")
                .or_else(|| word.split_once("-years-old"))
            {
                ages.extend(number_of(number));
                continue;
            }
            let Some(number) = number_of(word) else {
                continue;
            };
            let told_after = matches!(at(place + 1), "year" | "years") && at(place + 2) == "old";
            let told_after = told_after || at(place + 1) == "year-old";
            let told_before = matches!(before(place, 1), "aged" | "age" | "turned")
                || (before(place, 1) == "of" && before(place, 2) == "age")
                || (matches!(before(place, 1), "was" | "am" | "is")
                    && matches!(before(place, 2), "she" | "he" | "i" | "they" | "who")
                    && matches!(at(place + 1), "" | "when" | "and" | "then" | "years"));
            if told_after || told_before {
                ages.push(number);
            }
        }
        ages.into_iter().filter(|age| *age < 120).min()
    }

    /// Whether a day, a month or a year is told here.
    pub(super) fn has_date(&self, words: &Words) -> bool {
        self.tokens.iter().any(|token| {
            let is_year = token.len() == 4
                && (token.starts_with("19") || token.starts_with("20"))
                && token.bytes().all(|b| b.is_ascii_digit());
            let is_day = token.len() >= 6
                && token
                    .chars()
                    .filter(|c| matches!(c, '/' | '.' | '-'))
                    .count()
                    == 2
                && token
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '/' | '.' | '-'));
            // "may" and "march" are dates with a capital letter only.
            let is_named =
                begins_large(token) && words.holds(WordList::Date, &token.to_lowercase());
            is_year || is_day || is_named
        }) || words
            .of(WordList::Date)
            .iter()
            .any(|word| word.contains(' ') && self.has(word))
    }

    /// Whether a place is told here.
    pub(super) fn has_place(&self, words: &Words) -> bool {
        self.has_any(words.of(WordList::Place))
            || self
                .tokens
                .windows(2)
                .any(|pair| matches!(pair, [before, name] if is_before_place(before) && is_name(words, name)))
    }

    /// Something that looks like a name of a person: a capital letter within the sentence, not after "in" or "from".
    pub(super) fn name(&self, words: &Words) -> Option<&str> {
        self.tokens.windows(2).find_map(|pair| match pair {
            [before, name] if !is_before_place(before) && is_name(words, name) => {
                Some(name.as_str())
            }
            _ => None,
        })
    }
}

fn is_before_place(word: &str) -> bool {
    BEFORE_PLACES.contains(&word.to_lowercase().as_str())
}

fn begins_large(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

fn is_name(words: &Words, word: &str) -> bool {
    let small = word.to_lowercase();
    let small = small.trim_end_matches("'s").trim_end_matches("’s");
    begins_large(word)
        && !words.holds(WordList::NoName, small)
        && !words.holds(WordList::Date, small)
}

fn number_of(word: &str) -> Option<u32> {
    if let Ok(number) = word.parse::<u32>() {
        return Some(number).filter(|number| *number > 0);
    }
    let place = NUMBERS.iter().position(|number| *number == word)?;
    u32::try_from(place).ok()
}
