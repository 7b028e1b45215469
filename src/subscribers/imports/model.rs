//! Rows of imports, and how they are found.

use diesel::prelude::*;

use super::row::Column;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{import_faults, import_pieces, imports};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Json, Timestamp};
use crate::subscribers::ListId;

crate::id!(
    /// A file of people on its way in.
    pub ImportId,
    "imp"
);

crate::words! {
    /// How an import stands; the moves are in the module's picture.
    pub enum ImportState {
        /// Kept; waits for its columns to be named.
        Uploaded = "uploaded",
        /// Being counted.
        Checking = "checking",
        /// Counted; waits for a person to say go.
        Checked = "checked",
        /// Being applied.
        Running = "running",
        /// Every row has its end.
        Done = "done",
        /// Halted by a person: what was applied stays.
        Stopped = "stopped",
    }
}

/// A file of people on its way in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = imports)]
pub struct Import {
    /// The id.
    pub id: ImportId,
    /// The list that its people join.
    pub list_id: ListId,
    /// Who sent it, and says that they agreed.
    pub made_by: UserId,
    /// How it stands.
    pub state: ImportState,
    /// How these people agreed.
    pub basis: String,
    /// On which day, or the last of them.
    pub agreed_on: Day,
    /// What stands between cells.
    pub delimiter: String,
    /// Whether its first row named the columns.
    pub has_header: bool,
    /// Its columns.
    pub fields: Json<Vec<Column>>,
    /// How many rows it has.
    pub lines: i64,
    /// How many of them the present step has behind it.
    pub lines_done: i64,
    /// People who are new.
    pub added: i64,
    /// People who were known, and are new on the list.
    pub joined: i64,
    /// People who were on the list.
    pub known: i64,
    /// People who left, were erased or are suppressed: nothing is done for them.
    pub kept_out: i64,
    /// Rows that are no person.
    pub faulty: i64,
    /// When it came.
    pub created_at: Timestamp,
    /// When it last moved.
    pub changed_at: Timestamp,
    /// When its last row had an end.
    pub ended_at: Option<Timestamp>,
}

impl Import {
    /// What stands between cells.
    pub fn delimiter(&self) -> char {
        self.delimiter.chars().next().unwrap_or(',')
    }
}

/// One import.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: ImportId) -> AppResult<Import> {
    let query = imports::table.find(id);
    each!(conn, c => query.select(Import::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this import"))
}

/// The newest imports.
///
/// # Errors
/// The database's.
pub fn newest(conn: &mut Conn, most: i64) -> AppResult<Vec<Import>> {
    let query = imports::table.order(imports::id.desc()).limit(most);
    Ok(each!(conn, c => query.select(Import::as_select()).load(c))?)
}

/// A piece that is kept.
#[derive(Debug, Clone, Queryable)]
pub struct KeptPiece {
    /// Its place.
    pub number: i64,
    /// The line at which it begins.
    pub first_line: i64,
    /// How many rows it has.
    pub records: i64,
    /// CSV.
    pub text: String,
}

/// The first piece from `number` on that has not been applied.
///
/// # Errors
/// The database's.
pub fn next_piece(conn: &mut Conn, import: ImportId, number: i64) -> AppResult<Option<KeptPiece>> {
    let query = import_pieces::table
        .filter(import_pieces::import_id.eq(import))
        .filter(import_pieces::number.ge(number))
        .filter(import_pieces::done_at.is_null())
        .order(import_pieces::number)
        .select((
            import_pieces::number,
            import_pieces::first_line,
            import_pieces::records,
            import_pieces::text,
        ));
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// A row that is no person.
#[derive(Debug, Clone, Queryable)]
pub struct KeptFault {
    /// Its line in the file.
    pub line: i64,
    /// What is wrong with it.
    pub why: String,
    /// Its cells.
    pub cells: Json<Vec<String>>,
}

/// Faults after a line, in the file's order.
///
/// # Errors
/// The database's.
pub fn faults(
    conn: &mut Conn,
    import: ImportId,
    after: i64,
    most: i64,
) -> AppResult<Vec<KeptFault>> {
    let query = import_faults::table
        .filter(import_faults::import_id.eq(import))
        .filter(import_faults::line.gt(after))
        .order(import_faults::line)
        .limit(most)
        .select((
            import_faults::line,
            import_faults::why,
            import_faults::cells,
        ));
    Ok(each!(conn, c => query.load(c))?)
}
