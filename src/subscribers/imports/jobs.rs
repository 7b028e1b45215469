//! What imports do in the background: being counted, being applied, being forgotten.

use actix_web::web::Data;
use chrono::Duration;
use diesel::prelude::*;
use serde_json::Value;

use super::check::{self, Counts, Seen};
use super::model::{ImportId, ImportState, next_piece};
use super::{apply, ops};
use crate::audit::{self, Deed, Via};
use crate::db::Conn;
use crate::db::schema::imports;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::jobs::Registry;
use crate::kernel::{Timestamp, crash};
use crate::subscribers::ops::Fresh;
use crate::web::Site;

/// A file that nobody goes on with is thrown away after this.
const WAITS: Duration = Duration::days(7);
/// Rows that were no person are kept this long after an import's end, to be mended and sent again.
const FAULTS_KEPT: Duration = Duration::days(30);

/// Registers the jobs and their schedule.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let own = site.clone();
    registry.on("check_import", move |payload| {
        let site = own.clone();
        async move { check_all(&site, payload).await }
    });
    let own = site.clone();
    registry.on("apply_import", move |payload| {
        let site = own.clone();
        async move { apply_all(&site, payload).await }
    });
    let own = site.clone();
    registry.on("forget_imports", move |_| {
        let site = own.clone();
        async move {
            let now = site.clock.now();
            site.db.tx(move |c| forget(c, now)).await
        }
    });
    registry.every("forget_imports", 3600, "forget_imports");
}

/// Counts a file from its beginning; a second try begins anew and writes the same.
async fn check_all(site: &Site, payload: Value) -> AppResult<()> {
    let db = &site.db;
    let import = db.read(move |c| ops::of_job(c, &payload)).await?;
    let Some(import) = import.filter(|one| one.state == ImportState::Checking) else {
        return Ok(());
    };
    let (id, list) = (import.id, import.list_id);
    let (mut seen, mut counts) = (Seen::default(), Counts::default());
    let (mut number, mut lines) = (0, 0);
    while let Some(piece) = db.read(move |c| next_piece(c, id, number)).await? {
        number = piece.number + 1;
        lines += piece.records;
        let (folded, faults) = check::look(&import, &piece, &mut seen);
        let (before, found) = (counts, faults.len());
        counts = db
            .read(move |c| {
                let mut counts = before;
                check::count(c, list, &folded, found, &mut counts)?;
                Ok(counts)
            })
            .await?;
        let (so_far, now) = ((lines, counts), site.clock.now());
        let goes_on = db
            .tx(move |c| check::note(c, id, so_far, &faults, now))
            .await?;
        if !goes_on {
            return Ok(());
        }
    }
    let now = site.clock.now();
    let moves = [ImportState::Checking];
    let done = db
        .tx(move |c| ops::go(c, id, (&moves, ImportState::Checked), now))
        .await;
    settled(done)
}

/// Applies piece by piece. A second try goes on where the first one came to.
async fn apply_all(site: &Site, payload: Value) -> AppResult<()> {
    let db = &site.db;
    let import = db.read(move |c| ops::of_job(c, &payload)).await?;
    let Some(import) = import.filter(|one| one.state == ImportState::Running) else {
        return Ok(());
    };
    let (id, mut number) = (import.id, 0);
    while let Some(piece) = db.read(move |c| next_piece(c, id, number)).await? {
        number = piece.number;
        let fresh: AppResult<Vec<Fresh>> = (0..piece.records).map(|_| Fresh::new()).collect();
        let (import, fresh, now) = (import.clone(), fresh?, site.clock.now());
        let goes_on = db
            .tx(move |c| {
                let goes_on = apply::piece(c, &import, &piece, &fresh, now)?;
                // Halted meanwhile: what this piece did is undone with its transaction.
                if goes_on { Ok(()) } else { Err(halted()) }
            })
            .await;
        crash::point("import-committed");
        if is_halted(&goes_on) {
            return Ok(());
        }
        goes_on?;
    }
    let now = site.clock.now();
    let done = db
        .tx(move |c| {
            ops::go(c, id, (&[ImportState::Running], ImportState::Done), now)?;
            ops::drop_pieces(c, id)?;
            let deed = Deed {
                actor: None,
                via: Via::Program,
                action: "import.done",
                subject: ("import", id.to_string()),
                campaign: None,
                detail: String::new(),
                edit: None,
            };
            audit::record(c, &deed, now)
        })
        .await;
    settled(done)
}

const HALTED: &str = "import_halted";

fn halted() -> AppError {
    AppError::Conflict {
        code: HALTED,
        detail: "the import was halted".into(),
    }
}

fn is_halted(done: &AppResult<()>) -> bool {
    matches!(done, Err(AppError::Conflict { code: HALTED, .. }))
}

/// An import that a person moved on meanwhile is no failure of its job.
fn settled(done: AppResult<()>) -> AppResult<()> {
    match done {
        Err(AppError::Conflict { .. }) => Ok(()),
        other => other,
    }
}

/// Throws away what nobody goes on with, and rows of ended imports that named people.
fn forget(conn: &mut Conn, now: Timestamp) -> AppResult<()> {
    let open = [ImportState::Uploaded, ImportState::Checked];
    let query = imports::table
        .filter(imports::state.eq_any(open))
        .filter(imports::changed_at.lt(now.minus(WAITS)))
        .select(imports::id);
    let old: Vec<ImportId> = each!(conn, c => query.load(c))?;
    for id in old {
        ops::remove(conn, id)?;
    }
    let ended = [ImportState::Done, ImportState::Stopped];
    let query = imports::table
        .filter(imports::state.eq_any(ended))
        .filter(imports::changed_at.lt(now.minus(FAULTS_KEPT)))
        .filter(imports::changed_at.gt(now.minus(FAULTS_KEPT * 2)))
        .select(imports::id);
    let old: Vec<ImportId> = each!(conn, c => query.load(c))?;
    for id in old {
        ops::drop_faults(conn, id)?;
    }
    Ok(())
}
