//! A report as its readers at the desk and in the console see it: both know the exact counts.

use serde::Serialize;

use super::content::{self, BudgetLine, Question};
use super::filed::{self, FiledFigure};
use super::messages::{self, Message};
use super::model::{Report, ReportOverview};
use super::review::{self, Graded};
use super::tranches::Tranche;
use super::{ReportId, documents};
use crate::db::Conn;
use crate::documents::{Document, Format};
use crate::error::AppResult;
use crate::impact::Grade;
use crate::kernel::Timestamp;
use crate::kernel::money::thousands;
use crate::partners::Reader;
use crate::web::views::money::MoneyView;

/// Everything that a report's page needs.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The report with what it is about.
    pub found: ReportOverview,
    /// Its budget.
    pub budget: Vec<BudgetLine>,
    /// Its figures.
    pub figures: Vec<FiledFigure>,
    /// Its documents.
    pub documents: Vec<Document>,
    /// What was said about it.
    pub messages: Vec<Message>,
    /// Every grade that its figures were given.
    pub grades: Vec<Graded>,
}

impl Whole {
    /// Reads what belongs to a report.
    ///
    /// # Errors
    /// The database's.
    pub fn read(conn: &mut Conn, found: ReportOverview) -> AppResult<Self> {
        let id = found.report.id;
        let figures = filed::of_report(conn, id)?;
        Ok(Self {
            budget: content::budget(conn, &found.report)?,
            grades: review::history(conn, &figures)?,
            figures,
            documents: documents::of_report(conn, id)?,
            messages: messages::of_report(conn, id)?,
            found,
        })
    }
}

/// A question and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerView {
    /// What is asked.
    pub asks: &'static str,
    /// What was answered; empty while nothing was.
    pub answer: String,
}

/// The five questions with their answers.
pub fn answers(report: &Report) -> Vec<AnswerView> {
    let view = |question: &Question| AnswerView {
        asks: question.asks(),
        answer: report.answer(*question).to_owned(),
    };
    Question::ALL.iter().map(view).collect()
}

/// A line of a budget, with the widths of its bars in thousandths of the longest.
#[derive(Debug, Clone, Serialize)]
pub struct LineView {
    /// What it is for.
    pub label: String,
    /// What was planned.
    pub planned: MoneyView,
    /// What was spent.
    pub spent: MoneyView,
    /// See [`LineView`].
    pub planned_width: i64,
    /// See [`LineView`].
    pub spent_width: i64,
    /// Whether more was spent than planned.
    pub is_over: bool,
}

/// Budget against spent.
#[derive(Debug, Clone, Serialize)]
pub struct BudgetView {
    /// Its lines.
    pub lines: Vec<LineView>,
    /// All that was planned.
    pub planned: MoneyView,
    /// All that was spent.
    pub spent: MoneyView,
}

/// A budget with its sums and bars.
///
/// # Errors
/// When a sum does not fit.
pub fn budget(report: &Report, lines: &[BudgetLine]) -> AppResult<BudgetView> {
    let (planned, spent) = content::sums(lines, report.currency)?;
    let longest = lines
        .iter()
        .map(|line| line.planned.minor().max(line.spent.minor()))
        .max()
        .unwrap_or_default()
        .max(1);
    let width = |minor: i64| {
        let thousandths = i128::from(minor) * 1_000 / i128::from(longest);
        i64::try_from(thousandths).unwrap_or_default()
    };
    let line = |line: &BudgetLine| LineView {
        label: line.label.clone(),
        planned: line.planned.into(),
        spent: line.spent.into(),
        planned_width: width(line.planned.minor()),
        spent_width: width(line.spent.minor()),
        is_over: line.spent.minor() > line.planned.minor(),
    };
    Ok(BudgetView {
        lines: lines.iter().map(line).collect(),
        planned: planned.into(),
        spent: spent.into(),
    })
}

/// One grade of a figure's history.
#[derive(Debug, Clone, Serialize)]
pub struct GradeView {
    /// The grade, in words.
    pub grade: &'static str,
    /// Why.
    pub note: String,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: String,
}

/// A figure of a report.
#[derive(Debug, Clone, Serialize)]
pub struct FiledView {
    /// The id.
    pub id: String,
    /// What is counted.
    pub label: String,
    /// How many, exactly.
    pub exact: String,
    /// How many, as everybody is told.
    pub shown: String,
    /// Whether these differ.
    pub is_small: bool,
    /// Over which time.
    pub period: String,
    /// Who says so.
    pub source: String,
    /// How it was counted.
    pub method: String,
    /// The document that shows it.
    pub document: Option<String>,
    /// The grade's word.
    pub grade: &'static str,
    /// Every grade that it was given.
    pub history: Vec<GradeView>,
}

