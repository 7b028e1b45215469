//! Gifts that came outside the program: cash, cheques, transfers that a participant was handed, entered on their page.
//!
//! ```text
//! (entered) ──> pending ──> confirmed   (by staff, into the ledger: `donations::hands`)
//!                  ├──────> declined    (by staff, with a reason)
//!                  └──────> withdrawn   (by whoever entered it)
//! ```
//!
//! A pending entry can be changed; a decided one stays as it is. Pending money is shown as "of which unconfirmed" beside a
//! page's total and is never in it, nor in a ranking: totals are written by settlement alone. The giver's name and address
//! stay with the page's owner and staff; an anonymous giver's name is kept for the receipt and shown to nobody else.
//!
//! Staff enter gifts as well, on a page or to the campaign as a whole; those are confirmed at once.
//!
//! It stands under the pages, which show it: it knows a page, and the donation that an entry became, by its id alone.

pub mod model;
pub mod ops;
pub mod staff;

pub use model::{Kind, OfflineGift, OfflineGiftId, OfflineState, unconfirmed};

#[cfg(test)]
mod tests;
