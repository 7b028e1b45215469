//! What a partner keeps to itself until it is released: where a shelter is, how its staff are called (S17).
//!
//! A [`Withheld`] has no `Display` and no `Serialize`: a template or an answer cannot be given one by mistake. Its inside is
//! had by showing who asks ([`Reader`]), or after somebody released it.
//!
//! ```compile_fail
//! fn shown(place: selvedge::partners::Withheld<String>) -> String {
//!     serde_json::to_string(&place).unwrap_or_default()
//! }
//! ```
//!
//! ```compile_fail
//! fn shown(place: selvedge::partners::Withheld<String>) -> String {
//!     format!("{place}")
//! }
//! ```

use std::fmt;

use super::PartnerId;
use super::guard::PartnerStaff;
use crate::auth::{Coordinator, Staff, UserId};
use crate::kernel::Timestamp;

/// Somebody who may read what a partner withholds. The permission is the extractor's type, so only guards are readers.
pub trait Reader: sealed::Guard {
    /// Whether what this partner withholds is for their eyes.
    fn reads(&self, partner: PartnerId) -> bool;
}

mod sealed {
    /// Implemented for the guards of handlers alone.
    pub trait Guard {}
    impl Guard for crate::auth::Coordinator {}
    impl Guard for crate::auth::Staff {}
    impl Guard for super::PartnerStaff {}
}

impl Reader for Coordinator {
    fn reads(&self, _: PartnerId) -> bool {
        true
    }
}

impl Reader for Staff {
    fn reads(&self, _: PartnerId) -> bool {
        true
    }
}

impl Reader for PartnerStaff {
    fn reads(&self, partner: PartnerId) -> bool {
        self.is_of(partner)
    }
}

/// That something was released, by whom and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Who released it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// Something of a partner's that is not public unless it was released.
#[derive(Clone)]
pub struct Withheld<T> {
    inside: T,
    of: PartnerId,
    released: Option<Release>,
}

impl<T> Withheld<T> {
    /// Withholds `inside`, which is `of` a partner.
    pub fn new(inside: T, of: PartnerId) -> Self {
        Self {
            inside,
            of,
            released: None,
        }
    }

    /// The same, once somebody has released it.
    #[must_use]
    pub fn released(self, release: Option<Release>) -> Self {
        Self {
            released: release,
            ..self
        }
    }

    /// The inside, for somebody who may read it; `None` for somebody of another partner.
    pub fn read(&self, reader: &impl Reader) -> Option<&T> {
        (reader.reads(self.of) || self.released.is_some()).then_some(&self.inside)
    }

    /// The inside, for everybody: `None` until it was released.
    pub fn public(&self) -> Option<&T> {
        self.released.is_some().then_some(&self.inside)
    }

    /// Who released it and when, if somebody did.
    pub fn release(&self) -> Option<Release> {
        self.released
    }
}

impl<T> fmt::Debug for Withheld<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Withheld(…)")
    }
}
