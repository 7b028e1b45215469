//! Blocks as MJML and as plain text, with marks for what differs from reader to reader.

use super::content::{Block, Content};
use super::house::House;
use super::layout::{self, Slots};
use super::marks::Marks;
use super::merge::{Cond, Fault, Item, lex};
use super::shape::{self, escaped, harmless};
use super::sources::Sources;
use super::words;
use crate::error::FieldError;
use crate::impact::reports::views::grade_words;
use crate::impact::{Figure, UnitCost};
use crate::kernel::money::thousands;
use crate::media::{Size, url};
use crate::stories::{Story, pictures};
use crate::totals::Total;
use crate::web::views::palette::Accent;

/// A block, drawn.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Its MJML: one or more sections.
    pub mjml: String,
    /// Its plain text.
    pub text: String,
}

/// What blocks are drawn with.
pub struct Brush<'a> {
    /// What they speak of.
    pub sources: &'a Sources,
    /// Where links lead.
    pub house: &'a House,
    /// The season's colours.
    pub accent: &'a Accent,
    /// Words for what differs.
    pub marks: &'a mut Marks,
    /// Words for what was typed.
    pub slots: &'a mut Slots,
}

/// The name of a block's field in forms and faults: `b3_words`.
pub fn field_name(block: usize, part: &str) -> String {
    format!("b{block}_{part}")
}

fn at(block: usize, part: &str) -> impl Fn(Fault) -> FieldError {
    let field = field_name(block, part);
    move |fault| FieldError::new(field.clone(), format!("Block {}, {fault}", block + 1))
}

