//! A newsletter compiled: its texts as pieces, laid out, its links numbered.

use std::collections::BTreeSet;

use super::blocks::{self, Brush};
use super::content::{Block, Content, NOTHING_GIVEN};
use super::fields::Field;
use super::house::House;
use super::layout::{self, Frame, Layout, Slots};
use super::links::Links;
use super::marks::Marks;
use super::merge::{Cond, Fault, Item, MARKS_MOST, Piece, SOURCE_MOST, lex, nest, plain};
use super::model::Newsletter;
use super::settled::settle;
use super::shape::{escaped, harmless};
use super::sources::Sources;
use crate::error::{AppError, AppResult, FieldError};
use crate::web::views::palette::Accent;

/// What [`super::render::Prepared`] renders from.
#[derive(Debug)]
pub struct Compiled {
    /// The HTML part up to the end of its body.
    pub(super) html: Vec<Piece>,
    /// What ends the body.
    pub(super) tail: String,
    /// How every text part ends.
    pub(super) text_footer: Vec<Piece>,
    text: Vec<Piece>,
    /// The text part as it was edited.
    edited: Option<Vec<Piece>>,
    subject: Vec<Piece>,
    subject_b: Option<Vec<Piece>>,
    links: Vec<String>,
    escaped_links: Vec<String>,
    nothing: Vec<(usize, String)>,
    stories: BTreeSet<usize>,
    needs_season: bool,
    size: usize,
}

impl Compiled {
    /// The links by number.
    pub fn links(&self) -> &[String] {
        &self.links
    }

    pub(super) fn escaped_link(&self, number: usize) -> &str {
        self.escaped_links.get(number).map_or("", String::as_str)
    }

    /// What readers who gave nothing read in an impact block; of an unknown number, in the first one.
    pub(super) fn nothing(&self, block: usize) -> &str {
        let found = self.nothing.iter().find(|(number, _)| *number == block);
        let found = found.or(self.nothing.first());
        found.map_or(NOTHING_GIVEN, |(_, words)| words.as_str())
    }

    pub(super) fn subject(&self, variant: &str) -> &[Piece] {
        match &self.subject_b {
            Some(other) if variant == "b" => other,
            _ => &self.subject,
        }
    }

    /// The text part; one that was edited may hold words of a story, and goes only while every story may (S17).
    pub(super) fn text(&self, withheld: &BTreeSet<usize>) -> &[Piece] {
        match &self.edited {
            Some(edited) if self.stories.is_disjoint(withheld) => edited,
            _ => &self.text,
        }
    }

    /// Whether money or pages are asked for.
    pub(super) fn needs_season(&self) -> bool {
        self.needs_season
    }

