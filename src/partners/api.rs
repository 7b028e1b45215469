//! `/api/v1/programs`: the list. One program with its figures and unit costs is answered by [`crate::impact`].

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, ServiceConfig};
use serde::Serialize;

use super::model::{self, Partner, Program, ProgramOfPartner};
use crate::db::Db;
use crate::error::{AppResult, Problem};
use crate::kernel::{Listed, Slug};
use crate::web::query::{self, ListQuery};

/// Mounts the list of programs.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/programs").route(web::get().to(list)));
}

/// Whose a program is.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PartnerRef {
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// The country of its seat.
    pub country: String,
}

/// A program in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProgramItem {
    /// The id.
    pub id: String,
    /// Its place in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Where it works.
    pub country: String,
    /// City or region, as far as it may be named.
    pub region: String,
    /// The year since which it has been at work.
    pub since_year: Option<i32>,
    /// One or two sentences.
    pub summary: String,
    /// Whose it is.
    pub partner: PartnerRef,
}

impl From<&Partner> for PartnerRef {
    fn from(partner: &Partner) -> Self {
        Self {
            slug: partner.slug.clone(),
            name: partner.name.clone(),
            country: partner.country.clone(),
        }
    }
}

impl ProgramItem {
    /// As the API shows `program` of `partner`.
    pub fn of(program: &Program, partner: &Partner) -> Self {
        Self {
            id: program.id.to_string(),
            slug: program.slug.clone(),
            name: program.name.clone(),
            country: program.country.clone(),
            region: program.region.clone(),
            since_year: program.since_year,
            summary: program.summary.clone(),
            partner: partner.into(),
        }
    }
}

/// The programs, by slug.
#[utoipa::path(get, operation_id = "list_programs", path = "/api/v1/programs", tag = "programs", params(ListQuery), responses(
    (status = 200, body = Listed<ProgramItem>),
    (status = 404, description = "A cursor that this list did not give out", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key or value that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(request: HttpRequest, db: Data<Db>) -> AppResult<Json<Listed<ProgramItem>>> {
    let asked: ListQuery = query::query(&request)?;
    let after: Option<Slug> = query::after(asked.after.as_deref())?;
    let limit = query::limit(asked.limit.as_deref())?;
    let page = db
        .read(move |c| model::programs(c, after.as_ref(), limit))
        .await?;
    let item = |row: ProgramOfPartner| ProgramItem::of(&row.program, &row.partner);
    Ok(Json(page.map(item)))
}
