//! The context of a step.

use serde::Serialize;
use serde_json::Value;

use super::Step;
use super::form::Typed;
use super::setting::Setting;
use crate::campaigns::frame;
use crate::error::FieldError;
use crate::media::{MediaId, PhotoField, Size, url};
use crate::pages::fields;
use crate::pages::model::Page;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Site, markdown, placeholder};

/// Context of `start`.
#[derive(Debug, Serialize)]
pub(super) struct StepView {
    shell: Shell,
    campaign: Link,
    step: Step,
    /// Which step it is, the first being 1. (`number` is a helper of the templates.)
    at_step: usize,
    of_steps: usize,
    steps: Vec<StepDot>,
    action: String,
    back_url: String,
    csrf: String,
    typed: Typed,
    errors: Vec<FieldError>,
    fault: Value,
    /// What concerns no single field.
    notice: Option<String>,
    default_title: String,
    campaign_story_html: String,
    prompts: Vec<String>,
    goals: Vec<GoalChoice>,
    currency: String,
    sign: String,
    photo: PhotoField,
    portrait_svg: String,
    address_base: String,
    preview: Option<PreviewView>,
    needs_approval: bool,
}

#[derive(Debug, Serialize)]
struct StepDot {
    label: &'static str,
    href: Option<String>,
    is_current: bool,
}

#[derive(Debug, Serialize)]
struct GoalChoice {
    amount: MoneyView,
    checked: bool,
    usual: bool,
}

#[derive(Debug, Serialize)]
struct PreviewView {
    title: String,
    participant: String,
    story_html: String,
    goal: Option<MoneyView>,
    photo_url: Option<String>,
    photo_alt: String,
    address: String,
    href: String,
}

/// What has happened to the form so far.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub typed: Typed,
    pub faults: Vec<FieldError>,
    pub notice: Option<String>,
}

/// The fields whose faults the template names.
const FIELDS: [&str; 7] = [
    "participant",
    "title",
    "story",
    "goal",
    "photo",
    "photo_alt",
    "slug",
];

impl StepView {
    pub(super) fn new(
        site: &Site,
        nonce: &str,
        csrf: String,
        setting: &Setting,
        step: Step,
        shown: Shown,
    ) -> Self {
        let campaign = &setting.campaign;
        let now = site.clock.now();
        let title = format!("{} · Your page", step.label());
        let about = (title.as_str(), campaign.appeal.as_str());
        let mut shell = frame::shell(&site.config, nonce, campaign, now, about).private();
        shell.give_url = None;
        let typed = shown.typed;
        let chosen = typed.goal(setting).ok();
        let own = !typed.goal_own.trim().is_empty();
        let usual = setting.campaign.rules.0.page_goal;
        let draft = setting.draft.as_ref();
        let photo = draft.and_then(Page::photograph);
        let base = site.config.public_url();
        let slug = draft.map_or(typed.participant.as_str(), |page| page.slug.as_str());
        Self {
            campaign: Link::new(&campaign.title, &frame::path(campaign)),
            at_step: Step::ALL.iter().position(|one| *one == step).unwrap_or(0) + 1,
            of_steps: Step::ALL.len(),
            steps: dots(setting, step),
            action: setting.path(step),
            back_url: match step.before() {
                Some(before) => setting.path(before),
                None => frame::path(campaign),
            },
            csrf,
            default_title: setting.default_title("…"),
            campaign_story_html: markdown::html(&campaign.story).into_string(),
            prompts: prompts(setting),
            goals: setting
                .goals()
                .into_iter()
                .map(|goal| GoalChoice {
                    amount: goal.into(),
                    checked: !own && chosen == Some(goal),
                    usual: goal.minor() == usual,
                })
                .collect(),
            currency: campaign.currency.code().to_owned(),
            sign: campaign.currency.sign(),
            photo: photo_field(photo, &typed, &shown.faults),
            portrait_svg: placeholder::portrait(slug, &typed.participant, &shell.accent),
            address_base: format!("{}/pages/", base.split("://").last().unwrap_or(&base)),
            preview: draft.map(|page| preview(page, setting, &base)),
            needs_approval: campaign.rules.0.approve_pages,
            fault: fields::by_field(&shown.faults, &FIELDS),
            errors: shown.faults,
            notice: shown.notice,
            step,
            typed,
            shell,
        }
    }
}

fn photo_field(photo: Option<MediaId>, typed: &Typed, faults: &[FieldError]) -> PhotoField {
    let mut field = PhotoField::new("Your photo", true, photo, &typed.photo_alt).faults(faults);
    field.crop.clone_from(&typed.photo_crop);
    field
}

/// Steps that were taken can be gone back to.
fn dots(setting: &Setting, current: Step) -> Vec<StepDot> {
    let reached = setting.draft.as_ref().map(|_| setting.left_at());
    Step::ALL
        .iter()
        .map(|step| StepDot {
            label: step.label(),
            href: reached
                .filter(|reached| step <= reached && *step != current)
                .map(|_| setting.path(*step)),
            is_current: *step == current,
        })
        .collect()
}

/// Beginnings of sentences for whoever looks at an empty sheet.
fn prompts(setting: &Setting) -> Vec<String> {
    let mut prompts = vec![
        "I take part because ".to_owned(),
        "The first time I heard of this, ".to_owned(),
        "Every day of the challenge I will ".to_owned(),
    ];
    if let Some(cost) = &setting.cost {
        prompts.push(format!(
            "If you give {}, it covers {}. ",
            cost.amount(),
            cost.covers
        ));
    }
    prompts
}

fn preview(page: &Page, setting: &Setting, base: &str) -> PreviewView {
    let goal = page.goal(setting.campaign.currency);
    let story = if page.story.is_empty() {
        &setting.campaign.story
    } else {
        &page.story
    };
    PreviewView {
        title: page.title.clone(),
        participant: page.participant.clone(),
        story_html: markdown::html(story).into_string(),
        goal: (goal.minor() > 0).then(|| goal.into()),
        photo_url: page.photograph().map(|id| url(id, Size::Middle)),
        photo_alt: page.photo_alt.clone(),
        address: format!(
            "{}/pages/{}",
            base.split("://").last().unwrap_or(base),
            page.slug
        ),
        href: format!("/pages/{}", page.slug),
    }
}
