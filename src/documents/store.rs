//! The files: `media.dir/documents/ab/<digest>`, where `ab` are the first two digits of the digest.

use std::io::Write;
use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use sha2::{Digest, Sha256};

use super::format::Format;
use super::model::{Document, DocumentId, NewDocument};
use crate::auth::UserId;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;
use crate::web::Site;

/// Bytes of a document at most.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

fn place(media: &Path, sha256: &str) -> PathBuf {
    media
        .join("documents")
        .join(sha256.get(..2).unwrap_or("00"))
        .join(sha256)
}

/// Writes the file of `bytes`; insert what is answered in the transaction that uses it. The same bytes twice are one file.
///
/// # Errors
/// 422 on `field`, in words that say what to do, for a file that is too long or of no kind that is taken.
pub async fn take(
    site: &Site,
    by: UserId,
    field: &str,
    name: Line,
    bytes: Bytes,
) -> AppResult<NewDocument> {
    if bytes.len() > BYTES_MAX {
        return Err(AppError::field(
            field,
            "choose a file of at most 10 MB; a scan in grey is smaller",
        ));
    }
    let format = Format::of(&bytes)
        .ok_or_else(|| AppError::field(field, "choose a PDF, a PNG or a JPEG"))?;
    let length = i64::try_from(bytes.len()).map_err(AppError::internal)?;
    let dir = site.config.media_dir();
    let sha256 = tokio::task::spawn_blocking(move || write(&dir, &bytes))
        .await
        .map_err(AppError::internal)??;
    Ok(NewDocument {
        id: DocumentId::new(),
        name,
        format,
        bytes: length,
        sha256,
        by,
    })
}

/// The file is whole or not there.
fn write(media: &Path, bytes: &[u8]) -> AppResult<String> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let place = place(media, &sha256);
    if place.is_file() {
        return Ok(sha256);
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(AppError::internal)?;
    }
    // Two that send the same bytes at once write two files and name one after the other the same.
    let begun = place.with_extension(DocumentId::new().to_string());
    let mut out = std::fs::File::create(&begun).map_err(AppError::internal)?;
    out.write_all(bytes).map_err(AppError::internal)?;
    out.sync_all().map_err(AppError::internal)?;
    std::fs::rename(&begun, &place).map_err(AppError::internal)?;
    Ok(sha256)
}

/// Hands a document to somebody who may see it: as a file to be kept, never opened on this site.
///
/// # Errors
/// When its file is not there or is no longer what came (an unforeseen error: somebody touched the disk).
pub async fn download(site: &Site, document: &Document) -> AppResult<HttpResponse> {
    let (dir, sha256) = (site.config.media_dir(), document.sha256.clone());
    let bytes = tokio::task::spawn_blocking(move || read(&dir, &sha256))
        .await
        .map_err(AppError::internal)??;
    let name = format!("{}.{}", document.id, document.format.extension());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, document.format.as_str()))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}

fn read(media: &Path, sha256: &str) -> AppResult<Vec<u8>> {
    let bytes = std::fs::read(place(media, sha256)).map_err(AppError::internal)?;
    if hex::encode(Sha256::digest(&bytes)) == sha256 {
        Ok(bytes)
    } else {
        Err(AppError::internal(
            "a document on the disk is not what was sent",
        ))
    }
}
