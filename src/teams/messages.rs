//! What a captain writes to the team: a mail to each member, at most one a day and three a week (N7 in spirit: each with
//! a link that ends such mail without signing in).
//!
//! The message is a row and a job of one transaction; the job writes the mails in pieces, each in a transaction of its own, so
//! that a team of thousands keeps nobody waiting. A job that runs again writes no mail twice.

use actix_web::web::Data;
use chrono::Duration;
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::TeamId;
use super::guard::Lead;
use super::mails::{self, Letters, Reader};
use crate::auth::UserId;
use crate::auth::mutes::{MailKind, muted_among};
use crate::db::Conn;
use crate::db::schema::{pages, team_messages, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::jobs::{self, JobId, NewJob, Registry};
use crate::kernel::{Line, Timestamp};
use crate::teams::model;
use crate::web::Site;

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

/// Mails written in one transaction at most.
const PIECE: i64 = 200;

/// The job that writes the mails of a message.
const JOB: &str = "team_message";

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
    /// As what they write.
    pub lead: Lead,
    /// The job that writes the mails, made by the caller.
    pub job: JobId,
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

/// Everybody with a live page in the team, a confirmed address and an open account, but `author`, and those who switched such
/// mail off.
///
/// # Errors
/// The database's.
pub fn readers(conn: &mut Conn, team: TeamId, author: UserId) -> AppResult<Vec<Reader>> {
    let all = members(conn, (team, author), "", i64::MAX)?;
    wanting(conn, all)
}

/// Up to `most` of those in the order of their ids, from the one after `after` on, whether they want such mail or not.
fn members(
    conn: &mut Conn,
    (team, author): (TeamId, UserId),
    after: &str,
    most: i64,
) -> AppResult<Vec<Reader>> {
    let query = pages::table
        .inner_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
        .filter(pages::team_id.eq(team))
        .filter(pages::status.eq(model::SHOWN))
        .filter(users::id.ne(author))
        .filter(users::id.gt(after))
        .filter(users::verified_at.is_not_null())
        .filter(users::disabled_at.is_null())
        .filter(users::deleted_at.is_null())
        .order(users::id)
        .distinct()
        .limit(most)
        .select((users::id, users::name, users::email));
    Ok(each!(conn, c => query.load(c))?)
}

fn wanting(conn: &mut Conn, mut readers: Vec<Reader>) -> AppResult<Vec<Reader>> {
    let ids: Vec<UserId> = readers.iter().map(|reader| reader.user).collect();
    let muted = muted_among(conn, &ids, MailKind::TeamMessages)?;
    readers.retain(|reader| !muted.contains(&reader.user));
    Ok(readers)
}

/// Writes the message down, with the job that mails it; answers how many people get it.
///
/// # Errors
/// [`AppError::Conflict`] `archived`, `too_soon` or `nobody_reads`.
pub fn send(conn: &mut Conn, new: &NewMessage, now: Timestamp) -> AppResult<usize> {
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
    let readers = readers(conn, new.team, new.author)?.len();
    if readers == 0 {
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
        team_messages::recipients.eq(i64::try_from(readers).unwrap_or(i64::MAX)),
        team_messages::sent_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(team_messages::table).values(row).execute(c))?;
    let job = NewJob {
        id: new.job,
        kind: JOB,
        payload: json!({ "message": new.id.to_string(), "lead": new.lead }),
        dedup_key: None,
        run_at: now,
    };
    jobs::enqueue(conn, &job, now)?;
    Ok(readers)
}

/// Registers the job that mails messages.
pub fn jobs(registry: &mut Registry, site: &Data<Site>, letters: &Letters) {
    let (site, letters) = (site.clone(), letters.clone());
    registry.on(JOB, move |payload| {
        let (site, letters) = (site.clone(), letters.clone());
        async move { mail_all(&site, &letters, payload).await }
    });
}

/// What the job knows: the rest is read when it runs.
#[derive(Debug, Clone, Deserialize)]
struct ToMail {
    message: MessageId,
    lead: Lead,
}

/// Mails a message piece by piece. One whose words were taken back since, as its writer left, goes to nobody more.
async fn mail_all(site: &Site, letters: &Letters, payload: Value) -> AppResult<()> {
    let ToMail { message, lead } = serde_json::from_value(payload)?;
    let (now, mut after) = (site.clock.now(), Some(String::new()));
    while let Some(place) = after {
        let letters = letters.clone();
        after = site
            .db
            .tx(move |c| mail_some(c, &letters, (message, lead), &place, now))
            .await?;
    }
    Ok(())
}

/// Mails a message to the next members; answers after whom to go on.
fn mail_some(
    conn: &mut Conn,
    letters: &Letters,
    (message, lead): (MessageId, Lead),
    after: &str,
    now: Timestamp,
) -> AppResult<Option<String>> {
    let query = team_messages::table
        .inner_join(users::table.on(users::id.eq(team_messages::author_id)))
        .filter(team_messages::id.eq(message))
        .select((
            team_messages::team_id,
            team_messages::author_id,
            users::name,
            team_messages::subject,
            team_messages::body,
        ));
    let found: Option<(TeamId, UserId, String, String, String)> =
        each!(conn, c => query.first(c).optional())?;
    let Some((team, author, name, subject, body)) = found else {
        return Ok(None);
    };
    if body.is_empty() {
        return Ok(None);
    }
    let overview = model::by_id(conn, team)?;
    let members = members(conn, (team, author), after, PIECE)?;
    let last = members.last().map(|last| last.user.to_string());
    let readers = wanting(conn, members)?;
    let team = &overview.team.name;
    let written = Written {
        id: message,
        signature: match lead {
            Lead::Captain => format!("{name}, captain of {team}"),
            Lead::CoCaptain => format!("{name}, co-captain of {team}"),
            Lead::Staff => format!("{name}, for the captain of {team}"),
        },
        subject,
        body,
    };
    mails::message(conn, letters, &overview, &written, &readers, now)?;
    Ok(last)
}

/// A message as it is mailed.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: MessageId,
    pub(super) signature: String,
    pub(super) subject: String,
    pub(super) body: String,
}
