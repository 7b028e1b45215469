//! `/console/subscribers/imports/{id}`: one file on its way in: its columns, what it would do, how far it is, what was wrong.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::super::desk::{Desk, Mend, Room};
use super::super::export::{PIECE, goes_on, note, send};
use super::super::fields::Typed;
use super::super::listing::Choice;
use super::super::scope::Scope;
use super::imports::state_word;
use crate::auth::Coordinator;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::jobs::JobId;
use crate::subscribers::imports::model::{self, KeptFault, by_id, next_piece};
use crate::subscribers::imports::row::{self, Column, Field};
use crate::subscribers::imports::{Import, ImportId, ImportState, ops};
use crate::subscribers::model::list_by_id;
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// Rows that are shown as they would be imported.
const SAMPLE: usize = 5;
/// Faults that are shown; the others are in the file.
const FAULTS: i64 = 10;

#[derive(Serialize)]
struct ColumnView {
    id: String,
    name: String,
    example: String,
    choices: Vec<Choice>,
}

#[derive(Serialize)]
struct SampleRow {
    email: String,
    name: String,
    language: String,
    country: String,
    time_zone: String,
}

#[derive(Serialize)]
struct FaultView {
    line: i64,
    why: String,
    cells: String,
}

/// Context of `console/import`.
#[derive(Serialize)]
struct View {
    id: String,
    list: String,
    state: &'static str,
    basis: String,
    agreed_on: String,
    at: String,
    ended_at: Option<String>,
    lines: i64,
    lines_done: i64,
    percent: i64,
    added: i64,
    joined: i64,
    known: i64,
    kept_out: i64,
    faulty: i64,
    /// How many people `go` would put on the list.
    to_come: i64,
    can_map: bool,
    is_counted: bool,
    is_busy: bool,
    is_running: bool,
    is_over: bool,
    columns: Vec<ColumnView>,
    sample: Vec<SampleRow>,
    faults: Vec<FaultView>,
    errors: Vec<crate::error::FieldError>,
    notice: Option<String>,
}

fn id_of(text: &str) -> AppResult<ImportId> {
    text.parse().map_err(|_| AppError::NotFound("this import"))
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    draw(&desk, id_of(&path.0)?, Vec::new(), Mend::none()).await
}

