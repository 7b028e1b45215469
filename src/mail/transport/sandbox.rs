//! Mail to the sandbox mailbox: a row that the page at `/sandbox/mail` shows. Demo and tests only.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::{Letter, Outcome};
use crate::db::Db;
use crate::db::schema::sandbox_mails;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Clock;

/// The mailbox of the sandbox.
pub struct Sandbox {
    db: Db,
    clock: Clock,
}

impl Sandbox {
    /// Delivers into `db`.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    pub(super) async fn deliver(&self, letter: &Letter) -> Outcome {
        match self.insert(letter).await {
            Ok(()) => Outcome::Sent,
            Err(cause) => Outcome::Down(cause.to_string().into()),
        }
    }

    /// Once per Message-ID, as a mail program would show it.
    async fn insert(&self, letter: &Letter) -> AppResult<()> {
        let (letter, now) = (letter.clone(), self.clock.now());
        let headers: Map<String, Value> = letter
            .headers()
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
        let headers = Value::Object(headers).to_string();
        self.db
            .tx(move |conn| {
                let row = (
                    sandbox_mails::id.eq(letter.draft.id),
                    sandbox_mails::message_id.eq(&letter.draft.message_id),
                    sandbox_mails::to_email.eq(&letter.draft.to),
                    sandbox_mails::from_email.eq(&letter.from),
                    sandbox_mails::subject.eq(&letter.draft.subject),
                    sandbox_mails::text.eq(&letter.draft.text),
                    sandbox_mails::html.eq(&letter.draft.html),
                    sandbox_mails::headers.eq(&headers),
                    sandbox_mails::source.eq(String::from_utf8_lossy(&letter.source)),
                    sandbox_mails::received_at.eq(now),
                );
                each!(conn, c => diesel::insert_into(sandbox_mails::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(c))?;
                Ok(())
            })
            .await
    }
}
