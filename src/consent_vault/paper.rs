//! The signed paper: a PDF or a picture of it, private, sealed.

use diesel::prelude::*;

use super::ConsentId;
use crate::db::schema::vault_documents;
use crate::documents::Format;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::sha256_hex;

/// Bytes of a paper at most.
const BYTES_MAX: usize = 5 * 1024 * 1024;

/// A paper of a known kind and bounded size. It is only ever handed out as a download, never drawn.
pub struct Paper {
    pub(super) kind: Format,
    pub(super) bytes: Vec<u8>,
}

impl Paper {
    /// Takes what was sent.
    ///
    /// # Errors
    /// 422 of `paper`.
    pub fn parse(bytes: Option<&[u8]>) -> AppResult<Self> {
        let bytes = bytes.ok_or_else(|| {
            AppError::field("paper", "add the signed paper: without it nothing is shown")
        })?;
        if bytes.len() > BYTES_MAX {
            return Err(AppError::field("paper", "choose a file of at most 5 MB"));
        }
        match Format::of(bytes) {
            Some(kind) => Ok(Self {
                kind,
                bytes: bytes.to_vec(),
            }),
            None => Err(AppError::field("paper", "choose a PDF, a JPEG or a PNG")),
        }
    }

    pub(super) fn digest(&self) -> String {
        sha256_hex(&self.bytes)
    }
}

/// What is known of a stored paper, without the paper.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = vault_documents)]
pub struct PaperRow {
    /// Of which consent.
    pub consent_id: ConsentId,
    /// What it is.
    pub kind: Format,
    /// How large, unsealed.
    pub bytes: i64,
    /// SHA-256 of it, unsealed, as hex.
    pub sha256: String,
}
