//! The record of what was done by whom (S15): append-only, written in the transaction of the deed.
//!
//! It holds ids and deeds, never names, addresses or texts: what was edited is told by the digests of before and after.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::audit_log;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::Timestamp;
use crate::kernel::secret::sha256_hex;

crate::words! {
    /// By which door a deed was done.
    pub enum Via {
        /// In the browser.
        Browser = "browser",
        /// With an API token.
        Token = "token",
        /// On the command line.
        CommandLine = "cli",
        /// By the program itself.
        Program = "program",
    }
}

/// A deed to be recorded.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Who did it; `None` for the program itself and for people who are not signed in.
    pub actor: Option<UserId>,
    /// By which door.
    pub via: Via,
    /// What was done, as `noun.verb`: `page.hide`, `user.sign_in`.
    pub action: &'static str,
    /// To what: its noun and its id.
    pub subject: (&'static str, String),
    /// In which campaign.
    pub campaign: Option<CampaignId>,
    /// In words, without names, addresses or texts of people.
    pub detail: String,
    /// What stood before an edit, and what stands after; only their digests are kept.
    pub edit: Option<(String, String)>,
}

impl Deed {
    /// A deed in the browser, without words and without an edit.
    pub fn new(actor: UserId, action: &'static str, subject: (&'static str, String)) -> Self {
        Self {
            actor: Some(actor),
            via: Via::Browser,
            action,
            subject,
            campaign: None,
            detail: String::new(),
            edit: None,
        }
    }

    /// In a campaign.
    #[must_use]
    pub fn of(mut self, campaign: CampaignId) -> Self {
        self.campaign = Some(campaign);
        self
    }

    /// With words.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With what an edit changed.
    #[must_use]
    pub fn edited(mut self, before: impl Into<String>, after: impl Into<String>) -> Self {
        self.edit = Some((before.into(), after.into()));
        self
    }
}

/// A recorded deed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub struct Recorded {
    /// Its place in the record.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor_id: Option<UserId>,
    /// By which door.
    pub via: Via,
    /// What.
    pub action: String,
    /// The noun of what it was done to.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// In which campaign.
    pub campaign_id: Option<CampaignId>,
    /// In words.
    pub detail: String,
    /// Digest of what stood before.
    pub before_hash: Option<String>,
    /// Digest of what stands after.
    pub after_hash: Option<String>,
}

/// Records `deed` in the caller's transaction.
///
/// # Errors
/// The database's.
pub fn record(conn: &mut Conn, deed: &Deed, now: Timestamp) -> AppResult<()> {
    let (before, after) = match &deed.edit {
        Some((before, after)) => (Some(sha256_hex(before)), Some(sha256_hex(after))),
        None => (None, None),
    };
    let row = (
        audit_log::at.eq(now),
        audit_log::actor_id.eq(deed.actor),
        audit_log::via.eq(deed.via),
        audit_log::action.eq(deed.action),
        audit_log::subject_kind.eq(deed.subject.0),
        audit_log::subject_id.eq(&deed.subject.1),
        audit_log::campaign_id.eq(deed.campaign),
        audit_log::detail.eq(&deed.detail),
        audit_log::before_hash.eq(before),
        audit_log::after_hash.eq(after),
    );
    each!(conn, c => diesel::insert_into(audit_log::table).values(row).execute(c))?;
    Ok(())
}

/// What was done to one thing, newest first.
///
/// # Errors
/// The database's.
pub fn of_subject(conn: &mut Conn, kind: &str, id: &str, most: i64) -> AppResult<Vec<Recorded>> {
    let query = audit_log::table
        .filter(audit_log::subject_kind.eq(kind))
        .filter(audit_log::subject_id.eq(id))
        .order(audit_log::id.desc())
        .limit(most);
    Ok(each!(conn, c => query.select(Recorded::as_select()).load(c))?)
}
