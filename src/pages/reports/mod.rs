//! "Report this page": anybody may say that something is wrong with a page; staff look at it.
//!
//! ```text
//! open ──> acted | dismissed      (by staff, once)
//! ```
//!
//! Whoever reports gets the same answer whatever becomes of it. Coordinators get a mail for the first open report of a page;
//! further ones join it in the queue, so that a crowd cannot flood a mailbox.

pub mod html;

use diesel::prelude::*;
use serde_json::json;

use super::PageId;
use super::mails::{About, PageMails};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::auth::roles::runners;
use crate::db::Conn;
use crate::db::schema::{page_reports, pages};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Email, Limit, Line, Listed, Slug, Timestamp};

crate::id!(
    /// A report of a page.
    pub ReportId,
    "rpt"
);

crate::words! {
    /// What is wrong with a page.
    pub enum Reason {
        /// It endangers a person it shows or names.
        Danger = "danger",
        /// Its owner pretends to be somebody else.
        Pretence = "pretence",
        /// Its money does not go where it says.
        Money = "money",
        /// It insults or threatens.
        Hate = "hate",
        /// It shows a work of somebody else.
        Copied = "copied",
        /// Something else.
        Other = "other",
    }
}

impl Reason {
    /// The reason in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Danger => "It could endanger a person it shows or names",
            Self::Pretence => "It pretends to be somebody else’s",
            Self::Money => "The money does not seem to go where it says",
            Self::Hate => "It insults or threatens somebody",
            Self::Copied => "It uses a photo or text without permission",
            Self::Other => "Something else",
        }
    }
}

crate::words! {
    /// Where a report stands.
    pub enum ReportState {
        /// Nobody has looked at it yet.
        Open = "open",
        /// Something was done about the page.
        Acted = "acted",
        /// Nothing was found wrong.
        Dismissed = "dismissed",
    }
}

/// Characters of a report's words at most.
pub const WORDS_MAX: usize = 2_000;

/// Open reports of one page that are kept; more say nothing new.
const OPEN_MAX: i64 = 50;

/// A report to be written down.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// The id, made by the caller.
    pub id: ReportId,
    /// Of which page.
    pub page: PageId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// What is wrong.
    pub reason: Reason,
    /// In the reporter's words; may be empty.
    pub words: String,
    /// Where the reporter can be asked.
    pub email: Option<Email>,
}

/// A report.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = page_reports)]
pub struct Report {
    /// The id.
    pub id: ReportId,
    /// Of which page.
    pub page_id: PageId,
    /// What is wrong.
    pub reason: Reason,
    /// In the reporter's words.
    pub words: String,
    /// Where the reporter can be asked.
    pub reporter_email: Option<Email>,
    /// Where it stands.
    pub state: ReportState,
    /// When it came.
    pub created_at: Timestamp,
    /// Who handled it.
    pub handled_by: Option<UserId>,
    /// When.
    pub handled_at: Option<Timestamp>,
    /// What was done, in words of staff.
    pub outcome: String,
}

/// A report with the page it is about, for staff.
#[derive(Debug, Clone, Queryable)]
pub struct Reported {
    /// The report.
    pub report: Report,
    /// The page's place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// The participant.
    pub participant: String,
    /// Its campaign.
    pub campaign: CampaignId,
}

