//! Opening totals. What changes them afterwards is the settlement of gifts.

use diesel::prelude::*;

use super::TotalScope;
use crate::db::Conn;
use crate::db::schema::totals;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::{Currency, Timestamp};

/// Opens a total at nothing, in the transaction that first shows the thing it is of; one that is open stays as it is.
///
/// # Errors
/// The database's.
pub fn open(
    conn: &mut Conn,
    scope: TotalScope,
    scope_id: &str,
    campaign: CampaignId,
    currency: Currency,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        totals::scope.eq(scope),
        totals::scope_id.eq(scope_id),
        totals::campaign_id.eq(campaign),
        totals::currency.eq(currency),
        totals::raised.eq(0),
        totals::donations.eq(0),
        totals::donors.eq(0),
        totals::reached_at.eq(now),
        totals::matched.eq(0),
    );
    each!(conn, c => diesel::insert_into(totals::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
