//! Rows of documents.

use diesel::prelude::*;

use super::format::Format;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::documents;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Timestamp};

crate::id!(
    /// A document.
    pub DocumentId,
    "doc"
);

/// A document.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = documents)]
pub struct Document {
    /// The id.
    pub id: DocumentId,
    /// What it is to its owner: `bank_slip`, `report` …
    pub kind: String,
    /// The noun of what it belongs to: `tranche`, `impact_report` …
    pub owner_kind: String,
    /// The id of what it belongs to.
    pub owner_id: String,
    /// Its title, for people.
    pub name: String,
    /// What kind of file it is.
    #[diesel(column_name = mime)]
    pub format: Format,
    /// How long it is.
    pub bytes: i64,
    /// The digest of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Who sent it.
    pub uploaded_by: Option<UserId>,
    /// When it came.
    pub created_at: Timestamp,
}

/// A document whose file lies there and whose row is still to be written ([`insert`]).
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// The id.
    pub id: DocumentId,
    /// Its title, for people.
    pub name: Line,
    /// What kind of file it is.
    pub format: Format,
    /// How long it is.
    pub bytes: i64,
    /// The digest of its bytes.
    pub sha256: String,
    /// Who sent it.
    pub by: UserId,
}

/// Writes the row, in the transaction of what it belongs to: `kind` says what it is there, `owner` is that noun and its id.
///
/// # Errors
/// The database's.
pub fn insert(
    conn: &mut Conn,
    new: &NewDocument,
    kind: &str,
    owner: (&str, &str),
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        documents::id.eq(new.id),
        documents::kind.eq(kind),
        documents::owner_kind.eq(owner.0),
        documents::owner_id.eq(owner.1),
        documents::name.eq(new.name.as_str()),
        documents::mime.eq(new.format),
        documents::bytes.eq(new.bytes),
        documents::sha256.eq(&new.sha256),
        documents::uploaded_by.eq(Some(new.by)),
        documents::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(documents::table).values(row).execute(c))?;
    Ok(())
}

/// A document that was not taken away.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn find(conn: &mut Conn, id: DocumentId) -> AppResult<Document> {
    let query = documents::table
        .find(id)
        .filter(documents::removed_at.is_null());
    each!(conn, c => query.select(Document::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this document"))
}

/// The documents of one thing, in the order in which they came.
///
/// # Errors
/// The database's.
pub fn of_owner(conn: &mut Conn, owner: (&str, &str)) -> AppResult<Vec<Document>> {
    let query = documents::table
        .filter(documents::owner_kind.eq(owner.0))
        .filter(documents::owner_id.eq(owner.1))
        .filter(documents::removed_at.is_null())
        .order(documents::id);
    Ok(each!(conn, c => query.select(Document::as_select()).load(c))?)
}

/// Takes a document away: nobody is handed its file any more.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, id: DocumentId, now: Timestamp) -> AppResult<()> {
    let own = documents::table
        .find(id)
        .filter(documents::removed_at.is_null());
    each!(conn, c => diesel::update(own).set(documents::removed_at.eq(now)).execute(c))?;
    Ok(())
}
