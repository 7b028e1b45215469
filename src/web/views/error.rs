//! The error page for people.

use serde::Serialize;

use super::shell::{Link, Shell};

/// Context of `error`.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorView {
    /// The frame.
    pub shell: Shell,
    /// The HTTP status.
    pub status: u16,
    /// What happened: "We cannot find that page".
    pub title: String,
    /// One or two sentences more.
    pub detail: String,
    /// What was not lost: "Nothing was charged."
    pub safe: Option<String>,
    /// How to go on.
    pub ways: Vec<Link>,
    /// The id that stands in the log, for whoever asks for help.
    pub error_id: Option<String>,
}
