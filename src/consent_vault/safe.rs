//! What seals the vault, and what lies sealed in it.

use diesel::prelude::*;
use secrecy::ExposeSecret;

use super::model::{ConsentId, PersonId};
use super::paper::Paper;
use super::rules::{GivenBy, Terms};
use crate::auth::UserId;
use crate::auth::sealing::Vault;
use crate::config::Config;
use crate::db::schema::{vault_consents, vault_documents, vault_people};
use crate::db::{Conn, Db};
use crate::documents::Format;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;

/// The name of the key that is made where the settings name none.
const KEY_NAME: &str = "consent_key";

/// Opens and closes the vault's secrets.
pub struct Safe(Vault);

impl Safe {
    /// The safe of this installation: under `stories.vault_secret`, or a key of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(config: &Config, db: &Db) -> AppResult<Self> {
        let vault = match config.stories.vault_secret.expose_secret() {
            "" => Vault::load(db, KEY_NAME).await?,
            secret => Vault::of(secret)?,
        };
        Ok(Self(vault))
    }

    /// The real names behind a consent. Whoever shows them has put the deed on record before.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; when they were sealed under another key.
    pub fn names(&self, conn: &mut Conn, id: ConsentId) -> AppResult<RealNames> {
        let query = vault_consents::table
            .inner_join(vault_people::table.on(vault_people::id.eq(vault_consents::person_id)))
            .filter(vault_consents::id.eq(id))
            .select((
                vault_people::id,
                vault_people::sealed_name,
                vault_people::sealed_guardian,
            ));
        let found: Option<(PersonId, String, Option<String>)> =
            each!(conn, c => query.first(c).optional())?;
        let (person, name, guardian) = found.ok_or(AppError::NotFound("this consent"))?;
        let guardian = guardian.map(|sealed| self.0.open(person, &sealed));
        Ok(RealNames {
            person: self.0.open(person, &name)?,
            guardian: guardian.transpose()?,
        })
    }

    /// The signed paper of a consent. Whoever hands it out has put the deed on record before.
    ///
    /// # Errors
    /// As [`Safe::names`].
    pub fn paper(&self, conn: &mut Conn, id: ConsentId) -> AppResult<(Format, Vec<u8>)> {
        let query = vault_documents::table
            .find(id)
            .select((vault_documents::kind, vault_documents::sealed));
        let found: Option<(Format, Vec<u8>)> = each!(conn, c => query.first(c).optional())?;
        let (kind, sealed) = found.ok_or(AppError::NotFound("this paper"))?;
        Ok((kind, self.0.open_bytes(id, sealed)?))
    }
}

/// Who stands behind a pseudonym. It has no `Serialize`, `Display` or `Debug`: showing it takes a line of code that says so.
pub struct RealNames {
    person: String,
    guardian: Option<String>,
}

impl RealNames {
    /// The person's name.
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The guardian's, where somebody under age agreed through one.
    pub fn guardian(&self) -> Option<&str> {
        self.guardian.as_deref()
    }
}

/// A consent to be recorded: names and paper are sealed already, so that a transaction may run twice.
pub struct NewConsent {
    /// The id.
    pub id: ConsentId,
    /// How the person is called in public.
    pub pseudonym: Line,
    /// Who records it.
    pub by: UserId,
    pub(super) person: PersonId,
    pub(super) sealed_name: String,
    pub(super) sealed_guardian: Option<String>,
    pub(super) given_by: GivenBy,
    pub(super) terms: Terms,
    pub(super) kind: Format,
    pub(super) bytes: i64,
    pub(super) digest: String,
    pub(super) sealed_paper: Vec<u8>,
}

impl NewConsent {
    /// Seals what a consent is made of. CPU-bound for a large paper: call it on a blocking thread.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn seal(
        safe: &Safe,
        by: UserId,
        (pseudonym, name): (Line, &Line),
        given_by: GivenBy,
        terms: Terms,
        paper: &Paper,
    ) -> AppResult<Self> {
        let (id, person) = (ConsentId::new(), PersonId::new());
        let sealed_guardian = match &given_by {
            GivenBy::Own => None,
            GivenBy::Guardian(guardian) => Some(safe.0.seal(person, guardian.as_str())?),
        };
        Ok(Self {
            pseudonym,
            by,
            sealed_name: safe.0.seal(person, name.as_str())?,
            sealed_guardian,
            given_by,
            terms,
            kind: paper.kind,
            bytes: i64::try_from(paper.bytes.len()).map_err(AppError::internal)?,
            digest: paper.digest(),
            sealed_paper: safe.0.seal_bytes(id, &paper.bytes)?,
            id,
            person,
        })
    }
}
