//! Pieces filled with one reader's values.

use std::collections::BTreeSet;

use super::fields::{Field, Values};
use super::impact::Impact;
use super::merge::{Cond, Piece};
use super::prepare::Compiled;
use super::render::{MailLinks, OUTPUT_MOST};
use super::shape::escaped;
use crate::mail::templates::SUBJECT_MOST;

/// What pieces are filled with.
pub(super) struct Filling<'a> {
    pub(super) values: &'a Values,
    pub(super) impact: &'a Impact,
    pub(super) withheld: &'a BTreeSet<usize>,
    pub(super) links: Option<&'a MailLinks>,
    pub(super) is_public: bool,
    pub(super) compiled: &'a Compiled,
}

impl Filling<'_> {
    fn value(&self, field: Field) -> Option<&str> {
        match (field, self.links) {
            (Field::UnsubscribeUrl, Some(links)) => Some(&links.unsubscribe),
            (Field::PreferencesUrl, Some(links)) => Some(&links.preferences),
            _ => self.values.get(field),
        }
    }

    fn holds(&self, cond: Cond) -> bool {
        match cond {
            Cond::Has(field) => self.value(field).is_some(),
            Cond::Shown(block) => !self.withheld.contains(&block),
            Cond::Mail => self.links.is_some(),
            Cond::Public => self.is_public,
        }
    }

    pub(super) fn html(&self, pieces: &[Piece], out: &mut String) -> Result<(), String> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field { field, default } => {
                    let value = self.value(*field).or(default.as_deref());
                    out.push_str(&escaped(value.unwrap_or_default()));
                }
                Piece::Link(number) => self.link(*number, out),
                Piece::Impact(block) => {
                    out.push_str(&self.impact.html(self.compiled.nothing(*block)));
                }
                Piece::If {
                    cond,
                    then,
                    otherwise,
                } => self.html(if self.holds(*cond) { then } else { otherwise }, out)?,
            }
            if out.len() > OUTPUT_MOST {
                return Err("the mail would be larger than 1 MiB".into());
            }
        }
        Ok(())
    }

    fn link(&self, number: usize, out: &mut String) {
        match self.links.and_then(|links| links.click.as_deref()) {
            Some(click) => {
                out.push_str(&escaped(click));
                out.push('/');
                out.push_str(&number.to_string());
            }
            None => out.push_str(self.compiled.escaped_link(number)),
        }
    }

    pub(super) fn text(&self, pieces: &[Piece], out: &mut String) -> Result<(), String> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field {
                    field: Field::YourImpact,
                    ..
                } => out.push_str(&self.impact.text(self.compiled.nothing(usize::MAX))),
                Piece::Field { field, default } => {
                    out.push_str(
                        self.value(*field)
                            .or(default.as_deref())
                            .unwrap_or_default(),
                    );
                }
                Piece::Link(_) => {}
                Piece::Impact(block) => {
                    out.push_str(&self.impact.text(self.compiled.nothing(*block)));
                }
                Piece::If {
                    cond,
                    then,
                    otherwise,
                } => self.text(if self.holds(*cond) { then } else { otherwise }, out)?,
            }
            if out.len() > OUTPUT_MOST {
                return Err("the mail would be larger than 1 MiB".into());
            }
        }
        Ok(())
    }
}

/// At most [`SUBJECT_MOST`] characters, an ellipsis where something was cut; single blanks.
pub(super) fn shortened(subject: &str) -> String {
    let words: Vec<&str> = subject.split_whitespace().collect();
    let subject = words.join(" ");
    if subject.chars().count() <= SUBJECT_MOST {
        return subject;
    }
    let kept: String = subject.chars().take(SUBJECT_MOST - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Longest line of the text part in characters; longer ones are broken at a blank where there is one.
const TEXT_LINE: usize = 400;

/// No blank at a line's end and never two empty lines together, whichever conditions were left out.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut was_empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            if !was_empty {
                out.push('\n');
            }
            was_empty = true;
            continue;
        }
        was_empty = false;
        let mut length = 0;
        for word in line.split(' ') {
            let size = word.chars().count();
            if length > 0 && length + size > TEXT_LINE {
                out.push('\n');
                length = 0;
            } else if length > 0 {
                out.push(' ');
            }
            out.push_str(word);
            length += size + 1;
        }
        out.push('\n');
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    out.push('\n');
    out
}
