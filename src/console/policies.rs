//! `/console/policies`: versions of how a season's undesignated money is shared out: drafted, previewed, approved.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{NaiveTime, TimeZone};
use serde::{Deserialize, Serialize};

use super::bars::lying;
use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::scope::{self, Chosen, Scope, SeasonChoice};
use super::season::{ShareField, percent};
use super::seasons::all_programs;
use crate::audit::{self, Deed};
use crate::auth::{Finance, Role, Staff};
use crate::campaigns::Campaign;
use crate::campaigns::edit::program_ids;
use crate::campaigns::sharing::{ProgramShare, ShareOut, share_out};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::funds::approval::{approve_policy, discard_policy, versions};
use crate::funds::preview::{Preview, preview};
use crate::funds::{self, FundId, Policy, PolicyId, Share};
use crate::ids::ProgramId;
use crate::kernel::{Day, Line, Money, Timestamp};
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
}

struct Found {
    chosen: Chosen,
    versions: Vec<(Policy, Vec<Share>)>,
    in_force: Option<PolicyId>,
    preview: Vec<Preview>,
    programs: Vec<(ProgramId, String)>,
}

#[derive(Serialize)]
struct ShareRow {
    name: String,
    percent: String,
}

#[derive(Serialize)]
struct VersionRow {
    version: i32,
    state: &'static str,
    effective_from: String,
    note: String,
    shares: Vec<ShareRow>,
}

#[derive(Serialize)]
struct PreviewRow {
    name: String,
    percent: String,
    got: MoneyView,
    would: MoneyView,
    is_more: bool,
    is_less: bool,
    differs: MoneyView,
    got_svg: String,
    would_svg: String,
}

#[derive(Serialize)]
struct DraftView {
    id: String,
    version: i32,
    effective_from: String,
    has_passed: bool,
    note: String,
    preview: Vec<PreviewRow>,
    whole: MoneyView,
    may_approve: bool,
    is_own: bool,
}

/// Context of `console/policies`.
#[derive(Serialize)]
struct PoliciesView {
    seasons: Vec<SeasonChoice>,
    title: String,
    slug: String,
    zone: String,
    versions: Vec<VersionRow>,
    draft: Option<DraftView>,
    shares: Vec<ShareField>,
    fields: Vec<Field>,
    shares_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Policies);
    draw(&desk, &query.0.campaign, &Typed::default(), Mend::none()).await
}

fn find(conn: &mut Conn, scope: &Scope, slug: &str, now: Timestamp) -> AppResult<Found> {
    let chosen = scope::chosen(conn, scope, slug)?;
    let id = chosen.campaign.id;
    let mut all = Vec::new();
    let mut shown = Vec::new();
    for policy in versions(conn, id)? {
        if policy.is_draft() {
            shown = preview(conn, policy.id)?;
        }
        let shares = funds::fund_shares(conn, policy.id)?;
        all.push((policy, shares));
    }
    let named = program_ids(conn, id)?;
    let mut programs = all_programs(conn)?;
    programs.retain(|(program, _)| named.contains(program));
    Ok(Found {
        in_force: funds::policy_in_force(conn, id, now)?.map(|policy| policy.id),
        chosen,
        versions: all,
        preview: shown,
        programs,
    })
}

async fn draw(desk: &Desk, slug: &str, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let (scope, now, slug) = (Scope::of(&desk.signed), desk.now(), slug.to_owned());
    let db = &desk.site.db;
    let found = db.read(move |c| find(c, &scope, &slug, now)).await?;
    let campaign = &found.chosen.campaign;
    let d = Draw { typed, mend: &mend };
    let newest = found
        .versions
        .iter()
        .find(|(policy, _)| policy.approved_at.is_some());
    let view = PoliciesView {
        title: campaign.title.clone(),
        slug: campaign.slug.to_string(),
        zone: campaign.time_zone.to_string(),
        versions: found
            .versions
            .iter()
            .map(|(policy, shares)| version(&found, policy, shares, now))
            .collect(),
        draft: found
            .versions
            .iter()
            .find(|(policy, _)| policy.is_draft())
            .map(|(policy, _)| draft_view(desk, &found, policy, now)),
        shares: share_fields(
            &found,
            newest.map_or(&[][..], |(_, shares)| shares.as_slice()),
            typed,
        ),
        fields: vec![
            d.date("from", "From which day on")
                .hint("Its beginning in the season’s zone; empty: from the moment it is approved."),
            d.area("note", "Why, for everybody to read", 2),
        ],
        shares_error: mend.at("shares"),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
        seasons: found.chosen.choices,
    };
    desk.show("policies", "Policies", mend.status, view)
}

