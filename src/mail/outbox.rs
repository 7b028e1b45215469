//! The outbox: mails written in the transaction of the fact that caused them.

use std::sync::Arc;

use diesel::prelude::*;
use serde_json::Value;

use super::{MailId, MailState, Templates};
use crate::db::Conn;
use crate::db::schema::{findings, mails, sandbox_mails};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Line, Timestamp};

/// Rows of one statement at most: SQLite binds 32,766 values in one.
const ROWS: usize = 1_000;

/// Longest display name in characters; a longer one is left out.
const NAME_MOST: usize = 120;

/// A mail to be written: which one, to whom, and what fills it.
#[derive(Clone)]
pub struct NewMail {
    /// Made by the caller, outside the transaction.
    pub id: MailId,
    /// Which mail: a folder of `templates/mail`.
    pub kind: &'static str,
    /// What it tells of. One mail goes out per kind and source, whatever is replayed.
    pub source_id: String,
    /// To whom.
    pub to: Email,
    /// The recipient's name, as they wrote it.
    pub to_name: Option<String>,
    /// Every field of the mail's `sample.json`; `null` where there is nothing to say. `off_url` becomes a header as well.
    pub context: Value,
}

/// A mail whose three texts are there: one that no template of the program makes, as a test of a newsletter.
#[derive(Clone)]
pub struct ReadyMail {
    /// Made by the caller, outside the transaction.
    pub id: MailId,
    /// What it is.
    pub kind: &'static str,
    /// What it tells of; see [`NewMail::source_id`].
    pub source_id: String,
    /// To whom.
    pub to: Email,
    /// The recipient's name.
    pub to_name: Option<String>,
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
}

/// Writes mails into the outbox. Clones share the templates.
#[derive(Clone)]
pub struct Mails {
    templates: Arc<Templates>,
    /// The domain that Message-IDs end with.
    domain: String,
}

#[derive(Insertable)]
#[diesel(table_name = mails)]
#[diesel(treat_none_as_default_value = false)]
struct Row {
    id: MailId,
    kind: &'static str,
    source_id: String,
    to_email: Email,
    to_name: Option<String>,
    subject: String,
    html: String,
    text: String,
    message_id: String,
    state: MailState,
    attempts: i32,
    run_at: Timestamp,
    created_at: Timestamp,
    off_url: Option<String>,
}

impl Mails {
    /// An outbox of `templates`, sent from `from`'s domain.
    pub fn new(templates: Arc<Templates>, from: &Email) -> Self {
        let domain = from.as_str().rsplit('@').next().unwrap_or_default();
        Self {
            templates,
            domain: domain.to_owned(),
        }
    }

    /// The templates in use.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Renders and inserts `batch`; answers how many were new. A mail that cannot be rendered does not hold up the
    /// fact it tells of (F8): it is left out, logged, and shown to staff as a finding, and may be queued again.
    ///
    /// # Errors
    /// The database's, and when a kind has no template.
    pub fn queue(&self, conn: &mut Conn, batch: &[NewMail], now: Timestamp) -> AppResult<usize> {
        let mut rows = Vec::with_capacity(batch.len());
        for mail in batch {
            if self.templates.sample(mail.kind).is_none() {
                return Err(AppError::internal(format!(
                    "there is no mail {}",
                    mail.kind
                )));
            }
            match self.templates.render(mail.kind, &mail.context) {
                Ok(parts) => rows.push(Row {
                    id: mail.id,
                    kind: mail.kind,
                    source_id: mail.source_id.clone(),
                    to_email: mail.to.clone(),
                    to_name: mail.to_name.as_deref().and_then(harmless_name),
                    subject: parts.subject,
                    html: parts.html,
                    text: parts.text,
                    message_id: format!("<{}@{}>", mail.id, self.domain),
                    state: MailState::Queued,
                    attempts: 0,
                    run_at: now,
                    created_at: now,
                    off_url: off_url(&mail.context),
                }),
                Err(cause) => note_unrendered(conn, mail, &cause.to_string(), now)?,
            }
        }
        let mut new = 0;
        for chunk in rows.chunks(ROWS) {
            new += each!(conn, c => diesel::insert_into(mails::table)
                .values(chunk)
                .on_conflict_do_nothing()
                .execute(c))?;
        }
        Ok(new)
    }

