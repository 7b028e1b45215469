//! `/console/programs`: a program's public texts, its figures, and what its partner withholds until it is released here.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::program_acts;
use super::record::{self, DeedView};
use super::scope::Scope;
use crate::audit;
use crate::auth::Coordinator;
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::reports::views::grade_words;
use crate::impact::{Figure, Grade, model as impact_model};
use crate::kernel::money::thousands;
use crate::kernel::{Limit, Slug, Timestamp};
use crate::partners::edit;
use crate::partners::model::{self, Program, ProgramOfPartner};
use crate::partners::places::{self, Contact, Shelter};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

#[derive(Serialize)]
struct RowView {
    name: String,
    href: String,
    partner: String,
    place: String,
}

/// Context of `console/programs`.
#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Programs);
    Scope::of(&desk.signed).check_whole()?;
    let all = site
        .db
        .read(|c| model::programs(c, None, Limit::MOST))
        .await?;
    let row = |found: &ProgramOfPartner| RowView {
        name: found.program.name.clone(),
        href: format!("/console/programs/{}", found.program.slug),
        partner: found.partner.name.clone(),
        place: found.program.country.clone(),
    };
    let rows = all.items.iter().map(row).collect();
    desk.page("programs", "Programs", ListView { rows })
}

#[derive(Serialize)]
struct FigureRow {
    id: String,
    label: String,
    exact: String,
    shown: String,
    is_small: bool,
    period: String,
    source: String,
    grade: &'static str,
    report_path: Option<String>,
    entered_at: String,
    is_shown: bool,
}

#[derive(Serialize)]
struct PlaceRow {
    id: String,
    kind: &'static str,
    title: String,
    detail: String,
    released_at: Option<String>,
}

#[derive(Serialize)]
struct GradeChoice {
    value: &'static str,
    label: &'static str,
    is_current: bool,
}

/// Context of `console/program`.
#[derive(Serialize)]
struct ProgramView {
    slug: String,
    name: String,
    partner: String,
    partner_url: String,
    public_url: String,
    basis: String,
    fields: Vec<Field>,
    figures: Vec<FigureRow>,
    figure_fields: Vec<Field>,
    grades: Vec<GradeChoice>,
    places: Vec<PlaceRow>,
    errors: Vec<FieldError>,
    notice: Option<String>,
    deeds: Vec<DeedView>,
}

pub(super) fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the program"))
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0.clone(), Room::Programs);
    Scope::of(&desk.signed).check_whole()?;
    draw(&desk, &staff, slug(&path.0)?, None, Mend::none()).await
}

/// The form of a program's texts as they stand.
fn stored(program: &Program) -> Typed {
    let mut typed = Typed::default();
    typed.set("basis", edit::digest(program));
    typed.set("name", &program.name);
    typed.set("country", &program.country);
    typed.set("region", &program.region);
    let since = program.since_year.map(|year| year.to_string());
    typed.set("since_year", since.unwrap_or_default());
    typed.set("summary", &program.summary);
    typed.set("story", &program.story);
    typed.set("take_part", program.take_part.0.join("\n"));
    let more = program.more.0.iter();
    let more: Vec<String> = more
        .map(|one| format!("{} | {}", one.label, one.href))
        .collect();
    typed.set("more", more.join("\n"));
    typed
}

fn fields(typed: &Typed, mend: &Mend) -> Vec<Field> {
    let d = Draw { typed, mend };
    vec![
        d.text("name", "Name"),
        d.text("country", "Country"),
        d.text("region", "City or region, as far as it may be named"),
        d.number("since_year", "At work since (year)"),
        d.area("summary", "Summary", 2)
            .hint("One or two sentences."),
        d.area("story", "Story", 12).hint("Markdown."),
        d.area("take_part", "Ways to take part", 4)
            .hint("One a line."),
        d.area("more", "For more", 3)
            .hint("One a line: words | https://… or mailto:…"),
    ]
}

fn figure_fields(typed: &Typed, mend: &Mend) -> Vec<Field> {
    let d = Draw { typed, mend };
    vec![
        d.text("label", "What is counted").wide(),
        d.number("count", "How many")
            .hint("An aggregate; fewer than 10 is never shown in public."),
        d.text("period", "Over which time"),
        d.text("source", "Who says so, and where"),
    ]
}

