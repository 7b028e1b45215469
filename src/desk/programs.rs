//! `/desk/programs/{slug}`: shelters and contacts of an own program. They are private until a coordinator releases them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::table::Table;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::BadText;
use crate::kernel::{Line, Slug};
use crate::partners::model::program_by_slug;
use crate::partners::places::{self, AddContact, AddShelter, Contact, Fate, Place, Shelter};
use crate::partners::{ContactId, PartnerStaff, Program, ShelterId};
use crate::web::site::see;
use crate::web::typed::{Mend, Typed};
use crate::web::{CsrfForm, Path, Site};

#[derive(Serialize)]
struct ShelterView {
    id: String,
    region: String,
    name: String,
    place: String,
    is_released: bool,
}

#[derive(Serialize)]
struct ContactView {
    id: String,
    name: String,
    duty: String,
    is_released: bool,
}

/// Context of `desk/program`.
#[derive(Serialize)]
struct ProgramView {
    slug: String,
    name: String,
    summary: String,
    public_url: String,
    shelters: Vec<ShelterView>,
    contacts: Vec<ContactView>,
    region: String,
    region_error: Option<String>,
    shelter: String,
    shelter_error: Option<String>,
    place: String,
    place_error: Option<String>,
    contact: String,
    contact_error: Option<String>,
    duty: String,
    duty_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// An own program; another partner's is not found.
fn own(conn: &mut Conn, staff: &PartnerStaff, slug: &str) -> AppResult<Program> {
    let slug: Slug = slug
        .parse()
        .map_err(|_| AppError::NotFound("the program"))?;
    let found = program_by_slug(conn, &slug)?;
    staff.check(found.program.partner_id, "the program")?;
    Ok(found.program)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let table = Table::new(&site, &request, staff);
    draw(&table, &path.0, &Typed::default(), Mend::none()).await
}

async fn draw(table: &Table, slug: &str, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let (staff, slug) = (table.staff.clone(), slug.to_owned());
    let (program, shelters, contacts) = table
        .site
        .db
        .read(move |c| {
            let program = own(c, &staff, &slug)?;
            let id = program.id;
            Ok((program, places::shelters(c, id)?, places::contacts(c, id)?))
        })
        .await?;
    let shelter = |one: &Shelter| {
        let inside = one.whereabouts.read(&table.staff)?;
        Some(ShelterView {
            id: one.id.to_string(),
            region: one.region.clone(),
            name: inside.name.clone(),
            place: inside.place.clone(),
            is_released: one.whereabouts.release().is_some(),
        })
    };
    let contact = |one: &Contact| {
        Some(ContactView {
            id: one.id.to_string(),
            name: one.name.read(&table.staff)?.clone(),
            duty: one.duty.clone(),
            is_released: one.name.release().is_some(),
        })
    };
    let view = ProgramView {
        public_url: format!("/programs/{}", program.slug),
        slug: program.slug.to_string(),
        name: program.name.clone(),
        summary: program.summary,
        shelters: shelters.iter().filter_map(shelter).collect(),
        contacts: contacts.iter().filter_map(contact).collect(),
        region: typed.text("region").to_owned(),
        region_error: mend.at("region"),
        shelter: typed.text("shelter").to_owned(),
        shelter_error: mend.at("shelter"),
        place: typed.text("place").to_owned(),
        place_error: mend.at("place"),
        contact: typed.text("contact").to_owned(),
        contact_error: mend.at("contact"),
        duty: typed.text("duty").to_owned(),
        duty_error: mend.at("duty"),
        errors: mend.faults,
        notice: mend.notice,
    };
    table.show("program", &program.name, mend.status, view)
}

/// What is done with shelters and contacts.
enum Act {
    Shelter([Line; 3]),
    Contact([Line; 2]),
    Remove(Place),
}

fn lines<const N: usize>(typed: &Typed, names: [&str; N]) -> AppResult<[Line; N]> {
    let mut faults = Vec::new();
    let parsed = names.map(|name| {
        Line::parse(typed.text(name), 200)
            .map_err(|bad: BadText| faults.push(FieldError::new(name, bad)))
            .ok()
    });
    let whole: Option<Vec<Line>> = parsed.into_iter().collect();
    whole
        .and_then(|lines| lines.try_into().ok())
        .ok_or(AppError::Invalid(faults))
}

fn parse(typed: &Typed) -> AppResult<Act> {
    let gone = AppError::NotFound("this entry");
    match typed.text("do") {
        "add_shelter" => lines(typed, ["region", "shelter", "place"]).map(Act::Shelter),
        "add_contact" => lines(typed, ["contact", "duty"]).map(Act::Contact),
        "remove_shelter" => match typed.text("entry").parse::<ShelterId>() {
            Ok(id) => Ok(Act::Remove(Place::Shelter(id))),
            Err(_) => Err(gone),
        },
        "remove_contact" => match typed.text("entry").parse::<ContactId>() {
            Ok(id) => Ok(Act::Remove(Place::Contact(id))),
            Err(_) => Err(gone),
        },
        _ => Err(AppError::field("do", "choose what to do")),
    }
}

/// Enters a shelter or a contact, or removes one: field `do`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: PartnerStaff,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let table = Table::new(&site, &request, staff.clone());
    let (now, slug) = (table.now(), path.0);
    let (shelter, contact) = (ShelterId::new(), ContactId::new());
    let wanted = slug.clone();
    let done = match parse(&form.0) {
        Err(error) => Err(error),
        Ok(act) => {
            site.db
                .tx(move |c| {
                    let program = own(c, &staff, &wanted)?.id;
                    let by = staff.user();
                    match &act {
                        Act::Shelter([region, name, place]) => {
                            let new = AddShelter {
                                id: shelter,
                                program,
                                region: region.clone(),
                                name: name.clone(),
                                place: place.clone(),
                            };
                            places::add_shelter(c, &new, by, now)?;
                        }
                        Act::Contact([name, duty]) => {
                            let new = AddContact {
                                id: contact,
                                program,
                                name: name.clone(),
                                duty: duty.clone(),
                            };
                            places::add_contact(c, &new, by, now)?;
                        }
                        Act::Remove(place) => {
                            places::decide(c, program, (*place, Fate::Remove), by, now)?;
                        }
                    }
                    let word = match act {
                        Act::Remove(_) => "removed",
                        _ => "added",
                    };
                    Ok((program, word))
                })
                .await
        }
    };
    match done {
        Ok((program, word)) => {
            // A region shows at once, and what was removed is gone at once.
            site.views.withdrawn("program", &program.to_string());
            Ok(see(&format!("/desk/programs/{slug}?done={word}")))
        }
        Err(error) => draw(&table, &slug, &form.0, Mend::of(error)?).await,
    }
}
