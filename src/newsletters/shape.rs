//! What may stand in a mail: characters, addresses, HTML (N10, N12).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::UrlRelative;

/// Whether a character must not be in a mail: controls, separators, and signs that turn the direction of writing.
fn is_hostile(sign: char) -> bool {
    (sign.is_control() && !matches!(sign, '\n' | '\t'))
        || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line without hostile characters; line breaks and tabs become blanks.
pub fn harmless(text: &str) -> String {
    let kept = text
        .chars()
        .map(|sign| if sign.is_whitespace() { ' ' } else { sign });
    kept.filter(|sign| !is_hostile(*sign)).collect()
}

/// Text fit for between tags and within double or single quotes.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// Undoes [`escaped`], as far as addresses need it.
pub fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Whether `text` is a whole `https:` address without anything that ends an attribute.
pub fn is_web_address(text: &str) -> bool {
    text.len() <= 1_000
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains(['"', '\'', '<', '>', '`', '\\'])
        && url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// Whether `text` may be a link of a mail: `https:` or `mailto:` (N12).
pub fn is_link(text: &str) -> bool {
    let is_mail = text
        .strip_prefix("mailto:")
        .is_some_and(|rest| rest.contains('@') && rest.bytes().all(|byte| byte.is_ascii_graphic()));
    let is_harmless = !text.contains(['"', '\'', '<', '>', '`', '\\']) && text.len() <= 1_000;
    is_web_address(text) || (is_mail && is_harmless)
}

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from([
            "p",
            "br",
            "strong",
            "em",
            "h2",
            "h3",
            "h4",
            "ul",
            "ol",
            "li",
            "blockquote",
            "a",
        ]))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"]))]))
        .url_schemes(HashSet::from(["https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None);
    builder
});

/// HTML of which only a short list of tags is left, and links to `https:` and `mailto:`.
pub fn sanitised(html: &str) -> String {
    SANITISER.clean(html).to_string()
}

/// Whether each element that begins in `html` ends in it, and the other way round.
pub fn is_balanced<'a>(parts: impl Iterator<Item = &'a str>) -> bool {
    let mut open: Vec<String> = Vec::new();
    for part in parts {
        for tag in part.split('<').skip(1) {
            let name: String = tag
                .trim_start_matches('/')
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            if name == "br" || name.is_empty() {
                continue;
            }
            if tag.starts_with('/') {
                if open.pop().as_ref() != Some(&name) {
                    return false;
                }
            } else {
                open.push(name);
            }
        }
    }
    open.is_empty()
}
