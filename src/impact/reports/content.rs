//! What a report says: the five questions and the budget, as the partner's staff write them.

use diesel::prelude::*;
use serde_json::json;

use super::ReportId;
use super::filed::{self, NewFigure};
use super::model::Report;
use crate::db::Conn;
use crate::db::schema::report_budget_lines;
use crate::each;
use crate::error::AppResult;
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Currency, Line, Money};

/// Characters of an answer at most.
pub const ANSWER: usize = 6_000;
/// Characters of a title, a budget line, a source at most.
pub const LABEL: usize = 200;
/// Lines of a budget at most.
pub const LINES: usize = 40;

crate::words! {
    /// One of the five questions of every report.
    pub enum Question {
        /// What the money was for.
        Scope = "scope",
        /// What came of it.
        Progress = "progress",
        /// How that is known.
        Measurement = "measurement",
        /// What was hard.
        Challenges = "challenges",
        /// What stays.
        Sustainability = "sustainability",
    }
}

impl Question {
    /// What is asked.
    pub fn asks(self) -> &'static str {
        match self {
            Self::Scope => "Scope: what was this money for?",
            Self::Progress => "Progress: what was done with it?",
            Self::Measurement => "Measurement: how do you know?",
            Self::Challenges => "Challenges: what was hard, and what changed?",
            Self::Sustainability => "Sustainability: what stays when the money is spent?",
        }
    }

    /// A word that helps to answer.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Scope => {
                "Place as region only, time, whom it was meant to reach, and what was agreed."
            }
            Self::Progress => {
                "What happened, against what was planned. No names and no single cases."
            }
            Self::Measurement => "Who counted, in which records, how double counting was kept out.",
            Self::Challenges => {
                "What went otherwise than planned, and what you did about it. It helps to be frank."
            }
            Self::Sustainability => {
                "Skills, rules, local staff, other funders: what will still be there."
            }
        }
    }
}

crate::words! {
    /// A step of writing a report: one form each.
    pub enum Step {
        /// The five questions.
        Answers = "answers",
        /// Budget against spent.
        Budget = "budget",
        /// Figures.
        Figures = "figures",
    }
}

/// Title and answers; an answer that is still missing is empty.
#[derive(Debug, Clone)]
pub struct Answers {
    /// The report's title.
    pub title: Line,
    /// The answers, in the order of [`Question::ALL`].
    pub answers: [String; 5],
}

/// One line of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLine {
    /// What it is for.
    pub label: String,
    /// What was meant to be spent.
    pub planned: Money,
    /// What was.
    pub spent: Money,
}

/// The content of one step.
#[derive(Debug, Clone)]
pub enum Content {
    /// Of [`Step::Answers`].
    Answers(Answers),
    /// Of [`Step::Budget`].
    Budget(Vec<BudgetLine>),
    /// Of [`Step::Figures`].
    Figures(Vec<NewFigure>),
}

impl Report {
    /// The answer to a question; empty while there is none.
    pub fn answer(&self, question: Question) -> &str {
        match question {
            Question::Scope => &self.scope,
            Question::Progress => &self.progress,
            Question::Measurement => &self.measurement,
            Question::Challenges => &self.challenges,
            Question::Sustainability => &self.sustainability,
        }
    }
}

/// The lines of a report's budget, in their order.
///
/// # Errors
/// The database's.
pub fn budget(conn: &mut Conn, report: &Report) -> AppResult<Vec<BudgetLine>> {
    let query = report_budget_lines::table
        .filter(report_budget_lines::report_id.eq(report.id))
        .order(report_budget_lines::position)
        .select((
            report_budget_lines::label,
            report_budget_lines::planned,
            report_budget_lines::spent,
        ));
    let rows: Vec<(String, i64, i64)> = each!(conn, c => query.load(c))?;
    let money = |minor| Money::new(minor, report.currency);
    Ok(rows
        .into_iter()
        .map(|(label, planned, spent)| BudgetLine {
            label,
            planned: money(planned),
            spent: money(spent),
        })
        .collect())
}

pub(super) fn write_budget(conn: &mut Conn, id: ReportId, lines: &[BudgetLine]) -> AppResult<()> {
    let own = report_budget_lines::table.filter(report_budget_lines::report_id.eq(id));
    each!(conn, c => diesel::delete(own).execute(c))?;
    let rows: Vec<_> = (0_i32..)
        .zip(lines)
        .map(|(position, line)| {
            (
                report_budget_lines::report_id.eq(id),
                report_budget_lines::position.eq(position),
                report_budget_lines::label.eq(&line.label),
                report_budget_lines::planned.eq(line.planned.minor()),
                report_budget_lines::spent.eq(line.spent.minor()),
            )
        })
        .collect();
    if !rows.is_empty() {
        each!(conn, c => diesel::insert_into(report_budget_lines::table).values(rows).execute(c))?;
    }
    Ok(())
}

/// What was planned and what was spent, together.
///
/// # Errors
/// When a sum does not fit, or a line is of another currency.
pub fn sums(lines: &[BudgetLine], currency: Currency) -> AppResult<(Money, Money)> {
    let nothing = Money::zero(currency);
    let mut sums = (nothing, nothing);
    for line in lines {
        sums = (sums.0.plus(line.planned)?, sums.1.plus(line.spent)?);
    }
    Ok(sums)
}

/// The digest of what stands in a step: a form carries it, so that two tabs do not overwrite one another unseen.
///
/// # Errors
/// The database's.
pub fn basis(conn: &mut Conn, report: &Report, step: Step) -> AppResult<String> {
    let text = match step {
        Step::Answers => {
            let answers = Question::ALL.iter().map(|one| report.answer(*one));
            json!([report.title, answers.collect::<Vec<_>>()]).to_string()
        }
        Step::Budget => {
            let lines = budget(conn, report)?;
            let lines = lines
                .iter()
                .map(|line| json!([line.label, line.planned, line.spent]));
            json!(lines.collect::<Vec<_>>()).to_string()
        }
        Step::Figures => filed::words(&filed::of_report(conn, report.id)?),
    };
    Ok(sha256_hex(text))
}
