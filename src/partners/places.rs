//! Shelters and contacts of programs. Name and exact place of a shelter and the name of a member of the partner's staff are
//! [`Withheld`]; the region is public. A coordinator releases a row, and can withhold it again; both stand in the record.

use diesel::prelude::*;

use super::withheld::{Release, Withheld};
use super::{ContactId, PartnerId, ProgramId, ShelterId};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{program_contacts, program_shelters, programs};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Line, Timestamp};

/// Name and exact place of a shelter.
#[derive(Clone)]
pub struct Whereabouts {
    /// How it is called.
    pub name: String,
    /// Where it is.
    pub place: String,
}

/// A shelter of a program.
#[derive(Debug, Clone)]
pub struct Shelter {
    /// The id.
    pub id: ShelterId,
    /// As far as it may be named.
    pub region: String,
    /// Name and place.
    pub whereabouts: Withheld<Whereabouts>,
}

/// Somebody of the partner's staff who stands for a program.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The id.
    pub id: ContactId,
    /// What they do.
    pub duty: String,
    /// How they are called.
    pub name: Withheld<String>,
}

/// A shelter to be entered.
#[derive(Debug, Clone)]
pub struct AddShelter {
    /// The id, made by the caller.
    pub id: ShelterId,
    /// Of which program.
    pub program: ProgramId,
    /// As far as it may be named.
    pub region: Line,
    /// How it is called.
    pub name: Line,
    /// Where it is.
    pub place: Line,
}

/// A contact to be entered.
#[derive(Debug, Clone)]
pub struct AddContact {
    /// The id, made by the caller.
    pub id: ContactId,
    /// Of which program.
    pub program: ProgramId,
    /// How they are called.
    pub name: Line,
    /// What they do.
    pub duty: Line,
}

fn release(at: Option<Timestamp>, by: Option<UserId>) -> Option<Release> {
    Some(Release { at: at?, by: by? })
}

/// The shelters of a program, in the order in which they were entered.
///
/// # Errors
/// The database's.
pub fn shelters(conn: &mut Conn, program: ProgramId) -> AppResult<Vec<Shelter>> {
    type Row = (
        ShelterId,
        String,
        String,
        String,
        Option<Timestamp>,
        Option<UserId>,
        PartnerId,
    );
    let query = program_shelters::table
        .inner_join(programs::table.on(programs::id.eq(program_shelters::program_id)))
        .filter(program_shelters::program_id.eq(program))
        .filter(program_shelters::removed_at.is_null())
        .order(program_shelters::id)
        .select((
            program_shelters::id,
            program_shelters::region,
            program_shelters::name,
            program_shelters::place,
            program_shelters::released_at,
            program_shelters::released_by,
            programs::partner_id,
        ));
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, region, name, place, at, by, of)| Shelter {
            id,
            region,
            whereabouts: Withheld::new(Whereabouts { name, place }, of).released(release(at, by)),
        })
        .collect())
}

/// The contacts of a program, in the order in which they were entered.
///
/// # Errors
/// The database's.
pub fn contacts(conn: &mut Conn, program: ProgramId) -> AppResult<Vec<Contact>> {
    type Row = (
        ContactId,
        String,
        String,
        Option<Timestamp>,
        Option<UserId>,
        PartnerId,
    );
    let query = program_contacts::table
        .inner_join(programs::table.on(programs::id.eq(program_contacts::program_id)))
        .filter(program_contacts::program_id.eq(program))
        .filter(program_contacts::removed_at.is_null())
        .order(program_contacts::id)
        .select((
            program_contacts::id,
            program_contacts::name,
            program_contacts::duty,
            program_contacts::released_at,
            program_contacts::released_by,
            programs::partner_id,
        ));
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, name, duty, at, by, of)| Contact {
            id,
            duty,
            name: Withheld::new(name, of).released(release(at, by)),
        })
        .collect())
}

