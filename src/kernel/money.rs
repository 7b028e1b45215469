//! Money: whole minor units of one currency. No float, no mixing, no silent overflow (P1).

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency of 0, 2 or 3 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Currency(iso_currency::Currency);

/// The text is no currency this program handles.
#[derive(Debug, thiserror::Error)]
#[error("not an ISO 4217 currency code")]
pub struct BadCurrency;

impl Currency {
    /// US dollar, the currency of the demo season.
    pub const USD: Self = Self(iso_currency::Currency::USD);

    /// Every currency that this program handles, by its code.
    pub fn all() -> impl Iterator<Item = Self> {
        let letter = || b'A'..=b'Z';
        letter()
            .flat_map(move |a| letter().flat_map(move |b| letter().map(move |c| [a, b, c])))
            .filter_map(|code| std::str::from_utf8(&code).ok()?.parse().ok())
    }

    /// The three capital letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals one unit has: 0, 2 or 3 (ISO 4217).
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(2))
    }

    /// Minor units in one unit: 1, 100 or 1,000.
    pub fn scale(self) -> i64 {
        10i64.pow(self.exponent())
    }

    /// The sign people write before an amount; the code and a space where the sign would not say which country.
    pub fn sign(self) -> String {
        match self.code() {
            "USD" => "$".into(),
            "EUR" => "€".into(),
            "GBP" => "£".into(),
            "JPY" => "¥".into(),
            "INR" => "₹".into(),
            code => format!("{code} "),
        }
    }
}

impl FromStr for Currency {
    type Err = BadCurrency;

    fn from_str(text: &str) -> Result<Self, BadCurrency> {
        let known = iso_currency::Currency::from_code(text).ok_or(BadCurrency)?;
        match known.exponent() {
            Some(0 | 2 | 3) => Ok(Self(known)),
            _ => Err(BadCurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

crate::text_column!(Currency);

/// An amount in minor units of its currency; negative only where a document says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Whole minor units: cents, for dollars.
    #[schema(example = 5000)]
    #[serde(deserialize_with = "whole")]
    minor: i64,
    /// ISO 4217, three capital letters.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
}

/// Reads an integer as JSON Schema means it: `5000`, and `5000.0`, which is the same number, but no fraction. It is told by
/// the number's digits; beyond fifteen of them, what is not written as an integer is refused.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    let text = number.to_string();
    let digits = text.strip_suffix(".0").filter(|digits| digits.len() <= 15);
    number
        .as_i64()
        .or_else(|| digits?.parse().ok())
        .ok_or_else(|| serde::de::Error::custom("write a whole number of minor units"))
}

/// Why an amount could not be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are of different currencies.
    #[error("amounts of different currencies cannot be added")]
    Mixed,
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// The text is not an amount of this currency.
    #[error("write an amount like 50 or 50.25")]
    Unreadable,
    /// More decimals than the currency has.
    #[error("this currency has {0} decimals")]
    Decimals(u32),
}

impl Money {
    /// `minor` minor units (cents, for dollars) of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, of `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, with: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed);
        }
        with(self.minor, other.minor)
            .map(|minor| Self::new(minor, self.currency))
            .ok_or(MoneyError::Overflow)
    }

    /// Reads what a person types: `50`, `50.25`, `1,250.00`, with or without the sign before it.
    ///
    /// # Errors
    /// [`MoneyError`] says what to mend; nothing is rounded.
    pub fn parse_typed(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let sign = currency.sign();
        let text = text.strip_prefix(sign.trim()).unwrap_or(text).trim();
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let grouped = whole.contains(',');
        if grouped && !groups_are_thousands(whole) {
            return Err(MoneyError::Unreadable);
        }
        let whole: String = whole.chars().filter(|c| *c != ',').collect();
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(&whole) || !digits(decimals) || text.ends_with('.') {
            return Err(MoneyError::Unreadable);
        }
        let places = currency.exponent();
        if decimals.len() > places as usize {
            return Err(MoneyError::Decimals(places));
        }
        let padded = format!("{whole}{decimals:0<width$}", width = places as usize);
        padded
            .parse()
            .map(|minor| Self::new(minor, currency))
            .map_err(|_| MoneyError::Overflow)
    }

    /// The plain decimal number, every decimal written: `50.00`, `500`, `5.120`.
    pub fn decimal(self) -> String {
        let scale = self.currency.scale().unsigned_abs();
        let minor = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        match self.currency.exponent() as usize {
            0 => format!("{sign}{minor}"),
            places => format!("{sign}{}.{:0places$}", minor / scale, minor % scale),
        }
    }
}

