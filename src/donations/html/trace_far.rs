//! How far a gift has come: to its programs, into grants, to a report.

use std::collections::BTreeSet;

use super::trace::Traced;
use crate::donations::model::GiftPart;
use crate::grants::TrancheState;
use crate::kernel::Money;

/// The last three steps of the path.
pub(super) struct Far {
    /// What grants took of it, minor units.
    pub granted: i64,
    /// When the latest of them was paid.
    pub paid_on: Option<String>,
    pub program: String,
    pub grant: String,
    pub result: String,
    held: i64,
    tranches: usize,
    reported: usize,
}

impl Far {
    pub(super) fn of(traced: &Traced) -> Self {
        let sum = |of: fn(&GiftPart) -> i64| traced.parts.iter().map(of).sum::<i64>();
        let (granted, held) = (sum(|part| part.granted), sum(|part| part.held));
        let remaining = sum(GiftPart::remaining);
        let numbers: BTreeSet<&str> = traced
            .grants
            .iter()
            .map(|one| one.number.as_str())
            .collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let numbers = numbers.join(", ");
        let is_reported = |state: TrancheState| state == TrancheState::Reported;
        let reported = traced
            .grants
            .iter()
            .filter(|one| is_reported(one.state))
            .count();
        let waits = Money::new(held, traced.gift.currency);
        let back = if traced.is_disputed() {
            "Your bank took it back"
        } else {
            "It was given back"
        };
        let program = match (remaining, granted, held, traced.parts.len()) {
            (0, 0, ..) => format!("{back}, so nothing of it is set aside any more."),
            (0, ..) => {
                format!("{back} after it had gone on; the campaign’s reserve carries that.")
            }
            (_, 0, _, 0 | 1) => {
                "It is set aside for one program and waits for the next grant.".to_owned()
            }
            (_, 0, ..) => {
                "It is set aside for the programs below and waits for the next grants.".to_owned()
            }
            (_, _, 0, _) => "All of it has gone on to the partner.".to_owned(),
            _ => format!("{waits} of it waits for the next grant; the rest has gone on."),
        };
        let grant = if granted == 0 {
            "The partner is paid; the oldest gifts go first.".to_owned()
        } else {
            format!("Paid to the partner with {numbers}.")
        };
        let result = match (traced.grants.len(), reported) {
            (_, 0) => "The partner reports what came of it, graded.".to_owned(),
            (all, some) if all == some => {
                "The partner has reported on all that was paid.".to_owned()
            }
            _ => "The partner has reported on a part of it.".to_owned(),
        };
        Self {
            granted,
            paid_on: traced
                .grants
                .iter()
                .filter_map(|one| one.paid_on)
                .max()
                .map(|day| day.to_string()),
            program,
            grant,
            result,
            held,
            tranches: traced.grants.len(),
            reported,
        }
    }

    /// Whether everything that was granted is reported.
    fn is_reported(&self) -> bool {
        self.tranches > 0 && self.reported == self.tranches
    }

    pub(super) fn grant_state(&self) -> &'static str {
        match self.granted {
            0 => "ahead",
            _ if self.held == 0 && self.is_reported() => "done",
            _ => "now",
        }
    }

    pub(super) fn result_state(&self) -> &'static str {
        if self.held == 0 && self.is_reported() {
            "now"
        } else if self.reported > 0 {
            "done"
        } else {
            "ahead"
        }
    }
}
