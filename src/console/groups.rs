//! `/console/groups`: groups of teams of a season: colleges, churches, companies. Staff make and edit them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::listing;
use super::scope::{self, Scope, SeasonChoice};
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::campaigns::CampaignId;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Line, Slug};
use crate::teams::groups::{self, CreateGroup, Group, GroupId, GroupKind};
use crate::web::markdown::Story;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
}

#[derive(Serialize)]
struct RowView {
    name: String,
    kind: &'static str,
    public_url: String,
    edit_url: String,
}

/// Context of `console/groups`.
#[derive(Serialize)]
struct GroupsView {
    seasons: Vec<SeasonChoice>,
    rows: Vec<RowView>,
    form: FormView,
}

/// Context of `console/group_form`.
#[derive(Serialize)]
struct FormView {
    action: String,
    campaign: String,
    fields: Vec<Field>,
    kinds: Vec<listing::Choice>,
    story: Field,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

fn form(typed: &Typed, mend: Mend, action: &str, campaign: &str, is_new: bool) -> FormView {
    let d = Draw { typed, mend: &mend };
    let mut fields = vec![d.text("name", "Name")];
    if is_new {
        fields.push(
            d.text("slug", "Address")
                .hint("Its place in URLs. It stands for good."),
        );
    }
    FormView {
        fields,
        kinds: listing::choices(GroupKind::ALL, typed.text("kind")),
        story: d
            .area("story", "What it says about itself", 4)
            .hint("Markdown."),
        action: action.to_owned(),
        campaign: campaign.to_owned(),
        errors: mend.faults,
        notice: mend.notice,
    }
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Teams);
    draw(&desk, query.0.campaign, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, slug: String, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let (chosen, all) = desk
        .site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &slug)?;
            let all = groups::of_campaign(c, chosen.campaign.id)?;
            Ok((chosen, all))
        })
        .await?;
    let status = mend.status;
    let rows = all.iter().map(|group| RowView {
        name: group.name.clone(),
        kind: group.kind.as_str(),
        public_url: format!("/groups/{}", group.slug),
        edit_url: format!("/console/groups/{}", group.id),
    });
    let view = GroupsView {
        seasons: chosen.choices,
        rows: rows.collect(),
        form: form(
            typed,
            mend,
            "/console/groups",
            chosen.campaign.slug.as_str(),
            true,
        ),
    };
    desk.show("groups", "Groups of teams", status, view)
}

/// What was typed of a group.
struct Parsed {
    name: Line,
    kind: GroupKind,
    story: Story,
}

fn parse(typed: &Typed) -> AppResult<Parsed> {
    let name = Line::parse(typed.text("name"), 120);
    let kind = typed.text("kind").parse::<GroupKind>();
    let story = Story::parse(typed.text("story"));
    match (name, kind, story) {
        (Ok(name), Ok(kind), Ok(story)) => Ok(Parsed { name, kind, story }),
        (name, kind, story) => {
            let mut faults = Vec::new();
            faults.extend(name.err().map(|error| FieldError::new("name", error)));
            faults.extend(kind.err().map(|error| FieldError::new("kind", error)));
            faults.extend(story.err().map(|error| FieldError::new("story", error)));
            Err(AppError::Invalid(faults))
        }
    }
}

/// Makes a group: fields `campaign`, `name`, `slug`, `kind`, `story`.
pub(super) async fn create(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Teams);
    let (scope, slug) = (Scope::of(&desk.signed), form.0.text("campaign").to_owned());
    let wanted = slug.clone();
    let season = site
        .db
        .read(move |c| scope::season(c, &scope, &wanted))
        .await?;
    match make(&desk, season.id, &form.0).await {
        Ok(()) => {
            site.views.changed("campaign", &season.id.to_string());
            Ok(see(&format!("/console/groups?campaign={slug}&done=saved")))
        }
        Err(error) => draw(&desk, slug, &form.0, Mend::of(error)?).await,
    }
}

async fn make(desk: &Desk, campaign: CampaignId, typed: &Typed) -> AppResult<()> {
    let slug: Slug = typed
        .text("slug")
        .trim()
        .parse()
        .map_err(|error| AppError::field("slug", error))?;
    let parsed = parse(typed)?;
    let new = CreateGroup {
        id: GroupId::new(),
        campaign,
        slug,
        name: parsed.name,
        kind: parsed.kind,
        story: parsed.story,
    };
    let (actor, now) = (desk.signed.user(), desk.now());
    desk.site
        .db
        .tx(move |c| {
            groups::create(c, &new, now)?;
            let deed = Deed::new(actor, "group.create", ("group", new.id.to_string()));
            audit::record(c, &deed.of(campaign), now)
        })
        .await
}

/// Context of `console/group`.
#[derive(Serialize)]
struct GroupView {
    name: String,
    public_url: String,
    form: FormView,
}

async fn group_of(desk: &Desk, text: &str) -> AppResult<Group> {
    let id: GroupId = text.parse().map_err(|_| AppError::NotFound("the group"))?;
    let group = desk.site.db.read(move |c| groups::by_id(c, id)).await?;
    Scope::of(&desk.signed).check(group.campaign_id)?;
    Ok(group)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Teams);
    let group = group_of(&desk, &path.0).await?;
    let mut typed = Typed::default();
    typed.set("name", &group.name);
    typed.set("kind", group.kind);
    typed.set("story", &group.story);
    draw_one(&desk, &group, &typed, Mend::none())
}

fn draw_one(desk: &Desk, group: &Group, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let status = mend.status;
    let action = format!("/console/groups/{}", group.id);
    let view = GroupView {
        name: group.name.clone(),
        public_url: format!("/groups/{}", group.slug),
        form: form(typed, mend, &action, "", false),
    };
    desk.show("group", &group.name, status, view)
}

/// Edits a group: fields `name`, `kind`, `story`.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Teams);
    let group = group_of(&desk, &path.0).await?;
    let (id, campaign) = (group.id, group.campaign_id);
    let (actor, now) = (desk.signed.user(), desk.now());
    let before = format!("{}\n{}\n{}", group.name, group.kind, group.story);
    let done = match parse(&form.0) {
        Err(error) => Err(error),
        Ok(Parsed { name, kind, story }) => {
            site.db
                .tx(move |c| {
                    groups::edit(c, id, (&name, kind, &story))?;
                    let after = format!("{name}\n{kind}\n{}", story.as_str());
                    let deed = Deed::new(actor, "group.edit", ("group", id.to_string()));
                    audit::record(c, &deed.of(campaign).edited(before.clone(), after), now)
                })
                .await
        }
    };
    match done {
        Ok(()) => {
            site.views.changed("campaign", &campaign.to_string());
            Ok(see(&format!("/console/groups/{id}?done=saved")))
        }
        Err(error) => draw_one(&desk, &group, &form.0, Mend::of(error)?),
    }
}
