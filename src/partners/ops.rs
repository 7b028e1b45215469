//! Making partners and programs.

use diesel::prelude::*;

use super::{FurtherLink, PartnerId, ProgramId};
use crate::db::Conn;
use crate::db::schema::{partners, programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Email, Json, Line, Slug, Timestamp};
use crate::web::markdown::Story;

/// A partner to be made.
#[derive(Debug, Clone)]
pub struct CreatePartner {
    /// The id, made by the caller.
    pub id: PartnerId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// The country of its seat.
    pub country: Line,
    /// One or two sentences.
    pub summary: Line,
    /// What it does and why.
    pub story: Story,
    /// Where it can be written to, if it says so in public.
    pub contact_email: Option<Email>,
}

/// Makes a partner.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`.
pub fn create_partner(conn: &mut Conn, new: &CreatePartner, now: Timestamp) -> AppResult<()> {
    let taken = partners::table.filter(partners::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(slug_taken(&new.slug));
    }
    let row = (
        partners::id.eq(new.id),
        partners::slug.eq(&new.slug),
        partners::name.eq(new.name.as_str()),
        partners::country.eq(new.country.as_str()),
        partners::summary.eq(new.summary.as_str()),
        partners::story.eq(new.story.as_str()),
        partners::contact_email.eq(new.contact_email.as_ref()),
        partners::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(partners::table).values(row).execute(c))?;
    Ok(())
}

/// A program to be made.
#[derive(Debug, Clone)]
pub struct CreateProgram {
    /// The id, made by the caller.
    pub id: ProgramId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// Where it works.
    pub country: Line,
    /// City or region, as far as it may be named.
    pub region: Line,
    /// The year since which it has been at work.
    pub since_year: Option<i32>,
    /// One or two sentences.
    pub summary: Line,
    /// What it meets and what it does.
    pub story: Story,
    /// Ways to take part that the partner names.
    pub take_part: Vec<Line>,
    /// "For more": `https:` and `mailto:` alone.
    pub more: Vec<FurtherLink>,
}

/// Makes a program.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`; [`AppError::Invalid`] for a link of another kind than `https:` and `mailto:`.
pub fn create_program(conn: &mut Conn, new: &CreateProgram, now: Timestamp) -> AppResult<()> {
    if !are_safe(&new.more) {
        return Err(AppError::field("more", "use https: and mailto: links"));
    }
    let taken = programs::table.filter(programs::slug.eq(&new.slug));
    if each!(conn, c => taken.count().get_result::<i64>(c))? > 0 {
        return Err(slug_taken(&new.slug));
    }
    let take_part: Vec<&str> = new.take_part.iter().map(Line::as_str).collect();
    let row = (
        programs::id.eq(new.id),
        programs::partner_id.eq(new.partner),
        programs::slug.eq(&new.slug),
        programs::name.eq(new.name.as_str()),
        programs::country.eq(new.country.as_str()),
        programs::region.eq(new.region.as_str()),
        programs::since_year.eq(new.since_year),
        programs::summary.eq(new.summary.as_str()),
        programs::story.eq(new.story.as_str()),
        programs::take_part.eq(Json(take_part)),
        programs::more.eq(Json(new.more.clone())),
        programs::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(programs::table).values(row).execute(c))?;
    Ok(())
}

fn slug_taken(slug: &Slug) -> AppError {
    AppError::Conflict {
        code: "slug_taken",
        detail: format!("the address “{slug}” is taken; choose another"),
    }
}

/// Whether all of these lead where a reader may be sent: `https:` and `mailto:`.
pub(super) fn are_safe(links: &[FurtherLink]) -> bool {
    links.iter().all(|link| {
        url::Url::parse(&link.href).is_ok_and(|url| matches!(url.scheme(), "https" | "mailto"))
    })
}
