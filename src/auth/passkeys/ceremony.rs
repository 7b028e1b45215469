//! The two ceremonies: adding a passkey, and showing one.

use serde_json::Value;
use url::Url;
use webauthn_rs::prelude::{
    CredentialID, Passkey as Credential, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::{NewPasskey, Passkey, PasskeyId};
use crate::auth::model::User;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;

/// A ceremony that has begun.
pub struct Begun {
    /// What the browser hands to the device (`navigator.credentials`).
    pub options: Value,
    /// To be remembered until the second step.
    pub state: String,
}

/// Runs the ceremonies for this site's address.
pub struct Ceremonies(Option<Webauthn>);

impl Ceremonies {
    /// For the public address of the settings. WebAuthn knows sites by domain names: at a bare IP address there are none.
    pub fn new(config: &Config) -> Self {
        let site = Url::parse(&config.public_url()).ok().and_then(|origin| {
            let domain = origin.domain()?.to_owned();
            let builder = WebauthnBuilder::new(&domain, &origin).ok()?;
            builder.rp_name(&config.site.name).build().ok()
        });
        Self(site)
    }

    /// Whether there are passkeys here.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn site(&self) -> AppResult<&Webauthn> {
        self.0.as_ref().ok_or(AppError::NotFound("passkeys"))
    }

    /// Begins adding a passkey to an account that has those of `known`.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where there are no passkeys.
    pub fn begin_adding(&self, user: &User, known: &[Passkey]) -> AppResult<Begun> {
        let known = credentials(known)?;
        let ids: Vec<CredentialID> = known.iter().map(|one| one.cred_id().clone()).collect();
        let handle = handle_of(user)?;
        let email = user.email.to_string();
        let (options, state) = self
            .site()?
            .start_passkey_registration(handle, &email, &user.name, Some(ids))
            .map_err(AppError::internal)?;
        Ok(Begun {
            options: serde_json::to_value(options)?,
            state: serde_json::to_string(&state)?,
        })
    }

    /// The passkey that the device made, to be stored under this id and name.
    ///
    /// # Errors
    /// [`AppError::Unprocessable`] `passkey_refused` when the answer does not fit the question.
    pub fn finish_adding(
        &self,
        (id, user, name): (PasskeyId, &User, Line),
        answer: &Value,
        state: &str,
    ) -> AppResult<NewPasskey> {
        let answer: RegisterPublicKeyCredential =
            serde_json::from_value(answer.clone()).map_err(|_| refused())?;
        let state: PasskeyRegistration = serde_json::from_str(state)?;
        let made = self
            .site()?
            .finish_passkey_registration(&answer, &state)
            .map_err(|_| refused())?;
        Ok(NewPasskey {
            id,
            user: user.id,
            name,
            credential_id: hex::encode(made.cred_id()),
            credential: serde_json::to_string(&made)?,
        })
    }

    /// Asks for one of the passkeys of `known`.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where there are none.
    pub fn begin_showing(&self, known: &[Passkey]) -> AppResult<Begun> {
        if known.is_empty() {
            return Err(AppError::NotFound("a passkey"));
        }
        let (options, state) = self
            .site()?
            .start_passkey_authentication(&credentials(known)?)
            .map_err(AppError::internal)?;
        Ok(Begun {
            options: serde_json::to_value(options)?,
            state: serde_json::to_string(&state)?,
        })
    }

    /// Which passkey was shown, and what is to be kept of it from now on.
    ///
    /// # Errors
    /// [`AppError::Unprocessable`] `passkey_refused` when the answer does not fit the question.
    pub fn finish_showing(
        &self,
        known: &[Passkey],
        answer: &Value,
        state: &str,
    ) -> AppResult<(PasskeyId, String)> {
        let answer: PublicKeyCredential =
            serde_json::from_value(answer.clone()).map_err(|_| refused())?;
        let state: PasskeyAuthentication = serde_json::from_str(state)?;
        let shown = self
            .site()?
            .finish_passkey_authentication(&answer, &state)
            .map_err(|_| refused())?;
        for (row, mut credential) in known.iter().zip(credentials(known)?) {
            if credential.update_credential(&shown).is_some() {
                return Ok((row.id, serde_json::to_string(&credential)?));
            }
        }
        Err(refused())
    }
}

fn refused() -> AppError {
    AppError::Unprocessable {
        code: "passkey_refused",
        detail: "the passkey was not taken; please try again".into(),
    }
}

fn credentials(rows: &[Passkey]) -> AppResult<Vec<Credential>> {
    rows.iter()
        .map(|row| serde_json::from_str(&row.credential).map_err(AppError::from))
        .collect()
}

/// What the device knows the account by: the user's UUID, which says nothing about the person.
fn handle_of(user: &User) -> AppResult<uuid::Uuid> {
    let id = user.id.to_string();
    let bare = id.rsplit('_').next().unwrap_or_default();
    uuid::Uuid::parse_str(bare).map_err(AppError::internal)
}