fn version(found: &Found, policy: &Policy, shares: &[Share], now: Timestamp) -> VersionRow {
    VersionRow {
        version: policy.version,
        state: if policy.discarded_at.is_some() {
            "discarded"
        } else if policy.is_draft() {
            "draft"
        } else if found.in_force == Some(policy.id) {
            "in force"
        } else if policy.effective_from > now {
            "to come"
        } else {
            "past"
        },
        effective_from: policy.effective_from.rfc3339(),
        note: policy.note.clone(),
        shares: shares
            .iter()
            .filter(|share| share.basis_points > 0)
            .map(|share| ShareRow {
                name: share.name.clone(),
                percent: percent(share.basis_points),
            })
            .collect(),
    }
}

fn draft_view(desk: &Desk, found: &Found, policy: &Policy, now: Timestamp) -> DraftView {
    let money = |minor| MoneyView::from(Money::new(minor, found.chosen.campaign.currency));
    let most = found
        .preview
        .iter()
        .map(|one| one.got.max(one.would))
        .max()
        .unwrap_or(0);
    let is_own = policy.drafted_by == Some(desk.signed.user());
    DraftView {
        id: policy.id.to_string(),
        version: policy.version,
        effective_from: policy.effective_from.rfc3339(),
        has_passed: policy.effective_from <= now,
        note: policy.note.clone(),
        whole: money(found.preview.iter().map(|one| one.got).sum()),
        preview: found
            .preview
            .iter()
            .map(|one| PreviewRow {
                name: one.name.clone(),
                percent: percent(one.points),
                got: money(one.got),
                would: money(one.would),
                is_more: one.would > one.got,
                is_less: one.would < one.got,
                differs: money((one.would - one.got).abs()),
                got_svg: lying(&[("seg-granted", one.got)], most),
                would_svg: lying(&[("seg-free", one.would)], most),
            })
            .collect(),
        may_approve: desk.signed.is(Role::Finance) && !is_own,
        is_own,
    }
}

fn share_fields(found: &Found, shares: &[Share], typed: &Typed) -> Vec<ShareField> {
    let is_typed = typed.all("share_program").next().is_some();
    let rows = found.programs.iter().map(|(id, name)| {
        let share = shares.iter().find(|share| share.program_id == Some(*id));
        ShareField {
            id: id.to_string(),
            name: name.clone(),
            percent: match share {
                _ if is_typed => typed.text(&format!("share_{id}")).to_owned(),
                Some(share) => percent(share.basis_points),
                None => String::new(),
            },
        }
    });
    rows.collect()
}

/// Drafts the next version: fields `campaign`, `from`, `note`, `share_program` for each program and `share_<id>` for its
/// percentage.
pub(super) async fn draft(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Policies);
    let (scope, slug) = (Scope::of(&desk.signed), form.0.text("campaign").to_owned());
    let campaign = site
        .db
        .read(move |c| scope::season(c, &scope, &slug))
        .await?;
    let slug = campaign.slug.as_str();
    match drafted(&desk, &campaign, &form.0).await {
        Ok(()) => Ok(see(&format!(
            "/console/policies?campaign={slug}&done=drafted#draft"
        ))),
        Err(error) => draw(&desk, slug, &form.0, Mend::of(error)?).await,
    }
}

async fn drafted(desk: &Desk, campaign: &Campaign, typed: &Typed) -> AppResult<()> {
    let now = desk.now();
    let new = parse(desk, campaign, typed, now)?;
    let db = &desk.site.db;
    db.tx(move |c| {
        let version = share_out(c, &new, now)?;
        audit::record(c, &said(&new, version), now)
    })
    .await
}

