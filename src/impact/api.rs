//! `/api/v1/programs/{slug}`: a program with its figures and what amounts cover there today.

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use serde::Serialize;

use super::count::Count;
use super::model::{self, Figure, Grade, UnitCost};
use crate::db::Db;
use crate::error::{AppError, AppResult, Problem};
use crate::kernel::{Clock, Day, Money, Slug, Zone};
use crate::partners;
use crate::partners::api::ProgramItem;
use crate::partners::model::FurtherLink;
use crate::web::markdown;
use crate::web::query::{self, NoQuery};

/// Mounts the program.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/programs/{slug}").route(web::get().to(program)));
}

/// One number about a program's work; never without period, source and grade.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FigureItem {
    /// What is counted.
    pub label: String,
    /// How many; `null` when it is fewer than ten, since a small count can point at somebody.
    pub value: Option<i64>,
    /// How many, in words for people: `1,200`, or `fewer than 10`.
    #[schema(value_type = String, example = "1,200")]
    pub shown: Count,
    /// Over which time.
    pub period: String,
    /// Who says so, and where.
    pub source: String,
    /// `claimed`, `partner_reported`, `evidence_attached` or `verified`.
    #[schema(value_type = String, example = "partner_reported")]
    pub grade: Grade,
    /// Where the report that it was filed in can be read, relative to the site.
    pub report: Option<String>,
}

/// What an amount covers.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UnitCostItem {
    /// How much.
    pub amount: Money,
    /// What it covers.
    pub covers: String,
    /// Who says so, and where.
    pub source: String,
    /// The first day on which it may be shown.
    #[schema(value_type = String, format = Date)]
    pub valid_from: Day,
    /// The last day, if there is one.
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_to: Option<Day>,
}

/// A program.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProgramDetail {
    /// What lists show too.
    #[serde(flatten)]
    pub program: ProgramItem,
    /// The story, as Markdown.
    pub story: String,
    /// The story, as harmless HTML.
    pub story_html: String,
    /// Ways to take part that the partner names.
    pub take_part: Vec<String>,
    /// Where to read on.
    pub more: Vec<FurtherLink>,
    /// Graded figures.
    pub figures: Vec<FigureItem>,
    /// What amounts cover today (UTC), smallest first.
    pub unit_costs: Vec<UnitCostItem>,
}

impl From<Figure> for FigureItem {
    fn from(figure: Figure) -> Self {
        Self {
            label: figure.label,
            value: figure.count.public(),
            shown: figure.count,
            period: figure.period,
            source: figure.source,
            grade: figure.grade,
            report: figure.report_path,
        }
    }
}

impl From<UnitCost> for UnitCostItem {
    fn from(cost: UnitCost) -> Self {
        Self {
            amount: cost.amount(),
            covers: cost.covers,
            source: cost.source,
            valid_from: cost.valid_from,
            valid_to: cost.valid_to,
        }
    }
}

/// One program, with its graded figures and the unit costs that hold today.
#[utoipa::path(get, operation_id = "get_program", path = "/api/v1/programs/{slug}", tag = "programs",
    params(("slug" = String, Path, description = "The program's slug")), responses(
    (status = 200, body = ProgramDetail),
    (status = 404, description = "No such program", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn program(
    request: HttpRequest,
    slug: Path<String>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> AppResult<Json<ProgramDetail>> {
    query::query::<NoQuery>(&request)?;
    let slug: Slug = slug
        .parse()
        .map_err(|_| AppError::NotFound("the program"))?;
    let today = Zone::UTC
        .day_of(clock.now())
        .ok_or_else(|| AppError::internal("the clock is out of range"))?;
    let detail = db
        .read(move |c| {
            let row = partners::model::program_by_slug(c, &slug)?;
            let figures = model::figures(c, row.program.id)?;
            let costs = model::unit_costs(c, &[row.program.id], today)?;
            Ok((row, figures, costs))
        })
        .await
        .map(|(row, figures, costs)| ProgramDetail {
            program: ProgramItem::of(&row.program, &row.partner),
            story_html: markdown::html(&row.program.story).into_string(),
            story: row.program.story,
            take_part: row.program.take_part.0,
            more: row.program.more.0,
            figures: figures.into_iter().map(Into::into).collect(),
            unit_costs: costs.into_iter().map(Into::into).collect(),
        })?;
    Ok(Json(detail))
}
