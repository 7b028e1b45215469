//! What every table of the console shares: its address with one thing changed, and how long a piece is.

use actix_web::HttpRequest;
use url::form_urlencoded;

use crate::kernel::{Cursor, Limit, Listed};

/// Rows of a table at once.
pub(super) const ROWS: Limit = Limit::MOST;

/// The address of the table with `changes` in its query; an empty value leaves a field away, `after` and `done` never
/// come along by themselves.
pub(super) fn href(request: &HttpRequest, changes: &[(&str, &str)]) -> String {
    with_path(request.path(), request, changes)
}

/// The same query at another path: an export of what is being looked at.
pub(super) fn with_path(path: &str, request: &HttpRequest, changes: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        let is_changed = changes.iter().any(|(changed, _)| *changed == key);
        if !is_changed && !value.is_empty() && key != "after" && key != "done" {
            query.append_pair(&key, &value);
        }
    }
    for (key, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(key, value);
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// Where the next piece of a table is, if it goes on.
pub(super) fn next<T>(request: &HttpRequest, listed: &Listed<T>) -> Option<String> {
    let cursor: Option<&Cursor> = listed.next.as_ref();
    cursor.map(|cursor| href(request, &[("after", cursor.as_str())]))
}

/// One of several things to choose from, in a table's filter.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Choice {
    /// What is sent.
    pub(super) value: String,
    /// What it says.
    pub(super) label: String,
    /// Whether it is chosen.
    pub(super) is_current: bool,
}

/// Choices from a closed set of words.
pub(super) fn choices<T: Copy + std::fmt::Display>(all: &[T], current: &str) -> Vec<Choice> {
    all.iter()
        .map(|word| {
            let value = word.to_string();
            Choice {
                label: value.replace('_', " "),
                is_current: value == current,
                value,
            }
        })
        .collect()
}
