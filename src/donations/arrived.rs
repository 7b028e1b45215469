//! Money on its way from "it came" to "it is settled".

use super::hands::Hand;
use super::matched;
use super::model::{Donation, Split};
use crate::funds::FundId;
use crate::kernel::{Day, Money};
use crate::ledger::{Account, Source};
use crate::matching;
use crate::payments::PROCESSOR;
use crate::payments::client::Charge;

/// Money that has just arrived, checked against its gift: a charge of the processor's, an entry that staff confirmed, or
/// what a sponsor leaves of a match pool.
pub(super) struct Arrived {
    pub donation: Donation,
    /// What caused the transfers.
    pub source: Source,
    /// Where the money lies.
    pub lies_in: Account,
    /// The processor's charge, where that took it.
    pub charge: Option<Charge>,
    pub intent_id: Option<String>,
    /// `None`: not known yet, so that what is set aside is provisional (P20).
    pub fee: Option<Money>,
    /// The one fund that it goes to, whatever the policy says.
    pub fund: Option<FundId>,
    /// When it was given, if a match pool may add to it.
    pub given: Option<matching::Span>,
    /// What its receipt says of how it came, unless it was a card.
    pub hand: Option<Hand>,
    /// The day that its receipt tells; filled in by [`serials::date`](super::serials::date).
    pub day: Option<Day>,
    /// By which it is divided; filled in by [`settle`](super::settle::settle).
    pub weights: Vec<(FundId, i64)>,
    /// Filled in by [`settle`](super::settle::settle).
    pub splits: Vec<Split>,
    /// What a match pool adds; filled in by [`matched::add`].
    pub matched: Option<matched::Added>,
}

impl Arrived {
    pub(super) fn of_charge(
        donation: Donation,
        charge: &Charge,
        intent_id: Option<String>,
        fee: Option<Money>,
    ) -> Self {
        Self {
            source: Source {
                kind: "charge",
                id: charge.id.clone(),
            },
            lies_in: Account::processor(PROCESSOR),
            charge: Some(charge.clone()),
            intent_id,
            fee,
            fund: None,
            // The giver saw what a pool offers when the gift was begun.
            given: Some(matching::Span::at(donation.created_at)),
            hand: None,
            day: None,
            weights: Vec::new(),
            splits: Vec::new(),
            matched: None,
            donation,
        }
    }

    /// A gift that the processor has no part in: no fee is taken.
    pub(super) fn by_hand(
        donation: Donation,
        source: Source,
        lies_in: Account,
        hand: Option<Hand>,
    ) -> Self {
        Self {
            fee: Some(Money::zero(donation.currency)),
            source,
            lies_in,
            charge: None,
            intent_id: None,
            fund: None,
            given: None,
            hand,
            day: None,
            weights: Vec::new(),
            splits: Vec::new(),
            matched: None,
            donation,
        }
    }

    /// The parts that a match pool adds.
    pub(super) fn added_splits(&self) -> &[Split] {
        self.matched
            .as_ref()
            .map_or(&[], |added| added.splits.as_slice())
    }

    pub(super) fn fee_minor(&self) -> i64 {
        self.fee.map_or(0, Money::minor)
    }
}
