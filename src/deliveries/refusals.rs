//! What a refusal's code says about an address (RFC 3463).

/// Codes that say of the address itself that it takes no mail and will not: it does not exist, cannot exist, moved away without
/// a trace, or was switched off (N14). Every other permanent code is about this mail, this sender or this moment: a full
/// mailbox, a policy, a size.
const DEAD: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];

/// Whether `status` says that the address is dead.
pub fn is_dead(status: &str) -> bool {
    DEAD.contains(&status)
}

/// The first enhanced status code (`5.1.1`) that stands in a server's words as a word of its own.
pub fn status_in(words: &str) -> Option<String> {
    words
        .split(|symbol: char| !(symbol.is_ascii_digit() || symbol == '.'))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| is_status(word))
        .map(str::to_owned)
}

fn is_status(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let [class, subject, detail] = parts.as_slice() else {
        return false;
    };
    let is_number = |text: &str| {
        (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    ["2", "4", "5"].contains(class) && is_number(subject) && is_number(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_and_an_address_of_the_net_is_none() {
        for (words, status) in [
            ("permanent error (550): 5.1.1 no such person", Some("5.1.1")),
            ("smtp; 550-5.1.10 RESOLVER.ADR", Some("5.1.10")),
            ("550 5.7.1. Blocked by 192.0.2.1", Some("5.7.1")),
            ("blocked 192.0.2.1 and 10.0.0", None),
            ("", None),
        ] {
            assert_eq!(status_in(words).as_deref(), status, "{words}");
        }
        assert!(is_dead("5.1.1") && !is_dead("5.2.2") && !is_dead("4.1.1"));
    }
}
