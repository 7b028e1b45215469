//! What the templates are given.

use serde::Serialize;

use crate::pages::tools::PageTools;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};

/// A badge, earned or locked.
#[derive(Debug, Clone, Serialize)]
pub struct BadgeView {
    /// What it is called.
    pub name: String,
    /// What it stands for.
    pub words: String,
    /// What is missing, while it is locked.
    pub missing: Option<String>,
    /// Its woven mark.
    pub mark_svg: String,
}

/// An own milestone as the public sees it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseView {
    /// At which amount.
    pub amount: MoneyView,
    /// What is promised, as it goes on after "I will".
    pub words: String,
    /// It was reached.
    pub is_reached: bool,
    /// It was kept.
    pub is_kept: bool,
    /// What is missing.
    pub gap: Option<MoneyView>,
    /// Where to give just that; `None` when gifts are not taken or it was reached.
    pub give_url: Option<String>,
}

/// Context of `partials/page_coaching`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PageCoachingView {
    /// Own milestones, by amount.
    pub promises: Vec<PromiseView>,
    /// Badges earned, the first earned first.
    pub badges: Vec<BadgeView>,
}

/// Context of `coach`.
#[derive(Debug, Clone, Serialize)]
pub struct CoachView {
    /// The frame.
    pub shell: Shell,
    /// The tabs.
    pub tools: PageTools,
    /// What to do now.
    pub step: StepView,
    /// How far the page is.
    pub progress: ProgressView,
    /// The tasks of the first days.
    pub tasks: Vec<TaskView>,
    /// How many of them are done, in words.
    pub tasks_done: String,
    /// Own milestones with their forms.
    pub promises: Vec<PromiseForm>,
    /// The form for a new one; `None` when the page holds as many as it may.
    pub new_promise: Option<PromiseForm>,
    /// The sign before an amount.
    pub sign: String,
    /// Badges earned.
    pub earned: Vec<BadgeView>,
    /// Badges still to earn.
    pub locked: Vec<BadgeView>,
    /// The team and its badges, earned ones first.
    pub team: Option<TeamBadgesView>,
    /// Tips that have had their day, newest first.
    pub tips: Vec<TipView>,
    /// In how many days one coaching mail comes at most, in words.
    pub between: String,
    /// Kinds of mail; empty for staff, whose mail it is not.
    pub switches: Vec<SwitchView>,
    /// What to mend, with the field it concerns.
    pub errors: Vec<MendView>,
    /// The seal of the forms.
    pub csrf: String,
}

/// The next step.
#[derive(Debug, Clone, Serialize)]
pub struct StepView {
    /// One sentence.
    pub sentence: String,
    /// The button.
    pub act: String,
    /// Where it leads.
    pub href: String,
}

/// How far a page is.
#[derive(Debug, Clone, Serialize)]
pub struct ProgressView {
    /// Raised.
    pub raised: MoneyView,
    /// The goal, if there is one.
    pub goal: Option<MoneyView>,
    /// Per cent of the goal, 100 at most.
    pub percent: i64,
    /// What is missing to the next mark.
    pub next_gap: Option<MoneyView>,
    /// What that mark is.
    pub next: String,
}

/// A task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskView {
    /// What to do.
    pub label: String,
    /// Why.
    pub why: String,
    /// Where.
    pub href: String,
    /// Done.
    pub is_done: bool,
}

/// An own milestone in its owner's hands: the form as it was typed, with what to mend.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PromiseForm {
    /// Its id; empty for a new one.
    pub id: String,
    /// Where the form is sent.
    pub action: String,
    /// The amount as it reads.
    pub amount: Option<MoneyView>,
    /// The promise as it stands.
    pub words: String,
    /// Reached: it can be kept or removed, and not rewritten.
    pub is_reached: bool,
    /// Kept.
    pub is_kept: bool,
    /// What is missing.
    pub gap: Option<MoneyView>,
    /// What stands in the amount's field.
    pub typed_amount: String,
    /// What stands in the promise's field.
    pub typed_words: String,
    /// What is wrong with the amount.
    pub amount_error: Option<String>,
    /// What is wrong with the promise.
    pub words_error: Option<String>,
    /// The form is open.
    pub is_open: bool,
}

/// A team's badges.
#[derive(Debug, Clone, Serialize)]
pub struct TeamBadgesView {
    /// The team.
    pub link: Link,
    /// Its badges.
    pub badges: Vec<BadgeView>,
}

/// A tip of the archive.
#[derive(Debug, Clone, Serialize)]
pub struct TipView {
    /// Its title.
    pub title: String,
    /// Its day.
    pub day: String,
    /// Its paragraphs.
    pub text: Vec<String>,
    /// The button.
    pub act: String,
    /// Where it leads.
    pub href: String,
}

/// A kind of mail.
#[derive(Debug, Clone, Serialize)]
pub struct SwitchView {
    /// What it is called.
    pub label: String,
    /// Why it comes.
    pub why: String,
    /// It comes.
    pub is_on: bool,
    /// Where to change that.
    pub href: String,
}

/// Something to mend.
#[derive(Debug, Clone, Serialize)]
pub struct MendView {
    /// The id of its field.
    pub field: String,
    /// What to do.
    pub message: String,
}
