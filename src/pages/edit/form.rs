//! What is typed into the editor, and what it changes.

use serde::{Deserialize, Serialize};

use crate::campaigns::Campaign;
use crate::error::FieldError;
use crate::kernel::{Slug, Timestamp};
use crate::pages::changes::Changes;
use crate::pages::fields;
use crate::pages::model::Page;

/// The fields as text: what does not fit is shown again, not refused.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Typed {
    pub title: String,
    pub participant: String,
    pub story: String,
    pub goal: String,
    pub slug: String,
    pub photo_alt: String,
    pub photo_crop: String,
    pub photo_remove: String,
    /// Which version of the page the form was made of, in microseconds.
    pub version: String,
    /// `preview` looks, anything else saves.
    pub r#do: String,
}

impl Typed {
    pub(super) fn of(page: &Page, campaign: &Campaign) -> Self {
        let goal = page.goal(campaign.currency);
        Self {
            title: page.title.clone(),
            participant: page.participant.clone(),
            story: page.story.clone(),
            goal: match goal.minor() {
                0 => String::new(),
                _ => goal.decimal().trim_end_matches(".00").to_owned(),
            },
            slug: page.slug.to_string(),
            photo_alt: page.photo_alt.clone(),
            version: page.version().micros().to_string(),
            ..Self::default()
        }
    }

    /// The version that was looked at. One that cannot be read is an old one.
    pub(super) fn base(&self) -> Timestamp {
        self.version
            .parse()
            .ok()
            .and_then(Timestamp::from_micros)
            .or(Timestamp::from_micros(0))
            .unwrap_or_else(|| chrono::DateTime::UNIX_EPOCH.into())
    }

    /// What is to be changed, and the address; or every field to mend.
    pub(super) fn parse(&self, campaign: &Campaign) -> Result<(Changes, Slug), Vec<FieldError>> {
        let mut faults = Vec::new();
        let title = fields::title(&self.title).map_err(|fault| faults.push(fault));
        let participant = fields::participant(&self.participant).map_err(|f| faults.push(f));
        let story = fields::story(&self.story).map_err(|fault| faults.push(fault));
        let goal = fields::goal(&self.goal, campaign.currency).map_err(|f| faults.push(f));
        let slug = fields::slug(&self.slug).map_err(|fault| faults.push(fault));
        match (title, participant, story, goal, slug) {
            (Ok(title), Ok(participant), Ok(story), Ok(goal), Ok(slug)) => Ok((
                Changes {
                    title: Some(title),
                    participant: Some(participant),
                    story: Some(story),
                    goal: Some(goal),
                    ..Changes::default()
                },
                slug,
            )),
            _ => Err(faults),
        }
    }
}

/// A page's words as one text: the record keeps the digests of before and after.
pub(super) fn said(page: &Page, campaign: &Campaign) -> String {
    let goal = page.goal(campaign.currency);
    format!(
        "{}\n{}\n{}\n{}\n{}",
        page.title, page.participant, page.slug, goal, page.story
    )
}
