//! What a captain writes to the team: a mail to each member, at most one a day and three a week (N7 in spirit: each with
//! a link that ends such mail without signing in).

use chrono::Duration;
use diesel::prelude::*;

use super::TeamId;
use super::mails::{self, Letters, Reader};
use crate::auth::UserId;
use crate::auth::mutes::{MailKind, muted_among};
use crate::db::Conn;
use crate::db::schema::{pages, team_messages, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Timestamp};
use crate::teams::model;

crate::id!(
    /// A message to a team.
    pub MessageId,
    "tms"
);

/// At most one message in this time.
const ONE_IN: Duration = Duration::days(1);
/// At most [`SOME`] messages in this time.
const SOME_IN: Duration = Duration::days(7);
/// See [`SOME_IN`].
const SOME: usize = 3;

/// Characters of a message's text at most.
pub const TEXT: usize = 5_000;

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The id, made by the caller.
    pub id: MessageId,
    /// To which team.
    pub team: TeamId,
    /// Who writes.
    pub author: UserId,
    /// How the writer is called in the mail.
    pub signature: String,
    /// The subject.
    pub subject: Line,
    /// The text, in lines.
    pub body: String,
}

/// From when on the team may be written to again; `None`: now.
///
/// # Errors
/// The database's.
pub fn next_at(conn: &mut Conn, team: TeamId, now: Timestamp) -> AppResult<Option<Timestamp>> {
    let query = team_messages::table
        .filter(team_messages::team_id.eq(team))
        .filter(team_messages::sent_at.gt(now.minus(SOME_IN)))
        .order(team_messages::sent_at.desc())
        .limit(3)
        .select(team_messages::sent_at);
    let sent: Vec<Timestamp> = each!(conn, c => query.load(c))?;
    let after_last = sent.first().map(|last| last.plus(ONE_IN));
    let after_some = sent.get(SOME - 1).map(|third| third.plus(SOME_IN));
    Ok(after_last.max(after_some).filter(|next| *next > now))
}

/// Everybody with a page in the team and an open account, but `author`, and those who switched such mail off.
///
/// # Errors
/// The database's.
pub fn readers(conn: &mut Conn, team: TeamId, author: UserId) -> AppResult<Vec<Reader>> {
    let query = pages::table
        .inner_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
        .filter(pages::team_id.eq(team))
        .filter(users::id.ne(author))
        .filter(users::disabled_at.is_null())
        .filter(users::deleted_at.is_null())
        .order(users::id)
        .distinct()
        .select((users::id, users::name, users::email));
    let mut readers: Vec<Reader> = each!(conn, c => query.load(c))?;
    let ids: Vec<UserId> = readers.iter().map(|reader| reader.user).collect();
    let muted = muted_among(conn, &ids, MailKind::TeamMessages)?;
    readers.retain(|reader| !muted.contains(&reader.user));
    Ok(readers)
}

/// Writes the message and its mails; answers how many people get it.
///
/// # Errors
/// [`AppError::Conflict`] `archived`, `too_soon` or `nobody_reads`.
pub fn send(
    conn: &mut Conn,
    new: &NewMessage,
    letters: &Letters,
    now: Timestamp,
) -> AppResult<usize> {
    let overview = model::by_id(conn, new.team)?;
    if !overview.team.is_open() {
        return Err(super::ops::archived());
    }
    if next_at(conn, new.team, now)?.is_some() {
        return Err(AppError::Conflict {
            code: "too_soon",
            detail: "a team gets one message a day and three a week at most; this one can wait"
                .into(),
        });
    }
    let readers = readers(conn, new.team, new.author)?;
    if readers.is_empty() {
        return Err(AppError::Conflict {
            code: "nobody_reads",
            detail: "there is nobody in the team who would get this".into(),
        });
    }
    let row = (
        team_messages::id.eq(new.id),
        team_messages::team_id.eq(new.team),
        team_messages::author_id.eq(new.author),
        team_messages::subject.eq(new.subject.as_str()),
        team_messages::body.eq(&new.body),
        team_messages::recipients.eq(i64::try_from(readers.len()).unwrap_or(i64::MAX)),
        team_messages::sent_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(team_messages::table).values(row).execute(c))?;
    mails::message(conn, letters, &overview, new, &readers, now)?;
    Ok(readers.len())
}
