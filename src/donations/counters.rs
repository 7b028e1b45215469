//! The totals that pages show: written here alone, in the transaction that moves the money, and provable from the
//! gifts at any time (L8).

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::model::{Donation, SupporterId};
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{givers, totals};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Timestamp};
use crate::totals::TotalScope;

/// By how much a gift moves its totals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Minor units raised.
    pub raised: i64,
    /// 1: a gift more; -1: one less; 0: the same ones.
    pub gifts: i64,
    /// Minor units that a match pool adds to it.
    pub matched: i64,
}

#[derive(Default)]
struct Sum {
    raised: i64,
    matched: i64,
    gifts: i64,
    donors: i64,
}

/// Changes of a batch, summed so that each row is touched once.
#[derive(Default)]
pub(super) struct Counters {
    sums: BTreeMap<(TotalScope, String), (CampaignId, Currency, Sum)>,
    givers: BTreeMap<(TotalScope, String, SupporterId), i64>,
}

#[derive(Insertable)]
#[diesel(table_name = givers, treat_none_as_default_value = false)]
struct GiverRow<'a> {
    scope: TotalScope,
    scope_id: &'a str,
    supporter_id: SupporterId,
    gifts: i64,
}

#[derive(Insertable)]
#[diesel(table_name = totals, treat_none_as_default_value = false)]
struct TotalRow<'a> {
    scope: TotalScope,
    scope_id: &'a str,
    campaign_id: CampaignId,
    currency: Currency,
    raised: i64,
    donations: i64,
    donors: i64,
    reached_at: Timestamp,
    matched: i64,
}

impl Counters {
    /// Adds a gift's change to its campaign, its page and its team.
    pub(super) fn add(&mut self, gift: &Donation, change: Change) {
        let page = gift.page_id.map(|id| (TotalScope::Page, id.to_string()));
        let team = gift.team_id.map(|id| (TotalScope::Team, id.to_string()));
        let campaign = (TotalScope::Campaign, gift.campaign_id.to_string());
        for (scope, id) in [Some(campaign), page, team].into_iter().flatten() {
            let entry = self.sums.entry((scope, id.clone()));
            let (_, _, sum) = entry.or_insert((gift.campaign_id, gift.currency, Sum::default()));
            sum.raised += change.raised;
            sum.matched += change.matched;
            sum.gifts += change.gifts;
            if change.gifts != 0 {
                *self
                    .givers
                    .entry((scope, id, gift.supporter_id))
                    .or_default() += change.gifts;
            }
        }
    }

    /// Writes them.
    pub(super) fn write(mut self, conn: &mut Conn, now: Timestamp) -> AppResult<()> {
        self.count_donors(conn)?;
        // Only what grows may be written as a row that meets itself: the table holds no negative sums, not even in passing.
        let (growing, shrinking): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.sums)
            .into_iter()
            .partition(|(_, (_, _, sum))| {
                let least = sum.raised.min(sum.gifts).min(sum.donors).min(sum.matched);
                least >= 0
            });
        let rows: Vec<TotalRow<'_>> = growing
            .iter()
            .map(|((scope, id), (campaign, currency, sum))| TotalRow {
                scope: *scope,
                scope_id: id,
                campaign_id: *campaign,
                currency: *currency,
                raised: sum.raised,
                donations: sum.gifts,
                donors: sum.donors,
                reached_at: now,
                matched: sum.matched,
            })
            .collect();
        for chunk in rows.chunks(1000) {
            each!(conn, c => diesel::insert_into(totals::table)
                .values(chunk)
                .on_conflict((totals::scope, totals::scope_id))
                .do_update()
                .set((
                    totals::raised.eq(totals::raised + excluded(totals::raised)),
                    totals::donations.eq(totals::donations + excluded(totals::donations)),
                    totals::donors.eq(totals::donors + excluded(totals::donors)),
                    totals::reached_at.eq(now),
                    totals::matched.eq(totals::matched + excluded(totals::matched)),
                ))
                .execute(c))?;
        }
        for ((scope, id), (_, _, sum)) in &shrinking {
            let own = totals::table.find((scope, id));
            let change = diesel::update(own).set((
                totals::raised.eq(totals::raised + sum.raised),
                totals::donations.eq(totals::donations + sum.gifts),
                totals::donors.eq(totals::donors + sum.donors),
                totals::reached_at.eq(now),
                totals::matched.eq(totals::matched + sum.matched),
            ));
            if each!(conn, c => change.execute(c))? == 0 {
                return Err(AppError::internal("a total that shrinks was never there"));
            }
        }
        Ok(())
    }

    /// Counts each supporter's gifts; one who comes from none to some is a donor more, and the other way round.
    fn count_donors(&mut self, conn: &mut Conn) -> AppResult<()> {
        let rows: Vec<GiverRow<'_>> = self
            .givers
            .iter()
            .filter(|(_, gifts)| **gifts != 0)
            .map(|((scope, id, supporter), gifts)| GiverRow {
                scope: *scope,
                scope_id: id,
                supporter_id: *supporter,
                gifts: *gifts,
            })
            .collect();
        let (more, fewer): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.gifts > 0);
        let mut after: Vec<(TotalScope, String, SupporterId, i64)> = Vec::new();
        for chunk in more.chunks(1000) {
            let counted: Vec<(TotalScope, String, SupporterId, i64)> = each!(conn, c => diesel::insert_into(givers::table)
                    .values(chunk)
                    .on_conflict((givers::scope, givers::scope_id, givers::supporter_id))
                    .do_update()
                    .set(givers::gifts.eq(givers::gifts + excluded(givers::gifts)))
                    .returning((givers::scope, givers::scope_id, givers::supporter_id, givers::gifts))
                    .get_results(c))?;
            after.extend(counted);
        }
        for row in &fewer {
            let own = givers::table.find((row.scope, row.scope_id, row.supporter_id));
            let change = diesel::update(own).set(givers::gifts.eq(givers::gifts + row.gifts));
            let counted = each!(conn, c => change
                .returning((givers::scope, givers::scope_id, givers::supporter_id, givers::gifts))
                .get_result(c)
                .optional())?;
            after
                .push(counted.ok_or_else(|| AppError::internal("a giver was not counted before"))?);
        }
        for (scope, id, supporter, gifts) in after {
            let change = self
                .givers
                .get(&(scope, id.clone(), supporter))
                .copied()
                .unwrap_or_default();
            let before = gifts - change;
            if let Some((_, _, sum)) = self.sums.get_mut(&(scope, id)) {
                sum.donors += i64::from(gifts > 0) - i64::from(before > 0);
            }
        }
        Ok(())
    }
}