    /// Bytes of the HTML part, about.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

/// Compiles a newsletter.
///
/// # Errors
/// [`AppError::Invalid`] with every fault, by the form's field.
pub fn compile(
    newsletter: &Newsletter,
    content: &Content,
    sources: &Sources,
    house: &House,
) -> AppResult<Compiled> {
    let mut faults = Vec::new();
    let texts = [
        newsletter.content.as_str(),
        newsletter.title.as_str(),
        newsletter.preheader.as_str(),
    ];
    if texts.iter().map(|text| text.len()).sum::<usize>() > SOURCE_MOST {
        faults.push(FieldError::new(
            "blocks",
            format!(
                "A newsletter holds at most {} KiB of text; shorten or split it",
                SOURCE_MOST / 1024
            ),
        ));
        return Err(AppError::Invalid(faults));
    }
    let line = |field: &'static str, text: &str, faults: &mut Vec<FieldError>| {
        one_line(text).unwrap_or_else(|fault| {
            faults.push(FieldError::new(field, fault));
            Vec::new()
        })
    };
    let subject = line("subject", &newsletter.subject, &mut faults);
    let subject_b = newsletter
        .subject_b
        .as_deref()
        .map(|text| line("subject_b", text, &mut faults));
    let edited = newsletter.plain_text.as_deref().map(|text| {
        plain(text).unwrap_or_else(|fault| {
            faults.push(FieldError::new("plain_text", fault));
            Vec::new()
        })
    });
    let mut marks = Marks::absent_from(&texts_of(newsletter, sources, house));
    let mut slots = Slots::new(&marks);
    let accent = Accent::new(
        sources
            .campaign
            .as_ref()
            .map_or("", |campaign| campaign.accent.as_str()),
    );
    let mut brush = Brush {
        sources,
        house,
        accent: &accent,
        marks: &mut marks,
        slots: &mut slots,
    };
    let drawn = blocks::draw_all(content, &mut brush).unwrap_or_else(|found| {
        faults.extend(found);
        blocks::Drawn::default()
    });
    let preheader = marks.weave(&newsletter.preheader).unwrap_or_else(|fault| {
        faults.push(FieldError::new("preheader", fault));
        String::new()
    });
    if marks.len() > MARKS_MOST {
        faults.push(FieldError::new("blocks", "There are too many merge fields"));
    }
    if !faults.is_empty() {
        return Err(AppError::Invalid(faults));
    }
    let frame = frame(
        newsletter, sources, house, &preheader, drawn.mjml, &mut marks, &mut slots,
    );
    let html = layout::html(Layout::named(&newsletter.layout), &accent, &frame, &slots)?;
    let (head, tail) = html
        .rfind("</body>")
        .map_or((html.as_str(), ""), |at| html.split_at(at));
    let mut links = Links::default();
    let settled = settle(pieces(head, &marks)?, house, sources.campaign.as_ref());
    let html_pieces = links.number(settled);
    let text = pieces(&drawn.text, &marks)?;
    let footer = pieces(&text_footer(house, &mut marks), &marks)?;
    let nothing = nothing_of(content);
    let all = [
        Some(&html_pieces),
        Some(&text),
        edited.as_ref(),
        Some(&subject),
        subject_b.as_ref(),
    ];
    let needs_season = all.into_iter().flatten().any(|pieces| asks_season(pieces));
    Ok(Compiled {
        needs_season,
        size: html.len() + 2_048,
        tail: tail.to_owned(),
        text_footer: footer,
        escaped_links: links
            .all
            .iter()
            .map(|url| escaped(url).into_owned())
            .collect(),
        links: links.all,
        stories: numbers_of_stories(content),
        html: html_pieces,
        text,
        edited,
        subject,
        subject_b,
        nothing,
    })
}

/// A subject or another single line.
fn one_line(text: &str) -> Result<Vec<Piece>, Fault> {
    for (line, item) in lex(text)? {
        if matches!(item, Item::Field { field, .. } if field == Field::YourImpact || field.is_of_mail())
        {
            return Err(Fault::at(
                line,
                "this field does not stand in a single line; choose another",
            ));
        }
    }
    plain(&harmless(text))
}

/// Every text that may come into the HTML: none of them may contain a mark.
fn texts_of<'a>(
    newsletter: &'a Newsletter,
    sources: &'a Sources,
    house: &'a House,
) -> Vec<&'a str> {
    let mut all = vec![
        newsletter.content.as_str(),
        newsletter.title.as_str(),
        newsletter.preheader.as_str(),
        house.base.as_str(),
        house.organisation.as_str(),
    ];
    all.extend(sources.campaign.iter().map(|one| one.title.as_str()));
    all.extend(sources.programs.iter().map(|one| one.name.as_str()));
    for figure in &sources.figures {
        all.extend([
            figure.label.as_str(),
            figure.period.as_str(),
            figure.source.as_str(),
        ]);
    }
    for cost in sources.costs.values() {
        all.extend([cost.covers.as_str(), cost.source.as_str()]);
    }
    for (story, lead) in sources.stories.values() {
        all.extend([
            story.title.as_str(),
            story.summary.as_str(),
            story.content_note.as_str(),
            story.author_name.as_str(),
        ]);
        all.extend(lead.iter().map(|one| one.picture.alt.as_str()));
    }
    all
}

