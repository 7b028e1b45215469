//! The error page for people.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::shell::{Link, Shell};
use crate::config::Config;
use crate::error::Problem;
use crate::web::error_pages::{ErrorContext, Visit};

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
    /// The form that signs in, where that is what was missing.
    pub sign_in: Option<SignIn>,
}

/// Context of `partials/sign_in_fields`.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    /// The form's seal.
    pub csrf: String,
    /// Where the person goes on to.
    pub next: String,
    /// The address, when it was typed already.
    pub email: String,
    /// What to mend, by field.
    pub errors: BTreeMap<String, String>,
}

/// A door with the place to go on to.
fn on(door: &str, place: &str) -> String {
    if place.is_empty() {
        return door.to_owned();
    }
    let place: String = url::form_urlencoded::byte_serialize(place.as_bytes()).collect();
    format!("{door}?next={place}")
}

impl ErrorView {
    /// The page for `problem`, with the way back to where people can go on.
    pub fn of(config: &Config, problem: &Problem, nonce: &str, visit: &Visit) -> Self {
        let (title, safe) = match problem.status {
            400 => ("This request cannot be read.", None),
            401 => ("Please sign in.", None),
            403 if problem.code == "second_factor_required" => ("One more step.", None),
            403 if problem.code == "proof_required" => ("Please sign in once more.", None),
            403 => ("This was not allowed.", Some("Nothing was charged.")),
            404 => ("We cannot find that page.", None),
            405 => ("This address does not answer that.", None),
            410 => ("This was taken down.", None),
            413 => ("That is too large.", Some("Nothing was charged.")),
            422 => ("Something needs mending.", Some("Nothing was charged.")),
            429 => ("Too many requests from here.", Some("Nothing was charged.")),
            503 => (
                "Not available just now.",
                Some("Nothing was lost and nothing was charged."),
            ),
            _ => (
                "Something went wrong on our side.",
                Some(
                    "If you were giving, look at your mail before you try again: a receipt is sent for every gift that arrived.",
                ),
            ),
        };
        let mut detail = match problem.code.as_str() {
            "unauthorized" => "This is for people who have an account here.".to_owned(),
            "second_factor_required" => {
                "Your account asks for a second factor: a code of your app, or a passkey."
                    .to_owned()
            }
            _ => problem.detail.clone(),
        };
        for error in &problem.errors {
            detail.push_str(&format!(" {}: {}.", error.field, error.message));
        }
        Self {
            shell: Shell::new(config, nonce, title.trim_end_matches('.'), &detail).private(),
            status: problem.status,
            title: title.to_owned(),
            detail,
            safe: safe.map(str::to_owned),
            ways: match problem.code.as_str() {
                "unauthorized" => vec![
                    Link::new("Mail me a link instead", &on("/login/link", &visit.place)),
                    Link::new("Make an account", &on("/signup", &visit.place)),
                ],
                "second_factor_required" => vec![Link::new(
                    "Go on",
                    &on("/login/second-factor", &visit.place),
                )],
                "proof_required" => {
                    vec![Link::new("Go on", &on("/login/again", &visit.place))]
                }
                _ => vec![Link::new("Campaigns that are open", "/")],
            },
            error_id: problem.error_id.clone(),
            sign_in: visit.seal.as_ref().map(|seal| SignIn {
                csrf: seal.clone(),
                next: visit.place.clone(),
                email: String::new(),
                errors: BTreeMap::new(),
            }),
        }
    }
}

/// Makes the `error` template's context out of a problem.
pub fn context(config: Arc<Config>) -> ErrorContext {
    ErrorContext::new(move |problem, nonce, visit| {
        let view = ErrorView::of(&config, problem, nonce.as_str(), visit);
        serde_json::to_value(view).unwrap_or_default()
    })
}
