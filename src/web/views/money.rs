//! Money as templates see it.

use serde::Serialize;

use crate::kernel::Money;

/// An amount in minor units with its ISO 4217 code; the shape that money has everywhere in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoneyView {
    /// Minor units (cents for USD, yen for JPY, fils for KWD).
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

impl MoneyView {
    /// `minor` units of `currency`.
    pub fn new(minor: i64, currency: &str) -> Self {
        Self {
            minor,
            currency: currency.to_owned(),
        }
    }
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self::new(money.minor(), money.currency().code())
    }
}
