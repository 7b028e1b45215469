//! The steps that people take: sending a file, naming its columns, saying go, halting, throwing away.

use diesel::prelude::*;

use super::model::{Import, ImportId, ImportState, by_id};
use super::read::Sheet;
use super::row::{Column, Field};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{import_faults, import_pieces, imports};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::jobs::{JobId, NewJob, enqueue};
use crate::kernel::{Day, Json, Line, Timestamp};
use crate::subscribers::ListId;

/// A file as its form says.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The id.
    pub id: ImportId,
    /// The list that its people join.
    pub list: ListId,
    /// How they agreed.
    pub basis: Line,
    /// On which day, or the last of them.
    pub agreed_on: Day,
    /// Who says so.
    pub by: UserId,
}

#[derive(Insertable)]
#[diesel(table_name = import_pieces)]
#[diesel(treat_none_as_default_value = false)]
struct PieceRow<'a> {
    import_id: ImportId,
    number: i64,
    first_line: i64,
    records: i64,
    text: &'a str,
}

/// Keeps a file that could be read, with what its columns most likely are.
///
/// # Errors
/// The database's.
pub fn keep(conn: &mut Conn, new: &NewImport, sheet: &Sheet, now: Timestamp) -> AppResult<()> {
    let columns = guess(&sheet.columns, sheet.has_header);
    let lines = i64::try_from(sheet.rows).map_err(AppError::internal)?;
    let row = (
        (
            imports::id.eq(new.id),
            imports::list_id.eq(new.list),
            imports::made_by.eq(new.by),
            imports::state.eq(ImportState::Uploaded),
            imports::basis.eq(new.basis.as_str()),
            imports::agreed_on.eq(new.agreed_on),
            imports::delimiter.eq(sheet.delimiter.to_string()),
            imports::has_header.eq(sheet.has_header),
            imports::fields.eq(Json(columns)),
            imports::lines.eq(lines),
        ),
        (
            imports::lines_done.eq(0),
            imports::added.eq(0),
            imports::joined.eq(0),
            imports::known.eq(0),
            imports::kept_out.eq(0),
            imports::faulty.eq(0),
            imports::created_at.eq(now),
            imports::changed_at.eq(now),
        ),
    );
    each!(conn, c => diesel::insert_into(imports::table).values(row).execute(c))?;
    let pieces: Vec<PieceRow<'_>> = sheet
        .pieces
        .iter()
        .zip(0..)
        .map(|(piece, number)| PieceRow {
            import_id: new.id,
            number,
            first_line: piece.first_line,
            records: piece.records,
            text: &piece.text,
        })
        .collect();
    for chunk in pieces.chunks(100) {
        each!(conn, c => diesel::insert_into(import_pieces::table).values(chunk).execute(c))?;
    }
    note(conn, (new.by, "import.upload"), new.id, now)
}

/// Each field once: the first column that it fits.
fn guess(names: &[String], has_header: bool) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let field = match (has_header, at) {
            (true, _) => Field::guess(name),
            (false, 0) => Field::Email,
            (false, _) => Field::Nothing,
        };
        let is_taken = columns.iter().any(|column| column.field == field);
        columns.push(Column {
            name: name.clone(),
            field: if is_taken { Field::Nothing } else { field },
        });
    }
    columns
}

/// Names the columns and has the file counted.
///
/// # Errors
/// [`AppError::Invalid`] of `columns` where there is no address or a field stands twice; [`AppError::Conflict`] where the import
/// has gone on.
pub fn map(
    conn: &mut Conn,
    id: ImportId,
    fields: &[Field],
    job: JobId,
    now: Timestamp,
) -> AppResult<()> {
    let import = by_id(conn, id)?;
    let wrong = |why: &str| Err(AppError::field("columns", why));
    if fields.len() != import.fields.0.len() {
        return wrong("say of every column what it is");
    }
    if !fields.contains(&Field::Email) {
        return wrong("say which column holds the address");
    }
    for field in Field::ALL.iter().filter(|one| **one != Field::Nothing) {
        if fields.iter().filter(|one| *one == field).count() > 1 {
            return wrong("two columns cannot be the same");
        }
    }
    let named = import.fields.0.into_iter().zip(fields);
    let columns: Vec<Column> = named
        .map(|(column, field)| Column {
            field: *field,
            ..column
        })
        .collect();
    let from = [ImportState::Uploaded, ImportState::Checked];
    let target = imports::table.find(id).filter(imports::state.eq_any(from));
    let moved = each!(conn, c => diesel::update(target)
        .set((
            imports::state.eq(ImportState::Checking),
            imports::fields.eq(Json(columns)),
            imports::lines_done.eq(0),
            imports::changed_at.eq(now),
        ))
        .execute(c))?;
    if moved == 0 {
        return Err(gone_on());
    }
    let faults = import_faults::table.filter(import_faults::import_id.eq(id));
    each!(conn, c => diesel::delete(faults).execute(c))?;
    enqueue(conn, &work("check_import", id, job, now), now)
}

