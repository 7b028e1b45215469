//! The one mail of the console: what became of a report, to whoever left an address with it.

use serde_json::json;

use crate::campaigns::Campaign;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Line, Timestamp};
use crate::mail::{MailId, Mails, NewMail};
use crate::pages::reports::Reported;

/// Writes the answer to a report into the outbox; nothing for a report without an address. It tells what staff wrote for
/// the reporter, never who owns the page.
///
/// # Errors
/// The database's.
pub(super) fn answer(
    conn: &mut Conn,
    mails: &Mails,
    config: &Config,
    (report, campaign): (&Reported, &Campaign),
    (is_acted, words): (bool, &Line),
    now: Timestamp,
) -> AppResult<()> {
    let Some(to) = report.report.reporter_email.clone() else {
        return Ok(());
    };
    // The outbox keeps one mail a kind and source, so an id made anew when the transaction runs again does no harm.
    let mail = NewMail {
        id: MailId::new(),
        kind: "report_answer",
        source_id: report.report.id.to_string(),
        to,
        to_name: None,
        context: json!({
            "acted": is_acted,
            "words": words.as_str(),
            "page": { "title": report.title },
            "campaign": { "title": campaign.title },
            "accent": campaign.accent.as_str(),
            "organisation": config.site.name,
        }),
    };
    mails.queue(conn, &[mail], now)?;
    Ok(())
}
