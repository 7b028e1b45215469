//! Stories: Markdown in, harmless HTML out (S10).
//!
//! Three fences, each enough for most attacks: raw HTML inside Markdown is shown as the text it is, what the Markdown
//! parser writes is bounded in size and depth, and ammonia lets through a short list of tags and nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::UrlRelative;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::kernel::line::{BadText, parse_lines};

/// Bytes of Markdown at most (S10).
pub const MOST_BYTES: usize = 64 * 1024;
/// Elements inside one another at most (S10).
pub const MOST_DEPTH: usize = 64;

/// A story that may be stored: of bounded size and depth, without control characters. It may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Story(String);

/// Why a story cannot be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStory {
    /// Too large.
    #[error("a story holds at most {} KiB of text", MOST_BYTES / 1024)]
    TooLong,
    /// Quotes in quotes in lists in quotes.
    #[error("put quotes and lists at most {MOST_DEPTH} deep into one another")]
    TooDeep,
    /// A control character.
    #[error("{0}")]
    Text(BadText),
}

impl Story {
    /// Parses what a person wrote.
    ///
    /// # Errors
    /// [`BadStory`] says what to mend.
    pub fn parse(text: &str) -> Result<Self, BadStory> {
        if text.len() > MOST_BYTES {
            return Err(BadStory::TooLong);
        }
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let text = parse_lines(text, MOST_BYTES).map_err(BadStory::Text)?;
        events(&text).map(|_| ())?;
        Ok(Self(text))
    }

    /// The Markdown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// HTML that may be put into a page as it is: it came out of the sanitiser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The owned HTML.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The harmless HTML of a story. What could not have been taken as a [`Story`] is shown as plain text, cut to size.
pub fn html(markdown: &str) -> SafeHtml {
    match events(markdown) {
        Ok(events) => {
            let mut written = String::with_capacity(markdown.len() * 2);
            pulldown_cmark::html::push_html(&mut written, events.into_iter());
            SafeHtml(SANITISER.clean(&written).to_string())
        }
        Err(_) => {
            let shown: String = markdown.chars().take(MOST_BYTES / 4).collect();
            SafeHtml(format!("<p>{}</p>", ammonia::clean_text(&shown)))
        }
    }
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
        .url_schemes(HashSet::from(["https", "http", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener ugc"));
    builder
});

/// The story's parts, with what is not offered turned into what is: raw HTML and code into text, images into their
/// descriptions, headings of any level into the second to fourth.
fn events(markdown: &str) -> Result<Vec<Event<'_>>, BadStory> {
    if markdown.len() > MOST_BYTES {
        return Err(BadStory::TooLong);
    }
    if opens_too_many_quotes(markdown) {
        return Err(BadStory::TooDeep);
    }
    let mut depth = 0usize;
    let mut events = Vec::new();
    for event in Parser::new_ext(markdown, Options::empty()) {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_DEPTH {
            return Err(BadStory::TooDeep);
        }
        events.extend(offered(event));
    }
    Ok(events)
}

fn offered(event: Event<'_>) -> Option<Event<'_>> {
    Some(match event {
        Event::Html(text) | Event::InlineHtml(text) | Event::Code(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock | Tag::CodeBlock(_)) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock | TagEnd::CodeBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
        Event::Start(Tag::Heading {
            level,
            id,
            classes,
            attrs,
        }) => Event::Start(Tag::Heading {
            level: shown(level),
            id,
            classes,
            attrs,
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(shown(level))),
        Event::Rule => return None,
        other => other,
    })
}

/// The page's title is its only heading of the first level.
fn shown(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H2,
        HeadingLevel::H3 => HeadingLevel::H3,
        HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H4,
    }
}

/// A line that opens more containers than any story needs is refused before parsing, whose cost grows with lines
/// times depth.
fn opens_too_many_quotes(markdown: &str) -> bool {
    markdown.lines().any(|line| {
        line.bytes()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'>' | b'-' | b'*' | b'+'))
            .filter(|b| matches!(b, b'>'))
            .count()
            > MOST_DEPTH
    })
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
