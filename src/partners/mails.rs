//! Mails to partners: what each of them needs, and the invitation to the desk.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::InvitationId;
use super::model::Partner;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::mail::{MailId, Mails, NewMail};
use crate::web::views::palette::DEFAULT_ACCENT;

/// What every mail to partners needs. Clones share the templates.
#[derive(Clone)]
pub struct PartnerLetters {
    mails: Mails,
    public_url: String,
    organisation: String,
}

impl PartnerLetters {
    /// Letters from this installation.
    pub fn new(mails: Mails, config: &Config) -> Self {
        Self {
            mails,
            public_url: config.public_url(),
            organisation: config.site.name.clone(),
        }
    }

    /// The absolute address of a page of this site.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// One mail, of which there is one per kind and `source_id`; `context` are the fields of this mail.
    pub fn mail(
        &self,
        (kind, source_id): (&'static str, String),
        (to, name): (&Email, Option<&str>),
        context: Value,
    ) -> NewMail {
        let mut fields = json!({
            "name": name,
            "accent": DEFAULT_ACCENT,
            "organisation": self.organisation,
        });
        if let (Some(all), Value::Object(more)) = (fields.as_object_mut(), context) {
            all.extend(more);
        }
        NewMail {
            id: MailId::new(),
            kind,
            source_id,
            to: to.clone(),
            to_name: name.map(str::to_owned),
            context: fields,
        }
    }

    /// Puts mails into the outbox; answers how many were new.
    ///
    /// # Errors
    /// The database's.
    pub fn queue(&self, conn: &mut Conn, mails: &[NewMail], now: Timestamp) -> AppResult<usize> {
        self.mails.queue(conn, mails, now)
    }

    pub(super) fn invitation(
        &self,
        conn: &mut Conn,
        partner: &Partner,
        id: InvitationId,
        (to, secret): (&Email, &SecretString),
        now: Timestamp,
    ) -> AppResult<()> {
        let link = self.url(&format!("/desk/invitations/{}", secret.expose_secret()));
        let context = json!({ "partner": partner.name, "link": link });
        let mail = self.mail(("partner_invitation", id.to_string()), (to, None), context);
        self.queue(conn, &[mail], now).map(|_| ())
    }
}
