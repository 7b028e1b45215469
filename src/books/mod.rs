//! Open books: what came in, where it went, where it lies and for how long, by program and by day, for everybody to see.
//!
//! Nothing here is typed by anybody. [`fold`] reads each transfer of the ledger once and says what it means for a campaign's
//! books ([`Line`]); [`advance`] keeps the sums of all transfers up to a position, and whoever reads adds the few that came
//! since ([`read`]): the books are never late, and reading them costs the same in a large season as in an empty one.
//!
//! A day that is over is closed ([`close`]): a hash over its lines, the newest seal of the ledger and the day before. A copy
//! of the books that somebody keeps ([`file`]) carries that chain, and can be proved without this program's database. People
//! stay out of it (S18): lines are sums by day and fund, and no transfer of a single gift is told.
//!
//! Invariants, proved by [`check`]: the sums are those of the transfers; a closed day never changes; what is held by the day
//! of the gift is what lies in the layers.

mod chart;
pub mod check;
mod close;
mod days;
pub mod file;
mod fold;
mod grants;
mod html;
mod jobs;
mod model;
mod page;
mod project;
mod view;

pub mod api;

pub use close::{ClosedDay, close};
pub use html::routes;
pub use jobs::jobs;
pub use model::{Books, FundBook, read};
pub use page::{PagePaid, granted_by_pages, paid_by_page};
pub use project::advance;

use crate::kernel::Day;

crate::words! {
    /// One line of the books: what a transfer did to a campaign's money.
    pub enum Line {
        /// Came in, before any fee.
        Raised = "raised",
        /// Went back to donors.
        Refunded = "refunded",
        /// Was lost to donors' banks.
        Disputed = "disputed",
        /// Was kept by processors.
        Fees = "fees",
        /// The part of the fees that gifts have borne; the rest is the loss on gifts that went back (P18).
        FeePart = "fee_part",
        /// Was set aside in a fund.
        Allocated = "allocated",
        /// Was added to a fund from a match pool.
        Matched = "matched",
        /// Went back out of a fund.
        GivenBack = "given_back",
        /// Was paid to a partner out of a fund.
        Granted = "granted",
        /// Is carried by the reserve: it went back, or a fee took it, after it had been granted.
        Carried = "carried",
        /// Was put into the reserve by a decision.
        Covered = "covered",
        /// Lies in a fund, by the day of the gift.
        Held = "held",
    }
}

impl Line {
    /// Whether it stands under the day on which it happened, and so stays as it is once that day is over. What is held stands
    /// under the day of the gift, and leaves when a grant takes it.
    pub fn is_flow(self) -> bool {
        self != Self::Held
    }
}

/// One sum of the books.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The day in the campaign's time zone.
    pub day: Day,
    /// What happened.
    pub line: Line,
    /// In which fund; empty where no fund has a part in it.
    pub fund: String,
    /// Minor units; negative where more was taken back than given.
    pub amount: i64,
}

#[cfg(test)]
mod tests;
