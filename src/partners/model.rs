//! Rows of partners and programs, and how they are found.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{PartnerId, ProgramId};
use crate::db::Conn;
use crate::db::schema::{partners, programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Json, Limit, Listed, Slug, Timestamp};

/// An organisation that runs programs.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = partners)]
pub struct Partner {
    /// The id.
    pub id: PartnerId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// The country of its seat.
    pub country: String,
    /// One or two sentences.
    pub summary: String,
    /// Markdown.
    pub story: String,
    /// Where it can be written to, if it says so in public.
    pub contact_email: Option<Email>,
    /// When it came.
    pub created_at: Timestamp,
}

/// One line of a partner's work.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = programs)]
pub struct Program {
    /// The id.
    pub id: ProgramId,
    /// Whose it is.
    pub partner_id: PartnerId,
    /// Its place in URLs.
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
    /// Markdown.
    pub story: String,
    /// Ways to take part that the partner names.
    pub take_part: Json<Vec<String>>,
    /// "For more".
    pub more: Json<Vec<FurtherLink>>,
    /// When it came.
    pub created_at: Timestamp,
}

/// Where a reader can go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FurtherLink {
    /// What is there.
    pub label: String,
    /// `https:` or `mailto:`.
    pub href: String,
}

/// A program and whose it is.
#[derive(Debug, Clone, Queryable)]
pub struct ProgramOfPartner {
    /// The program.
    pub program: Program,
    /// Its partner.
    pub partner: Partner,
}

/// The partner at a slug.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn partner_by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<Partner> {
    let query = partners::table.filter(partners::slug.eq(slug));
    each!(conn, c => query.select(Partner::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the partner"))
}

/// The partner of an id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn partner_by_id(conn: &mut Conn, id: PartnerId) -> AppResult<Partner> {
    let query = partners::table.find(id);
    each!(conn, c => query.select(Partner::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the partner"))
}

/// All partners, by name.
///
/// # Errors
/// The database's.
pub fn partners(conn: &mut Conn) -> AppResult<Vec<Partner>> {
    let query = partners::table.order((partners::name, partners::id));
    Ok(each!(conn, c => query.select(Partner::as_select()).load(c))?)
}

/// The program of an id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn program_by_id(conn: &mut Conn, id: ProgramId) -> AppResult<Program> {
    let query = programs::table.find(id);
    each!(conn, c => query.select(Program::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the program"))
}

/// The programs of several partners, by name.
///
/// # Errors
/// The database's.
pub fn programs_of_all(conn: &mut Conn, partners: &[PartnerId]) -> AppResult<Vec<Program>> {
    let query = programs::table
        .filter(programs::partner_id.eq_any(partners))
        .order((programs::name, programs::id));
    Ok(each!(conn, c => query.select(Program::as_select()).load(c))?)
}

/// The programs of a partner, by slug.
///
/// # Errors
/// The database's.
pub fn programs_of(conn: &mut Conn, partner: PartnerId) -> AppResult<Vec<Program>> {
    let query = programs::table
        .filter(programs::partner_id.eq(partner))
        .order(programs::slug);
    Ok(each!(conn, c => query.select(Program::as_select()).load(c))?)
}

/// The program at a slug, with its partner.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn program_by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<ProgramOfPartner> {
    let query = programs::table
        .inner_join(partners::table.on(partners::id.eq(programs::partner_id)))
        .filter(programs::slug.eq(slug));
    each!(conn, c => query
        .select((Program::as_select(), Partner::as_select()))
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("the program"))
}

/// All programs with their partners, by slug, going on after a slug.
///
/// # Errors
/// The database's.
pub fn programs(
    conn: &mut Conn,
    after: Option<&Slug>,
    limit: Limit,
) -> AppResult<Listed<ProgramOfPartner>> {
    // Every slug is greater than the empty text, so one statement serves the first page and the rest.
    let after = after.map_or("", Slug::as_str);
    let query = programs::table
        .inner_join(partners::table.on(partners::id.eq(programs::partner_id)))
        .filter(programs::slug.gt(after))
        .order(programs::slug)
        .limit(limit.and_one());
    let rows: Vec<ProgramOfPartner> = each!(conn, c => query
        .select((Program::as_select(), Partner::as_select()))
        .load(c))?;
    Ok(Listed::cut(rows, limit, |row| row.program.slug.clone()))
}
