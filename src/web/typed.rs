//! Forms of many fields: what was typed, as it came, and what keeps it from being done.

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, AppResult, FieldError};

/// The fields of a posted form as they came: several may have one name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed(pub Vec<(String, String)>);

impl Typed {
    /// The first value of a field; empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field, in the form's order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the field was sent, be it empty.
    pub fn sent(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Whether a box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Sets a field: for a form that is shown with what stands.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    /// Ticks a box, or not.
    pub fn tick(&mut self, name: &str, yes: bool) {
        if yes {
            self.set(name, "1");
        }
    }
}

/// What keeps a form from being done, to be shown on it again: the status, what to mend by field, and a notice.
pub struct Mend {
    /// The answer's status.
    pub status: StatusCode,
    /// What to mend, by field.
    pub faults: Vec<FieldError>,
    /// What concerns no single field.
    pub notice: Option<String>,
}

impl Mend {
    /// The parts of an error that a form can show; any other goes on as it is.
    ///
    /// # Errors
    /// That other one.
    pub fn of(error: AppError) -> AppResult<Self> {
        let status = error.status_code();
        match error {
            AppError::Invalid(faults) => Ok(Self {
                status,
                faults,
                notice: None,
            }),
            AppError::Conflict { detail, .. } | AppError::Unprocessable { detail, .. } => {
                Ok(Self {
                    status,
                    faults: Vec::new(),
                    notice: Some(detail),
                })
            }
            other => Err(other),
        }
    }

    /// No fault.
    pub fn none() -> Self {
        Self {
            status: StatusCode::OK,
            faults: Vec::new(),
            notice: None,
        }
    }

    /// What is to be said about one field.
    pub fn at(&self, field: &str) -> Option<String> {
        let fault = self.faults.iter().find(|fault| fault.field == field);
        fault.map(|fault| fault.message.clone())
    }
}
