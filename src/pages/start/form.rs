//! What is typed into a step, and what it changes of the draft.

use serde::{Deserialize, Serialize};

use super::Step;
use super::setting::Setting;
use crate::error::{AppError, FieldError};
use crate::kernel::{Line, Money, Slug};
use crate::pages::changes::Changes;
use crate::pages::fields;

/// The fields of all steps as text: what does not fit is shown again, not refused.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Typed {
    pub participant: String,
    pub title: String,
    pub story: String,
    /// Minor units of a suggested goal.
    pub goal_choice: String,
    /// Counts instead of the choice when it is not empty.
    pub goal_own: String,
    pub photo_alt: String,
    pub photo_crop: String,
    pub photo_remove: String,
    pub slug: String,
    /// How many pages the person had when the form was made: a second one is made by intent only.
    pub having: String,
    /// The draft that is to be shown.
    pub page: String,
    /// Sent by the script while one still writes.
    pub keep: String,
}

impl Typed {
    /// The draft as the forms show it; the season's defaults where there is none yet.
    pub(super) fn of(setting: &Setting, name: &str) -> Self {
        let having = setting.pages.len().to_string();
        let Some(draft) = &setting.draft else {
            let participant = if setting.pages.is_empty() { name } else { "" };
            return Self {
                participant: participant.to_owned(),
                having,
                ..Self::default()
            };
        };
        let goal = draft.goal(setting.campaign.currency);
        let suggested = setting.goals().contains(&goal);
        Self {
            participant: draft.participant.clone(),
            title: draft.title.clone(),
            story: draft.story.clone(),
            goal_choice: if suggested {
                goal.minor().to_string()
            } else {
                String::new()
            },
            goal_own: if suggested || goal.minor() == 0 {
                String::new()
            } else {
                goal.decimal().trim_end_matches(".00").to_owned()
            },
            photo_alt: draft.photo_alt.clone(),
            slug: draft.slug.to_string(),
            page: draft.id.to_string(),
            having,
            ..Self::default()
        }
    }

    /// Name and title of the first step; the title may be left to the season.
    pub(super) fn names(&self, setting: &Setting) -> Result<(Line, Line), Vec<FieldError>> {
        let mut faults = Vec::new();
        let participant = fields::participant(&self.participant).map_err(|f| faults.push(f));
        let given = if self.title.trim().is_empty() {
            setting.default_title(self.participant.trim())
        } else {
            self.title.clone()
        };
        let given = shortened(&given, self.title.trim().is_empty());
        let title = fields::title(&given).map_err(|f| faults.push(f));
        match (participant, title) {
            (Ok(participant), Ok(title)) => Ok((participant, title)),
            // A bad name makes a bad default of the title: one fault is enough.
            (Err(()), _) if self.title.trim().is_empty() => {
                faults.retain(|fault| fault.field == "participant");
                Err(faults)
            }
            _ => Err(faults),
        }
    }

    /// The goal that counts; the fault says how to mend it.
    pub(super) fn goal(&self, setting: &Setting) -> Result<Money, FieldError> {
        let currency = setting.campaign.currency;
        if !self.goal_own.trim().is_empty() {
            return fields::goal(&self.goal_own, currency);
        }
        match self.goal_choice.parse() {
            Ok(minor) => fields::bounded(Money::new(minor, currency)),
            Err(_) if self.goal_choice.is_empty() => Err(FieldError::new(
                "goal",
                "choose a goal, or write your own; you can change it any day",
            )),
            Err(_) => Err(FieldError::new("goal", "choose one of the goals")),
        }
    }

    /// What a step changes of the draft; photographs and addresses have ways of their own.
    pub(super) fn changes(
        &self,
        step: Step,
        setting: &Setting,
    ) -> Result<Changes, Vec<FieldError>> {
        let mut changes = Changes {
            step: step.next().map(Step::as_str),
            ..Changes::default()
        };
        match step {
            Step::Name => {
                let (participant, title) = self.names(setting)?;
                changes.participant = Some(participant);
                changes.title = Some(title);
            }
            Step::Why => changes.story = Some(fields::story(&self.story).map_err(|f| vec![f])?),
            Step::Goal => changes.goal = Some(self.goal(setting).map_err(|f| vec![f])?),
            Step::Photo | Step::Address | Step::Preview => {}
        }
        Ok(changes)
    }

    pub(super) fn address(&self) -> Result<Slug, AppError> {
        fields::slug(&self.slug).map_err(|fault| AppError::Invalid(vec![fault]))
    }
}

/// A title that the program made is cut to fit; one that was typed is not.
fn shortened(title: &str, is_made: bool) -> String {
    if is_made {
        title.chars().take(fields::TITLE_MOST).collect()
    } else {
        title.to_owned()
    }
}
