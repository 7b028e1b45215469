//! One gift by the model: where its cents are, and what a sighting of its payment changes. Pure, and as short as can be.

use std::collections::{BTreeSet, HashMap};

use selvedge::donations::model::Donation;
use selvedge::donations::{DonationStatus, SupporterId};
use selvedge::funds::FundId;
use selvedge::kernel::Timestamp;
use selvedge::kernel::apportion::largest_remainder;
use selvedge::payments::client::{Charge, Dispute, Payment, Refund, SessionState};

use super::pools::{Given, Pool};

/// Money divided among funds, in the order of the policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    pub funds: Vec<FundId>,
    /// What was not taken back.
    pub held: Vec<i64>,
    /// What grants took.
    pub granted: Vec<i64>,
    /// What of `granted` the reserve carries since it was taken back.
    pub carried: Vec<i64>,
}

impl Parts {
    pub fn divide(amount: i64, shares: &[(FundId, i64)]) -> Self {
        let weights: Vec<i64> = shares.iter().map(|(_, weight)| *weight).collect();
        Self {
            funds: shares.iter().map(|(fund, _)| *fund).collect(),
            held: largest_remainder(amount, &weights).unwrap(),
            granted: vec![0; shares.len()],
            carried: vec![0; shares.len()],
        }
    }

    pub fn sum(&self) -> i64 {
        self.held.iter().sum()
    }

    pub fn place(&self, fund: FundId) -> Option<usize> {
        self.funds.iter().position(|id| *id == fund)
    }

    /// What still lies in the fund of a part.
    pub fn lies(&self, place: usize) -> i64 {
        self.held[place] + self.carried[place] - self.granted[place]
    }

    /// Takes parts back: out of the funds, and what does not lie there any more out of the reserve. Answers that, a part.
    fn take(&mut self, parts: &[i64]) -> Vec<i64> {
        let mut carried = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let carries = part - self.lies(place).min(*part);
            self.held[place] -= part;
            self.carried[place] += carries;
            carried.push(carries);
        }
        carried
    }
}

/// What a refund took, so that it can be undone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Refunded {
    /// Out of the fee's part.
    fee_part: i64,
    /// Out of each part, and what of that the reserve carries.
    own: Vec<(i64, i64)>,
    /// Out of each part that a pool added, likewise.
    added: Vec<(i64, i64)>,
}

impl Refunded {
    fn sum(&self) -> i64 {
        self.fee_part + self.own.iter().map(|(part, _)| part).sum::<i64>()
    }
}

/// What the store must say.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub status: DonationStatus,
    pub fee: Option<i64>,
    pub own: Parts,
    /// What a pool added, and which.
    pub added: Parts,
    pub pool: Option<usize>,
    /// When it was set aside.
    pub settled: Option<Timestamp>,
    /// Refunds seen; empty: failed before it was booked.
    refunds: HashMap<String, Refunded>,
    failed: BTreeSet<String>,
    /// How much of the fee no fund could bear yet.
    unborne: i64,
}

impl Shown {
    pub fn pending() -> Self {
        Self {
            status: DonationStatus::Pending,
            fee: None,
            own: Parts::default(),
            added: Parts::default(),
            pool: None,
            settled: None,
            refunds: HashMap::new(),
            failed: BTreeSet::new(),
            unborne: 0,
        }
    }

    pub fn refunded(&self) -> i64 {
        let good = self
            .refunds
            .iter()
            .filter(|(id, _)| !self.failed.contains(*id));
        good.map(|(_, taken)| taken.sum()).sum()
    }

    /// No money came.
    pub fn close(&mut self, payment: &Payment) {
        if self.status == DonationStatus::Pending {
            self.status = match payment.session.as_ref().unwrap().1 {
                SessionState::Expired => DonationStatus::Expired,
                SessionState::Complete if payment.failed => DonationStatus::Failed,
                _ => DonationStatus::Pending,
            };
        }
    }

    /// The money came: it is divided, and a pool that takes it adds to it.
    pub fn arrive(
        &mut self,
        (charged, fee): (i64, Option<i64>),
        shares: &[(FundId, i64)],
        given: Option<&Given>,
        pools: &mut [Pool],
        now: Timestamp,
    ) {
        self.own = Parts::divide(charged - fee.unwrap_or_default(), shares);
        (self.fee, self.settled, self.status) = (fee, Some(now), DonationStatus::Paid);
        if let Some((pool, amount)) = given.and_then(|given| super::pools::pick(pools, given)) {
            (self.pool, self.added) = (Some(pool), Parts::divide(amount, shares));
        }
    }

    /// What came after the money: a fee, what banks gave back, refunds that failed, refunds, what banks took.
    pub fn follow(&mut self, charge: &Charge, charged: i64, pools: &mut [Pool]) {
        let fee = charge.fee.as_ref().map(|fee| fee.amount.unwrap().minor());
        if let (None, Some(late)) = (self.fee, fee) {
            self.fee = Some(late);
            self.unborne = late;
            self.bear();
        }
        let (won, taken): (Vec<&Dispute>, Vec<&Dispute>) =
            charge.disputes.iter().partition(|one| one.status == "won");
        for dispute in won {
            self.comes_back(&dispute.id, pools);
        }
        let (failed, good): (Vec<&Refund>, Vec<&Refund>) = charge
            .refunds
            .iter()
            .partition(|one| one.status == "failed");
        for refund in failed {
            self.comes_back(&refund.id, pools);
        }
        let refunds = good
            .iter()
            .map(|one| (&one.id, one.amount.unwrap().minor()));
        let disputes = taken
            .iter()
            .map(|one| (&one.id, -one.moves[0].amount.unwrap().minor()));
        for (id, minor) in refunds.chain(disputes) {
            if !self.refunds.contains_key(id) {
                let taken = self.give_back(minor, charged, pools);
                self.refunds.insert(id.clone(), taken);
            }
        }
        self.restate(charged);
    }