fn work(kind: &'static str, id: ImportId, job: JobId, now: Timestamp) -> NewJob {
    NewJob {
        id: job,
        kind,
        payload: serde_json::json!({ "import": id }),
        dedup_key: Some(format!("{kind}:{id}")),
        run_at: now,
    }
}

fn gone_on() -> AppError {
    AppError::Conflict {
        code: "import_gone_on",
        detail: "this import has gone on since; look at how it stands now".into(),
    }
}

/// Moves an import on; from another state than these it is a conflict.
pub(super) fn go(
    conn: &mut Conn,
    id: ImportId,
    (from, to): (&[ImportState], ImportState),
    now: Timestamp,
) -> AppResult<()> {
    let ended = matches!(to, ImportState::Done | ImportState::Stopped).then_some(now);
    let target = imports::table
        .find(id)
        .filter(imports::state.eq_any(from.to_vec()));
    let moved = each!(conn, c => diesel::update(target)
        .set((
            imports::state.eq(to),
            imports::changed_at.eq(now),
            imports::ended_at.eq(ended),
        ))
        .execute(c))?;
    if moved == 0 { Err(gone_on()) } else { Ok(()) }
}

/// Says go: the counted file is applied.
///
/// # Errors
/// [`AppError::Conflict`] unless it was counted.
pub fn start(
    conn: &mut Conn,
    id: ImportId,
    by: UserId,
    job: JobId,
    now: Timestamp,
) -> AppResult<()> {
    go(
        conn,
        id,
        (&[ImportState::Checked], ImportState::Running),
        now,
    )?;
    each!(conn, c => diesel::update(imports::table.find(id))
        .set((
            imports::lines_done.eq(0),
            imports::added.eq(0),
            imports::joined.eq(0),
            imports::known.eq(0),
            imports::kept_out.eq(0),
        ))
        .execute(c))?;
    enqueue(conn, &work("apply_import", id, job, now), now)?;
    note(conn, (by, "import.start"), id, now)
}

/// Halts an import after the piece at hand: what was applied stays, the rest is thrown away.
///
/// # Errors
/// [`AppError::Conflict`] unless it runs.
pub fn stop(conn: &mut Conn, id: ImportId, by: UserId, now: Timestamp) -> AppResult<()> {
    go(
        conn,
        id,
        (&[ImportState::Running], ImportState::Stopped),
        now,
    )?;
    drop_pieces(conn, id)?;
    note(conn, (by, "import.stop"), id, now)
}

/// Throws an import away of which nothing was applied.
///
/// # Errors
/// [`AppError::Conflict`] once it was started.
pub fn discard(conn: &mut Conn, id: ImportId, by: UserId, now: Timestamp) -> AppResult<()> {
    remove(conn, id)?;
    note(conn, (by, "import.discard"), id, now)
}

/// Takes the rows of an import away that never started.
pub(super) fn remove(conn: &mut Conn, id: ImportId) -> AppResult<()> {
    let open = [
        ImportState::Uploaded,
        ImportState::Checking,
        ImportState::Checked,
    ];
    drop_pieces(conn, id)?;
    drop_faults(conn, id)?;
    let target = imports::table.find(id).filter(imports::state.eq_any(open));
    match each!(conn, c => diesel::delete(target).execute(c))? {
        0 => Err(gone_on()),
        _ => Ok(()),
    }
}

pub(super) fn drop_pieces(conn: &mut Conn, id: ImportId) -> AppResult<()> {
    let pieces = import_pieces::table.filter(import_pieces::import_id.eq(id));
    each!(conn, c => diesel::delete(pieces).execute(c))?;
    Ok(())
}

pub(super) fn drop_faults(conn: &mut Conn, id: ImportId) -> AppResult<()> {
    let faults = import_faults::table.filter(import_faults::import_id.eq(id));
    each!(conn, c => diesel::delete(faults).execute(c))?;
    Ok(())
}

fn note(
    conn: &mut Conn,
    (by, action): (UserId, &'static str),
    id: ImportId,
    now: Timestamp,
) -> AppResult<()> {
    audit::record(
        conn,
        &Deed::new(by, action, ("import", id.to_string())),
        now,
    )
}

/// The import of a job's payload, if it is still there.
pub(super) fn of_job(conn: &mut Conn, payload: &serde_json::Value) -> AppResult<Option<Import>> {
    let id = payload
        .get("import")
        .and_then(serde_json::Value::as_str)
        .and_then(|text| text.parse::<ImportId>().ok())
        .ok_or_else(|| AppError::internal("a job of an import names none"))?;
    match by_id(conn, id) {
        Ok(import) => Ok(Some(import)),
        Err(AppError::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}
