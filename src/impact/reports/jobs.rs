//! What runs by itself: the reminders of reports that are due.

use std::collections::BTreeSet;

use actix_web::web::Data;
use chrono::Duration;

use super::mails::{self, Stage};
use super::{ReportState, tranches};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::ids::TrancheId;
use crate::jobs::Registry;
use crate::kernel::{Timestamp, Zone};
use crate::partners::PartnerLetters;
use crate::web::Site;

/// How long before the day a report is reminded of.
const BEFORE: Duration = Duration::days(30);

/// Registers the reminders.
pub fn jobs(registry: &mut Registry, site: &Data<Site>, letters: &PartnerLetters) {
    let (site, letters) = (site.clone(), letters.clone());
    registry.on("remind_of_reports", move |_| {
        let (site, letters) = (site.clone(), letters.clone());
        async move {
            let now = site.clock.now();
            site.db
                .tx(move |c| remind(c, &letters, now).map(|_| ()))
                .await
        }
    });
    registry.every("remind_of_reports", 3_600, "remind_of_reports");
}

/// Reminds the partners of reports that are due within thirty days, today, or were due: each once. What is in review or
/// accepted is not reminded of. Days are UTC's. Answers how many mails were new.
///
/// # Errors
/// The database's.
pub fn remind(conn: &mut Conn, letters: &PartnerLetters, now: Timestamp) -> AppResult<usize> {
    let day = |at| {
        Zone::UTC
            .day_of(at)
            .ok_or_else(|| AppError::internal("the clock is out of range"))
    };
    let (today, until) = (day(now)?, day(now.plus(BEFORE))?);
    let due = tranches::due_until(conn, until)?;
    let ids: Vec<TrancheId> = due.iter().map(|one| one.id).collect();
    let done: BTreeSet<TrancheId> = tranches::reports_on(conn, &ids)?
        .into_iter()
        .filter(|(_, _, state)| !state.is_with_partner() && *state != ReportState::Withdrawn)
        .map(|(tranche, _, _)| tranche)
        .collect();
    let mut mailed = 0;
    for tranche in due.iter().filter(|one| !done.contains(&one.id)) {
        if let Some(stage) = Stage::of(tranche.due_on, today) {
            mailed += mails::remind(conn, letters, (tranche, stage), now)?;
        }
    }
    Ok(mailed)
}
