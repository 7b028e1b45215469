//! What the processor says when it does not do as asked, in the shape of Stripe's errors.

use serde_json::{Value, json};

use super::SandboxError;
use super::json::set;

/// A request answered with an error of Stripe's shape (<https://docs.stripe.com/api/errors>).
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub status: u16,
    pub kind: &'static str,
    pub code: Option<&'static str>,
    pub param: Option<String>,
    pub message: String,
}

impl Refusal {
    /// 400: something in the request is wrong.
    pub fn invalid(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            code: Some(code),
            param: Some(param.to_owned()),
            message: message.into(),
        }
    }

    /// 400: a parameter that must be there is not.
    pub fn missing(param: &str) -> Self {
        Self::invalid(
            "parameter_missing",
            param,
            format!("The parameter {param} is required."),
        )
    }

    /// 404: no such object.
    pub fn absent(what: &str, id: &str) -> Self {
        Self {
            status: 404,
            ..Self::invalid("resource_missing", "id", format!("No such {what}: '{id}'"))
        }
    }

    /// An error that is about the caller rather than a parameter.
    pub fn plain(
        status: u16,
        kind: &'static str,
        code: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            code,
            param: None,
            message: message.into(),
        }
    }

    /// The body: `{"error": {…}}`.
    pub fn body(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if let Some(code) = self.code {
            set(&mut error, "code", code);
        }
        if let Some(param) = &self.param {
            set(&mut error, "param", param.as_str());
        }
        json!({ "error": error })
    }
}

/// Why work at the counter ended without its result.
#[derive(Debug)]
pub(super) enum Fault {
    /// The caller is told what was wrong.
    Refused(Refusal),
    /// The sandbox itself could not work; the caller gets a 503.
    Broken(SandboxError),
}

impl Fault {
    /// The answer this fault becomes over HTTP.
    pub fn into_refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Broken(error) => {
                tracing::error!(%error, "the sandbox processor could not work");
                Refusal::plain(
                    503,
                    "api_error",
                    None,
                    "The sandbox processor cannot reach its file.",
                )
            }
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<SandboxError> for Fault {
    fn from(error: SandboxError) -> Self {
        Self::Broken(error)
    }
}

impl From<diesel::result::Error> for Fault {
    fn from(error: diesel::result::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.into())
    }
}