/// What a form of shares says, with all that is to be mended at once.
pub(super) fn parse(
    desk: &Desk,
    campaign: &Campaign,
    typed: &Typed,
    now: Timestamp,
) -> AppResult<ShareOut> {
    let note = Line::parse(typed.text("note"), 400);
    let (shares, from) = (shares(typed), beginning(typed.text("from"), campaign, now));
    match (note, shares, from) {
        (Ok(note), Ok(shares), Ok(effective_from)) => Ok(ShareOut {
            id: PolicyId::new(),
            campaign: campaign.id,
            effective_from,
            note,
            by: desk.signed.user(),
            shares,
        }),
        (note, shares, from) => {
            let mut faults = Vec::new();
            faults.extend(from.err().map(|error| FieldError::new("from", error)));
            faults.extend(note.err().map(|error| FieldError::new("note", error)));
            faults.extend(shares.err().map(|error| FieldError::new("shares", error)));
            Err(AppError::Invalid(faults))
        }
    }
}

/// The deed of drafting, in the season's record.
pub(super) fn said(new: &ShareOut, version: i32) -> Deed {
    let points: Vec<String> = new
        .shares
        .iter()
        .map(|share| format!("{} {}", share.program, share.points))
        .collect();
    Deed::new(new.by, "policy.draft", ("season", new.campaign.to_string()))
        .of(new.campaign)
        .saying(format!("version {version}: {}", points.join(", ")))
}

/// The beginning of a day in the season's zone; now, of none.
fn beginning(text: &str, campaign: &Campaign, now: Timestamp) -> Result<Timestamp, &'static str> {
    if text.trim().is_empty() {
        return Ok(now);
    }
    let day: Day = text
        .trim()
        .parse()
        .map_err(|_| "choose a day like 2026-12-01")?;
    let begins = campaign
        .time_zone
        .tz()
        .from_local_datetime(&day.date().and_time(NaiveTime::MIN))
        .earliest()
        .ok_or("that day does not begin at midnight there; choose another")?;
    let begins = Timestamp::from(begins.to_utc());
    if begins < now {
        return Err("a policy is never retroactive: choose a day to come, or none");
    }
    Ok(begins)
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

/// Puts a draft in force, as a second person.
pub(super) async fn approve(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Policies);
    decide(&desk, &path.0, true).await
}

/// Discards a draft.
pub(super) async fn discard(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Policies);
    decide(&desk, &path.0, false).await
}

async fn decide(desk: &Desk, id: &str, approves: bool) -> AppResult<HttpResponse> {
    const MISSING: AppError = AppError::NotFound("this policy");
    let id: PolicyId = id.parse().map_err(|_| MISSING)?;
    let scope = if approves {
        Scope::as_finance(&desk.signed)
    } else {
        Scope::of(&desk.signed)
    };
    let (by, now) = (desk.signed.user(), desk.now());
    let db = &desk.site.db;
    let season = db
        .read(move |c| {
            let policy = funds::model::policy(c, id)?.ok_or(MISSING)?;
            scope.check(policy.campaign_id)?;
            crate::campaigns::model::by_id(c, policy.campaign_id)
        })
        .await?;
    let of = season.id;
    let decided = db
        .tx(move |c| {
            let (action, policy) = if approves {
                ("policy.approve", approve_policy(c, id, by, now)?)
            } else {
                ("policy.discard", discard_policy(c, id, now)?)
            };
            let deed = Deed::new(by, action, ("season", of.to_string()))
                .of(of)
                .saying(format!("version {}", policy.version));
            audit::record(c, &deed, now)
        })
        .await;
    match decided {
        Ok(()) => {
            desk.site.views.changed("campaign", &of.to_string());
            let word = if approves {
                "policy-approved"
            } else {
                "discarded"
            };
            Ok(see(&format!(
                "/console/policies?campaign={}&done={word}",
                season.slug
            )))
        }
        Err(error) => {
            draw(
                desk,
                season.slug.as_str(),
                &Typed::default(),
                Mend::of(error)?,
            )
            .await
        }
    }
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
