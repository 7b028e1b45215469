//! The day that a receipt tells, and its number.
//!
//! The day is the one on which the giver gave, by the campaign's own calendar: that of the charge, or the one that staff wrote
//! down; never the moment in which we heard of it. Its year is that of the number's series, so that a gift of New Year's Eve
//! stays one of the old year for the tax office.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;
use diesel::prelude::*;

use super::arrived::Arrived;
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{campaigns, receipt_series};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Timestamp, Zone};

/// Dates every receipt of a batch.
///
/// # Errors
/// The database's.
pub(super) fn date(conn: &mut Conn, arrived: &mut [Arrived], now: Timestamp) -> AppResult<()> {
    let ids: BTreeSet<CampaignId> = arrived.iter().map(|one| one.donation.campaign_id).collect();
    let query = campaigns::table
        .filter(campaigns::id.eq_any(ids))
        .select((campaigns::id, campaigns::time_zone));
    let zones: Vec<(CampaignId, Zone)> = each!(conn, c => query.load(c))?;
    let zones: BTreeMap<CampaignId, Zone> = zones.into_iter().collect();
    for one in arrived {
        let zone = zones.get(&one.donation.campaign_id).copied();
        let at = one.charge.as_ref().map_or(now, |charge| charge.created);
        one.day = match &one.hand {
            Some(hand) => Some(hand.on),
            None => zone.unwrap_or(Zone::UTC).day_of(at),
        };
    }
    Ok(())
}

/// Serial numbers without gaps in the order of `arrived`, by the year of the receipt's day: `2026-000042`. They are given in
/// the settling transaction, so one that is undone gives its numbers back.
///
/// # Errors
/// The database's; a gift without a day.
pub(super) fn take(conn: &mut Conn, arrived: &[Arrived]) -> AppResult<Vec<String>> {
    let year = |one: &Arrived| {
        let day = one.day.map(Day::date);
        day.map(|day| day.year())
            .ok_or_else(|| AppError::internal("a receipt without a day"))
    };
    let mut counts: BTreeMap<i32, i64> = BTreeMap::new();
    for one in arrived {
        *counts.entry(year(one)?).or_default() += 1;
    }
    let mut next: BTreeMap<i32, i64> = BTreeMap::new();
    // In the order of years, so that transactions cannot wait in a circle; nearly always it is one.
    for (year, count) in counts {
        let series = year.to_string();
        let last: i64 = each!(conn, c => diesel::insert_into(receipt_series::table)
            .values((receipt_series::series.eq(&series), receipt_series::last.eq(count)))
            .on_conflict(receipt_series::series)
            .do_update()
            .set(receipt_series::last.eq(receipt_series::last + count))
            .returning(receipt_series::last)
            .get_result(c))?;
        next.insert(year, last - count);
    }
    arrived
        .iter()
        .map(|one| {
            let year = year(one)?;
            let number = next.entry(year).or_default();
            *number += 1;
            Ok(format!("{year}-{number:06}"))
        })
        .collect()
}
