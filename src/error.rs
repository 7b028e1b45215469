//! What can go wrong, and the one place where it becomes an HTTP answer.
//!
//! The API answers RFC 9457 `application/problem+json` with a stable `code`; people get an error page, drawn by
//! [`crate::web::error_pages`] from the [`Problem`] that rides on the response. Unknown errors are 500 with an id,
//! logged once, their cause never shown.

pub mod faults;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

use crate::kernel::money::MoneyError;

/// One field of a request and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name as the request has it (`donor.email`).
    pub field: String,
    /// What to do about it, for people.
    pub message: String,
}

impl FieldError {
    /// An error of `field`, saying `message`.
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        Self {
            field: field.into(),
            message: message.to_string(),
        }
    }
}

/// Everything that can keep a request from being done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No such thing, or not for the eyes of whoever asks.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// It was here and was taken down.
    #[error("{0} has been taken down")]
    Gone(&'static str),
    /// The request could be read, but fields must be mended.
    #[error("some fields need mending")]
    Invalid(Vec<FieldError>),
    /// The request is well formed, but what its fields name is not there, or does not fit how things stand.
    #[error("some fields do not fit how things stand")]
    Unfit(Vec<FieldError>),
    /// The request could not be read.
    #[error("{0}")]
    BadRequest(String),
    /// The request is well formed but clashes with what is.
    #[error("{detail}")]
    Conflict {
        /// Stable word for programs.
        code: &'static str,
        /// What clashes and how to go on.
        detail: String,
    },
    /// The request cannot be processed as it stands (422 that concerns no single field).
    #[error("{detail}")]
    Unprocessable {
        /// Stable word for programs.
        code: &'static str,
        /// What is wrong and how to go on.
        detail: String,
    },
    /// No or unknown credentials.
    #[error("sign in, or send a valid bearer token")]
    Unauthorized,
    /// Known, but not allowed.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Signed in, but the second factor is still owed (S6).
    #[error("show your second factor first")]
    SecondFactor,
    /// Signed in for a while: what is asked needs a fresh proof of who it is (S6).
    #[error("sign in once more, so that we know it is you")]
    ProveAgain,
    /// Too large in bytes.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// The body did not come in time.
    #[error("the request took too long to arrive")]
    TooSlow,
    /// The method is not one of this path.
    #[error("this address does not answer {0}")]
    MethodNotAllowed(String),
    /// A rate limit was met.
    #[error("too many requests; try again in {retry_after} seconds")]
    TooMany {
        /// Seconds until another try can succeed.
        retry_after: u64,
    },
    /// A part that the request needs is away; nothing was lost, try again.
    #[error("{what}")]
    Unavailable {
        /// What is away, for people.
        what: String,
        /// Seconds until another try makes sense.
        retry_after: u64,
    },
    /// The database refused or failed.
    #[error("database: {0}")]
    Database(#[from] diesel::result::Error),
    /// Something nobody foresaw. The text is for the log alone.
    #[error("{0}")]
    Internal(String),
}

/// What a problem tells the outside (RFC 9457).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI for the kind of problem, relative to the site.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable word for programs.
    pub code: String,
    /// What happened here and how to go on.
    pub detail: String,
    /// Fields to mend.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The id under which the log knows an unforeseen error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_id: Option<String>,
}

