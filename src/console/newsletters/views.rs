//! What the editor's template is given.

use serde::Serialize;

use super::super::desk::Mend;
use super::super::fields::{Draw, Field, Typed};
use super::super::listing::Choice;
use crate::error::FieldError;
use crate::newsletters::blocks::field_name;
use crate::newsletters::checks::{Check, Weight};
use crate::newsletters::{Block, Field as MergeField, Layout};

/// One field of a block, as its template draws it.
#[derive(Debug, Serialize)]
pub(super) struct PartView {
    name: String,
    label: &'static str,
    hint: &'static str,
    /// `area`, `line` or `pick`.
    shape: &'static str,
    rows: u32,
    value: String,
    choices: Vec<Choice>,
    error: Option<String>,
}

/// A block of the form.
#[derive(Debug, Serialize)]
pub(super) struct BlockView {
    number: usize,
    shown_number: usize,
    kind_name: String,
    kind: &'static str,
    label: &'static str,
    about: &'static str,
    parts: Vec<PartView>,
    is_first: bool,
    is_last: bool,
}

/// Things that blocks choose from: value and label.
#[derive(Debug, Default)]
pub(super) struct Offers {
    pub(super) pictures: Vec<(String, String)>,
    pub(super) stories: Vec<(String, String)>,
    pub(super) figures: Vec<(String, String)>,
    pub(super) costs: Vec<(String, String)>,
    pub(super) lists: Vec<(String, String)>,
    pub(super) segments: Vec<(String, String)>,
}

/// A merge field to pick.
#[derive(Debug, Serialize)]
pub(super) struct PickView {
    code: String,
    about: &'static str,
}

/// A check of the panel.
#[derive(Debug, Serialize)]
pub(super) struct CheckView {
    blocks: bool,
    href: String,
    words: String,
}

/// The form, drawn.
#[derive(Debug, Serialize)]
pub(super) struct FormView {
    version: String,
    blocks_count: usize,
    head: Vec<Field>,
    layouts: Vec<Choice>,
    blocks: Vec<BlockView>,
    kinds: Vec<Choice>,
    lists: Vec<Choice>,
    segments: Vec<Choice>,
    without: Vec<Choice>,
    participants: Field,
    audience_error: Option<String>,
    test: Vec<Field>,
    plain_text: Field,
    is_public: Field,
    picks: Vec<PickView>,
}

fn choices(all: &[(String, String)], current: &[&str], none: &str) -> Vec<Choice> {
    let mut rows = Vec::with_capacity(all.len() + 1);
    if !none.is_empty() {
        rows.push(Choice {
            value: String::new(),
            label: none.to_owned(),
            is_current: current.iter().all(|one| one.is_empty()),
        });
    }
    rows.extend(all.iter().map(|(value, label)| Choice {
        value: value.clone(),
        label: label.clone(),
        is_current: current.contains(&value.as_str()),
    }));
    rows
}

/// Draws blocks with what was typed and what is to be mended.
struct Blocks<'a> {
    typed: &'a Typed,
    mend: &'a Mend,
    offers: &'a Offers,
    number: usize,
}

impl Blocks<'_> {
    fn part(&self, shape: &'static str, part: &str, label: &'static str) -> PartView {
        let name = field_name(self.number, part);
        PartView {
            label,
            hint: "",
            shape,
            rows: 0,
            value: self.typed.text(&name).to_owned(),
            choices: Vec::new(),
            error: self.mend.at(&name),
            name,
        }
    }

    fn line(&self, part: &str, label: &'static str) -> PartView {
        self.part("line", part, label)
    }

    fn area(&self, part: &str, label: &'static str, rows: u32) -> PartView {
        PartView {
            rows,
            ..self.part("area", part, label)
        }
    }

    fn pick(&self, part: &str, label: &'static str, all: &[(String, String)]) -> PartView {
        let view = self.part("pick", part, label);
        PartView {
            choices: choices(all, &[view.value.as_str()], "choose one"),
            ..view
        }
    }

    fn parts(&self, block: &Block) -> (&'static str, Vec<PartView>) {
        match block {
            Block::Text { .. } => (
                "Markdown: an empty line between paragraphs, ## for a heading, - for a list, [words](https://…) for a link.",
                vec![self.area("words", "Words", 9)],
            ),
            Block::Picture { .. } => (
                "Drawings, places, things. Pictures of people come with their story, which stands on their consent.",
                vec![
                    self.pick("media", "Picture", &self.offers.pictures),
                    self.line("alt", "What it shows, for people who cannot see it"),
                    self.line("caption", "Caption"),
                    self.line("href", "Where it leads"),
                ],
            ),
            Block::Button { .. } => (
                "Leads to https://…, to a path of this site like /programs/…, or to one address field like {{give_url}}.",
                vec![
                    self.line("label", "What it says"),
                    self.line("href", "Where it leads"),
                ],
            ),
            Block::Story { .. } => (
                "Only while everybody in it agrees: a consent that is revoked takes the block out of mails and of the archive.",
                vec![self.pick("story", "Story", &self.offers.stories)],
            ),
            Block::Figure { .. } => (
                "With its period, its source and its grade.",
                vec![self.pick("figure", "Figure", &self.offers.figures)],
            ),
            Block::UnitCost { .. } => (
                "From the unit-cost book, and only while the book says so.",
                vec![self.pick("cost", "Line of the book", &self.offers.costs)],
            ),
            Block::Thermometer {} => ("What the season has raised, when it is sent.", Vec::new()),
            Block::Impact { .. } => (
                "For each reader, from the ledger: what they gave this season, to which programs it went, which grants it paid into, the newest figure of those programs; for participants, what their page has paid for.",
                vec![self.area(
                    "nothing",
                    "What those read who gave nothing (empty: a sentence of ours)",
                    3,
                )],
            ),
        }
    }
}

