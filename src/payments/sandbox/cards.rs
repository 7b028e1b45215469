//! What is typed on the pay page, and how each test number behaves.
//!
//! The numbers and what they do are those Stripe documents at <https://docs.stripe.com/testing>. A number lives
//! only as long as the request that brought it: nothing but its last four digits goes further (P27).

use chrono::Datelike;

use crate::kernel::Timestamp;

/// Why a card is turned down, in Stripe's words for machines and ours for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decline {
    pub code: &'static str,
    pub decline_code: &'static str,
    pub message: &'static str,
}

/// How a payment with this number goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Pays at once. (…0341 fails on later renewals.)
    Pays,
    /// Pays at once, and is disputed a minute later.
    Disputes,
    /// Turned down.
    Declines(Decline),
    /// Asks the holder to prove who they are, then pays or is turned down.
    Authenticates,
    /// A bank debit: money comes, or does not, days later.
    Debits {
        /// Whether the bank will honour it.
        honoured: bool,
    },
}

/// What remains of a card or account after the request: enough for a receipt, too little to charge.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Instrument {
    /// `visa`, `mastercard`, `amex`, or `sepa_debit`.
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: i32,
    /// Stands for the number where two payments with one card must be recognised; not derived from it reversibly.
    pub fingerprint: String,
}

impl Instrument {
    /// Whether this is a bank account.
    pub fn is_debit(&self) -> bool {
        self.brand == "sepa_debit"
    }

    /// Stripe's name of the payment method's type.
    pub fn method(&self) -> &'static str {
        if self.is_debit() {
            "sepa_debit"
        } else {
            "card"
        }
    }
}

/// A field of the pay page that cannot be read, and what to say beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldError {
    pub field: &'static str,
    pub message: &'static str,
}

/// The refusal after a failed authentication.
pub(super) const NOT_AUTHENTICATED: Decline = Decline {
    code: "payment_intent_authentication_failure",
    decline_code: "authentication_required",
    message: "Your bank could not confirm that it is you. Try again or use another card.",
};

/// The bank returned a debit.
pub(super) const DEBIT_RETURNED: Decline = Decline {
    code: "payment_method_provider_decline",
    decline_code: "generic_decline",
    message: "The bank did not honour the debit.",
};

const fn declined(decline_code: &'static str, message: &'static str) -> Fate {
    Fate::Declines(Decline {
        code: "card_declined",
        decline_code,
        message,
    })
}

fn fate(number: &str) -> Fate {
    match number {
        "4242424242424242" | "5555555555554444" | "378282246310005" | "4000000000000341" => {
            Fate::Pays
        }
        "4000000000000259" => Fate::Disputes,
        "4000002500003155" | "4000000000003220" => Fate::Authenticates,
        "4000000000000002" => declined("generic_decline", "Your card was declined."),
        "4000000000009995" => declined("insufficient_funds", "Your card has insufficient funds."),
        "4000000000009987" => declined("lost_card", "Your card was declined."),
        "4000000000000069" => Fate::Declines(Decline {
            code: "expired_card",
            decline_code: "expired_card",
            message: "Your card has expired.",
        }),
        "4000000000000127" => Fate::Declines(Decline {
            code: "incorrect_cvc",
            decline_code: "incorrect_cvc",
            message: "The security code of your card is not right.",
        }),
        _ => declined(
            "test_mode_live_card",
            "This is a test: real cards are turned down here. Use 4242 4242 4242 4242.",
        ),
    }
}

fn last4(number: &str) -> String {
    number
        .get(number.len().saturating_sub(4)..)
        .unwrap_or_default()
        .to_owned()
}

/// A stand-in for the number; the salt keeps a table of numbers from undoing it cheaply, and test numbers are all
/// it ever sees.
fn fingerprint(number: &str) -> String {
    crate::kernel::secret::sha256_hex(format!("sandbox fingerprint {number}"))
        .chars()
        .take(16)
        .collect()
}

fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit.saturating_sub(b'0'));
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) if doubled > 9 => doubled - 9,
                (_, doubled) => doubled,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Month and year of `12/34`, `12 / 2034` or `1234`.