/// Enters a shelter.
///
/// # Errors
/// The database's.
pub fn add_shelter(conn: &mut Conn, new: &AddShelter, by: UserId, now: Timestamp) -> AppResult<()> {
    let row = (
        program_shelters::id.eq(new.id),
        program_shelters::program_id.eq(new.program),
        program_shelters::region.eq(new.region.as_str()),
        program_shelters::name.eq(new.name.as_str()),
        program_shelters::place.eq(new.place.as_str()),
        program_shelters::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(program_shelters::table).values(row).execute(c))?;
    note(
        conn,
        by,
        "shelter.add",
        ("shelter", new.id.to_string()),
        now,
    )
}

/// Enters a contact.
///
/// # Errors
/// The database's.
pub fn add_contact(conn: &mut Conn, new: &AddContact, by: UserId, now: Timestamp) -> AppResult<()> {
    let row = (
        program_contacts::id.eq(new.id),
        program_contacts::program_id.eq(new.program),
        program_contacts::name.eq(new.name.as_str()),
        program_contacts::duty.eq(new.duty.as_str()),
        program_contacts::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(program_contacts::table).values(row).execute(c))?;
    note(
        conn,
        by,
        "contact.add",
        ("contact", new.id.to_string()),
        now,
    )
}

/// One of the two kinds of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A shelter.
    Shelter(ShelterId),
    /// A contact.
    Contact(ContactId),
}

impl Place {
    fn subject(self) -> (&'static str, String) {
        match self {
            Self::Shelter(id) => ("shelter", id.to_string()),
            Self::Contact(id) => ("contact", id.to_string()),
        }
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Everybody may read it.
    Release,
    /// Nobody outside may read it any more.
    Withhold,
    /// It is taken out.
    Remove,
}

impl Fate {
    fn deed(self, place: Place) -> &'static str {
        match (place, self) {
            (Place::Shelter(_), Self::Release) => "shelter.release",
            (Place::Shelter(_), Self::Withhold) => "shelter.withhold",
            (Place::Shelter(_), Self::Remove) => "shelter.remove",
            (Place::Contact(_), Self::Release) => "contact.release",
            (Place::Contact(_), Self::Withhold) => "contact.withhold",
            (Place::Contact(_), Self::Remove) => "contact.remove",
        }
    }
}

/// Releases, withholds or removes a row of `program`. Rows that were removed keep their words no longer.
///
/// # Errors
/// [`AppError::NotFound`] when the program has no such row.
pub fn decide(
    conn: &mut Conn,
    program: ProgramId,
    (place, fate): (Place, Fate),
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let (released_at, released_by) = match fate {
        Fate::Release => (Some(now), Some(by)),
        Fate::Withhold | Fate::Remove => (None, None),
    };
    let removed_at = (fate == Fate::Remove).then_some(now);
    macro_rules! set {
        ($table:ident, $id:expr, $($words:ident),+) => {{
            let target = $table::table
                .find($id)
                .filter($table::program_id.eq(program))
                .filter($table::removed_at.is_null());
            let moved = each!(conn, c => diesel::update(target)
                .set((
                    $table::released_at.eq(released_at),
                    $table::released_by.eq(released_by),
                    $table::removed_at.eq(removed_at),
                ))
                .execute(c))?;
            if removed_at.is_some() {
                let gone = $table::table.find($id).filter($table::program_id.eq(program));
                each!(conn, c => diesel::update(gone)
                    .set(($($table::$words.eq("")),+,))
                    .execute(c))?;
            }
            moved
        }};
    }
    let moved = match place {
        Place::Shelter(id) => set!(program_shelters, id, name, place),
        Place::Contact(id) => set!(program_contacts, id, name),
    };
    if moved == 0 {
        return Err(AppError::NotFound("this entry"));
    }
    note(conn, by, fate.deed(place), place.subject(), now)
}

fn note(
    conn: &mut Conn,
    by: UserId,
    action: &'static str,
    subject: (&'static str, String),
    now: Timestamp,
) -> AppResult<()> {
    audit::record(conn, &Deed::new(by, action, subject), now)
}
