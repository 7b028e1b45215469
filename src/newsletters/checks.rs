//! What keeps a newsletter from going out, and what its writer should look at before it does.

use diesel::prelude::*;

use super::approval;
use super::audience;
use super::blocks::field_name;
use super::content::{Block, Content};
use super::house::House;
use super::model::{Newsletter, NewsletterId, by_id};
use super::prepare;
use super::sources::{self, Sources};
use crate::consent_vault::Channel;
use crate::db::Conn;
use crate::db::schema::lists;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::stories::copies;

/// Bytes of the HTML part above which mail programs cut it off.
pub const LARGE: usize = 100 * 1024;

/// How much a check weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It does not go out like this.
    Blocks,
    /// It may, but look at it.
    Warns,
}

/// Something to be mended or looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How much it weighs.
    pub weight: Weight,
    /// Where in the editor it is mended: the id of a field.
    pub place: String,
    /// What is to be done, in words.
    pub words: String,
}

/// Checks, as they are found.
#[derive(Default)]
struct Found(Vec<Check>);

impl Found {
    fn note(&mut self, weight: Weight, place: impl Into<String>, words: impl Into<String>) {
        self.0.push(Check {
            weight,
            place: place.into(),
            words: words.into(),
        });
    }

    fn blocks(&mut self, place: impl Into<String>, words: impl Into<String>) {
        self.note(Weight::Blocks, place, words);
    }

    fn warns(&mut self, place: impl Into<String>, words: impl Into<String>) {
        self.note(Weight::Warns, place, words);
    }
}

