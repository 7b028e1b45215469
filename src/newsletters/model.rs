//! Rows, and how they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::newsletters;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::impact::reports::ReportId;
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Email, Json, Limit, Listed, Slug, Timestamp};
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
    /// Whether the public archive shows it once it is sent.
    pub is_public: bool,
    /// The other subject of a test: deliveries of variant `b` have it.
    pub subject_b: Option<String>,
    /// How many per cent of the recipients take part in the test of two subjects; 0: none, and all get the first.
    pub test_percent: i32,
    /// How many minutes the test waits before the better subject goes to the rest.
    pub test_minutes: i32,
    /// Who changed it last.
    pub changed_by: Option<UserId>,
    /// The partner's report that it tells of.
    pub report_id: Option<ReportId>,
}

impl Newsletter {
    /// A digest of all that readers get, of who gets it and whether anybody may read it afterwards. What the segments say whom
    /// it names is not in it: [`super::approval::digest`].
    pub fn digest(&self) -> String {
        let audience = serde_json::to_string(&self.audience.0).unwrap_or_default();
        let reply_to = self.reply_to.as_ref().map_or("", |email| email.as_str());
        let parts = [
            self.title.as_str(),
            &self.subject,
            self.subject_b.as_deref().unwrap_or_default(),
            &self.preheader,
            &self.layout,
            &self.content,
            self.plain_text.as_deref().unwrap_or_default(),
            &self.from_name,
            reply_to,
            &audience,
            self.topic.as_deref().unwrap_or_default(),
            if self.is_public { "public" } else { "" },
        ];
        digest_of(&parts)
    }
}

/// A digest of some texts. Lengths keep words from wandering from one into the next.
pub(super) fn digest_of(parts: &[&str]) -> String {
    let whole: String = parts
        .iter()
        .map(|part| format!("{}:{part}", part.len()))
        .collect();
    sha256_hex(whole.as_bytes())
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

/// The newsletter at an address, in whatever state.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<Newsletter> {
    let query = newsletters::table.filter(newsletters::slug.eq(slug));
    each!(conn, c => query.select(Newsletter::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this newsletter"))
}

/// Which newsletters are listed.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Of these seasons; `None`: all, those of no season too.
    pub campaigns: Option<Vec<CampaignId>>,
    /// In this state.
    pub state: Option<NewsletterState>,
}

/// A place in the list of staff.
pub type Place = (i64, NewsletterId);

/// Newsletters for staff, the last changed first.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    which: &Which,
    after: Option<Place>,
    limit: Limit,
) -> AppResult<Listed<Newsletter>> {
    let rows: Vec<Newsletter> = each!(conn, c: Db => {
        let mut query = newsletters::table
            // A step's mail is written where its sequence is.
            .filter(newsletters::sequence_step_id.is_null())
            .order((newsletters::changed_at.desc(), newsletters::id.desc()))
            .limit(limit.and_one())
            .select(Newsletter::as_select())
            .into_boxed::<Db>();
        if let Some((at, id)) = after.and_then(|(at, id)| Some((Timestamp::from_micros(at)?, id))) {
            query = query.filter(
                newsletters::changed_at
                    .lt(at)
                    .or(newsletters::changed_at.eq(at).and(newsletters::id.lt(id))),
            );
        }
        if let Some(state) = which.state {
            query = query.filter(newsletters::state.eq(state));
        }
        if let Some(mine) = &which.campaigns {
            let mine: Vec<Option<CampaignId>> = mine.iter().copied().map(Some).collect();
            query = query.filter(newsletters::campaign_id.eq_any(mine));
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |row| {
        (row.changed_at.micros(), row.id)
    }))
}

/// The newsletters of the public archive, the newest first: sent, and marked public.
///
/// # Errors
/// The database's.
pub fn archived(
    conn: &mut Conn,
    after: Option<Place>,
    limit: Limit,
) -> AppResult<Listed<Newsletter>> {
    let rows: Vec<Newsletter> = each!(conn, c: Db => {
        let mut query = newsletters::table
            .filter(newsletters::state.eq(NewsletterState::Sent))
            .filter(newsletters::sequence_step_id.is_null())
            .filter(newsletters::is_public.eq(true))
            .filter(newsletters::ended_at.is_not_null())
            .order((newsletters::ended_at.desc(), newsletters::id.desc()))
            .limit(limit.and_one())
            .select(Newsletter::as_select())
            .into_boxed::<Db>();
        if let Some((at, id)) = after.and_then(|(at, id)| Some((Timestamp::from_micros(at)?, id))) {
            query = query.filter(
                newsletters::ended_at
                    .lt(at)
                    .or(newsletters::ended_at.eq(at).and(newsletters::id.lt(id))),
            );
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |row| {
        (row.ended_at.map_or(0, Timestamp::micros), row.id)
    }))
}

/// The newsletters that tell of a report.
///
/// # Errors
/// The database's.
pub fn of_report(conn: &mut Conn, report: ReportId) -> AppResult<Vec<Newsletter>> {
    let query = newsletters::table
        .filter(newsletters::report_id.eq(report))
        .order(newsletters::id);
    Ok(each!(conn, c => query.select(Newsletter::as_select()).load(c))?)
}

/// Newsletters of the same season that started before this one, the latest first; before one that has not started, all.
///
/// # Errors
/// The database's.
pub fn before(conn: &mut Conn, newsletter: &Newsletter, most: i64) -> AppResult<Vec<Newsletter>> {
    each!(conn, c: Db => {
        let mut query = newsletters::table
            .filter(newsletters::sequence_step_id.is_null())
            .filter(newsletters::started_at.is_not_null())
            .filter(newsletters::id.ne(newsletter.id))
            .order((newsletters::started_at.desc(), newsletters::id.desc()))
            .limit(most)
            .select(Newsletter::as_select())
            .into_boxed::<Db>();
        query = match newsletter.campaign_id {
            Some(campaign) => query.filter(newsletters::campaign_id.eq(campaign)),
            None => query.filter(newsletters::campaign_id.is_null()),
        };
        if let Some(started) = newsletter.started_at {
            query = query.filter(newsletters::started_at.lt(started));
        }
        Ok(query.load(c)?)
    })
}
