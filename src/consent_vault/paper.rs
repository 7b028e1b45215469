//! The signed paper: a PDF or a picture of it, private, sealed.

use diesel::prelude::*;

use super::ConsentId;
use crate::db::schema::vault_documents;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::sha256_hex;

crate::words! {
    /// What a paper is stored as.
    pub enum PaperKind {
        /// A PDF.
        Pdf = "pdf",
        /// A photograph.
        Jpeg = "jpeg",
        /// A picture.
        Png = "png",
    }
}

impl PaperKind {
    /// Its media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            _ => None,
        }
    }
}

/// Bytes of a paper at most.
const BYTES_MAX: usize = 5 * 1024 * 1024;

/// A paper of a known kind and bounded size. It is only ever handed out as a download, never drawn.
pub struct Paper {
    pub(super) kind: PaperKind,
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
        match PaperKind::of(bytes) {
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
    pub kind: PaperKind,
    /// How large, unsealed.
    pub bytes: i64,
    /// SHA-256 of it, unsealed, as hex.
    pub sha256: String,
}
