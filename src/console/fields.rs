//! Forms of many fields: each field as its template draws it.

use serde::Serialize;

pub(super) use crate::web::typed::Typed;

use super::desk::Mend;

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