fn frame(
    newsletter: &Newsletter,
    sources: &Sources,
    house: &House,
    preheader: &str,
    blocks: String,
    marks: &mut Marks,
    slots: &mut Slots,
) -> Frame {
    let kicker = match &sources.campaign {
        Some(campaign) => format!("{} · {}", house.organisation, campaign.title),
        None => house.organisation.clone(),
    };
    let url = |field, marks: &mut Marks| {
        marks.mark(
            0,
            Item::Field {
                field,
                default: None,
            },
        )
    };
    let mail = marks.mark(0, Item::If(Cond::Mail));
    let preferences = url(Field::PreferencesUrl, marks);
    let leave = url(Field::UnsubscribeUrl, marks);
    let otherwise = marks.mark(0, Item::Else);
    let end = marks.mark(0, Item::End);
    let public = marks.mark(0, Item::If(Cond::Public));
    let archive = url(Field::ArchiveUrl, marks);
    let end_public = marks.mark(0, Item::End);
    let who = escaped(&kicker);
    let home = escaped(&house.url("/newsletters")).into_owned();
    let footer = format!(
        "{mail}<p style=\"margin:0 0 10px\">{who}. You get this mail because you asked for it or take part. <a class=\"plain\" href=\"{preferences}\">Choose what you get</a> · <a class=\"plain\" href=\"{leave}\">Unsubscribe</a>{public} · <a class=\"plain\" href=\"{archive}\">Read it in a browser</a>{end_public}</p>{otherwise}<p style=\"margin:0 0 10px\">{who}. This is the public copy of a newsletter: what it told each reader about their own gifts is not in it. <a class=\"plain\" href=\"{home}\">All newsletters</a></p>{end}"
    );
    Frame {
        title: slots.hold_text(&newsletter.title),
        preheader: slots.hold_text(preheader),
        kicker: slots.hold_text(&kicker),
        blocks,
        footer: slots.hold(footer),
    }
}

fn text_footer(house: &House, marks: &mut Marks) -> String {
    let url = |field, marks: &mut Marks| {
        marks.mark(
            0,
            Item::Field {
                field,
                default: None,
            },
        )
    };
    let mail = marks.mark(0, Item::If(Cond::Mail));
    let public = marks.mark(0, Item::If(Cond::Public));
    let archive = url(Field::ArchiveUrl, marks);
    let end_public = marks.mark(0, Item::End);
    let preferences = url(Field::PreferencesUrl, marks);
    let leave = url(Field::UnsubscribeUrl, marks);
    let end = marks.mark(0, Item::End);
    format!(
        "\n\n-- \n{}\n{mail}{public}Read it in a browser: {archive}\n{end_public}Choose what you get: {preferences}\nUnsubscribe: {leave}\n{end}",
        house.organisation
    )
}

fn pieces(text: &str, marks: &Marks) -> AppResult<Vec<Piece>> {
    let items = marks.split(text).into_iter().map(|(_, item)| item);
    nest(items.collect()).map_err(AppError::internal)
}

fn nothing_of(content: &Content) -> Vec<(usize, String)> {
    let blocks = content.blocks.iter().enumerate();
    let words = |(number, block): (usize, &Block)| match block {
        Block::Impact { nothing } if nothing.trim().is_empty() => {
            Some((number, NOTHING_GIVEN.to_owned()))
        }
        Block::Impact { nothing } => Some((number, harmless(nothing.trim()))),
        _ => None,
    };
    blocks.filter_map(words).collect()
}

fn numbers_of_stories(content: &Content) -> BTreeSet<usize> {
    let blocks = content.blocks.iter().enumerate();
    blocks
        .filter(|(_, block)| matches!(block, Block::Story { .. }))
        .map(|(number, _)| number)
        .collect()
}

/// Whether anything in it is known by asking for gifts or pages.
fn asks_season(pieces: &[Piece]) -> bool {
    let needs = |field: Field| {
        field == Field::YourImpact
            || (field.may_be_missing() && !matches!(field, Field::Name | Field::FirstName))
    };
    pieces.iter().any(|piece| match piece {
        Piece::Text(_) | Piece::Link(_) => false,
        Piece::Impact(_) => true,
        Piece::Field { field, .. } => needs(*field),
        Piece::If {
            cond,
            then,
            otherwise,
        } => {
            matches!(cond, Cond::Has(field) if needs(*field))
                || asks_season(then)
                || asks_season(otherwise)
        }
    })
}
