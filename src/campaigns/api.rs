//! `/api/v1/campaigns` and `/api/v1/campaigns/{slug}`.

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use serde::Serialize;

use super::model::{self, Campaign, CampaignStatus, CampaignTotal, Question};
use super::overview::{Overview, overview};
use crate::db::Db;
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::{Clock, Currency, Day, Listed, Money, Slug, Timestamp, Zone};
use crate::partners::api::ProgramItem;
use crate::totals::{self, Tally, TallyScope, Total};
use crate::web::markdown;
use crate::web::query::{self, ListQuery, NoQuery};

/// Mounts the campaigns.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/campaigns").route(web::get().to(list)))
        .service(web::resource("/api/v1/campaigns/{slug}").route(web::get().to(one)));
}

/// A campaign in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CampaignItem {
    /// The id.
    pub id: String,
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// What it asks for, in one or two sentences.
    pub appeal: String,
    /// `live` or `closed`.
    #[schema(value_type = String, example = "live")]
    pub status: CampaignStatus,
    /// The only currency it takes.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// Where its days begin and end.
    #[schema(value_type = String, example = "America/Los_Angeles")]
    pub time_zone: Zone,
    /// First day of the challenge.
    #[schema(value_type = String, format = Date)]
    pub starts_on: Day,
    /// Last day of the challenge.
    #[schema(value_type = String, format = Date)]
    pub ends_on: Day,
    /// Last day of giving, which ends with that day in `time_zone`.
    #[schema(value_type = String, format = Date)]
    pub giving_until: Day,
    /// Whether a gift is taken now.
    pub giving_open: bool,
    /// Days of giving after today; `null` when no gift is taken.
    pub days_left: Option<i64>,
    /// Which day of the challenge it is; `null` before and after it.
    pub challenge_day: Option<i64>,
    /// How much it wants to raise.
    pub goal: Money,
    /// What it raised.
    pub raised: Money,
    /// What sponsors' match pools add to that.
    pub matched: Money,
    /// Paid gifts.
    pub donations: i64,
    /// People who gave them.
    pub donors: i64,
}

/// A program of a campaign.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CampaignProgramItem {
    /// The program.
    #[serde(flatten)]
    pub program: ProgramItem,
    /// Its share of undesignated money now, in ten-thousandths.
    pub share_basis_points: i32,
}

/// How undesignated money is shared out now.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PolicyItem {
    /// 1, 2, 3 … within the campaign.
    pub version: i32,
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    pub effective_from: Timestamp,
    /// Why it is as it is.
    pub note: String,
    /// The shares, largest first; they sum to 10,000.
    pub shares: Vec<ShareItem>,
}

/// One share of a policy.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ShareItem {
    /// The fund's name.
    pub fund: String,
    /// The slug of the fund's program; `null` for the campaign's own fund.
    #[schema(value_type = Option<String>)]
    pub program: Option<Slug>,
    /// Ten-thousandths of undesignated money.
    pub basis_points: i32,
}

/// The season before.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SeasonRef {
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its title.
    pub title: String,
}

/// A campaign.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CampaignDetail {
    /// What lists show too.
    #[serde(flatten)]
    pub campaign: CampaignItem,
    /// The story, as Markdown.
    pub story: String,
    /// The story, as harmless HTML.
    pub story_html: String,
    /// The colour of its cloth, `#rrggbb`.
    pub accent: String,
    /// The smallest gift it takes.
    pub minimum: Money,
    /// The amounts it suggests, ascending.
    pub suggested: Vec<Money>,
    /// Questions and answers.
    pub faq: Vec<Question>,
    /// The programs that it pays for.
    pub programs: Vec<CampaignProgramItem>,
    /// How undesignated money is shared out now.
    pub policy: Option<PolicyItem>,
    /// The season before.
    pub previous: Option<SeasonRef>,
    /// Days worn, conversations and what came of them.
    pub tally: Tally,
}