impl AppError {
    /// A single field that needs mending.
    pub fn field(field: &str, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// A form came under an id that stands for something else: what was sent first stays, and nothing of it is told.
    pub fn sent_before() -> Self {
        Self::Conflict {
            code: "sent_before",
            detail: "this form was sent before, with other words in it; open a new one".into(),
        }
    }

    /// The same error where a program asked: fields that were read well and fit nothing there are a conflict (409), so
    /// that 422 is left to what the API document forbids (S19). For errors that come after the parsing.
    pub fn after_parsing(self) -> Self {
        match self {
            Self::Invalid(fields) => Self::Unfit(fields),
            other => other,
        }
    }

    /// An unforeseen error whose cause is for the log alone.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// The database is away, full or overloaded.
    pub fn database_away() -> Self {
        Self::Unavailable {
            what: "The records cannot be reached right now. Nothing was lost; please try again in a moment."
                .into(),
            retry_after: 5,
        }
    }

    /// Status, stable code and title.
    fn class(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotFound(_) => (S::NOT_FOUND, "not_found", "Not found"),
            Self::Gone(_) => (S::GONE, "gone", "Taken down"),
            Self::Invalid(_) => (
                S::UNPROCESSABLE_ENTITY,
                "invalid",
                "Some fields need mending",
            ),
            Self::Unfit(_) => (S::CONFLICT, "does_not_fit", "In conflict with what is"),
            Self::BadRequest(_) => (S::BAD_REQUEST, "bad_request", "The request cannot be read"),
            Self::Conflict { code, .. } => (S::CONFLICT, code, "In conflict with what is"),
            Self::Unprocessable { code, .. } => (
                S::UNPROCESSABLE_ENTITY,
                code,
                "Cannot be processed as it stands",
            ),
            Self::Unauthorized => (S::UNAUTHORIZED, "unauthorized", "Sign in first"),
            Self::Forbidden(_) => (S::FORBIDDEN, "forbidden", "Not allowed"),
            Self::SecondFactor => (S::FORBIDDEN, "second_factor_required", "One more step"),
            Self::ProveAgain => (S::FORBIDDEN, "proof_required", "Sign in once more"),
            Self::TooLarge(_) => (S::PAYLOAD_TOO_LARGE, "too_large", "Too large"),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "too_slow", "Too slow"),
            Self::MethodNotAllowed(_) => (
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
            ),
            Self::TooMany { .. } => (S::TOO_MANY_REQUESTS, "too_many", "Too many requests"),
            Self::Unavailable { .. } => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available right now",
            ),
            Self::Database(_) | Self::Internal(_) => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on our side",
            ),
        }
    }

    /// What the outside is told; an unforeseen error is logged here, once, under a new id.
    pub fn problem(&self) -> Problem {
        let (status, code, title) = self.class();
        let unforeseen = matches!(self, Self::Database(_) | Self::Internal(_));
        let error_id = unforeseen.then(|| uuid::Uuid::now_v7().simple().to_string());
        if let Some(id) = &error_id {
            tracing::error!(error_id = %id, cause = %self, "unforeseen error");
        }
        let detail = match &error_id {
            Some(id) => {
                format!("Nothing you typed is to blame. Tell us error {id} if it happens again.")
            }
            None => sentence(&self.to_string()),
        };
        Problem {
            kind: format!("/problems/{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail,
            errors: match self {
                Self::Invalid(errors) | Self::Unfit(errors) => errors.clone(),
                _ => Vec::new(),
            },
            error_id,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after } | Self::Unavailable { retry_after, .. } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Database(cause) if crate::error::faults::is_passing(cause) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            other => other.class().0,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let away;
        let seen = match self {
            Self::Database(cause) if crate::error::faults::is_passing(cause) => {
                tracing::warn!(cause = %cause, "database away");
                away = Self::database_away();
                &away
            }
            other => other,
        };
        let problem = seen.problem();
        let mut builder = HttpResponseBuilder::new(seen.class().0);
        builder.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if let Some(seconds) = seen.retry_after() {
            builder.insert_header((header::RETRY_AFTER, seconds));
        }
        if matches!(seen, Self::Unauthorized) {
            builder.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        let body = serde_json::to_string(&problem).unwrap_or_default();
        builder.content_type("application/problem+json");
        let mut response = builder.body(body);
        response.extensions_mut().insert(problem);
        response
    }
}

impl From<MoneyError> for AppError {
    fn from(error: MoneyError) -> Self {
        Self::internal(error)
    }
}

impl From<getrandom::Error> for AppError {
    fn from(error: getrandom::Error) -> Self {
        Self::internal(error)
    }
}

impl From<serde_json::Error> for AppError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

/// What operations return.
pub type AppResult<T> = Result<T, AppError>;
