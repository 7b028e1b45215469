//! From the forms of a program's page to what is done.

use super::fields::Typed;
use crate::auth::{Coordinator, UserId};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::ops::{AddFigure, enter_figure, supersede};
use crate::impact::{Count, FigureId};
use crate::kernel::{Line, Timestamp};
use crate::partners::edit::{EditProgram, edit_program};
use crate::partners::places::{Fate, Place, decide};
use crate::partners::{FurtherLink, ProgramId};
use crate::web::markdown::Story;

/// What is done with a program.
pub(super) enum Act {
    Texts(Box<EditProgram>),
    Figure(Box<AddFigure>),
    Supersede(FigureId),
    Decide(Place, Fate),
}

impl Act {
    /// What the page says afterwards.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Texts(_) => "saved",
            Self::Figure(_) => "added",
            Self::Supersede(_) => "superseded",
            Self::Decide(_, Fate::Release) => "released",
            Self::Decide(..) => "withheld",
        }
    }

    pub(super) fn run(
        &self,
        conn: &mut Conn,
        program: ProgramId,
        by: UserId,
        now: Timestamp,
    ) -> AppResult<()> {
        match self {
            Self::Texts(new) => edit_program(conn, new, by, now),
            Self::Figure(new) => enter_figure(conn, new, by, now),
            Self::Supersede(figure) => supersede(conn, (program, *figure), by, now),
            Self::Decide(place, fate) => decide(conn, program, (*place, *fate), by, now),
        }
    }
}

/// What a typed form asks for.
///
/// # Errors
/// [`AppError::Invalid`] with every field to mend.
pub(super) fn parse(typed: &Typed, program: ProgramId, staff: &Coordinator) -> AppResult<Act> {
    match typed.text("do") {
        "texts" => texts(typed, program).map(Box::new).map(Act::Texts),
        "add_figure" => figure(typed, program, staff).map(Box::new).map(Act::Figure),
        "supersede" => match typed.text("entry").parse() {
            Ok(id) => Ok(Act::Supersede(id)),
            Err(_) => Err(AppError::NotFound("the figure")),
        },
        "release" => place(typed).map(|place| Act::Decide(place, Fate::Release)),
        "withhold" => place(typed).map(|place| Act::Decide(place, Fate::Withhold)),
        _ => Err(AppError::field("do", "choose what to do")),
    }
}

fn place(typed: &Typed) -> AppResult<Place> {
    let entry = typed.text("entry");
    let shelter = entry.parse().map(Place::Shelter);
    shelter
        .or_else(|_| entry.parse().map(Place::Contact))
        .map_err(|_| AppError::NotFound("this entry"))
}

/// Gathers what is to be mended.
struct Reader<'a> {
    typed: &'a Typed,
    faults: Vec<FieldError>,
}

impl Reader<'_> {
    fn read<T, E: ToString>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.typed.text(field).trim()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(FieldError::new(field, error));
                None
            }
        }
    }

    fn line(&mut self, field: &str, most: usize) -> Option<Line> {
        self.read(field, |text| Line::parse(text, most))
    }
}

fn texts(typed: &Typed, program: ProgramId) -> AppResult<EditProgram> {
    let mut reader = Reader {
        typed,
        faults: Vec::new(),
    };
    let (name, country) = (reader.line("name", 120), reader.line("country", 120));
    let region = reader.read("region", |text| match text {
        "" => Ok(String::new()),
        text => Line::parse(text, 120).map(Line::into_string),
    });
    let since_year = reader.read("since_year", |text| match text {
        "" => Ok(None),
        text => match text.parse::<i32>() {
            Ok(year @ 1800..=2200) => Ok(Some(year)),
            _ => Err("write a year like 2006"),
        },
    });
    let summary = reader.line("summary", 400);
    let story = reader.read("story", Story::parse);
    let take_part = reader.read("take_part", |text| {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .take(20)
            .map(|line| Line::parse(line, 300))
            .collect::<Result<Vec<_>, _>>()
    });
    let more = reader.read("more", |text| {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.take(20).map(further).collect::<Result<Vec<_>, _>>()
    });
    let faults = std::mem::take(&mut reader.faults);
    let edit = || {
        Some(EditProgram {
            id: program,
            basis: typed.text("basis").to_owned(),
            name: name?,
            country: country?,
            region: region?,
            since_year: since_year?,
            summary: summary?,
            story: story?,
            take_part: take_part?,
            more: more?,
        })
    };
    edit().ok_or(AppError::Invalid(faults))
}

/// "Words | https://…"
fn further(line: &str) -> Result<FurtherLink, String> {
    let (label, href) = line
        .rsplit_once('|')
        .ok_or("write each as: words | https://…")?;
    let label = Line::parse(label, 200).map_err(|bad| bad.to_string())?;
    Ok(FurtherLink {
        label: label.into_string(),
        href: href.trim().to_owned(),
    })
}

fn figure(typed: &Typed, program: ProgramId, staff: &Coordinator) -> AppResult<AddFigure> {
    let mut reader = Reader {
        typed,
        faults: Vec::new(),
    };
    let label = reader.line("label", 200);
    let count = reader.read("count", Count::parse_typed);
    let (period, source) = (reader.line("period", 200), reader.line("source", 200));
    let grade = reader.read("grade", |text| text.parse().map_err(|_| "choose a grade"));
    let faults = std::mem::take(&mut reader.faults);
    let new = || {
        Some(AddFigure {
            id: FigureId::new(),
            program,
            label: label?,
            value: count?.exact(staff),
            period: period?,
            source: source?,
            grade: grade?,
            position: 100,
        })
    };
    new().ok_or(AppError::Invalid(faults))
}
