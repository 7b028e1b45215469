//! A season's larger steps: live, closed, made again for the next year, its money shared out anew.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::scope::{self, Scope};
use super::season::draw;
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::campaigns::again::{CloneSeason, clone_season, next_slug, next_title};
use crate::campaigns::ops::move_to;
use crate::campaigns::ready::go_live;
use crate::campaigns::sharing::{ProgramShare, ShareOut, share_out};
use crate::campaigns::{Campaign, CampaignId, CampaignStatus};
use crate::error::{AppError, AppResult, FieldError};
use crate::funds::{FundId, PolicyId};
use crate::ids::ProgramId;
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

/// Shares undesignated money out anew: `share_program` names each program, `share_<id>` its percentage.
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
    match new_policy(&desk, &campaign, &form.0).await {
        Ok(()) => Ok(see(&format!("/console/seasons/{slug}?done=shared-out"))),
        Err(error) => draw(&desk, slug, Some(&form.0), Mend::of(error)?).await,
    }
}

async fn new_policy(desk: &Desk, campaign: &Campaign, typed: &Typed) -> AppResult<()> {
    let note = Line::parse(typed.text("note"), 400);
    let shares = shares(typed);
    let (note, shares) = match (note, shares) {
        (Ok(note), Ok(shares)) => (note, shares),
        (note, shares) => {
            let mut faults = Vec::new();
            faults.extend(note.err().map(|error| FieldError::new("note", error)));
            faults.extend(shares.err().map(|error| FieldError::new("shares", error)));
            return Err(AppError::Invalid(faults));
        }
    };
    let new = ShareOut {
        id: PolicyId::new(),
        campaign: campaign.id,
        note,
        shares,
    };
    let (id, actor, now) = (campaign.id, desk.signed.user(), desk.now());
    desk.site
        .db
        .tx(move |c| {
            let version = share_out(c, &new, now)?;
            let points: Vec<String> = new
                .shares
                .iter()
                .map(|share| format!("{} {}", share.program, share.points))
                .collect();
            let deed = Deed::new(actor, "policy.draft", ("season", id.to_string()))
                .saying(format!("version {version}: {}", points.join(", ")));
            audit::record(c, &deed.of(id), now)
        })
        .await?;
    desk.site.views.changed("campaign", &id.to_string());
    Ok(())
}

fn shares(typed: &Typed) -> Result<Vec<ProgramShare>, &'static str> {
    let mut shares = Vec::new();
    for text in typed.all("share_program") {
        let program: ProgramId = text.parse().map_err(|_| "choose programs of the list")?;
        let points = points(typed.text(&format!("share_{text}")))
            .ok_or("write percentages like 60 or 62.5; they sum to 100")?;
        shares.push(ProgramShare {
            program,
            name: Line::parse(typed.text(&format!("name_{text}")), 200)
                .map_err(|_| "choose programs of the list")?,
            points,
            fund: FundId::new(),
        });
    }
    Ok(shares)
}

/// A typed percentage in basis points: at most two decimals; empty is none.
fn points(text: &str) -> Option<i32> {
    let text = text.trim().trim_end_matches('%').trim_end();
    if text.is_empty() {
        return Some(0);
    }
    let (whole, parts) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(parts) || parts.len() > 2 || whole.len() > 3 {
        return None;
    }
    let whole: i32 = whole.parse().ok()?;
    let parts: i32 = format!("{parts:0<2}").parse().ok()?;
    Some(whole * 100 + parts)
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

#[cfg(test)]
mod tests {
    use super::points;

    #[test]
    fn percentages_become_basis_points_without_a_float() {
        let read = [
            ("60", 6_000),
            ("62.5", 6_250),
            (" 0.01 % ", 1),
            ("", 0),
            ("100", 10_000),
        ];
        for (text, wanted) in read {
            assert_eq!(points(text), Some(wanted), "{text}");
        }
        for text in ["-1", "1e2", "62.555", ".5", "1.", "1000000000", "٣"] {
            assert_eq!(points(text), None, "{text}");
        }
    }
}
