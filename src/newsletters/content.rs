//! What a newsletter is made of: blocks, one below the other.

use serde::{Deserialize, Serialize};

use crate::error::AppResult;
use crate::impact::{FigureId, UnitCostId};
use crate::media::MediaId;
use crate::stories::StoryId;

/// Blocks of a newsletter at most.
pub const BLOCKS_MOST: usize = 60;

/// What readers who gave nothing this season read where others read what their money did.
pub const NOTHING_GIVEN: &str = "You have not given this season, and that is fine: reading on and telling somebody is taking part as well. This is what gifts have made possible so far.";

/// A block. What is not chosen yet is `None` or empty; a draft may be unfinished, a sending may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// Markdown with merge fields.
    Text {
        /// The words.
        words: String,
    },
    /// A picture that shows nobody who would have to agree: pictures of people come with their story.
    Picture {
        /// Its files.
        media: Option<MediaId>,
        /// What it shows, for people who cannot see it.
        alt: String,
        /// What stands below it; may be empty.
        #[serde(default)]
        caption: String,
        /// Where it leads; may be empty.
        #[serde(default)]
        href: String,
    },
    /// A button.
    Button {
        /// What it says; merge fields may stand in it.
        label: String,
        /// Where it leads: an `https:` or `mailto:` address, a path of this site, or one address field.
        href: String,
    },
    /// A story, while everybody in it agrees (S17).
    Story {
        /// Which.
        story: Option<StoryId>,
    },
    /// A figure of a program, with period, source and grade.
    Figure {
        /// Which.
        figure: Option<FigureId>,
    },
    /// What an amount covers, while the unit-cost book says so.
    UnitCost {
        /// Which line of the book.
        cost: Option<UnitCostId>,
    },
    /// What the season has raised.
    Thermometer {},
    /// What this reader's money did.
    Impact {
        /// What readers who gave nothing read; empty: [`NOTHING_GIVEN`].
        #[serde(default)]
        nothing: String,
    },
}

impl Block {
    /// Every kind: its word and what staff call it.
    pub const KINDS: &'static [(&'static str, &'static str)] = &[
        ("text", "Text"),
        ("picture", "Picture"),
        ("button", "Button"),
        ("story", "Story"),
        ("figure", "Program figure"),
        ("unit_cost", "What an amount covers"),
        ("thermometer", "Thermometer"),
        ("impact", "Your impact"),
    ];

    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Picture { .. } => "picture",
            Self::Button { .. } => "button",
            Self::Story { .. } => "story",
            Self::Figure { .. } => "figure",
            Self::UnitCost { .. } => "unit_cost",
            Self::Thermometer {} => "thermometer",
            Self::Impact { .. } => "impact",
        }
    }

    /// An empty block of a kind.
    pub fn empty(kind: &str) -> Option<Self> {
        let text = String::new;
        Some(match kind {
            "text" => Self::Text { words: text() },
            "picture" => Self::Picture {
                media: None,
                alt: text(),
                caption: text(),
                href: text(),
            },
            "button" => Self::Button {
                label: text(),
                href: text(),
            },
            "story" => Self::Story { story: None },
            "figure" => Self::Figure { figure: None },
            "unit_cost" => Self::UnitCost { cost: None },
            "thermometer" => Self::Thermometer {},
            "impact" => Self::Impact { nothing: text() },
            _ => return None,
        })
    }
}

/// The blocks in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// See [`Content`].
    pub blocks: Vec<Block>,
}

impl Content {
    /// Reads the column; an empty one has no blocks.
    ///
    /// # Errors
    /// When it is no content.
    pub fn parse(text: &str) -> AppResult<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        Ok(serde_json::from_str(text)?)
    }

    /// What the column holds.
    ///
    /// # Errors
    /// Never in practice: strings always are JSON.
    pub fn to_json(&self) -> AppResult<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// The stories in it.
    pub fn stories(&self) -> Vec<StoryId> {
        let story = |block: &Block| match block {
            Block::Story { story } => *story,
            _ => None,
        };
        self.blocks.iter().filter_map(story).collect()
    }
}
