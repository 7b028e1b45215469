//! Finding card numbers in typed text, so that none is ever stored or logged (P27, PCI DSS 3.4).

/// Whether `text` holds 13 to 19 digits, in one group or in spaced or dashed groups, that begin as card numbers do
/// and pass the Luhn check (ISO/IEC 7812-1).
pub fn holds_card_number(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '-' | '\u{a0}')))
        .any(run_holds_card)
}

/// Looks at every sequence of neighbouring digit groups, so that a date behind a card number does not hide it.
fn run_holds_card(run: &str) -> bool {
    let groups: Vec<Vec<u32>> = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .map(|group| group.chars().filter_map(|c| c.to_digit(10)).collect())
        .collect();
    (0..groups.len()).any(|start| {
        let mut digits: Vec<u32> = Vec::new();
        groups.iter().skip(start).any(|group| {
            digits.extend(group);
            (13..=19).contains(&digits.len())
                && matches!(digits.first(), Some(2..=6))
                && luhn(&digits)
        })
    })
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_found_however_written() {
        for text in [
            "4242424242424242",
            "my card is 4242 4242 4242 4242!",
            "378282246310005",
            "4000-0025-0000-3155",
            "4242 4242 4242 4242 12 28 123",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_pass() {
        for text in [
            "",
            "For 2026",
            "4242424242424241",
            "+91 33 2283 0000",
            "call 1800 123 4567",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }
}
