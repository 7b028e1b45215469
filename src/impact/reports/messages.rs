//! What staff and the partner's staff say to one another about a report.

use diesel::prelude::*;

use super::ReportId;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::report_messages;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::kernel::line::parse_lines;

crate::id!(
    /// A message about a report.
    pub ReportMessageId,
    "rms"
);

/// Characters of a message at most.
pub const MOST: usize = 3_000;

/// A message to be written.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The id, made by the caller.
    pub id: ReportMessageId,
    /// What it says, in lines.
    pub body: String,
}

impl NewMessage {
    /// A new message out of what was typed.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming `message`.
    pub fn parse(text: &str) -> AppResult<Self> {
        Ok(Self {
            id: ReportMessageId::new(),
            body: parse_lines(text, MOST).map_err(|bad| AppError::field("message", bad))?,
        })
    }

    /// The same, where nothing typed is no message.
    ///
    /// # Errors
    /// As [`NewMessage::parse`].
    pub fn optional(text: &str) -> AppResult<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        Self::parse(text).map(Some)
    }
}

/// A message about a report.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = report_messages)]
pub struct Message {
    /// The id.
    pub id: ReportMessageId,
    /// Whether staff wrote it.
    pub from_staff: bool,
    /// What it says.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
}

/// The messages about a report, oldest first; at most the last hundred.
///
/// # Errors
/// The database's.
pub fn of_report(conn: &mut Conn, report: ReportId) -> AppResult<Vec<Message>> {
    let query = report_messages::table
        .filter(report_messages::report_id.eq(report))
        .order(report_messages::id.desc())
        .limit(100);
    let mut found: Vec<Message> = each!(conn, c => query.select(Message::as_select()).load(c))?;
    found.reverse();
    Ok(found)
}

pub(super) fn write(
    conn: &mut Conn,
    report: ReportId,
    (author, from_staff): (UserId, bool),
    new: &NewMessage,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        report_messages::id.eq(new.id),
        report_messages::report_id.eq(report),
        report_messages::author_id.eq(author),
        report_messages::from_staff.eq(from_staff),
        report_messages::body.eq(&new.body),
        report_messages::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(report_messages::table).values(row).execute(c))?;
    Ok(())
}
