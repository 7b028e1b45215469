//! A text block: Markdown with merge fields to harmless HTML with marks, and to plain text.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::marks::Marks;
use super::merge::{Fault, Item};
use super::shape::{self, is_balanced};
use crate::web::markdown;

/// The HTML of `source` with marks, sanitised.
///
/// # Errors
/// The first [`Fault`]: of the merge language, of a link, of a condition that cuts through a list or emphasis.
pub fn html(source: &str, marks: &mut Marks) -> Result<String, Fault> {
    markdown::Story::parse(source).map_err(|bad| Fault::at(1, bad.to_string()))?;
    let woven = marks.weave(source)?;
    check_links(&woven)?;
    let html = shape::sanitised(markdown::html(&woven).as_str());
    let html = bare_conditions(&html, marks);
    check_places(&html, marks)?;
    Ok(html)
}

/// Links lead to `https:` or `mailto:` (N12). The sanitiser would drop others without a word.
fn check_links(woven: &str) -> Result<(), Fault> {
    for (event, range) in Parser::new_ext(woven, Options::empty()).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. }) = event else {
            continue;
        };
        if !shape::is_link(&dest_url) {
            let before = woven.get(..range.start).unwrap_or_default();
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            return Err(Fault::at(
                line,
                "a link leads to a whole address that begins with https:// or mailto:, or to one address field like {{page_url|https://…}}",
            ));
        }
    }
    Ok(())
}

/// A condition that stands on a line of its own holds whole paragraphs, not the empty one that Markdown makes of it.
fn bare_conditions(html: &str, marks: &Marks) -> String {
    let mut out = String::with_capacity(html.len());
    for part in html.split_inclusive("</p>") {
        let Some((before, inner)) = part.strip_suffix("</p>").and_then(|p| p.rsplit_once("<p>"))
        else {
            out.push_str(part);
            continue;
        };
        let is_bare = marks.split(inner).iter().all(|(_, item)| match item {
            Item::Text(text) => text.trim().is_empty(),
            Item::If(_) | Item::Else | Item::End => true,
            Item::Field { .. } | Item::Impact(_) => false,
        });
        if is_bare && !inner.trim().is_empty() {
            out.push_str(before);
            out.push_str(inner.trim());
        } else {
            out.push_str(part);
        }
    }
    out
}

/// Fields stand between tags or are a whole address; conditions hold whole elements.
fn check_places(html: &str, marks: &Marks) -> Result<(), Fault> {
    let items = marks.split(html);
    let mut before = String::new();
    let mut following = items.iter().skip(1).map(|(_, item)| item);
    for (line, item) in &items {
        let next = following.next();
        if let Item::Text(text) = item {
            before.push_str(text);
            continue;
        }
        let is_in_tag = before.rfind('<') > before.rfind('>');
        if !is_in_tag {
            continue;
        }
        let is_address = matches!(item, Item::Field { field, .. } if field.is_url());
        let is_whole = before.ends_with("href=\"")
            && matches!(next, Some(Item::Text(text)) if text.starts_with('"'));
        if !(is_address && is_whole) {
            return Err(Fault::at(
                *line,
                "this stands within a link’s address; only a whole address may be a field, like [your page]({{page_url|https://…}})",
            ));
        }
    }
    check_balance(&items)
}

fn check_balance(items: &[(usize, Item)]) -> Result<(), Fault> {
    // Of each open condition: its line and the HTML since it began or its else.
    let mut open: Vec<(usize, Vec<&str>)> = Vec::new();
    for (line, item) in items {
        match item {
            Item::Text(text) => open.iter_mut().for_each(|(_, parts)| parts.push(text)),
            Item::If(_) => open.push((*line, Vec::new())),
            Item::Else | Item::End => {
                let Some((began, parts)) = open.pop() else {
                    continue;
                };
                if !is_balanced(parts.into_iter()) {
                    return Err(Fault::at(
                        began,
                        "this condition cuts through a paragraph, a list or emphasis; begin and end it in the same paragraph, or put {{#if}} and {{/if}} on lines of their own with an empty line around them",
                    ));
                }
                if *item == Item::Else {
                    open.push((began, Vec::new()));
                }
            }
            Item::Field { .. } | Item::Impact(_) => {}
        }
    }
    Ok(())
}

/// The plain text of `source`, with marks: links as `words (address)`, lists with dashes, no signs of emphasis.
///
/// # Errors
/// The first [`Fault`].
pub fn text(source: &str, marks: &mut Marks) -> Result<String, Fault> {
    let woven = marks.weave(source)?;
    let mut out = String::with_capacity(woven.len());
    let mut links: Vec<(String, usize)> = Vec::new();
    let mut lists: Vec<Option<u64>> = Vec::new();
    for event in Parser::new_ext(&woven, Options::empty()) {
        match event {
            Event::Text(words)
            | Event::Code(words)
            | Event::Html(words)
            | Event::InlineHtml(words) => {
                out.push_str(&words);
            }
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            Event::Start(Tag::Link { dest_url, .. }) => {
                links.push((dest_url.to_string(), out.len()))
            }
            Event::End(TagEnd::Link) => {
                if let Some((url, from)) = links.pop()
                    && out.get(from..) != Some(url.as_str())
                {
                    out.push_str(" (");
                    out.push_str(&url);
                    out.push(')');
                }
            }
            Event::Start(Tag::List(first)) => {
                lists.push(first);
                end_line(&mut out);
            }
            Event::End(TagEnd::List(_)) => {
                lists.pop();
                paragraph(&mut out);
            }
            Event::Start(Tag::Item) => {
                end_line(&mut out);
                match lists.last_mut() {
                    Some(Some(number)) => {
                        out.push_str(&format!("{number}. "));
                        *number += 1;
                    }
                    _ => out.push_str("- "),
                }
            }
            Event::Start(Tag::Heading { level, .. }) => {
                paragraph(&mut out);
                if level <= HeadingLevel::H2 {
                    out.push_str("== ");
                }
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::BlockQuote(_))
                if lists.is_empty() =>
            {
                paragraph(&mut out);
            }
            _ => {}
        }
    }
    Ok(out.trim().to_owned())
}

fn end_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn paragraph(out: &mut String) {
    end_line(out);
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}