/// What keeps newsletter `id` from going out at `now`, or at the time for which it is scheduled, if that is later: unfinished
/// blocks, a picture without words, a consent or a unit cost that has ended or will have, nobody to send to, a second
/// person's missing approval (N20). Empty: nothing does.
///
/// # Errors
/// [`AppError::NotFound`]; the database's.
pub fn blocking(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<Vec<Check>> {
    let newsletter = by_id(conn, id)?;
    // Whatever the site's address is: it does not decide whether a text is sound.
    let house = House {
        base: "https://example.org".into(),
        organisation: "-".into(),
    };
    let mut all = every(conn, &newsletter, &house, now)?;
    all.retain(|check| check.weight == Weight::Blocks);
    Ok(all)
}

/// Everything there is to say of a newsletter as it stands here, saved or not; what blocks comes first.
///
/// # Errors
/// The database's.
pub fn every(
    conn: &mut Conn,
    newsletter: &Newsletter,
    house: &House,
    now: Timestamp,
) -> AppResult<Vec<Check>> {
    let mut found = Found::default();
    let content = Content::parse(&newsletter.content)?;
    let sources = Sources::read(conn, newsletter, &content)?;
    match prepare::compile(newsletter, &content, &sources, house) {
        Ok(compiled) => {
            if compiled.size() > LARGE {
                let size = compiled.size() / 1024;
                found.warns("blocks", format!("The mail is about {size} KB: many mail programs cut off what is beyond 100 KB. Shorten it, or link to a page."));
            }
            links(compiled.links(), house, &mut found);
        }
        Err(AppError::Invalid(faults)) => {
            for fault in faults {
                found.blocks(fault.field, fault.message);
            }
        }
        Err(other) => return Err(other),
    }
    head(newsletter, &mut found);
    let at = newsletter.send_at.map_or(now, |at| at.max(now));
    for (number, block) in content.blocks.iter().enumerate() {
        one(
            conn,
            (number, block),
            (newsletter, &sources),
            (now, at),
            &mut found,
        )?;
    }
    if content.blocks.is_empty() {
        found.blocks("blocks", "There is nothing in it yet: add a block.");
    }
    words_of(newsletter, &content, &mut found);
    recipients(conn, newsletter, now, &mut found)?;
    found.0.sort_by_key(|check| check.weight == Weight::Warns);
    Ok(found.0)
}

fn head(newsletter: &Newsletter, found: &mut Found) {
    if newsletter.subject.trim().is_empty() {
        found.blocks("subject", "Write a subject.");
    }
    if newsletter.subject.chars().count() > 70 {
        found.warns(
            "subject",
            "Phones show about 40 letters of a subject: put what matters first.",
        );
    }
    if newsletter.from_name.trim().is_empty() {
        found.blocks("from_name", "Say who writes.");
    }
    if newsletter.preheader.trim().is_empty() {
        found.warns("preheader", "Without a line beside the subject, mail programs show the first words of the text there.");
    }
    if newsletter.plain_text.is_some() {
        found.warns("plain_text", "The text part was edited by hand: it does not follow the blocks any more. Empty it to have it made from them.");
    }
}

/// One block: unfinished, or what it stands on has ended.
fn one(
    conn: &mut Conn,
    (number, block): (usize, &Block),
    (newsletter, sources): (&Newsletter, &Sources),
    (now, at): (Timestamp, Timestamp),
    found: &mut Found,
) -> AppResult<()> {
    let n = number + 1;
    let place = |part: &str| field_name(number, part);
    match block {
        Block::Text { words } if words.trim().is_empty() => {
            found.warns(place("words"), format!("Block {n} is empty."));
        }
        Block::Text { .. } => {}
        Block::Picture { media, alt, .. } => {
            let is_there = media.is_some_and(|id| sources.media.iter().any(|one| one.id == id));
            if !is_there {
                found.blocks(place("media"), format!("Block {n}: choose a picture."));
            }
            if alt.trim().is_empty() {
                found.blocks(
                    place("alt"),
                    format!("Block {n}: say what the picture shows, for people who cannot see it."),
                );
            }
        }
        Block::Button { label, href } => {
            if label.trim().is_empty() {
                found.blocks(
                    place("label"),
                    format!("Block {n}: say what the button does."),
                );
            }
            if href.trim().is_empty() {
                found.blocks(
                    place("href"),
                    format!("Block {n}: say where the button leads."),
                );
            }
        }
        Block::Story { story } => story_stands(conn, (number, *story), (now, at), found)?,
        Block::Figure { figure } => match figure {
            None => found.blocks(place("figure"), format!("Block {n}: choose a figure.")),
            Some(id) if sources.figure(*id).is_none() => {
                found.blocks(place("figure"), format!("Block {n}: a newer figure stands in the place of this one, or it was taken down. Choose again."));
            }
            Some(_) => {}
        },
        Block::UnitCost { cost } => {
            let known = cost.and_then(|id| sources.costs.get(&id));
            match known {
                None => found.blocks(
                    place("cost"),
                    format!("Block {n}: choose a line of the unit-cost book."),
                ),
                Some(cost) if !sources.holds(cost, now) || !sources.holds(cost, at) => {
                    let last = cost
                        .valid_to
                        .map_or_else(String::new, |day| format!(" (up to {day})"));
                    found.blocks(place("cost"), format!("Block {n}: the unit-cost book does not say this any more when it goes out{last}. Choose another line."));
                }
                Some(_) => {}
            }
        }
        Block::Thermometer {} | Block::Impact { .. } if newsletter.campaign_id.is_none() => {
            found.blocks(place("kind"), format!("Block {n}: this newsletter belongs to no season, so there is nothing to tell. Take the block away."));
        }
        Block::Thermometer {} | Block::Impact { .. } => {}
    }
    Ok(())
}

fn story_stands(
    conn: &mut Conn,
    (number, story): (usize, Option<crate::stories::StoryId>),
    (now, at): (Timestamp, Timestamp),
    found: &mut Found,
) -> AppResult<()> {
    let (n, place) = (number + 1, field_name(number, "story"));
    let Some(story) = story else {
        found.blocks(place, format!("Block {n}: choose a story."));
        return Ok(());
    };
    if let Some(why) = sources::hinders(conn, story, Channel::Mail, now)? {
        found.blocks(
            place,
            format!("Block {n}: this story may not leave by mail. {why}"),
        );
        return Ok(());
    }
    let until = copies::may_leave(conn, story, Channel::Mail, now)?.until();
    let day = crate::kernel::Zone::UTC.day_of(at);
    if let (Some(until), Some(day)) = (until, day)
        && until < day
    {
        found.blocks(place, format!("Block {n}: the consent that this story stands on ends on {until}, before it goes out."));
    }
    Ok(())
}

/// Hosts that hide where a link leads: filters distrust mails with them.
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "tinyurl.com",
    "t.co",
    "goo.gl",
    "ow.ly",
    "is.gd",
    "buff.ly",
];