/// The page; `chosen` is what was chosen for the columns, where that is to be mended.
async fn draw(
    desk: &Desk,
    id: ImportId,
    chosen: Vec<Field>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let mut view = desk.site.db.read(move |c| view(c, id, &chosen)).await?;
    view.errors = mend.faults;
    view.notice = mend.notice;
    let refresh = view.is_busy.then_some(2);
    let mut answer = desk.show("import", "Import people", mend.status, view)?;
    if let Some(seconds) = refresh {
        // The page draws itself anew while work goes on; nothing on it can be typed meanwhile.
        let value = actix_web::http::header::HeaderValue::from(seconds);
        let name = actix_web::http::header::HeaderName::from_static("refresh");
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

fn view(conn: &mut Conn, id: ImportId, chosen: &[Field]) -> AppResult<View> {
    let import = by_id(conn, id)?;
    let list = list_by_id(conn, import.list_id)?;
    let faults = model::faults(conn, id, 0, FAULTS)?;
    let piece = next_piece(conn, id, 0)?;
    let read = piece.map_or_else(Vec::new, |piece| {
        let columns = &import.fields.0;
        row::rows(&piece.text, piece.first_line, import.delimiter(), columns)
    });
    let can_map = matches!(import.state, ImportState::Uploaded | ImportState::Checked);
    let is_counted = import.state == ImportState::Checked;
    let examples = read
        .first()
        .map(|row| row.cells.clone())
        .unwrap_or_default();
    let sample = read.iter().filter_map(|row| row.person.as_ref().ok());
    let sample = sample.take(SAMPLE).map(|person| SampleRow {
        email: person.email.to_string(),
        name: person.name.clone(),
        language: person.language.clone(),
        country: person.country.clone(),
        time_zone: person.time_zone.clone().unwrap_or_default(),
    });
    let sample = if is_counted {
        sample.collect()
    } else {
        Vec::new()
    };
    let percent = import.lines_done * 100 / import.lines.max(1);
    Ok(View {
        id: import.id.to_string(),
        list: list.name,
        state: state_word(import.state),
        basis: import.basis.clone(),
        agreed_on: import.agreed_on.to_string(),
        at: import.created_at.rfc3339(),
        ended_at: import.ended_at.map(|at| at.rfc3339()),
        percent: percent.clamp(0, 100),
        to_come: import.added + import.joined,
        can_map,
        is_counted,
        is_busy: matches!(import.state, ImportState::Checking | ImportState::Running),
        is_running: import.state == ImportState::Running,
        is_over: matches!(import.state, ImportState::Done | ImportState::Stopped),
        columns: columns(&import, &examples, chosen),
        sample,
        faults: faults.iter().map(fault).collect(),
        lines: import.lines,
        lines_done: import.lines_done,
        added: import.added,
        joined: import.joined,
        known: import.known,
        kept_out: import.kept_out,
        faulty: import.faulty,
        errors: Vec::new(),
        notice: None,
    })
}

fn columns(import: &Import, examples: &[String], chosen: &[Field]) -> Vec<ColumnView> {
    let view = |(at, column): (usize, &Column)| ColumnView {
        id: format!("column-{at}"),
        name: column.name.clone(),
        example: examples
            .get(at)
            .map(|cell| cell.chars().take(60).collect())
            .unwrap_or_default(),
        choices: Field::ALL
            .iter()
            .map(|field| Choice {
                value: field.to_string(),
                label: field.label().to_owned(),
                is_current: field == chosen.get(at).unwrap_or(&column.field),
            })
            .collect(),
    };
    import.fields.0.iter().enumerate().map(view).collect()
}

fn fault(one: &KeptFault) -> FaultView {
    FaultView {
        line: one.line,
        why: one.why.clone(),
        cells: one.cells.0.join(" | ").chars().take(120).collect(),
    }
}

/// What is done to an import: `act` is `check` (with a `column` for each), `start`, `stop` or `discard`.
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    let (id, typed) = (id_of(&path.0)?, form.0);
    let (by, now, job) = (desk.signed.user(), desk.now(), JobId::new());
    let db = &site.db;
    let mut chosen: Vec<Field> = Vec::new();
    let done = match typed.text("act") {
        "check" => {
            let fields: Result<Vec<Field>, _> = typed.all("column").map(str::parse).collect();
            let fields = fields.map_err(|_| AppError::NotFound("this kind of column"))?;
            chosen.clone_from(&fields);
            db.tx(move |c| ops::map(c, id, &fields, job, now))
                .await
                .map(|()| "import-begun")
        }
        "start" => db
            .tx(move |c| ops::start(c, id, by, job, now))
            .await
            .map(|()| "import-begun"),
        "stop" => db
            .tx(move |c| ops::stop(c, id, by, now))
            .await
            .map(|()| "import-stopped"),
        "discard" => {
            let gone = db.tx(move |c| ops::discard(c, id, by, now)).await;
            if gone.is_ok() {
                return Ok(see("/console/subscribers/imports?done=import-gone"));
            }
            gone.map(|()| "import-gone")
        }
        _ => Err(AppError::NotFound("this deed")),
    };
    match done {
        Ok(word) => Ok(see(&format!(
            "/console/subscribers/imports/{id}?done={word}"
        ))),
        Err(error) => draw(&desk, id, chosen, Mend::of(error)?).await,
    }
}

/// The rows that are no person, as a file that can be mended and sent again.
pub(super) async fn faults(
    site: Data<Site>,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    Scope::of(&staff.0).check_whole()?;
    let (id, signed, now) = (id_of(&path.0)?, staff.0, site.clock.now());
    let import = site
        .db
        .tx(move |c| {
            note(c, &signed, "import.export_faults", None, now)?;
            by_id(c, id)
        })
        .await?;
    let mut names: Vec<String> = vec!["line".to_owned(), "what is wrong".to_owned()];
    names.extend(import.fields.0.into_iter().map(|column| column.name));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let db = site.db.clone();
    Ok(send("faults.csv", &names, move |after: Option<i64>| {
        let db = db.clone();
        async move {
            let rows = db
                .read(move |c| model::faults(c, id, after.unwrap_or(0), PIECE))
                .await?;
            let next = goes_on(&rows, |row| row.line);
            let cells = rows.into_iter().map(|row| {
                let mut cells = vec![row.line.to_string(), row.why];
                cells.extend(row.cells.0);
                cells
            });
            Ok((cells.collect(), next))
        }
    }))
}
