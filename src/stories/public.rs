//! What the public sees of stories: read whole, and only while it may be seen.

use super::model::{self, Story, StoryId, Which};
use super::pictures::{self, Shown, Where};
use super::views::{CostView, PictureView, Pictures, StoryRow, StripView, TextView};
use crate::campaigns::model::{self as campaigns, Campaign, CampaignStatus};
use crate::campaigns::{CampaignId, frame};
use crate::consent_vault::ops::today;
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::{self, UnitCost};
use crate::kernel::{Limit, Slug, Timestamp};
use crate::partners::{Program, ProgramId};
use crate::web::markdown;
use crate::web::views::shell::Link;

/// A program of a story, and where a gift to it can be given.
pub(super) struct Giving {
    pub(super) program: Program,
    /// The newest campaign that pays for it and takes gifts now; one of the story's own comes first.
    pub(super) campaign: Option<Campaign>,
    pub(super) costs: Vec<UnitCost>,
}

impl Giving {
    fn of(
        conn: &mut Conn,
        program: Program,
        own: &[CampaignId],
        now: Timestamp,
    ) -> AppResult<Self> {
        let open: Vec<Campaign> = campaigns::live_for(conn, program.id)?
            .into_iter()
            .filter(|campaign| campaign.is_giving_open(now))
            .collect();
        let campaign = open
            .iter()
            .find(|campaign| own.contains(&campaign.id))
            .or(open.first())
            .cloned();
        let mut costs = Vec::new();
        if let Some(campaign) = &campaign
            && let Some(today) = campaign.time_zone.day_of(now)
        {
            costs = impact::unit_costs(conn, &[program.id], today)?;
            costs.retain(|cost| cost.amount().currency() == campaign.currency);
        }
        Ok(Self {
            program,
            campaign,
            costs,
        })
    }

    pub(super) fn strip(&self, now: Timestamp) -> StripView {
        let query = format!("?program={}", self.program.slug);
        let give_url = self
            .campaign
            .as_ref()
            .and_then(|campaign| frame::give_url(campaign, now, &query));
        let costs = match &give_url {
            None => Vec::new(),
            Some(url) => self
                .costs
                .iter()
                .map(|cost| CostView {
                    amount: cost.amount().into(),
                    covers: cost.covers.clone(),
                    source: cost.source.clone(),
                    href: format!("{url}&amount={}", cost.amount().decimal()),
                })
                .collect(),
        };
        StripView {
            program: frame::program_link(&self.program),
            give_url,
            costs,
        }
    }
}

/// A story with everything that its page shows.
pub(super) struct PublicStory {
    pub(super) story: Story,
    pub(super) giving: Vec<Giving>,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) pictures: Vec<Shown>,
}

impl PublicStory {
    /// A dozen statements at most for a story of one program.
    ///
    /// # Errors
    /// [`crate::error::AppError::Gone`], [`crate::error::AppError::NotFound`].
    pub(super) fn read(conn: &mut Conn, slug: &Slug, now: Timestamp) -> AppResult<Self> {
        let story = model::shown_by_slug(conn, slug, today(now)?)?;
        Self::of(conn, story, now)
    }

    fn of(conn: &mut Conn, story: Story, now: Timestamp) -> AppResult<Self> {
        let own = model::campaigns_of(conn, story.id)?;
        let mut shown = Vec::new();
        for id in &own {
            let campaign = campaigns::by_id(conn, *id)?;
            if campaign.status != CampaignStatus::Draft {
                shown.push(campaign);
            }
        }
        let giving: AppResult<Vec<Giving>> = model::programs_of(conn, story.id)?
            .into_iter()
            .map(|program| Giving::of(conn, program, &own, now))
            .collect();
        Ok(Self {
            giving: giving?,
            campaigns: shown,
            pictures: pictures::of(conn, &[story.id])?,
            story,
        })
    }
}

/// The text of a story with its pictures and programs: its page's and the preview's.
pub fn text(story: &Story, pictures: &[Shown], programs: &[Program]) -> TextView {
    TextView {
        title: story.title.clone(),
        summary: story.summary.clone(),
        published_at: story.published_at.map(Timestamp::rfc3339),
        content_note: story.content_note.clone(),
        body_html: markdown::html(&story.body).into_string(),
        author: story.author_name.clone(),
        author_about: story.author_about.clone(),
        pictures: Pictures::of(pictures),
        programs: programs.iter().map(frame::program_link).collect(),
        take_part: story.take_part.0.clone(),
        more: story
            .more
            .0
            .iter()
            .map(|link| Link::new(&link.label, &link.href))
            .collect(),
    }
}

/// Stories as rows of a list, with their lead pictures: one statement for all of them.
///
/// # Errors
/// The database's.
pub(super) fn rows(conn: &mut Conn, stories: &[Story]) -> AppResult<Vec<StoryRow>> {
    let ids: Vec<StoryId> = stories.iter().map(|story| story.id).collect();
    let pictures = pictures::of(conn, &ids)?;
    let lead = |id: StoryId| {
        let found = pictures
            .iter()
            .find(|one| one.picture.story_id == id && one.picture.place == Where::Lead);
        found.map(PictureView::of)
    };
    Ok(stories
        .iter()
        .map(|story| StoryRow {
            title: story.title.clone(),
            href: format!("/stories/{}", story.slug),
            summary: story.summary.clone(),
            author: story.author_name.clone(),
            published_at: story.published_at.unwrap_or(story.created_at).rfc3339(),
            has_note: !story.content_note.is_empty(),
            picture: lead(story.id),
        })
        .collect())
}

/// Stories that another noun's page shows at most.
const FEW: &str = "3";

/// The newest stories of a campaign, for its page.
///
/// # Errors
/// The database's.
pub fn of_campaign(
    conn: &mut Conn,
    campaign: CampaignId,
    now: Timestamp,
) -> AppResult<Vec<StoryRow>> {
    let which = Which {
        campaign: Some(campaign),
        program: None,
    };
    newest(conn, which, now)
}

/// The newest stories about a program, for its page.
///
/// # Errors
/// The database's.
pub fn of_program(conn: &mut Conn, program: ProgramId, now: Timestamp) -> AppResult<Vec<StoryRow>> {
    let which = Which {
        campaign: None,
        program: Some(program),
    };
    newest(conn, which, now)
}

fn newest(conn: &mut Conn, which: Which, now: Timestamp) -> AppResult<Vec<StoryRow>> {
    let few: Limit = FEW.parse().unwrap_or_default();
    let listed = model::shown(conn, which, None, few, today(now)?)?;
    rows(conn, &listed.items)
}