fn links(all: &[String], house: &House, found: &mut Found) {
    for link in all {
        let Ok(url) = url::Url::parse(link) else {
            continue;
        };
        let host = url.host_str().unwrap_or_default();
        if SHORTENERS.contains(&host) {
            found.warns("blocks", format!("The link {link} hides where it leads; spam filters and readers distrust it. Write the address itself."));
        }
        if host.parse::<std::net::IpAddr>().is_ok() && !link.starts_with(&house.base) {
            found.warns(
                "blocks",
                format!("The link {link} names a bare number instead of a site."),
            );
        }
    }
    if all.len() > 30 {
        found.warns(
            "blocks",
            format!(
                "There are {} links in it; a mail with a few is read, one with many is filtered.",
                all.len()
            ),
        );
    }
}

/// Words that filters and readers have learned to distrust.
const SPAM: &[&str] = &[
    "act now",
    "100% free",
    "no obligation",
    "risk-free",
    "click here",
    "winner",
    "cash bonus",
    "urgent!!!",
    "limited time only",
    "congratulations!!!",
    "double your income",
    "guaranteed!!!",
    "once in a lifetime",
];

fn words_of(newsletter: &Newsletter, content: &Content, found: &mut Found) {
    let mut pictures = 0;
    let mut letters = 0;
    let mut seen: Vec<&str> = Vec::new();
    let mut look = |text: &str| {
        let lower = text.to_lowercase();
        for word in SPAM {
            if lower.contains(word) && !seen.contains(word) {
                seen.push(word);
            }
        }
    };
    look(&newsletter.subject);
    for block in &content.blocks {
        match block {
            Block::Text { words } => {
                letters += words.chars().count();
                look(words);
            }
            Block::Button { label, .. } => look(label),
            Block::Picture { .. } => pictures += 1,
            _ => letters += 200,
        }
    }
    if !seen.is_empty() {
        found.warns(
            "blocks",
            format!(
                "Spam filters know these words: {}. Say it otherwise.",
                seen.join(", ")
            ),
        );
    }
    let loud = newsletter
        .subject
        .chars()
        .filter(|sign| sign.is_alphabetic())
        .count()
        > 8
        && newsletter.subject.to_uppercase() == newsletter.subject;
    if loud || newsletter.subject.contains("!!") {
        found.warns(
            "subject",
            "A subject in capitals or with many exclamation marks looks like spam.",
        );
    }
    if pictures > 0 && letters < 200 {
        found.warns("blocks", "There is more picture than text in it: filters distrust that, and many readers see no pictures.");
    }
}

fn recipients(
    conn: &mut Conn,
    newsletter: &Newsletter,
    now: Timestamp,
    found: &mut Found,
) -> AppResult<()> {
    let wanted = &newsletter.audience.0;
    let gone = lists::table
        .filter(lists::id.eq_any(&wanted.lists))
        .filter(lists::archived_at.is_not_null());
    if each!(conn, c => gone.count().get_result::<i64>(c))? > 0 {
        found.blocks("audience", "One of its lists was put away. Choose others.");
    }
    if wanted.one_by_one {
        // A step's readers come later, one at a time; whoever switches its sequence on has read it.
        return Ok(());
    }
    let count = match audience::count(conn, wanted, now) {
        Ok(count) => count,
        Err(AppError::NotFound(_)) => {
            found.blocks(
                "audience",
                "The segment that it names is gone. Choose another.",
            );
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    if count == 0 {
        found.blocks(
            "audience",
            "It would go to nobody: choose lists with people on them.",
        );
    }
    if !approval::suffices(conn, newsletter, count)? {
        let above = approval::above(conn)?;
        found.blocks("approval", format!("It goes to {count} people, more than {above}: a second person approves it, or you type how many there are."));
    }
    Ok(())
}
