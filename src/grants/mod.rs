//! Grants: money that leaves a fund for a partner's program, in tranches, each answered by a report.
//!
//! A grant is planned, approved (above a limit by two people), paid tranche by tranche, and closed when everything that was
//! paid is reported. Paying a tranche takes the fund's oldest layers ([`crate::funds::layers`]), so that each gift knows the
//! grants that it paid into, to the cent ([`trace`]); in the ledger it is `fund:` → `granted:` and `partner:` → `bank`.
//!
//! A grant moves `planned → approved → paid → report_due → reported → closed`, or to `cancelled` while nothing is paid; a
//! tranche `planned → paid → report_due → reported`, or `cancelled`, or `returned` when the bank sent it back. Which moves are
//! allowed stands beside [`GrantState`] and [`TrancheState`]; a grant that was approved follows its tranches.
//!
//! Invariants: a grant's amount is the sum of its tranches that were not returned; its number comes without gaps; what is
//! promised (approved and unpaid) and paid never exceeds what the fund holds (L9); nothing is paid to a partner of whom a
//! report is overdue; the books never pay out of a bank account more than they have brought there.

pub mod check;
mod due;
mod life;
pub mod model;
mod pay;
mod plan;
mod room;
pub mod standing;
#[cfg(test)]
mod tests;
pub mod trace;

/// The verbs.
pub mod ops {
    pub use super::due::fall_due;
    pub use super::life::{Cancel, approve, cancel, close, come_back, mark_reported};
    pub use super::pay::{PayTranche, pay};
    pub use super::plan::{PlanGrant, PlanTranche, plan};
}

pub use crate::ids::{GrantId, TrancheId};
pub use due::jobs;
pub use model::{Grant, GrantState, Tranche, TrancheState};
pub use room::{Room, room};
