//! Amounts as Stripe takes them: decimals per currency, least amounts, and the sandbox's fee.

use crate::kernel::{Currency, Money};

use super::refusal::Refusal;

/// Currencies Stripe takes without decimals (P2; <https://docs.stripe.com/currencies#zero-decimal>).
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Three decimals, the last of which must be 0.
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Without cents in life, yet sent with two decimals that must be 00.
const WHOLE_HUNDREDS: [&str; 2] = ["ISK", "UGX"];
/// The largest amount of one charge: eight digits.
const LARGEST: i64 = 99_999_999;

/// Parses a code as it stands in a request (`usd`).
pub(super) fn parse(code: &str, param: &str) -> Result<Currency, Refusal> {
    code.to_ascii_uppercase().parse().map_err(|_| {
        Refusal::invalid(
            "currency_not_supported",
            param,
            format!("Invalid currency: {code}."),
        )
    })
}

/// Decimals at Stripe, which differ from ISO 4217 for a few currencies.
fn decimals(code: &str) -> u32 {
    if ZERO_DECIMAL.contains(&code) {
        0
    } else if THREE_DECIMAL.contains(&code) {
        3
    } else {
        2
    }
}

/// The least amount of one charge, in minor units (<https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>).
fn least(code: &str) -> i64 {
    match code {
        "GBP" => 30,
        "AED" | "MYR" | "PLN" | "RON" => 200,
        "BGN" => 100,
        "CZK" => 1_500,
        "DKK" => 250,
        "HKD" => 400,
        "HUF" => 17_500,
        "MXN" | "THB" => 1_000,
        "NOK" | "SEK" => 300,
        code if decimals(code) == 3 => 500,
        _ => 50,
    }
}

/// Checks the total of a session.
pub(super) fn check_amount(amount: i64, currency: Currency) -> Result<(), Refusal> {
    let code = currency.code();
    let param = "line_items";
    let step = if THREE_DECIMAL.contains(&code) {
        10
    } else if WHOLE_HUNDREDS.contains(&code) {
        100
    } else {
        1
    };
    if amount < least(code) {
        return Err(Refusal::invalid(
            "amount_too_small",
            param,
            format!("The least amount in {code} is {} minor units.", least(code)),
        ));
    }
    if amount > LARGEST {
        return Err(Refusal::invalid(
            "amount_too_large",
            param,
            "The amount must have at most eight digits.",
        ));
    }
    if amount % step != 0 {
        return Err(Refusal::invalid(
            "parameter_invalid_integer",
            param,
            format!("Amounts in {code} must be whole multiples of {step}."),
        ));
    }
    Ok(())
}

/// What the processor keeps of a payment: 2.9 % rounded half up, and 30 minor units.
pub(super) fn fee(amount: i64) -> i64 {
    let share = amount.saturating_mul(29).saturating_add(500) / 1_000;
    share.saturating_add(30)
}

/// An amount as the pay page shows it.
pub(super) fn display(amount: i64, code: &str) -> String {
    match parse(code, "currency") {
        Ok(currency) if currency.exponent() == decimals(currency.code()) => {
            Money::new(amount, currency).to_string()
        }
        _ => format!(
            "{} {}",
            code.to_uppercase(),
            amount / 10i64.pow(decimals(&code.to_uppercase()))
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_whole_and_round_half_up() {
        // 2.9 % of 50.00 is 1.45; of 10.50 it is 0.3045; of 0.50 it is 0.0145.
        assert_eq!(
            [fee(5_000), fee(1_050), fee(50), fee(500)],
            [175, 60, 31, 45]
        );
    }

    #[test]
    fn amounts_follow_the_currency() {
        let check = |amount, code| check_amount(amount, parse(code, "currency").unwrap());
        assert!(check(49, "usd").is_err() && check(50, "usd").is_ok());
        assert!(check(500, "jpy").is_ok() && check(100_000_000, "jpy").is_err());
        assert!(check(5_124, "kwd").is_err() && check(5_120, "kwd").is_ok());
        assert!(check(50_050, "isk").is_err() && check(50_000, "isk").is_ok());
        assert!(parse("zzz", "currency").is_err());
    }
}
