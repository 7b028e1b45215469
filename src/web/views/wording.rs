//! How money, numbers, dates and plurals are written in English. Integer arithmetic throughout.

use chrono::{DateTime, NaiveDate, Utc};
use iso_currency::Currency;
use serde_json::Value;

/// Groups digits by three.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The sign before the amount; a code with a space where the sign would be ambiguous.
fn sign(code: &str) -> String {
    match code {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "INR" => "₹".to_owned(),
        "JPY" => "¥".to_owned(),
        "CAD" => "CA$".to_owned(),
        "AUD" => "A$".to_owned(),
        "NZD" => "NZ$".to_owned(),
        other => format!("{other}\u{a0}"),
    }
}

/// `{"minor":5000,"currency":"USD"}` as `$50`, with the fraction only if there is one: `$50.25`.
pub fn money(value: &Value) -> Result<String, String> {
    let minor = value
        .get("minor")
        .and_then(Value::as_i64)
        .ok_or("minor is missing")?;
    let code = value
        .get("currency")
        .and_then(Value::as_str)
        .ok_or("currency is missing")?;
    amount(minor, code)
}

/// The same with every decimal, for columns that are added up: `$50.00`.
pub fn cents(value: &Value) -> Result<String, String> {
    let short = money(value)?;
    let exponent = value
        .get("currency")
        .and_then(Value::as_str)
        .and_then(Currency::from_code)
        .and_then(Currency::exponent)
        .unwrap_or_default();
    if exponent == 0 || short.contains('.') {
        return Ok(short);
    }
    Ok(format!("{short}.{}", "0".repeat(usize::from(exponent))))
}

/// The same from its parts.
pub fn amount(minor: i64, code: &str) -> Result<String, String> {
    let exponent = Currency::from_code(code)
        .and_then(Currency::exponent)
        .ok_or_else(|| format!("{code} is not a currency with minor units"))?;
    let unit = 10_u64.pow(u32::from(exponent));
    let whole = minor.unsigned_abs() / unit;
    let rest = minor.unsigned_abs() % unit;
    let minus = if minor < 0 { "−" } else { "" };
    let mut out = format!("{minus}{}{}", sign(code), grouped(&whole.to_string()));
    if rest > 0 {
        out.push_str(&format!(".{rest:0width$}", width = usize::from(exponent)));
    }
    Ok(out)
}

/// An integer with thousands separators.
pub fn number(value: &Value) -> Result<String, String> {
    let number = value.as_i64().ok_or("not an integer")?;
    let minus = if number < 0 { "−" } else { "" };
    Ok(format!(
        "{minus}{}",
        grouped(&number.unsigned_abs().to_string())
    ))
}

/// `1 gift`, `3 gifts`, `1,200 gifts`.
pub fn plural(value: &Value, one: &str, many: &str) -> Result<String, String> {
    let word = if value.as_i64() == Some(1) { one } else { many };
    Ok(format!("{} {word}", number(value)?))
}

/// A date or an instant (RFC 3339, shown in UTC): `long` 1 December 2026, `short` 1 Dec, `time` 1 December 2026, 14:05 UTC.
pub fn date(value: &Value, style: &str) -> Result<String, String> {
    let text = value.as_str().ok_or("not a date")?;
    let wrong = || format!("{style}: not a date (YYYY-MM-DD or RFC 3339)");
    let instant = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let day = match &instant {
        Ok(at) => at.date_naive(),
        Err(_) => NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?,
    };
    match (style, instant) {
        ("time", Ok(at)) => Ok(at.format("%-d %B %Y, %H:%M UTC").to_string()),
        ("short", _) => Ok(day.format("%-d %b").to_string()),
        ("long" | "time", _) => Ok(day.format("%-d %B %Y").to_string()),
        _ => Err(format!("{style} is not a way to write a date")),
    }
}

/// `part` of `whole` (integers, or money of one currency) in percent with at most one digit, from 0 to 100.
pub fn percent_width(part: &Value, whole: &Value) -> Result<String, String> {
    let minor = |value: &Value| {
        value
            .as_i64()
            .or_else(|| value.get("minor").and_then(Value::as_i64))
            .ok_or("neither an integer nor money")
    };
    if part.get("currency") != whole.get("currency") {
        return Err("the two amounts are of different currencies".to_owned());
    }
    let (part, whole) = (i128::from(minor(part)?.max(0)), i128::from(minor(whole)?));
    if whole <= 0 {
        return Ok("0".to_owned());
    }
    let tenths = (part * 1000 / whole).min(1000);
    Ok(if tenths % 10 == 0 {
        format!("{}", tenths / 10)
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn money_is_written_by_its_currencys_exponent() {
        for (minor, code, expected) in [
            (5_000, "USD", "$50"),
            (5_025, "USD", "$50.25"),
            (5_005, "USD", "$50.05"),
            (0, "EUR", "€0"),
            (123_456, "JPY", "¥123,456"),
            (1_234_567_890, "USD", "$12,345,678.90"),
            (5_120, "KWD", "KWD\u{a0}5.120"),
            (-150, "GBP", "−£1.50"),
            (i64::MIN, "USD", "−$92,233,720,368,547,758.08"),
        ] {
            assert_eq!(amount(minor, code).unwrap(), expected);
        }
        assert_eq!(
            cents(&json!({"minor": 5_000, "currency": "USD"})).unwrap(),
            "$50.00"
        );
        assert_eq!(
            cents(&json!({"minor": 5_025, "currency": "USD"})).unwrap(),
            "$50.25"
        );
        assert_eq!(
            cents(&json!({"minor": 500, "currency": "JPY"})).unwrap(),
            "¥500"
        );
        assert!(amount(1, "XYZ").is_err());
        assert!(money(&json!({"minor": 1.5, "currency": "USD"})).is_err());
    }

    #[test]
    fn widths_are_bounded_and_dates_are_read() {
        assert_eq!(percent_width(&json!(1), &json!(3)).unwrap(), "33.3");
        assert_eq!(percent_width(&json!(9), &json!(3)).unwrap(), "100");
        assert_eq!(percent_width(&json!(9), &json!(0)).unwrap(), "0");
        let usd = json!({"minor": 1, "currency": "USD"});
        assert!(percent_width(&usd, &json!({"minor": 1, "currency": "EUR"})).is_err());
        assert_eq!(
            date(&json!("2026-12-01"), "long").unwrap(),
            "1 December 2026"
        );
        assert_eq!(
            date(&json!("2026-12-01T14:05:00Z"), "time").unwrap(),
            "1 December 2026, 14:05 UTC"
        );
        assert_eq!(date(&json!("2026-12-01"), "short").unwrap(), "1 Dec");
        assert!(date(&json!("soon"), "long").is_err());
        assert_eq!(plural(&json!(1), "gift", "gifts").unwrap(), "1 gift");
        assert_eq!(
            plural(&json!(1200), "gift", "gifts").unwrap(),
            "1,200 gifts"
        );
    }
}