/// Every block, drawn; or everything that is wrong with them.
///
/// # Errors
/// A fault a field.
pub fn draw_all(content: &Content, brush: &mut Brush<'_>) -> Result<Drawn, Vec<FieldError>> {
    let (mut all, mut faults) = (Drawn::default(), Vec::new());
    for (number, block) in content.blocks.iter().enumerate() {
        match draw(number, block, brush) {
            Ok(one) => {
                all.mjml.push_str(&one.mjml);
                if !one.text.is_empty() {
                    all.text.push_str(&one.text);
                    all.text.push_str("\n\n");
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(all)
    } else {
        Err(faults)
    }
}

fn draw(number: usize, block: &Block, brush: &mut Brush<'_>) -> Result<Drawn, FieldError> {
    Ok(match block {
        Block::Text { words } => text(number, words, brush)?,
        Block::Picture {
            media,
            alt,
            caption,
            href,
        } => match media.filter(|id| brush.sources.media.iter().any(|one| one.id == *id)) {
            Some(id) => picture(number, &url(id, Size::Large), alt, caption, href, brush)?,
            None => Drawn::default(),
        },
        Block::Button { label, href } => button(number, label, href, brush)?,
        Block::Story { story } => {
            let found = story.and_then(|id| brush.sources.stories.get(&id).cloned());
            found.map_or_else(Drawn::default, |(one, lead)| {
                story_block(number, &one, lead.as_ref(), brush)
            })
        }
        Block::Figure { figure } => {
            let found = figure.and_then(|id| brush.sources.figure(id).cloned());
            found.map_or_else(Drawn::default, |one| figure_block(number, &one, brush))
        }
        Block::UnitCost { cost } => {
            let found = cost.and_then(|id| brush.sources.costs.get(&id).cloned());
            found.map_or_else(Drawn::default, |one| cost_block(number, &one, brush))
        }
        Block::Thermometer {} => match brush.sources.total {
            Some(total) => thermometer(&total, brush),
            None => Drawn::default(),
        },
        Block::Impact { .. } => {
            let mark = brush.marks.mark(0, Item::Impact(number));
            let slot = brush.slots.hold(mark.clone());
            Drawn {
                mjml: section(&format!("<mj-text css-class=\"words\">{slot}</mj-text>")),
                text: mark,
            }
        }
    })
}

fn section(inner: &str) -> String {
    format!("<mj-section css-class=\"paper\"><mj-column>{inner}</mj-column></mj-section>\n")
}

fn raw(word: &str) -> String {
    format!("<mj-raw>{word}</mj-raw>")
}

/// `drawn` while the block may be shown, `instead` after that.
fn while_shown(number: usize, drawn: Drawn, instead: Drawn, brush: &mut Brush<'_>) -> Drawn {
    let begin = brush.marks.mark(0, Item::If(Cond::Shown(number)));
    let otherwise = brush.marks.mark(0, Item::Else);
    let end = brush.marks.mark(0, Item::End);
    Drawn {
        mjml: format!(
            "{}{}{}{}{}",
            raw(&begin),
            drawn.mjml,
            raw(&otherwise),
            instead.mjml,
            raw(&end)
        ),
        text: format!("{begin}{}{otherwise}{}{end}", drawn.text, instead.text),
    }
}

fn text(number: usize, source: &str, brush: &mut Brush<'_>) -> Result<Drawn, FieldError> {
    if source.trim().is_empty() {
        return Ok(Drawn::default());
    }
    let html = words::html(source, brush.marks).map_err(at(number, "words"))?;
    let plain = words::text(source, brush.marks).map_err(at(number, "words"))?;
    let slot = brush.slots.hold(html);
    Ok(Drawn {
        mjml: section(&format!("<mj-text css-class=\"words\">{slot}</mj-text>")),
        text: plain,
    })
}

/// An address that was typed, as it stands in an attribute and in the text part. `None`: empty.
fn link(typed: &str, brush: &mut Brush<'_>) -> Result<Option<(String, String)>, Fault> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let items = lex(typed)?;
    if let [(line, item @ Item::Field { field, .. })] = items.as_slice()
        && field.is_url()
    {
        let mark = brush.marks.mark(*line, item.clone());
        return Ok(Some((mark.clone(), mark)));
    }
    let path_of_site = typed.starts_with('/')
        && !typed.starts_with("//")
        && typed.bytes().all(|byte| byte.is_ascii_graphic())
        && !typed.contains(['"', '\'', '<', '>', '\\', '{', '}']);
    if path_of_site {
        let whole = brush.house.url(typed);
        return Ok(Some((escaped(&whole).into_owned(), whole)));
    }
    if items.len() == 1 && shape::is_link(typed) {
        return Ok(Some((escaped(typed).into_owned(), typed.to_owned())));
    }
    Err(Fault::at(
        1,
        "write a whole address that begins with https:// or mailto:, a path of this site that begins with /, or one address field like {{give_url}}",
    ))
}

fn picture(
    number: usize,
    path: &str,
    alt: &str,
    caption: &str,
    href: &str,
    brush: &mut Brush<'_>,
) -> Result<Drawn, FieldError> {
    let to = link(href, brush).map_err(at(number, "href"))?;
    let (alt, caption) = (harmless(alt), harmless(caption));
    let src = brush.slots.hold_text(&brush.house.url(path));
    let shown = brush.slots.hold_text(&alt);
    let (leads, plain) = match to {
        Some((attribute, plain)) => (
            format!(" href=\"{}\"", brush.slots.hold(attribute)),
            format!("\n{plain}"),
        ),
        None => Default::default(),
    };
    let mut mjml = format!("<mj-image src=\"{src}\" alt=\"{shown}\"{leads}></mj-image>");
    let mut text = format!("[Picture: {alt}]");
    if !caption.is_empty() {
        let slot = brush.slots.hold_text(&caption);
        mjml.push_str(&fine(&slot));
        text.push_str(&format!("\n{caption}"));
    }
    text.push_str(&plain);
    Ok(Drawn {
        mjml: section(&mjml),
        text,
    })
}

fn fine(slot: &str) -> String {
    format!("<mj-text mj-class=\"fine\" css-class=\"fine\">{slot}</mj-text>")
}

fn button(
    number: usize,
    label: &str,
    href: &str,
    brush: &mut Brush<'_>,
) -> Result<Drawn, FieldError> {
    let label = label.trim();
    let to = link(href, brush).map_err(at(number, "href"))?;
    let woven = brush.marks.weave(label).map_err(at(number, "label"))?;
    let Some((attribute, plain)) = to.filter(|_| !label.is_empty()) else {
        return Ok(Drawn::default());
    };
    let (slot, leads) = (brush.slots.hold_text(&woven), brush.slots.hold(attribute));
    Ok(Drawn {
        mjml: section(&format!("<mj-button href=\"{leads}\">{slot}</mj-button>")),
        text: format!("{woven}:\n{plain}"),
    })
}

fn story_block(
    number: usize,
    story: &Story,
    lead: Option<&pictures::Shown>,
    brush: &mut Brush<'_>,
) -> Drawn {
    let href = brush.house.url(&format!("/stories/{}", story.slug));
    let mut inner = String::new();
    if let Some(lead) = lead {
        let src = brush.house.url(&url(lead.picture.media_id, Size::Large));
        let (src, alt) = (
            brush.slots.hold_text(&src),
            brush.slots.hold_text(&lead.picture.alt),
        );
        inner.push_str(&format!(
            "<mj-image src=\"{src}\" alt=\"{alt}\"></mj-image>"
        ));
    }
    let title = brush.slots.hold_text(&story.title);
    inner.push_str(&format!(
        "<mj-text mj-class=\"lead\" padding=\"8px 28px 8px\"><h2 style=\"margin:0;font-weight:400;font-size:24px;line-height:1.2\">{title}</h2></mj-text>"
    ));
    let summary = brush.slots.hold_text(&story.summary);
    inner.push_str(&format!("<mj-text>{summary}</mj-text>"));
    let mut text = format!("{}\n{}", story.title, story.summary);
    if !story.content_note.is_empty() {
        let note = format!("Content note: {}", story.content_note);
        inner.push_str(&fine(&brush.slots.hold_text(&note)));
        text.push_str(&format!("\n{note}"));
    }
    let by = format!("By {}", story.author_name);
    inner.push_str(&fine(&brush.slots.hold_text(&by)));
    let leads = brush.slots.hold_text(&href);
    inner.push_str(&format!(
        "<mj-button href=\"{leads}\">Read the story</mj-button>"
    ));
    text.push_str(&format!("\n{by}\nRead the story:\n{href}"));
    let drawn = Drawn {
        mjml: section(&inner),
        text,
    };
    let gone = "A story stood here. It was taken down.";
    let only_in_archive = |marks: &mut Marks, inside: &str, wrap: fn(&str) -> String| {
        let begin = marks.mark(0, Item::If(Cond::Mail));
        let otherwise = marks.mark(0, Item::Else);
        let end = marks.mark(0, Item::End);
        format!("{}{}{inside}{}", wrap(&begin), wrap(&otherwise), wrap(&end))
    };
    let mjml = only_in_archive(brush.marks, &section(&fine(gone)), raw);
    let text = only_in_archive(brush.marks, gone, str::to_owned);
    while_shown(number, drawn, Drawn { mjml, text }, brush)
}

/// The words below a figure: period, source and grade, without which none is shown.
pub fn figure_words(figure: &Figure) -> (String, String) {
    (
        format!("{}, {}", figure.label, figure.period),
        format!(
            "Source: {}. Grade: {}.",
            figure.source,
            grade_words(figure.grade)
        ),
    )
}

fn figure_block(number: usize, figure: &Figure, brush: &mut Brush<'_>) -> Drawn {
    let (what, source) = figure_words(figure);
    let program = brush.sources.program(figure.program_id).unwrap_or_default();
    let what = if program.is_empty() {
        what
    } else {
        format!("{program}: {what}")
    };
    let count = figure.count.to_string();
    let value = brush.slots.hold_text(&count);
    let (words, fine_words) = (brush.slots.hold_text(&what), brush.slots.hold_text(&source));
    let drawn = Drawn {
        mjml: section(&format!(
            "<mj-text mj-class=\"number\" css-class=\"number\" padding=\"8px 28px 4px\">{value}</mj-text><mj-text padding=\"0 28px 4px\">{words}</mj-text>{}",
            fine(&fine_words)
        )),
        text: format!("{count} {what}\n{source}"),
    };
    while_shown(number, drawn, Drawn::default(), brush)
}

fn cost_block(number: usize, cost: &UnitCost, brush: &mut Brush<'_>) -> Drawn {
    let amount = cost.amount().to_string();
    let says = format!("covers {}", cost.covers);
    let source = format!("Source: {}.", cost.source);
    let value = brush.slots.hold_text(&amount);
    let (words, fine_words) = (brush.slots.hold_text(&says), brush.slots.hold_text(&source));
    let drawn = Drawn {
        mjml: section(&format!(
            "<mj-text mj-class=\"number\" css-class=\"number\" padding=\"8px 28px 4px\">{value}</mj-text><mj-text padding=\"0 28px 4px\">{words}</mj-text>{}",
            fine(&fine_words)
        )),
        text: format!("{amount} {says}. {source}"),
    };
    while_shown(number, drawn, Drawn::default(), brush)
}

fn thermometer(total: &Total, brush: &mut Brush<'_>) -> Drawn {
    let Some(campaign) = &brush.sources.campaign else {
        return Drawn::default();
    };
    let (raised, goal) = (total.raised(), campaign.goal());
    let percent = i128::from(raised.minor()) * 100 / i128::from(goal.minor().max(1));
    let percent = u32::try_from(percent).unwrap_or(0);
    let gifts = u64::try_from(total.donations).unwrap_or_default();
    let words = format!(
        "raised of {goal} by {} {}: {percent} %",
        thousands(gifts),
        if gifts == 1 { "gift" } else { "gifts" }
    );
    let raised = raised.to_string();
    let cells = layout::thermometer(&brush.accent.light, percent);
    let (value, says) = (
        brush.slots.hold_text(&raised),
        brush.slots.hold_text(&words),
    );
    Drawn {
        mjml: section(&format!(
            "<mj-table padding=\"8px 28px 10px\" cellpadding=\"0\" cellspacing=\"0\" role=\"presentation\"><tr>{cells}</tr></mj-table><mj-text mj-class=\"number\" css-class=\"number\" padding=\"0 28px 4px\">{value}</mj-text><mj-text>{says}</mj-text>"
        )),
        text: format!("{raised} {words}"),
    }
}
