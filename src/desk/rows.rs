//! From what was typed into a step to its content, and back: rows of budgets and figures are fields of one name each.

use serde::Serialize;

use crate::error::{AppError, AppResult, FieldError};
use crate::impact::reports::content::{ANSWER, BudgetLine, LABEL, LINES};
use crate::impact::reports::filed::FIGURES;
use crate::impact::reports::views::Whole;
use crate::impact::reports::{Answers, Content, NewFigure, Question, Step};
use crate::impact::{Count, FigureId};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Currency, Line, Money};
use crate::partners::Reader;
use crate::web::typed::{Mend, Typed};

/// Empty rows below those that are filled in.
const SPARE: usize = 3;

/// The content of a typed step.
///
/// # Errors
/// [`AppError::Invalid`] with every field to mend; fields of rows end in the row's number.
pub(super) fn parse(step: Step, typed: &Typed, currency: Currency) -> AppResult<Content> {
    let mut faults = Vec::new();
    let content = match step {
        Step::Answers => answers(typed, &mut faults).map(Content::Answers),
        Step::Budget => Some(Content::Budget(budget(typed, currency, &mut faults))),
        Step::Figures => Some(Content::Figures(figures(typed, &mut faults))),
    };
    match content {
        Some(content) if faults.is_empty() => Ok(content),
        _ => Err(AppError::Invalid(faults)),
    }
}

fn answers(typed: &Typed, faults: &mut Vec<FieldError>) -> Option<Answers> {
    let title = take(faults, "title", Line::parse(typed.text("title"), 120));
    let mut answers: [String; 5] = Default::default();
    for (answer, question) in answers.iter_mut().zip(Question::ALL) {
        let name = question.as_str();
        match parse_lines(typed.text(name), ANSWER) {
            Ok(text) => *answer = text,
            Err(BadText::Empty) => {}
            Err(bad) => faults.push(FieldError::new(name, bad)),
        }
    }
    Some(Answers {
        title: title?,
        answers,
    })
}

fn take<T, E: ToString>(
    faults: &mut Vec<FieldError>,
    field: &str,
    parsed: Result<T, E>,
) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            faults.push(FieldError::new(field, error));
            None
        }
    }
}

/// The rows of fields of one name each; empty ones are left out, with the number that they had.
fn rows<'a, const N: usize>(typed: &'a Typed, names: [&'a str; N]) -> Vec<(usize, [&'a str; N])> {
    let columns = names.map(|name| typed.all(name).collect::<Vec<_>>());
    let longest = columns.iter().map(Vec::len).max().unwrap_or_default();
    (0..longest)
        .map(|row| {
            let cells = std::array::from_fn(|column| {
                let column: Option<&Vec<&str>> = columns.get(column);
                column
                    .and_then(|cells| cells.get(row))
                    .copied()
                    .unwrap_or_default()
            });
            (row, cells)
        })
        .collect()
}

fn budget(typed: &Typed, currency: Currency, faults: &mut Vec<FieldError>) -> Vec<BudgetLine> {
    let mut lines = Vec::new();
    for (row, [label, planned, spent]) in rows(typed, ["label", "planned", "spent"]) {
        if [label, planned, spent]
            .iter()
            .all(|cell| cell.trim().is_empty())
        {
            continue;
        }
        let money = |text: &str| match text.trim() {
            "" => Ok(Money::zero(currency)),
            text => Money::parse_typed(text, currency),
        };
        let label = take(faults, &format!("label_{row}"), Line::parse(label, LABEL));
        let planned = take(faults, &format!("planned_{row}"), money(planned));
        let spent = take(faults, &format!("spent_{row}"), money(spent));
        if let (Some(label), Some(planned), Some(spent)) = (label, planned, spent) {
            lines.push(BudgetLine {
                label: label.into_string(),
                planned,
                spent,
            });
        }
    }
    if lines.len() > LINES {
        faults.push(FieldError::new(
            "label_0",
            format!("{LINES} lines are enough"),
        ));
    }
    lines
}

/// The names of a figure's fields, in their order.
const FIGURE: [&str; 7] = [
    "figure", "label", "count", "period", "source", "method", "document",
];

fn figures(typed: &Typed, faults: &mut Vec<FieldError>) -> Vec<NewFigure> {
    let mut all = Vec::new();
    for (row, [id, label, count, period, source, method, document]) in rows(typed, FIGURE) {
        let words = [label, count, period, source, method];
        if words.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let at = |name: &str| format!("{name}_{row}");
        let label = take(faults, &at("label"), Line::parse(label, LABEL));
        let count = take(faults, &at("count"), Count::parse_typed(count));
        let period = take(faults, &at("period"), Line::parse(period, LABEL));
        let source = take(faults, &at("source"), Line::parse(source, LABEL));
        let method = match parse_lines(method, 1_000) {
            Err(BadText::Empty) => Some(String::new()),
            parsed => take(faults, &at("method"), parsed),
        };
        let document = match document {
            "" => Some(None),
            text => take(
                faults,
                &at("document"),
                text.parse()
                    .map(Some)
                    .map_err(|_| "choose a document of the list"),
            ),
        };
        let parts = (label, count, period, source, method, document);
        if let (
            Some(label),
            Some(count),
            Some(period),
            Some(source),
            Some(method),
            Some(document),
        ) = parts
        {
            all.push(NewFigure {
                id: id.parse().unwrap_or_else(|_| FigureId::new()),
                label,
                count,
                period,
                source,
                method,
                document,
            });
        }
    }
    if all.len() > FIGURES {
        faults.push(FieldError::new(
            "label_0",
            format!("{FIGURES} figures are enough"),
        ));
    }
    all
}

