//! What a page's owner and staff say to one another about it, while it is looked at.

use diesel::prelude::*;

use super::PageId;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::page_messages;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::kernel::line::parse_lines;

crate::id!(
    /// A message about a page.
    pub MessageId,
    "msg"
);

/// Characters of a message at most.
pub const MOST: usize = 2_000;

/// A message to be written.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The id, made by the caller.
    pub id: MessageId,
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
            id: MessageId::new(),
            body: parse_lines(text, MOST).map_err(|bad| AppError::field("message", bad))?,
        })
    }
}

/// A message about a page.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = page_messages)]
pub struct Message {
    /// The id.
    pub id: MessageId,
    /// About which page.
    pub page_id: PageId,
    /// Who wrote it.
    pub author_id: Option<UserId>,
    /// Whether staff wrote it.
    pub from_staff: bool,
    /// What it says.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
}

/// The messages about a page, oldest first; at most the last hundred.
///
/// # Errors
/// The database's.
pub fn of_page(conn: &mut Conn, page: PageId) -> AppResult<Vec<Message>> {
    let query = page_messages::table
        .filter(page_messages::page_id.eq(page))
        .order(page_messages::id.desc())
        .limit(100);
    let mut found: Vec<Message> = each!(conn, c => query.select(Message::as_select()).load(c))?;
    found.reverse();
    Ok(found)
}

pub(super) fn write(
    conn: &mut Conn,
    page: PageId,
    (author, from_staff): (UserId, bool),
    new: &NewMessage,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        page_messages::id.eq(new.id),
        page_messages::page_id.eq(page),
        page_messages::author_id.eq(author),
        page_messages::from_staff.eq(from_staff),
        page_messages::body.eq(&new.body),
        page_messages::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(page_messages::table).values(row).execute(c))?;
    Ok(())
}
