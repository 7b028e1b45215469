//! Reports that come due by the clock.

use actix_web::web::Data;
use diesel::prelude::*;

use super::life::{follow, said};
use super::model::{Tranche, TrancheState, by_id};
use crate::audit::{self, Deed, Via};
use crate::db::Conn;
use crate::db::schema::{campaigns, grant_tranches, grants};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::jobs::Registry;
use crate::kernel::{Day, Timestamp, Zone};
use crate::web::Site;

/// Tranches of one transaction at most.
const BATCH: i64 = 200;

/// Registers the job that lets reports come due. It comes every hour, as a season's day begins at its own hour.
pub fn jobs(registry: &mut Registry, site: &Data<Site>) {
    let site = site.clone();
    registry.on("grant_reports_due", move |_| {
        let site = site.clone();
        async move {
            let now = site.clock.now();
            let batch = usize::try_from(BATCH).map_err(AppError::internal)?;
            while site.db.tx(move |c| fall_due(c, now)).await? == batch {}
            Ok(())
        }
    });
    registry.every("grant_reports_due", 3_600, "grant_reports_due");
}

/// Lets the reports that are due today, in their season's own zone, come due; answers how many.
///
/// # Errors
/// The database's.
pub fn fall_due(conn: &mut Conn, now: Timestamp) -> AppResult<usize> {
    // Nowhere is it more than a day later than here.
    let at_most = Day::try_from(now.plus(chrono::Duration::days(1)).naive().date())
        .map_err(AppError::internal)?;
    let query = grant_tranches::table
        .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
        .inner_join(campaigns::table.on(campaigns::id.eq(grants::campaign_id)))
        .filter(grant_tranches::state.eq_any(TrancheState::ReportDue.comes_from()))
        .filter(grant_tranches::report_due_on.le(at_most))
        .order((grant_tranches::report_due_on, grant_tranches::id))
        .limit(BATCH);
    let rows: Vec<(Tranche, Zone)> = each!(conn, c => query
        .select((Tranche::as_select(), campaigns::time_zone))
        .load(c))?;
    let mut count = 0;
    for (tranche, zone) in rows {
        if zone
            .day_of(now)
            .is_none_or(|today| today < tranche.report_due_on)
        {
            continue;
        }
        let own = grant_tranches::table
            .find(tranche.id)
            .filter(grant_tranches::state.eq_any(TrancheState::ReportDue.comes_from()));
        let change = grant_tranches::state.eq(TrancheState::ReportDue);
        count += each!(conn, c => diesel::update(own).set(change).execute(c))?;
        let grant = by_id(conn, tranche.grant_id)?;
        follow(conn, &grant, now)?;
        let deed = Deed {
            actor: None,
            via: Via::Program,
            action: "grant.report_due",
            subject: ("grant", grant.id.to_string()),
            campaign: Some(grant.campaign_id),
            detail: said(&grant, &tranche),
            edit: None,
        };
        audit::record(conn, &deed, now)?;
    }
    Ok(count)
}
