//! What was wrong with a form, as its template wants it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::FieldError;

/// One line of the summary over a form.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    /// The id of the field that it leads to.
    field: String,
    message: String,
}

/// The faults of a form: over it in their order, and each beside its field.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Faults {
    lines: Vec<Line>,
    /// Every field of the form, `null` where nothing is wrong; `form` takes what concerns no field.
    of: BTreeMap<&'static str, Option<String>>,
}

impl Faults {
    /// `faults` of a form with these fields.
    pub(super) fn new(fields: &[&'static str], faults: &[FieldError]) -> Self {
        let mut of: BTreeMap<&'static str, Option<String>> =
            fields.iter().map(|field| (*field, None)).collect();
        of.insert("form", None);
        let mut lines = Vec::new();
        for fault in faults {
            let message = sentence(&fault.message);
            let known = fields.iter().find(|field| **field == fault.field);
            let field = known.copied().unwrap_or("form");
            of.entry(field)
                .or_default()
                .get_or_insert_with(|| message.clone());
            lines.push(Line {
                field: field.to_owned(),
                message,
            });
        }
        Self { lines, of }
    }
}

/// A message of the rules as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut out: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    out.push_str(letters.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}
