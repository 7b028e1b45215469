//! What a team says about itself, as it is typed: by its founder and by those who lead it.

use serde::Deserialize;

use crate::campaigns::Campaign;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Line, Money};
use crate::teams::groups::{Group, GroupId};
use crate::teams::model::Team;
use crate::teams::policy::JoinPolicy;
use crate::web::markdown::Story;
use crate::web::views::form::{Choice, Choices, Field};

/// Characters of a team's name at most.
pub const NAME: usize = 80;
/// Characters of a story that its field takes.
const STORY: usize = 20_000;

/// The fields as text: what does not fit is shown again, not refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// Its name.
    pub name: String,
    /// What it is about, Markdown.
    pub story: String,
    /// How much it wants to raise.
    pub goal: String,
    /// A word of [`JoinPolicy`].
    pub policy: String,
    /// A new password.
    pub password: String,
    /// The slug of a group.
    pub group: String,
}

/// The same, read.
#[derive(Debug, Clone)]
pub struct Read {
    /// Its name.
    pub name: Line,
    /// What it is about.
    pub story: Story,
    /// How much it wants to raise.
    pub goal: Money,
    /// How pages come to belong to it.
    pub policy: JoinPolicy,
    /// The group that it counts for.
    pub group: Option<GroupId>,
}

/// The fields as the template shows them.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Fields {
    name: Field,
    story: Field,
    goal: Field,
    policy: Choices,
    password: Field,
    /// `None` where the campaign has no groups.
    group: Option<Choices>,
}

impl Typed {
    /// An empty form.
    pub fn fresh() -> Self {
        Self {
            policy: JoinPolicy::Open.to_string(),
            ..Self::default()
        }
    }

    /// What `team` says now.
    pub fn of(team: &Team, campaign: &Campaign, groups: &[Group]) -> Self {
        let goal = team.goal(campaign.currency);
        let group = groups.iter().find(|group| Some(group.id) == team.group_id);
        Self {
            name: team.name.clone(),
            story: team.story.clone(),
            goal: if goal.minor() > 0 {
                goal.decimal()
            } else {
                String::new()
            },
            policy: team.join_policy.to_string(),
            password: String::new(),
            group: group
                .map(|group| group.slug.to_string())
                .unwrap_or_default(),
        }
    }

    /// What was typed, read; or every field to mend. `group` is looked for among `groups`.
    ///
    /// # Errors
    /// [`AppError::Invalid`].
    pub fn read(&self, campaign: &Campaign, groups: &[Group]) -> AppResult<Read> {
        let mut faults = Vec::new();
        let mut keep = |field: &str, message: &dyn std::fmt::Display| {
            faults.push(FieldError::new(field, message));
        };
        let name = Line::parse(&self.name, NAME).map_err(|bad| keep("name", &bad));
        let story = Story::parse(&self.story).map_err(|bad| keep("story", &bad));
        let goal = if self.goal.trim().is_empty() {
            Ok(Money::zero(campaign.currency))
        } else {
            Money::parse_typed(&self.goal, campaign.currency).map_err(|bad| keep("goal", &bad))
        };
        let policy = self
            .policy
            .parse::<JoinPolicy>()
            .map_err(|_| keep("policy", &"choose how people join"));
        let group = groups
            .iter()
            .find(|group| group.slug.as_str() == self.group);
        if group.is_none() && !self.group.is_empty() {
            keep("group", &"choose a group of this campaign");
        }
        match (name, story, goal, policy) {
            (Ok(name), Ok(story), Ok(goal), Ok(policy)) if faults.is_empty() => Ok(Read {
                name,
                story,
                goal,
                policy,
                group: group.map(|group| group.id),
            }),
            _ => Err(AppError::Invalid(faults)),
        }
    }

    /// The fields with what was typed and what to mend. A password is never shown again.
    pub fn fields(
        &self,
        campaign: &Campaign,
        groups: &[Group],
        (has_password, faults): (bool, &[FieldError]),
    ) -> Fields {
        let policies = JoinPolicy::ALL
            .iter()
            .map(|policy| {
                Choice::new(policy.as_str(), policy.label(), &self.policy).hint(policy.explains())
            })
            .collect();
        let password = if has_password {
            "Leave it empty to keep the one the team has."
        } else {
            "Only where people join with one: 12 characters or more. A few words in a row are good."
        };
        let mut offered = vec![Choice::new("", "None", &self.group)];
        offered.extend(
            groups
                .iter()
                .map(|group| Choice::new(group.slug.as_str(), &group.name, &self.group)),
        );
        Fields {
            name: Field::line("name", "Name of the team", NAME, &self.name).mend(faults),
            story: Field::text("story", "What is it about?", (6, STORY), &self.story)
                .hint("Who you are and why you do this together. You may leave it for later.")
                .mend(faults),
            goal: Field::sum(
                "goal",
                &format!("Goal in {} (optional)", campaign.currency),
                &self.goal,
            )
            .hint("For the team as a whole: gifts to the team and on its pages count.")
            .mend(faults),
            policy: Choices::new("policy", "How do people join?", policies, faults),
            password: Field::line("password", "Password of the team", 128, "")
                .kind("password", "new-password")
                .hint(password)
                .mend(faults),
            group: (!groups.is_empty())
                .then(|| Choices::new("group", "Counts for (optional)", offered, faults)),
        }
    }
}
