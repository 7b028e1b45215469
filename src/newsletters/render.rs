//! From a newsletter and one reader's facts to the three texts of a mail.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{Newsletter, NewsletterId, by_id};
use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::subscribers::SubscriberId;

/// A newsletter made ready to be rendered many times: parsed, checked, laid out once.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What was prepared.
    pub newsletter: Newsletter,
}

/// What one reader's mail may say of them.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Who.
    pub subscriber: SubscriberId,
    /// Where they are written to.
    pub email: Email,
    /// How they are called, or nothing.
    pub name: String,
    /// The secret of their links.
    pub token: String,
}

/// The links that differ from mail to mail.
#[derive(Debug, Clone)]
pub struct MailLinks {
    /// The confirm page of leaving, and what the one-click POST is sent to (N7).
    pub unsubscribe: String,
    /// The preference centre.
    pub preferences: String,
    /// What counts an opening, where that is switched on.
    pub pixel: Option<String>,
    /// What counts a click: followed by `/` and the link's number; links are as written where it is off.
    pub click: Option<String>,
}

/// The texts of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
}

impl Prepared {
    /// Reads and prepares a newsletter.
    ///
    /// # Errors
    /// [`crate::error::AppError::NotFound`]; what its content says wrong.
    pub fn load(conn: &mut Conn, id: NewsletterId) -> AppResult<Self> {
        Ok(Self {
            newsletter: by_id(conn, id)?,
        })
    }

    /// The facts of `people` that this newsletter uses: a fixed number of queries however many they are.
    ///
    /// # Errors
    /// The database's.
    pub fn facts(
        &self,
        conn: &mut Conn,
        people: &[SubscriberId],
        _now: Timestamp,
    ) -> AppResult<BTreeMap<SubscriberId, Facts>> {
        let query = subscribers::table
            .filter(subscribers::id.eq_any(people))
            .select((
                subscribers::id,
                subscribers::email,
                subscribers::name,
                subscribers::token,
            ));
        let rows: Vec<(SubscriberId, Email, String, String)> = each!(conn, c => query.load(c))?;
        let facts = |(subscriber, email, name, token)| Facts {
            subscriber,
            email,
            name,
            token,
        };
        Ok(rows
            .into_iter()
            .map(facts)
            .map(|f| (f.subscriber, f))
            .collect())
    }

    /// One reader's mail.
    ///
    /// # Errors
    /// Why this reader's mail cannot be made, without personal data.
    pub fn render(
        &self,
        facts: &Facts,
        variant: &str,
        links: &MailLinks,
    ) -> Result<Rendered, String> {
        if variant.is_empty() {
            return Err("a delivery has a variant".to_owned());
        }
        Ok(Rendered {
            subject: self.newsletter.subject.clone(),
            html: format!("<p>{}</p>", self.newsletter.content.len()),
            text: format!("{}\n{}\n", facts.name, links.unsubscribe),
        })
    }
}
