//! What sweeps: files of removed photographs, and files that never got a row.

use std::time::Duration;

use actix_web::web::Data;

use super::{model, ops, store};
use crate::error::{AppError, AppResult};
use crate::jobs::Registry;
use crate::web::Site;

/// Removed photographs taken away in one step.
const STEP: i64 = 200;

/// Ids that one statement asks for.
const ASKED: usize = 500;

/// A file without a row is left alone for so long: its transaction may still be on its way.
const STRAY: Duration = Duration::from_secs(24 * 3600);

/// Registers the jobs and their schedules.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let removed = site.clone();
    registry.on("sweep_media", move |_| {
        let site = removed.clone();
        async move { sweep_removed(&site).await }
    });
    let stray = site.clone();
    registry.on("sweep_stray_media", move |_| {
        let site = stray.clone();
        async move { sweep_stray(&site, STRAY).await }
    });
    registry.every("sweep_media", 300, "sweep_media");
    registry.every("sweep_stray_media", 24 * 3600, "sweep_stray_media");
}

/// Takes the files of removed photographs away.
pub(super) async fn sweep_removed(site: &Site) -> AppResult<()> {
    loop {
        let ids = site.db.read(|c| model::to_sweep(c, STEP)).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let (dir, gone) = (site.config.media_dir(), ids.clone());
        blocking(move || store::delete(&dir, &gone)).await?;
        site.db.tx(move |c| ops::swept(c, &ids)).await?;
    }
}

/// Takes files away that are older than `age` and have no row.
pub(super) async fn sweep_stray(site: &Site, age: Duration) -> AppResult<()> {
    let dir = site.config.media_dir();
    let root = dir.clone();
    for folder in blocking(move || store::folders(&root)).await? {
        let ids = blocking(move || store::older_than(&folder, age)).await?;
        for some in ids.chunks(ASKED) {
            let asked = some.to_vec();
            let known = site.db.read(move |c| model::known(c, &asked)).await?;
            let mut stray = some.to_vec();
            stray.retain(|id| !known.contains(id));
            let dir = dir.clone();
            blocking(move || store::delete(&dir, &stray)).await?;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(AppError::internal)?
}
