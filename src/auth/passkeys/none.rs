//! The ceremonies of a build without passkeys: there are none.

use serde_json::Value;

use super::{NewPasskey, Passkey, PasskeyId};
use crate::auth::model::User;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;

/// See the build with passkeys.
pub struct Begun {
    /// For the browser.
    pub options: Value,
    /// To be remembered until the second step.
    pub state: String,
}

/// See the build with passkeys.
pub struct Ceremonies;

const NONE: AppError = AppError::NotFound("passkeys");

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Ceremonies {
    pub fn new(_: &Config) -> Self {
        Self
    }

    pub fn is_on(&self) -> bool {
        false
    }

    pub fn begin_adding(&self, _: &User, _: &[Passkey]) -> AppResult<Begun> {
        Err(NONE)
    }

    pub fn finish_adding(
        &self,
        _: (PasskeyId, &User, Line),
        _: &Value,
        _: &str,
    ) -> AppResult<NewPasskey> {
        Err(NONE)
    }

    pub fn begin_showing(&self, _: &[Passkey]) -> AppResult<Begun> {
        Err(NONE)
    }

    pub fn finish_showing(
        &self,
        _: &[Passkey],
        _: &Value,
        _: &str,
    ) -> AppResult<(PasskeyId, String)> {
        Err(NONE)
    }
}
