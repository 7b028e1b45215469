//! People hinted at, not told: for whoever has no business with the whole of them.

/// The first letter of each word: "Maria Roy" is "M… R…".
pub(super) fn masked(text: &str) -> String {
    let words = text.split_whitespace();
    let words: Vec<String> = words
        .filter_map(|word| word.chars().next().map(|first| format!("{first}…")))
        .collect();
    words.join(" ")
}

/// An address with its first letter and its domain; nothing of what is no address.
pub(super) fn masked_address(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", masked(local)),
        None => String::new(),
    }
}