    /// Inserts a mail that is written already.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a subject that is no harmless line (N10); the database's.
    pub fn queue_ready(&self, conn: &mut Conn, mail: &ReadyMail, now: Timestamp) -> AppResult<()> {
        let subject: String = mail
            .subject
            .chars()
            .take(super::templates::SUBJECT_MOST)
            .collect();
        let subject = Line::parse(&subject, super::templates::SUBJECT_MOST)
            .map_err(|bad| AppError::field("subject", bad))?;
        let row = Row {
            id: mail.id,
            kind: mail.kind,
            source_id: mail.source_id.clone(),
            to_email: mail.to.clone(),
            to_name: mail.to_name.as_deref().and_then(harmless_name),
            subject: subject.into_string(),
            html: mail.html.clone(),
            text: mail.text.clone(),
            message_id: format!("<{}@{}>", mail.id, self.domain),
            state: MailState::Queued,
            attempts: 0,
            run_at: now,
            created_at: now,
            off_url: None,
        };
        each!(conn, c => diesel::insert_into(mails::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }
}

/// The mails to one of `addresses`: to be found by reading, before the transaction that forgets them, since it looks at
/// the whole outbox.
///
/// # Errors
/// The database's.
pub fn mails_to(conn: &mut Conn, addresses: &[String]) -> AppResult<Vec<MailId>> {
    let query = mails::table
        .filter(mails::to_email.eq_any(addresses))
        .select(mails::id);
    Ok(each!(conn, c => query.load(c))?)
}

/// Takes address, name and words out of mails, whose recipient has left; what was not sent yet is not sent. The sandbox
/// mailbox loses them too.
///
/// # Errors
/// The database's.
pub fn forget_mails(
    conn: &mut Conn,
    ids: &[MailId],
    stands_in: &Email,
    now: Timestamp,
) -> AppResult<()> {
    for chunk in ids.chunks(ROWS) {
        let waiting = mails::table
            .filter(mails::id.eq_any(chunk))
            .filter(mails::state.ne(MailState::Sent));
        each!(conn, c => diesel::update(waiting)
            .set((
                mails::state.eq(MailState::Failed),
                mails::last_error.eq("the recipient has left"),
                mails::run_at.eq(now),
            ))
            .execute(c))?;
        let all = mails::table.filter(mails::id.eq_any(chunk));
        each!(conn, c => diesel::update(all)
            .set((
                mails::to_email.eq(stands_in),
                mails::to_name.eq(None::<String>),
                mails::subject.eq(""),
                mails::html.eq(""),
                mails::text.eq(""),
            ))
            .execute(c))?;
        let shown = sandbox_mails::table.filter(sandbox_mails::id.eq_any(chunk));
        each!(conn, c => diesel::delete(shown).execute(c))?;
    }
    Ok(())
}

/// Where a mail that can be switched off is switched off: its field `off_url`, if it has one, becomes a header too, so that
/// mail programs can offer it.
fn off_url(context: &Value) -> Option<String> {
    let url = context.get("off_url")?.as_str()?;
    let harmless = url.starts_with("http") && url.bytes().all(|byte| byte.is_ascii_graphic());
    harmless.then(|| url.to_owned())
}

/// Takes the words out of mails about these sources, whoever got them: they hold the name of somebody who has left. What was
/// not sent yet is not sent.
///
/// # Errors
/// The database's.
pub fn forget_words(
    conn: &mut Conn,
    kinds: &[&str],
    sources: &[String],
    now: Timestamp,
) -> AppResult<()> {
    for chunk in sources.chunks(ROWS) {
        let about = mails::table
            .filter(mails::kind.eq_any(kinds))
            .filter(mails::source_id.eq_any(chunk))
            .select(mails::id);
        let ids: Vec<MailId> = each!(conn, c => about.load(c))?;
        blank(conn, &ids, now)?;
    }
    Ok(())
}

/// As [`forget_words`], of mails whose source begins with one of `heads` and a colon: one fact told to many.
///
/// # Errors
/// The database's.
pub fn forget_words_to_each(
    conn: &mut Conn,
    kind: &str,
    heads: &[String],
    now: Timestamp,
) -> AppResult<()> {
    for head in heads {
        let about = mails::table
            .filter(mails::kind.eq(kind))
            .filter(
                mails::source_id
                    .like(format!("{}:%", head.replace('_', "\\_")))
                    .escape('\\'),
            )
            .select(mails::id);
        let ids: Vec<MailId> = each!(conn, c => about.load(c))?;
        for chunk in ids.chunks(ROWS) {
            blank(conn, chunk, now)?;
        }
    }
    Ok(())
}

/// As [`forget_words`], but what waits goes out as it is: a receipt is owed to its giver, whoever has left.
///
/// # Errors
/// The database's.
pub fn forget_told(
    conn: &mut Conn,
    kind: &str,
    sources: &[String],
    now: Timestamp,
) -> AppResult<()> {
    for chunk in sources.chunks(ROWS) {
        let about = mails::table
            .filter(mails::kind.eq(kind))
            .filter(mails::source_id.eq_any(chunk))
            .filter(mails::state.eq_any([MailState::Sent, MailState::Failed]))
            .select(mails::id);
        let ids: Vec<MailId> = each!(conn, c => about.load(c))?;
        blank(conn, &ids, now)?;
    }
    Ok(())
}

fn blank(conn: &mut Conn, ids: &[MailId], now: Timestamp) -> AppResult<()> {
    let waiting = mails::table
        .filter(mails::id.eq_any(ids))
        .filter(mails::state.eq_any([MailState::Queued, MailState::Sending]));
    each!(conn, c => diesel::update(waiting)
        .set((
            mails::state.eq(MailState::Failed),
            mails::last_error.eq("the person whom it told of has left"),
            mails::run_at.eq(now),
        ))
        .execute(c))?;
    let told = mails::table.filter(mails::id.eq_any(ids));
    each!(conn, c => diesel::update(told)
        .set((mails::subject.eq(""), mails::html.eq(""), mails::text.eq("")))
        .execute(c))?;
    let shown = sandbox_mails::table.filter(sandbox_mails::id.eq_any(ids));
    each!(conn, c => diesel::delete(shown).execute(c))?;
    Ok(())
}

/// A name that would break a header is left out: the mail goes to the bare address (N10).
pub(super) fn harmless_name(name: &str) -> Option<String> {
    Line::parse(name, NAME_MOST).ok().map(Line::into_string)
}

/// A mail that could not be rendered becomes a finding under the mail's own id, so a repeated closure adds nothing.
fn note_unrendered(conn: &mut Conn, mail: &NewMail, cause: &str, now: Timestamp) -> AppResult<()> {
    tracing::error!(mail = %mail.id, kind = mail.kind, source = mail.source_id, cause, "mail not rendered");
    metrics::counter!("selvedge_mail_unrendered_total", "kind" => mail.kind).increment(1);
    each!(conn, c => diesel::insert_into(findings::table)
        .values((
            findings::id.eq(format!("fnd_{}", mail.id)),
            findings::kind.eq("mail_not_rendered"),
            findings::subject.eq(format!("{}:{}", mail.kind, mail.source_id)),
            findings::detail.eq(cause),
            findings::opened_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