/// The grades in words, the weakest first.
pub fn grade_words(grade: Grade) -> &'static str {
    match grade {
        Grade::Claimed => "claimed",
        Grade::PartnerReported => "partner-reported",
        Grade::EvidenceAttached => "evidence attached",
        Grade::Verified => "verified",
    }
}

/// The figures of a report, for somebody who may know the exact counts.
pub fn figures(whole: &Whole, reader: &impl Reader) -> Vec<FiledView> {
    let named = |figure: &FiledFigure| {
        let found = whole
            .documents
            .iter()
            .find(|document| Some(document.id) == figure.document_id);
        found.map(|document| document.name.clone())
    };
    let history = |figure: &FiledFigure| {
        let own = whole.grades.iter().filter(|one| one.figure == figure.id);
        own.map(|one| GradeView {
            grade: grade_words(one.grade),
            note: one.note.clone(),
            by: one.by.clone(),
            at: one.at.rfc3339(),
        })
        .collect()
    };
    whole
        .figures
        .iter()
        .map(|figure| FiledView {
            id: figure.id.to_string(),
            label: figure.label.clone(),
            exact: thousands(figure.count.exact(reader).unsigned_abs()),
            shown: figure.count.to_string(),
            is_small: figure.count.public().is_none(),
            period: figure.period.clone(),
            source: figure.source.clone(),
            method: figure.method.clone(),
            document: named(figure),
            grade: figure.grade.as_str(),
            history: history(figure),
        })
        .collect()
}

/// A document of a report.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentView {
    /// The id.
    pub id: String,
    /// Its title.
    pub name: String,
    /// What kind of file it is.
    pub kind: &'static str,
    /// How long it is, in kilobytes.
    pub kilobytes: i64,
    /// When it came.
    pub at: String,
}

/// The documents of a report.
pub fn documents_of(whole: &Whole) -> Vec<DocumentView> {
    let view = |document: &Document| DocumentView {
        id: document.id.to_string(),
        name: document.name.clone(),
        kind: match document.format {
            Format::Pdf => "PDF",
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
        },
        kilobytes: (document.bytes / 1_024).max(1),
        at: document.created_at.rfc3339(),
    };
    whole.documents.iter().map(view).collect()
}

/// A message about a report.
#[derive(Debug, Clone, Serialize)]
pub struct MessageView {
    /// Whether staff wrote it.
    pub from_staff: bool,
    /// What it says.
    pub body: String,
    /// When.
    pub at: String,
}

/// What was said about a report.
pub fn messages_of(whole: &Whole) -> Vec<MessageView> {
    let view = |message: &Message| MessageView {
        from_staff: message.from_staff,
        body: message.body.clone(),
        at: message.created_at.rfc3339(),
    };
    whole.messages.iter().map(view).collect()
}

/// What a report was paid from.
#[derive(Debug, Clone, Serialize)]
pub struct PaidView {
    /// The grant's number.
    pub grant: String,
    /// Which part of it.
    pub part: i32,
    /// How much.
    pub amount: MoneyView,
    /// When it was paid.
    pub paid_on: Option<String>,
    /// When the report is due.
    pub due_on: String,
    /// Out of which campaign.
    pub campaign: String,
    /// Where that is.
    pub campaign_url: String,
}

/// A tranche in a report's head; no people.
pub fn paid(tranche: &Tranche) -> PaidView {
    PaidView {
        grant: tranche.grant_number.clone(),
        part: tranche.position,
        amount: tranche.amount.into(),
        paid_on: tranche.paid_on.map(|day| day.to_string()),
        due_on: tranche.due_on.to_string(),
        campaign: tranche.campaign_title.clone(),
        campaign_url: format!("/campaigns/{}", tranche.campaign_slug),
    }
}

/// A report in a table.
#[derive(Debug, Clone, Serialize)]
pub struct RowView {
    /// The id.
    pub id: ReportId,
    /// Its title.
    pub title: String,
    /// Its program.
    pub program: String,
    /// Whose it is.
    pub partner: String,
    /// Where it stands, in words.
    pub state: &'static str,
    /// When it was sent in.
    pub submitted_at: Option<String>,
    /// When it was last written to.
    pub updated_at: String,
}

/// A report of a list.
pub fn row((report, program, partner): &super::model::Listing) -> RowView {
    RowView {
        id: report.id,
        title: report.title.clone(),
        program: program.name.clone(),
        partner: partner.name.clone(),
        state: report.state.words(),
        submitted_at: report.submitted_at.map(Timestamp::rfc3339),
        updated_at: report.updated_at.rfc3339(),
    }
}
