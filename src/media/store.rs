//! The files: `media.dir/ab/<id>-<size>.jpg`, where `ab` are the last two digits of the id.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::model::{MediaId, Size};
use crate::error::{AppError, AppResult};

fn folder(dir: &Path, id: MediaId) -> PathBuf {
    // The id begins with the time it was made, so only its end spreads.
    let text = id.to_string();
    let at = text.len().saturating_sub(2);
    dir.join(text.get(at..).unwrap_or("00"))
}

fn file(dir: &Path, id: MediaId, size: Size) -> PathBuf {
    folder(dir, id).join(format!("{id}-{}.jpg", size.pixels()))
}

/// Writes every size; each file is whole or not there.
pub(super) fn write(dir: &Path, id: MediaId, sizes: &[(Size, Vec<u8>)]) -> AppResult<()> {
    let folder = folder(dir, id);
    std::fs::create_dir_all(&folder).map_err(AppError::internal)?;
    for (size, bytes) in sizes {
        let place = file(dir, id, *size);
        let begun = place.with_extension("part");
        let mut out = std::fs::File::create(&begun).map_err(AppError::internal)?;
        out.write_all(bytes).map_err(AppError::internal)?;
        out.sync_all().map_err(AppError::internal)?;
        std::fs::rename(&begun, &place).map_err(AppError::internal)?;
    }
    Ok(())
}

/// One size of a photograph; `None` when its file is not there.
pub(super) fn read(dir: &Path, id: MediaId, size: Size) -> AppResult<Option<Vec<u8>>> {
    match std::fs::read(file(dir, id, size)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AppError::internal(error)),
    }
}

/// Takes the files of photographs away; those that are gone already are no failure.
pub(super) fn delete(dir: &Path, ids: &[MediaId]) -> AppResult<()> {
    for (id, size) in ids.iter().flat_map(|id| Size::ALL.map(|size| (*id, size))) {
        discard(&file(dir, id, size))?;
    }
    Ok(())
}

fn discard(place: &Path) -> AppResult<()> {
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(AppError::internal(error))
        }
        _ => Ok(()),
    }
}

/// The folders that hold files.
pub(super) fn folders(dir: &Path) -> AppResult<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(AppError::internal(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(AppError::internal)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// The ids of files in `folder` that were written longer ago than `age`; begun files so old are taken away.
pub(super) fn older_than(folder: &Path, age: Duration) -> AppResult<Vec<MediaId>> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(AppError::internal)? {
        let entry = entry.map_err(AppError::internal)?;
        let written = entry.metadata().and_then(|facts| facts.modified());
        let is_old = written.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed >= age));
        if !is_old {
            continue;
        }
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".part") {
            discard(&entry.path())?;
        } else if let Some(Ok(id)) = name.rsplit_once('-').map(|(id, _)| id.parse()) {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
