//! The editor's context.

use serde::Serialize;
use serde_json::Value;

use super::form::Typed;
use crate::campaigns::frame;
use crate::error::FieldError;
use crate::media::PhotoField;
use crate::pages::PageOwner;
use crate::pages::fields;
use crate::pages::messages::Message;
use crate::pages::model::{Page, PageStatus};
use crate::pages::tools::{PageTools, Tool};
use crate::web::views::shell::Shell;
use crate::web::{Site, markdown};

/// Context of `page_edit`.
#[derive(Debug, Serialize)]
pub(super) struct EditView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    action: String,
    state: PageStatus,
    hidden_reason: Option<String>,
    on_behalf: bool,
    typed: Typed,
    errors: Vec<FieldError>,
    fault: Value,
    notice: Option<String>,
    saved: bool,
    /// What stands there now, where somebody else changed it meanwhile.
    clash: Vec<Clash>,
    photo: PhotoField,
    currency: String,
    address_base: String,
    preview_html: Option<String>,
    campaign_story: bool,
    messages: Vec<MessageRow>,
    message: String,
    /// To whom the page is offered at the moment.
    offered_to: Option<String>,
    transfer_email: String,
}

#[derive(Debug, Serialize)]
struct Clash {
    label: &'static str,
    theirs: String,
}

#[derive(Debug, Serialize)]
struct MessageRow {
    from_staff: bool,
    body: String,
    at: String,
}

/// What has happened to the form so far.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub typed: Typed,
    pub faults: Vec<FieldError>,
    pub notice: Option<String>,
    pub saved: bool,
    pub clashes: bool,
    pub preview: bool,
    pub message: String,
    pub transfer_email: String,
}

/// What the page's other rows say.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub messages: Vec<Message>,
    pub offered_to: Option<String>,
}

const FIELDS: [&str; 9] = [
    "title",
    "participant",
    "story",
    "goal",
    "slug",
    "photo",
    "photo_alt",
    "message",
    "email",
];

impl EditView {
    pub(super) fn new(
        site: &Site,
        nonce: &str,
        csrf: String,
        owner: &PageOwner,
        around: Around,
        shown: Shown,
    ) -> Self {
        let (page, campaign) = (&owner.overview.page, &owner.overview.campaign);
        let title = format!("Edit: {}", page.title);
        let about = (title.as_str(), campaign.appeal.as_str());
        let mut shell =
            frame::shell(&site.config, nonce, campaign, site.clock.now(), about).private();
        shell.give_url = None;
        let mut typed = shown.typed;
        let clash = if shown.clashes {
            let now = Typed::of(page, campaign);
            let clash = clashes(&typed, &now);
            // Whoever sends it again has seen what stands there now.
            typed.version = now.version;
            clash
        } else {
            Vec::new()
        };
        let mut photo = PhotoField::new("Photo", true, page.photograph(), &typed.photo_alt)
            .faults(&shown.faults);
        photo.crop.clone_from(&typed.photo_crop);
        let base = site.config.public_url();
        Self {
            tools: PageTools::new(page, Some(Tool::Edit)),
            csrf,
            action: format!("/pages/{}/edit", page.slug),
            state: page.status,
            hidden_reason: page.hidden_reason.clone(),
            on_behalf: owner.on_behalf,
            fault: fields::by_field(&shown.faults, &FIELDS),
            errors: shown.faults,
            notice: shown.notice,
            saved: shown.saved,
            clash,
            photo,
            currency: campaign.currency.code().to_owned(),
            address_base: format!("{}/pages/", base.split("://").last().unwrap_or(&base)),
            preview_html: shown.preview.then(|| preview(&typed, &campaign.story)),
            campaign_story: typed.story.trim().is_empty(),
            messages: around.messages.iter().map(row).collect(),
            message: shown.message,
            offered_to: around.offered_to,
            transfer_email: shown.transfer_email,
            typed,
            shell,
        }
    }
}

fn row(message: &Message) -> MessageRow {
    MessageRow {
        from_staff: message.from_staff,
        body: message.body.clone(),
        at: message.created_at.rfc3339(),
    }
}

fn preview(typed: &Typed, campaign_story: &str) -> String {
    let story = if typed.story.trim().is_empty() {
        campaign_story
    } else {
        &typed.story
    };
    markdown::html(story).into_string()
}

fn clashes(mine: &Typed, theirs: &Typed) -> Vec<Clash> {
    let fields = [
        ("Title", &mine.title, &theirs.title),
        ("Name", &mine.participant, &theirs.participant),
        ("Story", &mine.story, &theirs.story),
        ("Goal", &mine.goal, &theirs.goal),
        ("Address", &mine.slug, &theirs.slug),
        ("What the photo shows", &mine.photo_alt, &theirs.photo_alt),
    ];
    let same = |a: &str, b: &str| a.replace("\r\n", "\n").trim() == b.trim();
    fields
        .into_iter()
        .filter(|(_, mine, theirs)| !same(mine, theirs))
        .map(|(label, _, theirs)| Clash {
            label,
            theirs: theirs.clone(),
        })
        .collect()
}

/// Whether the editor is the place for this page: a draft is made in the guided start.
pub(super) fn is_draft(page: &Page) -> bool {
    page.status == PageStatus::Draft
}
