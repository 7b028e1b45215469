//! The demo's newsletters: one that was sent, which the archive shows, and the draft of an impact update. All that they say of
//! people is invented.

use diesel::prelude::*;

use super::{SEASON, line, slug};
use crate::auth::{UserId, user_by_email};
use crate::campaigns::model as campaigns;
use crate::db::Conn;
use crate::db::schema::{lists, newsletters, unit_costs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::impact::{self, UnitCostId};
use crate::kernel::{Email, Timestamp};
use crate::newsletters::ops::{self, NewDraft};
use crate::newsletters::{Block, Content, Layout, NewsletterId, NewsletterState};
use crate::partners::model::program_by_slug;
use crate::segments::Audience;
use crate::stories::{self, Status};
use crate::subscribers::ListId;

/// What the newsletters need from outside, since a transaction may run twice.
#[derive(Debug, Clone)]
pub struct LetterSeed {
    list: ListId,
    sent: NewsletterId,
    update: NewsletterId,
}

impl LetterSeed {
    /// New ids.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            list: ListId::new(),
            sent: NewsletterId::new(),
            update: NewsletterId::new(),
        }
    }
}

/// The slug of the list that the demo's newsletters go to.
const LIST: &str = "season-letters";

const OPENING: &str = "Dear {{first_name|friend}},\n\nthe season is about to begin: thirty-one days, one dress or one tie, and a question that \
     somebody is sure to ask. {{#if page_url}}[Your page]({{page_url|https://example.org/}}) stands ready.{{else}}Come along, or give to somebody who does.{{/if}}\n\n## What last year’s threads became";

const CLOSING: &str = "Nothing of this is ours alone. Every figure above says who counted it and how far it can be relied on; every gift can be followed to the grant it was part of.\n\nWarmly,\nthe season’s team";

/// Writes them; without the demo's logins nothing.
///
/// # Errors
/// The database's. Mistakes in the seed's own texts are unforeseen errors.
pub fn letters(
    conn: &mut Conn,
    seed: &LetterSeed,
    organisation: &str,
    now: Timestamp,
) -> AppResult<()> {
    let address: Email = "coordinator@selvedge.example"
        .parse()
        .map_err(AppError::internal)?;
    let Some(by) = user_by_email(conn, &address)?.map(|user| user.id) else {
        return Ok(());
    };
    let list = list(conn, seed, now)?;
    let season = campaigns::by_slug(conn, &slug(SEASON)?)?.campaign;
    let kolkata = program_by_slug(conn, &slug("ijm-kolkata")?)?.program;
    let figures = impact::figures(conn, kolkata.id)?;
    let shown = stories::list(
        conn,
        None,
        Some(Status::Published),
        None,
        crate::kernel::Limit::default(),
    )?;
    let cost = unit_costs::table
        .filter(unit_costs::program_id.eq(kolkata.id))
        .filter(
            unit_costs::valid_to
                .is_null()
                .or(unit_costs::valid_to.gt("2027-01-01")),
        )
        .order((unit_costs::amount, unit_costs::id))
        .select(unit_costs::id);
    let cost: Option<UnitCostId> = each!(conn, c => cost.first(c).optional())?;
    let mut blocks = vec![text(OPENING)];
    blocks.extend(figures.iter().take(2).map(|figure| Block::Figure {
        figure: Some(figure.id),
    }));
    blocks.push(Block::Impact {
        nothing: String::new(),
    });
    blocks.extend(shown.items.first().map(|story| Block::Story {
        story: Some(story.id),
    }));
    blocks.extend(cost.map(|id| Block::UnitCost { cost: Some(id) }));
    blocks.push(Block::Thermometer {});
    blocks.push(Block::Button {
        label: "Give to the season".into(),
        href: "{{give_url}}".into(),
    });
    blocks.push(text(CLOSING));
    let audience = Audience {
        lists: vec![list],
        ..Audience::default()
    };
    let sent = NewDraft {
        id: seed.sent,
        campaign: Some(season.id),
        slug: slug("before-the-first-day")?,
        title: line("Before the first day")?,
        subject: "{{first_name|Friend}}, thirty-one days begin".into(),
        layout: Layout::Letter,
        content: Content { blocks },
        audience: audience.clone(),
        from_name: line(organisation)?,
        report: None,
        by,
    };
    ops::create(conn, &sent, now)?;
    mark_sent(conn, seed.sent, now)?;
    update(
        conn,
        seed,
        (by, organisation, &audience),
        (season.id, &figures),
        now,
    )
}

fn text(words: &str) -> Block {
    Block::Text {
        words: words.to_owned(),
    }
}

/// The list, or the one of that address that is there.
fn list(conn: &mut Conn, seed: &LetterSeed, now: Timestamp) -> AppResult<ListId> {
    let wanted = slug(LIST)?;
    let query = lists::table
        .filter(lists::slug.eq(&wanted))
        .select(lists::id);
    if let Some(known) = each!(conn, c => query.first::<ListId>(c).optional())? {
        return Ok(known);
    }
    let row = (
        lists::id.eq(seed.list),
        lists::slug.eq(wanted),
        lists::name.eq("Letters of the season"),
        lists::about.eq("What the season does, once a month in December and twice after it."),
        lists::is_public.eq(true),
        lists::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(lists::table).values(row).execute(c))?;
    Ok(seed.list)
}

/// As sending leaves one that is through.
fn mark_sent(conn: &mut Conn, id: NewsletterId, now: Timestamp) -> AppResult<()> {
    let at = now.minus(chrono::Duration::days(3));
    each!(conn, c => diesel::update(newsletters::table.find(id))
        .set((
            newsletters::state.eq(NewsletterState::Sent),
            newsletters::preheader.eq("A question that somebody is sure to ask"),
            newsletters::started_at.eq(Some(at)),
            newsletters::ended_at.eq(Some(at)),
        ))
        .execute(c))?;
    Ok(())
}

/// The draft of an update about what was reported.
fn update(
    conn: &mut Conn,
    seed: &LetterSeed,
    (by, organisation, audience): (UserId, &str, &Audience),
    (season, figures): (crate::campaigns::CampaignId, &[impact::Figure]),
    now: Timestamp,
) -> AppResult<()> {
    let mut blocks = vec![text(
        "Dear {{first_name|friend}},\n\n{{#if given}}you gave {{given}} to {{season}}, and {{programs|its programs}} have reported what came of it.{{else}}the programs of {{season}} have reported what came of the gifts.{{/if}}",
    )];
    blocks.extend(figures.iter().skip(2).take(1).map(|figure| Block::Figure {
        figure: Some(figure.id),
    }));
    blocks.push(Block::Impact {
        nothing: String::new(),
    });
    blocks.push(Block::Button {
        label: "Read the books of the season".into(),
        href: format!("/campaigns/{SEASON}/books"),
    });
    let draft = NewDraft {
        id: seed.update,
        campaign: Some(season),
        slug: slug("what-your-gift-did")?,
        title: line("What your gift did")?,
        subject: "{{first_name|Friend}}, this is what your gift did".into(),
        layout: Layout::Proof,
        content: Content { blocks },
        audience: audience.clone(),
        from_name: line(organisation)?,
        report: None,
        by,
    };
    ops::create(conn, &draft, now)
}
