//! What the processor says of a payment, held against the gift that it is for: which sighting tells most, and whether it fits.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{Donation, DonationId};
use super::refunds;
use crate::db::Conn;
use crate::db::schema::donations;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Money;
use crate::payments::client::{Charge, Payment, SessionState};

/// Finds each payment's gift; several sightings of one gift become one, the one that tells most.
pub(super) fn resolve<'a>(
    conn: &mut Conn,
    payments: &'a [Payment],
) -> AppResult<Vec<(Donation, &'a Payment)>> {
    let references = payments
        .iter()
        .filter_map(|p| p.reference.as_ref()?.parse().ok());
    let ids: Vec<DonationId> = references.collect();
    let sessions: Vec<&str> = payments
        .iter()
        .filter_map(|p| Some(p.session.as_ref()?.0.as_str()))
        .collect();
    let intents: Vec<&str> = payments
        .iter()
        .filter_map(|p| p.intent_id.as_deref())
        .collect();
    let query = donations::table.filter(
        donations::id
            .eq_any(&ids)
            .or(donations::session_id.eq_any(&sessions))
            .or(donations::payment_intent_id.eq_any(&intents)),
    );
    let rows: Vec<Donation> = each!(conn, c => query.select(Donation::as_select()).load(c))?;
    let mut found: BTreeMap<DonationId, (Donation, &Payment)> = BTreeMap::new();
    for payment in payments {
        let named = payment
            .reference
            .as_ref()
            .and_then(|text| text.parse::<DonationId>().ok());
        let session = payment.session.as_ref().map(|(id, _)| id.as_str());
        let row = rows.iter().find(|row| match named {
            Some(id) => row.id == id,
            None => {
                (session.is_some() && row.session_id.as_deref() == session)
                    || (payment.intent_id.is_some() && row.payment_intent_id == payment.intent_id)
            }
        });
        let Some(row) = row else { continue };
        let better = found
            .get(&row.id)
            .is_none_or(|(_, held)| tells(payment) > tells(held));
        if better {
            found.insert(row.id, (row.clone(), payment));
        }
    }
    Ok(found.into_values().collect())
}

/// How far a sighting has come: a payment gains money, then its fee, then refunds and disputes, then their ends, and loses
/// none of them again. They come in any order, so it is their number that counts.
fn tells(payment: &Payment) -> (bool, u8, bool, usize) {
    // A session says more than its intent, and one that has closed more than one seen open: closing is for good.
    let session = match &payment.session {
        None => 0,
        Some((_, SessionState::Open)) => 1,
        Some((_, SessionState::Complete | SessionState::Expired)) => 2,
    };
    match &payment.charge {
        None => (false, session, payment.failed, 0),
        Some(charge) => {
            let failed = charge
                .refunds
                .iter()
                .filter(|refund| refunds::has_failed(refund))
                .count();
            let known = charge.fee.is_some();
            let disputes = charge.disputes.iter();
            let disputed: usize = disputes
                .map(|one| {
                    let is_decided = matches!(one.status.as_str(), "won" | "lost");
                    1 + one.moves.len() + usize::from(is_decided)
                })
                .sum();
            (true, 0, known, charge.refunds.len() + failed + disputed)
        }
    }
}

/// P3: the amount is ours; what the processor took must be the same. Answers the fee, where it is known.
pub(super) fn check(donation: &Donation, charge: &Charge) -> Result<Option<Money>, String> {
    let asked = donation.charge();
    match charge.captured {
        Some(captured) if captured == asked => {}
        Some(captured) => {
            return Err(format!(
                "asked for {} {}, the processor took {} {}",
                asked.decimal(),
                asked.currency(),
                captured.decimal(),
                captured.currency()
            ));
        }
        None => return Err("the processor's amount is no whole number of our minor units".into()),
    }
    Ok(fee_of(donation, charge))
}

/// The fee, if it is known and in the gift's currency; in another one it stays unknown and is reported by the alerts.
pub(super) fn fee_of(donation: &Donation, charge: &Charge) -> Option<Money> {
    charge
        .fee
        .as_ref()?
        .amount
        .filter(|fee| fee.currency() == donation.currency && fee.minor() >= 0)
}
