//! The editor's form: what stands as fields, and fields as a draft.

use super::super::fields::Typed;
use crate::auth::UserId;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::BadText;
use crate::kernel::{Email, Line, Slug};
use crate::newsletters::blocks::field_name;
use crate::newsletters::content::BLOCKS_MOST;
use crate::newsletters::ops::Draft;
use crate::newsletters::pictures::Picture;
use crate::newsletters::{Block, Content, Layout, Newsletter};
use crate::segments::Audience;

/// The form with what stands.
pub(super) fn of(newsletter: &Newsletter) -> AppResult<Typed> {
    let mut typed = Typed::default();
    typed.set("version", newsletter.version);
    typed.set("title", &newsletter.title);
    typed.set("slug", &newsletter.slug);
    typed.set("subject", &newsletter.subject);
    typed.set(
        "subject_b",
        newsletter.subject_b.as_deref().unwrap_or_default(),
    );
    typed.set("test_percent", newsletter.test_percent);
    typed.set("test_minutes", newsletter.test_minutes);
    typed.set("preheader", &newsletter.preheader);
    typed.set("layout", &newsletter.layout);
    typed.set(
        "plain_text",
        newsletter.plain_text.as_deref().unwrap_or_default(),
    );
    typed.set("topic", newsletter.topic.as_deref().unwrap_or_default());
    typed.set("from_name", &newsletter.from_name);
    let reply_to = newsletter.reply_to.as_ref();
    typed.set("reply_to", reply_to.map_or("", |email| email.as_str()));
    typed.tick("is_public", newsletter.is_public);
    let audience = &newsletter.audience.0;
    for list in &audience.lists {
        typed.set("list", list);
    }
    typed.tick("participants", audience.participants.is_some());
    for (name, segment) in [("segment", audience.segment), ("without", audience.without)] {
        typed.set(name, segment.map(|id| id.to_string()).unwrap_or_default());
    }
    let content = Content::parse(&newsletter.content)?;
    put_blocks(&mut typed, &content.blocks);
    Ok(typed)
}

/// Sets the fields of `blocks`, in place of those that are there.
fn put_blocks(typed: &mut Typed, blocks: &[Block]) {
    typed
        .0
        .retain(|(name, _)| !is_of_block(name) && name != "blocks");
    typed.set("blocks", blocks.len());
    for (number, block) in blocks.iter().enumerate() {
        let mut set = |part: &str, value: String| typed.set(&field_name(number, part), value);
        let id = |id: Option<String>| id.unwrap_or_default();
        set("kind", block.kind().to_owned());
        match block {
            Block::Text { words } => set("words", words.clone()),
            Block::Picture {
                media,
                alt,
                caption,
                href,
            } => {
                set("media", id(media.map(|one| one.to_string())));
                set("alt", alt.clone());
                set("caption", caption.clone());
                set("href", href.clone());
            }
            Block::Button { label, href } => {
                set("label", label.clone());
                set("href", href.clone());
            }
            Block::Story { story } => set("story", id(story.map(|one| one.to_string()))),
            Block::Figure { figure } => set("figure", id(figure.map(|one| one.to_string()))),
            Block::UnitCost { cost } => set("cost", id(cost.map(|one| one.to_string()))),
            Block::Thermometer {} => {}
            Block::Impact { nothing } => set("nothing", nothing.clone()),
        }
    }
}

