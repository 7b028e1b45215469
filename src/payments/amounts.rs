//! Minor units, ours and the processor's (P2; docs.stripe.com/currencies).
//!
//! Ours are ISO 4217's. The processor differs for a few currencies: it takes ISK and UGX with two decimals that must
//! be 00, knows MGA without decimals, and wants the last digit of three-decimal currencies to be 0.

use crate::kernel::{Currency, Money};

/// The amount cannot be charged as it is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotChargeable(pub &'static str);

/// Currencies without decimals at the processor.
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

/// How many decimals the processor's minor unit of `currency` has.
pub fn exponent(currency: Currency) -> u32 {
    let code = currency.code();
    if ZERO_DECIMAL.contains(&code) {
        0
    } else {
        currency.exponent().max(2)
    }
}

/// What to send the processor for `money`.
///
/// # Errors
/// [`NotChargeable`] where the processor's rules do not allow the amount.
pub fn to_processor(money: Money) -> Result<i64, NotChargeable> {
    let (ours, theirs) = (money.currency().exponent(), exponent(money.currency()));
    if theirs == 3 && money.minor() % 10 != 0 {
        return Err(NotChargeable(
            "amounts in this currency end in 0: round to two decimals",
        ));
    }
    let too_large = NotChargeable("the amount is too large");
    if theirs >= ours {
        let factor = 10i64.pow(theirs - ours);
        return money.minor().checked_mul(factor).ok_or(too_large);
    }
    let factor = 10i64.pow(ours - theirs);
    if money.minor() % factor != 0 {
        return Err(NotChargeable("this currency is charged in whole units"));
    }
    Ok(money.minor() / factor)
}

/// What the processor's `amount` is in our minor units; `None` where it is no whole number of ours.
pub fn from_processor(amount: i64, currency: Currency) -> Option<Money> {
    let (ours, theirs) = (currency.exponent(), exponent(currency));
    let minor = if ours >= theirs {
        amount.checked_mul(10i64.pow(ours - theirs))?
    } else {
        let factor = 10i64.pow(theirs - ours);
        (amount % factor == 0).then_some(amount / factor)?
    };
    Some(Money::new(minor, currency))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_currency_with_rules_of_its_own() {
        let cases = [
            ("USD", 5025, Ok(5025)),
            ("JPY", 500, Ok(500)),
            ("KWD", 5120, Ok(5120)),
            (
                "KWD",
                5124,
                Err(NotChargeable(
                    "amounts in this currency end in 0: round to two decimals",
                )),
            ),
            ("ISK", 500, Ok(50_000)),
            ("UGX", 7, Ok(700)),
            ("MGA", 500, Ok(5)),
            (
                "MGA",
                501,
                Err(NotChargeable("this currency is charged in whole units")),
            ),
            ("USD", i64::MAX, Ok(i64::MAX)),
            (
                "ISK",
                i64::MAX,
                Err(NotChargeable("the amount is too large")),
            ),
        ];
        for (code, minor, sent) in cases {
            let money = Money::new(minor, code.parse().unwrap());
            assert_eq!(to_processor(money), sent, "{code} {minor}");
            if let Ok(amount) = sent {
                assert_eq!(
                    from_processor(amount, money.currency()),
                    Some(money),
                    "{code} {minor}"
                );
            }
        }
        for code in ZERO_DECIMAL {
            assert_eq!(exponent(code.parse().unwrap()), 0, "{code}");
        }
        for code in ["BHD", "JOD", "KWD", "OMR", "TND"] {
            assert_eq!(exponent(code.parse().unwrap()), 3, "{code}");
        }
    }
}
