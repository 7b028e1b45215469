//! What the blocks of a newsletter speak of, read once for all readers.

use std::collections::BTreeMap;

use super::content::{Block, Content};
use super::model::Newsletter;
use crate::campaigns::{Campaign, model as campaigns, overview};
use crate::consent_vault::Channel;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::impact::{self, Figure, FigureId, UnitCost, UnitCostId, model as impact_model};
use crate::kernel::{Day, Timestamp, Zone};
use crate::media::{Media, MediaId};
use crate::partners::{Program, ProgramId};
use crate::stories::{self, Story, StoryId, copies, pictures};
use crate::totals::{self, Total, TotalScope};

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The season.
    pub campaign: Option<Campaign>,
    /// What it has raised.
    pub total: Option<Total>,
    /// The programs that it pays for.
    pub programs: Vec<Program>,
    /// Stories that are named, each with its lead picture.
    pub stories: BTreeMap<StoryId, (Story, Option<pictures::Shown>)>,
    /// Figures of the season's programs that hold.
    pub figures: Vec<Figure>,
    /// Lines of the unit-cost book that are named.
    pub costs: BTreeMap<UnitCostId, UnitCost>,
    /// Pictures that are named, were added for newsletters and are shown.
    pub media: Vec<Media>,
}

impl Sources {
    /// Reads what `content` speaks of. What is gone is left out.
    ///
    /// # Errors
    /// The database's.
    pub fn read(conn: &mut Conn, newsletter: &Newsletter, content: &Content) -> AppResult<Self> {
        let mut found = Self::default();
        if let Some(id) = newsletter.campaign_id {
            found.campaign = Some(campaigns::by_id(conn, id)?);
            found.total = totals::of(conn, TotalScope::Campaign, &id.to_string())?;
            let programs = overview::programs_of(conn, id)?;
            found.programs = programs.into_iter().map(|(program, _)| program).collect();
            let ids: Vec<ProgramId> = found.programs.iter().map(|one| one.id).collect();
            found.figures = impact::figures_of(conn, &ids)?;
        }
        let wanted = content.stories();
        let shown = pictures::of(conn, &wanted)?;
        for id in wanted {
            if let Some(story) = gone_is_none(stories::by_id(conn, id))? {
                let lead = shown.iter().find(|one| one.picture.story_id == id);
                found.stories.insert(id, (story, lead.cloned()));
            }
        }
        let mut files: Vec<MediaId> = Vec::new();
        for block in &content.blocks {
            match block {
                Block::UnitCost { cost: Some(id) } => {
                    if let Some(cost) = gone_is_none(impact_model::unit_cost(conn, *id))? {
                        found.costs.insert(*id, cost);
                    }
                }
                Block::Picture { media, .. } => files.extend(*media),
                _ => {}
            }
        }
        found.media = super::pictures::among(conn, &files)?;
        Ok(found)
    }

    /// A figure that holds.
    pub fn figure(&self, id: FigureId) -> Option<&Figure> {
        self.figures.iter().find(|one| one.id == id)
    }

    /// The name of a program of the season.
    pub fn program(&self, id: ProgramId) -> Option<&str> {
        let found = self.programs.iter().find(|one| one.id == id);
        found.map(|one| one.name.as_str())
    }

    /// The season's day of an instant; UTC's without a season.
    pub fn day(&self, now: Timestamp) -> Option<Day> {
        let zone = self
            .campaign
            .as_ref()
            .map_or(Zone::UTC, |one| one.time_zone);
        zone.day_of(now)
    }

    /// Whether the line of the book holds now.
    pub fn holds(&self, cost: &UnitCost, now: Timestamp) -> bool {
        self.day(now).is_some_and(|today| {
            cost.valid_from <= today && cost.valid_to.is_none_or(|last| today <= last)
        })
    }
}

fn gone_is_none<T>(found: AppResult<T>) -> AppResult<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(AppError::NotFound(_) | AppError::Gone(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Why a story may not leave by mail now, in words; `None`: it may.
///
/// # Errors
/// The database's.
pub fn hinders(
    conn: &mut Conn,
    story: StoryId,
    channel: Channel,
    now: Timestamp,
) -> AppResult<Option<String>> {
    match copies::may_leave(conn, story, channel, now) {
        Ok(_) => Ok(None),
        Err(AppError::Conflict { detail, .. }) => Ok(Some(detail)),
        Err(AppError::NotFound(_) | AppError::Gone(_)) => {
            Ok(Some("This story is not public, or was taken down.".into()))
        }
        Err(other) => Err(other),
    }
}

/// The blocks that may not be shown now: stories without leave (S17), unit costs that do not hold, figures in whose place
/// newer ones stand. As many statements as there are stories, however many readers.
///
/// # Errors
/// The database's.
pub fn withheld(
    conn: &mut Conn,
    content: &Content,
    sources: &Sources,
    channel: Channel,
    now: Timestamp,
) -> AppResult<Vec<usize>> {
    let mut all = Vec::new();
    for (number, block) in content.blocks.iter().enumerate() {
        let is_shown = match block {
            Block::Story { story: Some(id) } => hinders(conn, *id, channel, now)?.is_none(),
            Block::UnitCost { cost: Some(id) } => sources
                .costs
                .get(id)
                .is_some_and(|cost| sources.holds(cost, now)),
            Block::Figure { figure: Some(id) } => sources.figure(*id).is_some(),
            Block::Story { .. } | Block::UnitCost { .. } | Block::Figure { .. } => false,
            _ => true,
        };
        if !is_shown {
            all.push(number);
        }
    }
    Ok(all)
}
