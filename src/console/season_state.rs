//! A season's larger steps: live, closed, made again for the next year, its money shared out anew.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::policies;
use super::scope::{self, Scope};
use super::season::draw;
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::campaigns::again::{CloneSeason, clone_season, next_slug, next_title};
use crate::campaigns::ops::move_to;
use crate::campaigns::ready::go_live;
use crate::campaigns::sharing::share_out;
use crate::campaigns::{Campaign, CampaignId, CampaignStatus};
use crate::error::{AppError, AppResult, FieldError};
use crate::funds::approval::{approve_policy, has_gifts};
use crate::funds::{FundId, PolicyId};
use crate::kernel::{Line, Slug};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

async fn season(desk: &Desk, slug: &str) -> AppResult<Campaign> {
    let (scope, slug) = (Scope::of(&desk.signed), slug.to_owned());
    let db = &desk.site.db;
    db.read(move |c| scope::season(c, &scope, &slug)).await
}

/// Live or closed: fields `to`, and `confirm`, into which the season's address is typed.
pub(super) async fn state(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    let campaign = season(&desk, &path.0).await?;
    match step(&desk, &campaign, &form.0).await {
        Ok(word) => Ok(see(&format!(
            "/console/seasons/{}?done={word}",
            campaign.slug
        ))),
        Err(error) => draw(&desk, campaign.slug.as_str(), None, Mend::of(error)?).await,
    }
}

async fn step(desk: &Desk, campaign: &Campaign, typed: &Typed) -> AppResult<&'static str> {
    let to: CampaignStatus = typed
        .text("to")
        .parse()
        .map_err(|_| AppError::field("confirm", "choose what the season shall become"))?;
    if typed.text("confirm").trim() != campaign.slug.as_str() {
        let say = format!("type {} to confirm", campaign.slug);
        return Err(AppError::field("confirm", say));
    }
    let (id, actor, now) = (campaign.id, desk.signed.user(), desk.now());
    let (action, word) = match to {
        CampaignStatus::Live => ("season.live", "live"),
        CampaignStatus::Closed => ("season.close", "closed"),
        CampaignStatus::Draft => {
            return Err(AppError::field(
                "confirm",
                "a season does not become a draft again",
            ));
        }
    };
    desk.site
        .db
        .tx(move |c| {
            if to == CampaignStatus::Live {
                go_live(c, id, now)?;
            } else {
                move_to(c, id, to, now)?;
            }
            let deed = Deed::new(actor, action, ("season", id.to_string()));
            audit::record(c, &deed.of(id), now)
        })
        .await?;
    desk.site.views.changed("campaign", &id.to_string());
    Ok(word)
}

/// Puts a season's first policy in force: `share_program` names each program, `share_<id>` its percentage. From the first
/// gift on a policy is drafted under [`super::policies`] and approved by a second person.
pub(super) async fn policy(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    let campaign = season(&desk, &path.0).await?;
    let slug = campaign.slug.as_str();
    match first_policy(&desk, &campaign, &form.0).await {
        Ok(()) => Ok(see(&format!("/console/seasons/{slug}?done=shared-out"))),
        Err(error) => draw(&desk, slug, Some(&form.0), Mend::of(error)?).await,
    }
}

async fn first_policy(desk: &Desk, campaign: &Campaign, typed: &Typed) -> AppResult<()> {
    let (id, by, now) = (campaign.id, desk.signed.user(), desk.now());
    let new = policies::parse(desk, campaign, typed, now)?;
    desk.site
        .db
        .tx(move |c| {
            if has_gifts(c, id)? {
                return Err(AppError::Conflict {
                    code: "needs_second_person",
                    detail: "this season has gifts: draft a version under Policies, and a second person approves it".into(),
                });
            }
            let version = share_out(c, &new, now)?;
            audit::record(c, &policies::said(&new, version), now)?;
            approve_policy(c, new.id, by, now)?;
            let deed = Deed::new(by, "policy.approve", ("season", id.to_string()))
                .saying(format!("version {version}, before the first gift"));
            audit::record(c, &deed.of(id), now)
        })
        .await?;
    desk.site.views.changed("campaign", &id.to_string());
    Ok(())
}

/// Context of `console/season_again`.
#[derive(Serialize)]
struct AgainView {
    title: String,
    href: String,
    action: String,
    fields: Vec<Field>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// Asks for address and title of the season that follows.
pub(super) async fn again(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    Scope::of(&desk.signed).check_whole()?;
    let campaign = season(&desk, &path.0).await?;
    let mut typed = Typed::default();
    typed.set("title", next_title(&campaign));
    typed.set("slug", next_slug(&campaign));
    draw_again(&desk, &campaign, &typed, Mend::none())
}

fn draw_again(
    desk: &Desk,
    campaign: &Campaign,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let d = Draw { typed, mend: &mend };
    let fields = vec![
        d.text("title", "Title"),
        d.text("slug", "Address")
            .hint("Its place in URLs. It stands for good."),
    ];
    let href = format!("/console/seasons/{}", campaign.slug);
    let view = AgainView {
        title: campaign.title.clone(),
        action: format!("{href}/again"),
        href,
        fields,
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("season_again", "Once more", mend.status, view)
}

/// Makes the season that follows, as a draft.
pub(super) async fn make_again(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    Scope::of(&desk.signed).check_whole()?;
    let campaign = season(&desk, &path.0).await?;
    match clone(&desk, &campaign, &form.0).await {
        Ok(slug) => Ok(see(&format!("/console/seasons/{slug}?done=made"))),
        Err(error) => draw_again(&desk, &campaign, &form.0, Mend::of(error)?),
    }
}

async fn clone(desk: &Desk, campaign: &Campaign, typed: &Typed) -> AppResult<Slug> {
    let title = Line::parse(typed.text("title"), 200);
    let slug = typed.text("slug").trim().parse::<Slug>();
    let (title, slug) = match (title, slug) {
        (Ok(title), Ok(slug)) => (title, slug),
        (title, slug) => {
            let mut faults = Vec::new();
            faults.extend(title.err().map(|error| FieldError::new("title", error)));
            faults.extend(slug.err().map(|error| FieldError::new("slug", error)));
            return Err(AppError::Invalid(faults));
        }
    };
    let new = CloneSeason {
        id: CampaignId::new(),
        fund: FundId::new(),
        policy: PolicyId::new(),
        of: campaign.id,
        slug: slug.clone(),
        title,
    };
    let (actor, now) = (desk.signed.user(), desk.now());
    desk.site
        .db
        .tx(move |c| {
            clone_season(c, &new, now)?;
            let deed = Deed::new(actor, "season.create", ("season", new.id.to_string()))
                .saying(format!("from {}", new.of));
            audit::record(c, &deed.of(new.id), now)
        })
        .await?;
    Ok(slug)
}