    /// A refund failed, or a dispute was won; one that was never seen before is never booked.
    fn comes_back(&mut self, id: &str, pools: &mut [Pool]) {
        if self.failed.insert(id.to_owned()) {
            let taken = self.refunds.entry(id.to_owned()).or_default().clone();
            self.undo(&taken, pools);
            self.bear();
        }
    }

    /// Staff give something back of a gift that came by hand.
    pub fn by_staff(&mut self, id: &str, minor: i64, charged: i64, pools: &mut [Pool]) {
        let taken = self.give_back(minor, charged, pools);
        self.refunds.insert(id.to_owned(), taken);
        self.restate(charged);
    }

    fn restate(&mut self, charged: i64) {
        let mut standing = self.refunds.keys().filter(|id| !self.failed.contains(*id));
        self.status = match self.refunded() {
            _ if standing.any(|id| id.starts_with("dp_")) => DonationStatus::Disputed,
            0 => DonationStatus::Paid,
            all if all == charged => DonationStatus::Refunded,
            _ => DonationStatus::PartiallyRefunded,
        };
    }

    /// Lets the funds bear what they can of a fee that came late.
    fn bear(&mut self) {
        let bears = self.unborne.min(self.own.sum());
        let parts = largest_remainder(bears, &self.own.held).unwrap();
        self.own.take(&parts);
        self.unborne -= bears;
    }

    /// By what remains of the fee's part and of each fund's; what was added goes back to its pool in the same proportion.
    fn give_back(&mut self, minor: i64, charged: i64, pools: &mut [Pool]) -> Refunded {
        let left = charged - self.refunded();
        let mut weights = vec![left - self.own.sum()];
        weights.extend(&self.own.held);
        let parts = largest_remainder(minor, &weights).unwrap();
        let carried = self.own.take(&parts[1..]);
        let own = parts[1..].iter().copied().zip(carried).collect();
        let mut added = Vec::new();
        if let Some(pool) = self.pool {
            let back =
                i64::try_from(i128::from(self.added.sum()) * i128::from(minor) / i128::from(left));
            let shares = largest_remainder(back.unwrap(), &self.added.held).unwrap();
            let carried = self.added.take(&shares);
            pools[pool].holds += shares.iter().sum::<i64>();
            added = shares.into_iter().zip(carried).collect();
        }
        Refunded {
            fee_part: parts[0],
            own,
            added,
        }
    }

    /// A refund failed: the gift stands as before, and its pool adds again as far as it still holds what went back.
    fn undo(&mut self, taken: &Refunded, pools: &mut [Pool]) {
        for (place, (part, carried)) in taken.own.iter().enumerate() {
            self.own.held[place] += part;
            self.own.carried[place] -= carried;
        }
        for (place, (part, carried)) in taken.added.iter().enumerate() {
            let free = &mut pools[self.pool.unwrap()].holds;
            let to_fund = (part - carried).min(*free);
            *free -= to_fund;
            let to_reserve = (*carried).min(*free);
            *free -= to_reserve;
            self.added.held[place] += to_fund + to_reserve;
            self.added.carried[place] -= to_reserve;
        }
    }
}

/// A gift: who gave it to whom, what the processor knows, and what the store was shown.
pub struct Gift {
    pub row: Donation,
    /// The shares of the policy that it was made under, or of its program or fund alone.
    pub shares: Vec<(FundId, i64)>,
    /// The processor's truth, one sighting for each of its states; the last is the present. None of a gift by hand.
    pub sightings: Vec<Payment>,
    pub shown: Shown,
    /// What the sums of the model have of it.
    pub counted: Counted,
}

/// What one gift adds to the sums.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    pub raised: i64,
    pub is_gift: bool,
    pub lies: Vec<(FundId, i64)>,
    pub carried: i64,
}

impl Gift {
    pub fn new(row: Donation, shares: Vec<(FundId, i64)>, sightings: Vec<Payment>) -> Self {
        Self {
            row,
            shares,
            sightings,
            shown: Shown::pending(),
            counted: Counted::default(),
        }
    }

    pub fn supporter(&self) -> SupporterId {
        self.row.supporter_id
    }

    /// What it adds to the sums as it stands.
    pub fn counts(&self) -> Counted {
        let both = [&self.shown.own, &self.shown.added];
        let left = match self.shown.status.is_settled() {
            true => self.row.charged - self.shown.refunded(),
            false => 0,
        };
        let lies = both.iter().flat_map(|parts| {
            parts
                .funds
                .iter()
                .enumerate()
                .map(|(place, fund)| (*fund, parts.lies(place)))
        });
        Counted {
            raised: left,
            is_gift: left > 0,
            lies: lies.collect(),
            carried: both.iter().flat_map(|parts| &parts.carried).sum(),
        }
    }
}