/// Writes a report down, and tells the campaign's coordinators of the first open one of a page.
///
/// # Errors
/// The database's.
pub fn report(
    conn: &mut Conn,
    mails: &PageMails,
    new: &NewReport,
    now: Timestamp,
) -> AppResult<()> {
    let open = page_reports::table
        .filter(page_reports::page_id.eq(new.page))
        .filter(page_reports::state.eq(ReportState::Open))
        .count();
    let open: i64 = each!(conn, c => open.get_result(c))?;
    if open >= OPEN_MAX {
        return Ok(());
    }
    let row = (
        page_reports::id.eq(new.id),
        page_reports::page_id.eq(new.page),
        page_reports::reason.eq(new.reason),
        page_reports::words.eq(&new.words),
        page_reports::reporter_email.eq(new.email.as_ref()),
        page_reports::state.eq(ReportState::Open),
        page_reports::created_at.eq(now),
        page_reports::outcome.eq(""),
    );
    each!(conn, c => diesel::insert_into(page_reports::table).values(row).execute(c))?;
    if open > 0 {
        return Ok(());
    }
    let about = About::of(conn, new.page)?;
    for (user, email, name) in runners(conn, Some(new.campaign))? {
        let context = json!({
            "name": name,
            "reason": new.reason.words(),
            "url": mails.url("/console/reports"),
            "page_url": mails.url(&format!("/pages/{}", about.slug)),
        });
        let source = format!("{}:{user}", new.id);
        mails.queue(
            conn,
            ("page_report", source),
            (email, Some(name)),
            &about,
            context,
            now,
        )?;
    }
    Ok(())
}

/// Reports in a state, oldest first, going on after one; of these campaigns alone when `campaigns` says some.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    state: ReportState,
    campaigns: Option<&[CampaignId]>,
    after: Option<ReportId>,
    limit: Limit,
) -> AppResult<Listed<Reported>> {
    macro_rules! load {
        ($($condition:expr),*) => {
            each!(conn, c => page_reports::table
                .inner_join(pages::table.on(pages::id.eq(page_reports::page_id)))
                .filter(page_reports::state.eq(state))
                $(.filter($condition))*
                .order(page_reports::id.asc())
                .limit(limit.and_one())
                .select((
                    Report::as_select(),
                    pages::slug,
                    pages::title,
                    pages::participant,
                    pages::campaign_id,
                ))
                .load(c))
        };
    }
    let rows: Vec<Reported> = match (campaigns, after) {
        (None, None) => load!()?,
        (None, Some(id)) => load!(page_reports::id.gt(id))?,
        (Some(some), None) => load!(pages::campaign_id.eq_any(some))?,
        (Some(some), Some(id)) => load!(pages::campaign_id.eq_any(some), page_reports::id.gt(id))?,
    };
    Ok(Listed::cut(rows, limit, |row| row.report.id))
}

/// One report with its page, for staff; ask whether they run its campaign.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn find(conn: &mut Conn, id: ReportId) -> AppResult<Reported> {
    let query = page_reports::table
        .inner_join(pages::table.on(pages::id.eq(page_reports::page_id)))
        .filter(page_reports::id.eq(id));
    let found: Option<Reported> = each!(conn, c => query
        .select((
            Report::as_select(),
            pages::slug,
            pages::title,
            pages::participant,
            pages::campaign_id,
        ))
        .first(c)
        .optional())?;
    found.ok_or(AppError::NotFound("this report"))
}

/// Closes an open report: `outcome` is what was found, `words` what was done. Goes into the record. What is done about the
/// page itself ([`super::review`]) belongs into the same transaction.
///
/// # Errors
/// [`AppError::Conflict`] `report_handled` when it is not open any more; [`AppError::Invalid`] when `outcome` is `open`.
pub fn handle(
    conn: &mut Conn,
    report: &Reported,
    by: UserId,
    outcome: ReportState,
    words: &Line,
    now: Timestamp,
) -> AppResult<()> {
    if outcome == ReportState::Open {
        return Err(AppError::field("outcome", "say what was found"));
    }
    let id = report.report.id;
    let target = page_reports::table
        .filter(page_reports::id.eq(id))
        .filter(page_reports::state.eq(ReportState::Open));
    let closed = each!(conn, c => diesel::update(target)
        .set((
            page_reports::state.eq(outcome),
            page_reports::handled_by.eq(Some(by)),
            page_reports::handled_at.eq(Some(now)),
            page_reports::outcome.eq(words.as_str()),
        ))
        .execute(c))?;
    if closed != 1 {
        return Err(AppError::Conflict {
            code: "report_handled",
            detail: "somebody has handled this report already".into(),
        });
    }
    let deed = Deed::new(by, "page_report.handle", ("page_report", id.to_string()))
        .of(report.campaign)
        .saying(outcome.as_str());
    audit::record(conn, &deed, now)
}