pub(super) async fn draw(
    desk: &Desk,
    staff: &Coordinator,
    slug: Slug,
    typed: Option<&Typed>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let (row, figures, shelters, contacts, deeds, names) = desk
        .site
        .db
        .read(move |c| {
            let row = model::program_by_slug(c, &slug)?;
            let id = row.program.id;
            let deeds = audit::of_subject(c, "program", &id.to_string(), 30)?;
            let names = record::names(c, &deeds)?;
            Ok((
                row,
                impact_model::all_figures(c, id)?,
                places::shelters(c, id)?,
                places::contacts(c, id)?,
                deeds,
                names,
            ))
        })
        .await?;
    let program = &row.program;
    // One form was sent; the other one is drawn as it stands.
    let is_figure = typed.is_some_and(|typed| typed.text("do") == "add_figure");
    let texts = match typed {
        Some(typed) if typed.text("do") == "texts" => typed.clone(),
        _ => stored(program),
    };
    let figure = typed.filter(|_| is_figure).cloned().unwrap_or_default();
    let basis = match mend.status {
        actix_web::http::StatusCode::CONFLICT => edit::digest(program),
        _ => texts.text("basis").to_owned(),
    };
    let mut rows: Vec<PlaceRow> = shelters
        .iter()
        .filter_map(|one| shelter_row(one, staff))
        .collect();
    rows.extend(contacts.iter().filter_map(|one| contact_row(one, staff)));
    let view = ProgramView {
        slug: program.slug.to_string(),
        name: program.name.clone(),
        partner: row.partner.name.clone(),
        partner_url: format!("/console/partners/{}", row.partner.slug),
        public_url: format!("/programs/{}", program.slug),
        basis,
        fields: fields(&texts, &mend),
        figures: figures.iter().map(|one| figure_row(one, staff)).collect(),
        figure_fields: figure_fields(&figure, &mend),
        grades: Grade::ALL
            .iter()
            .map(|grade| GradeChoice {
                value: grade.as_str(),
                label: grade_words(*grade),
                is_current: grade.as_str() == figure.text("grade"),
            })
            .collect(),
        places: rows,
        errors: mend.faults,
        notice: mend.notice,
        deeds: deeds.iter().map(|one| record::view(one, &names)).collect(),
    };
    desk.show("program", &program.name, mend.status, view)
}

fn figure_row(figure: &Figure, staff: &Coordinator) -> FigureRow {
    FigureRow {
        id: figure.id.to_string(),
        label: figure.label.clone(),
        exact: thousands(figure.count.exact(staff).unsigned_abs()),
        shown: figure.count.to_string(),
        is_small: figure.count.public().is_none(),
        period: figure.period.clone(),
        source: figure.source.clone(),
        grade: figure.grade.as_str(),
        report_path: figure.report_path.clone(),
        entered_at: figure.created_at.rfc3339(),
        is_shown: figure.superseded_at.is_none(),
    }
}

fn shelter_row(one: &Shelter, staff: &Coordinator) -> Option<PlaceRow> {
    let inside = one.whereabouts.read(staff)?;
    Some(PlaceRow {
        id: one.id.to_string(),
        kind: "shelter",
        title: inside.name.clone(),
        detail: format!("{} · {}", inside.place, one.region),
        released_at: one
            .whereabouts
            .release()
            .map(|one| one.at)
            .map(Timestamp::rfc3339),
    })
}

fn contact_row(one: &Contact, staff: &Coordinator) -> Option<PlaceRow> {
    Some(PlaceRow {
        id: one.id.to_string(),
        kind: "contact",
        title: one.name.read(staff)?.clone(),
        detail: one.duty.clone(),
        released_at: one.name.release().map(|one| one.at).map(Timestamp::rfc3339),
    })
}

/// Saves texts, enters or supersedes figures, releases or withholds places and names: field `do`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0.clone(), Room::Programs);
    Scope::of(&desk.signed).check_whole()?;
    let (by, now) = (desk.signed.user(), desk.now());
    let slug = slug(&path.0)?;
    let wanted = slug.clone();
    let row = site
        .db
        .read(move |c| model::program_by_slug(c, &wanted))
        .await?;
    let program = row.program.id;
    let done = match program_acts::parse(&form.0, program, &staff) {
        Err(error) => Err(error),
        Ok(act) => {
            let word = act.word();
            site.db
                .tx(move |c| act.run(c, program, by, now))
                .await
                .map(|()| word)
        }
    };
    match done {
        Ok(word) => {
            let id = program.to_string();
            if ["withheld", "superseded"].contains(&word) {
                site.views.withdrawn("program", &id);
            } else {
                site.views.changed("program", &id);
            }
            site.views.changed("partner", &row.partner.id.to_string());
            Ok(see(&format!("/console/programs/{slug}?done={word}")))
        }
        Err(error) => draw(&desk, &staff, slug, Some(&form.0), Mend::of(error)?).await,
    }
}