/// As people read it: `$1,250` when there are no cents, `$50.25` when there are, `-$5`.
impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.currency.scale().unsigned_abs();
        let minor = self.minor.unsigned_abs();
        let minus = if self.minor < 0 { "-" } else { "" };
        write!(
            out,
            "{minus}{}{}",
            self.currency.sign(),
            thousands(minor / scale)
        )?;
        if !minor.is_multiple_of(scale) {
            let places = self.currency.exponent() as usize;
            write!(out, ".{:0places$}", minor % scale)?;
        }
        Ok(())
    }
}

fn groups_are_thousands(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().map_or(0, str::len);
    (1..=3).contains(&first) && groups.all(|group| group.len() == 3)
}

/// A number with a comma before every third digit.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        let usd = Currency::USD;
        for (text, minor) in [
            ("50", 5000),
            ("$50.25", 5025),
            ("1,250.5", 125_050),
            (" 7 ", 700),
        ] {
            assert_eq!(
                Money::parse_typed(text, usd).unwrap().minor(),
                minor,
                "{text}"
            );
        }
        for text in [
            "",
            "-5",
            "5.",
            "1e3",
            "1,25",
            "٥",
            "12,34,567",
            "5.5.5",
            "NaN",
        ] {
            assert!(Money::parse_typed(text, usd).is_err(), "{text}");
        }
        assert_eq!(
            Money::parse_typed("5.124", usd),
            Err(MoneyError::Decimals(2))
        );
        assert_eq!(
            Money::parse_typed("500.5", currency("JPY")),
            Err(MoneyError::Decimals(0))
        );
        assert_eq!(
            Money::parse_typed("5.124", currency("KWD"))
                .unwrap()
                .minor(),
            5124
        );
    }

    #[test]
    fn amounts_print_with_cents_only_where_there_are_some() {
        assert_eq!(Money::new(5000, Currency::USD).to_string(), "$50");
        assert_eq!(
            Money::new(-105_025, Currency::USD).to_string(),
            "-$1,050.25"
        );
        assert_eq!(Money::new(500, currency("JPY")).to_string(), "¥500");
        assert_eq!(Money::new(5_120, currency("KWD")).to_string(), "KWD 5.120");
    }

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let dollars = Money::new(1, Currency::USD);
        assert_eq!(
            dollars.plus(Money::new(1, currency("EUR"))),
            Err(MoneyError::Mixed)
        );
        assert_eq!(
            Money::new(i64::MAX, Currency::USD).plus(dollars),
            Err(MoneyError::Overflow)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn printing_and_reading_agree(minor in 0i64..1_000_000_000_000, code in prop::sample::select(vec!["USD", "JPY", "KWD", "EUR"])) {
            let money = Money::new(minor, currency(code));
            prop_assert_eq!(Money::parse_typed(&money.decimal(), money.currency()).unwrap(), money);
            prop_assert_eq!(Money::parse_typed(&money.to_string(), money.currency()).unwrap(), money);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            let _typed = Money::parse_typed(&text, Currency::USD);
        }
    }

    #[test]
    fn an_integer_is_one_however_json_writes_it_and_a_fraction_is_none() {
        let read = |minor: &str| {
            serde_json::from_str::<Money>(&format!(r#"{{"minor":{minor},"currency":"USD"}}"#))
        };
        for (text, minor) in [("5000", 5000), ("5000.0", 5000), ("-0.0", 0), ("1e3", 1000)] {
            assert_eq!(read(text).unwrap().minor(), minor, "{text}");
        }
        for text in [
            "50.5",
            "1e-1",
            "1e300",
            "9223372036854775808",
            "9007199254740993.0",
            "\"50\"",
            "null",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