/// Draws the form.
pub(super) fn form(typed: &Typed, blocks: &[Block], offers: &Offers, mend: &Mend) -> FormView {
    let d = Draw { typed, mend };
    let last = blocks.len().saturating_sub(1);
    let views = blocks.iter().enumerate().map(|(number, block)| {
        let drawer = Blocks {
            typed,
            mend,
            offers,
            number,
        };
        let (about, parts) = drawer.parts(block);
        let named = Block::KINDS.iter().find(|(kind, _)| *kind == block.kind());
        BlockView {
            number,
            shown_number: number + 1,
            kind_name: field_name(number, "kind"),
            kind: block.kind(),
            label: named.map_or("", |(_, label)| label),
            about,
            parts,
            is_first: number == 0,
            is_last: number == last,
        }
    });
    let lists: Vec<&str> = typed.all("list").collect();
    FormView {
        version: typed.text("version").to_owned(),
        blocks_count: blocks.len(),
        head: vec![
            d.text("title", "Title").hint("Above the text, and in the archive."),
            d.text("subject", "Subject").hint("Merge fields may stand in it."),
            d.text("preheader", "Beside the subject").hint("What mail programs show after it."),
            d.text("from_name", "From"),
            d.text("reply_to", "Answers go to").hint("Empty: to the sender."),
            d.text("topic", "Topic").hint("Readers may switch it off."),
            d.text("slug", "Address in the archive"),
        ],
        layouts: Layout::ALL
            .iter()
            .map(|layout| Choice {
                value: layout.to_string(),
                label: layout.about().to_owned(),
                is_current: layout.as_str() == typed.text("layout"),
            })
            .collect(),
        blocks: views.collect(),
        kinds: Block::KINDS
            .iter()
            .map(|(kind, label)| Choice {
                value: (*kind).to_owned(),
                label: (*label).to_owned(),
                is_current: *kind == "text",
            })
            .collect(),
        lists: choices(&offers.lists, &lists, ""),
        segments: choices(&offers.segments, &[typed.text("segment")], "everybody on them"),
        without: choices(&offers.segments, &[typed.text("without")], "nobody left out"),
        participants: d.tick("participants", "And whoever has a page in its season"),
        audience_error: mend.at("audience"),
        test: vec![
            d.text("subject_b", "The other subject"),
            d.number("test_percent", "Share that takes part, in per cent").hint("Half of it gets each subject; 0: no test."),
            d.number("test_minutes", "Minutes to wait before the better one goes to the rest"),
        ],
        plain_text: d
            .area("plain_text", "Text part, edited by hand", 8)
            .hint("Empty: made from the blocks, which is nearly always better. {{your_impact}} stands for what the reader’s money did."),
        is_public: d.tick("is_public", "Show it in the public archive once it is sent"),
        picks: MergeField::ALL
            .iter()
            .map(|field| PickView {
                code: if field.may_be_missing() {
                    format!("{{{{{field}|…}}}}")
                } else {
                    format!("{{{{{field}}}}}")
                },
                about: field.about(),
            })
            .collect(),
    }
}

/// Draws the checks.
pub(super) fn checks(all: &[Check]) -> Vec<CheckView> {
    all.iter()
        .map(|check| CheckView {
            blocks: check.weight == Weight::Blocks,
            href: format!("#{}", check.place),
            words: check.words.clone(),
        })
        .collect()
}

/// Faults as the top of the page lists them.
pub(super) fn faults(mend: &Mend) -> Vec<FieldError> {
    mend.faults.clone()
}
