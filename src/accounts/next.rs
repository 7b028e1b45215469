//! Where somebody wanted to go before they were asked to sign in.

use std::fmt;

use url::form_urlencoded;

/// A place of this site, from `/` on; anything else becomes `/account` (S20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next(String);

/// Where people go who wanted nothing else.
const HOME: &str = "/account";

/// Longer places are not carried along.
const MOST: usize = 400;

impl Next {
    /// Takes what a form or an address carried.
    pub fn parse(text: &str) -> Self {
        // A browser reads `//x` and `/\x` as another host's address, and drops tabs and line breaks before it reads.
        let is_ours = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= MOST
            && !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\')
            && ["/login", "/logout", "/signup", "/verify", "/reset"]
                .iter()
                .all(|door| !text.starts_with(door));
        Self(if is_ours { text } else { HOME }.to_owned())
    }

    /// The place.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a page of this site that carries the place along.
    pub fn on(&self, page: &str) -> String {
        if self.0 == HOME {
            return page.to_owned();
        }
        let query: String = form_urlencoded::byte_serialize(self.0.as_bytes()).collect();
        format!("{page}?next={query}")
    }
}

impl fmt::Display for Next {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_other_sites_are_not_gone_to() {
        for text in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "",
            "start/dressember",
            "/login?next=/login",
            "/logout",
        ] {
            assert_eq!(Next::parse(text).as_str(), HOME, "{text:?}");
        }
        let long = format!("/{}", "a".repeat(MOST));
        assert_eq!(Next::parse(&long).as_str(), HOME);
    }

    #[test]
    fn places_of_this_site_are_carried_along() {
        let next = Next::parse("/start/dressember-2026?team=blue&utm_source=x");
        assert_eq!(
            next.on("/signup"),
            "/signup?next=%2Fstart%2Fdressember-2026%3Fteam%3Dblue%26utm_source%3Dx"
        );
        assert_eq!(Next::parse("").on("/login"), "/login");
    }
}
