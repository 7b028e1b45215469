//! `/matches/{token}`: what became of a match pool, for its sponsor alone.

use serde::Serialize;

use super::trace::PartView;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};

/// Context of `sponsored`.
#[derive(Clone, Debug, Serialize)]
pub struct SponsoredView {
    /// The frame.
    pub shell: Shell,
    /// Who gives it.
    pub sponsor: String,
    /// Gifts to which campaign it is added to.
    pub campaign: Link,
    /// What was reserved.
    pub reserved: MoneyView,
    /// What is added to gifts, less what has come back with refunds.
    pub added: MoneyView,
    /// How many gifts it was added to.
    pub gifts: i64,
    /// What it holds now.
    pub holds: MoneyView,
    /// What of the pledge has not arrived, if anything.
    pub outstanding: Option<MoneyView>,
    /// From when on gifts are matched (RFC 3339).
    pub starts_at: String,
    /// Until when (RFC 3339).
    pub ends_at: String,
    /// Whether that time has gone by.
    pub is_over: bool,
    /// Where each part of what was added is.
    pub parts: Vec<PartView>,
}
