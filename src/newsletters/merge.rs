//! The merge language (N11): `{{first_name|friend}}` and `{{#if page_url}} … {{else}} … {{/if}}`, and nothing else.
//!
//! There are no partials, helpers, loops or raw values, and a name that is not a [`Field`] is an error when a text is saved,
//! with its line and what to do. A text is cut into [`Item`]s and these are nested into [`Piece`]s. On the way to HTML the
//! items are [marks](super::marks): words that pass through Markdown, the sanitiser and the layout unchanged, and that no text can
//! contain by itself; so what a reader's value becomes is decided after everything else, and only by escaping.

use super::fields::Field;

/// Bytes of a newsletter's texts at most.
pub const SOURCE_MOST: usize = 64 * 1024;
/// Fields and conditions of one newsletter at most.
pub const MARKS_MOST: usize = 2_000;
/// Conditions inside one another at most.
pub const DEPTH_MOST: usize = 4;
/// Characters of a default at most.
const DEFAULT_MOST: usize = 120;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {words}")]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub words: String,
}

impl Fault {
    pub(super) fn at(line: usize, words: impl Into<String>) -> Self {
        Self {
            line,
            words: words.into(),
        }
    }
}

/// What a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cond {
    /// Whether a field is known of the reader.
    Has(Field),
    /// Whether block number n may (still) be shown.
    Shown(usize),
    /// Whether this is a mail, not the archive.
    Mail,
    /// Whether this newsletter is in the public archive.
    Public,
}

/// One thing of a text, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// As it stands.
    Text(String),
    /// A field.
    Field {
        /// Which.
        field: Field,
        /// What stands where it is not known.
        default: Option<String>,
    },
    /// What a reader's money did: block number n.
    Impact(usize),
    /// A condition begins.
    If(Cond),
    /// What stands where it does not hold.
    Else,
    /// It ends.
    End,
}

/// A part of a text that is ready to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// A field.
    Field {
        /// Which.
        field: Field,
        /// What stands where it is not known.
        default: Option<String>,
    },
    /// The address of link n of the newsletter, inside quotes.
    Link(usize),
    /// What a reader's money did: block number n.
    Impact(usize),
    /// One or the other.
    If {
        /// What is asked.
        cond: Cond,
        /// Where it holds.
        then: Vec<Piece>,
        /// Where it does not.
        otherwise: Vec<Piece>,
    },
}

/// Cuts a text into items, each with its line.
///
/// # Errors
/// The first [`Fault`].
pub fn lex(source: &str) -> Result<Vec<(usize, Item)>, Fault> {
    if source.len() > SOURCE_MOST {
        return Err(Fault::at(
            1,
            format!("a text holds at most {} KiB; split it", SOURCE_MOST / 1024),
        ));
    }
    let (mut items, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        no_stray_end(before, line)?;
        push_text(&mut items, line, before);
        line += lines_in(before);
        let (item, length) = tag(from, line)?;
        items.push((line, item));
        if items.len() > MARKS_MOST {
            return Err(Fault::at(line, "too many merge fields in one text"));
        }
        rest = from.get(length..).unwrap_or_default();
    }
    no_stray_end(rest, line)?;
    push_text(&mut items, line, rest);
    check(&items)?;
    Ok(items)
}

