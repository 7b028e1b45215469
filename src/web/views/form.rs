//! Fields of a form as templates show them: label, what was typed, what to mend, and what screen readers are pointed at.

use serde::Serialize;

use crate::error::FieldError;

/// A field to type into: `partials/field`.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// Its id and name.
    pub id: &'static str,
    /// What it asks for.
    pub label: String,
    /// More about it, under the label.
    pub hint: Option<String>,
    /// What was typed.
    pub value: String,
    /// How to mend it.
    pub error: Option<String>,
    /// The ids that describe it, for `aria-describedby`.
    pub described_by: Option<String>,
    /// `text`, `email`, `password`; of no weight with `rows`.
    pub kind: &'static str,
    /// Lines of a text area; `None` for one line.
    pub rows: Option<u8>,
    /// Characters at most.
    pub most: usize,
    /// The word of HTML's `autocomplete`.
    pub autocomplete: &'static str,
    /// The word of HTML's `inputmode`.
    pub inputmode: &'static str,
}

impl Field {
    /// A line of text of at most `most` characters.
    pub fn line(id: &'static str, label: &str, most: usize, value: &str) -> Self {
        Self {
            id,
            label: label.to_owned(),
            hint: None,
            value: value.to_owned(),
            error: None,
            described_by: None,
            kind: "text",
            rows: None,
            most,
            autocomplete: "off",
            inputmode: "text",
        }
    }

    /// A text of several lines, at most `most` characters.
    pub fn text(id: &'static str, label: &str, (rows, most): (u8, usize), value: &str) -> Self {
        Self {
            rows: Some(rows),
            ..Self::line(id, label, most, value)
        }
    }

    /// A sum of money as people type it.
    pub fn sum(id: &'static str, label: &str, value: &str) -> Self {
        Self {
            inputmode: "decimal",
            ..Self::line(id, label, 16, value)
        }
    }

    /// Of another kind: `email`, `password`.
    #[must_use]
    pub fn kind(mut self, kind: &'static str, autocomplete: &'static str) -> Self {
        self.kind = kind;
        self.autocomplete = autocomplete;
        self
    }

    /// With more words about it.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self.describe()
    }

    /// With what must be mended, when one of `faults` is of this field.
    #[must_use]
    pub fn mend(mut self, faults: &[FieldError]) -> Self {
        self.error = fault(faults, self.id);
        self.describe()
    }

    fn describe(mut self) -> Self {
        let hint = self.hint.is_some().then(|| format!("{}-hint", self.id));
        let error = self.error.is_some().then(|| format!("{}-error", self.id));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        self.described_by = (!ids.is_empty()).then(|| ids.join(" "));
        self
    }
}

/// One of several things to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// What it means.
    pub hint: Option<String>,
    /// Whether it is the one.
    pub chosen: bool,
}

impl Choice {
    /// A choice that is the one when its value is `chosen`.
    pub fn new(value: &str, label: &str, chosen: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: label.to_owned(),
            hint: None,
            chosen: value == chosen,
        }
    }

    /// With what it means.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}

/// A field to choose in: `partials/select` for few words, `partials/radios` where each needs explaining.
#[derive(Clone, Debug, Serialize)]
pub struct Choices {
    /// Its id and name.
    pub id: &'static str,
    /// What it asks for.
    pub label: String,
    /// How to mend it.
    pub error: Option<String>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

impl Choices {
    /// A choice of `choices`, with what must be mended.
    pub fn new(id: &'static str, label: &str, choices: Vec<Choice>, faults: &[FieldError]) -> Self {
        Self {
            id,
            label: label.to_owned(),
            error: fault(faults, id),
            choices,
        }
    }
}

/// What must be mended about the field `id`.
pub fn fault(faults: &[FieldError], id: &str) -> Option<String> {
    let found = faults.iter().find(|fault| fault.field == id);
    found.map(|fault| fault.message.clone())
}
