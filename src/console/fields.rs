//! Forms of many fields: what was typed, and each field as its template draws it.

use serde::{Deserialize, Serialize};

use super::desk::Mend;

/// The fields of a posted form as they came: several may have one name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Typed(Vec<(String, String)>);

impl Typed {
    /// The first value of a field; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field, in the form's order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the field was sent, be it empty.
    pub(super) fn sent(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Whether a box was ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Sets a field: for a form that is shown with what stands.
    pub(super) fn set(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    /// Ticks a box, or not.
    pub(super) fn tick(&mut self, name: &str, yes: bool) {
        if yes {
            self.set(name, "1");
        }
    }
}

/// A field as `console/field` draws it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Field {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    /// `text`, `date`, `number`, `area` or `tick`.
    kind: &'static str,
    rows: u32,
    is_wide: bool,
    value: String,
    is_ticked: bool,
    error: Option<String>,
}

/// Makes fields out of what was typed and what is to be mended.
pub(super) struct Draw<'a> {
    pub(super) typed: &'a Typed,
    pub(super) mend: &'a Mend,
}

impl Draw<'_> {
    fn field(&self, kind: &'static str, name: &'static str, label: &'static str) -> Field {
        Field {
            name,
            label,
            hint: "",
            kind,
            rows: 0,
            is_wide: false,
            value: self.typed.text(name).to_owned(),
            is_ticked: self.typed.ticked(name),
            error: self.mend.at(name),
        }
    }

    /// One line.
    pub(super) fn text(&self, name: &'static str, label: &'static str) -> Field {
        self.field("text", name, label)
    }

    /// A day.
    pub(super) fn date(&self, name: &'static str, label: &'static str) -> Field {
        self.field("date", name, label)
    }

    /// A whole number.
    pub(super) fn number(&self, name: &'static str, label: &'static str) -> Field {
        self.field("number", name, label)
    }

    /// Several lines.
    pub(super) fn area(&self, name: &'static str, label: &'static str, rows: u32) -> Field {
        Field {
            rows,
            is_wide: true,
            ..self.field("area", name, label)
        }
    }

    /// A box to tick.
    pub(super) fn tick(&self, name: &'static str, label: &'static str) -> Field {
        self.field("tick", name, label)
    }
}

impl Field {
    /// Over the whole width.
    pub(super) fn wide(self) -> Self {
        Self {
            is_wide: true,
            ..self
        }
    }

    /// With a word of explanation.
    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }
}