fn expiry(typed: &str) -> Option<(u32, i32)> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let (month, year) = match typed.split_once(['/', '-']) {
        Some((month, year)) => (month.trim(), year.trim()),
        None => (digits.get(..2)?, digits.get(2..)?),
    };
    let month: u32 = month.parse().ok().filter(|m| (1..=12).contains(m))?;
    let year: i32 = match year.len() {
        2 => 2000 + year.parse::<i32>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Some((month, year))
}

/// Reads a bank account for the debit, one of Stripe's two test accounts.
fn account(number: &str) -> Option<(Instrument, Fate)> {
    let honoured = match number {
        "DE89370400440532013000" => true,
        "DE62370400440532013001" => false,
        _ => return None,
    };
    let instrument = Instrument {
        brand: "sepa_debit".to_owned(),
        last4: last4(number),
        exp_month: 0,
        exp_year: 0,
        fingerprint: fingerprint(number),
    };
    Some((instrument, Fate::Debits { honoured }))
}

/// Reads the typed fields. `debit` says that the payer chose the bank debit.
///
/// # Errors
/// One entry for each field that cannot be read.
pub(super) fn read(
    card_number: &str,
    exp: &str,
    cvc: &str,
    debit: bool,
    now: Timestamp,
) -> Result<(Instrument, Fate), Vec<FieldError>> {
    let number: String = card_number
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect::<String>()
        .to_ascii_uppercase();
    if let Some(found) = account(&number) {
        return Ok(found);
    }
    let mut errors = Vec::new();
    let mut wrong = |field, message| errors.push(FieldError { field, message });
    if debit {
        wrong(
            "card_number",
            "Use the test account DE89 3704 0044 0532 0130 00.",
        );
        return Err(errors);
    }
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    if !digits || !(13..=19).contains(&number.len()) || !luhn(&number) {
        wrong("card_number", "This card number is not valid.");
    }
    let today = now.naive();
    let exp = expiry(exp);
    match exp {
        None => wrong("exp", "Write the month and year, like 12/34."),
        Some((month, year)) if (year, month) < (today.year(), today.month()) => {
            wrong("exp", "This date is in the past.");
        }
        Some((_, year)) if year > today.year() + 50 => wrong("exp", "This year is too far away."),
        Some(_) => {}
    }
    let cvc = cvc.trim();
    if !(3..=4).contains(&cvc.len()) || !cvc.bytes().all(|b| b.is_ascii_digit()) {
        wrong("cvc", "The security code has three or four digits.");
    }
    match (exp, errors.is_empty()) {
        (Some((exp_month, exp_year)), true) => {
            let brand = match number.as_bytes().first() {
                Some(b'5') => "mastercard",
                Some(b'3') => "amex",
                _ => "visa",
            };
            let instrument = Instrument {
                brand: brand.to_owned(),
                last4: last4(&number),
                exp_month,
                exp_year,
                fingerprint: fingerprint(&number),
            };
            Ok((instrument, fate(&number)))
        }
        _ => Err(errors),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_790_000_000).unwrap()
    }

    #[test]
    fn numbers_and_dates_are_read_as_people_write_them() {
        for exp in ["12/34", "12 / 2034", "1234", "12-34"] {
            let (card, fate) = read("4242 4242-4242 4242", exp, "123", false, now()).unwrap();
            assert_eq!((card.exp_month, card.exp_year), (12, 2034), "{exp}");
            assert_eq!((card.last4.as_str(), fate), ("4242", Fate::Pays));
        }
    }

    #[test]
    fn each_field_gets_its_own_error() {
        let errors = read("4242424242424241", "13/34", "1", false, now()).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["card_number", "exp", "cvc"]);
        for hostile in ["", "é", "٤٢", "1/", "/", "0000", "99999999999"] {
            assert!(read(hostile, hostile, hostile, false, now()).is_err());
        }
        let past = read("4242424242424242", "01/20", "123", false, now()).unwrap_err();
        assert_eq!(past.first().unwrap().field, "exp");
    }
}