/// The form of a step as it stands, for somebody who may know exact counts.
pub(super) fn of(whole: &Whole, step: Step, reader: &impl Reader) -> Typed {
    let mut typed = Typed::default();
    match step {
        Step::Answers => {
            typed.set("title", &whole.found.report.title);
            for question in Question::ALL {
                typed.set(question.as_str(), whole.found.report.answer(*question));
            }
        }
        Step::Budget => {
            for line in &whole.budget {
                typed.set("label", &line.label);
                typed.set("planned", line.planned.decimal());
                typed.set("spent", line.spent.decimal());
            }
        }
        Step::Figures => {
            for one in &whole.figures {
                typed.set("figure", one.id);
                typed.set("label", &one.label);
                typed.set("count", one.count.exact(reader));
                typed.set("period", &one.period);
                typed.set("source", &one.source);
                typed.set("method", &one.method);
                let document = one.document_id.map(|id| id.to_string());
                typed.set("document", document.unwrap_or_default());
            }
        }
    }
    typed
}

/// A field of a step, as `desk/field` draws it.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    id: String,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    rows: u32,
    is_number: bool,
    error: Option<String>,
}

fn cell(
    mend: &Mend,
    (row, name, label): (Option<usize>, &'static str, &'static str),
    hint: &'static str,
    value: &str,
) -> Cell {
    let id = row.map_or(name.to_owned(), |row| format!("{name}_{row}"));
    Cell {
        error: mend.at(&id),
        id,
        name,
        label,
        hint,
        value: value.to_owned(),
        rows: 0,
        is_number: false,
    }
}

impl Cell {
    fn area(self, rows: u32) -> Self {
        Self { rows, ..self }
    }

    fn number(self) -> Self {
        Self {
            is_number: true,
            ..self
        }
    }
}

/// The fields of the five questions.
pub(super) fn question_cells(typed: &Typed, mend: &Mend) -> Vec<Cell> {
    let title = (None, "title", "Title of the report");
    let mut cells = vec![cell(mend, title, "", typed.text("title"))];
    for question in Question::ALL {
        let name = (None, question.as_str(), question.asks());
        let value = typed.text(question.as_str());
        cells.push(cell(mend, name, question.hint(), value).area(7));
    }
    cells
}

/// One row of a budget.
#[derive(Debug, Serialize)]
pub(super) struct BudgetRow {
    nth: usize,
    cells: Vec<Cell>,
}

/// The rows of a budget, with empty ones below.
pub(super) fn budget_rows(typed: &Typed, mend: &Mend) -> Vec<BudgetRow> {
    let typed = rows(typed, ["label", "planned", "spent"]);
    let filled = typed
        .iter()
        .filter(|(_, cells)| cells.iter().any(|c| !c.is_empty()));
    let all = filled.count() + SPARE;
    let blank = std::iter::repeat(["", "", ""]);
    let cells = typed.into_iter().map(|(_, cells)| cells).chain(blank);
    cells
        .take(all)
        .enumerate()
        .map(|(row, [label, planned, spent])| BudgetRow {
            nth: row + 1,
            cells: vec![
                cell(mend, (Some(row), "label", "For what"), "", label),
                cell(mend, (Some(row), "planned", "Planned"), "", planned).number(),
                cell(mend, (Some(row), "spent", "Spent"), "", spent).number(),
            ],
        })
        .collect()
}

/// A document to choose.
#[derive(Debug, Serialize)]
pub(super) struct DocumentChoice {
    id: String,
    name: String,
    is_chosen: bool,
}

/// One figure to be filed.
#[derive(Debug, Serialize)]
pub(super) struct FigureRow {
    nth: usize,
    row: usize,
    figure: String,
    cells: Vec<Cell>,
    documents: Vec<DocumentChoice>,
    document_error: Option<String>,
    is_blank: bool,
}

/// The figures of a report, with empty rows below.
pub(super) fn figure_rows(typed: &Typed, mend: &Mend, whole: &Whole) -> Vec<FigureRow> {
    let typed = rows(typed, FIGURE);
    let filled = typed
        .iter()
        .filter(|(_, cells)| cells.iter().any(|c| !c.is_empty()));
    let all = filled.count() + 2;
    let blank = std::iter::repeat([""; 7]);
    let cells = typed.into_iter().map(|(_, cells)| cells).chain(blank);
    cells
        .take(all)
        .enumerate()
        .map(|(row, values)| figure_row(row, values, mend, whole))
        .collect()
}

fn figure_row(row: usize, values: [&str; 7], mend: &Mend, whole: &Whole) -> FigureRow {
    let [figure, label, count, period, source, method, document] = values;
    let at = |name, label| (Some(row), name, label);
    FigureRow {
        nth: row + 1,
        row,
        figure: figure.to_owned(),
        cells: vec![
            cell(
                mend,
                at("label", "What is counted"),
                "“young women in school or training”. Never a name, never one case.",
                label,
            ),
            cell(
                mend,
                at("count", "How many"),
                "Fewer than 10 is never shown in public.",
                count,
            )
            .number(),
            cell(mend, at("period", "Over which time"), "", period),
            cell(mend, at("source", "Who says so, and where"), "", source),
            cell(mend, at("method", "How it was counted"), "", method).area(2),
        ],
        documents: whole
            .documents
            .iter()
            .map(|one| DocumentChoice {
                id: one.id.to_string(),
                name: one.name.clone(),
                is_chosen: one.id.to_string() == document,
            })
            .collect(),
        document_error: mend.at(&format!("document_{row}")),
        is_blank: [label, count, period, source, method]
            .iter()
            .all(|c| c.is_empty()),
    }
}
