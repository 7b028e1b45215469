//! Marks: words that stand for fields and conditions while a text becomes HTML, and that no text can contain by itself.

use super::merge::{Fault, Item, lex};

/// The words that stand for items while a text becomes HTML.
#[derive(Debug, Clone)]
pub struct Marks {
    key: String,
    all: Vec<(usize, Item)>,
}

/// How the mark of an address begins and ends, so that Markdown and the sanitiser take it for one.
const AS_URL: (&str, &str) = ("https://", ".invalid");

impl Marks {
    /// Marks that none of `texts` contains.
    pub fn absent_from(texts: &[&str]) -> Self {
        let fits = |key: &String| texts.iter().all(|text| !text.contains(key.as_str()));
        let key = (0_u64..).map(|n| format!("mg{n}x")).find(fits);
        Self {
            key: key.unwrap_or_default(),
            all: Vec::new(),
        }
    }

    /// The beginning of every mark: no text contains it.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The word that stands for `item`.
    pub fn mark(&mut self, line: usize, item: Item) -> String {
        let number = self.all.len();
        let is_url = matches!(&item, Item::Field { field, .. } if field.is_url());
        self.all.push((line, item));
        let key = &self.key;
        if is_url {
            format!("{}{key}{number}y{}", AS_URL.0, AS_URL.1)
        } else {
            format!("{key}{number}y")
        }
    }

    /// `source` with a mark for each item.
    ///
    /// # Errors
    /// Those of [`lex`].
    pub fn weave(&mut self, source: &str) -> Result<String, Fault> {
        let mut woven = String::with_capacity(source.len());
        for (line, item) in lex(source)? {
            match item {
                Item::Text(text) => woven.push_str(&text),
                other => woven.push_str(&self.mark(line, other)),
            }
        }
        Ok(woven)
    }

    /// A text with marks as items again, each with its line; texts have line 0.
    pub fn split(&self, text: &str) -> Vec<(usize, Item)> {
        let mut items = Vec::new();
        let mut kept = String::new();
        let mut rest = text;
        while let Some((before, number, after)) = self.next(rest) {
            kept.push_str(before);
            let found = number.and_then(|number| self.all.get(number));
            let Some((line, item)) = found else {
                // Not one of ours: no text contains the key, so this is a key that something cut.
                rest = after;
                continue;
            };
            rest = after;
            if matches!(item, Item::Field { field, .. } if field.is_url()) {
                if kept.ends_with(AS_URL.0) {
                    kept.truncate(kept.len() - AS_URL.0.len());
                }
                rest = rest.strip_prefix(AS_URL.1).unwrap_or(rest);
            }
            if !kept.is_empty() {
                items.push((0, Item::Text(std::mem::take(&mut kept))));
            }
            items.push((*line, item.clone()));
        }
        kept.push_str(rest);
        if !kept.is_empty() {
            items.push((0, Item::Text(kept)));
        }
        items
    }

    /// What stands before the next mark, its number, and what stands after it.
    fn next<'a>(&self, text: &'a str) -> Option<(&'a str, Option<usize>, &'a str)> {
        let (before, after) = text.split_once(self.key.as_str())?;
        let (digits, rest) = after.split_once('y')?;
        match digits.parse() {
            Ok(number) if digits.len() < 7 => Some((before, Some(number), rest)),
            _ => Some((before, None, after)),
        }
    }
}