impl CampaignItem {
    /// As the API shows `campaign` at `now`.
    pub fn of(campaign: &Campaign, total: &Total, now: Timestamp) -> Self {
        Self {
            id: campaign.id.to_string(),
            slug: campaign.slug.clone(),
            title: campaign.title.clone(),
            appeal: campaign.appeal.clone(),
            status: campaign.status,
            currency: campaign.currency,
            time_zone: campaign.time_zone,
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
            giving_until: campaign.giving_until,
            giving_open: campaign.is_giving_open(now),
            days_left: campaign.days_left(now),
            challenge_day: campaign.challenge_day(now),
            goal: campaign.goal(),
            raised: total.raised(),
            matched: total.matched(),
            donations: total.donations,
            donors: total.donors,
        }
    }
}

impl CampaignDetail {
    fn of(overview: Overview, tally: Tally, now: Timestamp) -> Self {
        let Overview {
            campaign, total, ..
        } = &overview;
        let slug_of = |share: &crate::funds::Share| {
            let program = overview
                .programs
                .iter()
                .find(|row| Some(row.program.id) == share.program_id);
            program.map(|row| row.program.slug.clone())
        };
        let policy = overview.policy.as_ref().map(|policy| PolicyItem {
            version: policy.version,
            effective_from: policy.effective_from,
            note: policy.note.clone(),
            shares: overview
                .shares
                .iter()
                .map(|share| ShareItem {
                    fund: share.name.clone(),
                    program: slug_of(share),
                    basis_points: share.basis_points,
                })
                .collect(),
        });
        let programs = overview.programs.iter().map(|row| CampaignProgramItem {
            program: ProgramItem::of(&row.program, &row.partner),
            share_basis_points: row.basis_points,
        });
        Self {
            campaign: CampaignItem::of(campaign, total, now),
            story: campaign.story.clone(),
            story_html: markdown::html(&campaign.story).into_string(),
            accent: campaign.accent.to_string(),
            minimum: campaign.minimum(),
            suggested: campaign.suggested(),
            faq: campaign.faq.0.clone(),
            programs: programs.collect(),
            tally,
            policy,
            previous: overview.previous.map(|season| SeasonRef {
                slug: season.slug,
                title: season.title,
            }),
        }
    }
}

/// The campaigns that are or were live, newest season first.
#[utoipa::path(get, operation_id = "list_campaigns", path = "/api/v1/campaigns", tag = "campaigns", params(ListQuery), responses(
    (status = 200, body = Listed<CampaignItem>),
    (status = 404, description = "A cursor that this list did not give out", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    request: HttpRequest,
    db: Data<Db>,
    clock: Data<Clock>,
) -> AppResult<Json<Listed<CampaignItem>>> {
    let asked: ListQuery = query::query(&request)?;
    let after: Option<model::ListPlace> = query::after(asked.after.as_deref())?;
    let limit = query::limit(asked.limit.as_deref())?;
    let now = clock.now();
    let page = db.read(move |c| model::list(c, after, limit)).await?;
    let item = |row: CampaignTotal| CampaignItem::of(&row.campaign, &row.total, now);
    Ok(Json(page.map(item)))
}

/// One campaign: its dates, what it raised, its programs and how undesignated money is shared out.
#[utoipa::path(get, operation_id = "get_campaign", path = "/api/v1/campaigns/{slug}", tag = "campaigns",
    params(("slug" = String, Path, description = "The campaign's slug")), responses(
    (status = 200, body = CampaignDetail),
    (status = 404, description = "No such campaign", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn one(
    request: HttpRequest,
    slug: Path<String>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> AppResult<Json<CampaignDetail>> {
    query::query::<NoQuery>(&request)?;
    let slug: Slug = slug
        .parse()
        .map_err(|_| AppError::NotFound("the campaign"))?;
    let now = clock.now();
    let (overview, tally) = db
        .read(move |c| {
            let overview = overview(c, &slug, now)?;
            let id = overview.campaign.id.to_string();
            let tally = totals::tally(c, TallyScope::Campaign, &id)?;
            Ok((overview, tally))
        })
        .await?;
    Ok(Json(CampaignDetail::of(overview, tally, now)))
}