fn is_of_block(name: &str) -> bool {
    name.strip_prefix('b')
        .and_then(|rest| rest.split_once('_'))
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The blocks of a form. A number that is no number has no blocks; an unknown kind is left out.
pub(super) fn blocks(typed: &Typed) -> Vec<Block> {
    let count: usize = typed.text("blocks").parse().unwrap_or_default();
    (0..count.min(BLOCKS_MOST + 1))
        .filter_map(|number| block(typed, number))
        .collect()
}

fn block(typed: &Typed, number: usize) -> Option<Block> {
    let text = |part: &str| typed.text(&field_name(number, part)).replace("\r\n", "\n");
    let line = |part: &str| text(part).trim().to_owned();
    Some(match Block::empty(&text("kind"))? {
        Block::Text { .. } => Block::Text {
            words: text("words").trim().to_owned(),
        },
        Block::Picture { .. } => Block::Picture {
            media: line("media").parse().ok(),
            alt: line("alt"),
            caption: line("caption"),
            href: line("href"),
        },
        Block::Button { .. } => Block::Button {
            label: line("label"),
            href: line("href"),
        },
        Block::Story { .. } => Block::Story {
            story: line("story").parse().ok(),
        },
        Block::Figure { .. } => Block::Figure {
            figure: line("figure").parse().ok(),
        },
        Block::UnitCost { .. } => Block::UnitCost {
            cost: line("cost").parse().ok(),
        },
        Block::Thermometer {} => Block::Thermometer {},
        Block::Impact { .. } => Block::Impact {
            nothing: line("nothing"),
        },
    })
}

/// Does what the pressed button asks of the blocks: `add`, `up:2`, `down:2`, `remove:2`. Answers the number of the block to
/// look at then; `None`: nothing was asked of them.
pub(super) fn rearrange(typed: &mut Typed, pictures: &[Picture]) -> Option<usize> {
    let asked = typed.text("do").to_owned();
    let (what, number) = match asked.split_once(':') {
        Some((what, number)) => (
            what.to_owned(),
            number.parse::<usize>().unwrap_or(usize::MAX),
        ),
        None => (asked, usize::MAX),
    };
    let mut all = blocks(typed);
    fill_words(&mut all, pictures);
    let last = all.len().saturating_sub(1);
    let seen = match what.as_str() {
        "add" => {
            all.extend(Block::empty(typed.text("add_kind")));
            Some(all.len().saturating_sub(1))
        }
        "up" if number > 0 && number <= last => {
            all.swap(number, number - 1);
            Some(number - 1)
        }
        "down" if number < last => {
            all.swap(number, number + 1);
            Some(number + 1)
        }
        "remove" if number <= last && !all.is_empty() => {
            all.remove(number);
            Some(number.min(last.saturating_sub(1)))
        }
        _ => None,
    };
    put_blocks(typed, &all);
    seen
}

/// A picture that was chosen without words has those with which it was added.
fn fill_words(all: &mut [Block], pictures: &[Picture]) {
    for block in all {
        if let Block::Picture {
            media: Some(id),
            alt,
            ..
        } = block
            && alt.is_empty()
            && let Some(known) = pictures.iter().find(|one| one.media_id == *id)
        {
            alt.clone_from(&known.alt);
        }
    }
}

/// Reads the form.
///
/// # Errors
/// [`AppError::Invalid`] by field.
pub(super) fn parse(typed: &Typed, old: &Newsletter, by: UserId) -> AppResult<Draft> {
    let mut faults = Vec::new();
    let mut note = |field: &str, words: String| faults.push(FieldError::new(field, words));
    let text = |name: &str| typed.text(name).trim().to_owned();
    let title = Line::parse(&text("title"), 120).map_err(|bad| note("title", bad.to_string()));
    let from_name =
        Line::parse(&text("from_name"), 80).map_err(|bad| note("from_name", bad.to_string()));
    let slug = text("slug")
        .parse::<Slug>()
        .map_err(|bad| note("slug", bad.to_string()));
    let mut line = |name: &'static str, most| match Line::parse(&text(name), most) {
        Ok(line) => Ok(line.into_string()),
        Err(BadText::Empty) => Ok(String::new()),
        Err(bad) => {
            note(name, bad.to_string());
            Err(())
        }
    };
    let subject = line("subject", 300);
    let subject_b = line("subject_b", 300);
    let preheader = line("preheader", 300);
    let topic = line("topic", 60);
    let number = |name: &str| match text(name).as_str() {
        "" => Ok(0),
        other => other.parse::<i32>().map_err(|_| ()),
    };
    let test_percent =
        number("test_percent").map_err(|()| note("test_percent", "write a whole number".into()));
    let test_minutes =
        number("test_minutes").map_err(|()| note("test_minutes", "write a whole number".into()));
    let reply_to = match text("reply_to").as_str() {
        "" => Ok(None),
        email => email
            .parse::<Email>()
            .map(Some)
            .map_err(|bad| note("reply_to", bad.to_string())),
    };
    let words = (title, from_name, slug, subject, subject_b, preheader);
    let rest = (topic, test_percent, test_minutes, reply_to);
    let (
        (Ok(title), Ok(from_name), Ok(slug), Ok(subject), Ok(subject_b), Ok(preheader)),
        (Ok(topic), Ok(test_percent), Ok(test_minutes), Ok(reply_to)),
    ) = (words, rest)
    else {
        return Err(AppError::Invalid(faults));
    };
    let plain = typed.text("plain_text").replace("\r\n", "\n");
    Ok(Draft {
        id: old.id,
        version: typed.text("version").parse().unwrap_or_default(),
        slug,
        title,
        subject,
        subject_b: Some(subject_b).filter(|text| !text.is_empty()),
        test_percent,
        test_minutes,
        preheader,
        layout: Layout::named(typed.text("layout")),
        content: Content {
            blocks: blocks(typed),
        },
        plain_text: Some(plain.trim().to_owned()).filter(|text| !text.is_empty()),
        audience: audience(typed, old),
        topic: Some(topic).filter(|text| !text.is_empty()),
        from_name,
        reply_to,
        is_public: typed.ticked("is_public"),
        by,
    })
}

/// The audience that was ticked. What the form does not offer (whose money is in a grant) stays; a step's is its sequence's.
fn audience(typed: &Typed, old: &Newsletter) -> Audience {
    let saved = &old.audience.0;
    if saved.one_by_one {
        return saved.clone();
    }
    Audience {
        lists: typed.all("list").filter_map(|id| id.parse().ok()).collect(),
        segment: typed.text("segment").parse().ok(),
        without: typed.text("without").parse().ok(),
        participants: old.campaign_id.filter(|_| typed.ticked("participants")),
        ..saved.clone()
    }
}
