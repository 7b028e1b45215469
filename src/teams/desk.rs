//! What the handlers of teams hold beside the site, and the ways from an error back to the form.

use std::sync::Arc;

use actix_web::ResponseError;
use actix_web::http::StatusCode;

use super::TeamId;
use super::joining::Way;
use super::mails::Letters;
use super::policy::JoinPolicy;
use super::requests::{NewRequest, RequestId, WORDS};
use super::{model, ops};
use crate::auth::{Hashing, Password, Tries, UserId};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::{BadText, parse_lines};
use crate::web::Site;

/// What the handlers of teams hold beside the site, handed to them as `actix_web::web::Data<Desk>`.
#[derive(Clone)]
pub struct Desk {
    /// Writes the mails of teams.
    pub letters: Letters,
    hashing: Arc<Hashing>,
    tries: Arc<Tries>,
}

impl Desk {
    /// A desk that writes `letters`, hashes with `hashing` and counts tries with `tries`.
    pub fn new(letters: Letters, hashing: Arc<Hashing>, tries: Arc<Tries>) -> Self {
        Self {
            letters,
            hashing,
            tries,
        }
    }

    /// The hash of the password that a captain typed for a team; `None` when none is typed or `policy` needs none.
    ///
    /// # Errors
    /// [`AppError::Invalid`] of `password`; [`AppError::Unavailable`] when too many wait.
    pub async fn hash(&self, policy: JoinPolicy, typed: &str) -> AppResult<Option<String>> {
        if policy != JoinPolicy::Password || typed.is_empty() {
            return Ok(None);
        }
        let password =
            Password::parse(typed).map_err(|error| AppError::field("password", error))?;
        self.hashing.hash(password).await.map(Some)
    }

    /// By what right somebody joins who typed `password` and `words`: the password, tried on a thread of its own before the
    /// transaction, where the team has one; else a request.
    ///
    /// # Errors
    /// [`AppError::Invalid`] of `password` or `words`; [`AppError::TooMany`] after too many tries; [`AppError::NotFound`].
    pub async fn way(
        &self,
        site: &Site,
        team: TeamId,
        user: UserId,
        (password, words): (&str, &str),
    ) -> AppResult<Way> {
        let found = site.db.read(move |c| {
            let policy = model::by_id(c, team)?.team.join_policy;
            Ok((policy, ops::password_of(c, team)?))
        });
        let (policy, hash) = found.await?;
        if policy != JoinPolicy::Password || password.is_empty() {
            return Ok(Way::Asking(request(words)?));
        }
        self.tries.proof(user)?;
        let wrong = || AppError::field("password", "that is not the team's password");
        let typed = Password::parse(password).map_err(|_| wrong())?;
        if self.hashing.fits(typed, hash.clone()).await? {
            hash.map(Way::Password).ok_or_else(wrong)
        } else {
            Err(wrong())
        }
    }
}

/// The words to a captain, which may be none.
///
/// # Errors
/// [`AppError::Invalid`] of `words`.
pub fn words(text: &str) -> AppResult<String> {
    match parse_lines(text, WORDS) {
        Ok(words) => Ok(words),
        Err(BadText::Empty) => Ok(String::new()),
        Err(bad) => Err(AppError::field("words", bad)),
    }
}

fn request(text: &str) -> AppResult<NewRequest> {
    Ok(NewRequest {
        id: RequestId::new(),
        words: words(text)?,
    })
}

/// Why a form is shown again.
#[derive(Debug, Clone, Default)]
pub struct Mend {
    /// Fields to mend.
    pub faults: Vec<FieldError>,
    /// What is in the way as a whole.
    pub notice: Option<String>,
    /// The status of the answer.
    pub status: StatusCode,
}

impl Mend {
    /// What a form is shown again for; every other error is an answer of its own.
    ///
    /// # Errors
    /// The error itself, when nothing that is typed can mend it.
    pub fn of(error: AppError) -> AppResult<Self> {
        let status = error.status_code();
        let mut mend = Self {
            status,
            ..Self::default()
        };
        match error {
            AppError::Invalid(faults) => mend.faults = faults,
            AppError::Conflict { detail, .. } | AppError::Unprocessable { detail, .. } => {
                mend.notice = Some(sentence(&detail));
            }
            AppError::TooMany { retry_after } => {
                mend.notice = Some(format!(
                    "That was tried too often. Please try again in {retry_after} seconds."
                ));
            }
            AppError::Unavailable { what, .. } => mend.notice = Some(what),
            other => return Err(other),
        }
        Ok(mend)
    }
}

/// With a capital at its head and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let head: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{head}{}{stop}", letters.as_str())
}