fn lines_in(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn push_text(items: &mut Vec<(usize, Item)>, line: usize, text: &str) {
    if !text.is_empty() {
        items.push((line, Item::Text(text.to_owned())));
    }
}

fn no_stray_end(text: &str, line: usize) -> Result<(), Fault> {
    match text.find("}}") {
        None => Ok(()),
        Some(at) => {
            let before = text.get(..at).unwrap_or_default();
            Err(Fault::at(
                line + lines_in(before),
                "}} closes nothing; take it away, or write {{ before the field’s name",
            ))
        }
    }
}

/// The tag at the beginning of `from`, and how many bytes it takes.
fn tag(from: &str, line: usize) -> Result<(Item, usize), Fault> {
    let fault = |words: &str| Fault::at(line, words);
    if from.starts_with("{{{") {
        return Err(fault(
            "three braces are not offered: values are always escaped. Write two, like {{first_name|friend}}",
        ));
    }
    let inside = from.get(2..).unwrap_or_default();
    let end = inside
        .find("}}")
        .ok_or_else(|| fault("{{ is not closed; write }} after the field’s name"))?;
    let inner = inside.get(..end).unwrap_or_default();
    if inner.contains(['\n', '{', '}']) {
        return Err(fault(
            "{{ is not closed on this line; write }} after the field’s name",
        ));
    }
    if inside
        .get(end + 2..)
        .is_some_and(|rest| rest.starts_with('}'))
    {
        return Err(fault("one brace too many after the field; write two"));
    }
    Ok((item(inner.trim(), line)?, end + 4))
}

fn item(inner: &str, line: usize) -> Result<Item, Fault> {
    let fault = |words: String| Err(Fault::at(line, words));
    if inner == "else" {
        return Ok(Item::Else);
    }
    if inner == "/if" {
        return Ok(Item::End);
    }
    if let Some(asked) = inner.strip_prefix("#if ") {
        return Ok(Item::If(Cond::Has(field(asked.trim(), line)?)));
    }
    if inner.is_empty() {
        return fault("write a field’s name between {{ and }}".into());
    }
    if inner.starts_with([
        '#', '/', '>', '*', '!', '&', '^', '~', '@', '.', '=', '$', '%', '<',
    ]) {
        return fault(format!(
            "{{{{{}}}}} is not offered: there are fields, {{{{#if field}}}}, {{{{else}}}} and {{{{/if}}}}, nothing else",
            shown(inner)
        ));
    }
    match inner.split_once('|') {
        None => Ok(Item::Field {
            field: field(inner, line)?,
            default: None,
        }),
        Some((name, default)) => {
            let field = field(name.trim(), line)?;
            Ok(Item::Field {
                field,
                default: Some(default_of(field, default.trim(), line)?),
            })
        }
    }
}

fn field(name: &str, line: usize) -> Result<Field, Fault> {
    name.parse().map_err(|_| {
        let names: Vec<&str> = Field::ALL.iter().map(|one| one.as_str()).collect();
        Fault::at(
            line,
            format!(
                "there is no field “{}”; choose one of {}",
                shown(name),
                names.join(", ")
            ),
        )
    })
}

fn default_of(field: Field, text: &str, line: usize) -> Result<String, Fault> {
    let fault = |words: &str| Err(Fault::at(line, words));
    if text.is_empty() {
        return fault("write a word after the |, like {{first_name|friend}}");
    }
    if text.contains('|') || text.chars().count() > DEFAULT_MOST {
        return fault("a default is one short text: no second |, at most 120 characters");
    }
    if text.chars().any(char::is_control) {
        return fault("remove the hidden control characters from the default");
    }
    if field.is_url() && !text.starts_with("https://") {
        return fault("the default of an address begins with https://");
    }
    if field.is_url() && !super::shape::is_web_address(text) {
        return fault("the default of an address is a whole address, like https://example.org/");
    }
    Ok(text.to_owned())
}

/// What was typed, short and harmless, for a message.
fn shown(text: &str) -> String {
    super::shape::harmless(text).chars().take(40).collect()
}

/// Conditions are closed, not too deep, and what may be missing has a default or is asked for.
fn check(items: &[(usize, Item)]) -> Result<(), Fault> {
    // Of each open condition: its line, what it asks, whether its else was met.
    let mut open: Vec<(usize, Field, bool)> = Vec::new();
    for (line, item) in items {
        let fault = |words: String| Err(Fault::at(*line, words));
        match item {
            Item::If(Cond::Has(field)) => open.push((*line, *field, false)),
            Item::Else => match open.last_mut() {
                Some((_, _, met @ false)) => *met = true,
                Some(_) => return fault("{{else}} stands twice in one condition".into()),
                None => return fault("{{else}} without {{#if field}} before it".into()),
            },
            Item::End if open.pop().is_none() => {
                return fault("{{/if}} without {{#if field}} before it".into());
            }
            Item::Field {
                field,
                default: None,
            } if field.may_be_missing() => {
                let is_asked = open.iter().any(|(_, asked, met)| asked == field && !met);
                if !is_asked {
                    return fault(format!(
                        "{field} is not known of every reader; write {{{{{field}|a default}}}}, or put it between {{{{#if {field}}}}} and {{{{/if}}}}"
                    ));
                }
            }
            _ => {}
        }
        if open.len() > DEPTH_MOST {
            return fault(format!(
                "conditions stand at most {DEPTH_MOST} deep in one another"
            ));
        }
    }
    match open.pop() {
        Some((line, field, _)) => Err(Fault::at(
            line,
            format!("{{{{#if {field}}}}} is not closed; write {{{{/if}}}} where it ends"),
        )),
        None => Ok(()),
    }
}

/// Nests items into pieces. What [`lex`] took always nests; what was taken apart on the way is an error.
///
/// # Errors
/// In words, without what was typed.
pub fn nest(items: Vec<Item>) -> Result<Vec<Piece>, String> {
    let mut items = items.into_iter();
    let (pieces, end) = level(&mut items, 0)?;
    match end {
        None => Ok(pieces),
        Some(_) => Err("a condition ends that did not begin".into()),
    }
}

/// Pieces up to the end of a condition, its else, or the end of the text; what ended it comes along.
fn level(
    items: &mut impl Iterator<Item = Item>,
    depth: usize,
) -> Result<(Vec<Piece>, Option<Item>), String> {
    // Blocks and layouts add conditions of their own around what people write.
    if depth > DEPTH_MOST + 4 {
        return Err("conditions stand too deep in one another".into());
    }
    let mut pieces = Vec::new();
    while let Some(item) = items.next() {
        pieces.push(match item {
            Item::Text(text) => Piece::Text(text),
            Item::Field { field, default } => Piece::Field { field, default },
            Item::Impact(block) => Piece::Impact(block),
            ended @ (Item::Else | Item::End) => return Ok((pieces, Some(ended))),
            Item::If(cond) => {
                let (then, ended) = level(items, depth + 1)?;
                let (otherwise, ended) = match ended {
                    Some(Item::Else) => level(items, depth + 1)?,
                    other => (Vec::new(), other),
                };
                if ended != Some(Item::End) {
                    return Err("a condition is not closed".into());
                }
                Piece::If {
                    cond,
                    then,
                    otherwise,
                }
            }
        });
    }
    Ok((pieces, None))
}

/// The pieces of a text that is no HTML.
///
/// # Errors
/// Those of [`lex`].
pub fn plain(source: &str) -> Result<Vec<Piece>, Fault> {
    let items = lex(source)?.into_iter().map(|(_, item)| item).collect();
    nest(items).map_err(|words| Fault::at(1, words))
}
