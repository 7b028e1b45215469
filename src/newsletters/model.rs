//! Rows, and how they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::newsletters;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Email, Json, Slug, Timestamp};
use crate::segments::Audience;

crate::id!(
    /// A newsletter.
    pub NewsletterId,
    "nws"
);

crate::words! {
    /// How a newsletter stands. Moves: draft ⇄ scheduled, (draft | scheduled | asking) → sending ⇄ paused → sent,
    /// scheduled → asking, and cancelled from any of these but sent.
    pub enum NewsletterState {
        /// Being written.
        Draft = "draft",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Its time passed while nothing ran; a coordinator decides (N18).
        Asking = "asking",
        /// Its recipients are frozen and being written to.
        Sending = "sending",
        /// Halted, by a person or by faults; `detail` of the record says which.
        Paused = "paused",
        /// Every recipient has an end.
        Sent = "sent",
        /// Given up; who had it, had it.
        Cancelled = "cancelled",
    }
}

/// A newsletter.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = newsletters)]
pub struct Newsletter {
    /// The id.
    pub id: NewsletterId,
    /// The season it belongs to, if to one.
    pub campaign_id: Option<CampaignId>,
    /// In addresses: the public archive.
    pub slug: Slug,
    /// What staff call it.
    pub title: String,
    /// The subject, with merge fields.
    pub subject: String,
    /// What mail programs show beside the subject.
    pub preheader: String,
    /// Which designed layout.
    pub layout: String,
    /// Its blocks, as JSON.
    pub content: String,
    /// The text part, where it was edited.
    pub plain_text: Option<String>,
    /// For whom.
    pub audience: Json<Audience>,
    /// The topic that a reader may switch off.
    pub topic: Option<String>,
    /// The display name it comes from.
    pub from_name: String,
    /// Where answers go.
    pub reply_to: Option<Email>,
    /// How it stands.
    pub state: NewsletterState,
    /// Grows with each change: two who edit do not overwrite one another.
    pub version: i64,
    /// When it is to start.
    pub send_at: Option<Timestamp>,
    /// Who began it.
    pub made_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Last changed.
    pub changed_at: Timestamp,
    /// When its recipients were frozen.
    pub started_at: Option<Timestamp>,
    /// When its last recipient had an end.
    pub ended_at: Option<Timestamp>,
}

/// One newsletter.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: NewsletterId) -> AppResult<Newsletter> {
    each!(conn, c => newsletters::table
        .find(id)
        .select(Newsletter::as_select())
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("this newsletter"))
}
