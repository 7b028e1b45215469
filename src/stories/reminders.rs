//! Mails before a consent ends: whoever runs the campaigns has time to ask anew, or to let the stories go.

use diesel::prelude::*;
use serde_json::json;

use super::model::Status;
use crate::auth::roles::{Reachable, runners};
use crate::config::Config;
use crate::consent_vault::ending;
use crate::consent_vault::ops::today;
use crate::consent_vault::{Consent, ConsentId};
use crate::db::Conn;
use crate::db::schema::{stories, story_consents};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Timestamp};
use crate::mail::{MailId, Mails, NewMail};
use crate::web::views::palette::DEFAULT_ACCENT;

/// Days before the last day on which a mail goes out, the latest first.
const STAGES: [i64; 2] = [7, 30];
/// Consents looked at in one run: those that end first.
const MOST: i64 = 500;

/// What the reminders need.
#[derive(Clone)]
pub struct Reminders {
    mails: Mails,
    public_url: String,
    organisation: String,
}

impl Reminders {
    /// Of this installation.
    pub fn new(mails: Mails, config: &Config) -> Self {
        Self {
            mails,
            public_url: config.public_url(),
            organisation: config.site.name.clone(),
        }
    }

    /// Writes to whoever runs the campaigns of each consent that ends within 30 days, and again within 7; once a stage and
    /// person. Answers how many mails were new.
    ///
    /// # Errors
    /// The database's.
    pub fn remind(&self, conn: &mut Conn, now: Timestamp) -> AppResult<usize> {
        let (today, last) = (today(now)?, now.plus(chrono::Duration::days(31)));
        let until = crate::consent_vault::ops::today(last)?;
        let due = ending(conn, today, until, MOST)?;
        if due.is_empty() {
            return Ok(0);
        }
        let readers = runners(conn, None)?;
        let mut mails = Vec::new();
        for consent in &due {
            let left = today.days_to(consent.expires_on);
            let Some(stage) = STAGES.iter().find(|stage| left <= **stage) else {
                continue;
            };
            let shown = stories_of(conn, consent.id)?;
            let mail = |to: &Reachable| self.mail(consent, (*stage, left, shown), to);
            mails.extend(readers.iter().map(mail));
        }
        self.mails.queue(conn, &mails, now)
    }

    fn mail(
        &self,
        consent: &Consent,
        (stage, days, stories): (i64, i64, i64),
        (user, email, name): &Reachable,
    ) -> NewMail {
        let url = format!("{}/console/consents/{}", self.public_url, consent.id);
        NewMail {
            id: MailId::new(),
            kind: "consent_ends",
            source_id: format!("{}-{stage}-{user}", consent.id),
            to: email.clone(),
            to_name: Some(name.clone()),
            context: json!({
                "name": name,
                "accent": DEFAULT_ACCENT,
                "organisation": self.organisation,
                "pseudonym": consent.pseudonym,
                "until": consent.expires_on,
                "days": if days == 1 { "1 day".to_owned() } else { format!("{days} days") },
                "stories": match stories {
                    0 => None,
                    1 => Some("the story".to_owned()),
                    more => Some(format!("each of {more} stories")),
                },
                "consent_url": url,
            }),
        }
    }
}

/// How many stories are public under a consent.
fn stories_of(conn: &mut Conn, id: ConsentId) -> AppResult<i64> {
    let query = story_consents::table
        .inner_join(stories::table.on(stories::id.eq(story_consents::story_id)))
        .filter(story_consents::consent_id.eq(id))
        .filter(stories::status.eq(Status::Published))
        .count();
    Ok(each!(conn, c => query.get_result(c))?)
}

/// How many consents wait for somebody: for a signature, or for the question whether they shall go on after their last day
/// within 30 days.
///
/// # Errors
/// The database's.
pub fn consents_waiting(conn: &mut Conn, now: Timestamp) -> AppResult<(i64, i64)> {
    use crate::db::schema::vault_consents as rows;
    let today: Day = today(now)?;
    let until = crate::consent_vault::ops::today(now.plus(chrono::Duration::days(31)))?;
    let unsigned = rows::table
        .filter(rows::second_by.is_null())
        .filter(rows::revoked_at.is_null())
        .filter(rows::expires_on.ge(today))
        .count();
    let unsigned = each!(conn, c => unsigned.get_result(c))?;
    let soon = ending(conn, today, until, MOST)?.len();
    Ok((unsigned, i64::try_from(soon).map_err(AppError::internal)?))
}
