//! The outbox's rows in a sender's hands: claimed by lease, settled by statements that its token guards.

use chrono::Duration;
use diesel::prelude::*;

use super::letter::{Draft, one_click};
use super::transport::Outcome;
use super::{MailId, MailState};
use crate::db::Conn;
use crate::db::schema::mails;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};

/// How long a lease holds unless it is renewed (N4): short enough that what a killed process held leaves within a minute (P8).
const LEASE_SECONDS: i64 = 40;
/// Minutes until the next try, by the number of tries made; the last holds from then on (N13).
const WAITS: [i64; 5] = [1, 5, 15, 60, 240];
/// A mail that no server took for so long has failed (N13).
const GIVE_UP_HOURS: i64 = 48;

/// A mail in a sender's hands.
#[derive(Clone, Queryable)]
pub(super) struct Outgoing {
    pub id: MailId,
    pub to_email: Email,
    pub to_name: Option<String>,
    pub subject: String,
    pub html: String,
    pub text: String,
    pub message_id: String,
    /// Tries begun, this one included.
    pub attempts: i32,
    pub created_at: Timestamp,
    pub token: Option<String>,
    pub off_url: Option<String>,
}

impl Outgoing {
    pub fn draft(&self) -> Draft {
        let mut headers = vec![("Auto-Submitted", "auto-generated".to_owned())];
        headers.extend(self.off_url.iter().flat_map(|url| one_click(url, None)));
        Draft {
            id: self.id,
            to: self.to_email.clone(),
            to_name: self.to_name.clone(),
            subject: self.subject.clone(),
            html: self.html.clone(),
            text: self.text.clone(),
            message_id: self.message_id.clone(),
            written_at: self.created_at,
            headers,
            reply_to: None,
            return_path: None,
        }
    }
}

/// Whether any mail may be claimed now: a look that takes no writer's time.
pub(super) fn any_due(conn: &mut Conn, now: Timestamp) -> AppResult<bool> {
    Ok(!due(conn, now, 1, false)?.is_empty())
}

/// Takes up to `most` due mails under `token`.
pub(super) fn claim(
    conn: &mut Conn,
    token: &str,
    most: i64,
    now: Timestamp,
) -> AppResult<Vec<Outgoing>> {
    let ids = due(conn, now, most, true)?;
    let free = mails::table.filter(mails::id.eq_any(ids)).filter(
        mails::state
            .eq(MailState::Queued)
            .or(mails::lease_until.lt(now)),
    );
    let mut claimed: Vec<Outgoing> = each!(conn, c => diesel::update(free)
        .set((
            mails::state.eq(MailState::Sending),
            mails::attempts.eq(mails::attempts + 1),
            mails::lease_token.eq(Some(token)),
            mails::lease_until.eq(Some(now.plus(Duration::seconds(LEASE_SECONDS)))),
        ))
        .returning((
            mails::id, mails::to_email, mails::to_name, mails::subject, mails::html, mails::text,
            mails::message_id, mails::attempts, mails::created_at, mails::lease_token, mails::off_url,
        ))
        .get_results(c))?;
    claimed.sort_by_key(|mail| mail.id);
    Ok(claimed)
}

/// Ids of due mails, the longest due first; with `lock`, PostgreSQL passes over those being claimed just now (N4).
fn due(conn: &mut Conn, now: Timestamp, most: i64, lock: bool) -> AppResult<Vec<MailId>> {
    let queued = mails::state
        .eq(MailState::Queued)
        .and(mails::run_at.le(now));
    let abandoned = mails::state
        .eq(MailState::Sending)
        .and(mails::lease_until.assume_not_null().lt(now));
    let rows = mails::table
        .filter(queued.or(abandoned))
        .select(mails::id)
        .order((mails::run_at, mails::id))
        .limit(most);
    Ok(match conn {
        Conn::Sqlite(c) => rows.load(c)?,
        Conn::Postgres(c) if lock => rows.for_update().skip_locked().load(c)?,
        Conn::Postgres(c) => rows.load(c)?,
    })
}

/// Writes down what became of a try (N13), unless the lease was lost meanwhile.
pub(super) fn settle(
    conn: &mut Conn,
    mail: &Outgoing,
    outcome: &Outcome,
    now: Timestamp,
) -> AppResult<()> {
    let (state, run_at, sent_at, error) = match outcome {
        Outcome::Sent => (MailState::Sent, now, Some(now), None),
        Outcome::Refused(why) => (MailState::Failed, now, None, Some(why)),
        Outcome::Later(why) | Outcome::InDoubt(why) | Outcome::Down(why) => {
            let tries = usize::try_from(mail.attempts.max(1)).unwrap_or(1);
            let wait = WAITS.get(tries - 1).or(WAITS.last()).copied().unwrap_or(1);
            let next = now.plus(Duration::minutes(wait));
            let last = mail.created_at.plus(Duration::hours(GIVE_UP_HOURS));
            let state = if next > last {
                MailState::Failed
            } else {
                MailState::Queued
            };
            (state, next, None, Some(why))
        }
    };
    let error = error.map(|why| why.said.chars().take(500).collect::<String>());
    each!(conn, c => diesel::update(mails::table
            .filter(mails::id.eq(mail.id))
            .filter(mails::lease_token.eq(mail.token.as_deref())))
        .set((
            mails::state.eq(state),
            mails::run_at.eq(run_at),
            mails::sent_at.eq(sent_at),
            mails::last_error.eq(error),
            mails::lease_token.eq(None::<String>),
            mails::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?;
    Ok(())
}

/// Keeps the lease of a batch that takes long.
pub(super) fn renew(conn: &mut Conn, token: &str, now: Timestamp) -> AppResult<()> {
    let until = now.plus(Duration::seconds(LEASE_SECONDS));
    each!(conn, c => diesel::update(mails::table
            .filter(mails::lease_token.eq(token))
            .filter(mails::state.eq(MailState::Sending)))
        .set(mails::lease_until.eq(Some(until)))
        .execute(c))?;
    Ok(())
}

/// Gives back what a batch did not send; the try does not count.
pub(super) fn release(conn: &mut Conn, token: &str) -> AppResult<usize> {
    Ok(each!(conn, c => diesel::update(mails::table
            .filter(mails::lease_token.eq(token))
            .filter(mails::state.eq(MailState::Sending)))
        .set((
            mails::state.eq(MailState::Queued),
            mails::attempts.eq(mails::attempts - 1),
            mails::lease_token.eq(None::<String>),
            mails::lease_until.eq(None::<Timestamp>),
        ))
        .execute(c))?)
}

/// When the oldest mail that has not left was written.
pub(super) fn oldest(conn: &mut Conn) -> AppResult<Option<Timestamp>> {
    Ok(each!(conn, c => mails::table
        .filter(mails::state.eq_any([MailState::Queued, MailState::Sending]))
        .select(diesel::dsl::min(mails::created_at))
        .get_result(c))?)
}
