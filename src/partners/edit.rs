//! Editing a program's public texts. Before and after go into the record as digests.

use diesel::prelude::*;
use serde_json::json;

use super::model::{self, Program};
use super::ops::are_safe;
use super::{FurtherLink, ProgramId};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::programs;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Json, Line, Timestamp};
use crate::web::markdown::Story;

/// A program's texts as they shall be.
#[derive(Debug, Clone)]
pub struct EditProgram {
    /// Which program.
    pub id: ProgramId,
    /// The digest of the texts that the editor began with ([`digest`]).
    pub basis: String,
    /// Its name.
    pub name: Line,
    /// Where it works.
    pub country: Line,
    /// City or region, as far as it may be named; may be empty.
    pub region: String,
    /// The year since which it has been at work.
    pub since_year: Option<i32>,
    /// One or two sentences.
    pub summary: Line,
    /// What it meets and what it does.
    pub story: Story,
    /// Ways to take part that the partner names.
    pub take_part: Vec<Line>,
    /// "For more".
    pub more: Vec<FurtherLink>,
}

fn words(program: &Program) -> String {
    json!([
        program.name,
        program.country,
        program.region,
        program.since_year,
        program.summary,
        program.story,
        program.take_part.0,
        program.more.0,
    ])
    .to_string()
}

/// Tells whether a program's texts are those that somebody began to edit.
pub fn digest(program: &Program) -> String {
    sha256_hex(words(program))
}

/// Changes a program's texts.
///
/// # Errors
/// [`AppError::Conflict`] `changed_meanwhile`; [`AppError::Invalid`] for links of another kind than `https:` and `mailto:`.
pub fn edit_program(
    conn: &mut Conn,
    edit: &EditProgram,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    if !are_safe(&edit.more) {
        return Err(AppError::field("more", "use https: and mailto: links"));
    }
    let before = model::program_by_id(conn, edit.id)?;
    if digest(&before) != edit.basis {
        return Err(AppError::Conflict {
            code: "changed_meanwhile",
            detail: "Somebody else changed these texts after you opened them. What you typed stands below; save again to put it in their place.".into(),
        });
    }
    let take_part: Vec<String> = edit.take_part.iter().map(ToString::to_string).collect();
    each!(conn, c => diesel::update(programs::table.find(edit.id))
        .set((
            programs::name.eq(edit.name.as_str()),
            programs::country.eq(edit.country.as_str()),
            programs::region.eq(&edit.region),
            programs::since_year.eq(edit.since_year),
            programs::summary.eq(edit.summary.as_str()),
            programs::story.eq(edit.story.as_str()),
            programs::take_part.eq(Json(take_part.clone())),
            programs::more.eq(Json(edit.more.clone())),
        ))
        .execute(c))?;
    let after = model::program_by_id(conn, edit.id)?;
    let deed = Deed::new(by, "program.edit", ("program", edit.id.to_string()))
        .edited(words(&before), words(&after));
    audit::record(conn, &deed, now)
}
